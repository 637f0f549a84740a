#!/usr/bin/env python3
"""Ten minutes of playing, pausing, seeking, looping, jumping on the beat and going on to the next track, at random, while both processors are busy: every sample that was heard is explained.

lumad plays to a JACK server of the test (dummy driver, synchronous, real-time); tracks tell what each of their samples is. What was heard must be what the commands say, in their order,
and nothing else: no frame missing, repeated or changed outside the fades of 240 frames, no silence where music was due. The server's own late periods (xruns) stretch time and lose
nothing; they are told apart. LUMAD, BUILD_DIR: where the programs are; SECONDS=600, SEED=1, PERIOD=256, BUSY=2 (processes that do nothing but run).
"""
import collections
import os
import pathlib
import random
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

import sounds                                                   # noqa: E402
from jackrig import RATE                                        # noqa: E402
from stage import Stage                                         # noqa: E402

SECONDS, SEED, PERIOD = (int(os.environ.get(k, v)) for k, v in (("SECONDS", 600), ("SEED", 1), ("PERIOD", 256)))
BUSY = int(os.environ.get("BUSY", os.cpu_count()))
BEAT = RATE // 2
SLACK_NS = 300_000_000                  # a loop that is switched while it plays counts from somewhere in here

Loop = collections.namedtuple("Loop", "key start end on off")           # instants in ns: from when to when it was set
Event = collections.namedtuple("Event", "kind place sent")              # place: (track, frame) where the new sound begins; of `out`, nothing


