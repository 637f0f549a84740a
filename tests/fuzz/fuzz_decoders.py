#!/usr/bin/env python3
"""Damaged files of every format into decode_worker and av_worker as lumad runs them, for so many seconds: fuzz_decoders.py [SECONDS [SEED]]

A decoder may crash: it has a process to do it in. It may not take longer or more memory than it is allowed, say nothing, or touch anything but the files it was given. One file in
twenty is uploaded to a lumad, which must answer each with the track or with words why not, and still be there at the end. What fails is kept in BUILD_DIR/fuzz-decoders.
"""
import collections, hashlib, json, os, pathlib, random, resource, signal, struct, subprocess, sys, tempfile, time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/e2e"))
from lumad import Lumad

BUILD = pathlib.Path(os.environ.get("BUILD_DIR", ROOT / "build/release"))
KEPT = BUILD / "fuzz-decoders"
SANITIZED = BUILD.name in ("asan", "tsan")
SECONDS_MAX = 60 if SANITIZED else 20          # of a file of half a second, on a machine that does other things
MEMORY_MAX = (1 << 30) + (64 << 20)             # RLIMIT_AS of the workers, and what they share
THEIRS = {".m4a", ".aac", ".wma", ".wv", ".oga"}
# Libraries forget what they had of a file that is broken; the process ends right then.
ENV = {**os.environ, "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"}
SPECIAL = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffffe, 0x10000]


def seeds():
    files = sorted((ROOT / "tests/data/audio").iterdir())
    has_av = (BUILD / "av_worker").exists()
    return [(f.suffix, f.read_bytes()) for f in files if has_av or f.suffix not in THEIRS]


def damage(data, others, rnd):
    b = bytearray(data)
    for _ in range(rnd.choice((1, 1, 2, 4, 16))):
        # Headers are where numbers are believed; most of a file is sound.
        at = rnd.randrange(max(1, len(b) if rnd.random() < .4 else min(len(b), 400)))
        kind = rnd.randrange(9)
        if kind == 0:
            b[at:at + 1] = bytes([rnd.randrange(256)])
        elif kind == 1 and b:
            b[min(at, len(b) - 1)] ^= 1 << rnd.randrange(8)
        elif kind == 2:
            b[at:at + 4] = struct.pack(rnd.choice("<>") + "I", rnd.choice(SPECIAL))
        elif kind == 3:
            b[at:at + 2] = struct.pack(rnd.choice("<>") + "H", rnd.choice(SPECIAL) & 0xffff)
        elif kind == 4:
            b[at:at + 8] = struct.pack(rnd.choice("<>") + "Q", rnd.choice(SPECIAL) << rnd.choice((0, 31, 32)) & (1 << 64) - 1)
        elif kind == 5:
            del b[at:at + rnd.choice((1, 2, 4, 16, 1000))]
        elif kind == 6:
            n = rnd.choice((1, 4, 16, 300))
            b[at:at] = b[at:at + n] if rnd.random() < .7 else rnd.randbytes(n)
        elif kind == 7:
            del b[rnd.randrange(len(b) + 1):]
        elif kind == 8 and rnd.random() < .3:
            o = rnd.choice(others)[1]
            b[at:] = o[rnd.randrange(len(o)):]
    return bytes(b)


