"""The topic `wire`: what the bytes mean, beside `frame`, what was meant."""
import struct
import time
import unittest

from lumad import Lumad, tone

PAR = {"fixture_path": "Stairville/Stairville-Outdoor-Stage-PAR-12x3W-Tri.qxf", "mode_name": "3 channel"}
DIMMED = {"fixture_path": "Pro-Lights/Pro-Lights-LumiPar-7QPro.qxf", "mode_name": "6 Ch Mode"}
LAMP = {"fixture_path": "builtin:generic-dimmer", "mode_name": "2 Channels"}


def color_graph(color, level):
    return {"args": [{"id": "sel", "name": "Selection", "type": "selection", "default": "all"},
                     {"id": "level", "name": "Level", "type": "scalar", "default": level},
                     {"id": "color", "name": "Color", "type": "color", "default": color}],
            "nodes": [{"id": "a", "type": "pattern_args", "params": {}, "x": 0, "y": 0},
                      {"id": "c", "type": "apply_color", "params": {}, "x": 200, "y": 0},
                      {"id": "d", "type": "apply_dimmer", "params": {}, "x": 200, "y": 200}],
            "edges": [{"id": "e1", "from_node": "a", "from_port": "level", "to_node": "d", "to_port": "signal"},
                      {"id": "e2", "from_node": "a", "from_port": "sel", "to_node": "d", "to_port": "selection"},
                      {"id": "e3", "from_node": "a", "from_port": "color", "to_node": "c", "to_port": "signal"},
                      {"id": "e4", "from_node": "a", "from_port": "sel", "to_node": "c", "to_port": "selection"}]}


class Message:
    """One LMF1 or LMW1; heads are (intensity, r, g, b, strobe, speed, pan, tilt)."""

    def __init__(self, data):
        self.seq, self.patch, self.time, n = struct.unpack_from("<IIdH", data, 4)
        assert len(data) == 22 + 10 * n, (len(data), n)
        self.heads = list(struct.iter_unpack("<6B2h", data[22:]))

    def light(self, i):
        level, *hue = self.heads[i][:4]
        return [level * h / 255 for h in hue]


class Pair:
    """Two sockets, one for each side."""

    def open_pair(self):
        self.meant, self.sent = self.d.socket(), self.d.socket()
        self.addCleanup(self.meant.close)
        self.addCleanup(self.sent.close)
        self.meant.subscribe("frame", max_fps=44)
        self.sent.subscribe("wire", max_fps=44)

    def until(self, holds, seconds=5):
        """Both sides of one frame once `holds(meant, sent)`, or at the end of patience the last."""
        end = time.monotonic() + seconds
        meant = sent = None
        while True:
            while not meant or not sent or meant.seq != sent.seq:
                if not meant or sent and meant.seq < sent.seq:
                    meant = Message(self.meant.expect(b"LMF1"))
                else:
                    sent = Message(self.sent.expect(b"LMW1"))
                self.assertLess(time.monotonic(), end + 5, "never the same frame")
            if holds(meant, sent) or time.monotonic() > end:
                return meant, sent
            meant = None

    def assert_same_light(self, meant, sent, heads, squared=()):
        """Near the dark a step of a square-law dimmer is many of intensity: there the levels are compared."""
        self.assertEqual((meant.patch, meant.time, len(meant.heads)), (sent.patch, sent.time, len(sent.heads)))
        for i in heads:
            a, b = (m.heads[i][0] for m in (meant, sent))
            if i in squared:
                a, b = a * a / 255, b * b / 255
            self.assertLessEqual(abs(a - b), 2, (i, meant.heads[i], sent.heads[i]))
            if i in squared:
                continue
            for a, b in zip(meant.light(i), sent.light(i)):
                self.assertLessEqual(abs(a - b), 2, (i, meant.heads[i], sent.heads[i]))