class Player:
    """Sends commands and keeps the book of what must be heard."""

    def __init__(self, stage, rng):
        self.stage, self.d, self.rng = stage, stage.d, rng
        self.which, self.playing, self.place = 0, False, (stage.tracks[0].key, 0)
        self.expected, self.loops, self.loop, self.counts = [], [], None, collections.Counter()

    @property
    def track(self):
        return self.stage.tracks[self.which]

    def expect(self, kind, place=None):
        self.expected.append(Event(kind, place, time.monotonic_ns()))
        self.counts[kind] += 1

    def play(self):
        self.expect("in", self.place)
        self.d.post("/host-audio/play")
        self.playing = True

    def pause(self):
        self.expect("out")
        self.d.post("/host-audio/pause")
        self.playing, self.place = False, (self.track.key, self.stage.frame())

    def spot(self, last=6):
        """A frame with that many seconds of track behind it."""
        return self.rng.randrange(0, self.track.frames - last * RATE)

    def seek(self, frame=None):
        frame = self.spot() if frame is None else frame
        if self.playing:
            self.expect("cross", (self.track.key, frame))
        self.place = (self.track.key, frame)
        self.stage.seek(frame)

    def loop_on(self):
        """One that the playhead is let into. It may be some frames long, or seconds."""
        self.loop_off()
        start = self.spot()
        self.loop = (start, start + self.rng.choice((2400, 4801, 24000, RATE + 7)))
        self.seek(max(0, start - 7000))
        on = time.monotonic_ns()
        self.d.post("/host-audio/loop", {"enabled": True, "start": start / RATE, "end": self.loop[1] / RATE})
        self.loops.append(Loop(self.track.key, *self.loop, on, None))
        self.counts["loop"] += 1

    def loop_off(self):
        if self.loop:
            off = time.monotonic_ns()
            self.d.post("/host-audio/loop", {"enabled": False})
            self.loops[-1] = self.loops[-1]._replace(off=off)
            self.loop = None

    def next_track(self):
        """To the end of this track and over it."""
        self.loop_off()
        if not self.playing:
            self.play()
            time.sleep(0.1)
        other = 1 - self.which
        self.d.post("/host-audio/next", {"track_id": self.stage.ids[other]})
        self.seek(self.track.frames - self.rng.randrange(RATE // 2, RATE))
        self.expect("join", (self.stage.tracks[other].key, 0))
        end = time.monotonic() + 5
        while self.d.get("/host-audio")["track_id"] != self.stage.ids[other]:
            assert time.monotonic() < end, "the next track did not follow"
            time.sleep(0.02)
        self.which = other

    def jump(self):
        """On the next beat, to another."""
        self.loop_off()
        if not self.playing:
            self.play()
            time.sleep(0.1)
        here, to = self.stage.frame(), self.spot() // BEAT * BEAT
        while abs(to - here) < 2 * RATE:                        # a jump to where it is cannot be told from none
            to = self.spot() // BEAT * BEAT
        self.expect("jump", (self.track.key, to))
        self.stage.seek(to, quantize="beat")
        time.sleep(0.7)
        self.place = (self.track.key, to)

    def step(self):
        if self.playing and self.stage.frame() > self.track.frames - 4 * RATE:
            self.seek()                                         # the end is met by next_track() alone
        elif not self.playing:
            self.rng.choices((self.play, self.seek), (5, 2))[0]()
        else:
            self.rng.choices((self.seek, self.pause, self.loop_on, self.loop_off, self.next_track, self.jump), (8, 4, 3, 3, 2, 3))[0]()


class Judge:
    """Goes through what was heard, event by event."""

    def __init__(self, heard, pieces, player):
        self.heard, self.pieces, self.player = heard, pieces, player
        self.left, self.wraps = collections.deque(player.expected), 0

    def fail(self, i, why):
        around = "\n".join(str(p) for p in self.pieces[max(0, i - 3):i + 3])
        raise AssertionError(f"{why} at {self.heard.at_ns(self.pieces[i].at) / 1e9:.3f} s, next expected {self.left[0] if self.left else None}:\n{around}")

    def set_at(self, loop, ns):
        return loop.on <= ns and (not loop.off or ns <= loop.off + SLACK_NS)

    def is_wrap(self, a, b, ns):
        return any((l.key, l.end) == a and (l.key, l.start) == b and self.set_at(l, ns) for l in self.player.loops)

    def runs_out(self, piece):
        """Did it go over the end of a loop that was set, and had been when it came there?"""
        (key, frame), n = piece.what, piece.n
        for l in self.player.loops:
            if l.key == key and frame < l.end < frame + n:
                ns = self.heard.at_ns(piece.at + l.end - frame)
                if l.on + SLACK_NS < ns and (not l.off or ns < l.off - SLACK_NS):
                    return True
        return False

    def take(self, i, kind, place, old=None):
        if not self.left:
            self.fail(i, f"{kind} that nobody asked for")
        want = self.left.popleft()
        is_kind = kind == want.kind or want.kind == "jump" and kind in ("cross", "join")
        if not is_kind or want.place and place != want.place:
            self.left.appendleft(want)
            self.fail(i, f"{kind} to {place}")
        if want.kind == "jump" and old % BEAT:
            self.fail(i, "a jump that is not on the beat")
        if self.heard.at_ns(self.pieces[i].at) < want.sent:
            self.fail(i, "heard before it was asked for")

    def run(self):
        for i, p in enumerate(self.pieces):
            before = self.pieces[i - 1] if i else None
            if p.kind == "play":
                if self.runs_out(p):
                    self.fail(i, "a loop was not taken")
                if before and before.kind == "play":
                    old = before.what[0], before.what[1] + before.n
                    if self.is_wrap(old, p.what, self.heard.at_ns(p.at)):
                        self.wraps += 1
                    else:
                        self.take(i, "join", p.what, old[1])
            elif p.kind == "in":
                self.take(i, "in", p.begin)
            elif p.kind == "cross":
                self.take(i, "cross", p.begin, p.what[1])
            elif p.kind == "out":
                self.take(i, "out", None)
            elif p.kind == "tail" or before and before.kind == "play":
                self.fail(i, "music broke off")
        if self.left:
            raise AssertionError(f"not heard: {list(self.left)[:5]}")


def busy(n):
    return [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(n)]


def main():
    stage = Stage(period=PERIOD, real_time=True, tracks=[sounds.Track(60, 1), sounds.Track(45, 2)])
    loads = []
    try:
        d, player = stage.d, Player(stage, random.Random(SEED))
        for id, track in zip(stage.ids, stage.tracks):
            beats = [i * BEAT / RATE for i in range(track.frames // BEAT)]
            d.put(f"/tracks/{id}/beats", {"beats": beats, "downbeats": beats[::4], "bpm": 120, "beats_per_bar": 4})
            d.post("/host-audio/load-track", {"track_id": id})          # decoded before it matters
        stage.load(0)
        loads = busy(BUSY)
        with stage.jack.listen() as ears:
            end = time.monotonic() + SECONDS
            while time.monotonic() < end:
                player.step()
                time.sleep(player.rng.uniform(0.08, 0.9))
            if player.playing:
                player.pause()
            time.sleep(0.3)
        device = d.get("/host-audio/device")["active"]
    finally:
        for p in loads:
            p.kill(), p.wait()
        stage.stop()
    heard = ears.heard
    pieces = sounds.explain(heard, stage.tracks, sorted({(l.start, l.end) for l in player.loops}))
    judge = Judge(heard, pieces, player)
    judge.run()
    exact = sum(p.n for p in pieces if p.kind == "play")
    print(f"{heard.frames / RATE:.0f} s heard, {heard.frames} frames, each explained: {exact} of tracks bit by bit, {sum(p.kind in ('in', 'out', 'cross') for p in pieces)} fades; "
          f"{judge.wraps} wraps of {player.counts['loop']} loops, {player.counts['join']} next tracks, {player.counts['jump']} jumps on the beat, {player.counts['cross']} seeks, "
          f"{player.counts['in']} plays; {device['underruns']} underruns, {heard.xruns} xruns of the server; seed {SEED}, {BUSY} busy processes")
    sys.exit(device["underruns"] != 0)


if __name__ == "__main__":
    main()
