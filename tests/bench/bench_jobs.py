#!/usr/bin/env python3
"""What four analysis programs at work do to the light: frames and packets of the demo with and without them, in turns, since a machine is never the same twice.

    bench_jobs.py [idle batch low]      the [jobs] priority to try; default idle

LUMAD=path of the program. Twice: with real-time scheduling for lumad, where that is permitted, and without. Prints a line per figure, the median of the turns, and fails when
frames or packets come later than they may.
"""
import json, os, pathlib, random, statistics, sys, tempfile, time, urllib.request, wave

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "e2e"), str(HERE)]

import bench_daemon                         # noqa: E402

TURNS, SECONDS, TRACKS, WORKERS, MINUTES = int(os.environ.get("TURNS", 3)), 12, 8, 4, 5
RATE = 44100


def tracks(folder):
    """Minutes of noise with a beat, each of its own: real work for every step."""
    for k in range(TRACKS):
        r = random.Random(k)
        second = b"".join(bytes(v & 255 for v in (a, b)) for a, b in zip(r.randbytes(2000), r.choices((0, 1, 254, 255), k=2000)))
        second = (second * (2 * RATE // len(second) + 1))[:2 * RATE - 4] + bytes((0, 100 + k, 0, 156 - k))
        with wave.open(str(folder / f"{k}.wav"), "wb") as w:
            w.setnchannels(1), w.setsampwidth(2), w.setframerate(RATE)
            for i in range(60 * MINUTES):
                w.writeframesraw(second[(i * 2 * 331) % (2 * RATE - 8):] + second[:(i * 2 * 331) % (2 * RATE - 8)])


def config(real_time, priority, folder):
    bench_daemon.CONFIG.seek(0)
    bench_daemon.CONFIG.truncate()
    bench_daemon.CONFIG.write(f"[dmx]\ninterfaces = lo\n[engine]\nreal_time = {real_time}\n[jobs]\npriority = {priority}\n[library]\nimport_folders = {folder}\n")
    bench_daemon.CONFIG.flush()


def post(d, path, body, method="POST"):
    r = urllib.request.Request(f"http://127.0.0.1:{d.port}/api/v1{path}", json.dumps(body).encode(), {"Content-Type": "application/json"}, method=method)
    return json.load(urllib.request.urlopen(r, timeout=30))


def running(d):
    return sum(j["state"] == "running" for j in d.get("/jobs?limit=1000")["items"])


def wait(what, seconds=600):
    end = time.time() + seconds
    while not what():
        if time.time() > end:
            sys.exit("it takes too long")
        time.sleep(0.2)


def prepare(data, folder):
    """A data directory with the demo and the tracks, everything decoded."""
    config("yes", "low", folder)
    d = bench_daemon.Daemon(data, "--demo").ready()
    post(d, "/settings", {"jobs_concurrency": WORKERS, "stems": "demand"}, "PATCH")
    batch = post(d, "/imports", {"path": str(folder)})
    wait(lambda: d.get(f"/batches/{batch['id']}")["state"] == "done")
    wait(lambda: not running(d))
    d.stop()


def measure(data, is_busy):
    s = bench_daemon.receiver()
    d = bench_daemon.Daemon(data, "--demo").ready()
    wait(lambda: d.get("/host-audio")["playing"])
    time.sleep(2)
    if is_busy:
        post(d, "/batches", {"steps": ["beats", "roots", "features"], "force": True})
        wait(lambda: running(d) >= WORKERS)
    times, start, least = {}, time.time(), WORKERS
    while time.time() - start < SECONDS:
        at, address = bench_daemon.art_dmx(s)
        times.setdefault(address, []).append(at)
    if is_busy:
        least = running(d)
    gaps = sorted(b - a for t in times.values() for a, b in zip(t, t[1:]))
    frame = d.get("/system")["dmx"]
    s.close()
    for batch in d.get("/batches")["items"]:
        if batch["state"] == "running":
            post(d, f"/batches/{batch['id']}/cancel", {})
    d.stop()
    return {"frame, p50": frame["frame_us"]["p50"] / 1000, "frame, p99": frame["frame_us"]["p99"] / 1000,
            "frames that came late": frame["missed_ticks"], "packet interval, p99 - p50": (gaps[int(len(gaps) * .99)] - gaps[len(gaps) // 2]) * 1000,
            "packet interval, largest": gaps[-1] * 1000, "workers at the end": least}


def main():
    with tempfile.TemporaryDirectory() as data, tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        tracks(folder)
        prepare(data, folder)
        for real_time in ("yes", "no"):
            for priority in sys.argv[1:] or ["idle"]:
                config(real_time, priority, folder)
                turns = [(measure(data, False), measure(data, True)) for _ in range(TURNS)]
                for figure in turns[0][0]:
                    unit = "ms" if figure.startswith(("frame,", "packet")) else ""
                    alone, beside = (statistics.median(t[i][figure] for t in turns) for i in (0, 1))
                    limit = {"frame, p99": max(1, 2 * alone), "packet interval, p99 - p50": max(2, 2 * alone)}.get(figure)
                    if figure != "workers at the end":
                        bench_daemon.row(f"real time {real_time}, alone: {figure}", alone, unit)
                    bench_daemon.row(f"real time {real_time}, {WORKERS} workers {priority}: {figure}", beside, unit, limit)
    return bench_daemon.failed


if __name__ == "__main__":
    sys.exit(main())