class Wire(Pair, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.d = d = Lumad()
        cls.addClassCleanup(d.stop)
        cls.venue = d.post("/venues", {"name": "Club"})
        cls.fixtures = [cls.patch_in(1, PAR), cls.patch_in(11, DIMMED), cls.patch_in(21, LAMP), cls.patch_in(1, PAR, 7)]
        cls.pattern = d.post("/patterns", {"name": "Constant"})
        r = d.upload(tone(4.0))
        assert r.status in (200, 201), r
        d.wait_jobs(r.json["id"])
        cls.score = d.post(f"/tracks/{r.json['id']}/scores", {"name": "Main", "venue_id": cls.venue["id"]})
        cls.paint("#ffffff", 1)
        d.post(f"/scores/{cls.score['id']}/annotations", {"pattern_id": cls.pattern["id"], "start_time": 0, "end_time": 4})
        d.put("/show", {"venue_id": cls.venue["id"], "score_id": cls.score["id"], "mode": "score"})

    @classmethod
    def patch_in(cls, address, what, universe=1):
        return cls.d.post(f"/venues/{cls.venue['id']}/fixtures", {"universe": universe, "address": address, **what})

    @classmethod
    def paint(cls, color, level):
        cls.d.put(f"/patterns/{cls.pattern['id']}/graph", color_graph(color, level))

    def setUp(self):
        self.d.post("/show/blackout", {"on": False})
        self.open_pair()

    def test_a_constant_color_comes_back(self):
        for color, level, rgb in (("#ff0000", 1.0, (255, 0, 0)), ("#00ff80", 1.0, (0, 255, 128)), ("#ffffff", 0.5, (128, 128, 128)), ("#8040ff", 0.3, None)):
            self.paint(color, level)
            want = [int(color[k:k + 2], 16) * level for k in (1, 3, 5)]
            meant, sent = self.until(lambda m, _: all(abs(a - b) <= 1.5 for a, b in zip(m.light(0), want)))
            self.assert_same_light(meant, sent, (0, 1, 4))
            for i in (0, 1, 4):         # the two pars of universe 1 and the one of universe 7
                for got, value in zip(sent.light(i), rgb or want):
                    self.assertLessEqual(abs(got - value), 2, (color, i, sent.heads[i]))
            for i in (2, 3):            # a lamp has no colour of its own
                self.assertEqual(sent.heads[i][1:4], (255, 255, 255))
                self.assertLessEqual(abs(sent.heads[i][0] - meant.heads[i][0]), 2)

    def test_a_blackout_is_dark_on_the_wire(self):
        self.paint("#00ff00", 1)
        _, sent = self.until(lambda _, s: s.light(0) == [0, 255, 0])
        self.assertEqual(sent.light(0), [0, 255, 0])
        self.d.post("/show/blackout", {"on": True})
        _, sent = self.until(lambda _, s: not any(h[0] for h in s.heads))
        self.assertEqual([h[0] for h in sent.heads], [0] * 5)
        self.assertEqual(sent.heads[0][1:4], (0, 255, 0))              # the last hue that was seen

    def test_what_is_parked_is_only_on_the_wire(self):
        self.paint("#0000ff", 1)
        par = self.fixtures[3]["id"]
        self.d.put(f"/fixtures/{par}/park", {"channels": {"1": 255}})
        meant, sent = self.until(lambda _, s: s.light(4) == [255, 0, 255])
        self.assertEqual((meant.light(4), sent.light(4)), ([0, 0, 255], [255, 0, 255]))
        self.d.put(f"/fixtures/{par}/park", {"channels": None})
        meant, sent = self.until(lambda _, s: s.light(4) == [0, 0, 255])
        self.assert_same_light(meant, sent, (0, 1, 4))

    def test_a_new_patch_is_followed(self):
        self.paint("#0000ff", 1)
        before, _ = self.until(lambda _, s: s.light(0) == [0, 0, 255])
        more = [self.patch_in(101 + 3 * i, PAR) for i in range(20)]
        meant, sent = self.until(lambda m, s: len(s.heads) == 25 and s.light(24) == [0, 0, 255] and m.light(24) == s.light(24))
        self.assertNotEqual(meant.patch, before.patch)
        self.assert_same_light(meant, sent, [i for i in range(25) if i not in (2, 3)])
        for f in more:
            self.d.delete(f"/fixtures/{f['id']}")
        meant, sent = self.until(lambda m, s: len(s.heads) == 5 and s.light(0) == [0, 0, 255])
        self.assert_same_light(meant, sent, (0, 1, 4))

    def test_both_on_one_socket_can_be_told_apart(self):
        with self.d.socket() as ws:
            ws.subscribe("frame", "wire", max_fps=20)
            for _ in range(3):
                ws.expect(b"LMF1")
                ws.expect(b"LMW1")

    def test_the_rate_and_the_present_state(self):
        self.assertLess(self.d.first_message(b"LMW1", 0.5, "wire", max_fps=10), 0.5)
        with self.d.socket() as ws:
            ws.subscribe("wire", max_fps=10)
            ws.expect(b"LMW1")
            count = ws.count(b"LMW1", 2, 16, 24)
            self.assertTrue(16 <= count <= 24, count)
            ws.send({"type": "unsubscribe", "topics": ["wire"]})
            ws.send({"type": "ping"})
            ws.expect("pong")
            time.sleep(0.3)
            ws.send({"type": "ping"})
            self.assertEqual(ws.recv()["type"], "pong")


class Demo(Pair, unittest.TestCase):
    """Pars, beams, washes, pixel bars, strobes and square-law lamps, as the demo plays them."""

    def test_every_head_of_the_demo(self):
        self.d = Lumad("--demo")
        self.addCleanup(self.d.stop)
        end = time.monotonic() + 60
        while not self.d.get("/host-audio")["playing"]:
            self.assertLess(time.monotonic(), end, "the demo does not play")
            time.sleep(0.02)
        self.d.post("/host-audio/pause")
        duration = self.d.get("/host-audio")["duration"]
        venue = self.d.get("/show")["venue_id"]
        lamps = {f["id"] for f in self.d.get(f"/venues/{venue}/fixtures")["items"] if f["dimmer_curve"] == "square"}
        squared = {i for i, h in enumerate(self.d.get(f"/venues/{venue}/heads")["items"]) if h["fixture_id"] in lamps}
        self.assertTrue(squared)
        self.open_pair()
        lit = moved = strobed = 0
        for k in range(1, 24):
            self.d.post("/host-audio/seek", {"seconds": duration * k / 24})
            at = self.d.get("/host-audio")["current_time"]
            meant, sent = self.until(lambda m, _: abs(m.time - at) < 1e-3)
            self.assert_same_light(meant, sent, range(len(meant.heads)), squared)
            for m, s in zip(meant.heads, sent.heads):
                self.assertLessEqual(abs(m[4] - s[4]) if m[0] else s[4], 2, (m, s))
                self.assertEqual(m[5], s[5])
                self.assertLessEqual(abs(m[6] - s[6]), 25, (m, s))      # 8 bits over up to 630 degrees
                self.assertLessEqual(abs(m[7] - s[7]), 25, (m, s))
                lit, moved, strobed = lit + (s[0] > 0), moved + (s[6] != 0), strobed + (s[4] > 0)
        self.assertTrue(lit and moved and strobed, (lit, moved, strobed))


if __name__ == "__main__":
    unittest.main()
