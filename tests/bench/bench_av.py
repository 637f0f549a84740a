#!/usr/bin/env python3
"""Lights against sound: the position a packet of light shows, against that of the sound which leaves the loudspeaker as the packet comes. One table against its limits.

The light is a ramp of the position on 16-bit dimmers (tests/e2e/avrig.py), its packets stamped by the kernel; the sound comes out of a JACK server of the bench (dummy driver,
synchronous, real-time), where it is recorded with the instant of each sample, and tells its position: as numbers where it is played unchanged, by the swell of two tones at another rate.
The loudspeaker is a period behind the recording, as the server says. Beside each error stands what lumad measured of itself (lumad_av_error_seconds).

LUMAD, BUILD_DIR: where the programs are; SECONDS=600 for the long run, a fifth of it (20 to 120) for each of the others; ONLY=name for one of them.

A stretch in which the server itself was late (xruns, where it stretches time) is left out until clocks have settled, a second and a half, and said. After a jump light is right from the next frame on; the packets before that are
counted apart ("frames behind a jump").
"""
import array
import bisect
import io
import math
import os
import pathlib
import random
import re
import statistics
import sys
import time
import wave

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

import sounds                                                   # noqa: E402
from avrig import FRAME_MS, Ramp                                # noqa: E402
from bench_audio import load, pick, table                       # noqa: E402
from jackrig import RATE, wait_for_device                       # noqa: E402
from stage import Stage                                         # noqa: E402

