"""What the loudspeaker gets, sample by sample: a JACK server in the place of a sound card, tracks whose samples say what they are, and every frame that is heard explained.

The long version, with random commands while both processors are busy, is soak_audio.py (`make soak-audio`).
"""
import array
import struct
import time
import unittest

import sounds
from jackrig import RATE
from sounds import RAMP, explain
from stage import Stage

class Made:
    """A recording that was not heard but made, to see that faults are found."""

    xruns = 0

    def __init__(self, *parts):
        self.data = memoryview(b"".join(bytes(p) for p in parts))
        self.frames = len(self.data) // 8

    def at_ns(self, frame):
        return frame / RATE * 1e9


class Model(unittest.TestCase):
    """What judges the rest: it finds a fault of one frame, and of one bit."""

    def setUp(self):
        self.track, self.silence = sounds.Track(2, 7), bytes(8 * 300)

    def fade(self, old, new):
        """From one place to another; None: silence."""
        out = array.array("f")
        for k in range(RAMP):
            g = (k + 1) / RAMP
            a, b = (self.track.sample(place + k) if place is not None else (0, 0) for place in (old, new))
            out.extend(x * (1 - g) + y * g for x, y in zip(a, b))
        return out

    def part(self, a, b):
        return self.track.data[a * 8:b * 8]

    def read(self, *parts):
        return sounds.brief(explain(Made(self.silence, *parts, self.silence), [self.track]))[1:-1]

    def test_what_is_right(self):
        self.assertEqual(self.read(self.fade(None, 9000), self.part(9240, 10000), self.fade(10000, 50000), self.part(50240, 51000), self.part(70000, 71000), self.fade(71000, None)), [
            ("in", (7, 9000), RAMP), ("play", (7, 9240), 760), ("cross", (7, 10000), (7, 50000)), ("play", (7, 50240), 760), ("play", (7, 70000), 1000),
            ("out", (7, 71000), RAMP)])

    def test_what_is_wrong(self):
        whole = bytearray(self.part(0, 96000))
        right = self.read(whole)
        self.assertEqual(right, [("play", (7, 0), 96000)])
        without = whole[:40000 * 8] + whole[40001 * 8:]
        twice = whole[:40000 * 8] + whole[39999 * 8:]
        self.assertEqual(self.read(without), [("play", (7, 0), 40000), ("play", (7, 40001), 55999)])
        self.assertEqual(self.read(twice), [("play", (7, 0), 40000), ("play", (7, 39999), 56001)])
        hole = whole[:40000 * 8] + bytes(8) + whole[40001 * 8:]
        bit = bytearray(whole)
        bit[40000 * 8] ^= 1
        quieter = bytes(whole[:40000 * 8]) + array.array("f", (x * 0.999999 for x in array.array("f", bytes(whole[40000 * 8:])))).tobytes()
        for name, wrong in (("hole", hole), ("bit", bit), ("quieter", quieter)):
            with self.subTest(name), self.assertRaises(sounds.Unexplained):
                self.read(wrong)


