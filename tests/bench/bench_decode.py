#!/usr/bin/env python3
"""What decoding costs: how many times faster than it plays, by processor time, each format alone and with the resampler. `make bench-decode`.

Two minutes of stereo sound are written in every format that libsndfile writes (tests/tools/encode.c), and with ffmpeg, where it is installed, in those it does not. Measured is the worker as
lumad runs it, with all it does: starting, finding the length, mixing, measuring the loudness, writing 46 MB. "decoder" is the library alone (tests/tools/encode.c --read). Limits: 250 times for the
decoder of each format of libsndfile, 80 times for the worker where it resamples 44.1 kHz.
"""
import os, pathlib, resource, shutil, subprocess, sys, tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BUILD_DIR", ROOT / "build/release"))
ENCODE = BUILD / "tests/tools/encode"
SECONDS, RUNS = 120, 2
OURS = [("WAV 16", "wav16"), ("WAV 24", "wav24"), ("WAV float", "wavf"), ("AIFF", "aiff"), ("CAF ALAC", "caf"), ("FLAC", "flac"), ("Ogg Vorbis", "ogg"), ("Opus", "opus"),
        ("MP3 CBR", "mp3cbr"), ("MP3 VBR", "mp3vbr")]
THEIRS = [("M4A AAC", "m4a", ["-c:a", "aac", "-b:a", "192k"]), ("M4A ALAC", "m4a", ["-c:a", "alac"]), ("ADTS AAC", "aac", ["-c:a", "aac"]), ("WMA", "wma", ["-c:a", "wmav2"]),
          ("WavPack", "wv", ["-c:a", "wavpack"]), ("Ogg FLAC", "oga", ["-c:a", "flac"])]


def cpu(args):
    """The least of some runs, in seconds of user and system time."""
    best = None
    for _ in range(RUNS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(args, check=True, stdout=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        took = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        best = took if best is None else min(best, took)
    return best


def measure(name, worker, file44, file48, tmp):
    alone = SECONDS / cpu([ENCODE, "--read", file44 or file48]) if worker == "decode_worker" else None
    plain, resampled = (SECONDS / cpu([BUILD / worker, "--decode", f, "--out", tmp / "pcm"]) if f else None for f in (file48, file44))
    print(f"{name:<11}", *(f"{v:7.0f}" if v else "      -" for v in (alone, plain, resampled)), flush=True)
    limits = [("the decoder", alone, 250), ("with the resampler", resampled, 80)]
    return [f"{name}: {what} {is_:.0f} times, {least} are asked for" for what, is_, least in limits if is_ and is_ < least]


def main():
    bad = []
    with tempfile.TemporaryDirectory(prefix="bench-decode-") as folder:
        tmp = pathlib.Path(folder)
        print("times faster than real time, by processor time\nformat      decoder  48 kHz 44.1 kHz")
        for name, kind in OURS:
            files = [None if kind == "opus" and rate == 44100 else tmp / f"{kind}.{rate}" for rate in (44100, 48000)]     # Opus is always 48 kHz
            for f in filter(None, files):
                subprocess.run([ENCODE, f, kind, f.suffix[1:], str(SECONDS)], check=True)
            bad += measure(name, "decode_worker", *files, tmp)
            for f in filter(None, files):
                f.unlink()
        if not shutil.which("ffmpeg") or not (BUILD / "av_worker").exists():
            print("ffmpeg is not installed, or lumad was built without its libraries: the rest is left out")
            THEIRS.clear()
        for name, suffix, args in THEIRS:
            files = []
            for rate in (44100, 48000):
                source = tmp / "source.wav"
                subprocess.run([ENCODE, source, "wav16", str(rate), str(SECONDS)], check=True)
                files.append(tmp / f"file{rate}.{suffix}")
                subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", source, *args, files[-1]], check=True)
            bad += measure(name, "av_worker", *files, tmp)
    print("\n".join(bad) or "all within their limits")
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
