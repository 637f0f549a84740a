"""The demo show's light against the light model, byte by byte: what REST says of the universes and what arrives by Art-Net and sACN."""
import json
import os
import pathlib
import random
import subprocess
import tempfile
import time
import unittest

import lightmodel
import wire
from lumad import ROOT, Lumad


def render_truth():
    """What is known of the demo's music, from the program that makes it."""
    worker = pathlib.Path(os.environ.get("LUMAD", ROOT / "build/release/lumad")).with_name("demo_worker")
    with tempfile.TemporaryDirectory() as folder:
        truth = pathlib.Path(folder, "truth.json")
        subprocess.run([worker, "--out", pathlib.Path(folder, "track.flac"), "--truth", truth], check=True, stdout=subprocess.DEVNULL)
        return json.loads(truth.read_text())


def until(condition, seconds=60):
    """For what comes in a second or two: beside other tests on a slow machine in twenty."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("waited in vain")
        time.sleep(0.02)


class Light(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.truth = render_truth()
        cls.d = Lumad("--demo")
        cls.addClassCleanup(cls.d.stop)
        until(lambda: cls.d.get("/host-audio")["playing"])         # the autoplay begins when the track is decoded
        track = cls.d.get("/show")["track_id"]
        cls.d.wait_jobs(track, 300)
        until(lambda: not any(i["errors"] for i in cls.d.get("/show/layer-errors")["items"]))       # what was heard has come to the layers that follow it
        cls.model = lightmodel.Show(ROOT / "config/demo", cls.truth, cls.d.get(f"/tracks/{track}/features"))
        cls.leave_out(cls.model.left_out)
        cls.d.post("/host-audio/pause")
        cls.venue = cls.d.get("/show")["venue_id"]
        cls.address = wire.own_address()
        cls.outputs = cls.d.get(f"/venues/{cls.venue}/outputs")["items"]
        for o in cls.outputs:
            cls.d.patch(f"/outputs/{o['id']}", {"destination": cls.address})
        cls.ambiguous, cls.compared = [], 0

    @classmethod
    def leave_out(cls, names):
        score = cls.d.get("/show")["score_id"]
        patterns = {p["id"] for p in cls.d.get("/patterns")["items"] if p["name"] in names}
        blocks = [a["id"] for a in cls.d.get(f"/scores/{score}/annotations?limit=1000")["items"] if a["pattern_id"] in patterns]
        assert len(patterns) == len(names) and blocks, names
        for block in blocks:
            cls.d.delete(f"/annotations/{block}")

    @classmethod
    def tearDownClass(cls):
        print(f"\nlight model: {cls.compared} slots compared, {len(cls.ambiguous)} of them on the edge between two steps", flush=True)

    def setUp(self):
        self.d.post("/show/blackout", {"on": False})
        self.d.post("/show/master", {"level": 1.0})
        self.d.post("/show/group-master/full")

    def seek(self, seconds):
        """Where the show really stands then: positions are whole audio frames."""
        self.d.post("/host-audio/seek", {"seconds": seconds})
        state = self.d.get("/host-audio")
        self.assertFalse(state["playing"])
        self.assertLess(abs(state["current_time"] - seconds), 1e-3)
        return state["current_time"]

    def slots(self):
        return {n: self.d.get(f"/dmx/universes/{n}")["slots"] for n in (1, 2)}

    def check_instant(self, seconds, **render):
        at = self.seek(seconds)
        want = self.model.render(at, **render)
        end = time.monotonic() + 1.0            # a few frames: a position is shown by the next tick
        while True:
            got, edges = self.slots(), []
            wrong = [f"universe {n}: {w}" for n, u in want.items() for w in u.compare(got[n], edges)]
            if not wrong or time.monotonic() > end:
                break
            time.sleep(0.02)
        self.assertEqual(wrong, [], f"at {at:.6f} s: {len(wrong)} slots")
        type(self).compared += sum(len(u.value) + 2 * len(u.pairs) + len(u.range_) for u in want.values())
        self.ambiguous.extend(f"{at:.6f} s: {e}" for e in edges)
        return got

    def test_on_every_downbeat(self):
        for t in self.truth["downbeats"]:
            with self.subTest(t=t):
                self.check_instant(t)

    def test_between_the_beats(self):
        beats = self.truth["beats"]
        for k in range(1, len(beats) - 1, 5):
            for part in (0.11, 0.5, 0.83):
                with self.subTest(beat=k, part=part):
                    self.check_instant(beats[k] + part * (beats[k + 1] - beats[k]))

    def test_at_the_edges_of_annotations(self):
        edges = sorted({t for layer in self.model.layers for t in (layer.start, layer.end)})
        for t in edges:
            for step in (-1 / 60, -0.001, 0.0, 0.001, 1 / 60):
                if t + step < self.truth["duration_seconds"]:
                    with self.subTest(t=t, step=step):
                        self.check_instant(t + step)

    def test_anywhere(self):
        rng = random.Random(124)
        for _ in range(60):
            t = rng.uniform(0, self.truth["duration_seconds"])
            with self.subTest(t=t):
                self.check_instant(t)

    def test_master_scales_intensity_and_nothing_else(self):
        for level in (0.61, 0.23, 0.0):
            self.d.post("/show/master", {"level": level})
            for t in (12.3, 30.2, 36.0, 47.7):
                with self.subTest(level=level, t=t):
                    self.check_instant(t, master=level)

    def test_masters_of_groups_scale_the_intensity_of_their_heads(self):
        rows = {g["name"]: g["group_id"] for g in self.d.get("/show")["group_masters"]}
        self.assertEqual(set(rows), set(self.model.venue.groups))
        names = sorted(rows)
        rng = random.Random(5)
        for case in range(6):
            levels = {name: rng.choice((0.0, 0.31, 0.77, 1.0)) for name in names}
            for name, level in levels.items():
                self.d.post("/show/group-master", {"group_id": rows[name], "level": level})
            self.d.post("/show/master", {"level": 0.8})
            for t in (12.3, 30.2, 47.7):
                with self.subTest(levels=levels, t=t):
                    self.check_instant(t, master=0.8, groups=levels)

    def test_blackout_leaves_position_and_colour(self):
        self.d.post("/show/blackout", {"on": True})
        for t in (5.0, 30.2, 36.0, 70.1):
            with self.subTest(t=t):
                self.check_instant(t, blackout=True)

    def test_what_arrives_is_what_the_engine_has(self):
        with wire.Receiver(self.address) as receiver:
            for t in (8.5, 26.4, 35.9, 50.0, 66.6):
                got = self.check_instant(t)
                time.sleep(0.1)
                streams = receiver.streams(since=time.time() - 0.08)
                for n in (1, 2):
                    for protocol in ("artnet", "sacn"):
                        with self.subTest(t=t, protocol=protocol, universe=n):
                            packets = streams[protocol, n]
                            self.assertGreaterEqual(len(packets), 2)
                            for p in packets:
                                self.assertIsNone(p.bad)
                                self.assertEqual(list(p.slots), got[n])

    def test_the_light_moves(self):
        """The tests above would pass on a show that is dark; this one would not."""
        lit = {tuple(self.check_instant(t)[2]) for t in (30.0, 30.1, 30.2, 30.3)}
        self.assertEqual(len(lit), 4)
        self.assertTrue(all(max(s) == 255 for s in lit))


if __name__ == "__main__":
    unittest.main()