SECONDS = int(os.environ.get("SECONDS", 600))
SHORT = max(20, min(120, SECONDS // 5))
P99_MS, DRIFT_MS, FRAME_NS = 5, 1, int(FRAME_MS * 1e6)
AROUND_NS, SETTLE_NS = 100_000_000, 1_500_000_000             # before and after a period in which the server was late
WINDOW = 960                            # frames on either side in which a swell is measured


class Swell:
    """A track for other rates: two tones whose loudness goes round a circle once a second, one a quarter behind the other. Slower or faster, at whatever pitch, the ratio says where."""

    def __init__(self, seconds):
        self.key, self.frames = 0, seconds * RATE
        out = array.array("h")
        for i in range(RATE):
            t = i / RATE
            for swell, hz in ((math.cos(math.tau * t), 1000), (math.sin(math.tau * t), 1300)):
                out.append(round(30000 * (0.5 + 0.4 * swell) * math.sin(math.tau * hz * t)))
        self.bytes = out.tobytes() * seconds

    def wav(self):
        out = io.BytesIO()
        with wave.open(out, "wb") as w:
            w.setnchannels(2), w.setsampwidth(2), w.setframerate(RATE)
            w.writeframes(self.bytes)
        return out.getvalue()


HANN = [(0.5 + 0.5 * math.cos(math.pi * k / WINDOW)) for k in range(-WINDOW, WINDOW + 1)]


def levels_at(heard, frame):
    """How loud the two tones are around there, or None."""
    first = int(frame) - WINDOW
    if first < 0 or first + 2 * WINDOW + 1 > heard.frames:
        return None
    x = array.array("f", bytes(heard.data[first * 8:(first + 2 * WINDOW + 1) * 8]))
    return [math.sqrt(2 * sum(w * v * v for w, v in zip(HANN, x[c::2])) / sum(HANN)) for c in (0, 1)]


def full_level(heard):
    """Of the loudest place of the swell, whatever effects make of it: over two seconds in the middle."""
    middle = heard.frames // 2
    return max(level for i in range(100) for level in levels_at(heard, middle + i * RATE / 50) or (0,)) / 0.9


def swell_at(heard, frame, full):
    """Where in its second the swell is, or None."""
    levels = levels_at(heard, frame)
    if not levels or not full:
        return None
    a, b = ((level / full - 0.5) / 0.4 for level in levels)
    return (math.atan2(b, a) / math.tau) % 1 if 0.5 < math.hypot(a, b) < 1.5 else None


def late(heard):
    """Instants at which the server was late: time was stretched there."""
    ends = zip(heard.starts, heard.starts[1:], heard.periods, heard.numbers, heard.numbers[1:])
    skipped = [b for a, b, n, k, l in ends if abs(b - a - n * 1e9 / RATE) > 2e6 or l != (k + n) % (1 << 32)]
    return sorted(skipped + [heard.starts[i] for i in heard.late_periods])


def near(sorted_instants, ns, before, after):
    """Is there one so shortly before or after this?"""
    i = bisect.bisect_left(sorted_instants, ns - before)
    return i < len(sorted_instants) and sorted_instants[i] <= ns + after


def errors(heard, packets, is_swell):
    """[(ns, ms by which light is ahead of sound)], and the same of the packets that are left out for the server's sake."""
    found, left_out, bad = [], [], late(heard)
    full = is_swell and full_level(heard)
    for ns, position in packets:
        at = heard.place_at(ns, heard=True)
        if at is None or position is None or at >= heard.frames:
            continue
        to = left_out if near(bad, ns, SETTLE_NS, AROUND_NS) else found
        if is_swell:
            part = swell_at(heard, at, full)
            if part is not None:
                to.append((ns, ((position - part + 0.5) % 1 - 0.5) * 1000))
        else:
            what = sounds.read(*heard.sample(int(at)))
            if what:
                to.append((ns, (position - (what[1] + at % 1) / RATE) * 1000))
    return found, left_out


def drift(found):
    """ms over the run, by medians of its first and last part (a minute, or a sixth), and by a straight line."""
    part = min(60e9, (found[-1][0] - found[0][0]) / 6)
    first = statistics.median(e for t, e in found if t < found[0][0] + part)
    last = statistics.median(e for t, e in found if t > found[-1][0] - part)
    line = statistics.linear_regression([t / 1e9 for t, _ in found], [e for _, e in found]).slope * (found[-1][0] - found[0][0]) / 1e9
    return last - first, line


def published(d):
    """What lumad says of its own error."""
    said = re.findall(r'^lumad_av_error_seconds{quantile="([0-9.]+)"} ([-+0-9.e]+|NaN)$', d.call("GET", "/metrics").body.decode(), re.M)
    return ", ".join(f"{q} of packets within {float(value) * 1000:.2f} ms" for q, value in said) or "nothing"


def play(d, seconds):
    time.sleep(seconds)
    return []


def jump(d, seconds):
    """Seeks and short loops, at random; the loops, in frames."""
    rng, end, loops = random.Random(7), time.monotonic() + seconds, []
    while time.monotonic() < end:
        time.sleep(rng.uniform(0.6, 1.6))
        if rng.random() < 0.3:
            start = rng.randrange(1 * RATE, 8 * RATE)
            loops.append((start, start + rng.randrange(RATE // 3, RATE)))
            d.post("/host-audio/loop", {"enabled": True, "start": loops[-1][0] / RATE, "end": loops[-1][1] / RATE})
            d.post("/host-audio/seek", {"seconds": start / RATE})
            time.sleep(2)
            d.post("/host-audio/loop", {"enabled": False})
        else:
            d.post("/host-audio/seek", {"seconds": rng.uniform(1, 15)})
    return loops


def jumps_of(heard, tracks, loops):
    """Instants (at the loudspeaker) at which another place was heard."""
    pieces = sounds.explain(heard, tracks, loops)
    return [heard.at_ns(p.at, heard=True) for a, p in zip(pieces, pieces[1:]) if p.kind == "cross" or p.kind == a.kind == "play"]


def decode(stage):
    """On a machine that does other things ten minutes of sound take a while."""
    for _ in range(10):
        try:
            return stage.load()
        except TimeoutError:
            pass
    raise AssertionError("the track is not decoded")


def run(name, seconds, period=256, act=play, rate=None, effects=False):
    is_swell = rate or effects
    track = Swell(math.ceil(seconds * (rate[0] if rate else 1)) + 5) if is_swell else sounds.Track(seconds + 20, 1)
    stage = Stage(period=period, real_time=True, tracks=[track], effects=effects)
    try:
        d = stage.d
        decode(stage)
        with Ramp(d, stage.ids[0], track.frames // RATE) as ramp:
            stage.load()
            if rate:
                d.post("/host-audio/rate", {"rate": rate[0], "keep_pitch": rate[1]})
            with stage.jack.listen() as ears:
                time.sleep(0.5)
                d.post("/host-audio/play")
                time.sleep(1)                                   # the device's clock is learnt
                start = time.monotonic_ns()
                loops = act(d, seconds)
                end = time.monotonic_ns()
                metric = published(d)
                d.post("/host-audio/pause")
        underruns = d.get("/host-audio/device")["active"]["underruns"]
    finally:
        stage.stop()
    packets = [p for p in ramp.packets if start < p[0] < end]
    found, left_out = errors(ears.heard, packets, is_swell)
    rows = []
    if act is jump:
        instants = sorted(jumps_of(ears.heard, [track], loops))
        # The packet of a frame that was on its way when the jump was heard shows the old place, or the new one a little early.
        apart = [abs(e) for t, e in found if near(instants, t, 2 * FRAME_NS, 2 * FRAME_NS)]
        found = [(t, e) for t, e in found if not near(instants, t, 2 * FRAME_NS, 2 * FRAME_NS)]
        rows.append((f"{name}: jumps heard", len(instants), "", None, f"{sum(e > P99_MS for e in apart) / max(1, len(instants)):.2f} frames behind a jump, on average"))
    size = sorted(abs(e) for _, e in found)
    ends, line = drift(found)
    note = (f"{len(size)} packets in {seconds} s, median {statistics.median(e for _, e in found):+.2f} (size {pick(size, 0.5):.2f}), longest {size[-1]:.2f} ms; of itself: {metric}")
    if left_out or ears.heard.xruns:
        note += f"; {ears.heard.xruns} xruns of the server, {len(left_out)} packets around them left out"
        if left_out:
            note += f" (with them p99 {pick(sorted(abs(e) for _, e in found + left_out), 0.99):.2f})"
    rows += [(f"{name}: light against sound, p99", pick(size, 0.99), "ms", P99_MS, note),
             (f"{name}: drift over {seconds} s", abs(ends), "ms", DRIFT_MS, f"by a straight line {line:+.2f} ms; {load()}"),
             (f"{name}: underruns", underruns, "", 0, "")]
    return table(rows)


def killed(name):
    """The server dies while the ramp plays, and comes back: the light goes on."""
    track = sounds.Track(60, 1)
    stage = Stage(period=256, tracks=[track])
    try:
        d = stage.d
        with Ramp(d, stage.ids[0], 60) as ramp:
            stage.load()
            d.post("/host-audio/play")
            time.sleep(4)
            dead = time.monotonic_ns()
            stage.jack.kill()
            time.sleep(4)
            back = time.monotonic_ns()
            stage.jack.start()
            wait_for_device(d, seconds=30)
            there = time.monotonic_ns()
            time.sleep(3)
            d.post("/host-audio/pause")
    finally:
        stage.stop()
    offset = [(t, (p - t / 1e9) * 1000) for t, p in ramp.packets if p is not None]
    between = lambda a, b: [e for t, e in offset if a < t < b]
    before, clock, after = (statistics.median(between(a, b)) for a, b in ((dead - 2e9, dead), (back - 2e9, back), (there + 1e9, there + 3e9)))
    track = between(dead - 1e9, dead + 3e9)
    step = max(abs(b - a) for a, b in zip(track, track[1:]))
    behind = max(abs(e - before) for e in track)
    return table([(f"{name}: largest step between two packets", step, "ms", FRAME_MS, f"at most {behind:.1f} ms from where it would have been"),
                  (f"{name}: moved by the loss", abs(clock - before), "ms", FRAME_MS, ""),
                  (f"{name}: moved when sound came back", abs(after - clock), "ms", FRAME_MS, "")])


RUNS = {
    "256": lambda n: run(n, SECONDS),
    "1024": lambda n: run(n, SHORT, period=1024),
    "seeks and loops": lambda n: run(n, SHORT, act=jump),
    "effects": lambda n: run(n, SHORT, effects=True),
    "rate 1.25": lambda n: run(n, SHORT, rate=(1.25, False)),
    "rate 1.25, pitch kept": lambda n: run(n, SHORT, rate=(1.25, True)),
    "rate 0.8, pitch kept, 1024": lambda n: run(n, SHORT, period=1024, rate=(0.8, True)),
    "server killed": killed,
}


def main():
    only = os.environ.get("ONLY")
    sys.exit(any([make(name) for name, make in RUNS.items() if not only or name == only]))


if __name__ == "__main__":
    main()