class Sound(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stage = Stage()
        cls.addClassCleanup(cls.stage.stop)
        cls.d = cls.stage.d
        cls.d.put(f"/tracks/{cls.stage.ids[0]}/beats", {"beats": [i / 2 for i in range(24)], "downbeats": [2.0 * i for i in range(6)], "bpm": 120, "beats_per_bar": 4})

    def setUp(self):
        self.d.post("/host-audio/pause")
        self.stage.load()

    def heard(self, act, loops=()):
        """What was heard while act() did something, in pieces, without the silence around."""
        with self.stage.jack.listen() as ears:
            time.sleep(0.05)
            act()
            time.sleep(0.06)
        self.recording = ears.heard
        self.assertGreater(ears.heard.frames, 0)
        pieces = explain(ears.heard, self.stage.tracks, loops)
        self.assertEqual(pieces[0].kind, "silence")
        return pieces[1:-1] if pieces[-1].kind == "silence" else pieces[1:]

    def until_heard(self, frame):
        """Until the transport has come by this place."""
        end = time.monotonic() + 10
        while self.stage.frame() < frame:
            self.assertLess(time.monotonic(), end)
            time.sleep(0.02)

    def kinds(self, pieces, *want):
        self.assertEqual([p.kind for p in pieces], list(want), sounds.brief(pieces))
        return pieces

    def test_play_pause_play(self):
        places = []

        def act():
            for _ in range(3):
                self.d.post("/host-audio/play")
                time.sleep(0.3)
                self.d.post("/host-audio/pause")
                time.sleep(0.05)
                places.append(self.stage.frame())

        pieces = self.kinds(self.heard(act), *["in", "play", "out", "silence"] * 2, "in", "play", "out")
        begins = [p.begin[1] for p in pieces if p.kind == "in"]
        ends = [p.what[1] for p in pieces if p.kind == "out"]
        self.assertEqual(begins[0], 0)
        self.assertEqual(begins[1:], places[:-1])               # it goes on where it was said to stand
        for end, place in zip(ends, places):                    # and that is where it faded out: nothing is left out
            self.assertIn(place - end, range(0, RAMP + 1))

    def test_seeks(self):
        wanted = [5 * RATE, 100, 7 * RATE + 12345, 11 * RATE - 1]

        def act():
            self.d.post("/host-audio/play")
            for frame in wanted:
                time.sleep(0.12)
                self.sent = time.monotonic_ns()
                self.stage.seek(frame)
            time.sleep(0.1)
            self.d.post("/host-audio/pause")

        pieces = self.heard(act)
        self.kinds(pieces, "in", "play", *["cross", "play"] * len(wanted), "out")
        self.assertEqual([p.begin[1] for p in pieces if p.kind == "cross"], wanted)
        new = [p.at for p in pieces if p.kind == "cross"][-1]
        took = (self.recording.at_ns(new) - self.sent) / 1e6
        if not self.recording.xruns:
            self.assertLess(took, 60)                           # the promise is 15, on a machine that does nothing else: make bench-audio
        self.assertGreater(took, 0)

    def test_a_loop_wraps_without_a_missing_or_repeated_frame(self):
        start, end = RATE + 17, RATE + 17 + 7001

        def act():
            self.stage.seek(start - 3000)
            self.d.post("/host-audio/loop", {"enabled": True, "start": start / RATE, "end": end / RATE})
            self.d.post("/host-audio/play")
            time.sleep(1.5)
            self.d.post("/host-audio/loop", {"enabled": False})
            time.sleep(0.4)
            self.d.post("/host-audio/pause")

        pieces = self.heard(act, [(start, end)])
        self.assertEqual((pieces[0].kind, pieces[-1].kind), ("in", "out"))
        rounds = pieces[1:-1]
        self.assertEqual({p.kind for p in rounds}, {"play"}, sounds.brief(pieces))
        self.assertGreater(len(rounds), 5)
        for a, b in zip(rounds, rounds[1:]):
            self.assertEqual(a.what[1] + a.n, end)
            self.assertEqual(b.what[1], start)
        self.assertGreater(rounds[-1].what[1] + rounds[-1].n, end)

    def test_a_loop_of_a_few_frames_and_one_of_the_whole_track(self):
        short = (4000, 4003)

        def act():
            self.stage.seek(3500)
            self.d.post("/host-audio/loop", {"enabled": True, "start": short[0] / RATE, "end": short[1] / RATE})
            self.d.post("/host-audio/play")
            time.sleep(0.2)

        pieces = self.heard(act, [short])
        self.assertEqual(pieces[0].kind, "in")
        self.assertEqual({(p.what[1], p.n) for p in pieces[2:-1]}, {(4000, 3)})
        self.assertEqual(pieces[1].what[1] + pieces[1].n, 4003)
        self.setUp()

        def whole():
            self.stage.load(1)
            n = self.stage.tracks[1].frames
            self.d.post("/host-audio/loop", {"enabled": True, "start": 0, "end": n / RATE})
            self.stage.seek(n - 5000)
            self.d.post("/host-audio/play")
            time.sleep(0.3)
            self.d.post("/host-audio/pause")

        n = self.stage.tracks[1].frames
        pieces = self.kinds(self.heard(whole, [(0, n)]), "in", "play", "play", "out")
        self.assertEqual((pieces[1].what[1] + pieces[1].n, pieces[2].what), (n, (2, 0)))

    def test_the_next_track_follows_without_a_gap(self):
        n = self.stage.tracks[0].frames

        def act():
            self.stage.seek(n - 30000)
            self.d.post("/host-audio/next", {"track_id": self.stage.ids[1]})
            self.d.post("/host-audio/play")
            time.sleep(1.1)
            self.d.post("/host-audio/pause")

        pieces = self.kinds(self.heard(act), "in", "play", "play", "out")
        self.assertEqual(pieces[1].what[1] + pieces[1].n, n)
        self.assertEqual(pieces[2].what, (2, 0))
        self.assertEqual(self.d.get("/host-audio")["track_id"], self.stage.ids[1])

    def test_the_end_of_a_track_and_of_a_segment(self):
        n = self.stage.tracks[0].frames

        def act():
            self.stage.seek(n - 10000)
            self.d.post("/host-audio/play")
            time.sleep(0.5)
            self.stage.load(1, start_time=1.0, end_time=1.25)
            self.d.post("/host-audio/play")
            time.sleep(0.6)

        pieces = self.kinds(self.heard(act), "in", "play", "tail", "silence", "in", "play", "tail")
        self.assertEqual(pieces[1].what[1] + pieces[1].n, n)
        self.assertEqual(pieces[4].begin[1], RATE)
        self.assertEqual(pieces[5].what[1] + pieces[5].n, RATE + 12000)
        self.assertFalse(self.d.get("/host-audio")["playing"])

    def test_a_quantised_jump_happens_at_its_sample(self):
        def act():
            self.stage.seek(RATE // 10)
            self.d.post("/host-audio/play")
            time.sleep(0.1)
            self.stage.seek(8 * RATE, quantize="beat")
            time.sleep(0.6)
            self.stage.seek(4 * RATE, quantize="bar")
            time.sleep(2)
            self.d.post("/host-audio/pause")

        pieces = self.heard(act)
        jumps = [(p.what[1], p.begin[1]) if p.kind == "cross" else (pieces[i - 1].what[1] + pieces[i - 1].n, p.what[1])
                 for i, p in enumerate(pieces) if p.kind == "cross" or i and p.kind == pieces[i - 1].kind == "play"]
        self.assertEqual(jumps, [(RATE // 2, 8 * RATE), (10 * RATE, 4 * RATE)], sounds.brief(pieces))

    def test_the_volume_is_a_factor_and_none_at_0_db(self):
        def act():
            self.d.post("/host-audio/volume", {"db": -6})
            self.d.post("/host-audio/play")
            time.sleep(0.6)
            self.d.post("/host-audio/volume", {"db": 0})
            time.sleep(0.9)

        with self.stage.jack.listen() as ears:
            act()
        heard, track = ears.heard, self.stage.tracks[0]
        last = max(i for i in range(heard.frames - 2000, heard.frames) if sounds.read(*heard.sample(i)))
        key, frame = sounds.read(*heard.sample(last))           # untouched again, from its sample back to the silence in front it is one piece
        zero = last - frame
        unity = array.array("f", struct.unpack_from("<200f", heard.data, (zero + frame - 1000) * 8))
        self.assertEqual(unity.tobytes(), bytes(track.data[(frame - 1000) * 8:(frame - 900) * 8]))
        for k in range(20000, 24000, 97):
            for got, want in zip(heard.sample(zero + k), track.sample(k)):
                self.assertAlmostEqual(got, want * 10 ** (-6 / 20), delta=2e-5)

    def test_a_pause_is_silence_to_the_bit(self):
        def act():
            self.d.post("/host-audio/play")
            time.sleep(0.1)
            self.d.post("/host-audio/pause")

        self.kinds(self.heard(act), "in", "play", "out")        # it does hear
        self.assertEqual(self.heard(lambda: time.sleep(0.3)), [])


if __name__ == "__main__":
    unittest.main()
