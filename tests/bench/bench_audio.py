#!/usr/bin/env python3
"""How soon a command is heard, what sound costs while nothing plays, and how soon a dead device is noticed, in one table against its limits.

lumad plays to a JACK server of the bench (jackd's dummy driver, synchronous, real-time); what comes out is recorded with the instant of each sample. A seek's time is from before its
request is sent until the first sample that has something of the new place. LUMAD, BUILD_DIR: where the programs are; SEEKS=300.
"""
import http.client
import json
import os
import pathlib
import random
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

from jackrig import RATE, wait_for_device                       # noqa: E402
from lumad import BASE                                          # noqa: E402
from sounds import explain                                      # noqa: E402
from stage import Stage                                         # noqa: E402

SEEKS = int(os.environ.get("SEEKS", 300))
LIMITS = {256: 15.0, 1024: 2 * 1024 / RATE * 1000}
AUDIO_THREADS = ("feed", "transport", "sound card")             # of lumad; those of its child all count


def pick(values, part):
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


def table(rows):
    bad = False
    for name, value, unit, limit, note in rows:
        over = limit is not None and not value <= limit
        bad |= over
        print(f"{name:<46} {value:>10.2f} {unit:<4}{f'limit {limit:.4g} {unit}' if limit is not None else '':<16}{'OVER  ' if over else ''}{note}", flush=True)
    return bad


def load():
    return f"load of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors"


class Caller:
    """Requests over one connection, as the page makes them."""

    def __init__(self, d):
        self.c = http.client.HTTPConnection("127.0.0.1", d.port, timeout=10)
        self.c.connect()

    def post(self, path, body):
        """When it was sent, ns."""
        body = json.dumps(body)
        at = time.monotonic_ns()
        self.c.request("POST", BASE + path, body, {"Content-Type": "application/json"})
        r = self.c.getresponse()
        said = r.read()
        assert r.status == 200, said
        return at


def threads(pid):
    """{(pid, thread, name): seconds of processor}, of a process and its children."""
    found = {}
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        try:
            ns, name = (task / "schedstat").read_text().split()[0], (task / "comm").read_text().strip()
            children = (task / "children").read_text().split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        found[pid, task.name, name] = int(ns) / 1e9
        for child in children:
            found.update(threads(int(child)))
    return found


def cost(d, seconds):
    """Percent of a processor: of what makes sound, of all of lumad."""
    before, start = threads(d.proc.pid), time.monotonic()
    time.sleep(seconds)
    took = time.monotonic() - start
    spent = {k: v - before.get(k, 0) for k, v in threads(d.proc.pid).items()}
    sound = sum(v for (pid, _, name), v in spent.items() if pid != d.proc.pid or name.startswith(AUDIO_THREADS))
    return sound / took * 100, sum(spent.values()) / took * 100


def seeks(period):
    stage = Stage(period=period, real_time=True)
    try:
        d, rng, sent, wanted = stage.d, random.Random(period), [], []
        stage.load()
        stage.d.post("/host-audio/loop", {"enabled": True, "start": 0, "end": stage.tracks[0].frames / RATE})
        caller = Caller(d)
        with stage.jack.listen() as ears:
            caller.post("/host-audio/play", {})
            for _ in range(SEEKS):
                time.sleep(rng.uniform(0.06, 0.14))
                wanted.append(rng.randrange(RATE, stage.tracks[0].frames - RATE))
                sent.append(caller.post("/host-audio/seek", {"seconds": wanted[-1] / RATE}))
            time.sleep(0.2)
        heard = ears.heard
        pieces = [p for p in explain(heard, stage.tracks, [(0, stage.tracks[0].frames)]) if p.kind == "cross"]
        assert [p.begin[1] for p in pieces] == wanted, "not each seek was heard as it should"
        took = [(heard.at_ns(p.at) - at) / 1e6 for p, at in zip(pieces, sent)]
        underruns = d.get("/host-audio/device")["active"]["underruns"]
        d.post("/host-audio/pause")
        time.sleep(5)                                           # what still sounds in effects and meters is over
        idle, idle_all = cost(d, 10)
        d.post("/host-audio/play")
        busy, busy_all = cost(d, 10)
        note = f"{SEEKS} seeks, median {pick(took, 0.5):.1f} ms, longest {max(took):.1f} ms; {heard.xruns} xruns of the server; {load()}"
        return table([
            (f"seek to first new sample, p99, period {period}", pick(took, 0.99), "ms", LIMITS[period], note),
            (f"underruns, period {period}", underruns, "", 0, ""),
            (f"sound while paused, period {period}", idle, "%", 1.0, f"of a processor; all of lumad {idle_all:.1f} %"),
            (f"sound while it plays, period {period}", busy, "%", None, f"all of lumad {busy_all:.1f} %"),
        ])
    finally:
        stage.stop()


def until(condition, seconds):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.005)
    return True


def losses():
    """A server that is killed the hard way, three times."""
    stage, lost, back = Stage(period=256), [], []
    try:
        d = stage.d
        stage.load()
        d.post("/host-audio/loop", {"enabled": True, "start": 0, "end": stage.tracks[0].frames / RATE})
        d.post("/host-audio/play")
        for _ in range(3):
            time.sleep(1)
            start = time.monotonic()
            stage.jack.kill()
            is_noticed = until(lambda: d.get("/host-audio/device")["active"]["lost"], 5)
            lost.append((time.monotonic() - start) * 1000 if is_noticed else float("inf"))
            assert d.get("/host-audio")["playing"]
            start = time.monotonic()
            stage.jack.start()
            wait_for_device(d, seconds=30)
            back.append((time.monotonic() - start) * 1000)
        return table([("a killed server is noticed after, longest of 3", max(lost), "ms", 1000, ""),
                      ("sound is back after the server, longest of 3", max(back), "ms", None, "")])
    finally:
        stage.stop()


def main():
    bad = [seeks(256), seeks(1024), losses()]
    sys.exit(any(bad))


if __name__ == "__main__":
    main()