class Runner:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.canary = self.folder / "canary"
        self.canary.write_bytes(b"sing")
        self.said = collections.Counter()
        self.longest = self.biggest = 0
        self.kept = 0

    def keep(self, data, suffix, why):
        KEPT.mkdir(exist_ok=True)
        name = KEPT / (hashlib.sha256(data).hexdigest()[:12] + suffix)
        name.write_bytes(data)
        self.kept += 1
        print(f"{name}: {why}", flush=True)

    def run(self, data, suffix, rnd):
        file, out, art = self.folder / f"file{suffix}", self.folder / "out.pcm", self.folder / "art"
        file.write_bytes(data)
        worker = BUILD / ("av_worker" if suffix in THEIRS else "decode_worker")
        probes = rnd.random() < .5
        args = ["--probe", file, "--art", art] if probes else ["--decode", file, "--out", out, "--waveform-preview", self.folder / "wave", "--waveform-full", self.folder / "wave2"]
        begin = time.monotonic()
        p = subprocess.Popen([worker, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=self.folder, env=ENV, start_new_session=True)
        try:
            text, noise = p.communicate(timeout=SECONDS_MAX)
        except subprocess.TimeoutExpired:
            os.killpg(p.pid, signal.SIGKILL)
            p.communicate()
            return self.keep(data, suffix, f"more than {SECONDS_MAX} s")
        took = time.monotonic() - begin
        self.longest = max(self.longest, took)
        self.judge(data, suffix, p.returncode, text, noise)
        self.look(data, suffix, file, p.returncode)

    def judge(self, data, suffix, status, text, noise):
        if status < 0 or b"Sanitizer" in noise or b"runtime error" in noise:
            self.said[f"crash ({signal.Signals(-status).name if status < 0 else 'sanitizer'}) {suffix}"] += 1
            return self.keep(data, suffix, f"it crashed: {noise.decode(errors='replace')[-2000:]}")
        try:
            lines = [json.loads(line) for line in text.splitlines()]
        except ValueError:
            return self.keep(data, suffix, f"no JSON: {text[-200:]}")
        last = lines[-1] if lines else {}
        if status == 0 and "result" in last:
            self.said["taken"] += 1
        elif status == 1 and last.get("error", {}).get("message") and last["error"].get("code"):
            self.said[last["error"]["code"]] += 1
        else:
            self.keep(data, suffix, f"status {status} and {last}")

    def look(self, data, suffix, file, status):
        there = {f.name for f in self.folder.iterdir()}
        may = {file.name, "canary"} | ({"out.pcm", "art", "wave", "wave2"} if status == 0 else set())
        if status >= 0 and there - may:
            self.keep(data, suffix, f"it left {there - may}")
        if self.canary.read_bytes() != b"sing" or file.read_bytes() != data:
            self.keep(data, suffix, "it changed what it was not given to change")
        for name in there - {"canary"}:
            (self.folder / name).unlink()
        used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss << 10
        if used > self.biggest and used > MEMORY_MAX and not SANITIZED:
            self.keep(data, suffix, f"{used >> 20} MB")
        self.biggest = max(self.biggest, used)

    def upload(self, d, data, suffix):
        r = d.call("POST", f"/tracks?filename=fuzz{suffix}", data, {"Content-Type": "application/octet-stream"})
        self.said[f"lumad {r.status}"] += 1
        if r.status not in (200, 201) and (r.status not in (413, 415, 422) or len(r.json.get("detail") or "") < 10):
            self.keep(data, suffix, f"lumad said {r}")


def main():
    seconds, seed = float(sys.argv[1] if len(sys.argv) > 1 else 60), int(sys.argv[2] if len(sys.argv) > 2 else time.time())
    rnd, all_seeds, n = random.Random(seed), seeds(), 0
    print(f"seed {seed}, {len(all_seeds)} files, {BUILD}", flush=True)
    with tempfile.TemporaryDirectory(prefix="fuzz-decoders-") as folder, Lumad() as d:
        runner, end = Runner(folder), time.monotonic() + seconds
        while time.monotonic() < end:
            suffix, data = rnd.choice(all_seeds)
            data = damage(data, all_seeds, rnd)
            n += 1
            if n % 20 == 0:
                runner.upload(d, data, suffix)
            else:
                runner.run(data, suffix, rnd)
        assert d.get("/system"), "lumad is gone"
    print(f"{n} files, longest {runner.longest:.1f} s, most memory {runner.biggest >> 20} MB, {runner.kept} kept")
    print(", ".join(f"{k}: {v}" for k, v in sorted(runner.said.items())))
    crashes_only = runner.kept == sum(v for k, v in runner.said.items() if k.startswith("crash"))
    sys.exit(0 if crashes_only and not SANITIZED or not runner.kept else 1)


if __name__ == "__main__":
    main()
