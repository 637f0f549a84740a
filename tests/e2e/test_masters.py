"""Masters of groups and the photosensitive guard, on the bytes that are sent."""
import struct
import tempfile
import time
import unittest
import uuid

import lightmodel
from lumad import Lumad
from test_show import Rig, dimmer_graph

LONG = True


def level_of(d, group):
    return next(g["level"] for g in d.get("/show")["group_masters"] if g["group_id"] == group["id"])


class GroupMasters(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.d = Lumad()
        cls.rig = Rig(cls.d)
        cls.other = Rig(cls.d, "Other", seed=3)
        cls.left = cls.group(cls.rig, "left", None)
        cls.both = cls.group(cls.rig, "both", cls.rig.fixtures)

    @classmethod
    def tearDownClass(cls):
        cls.d.stop()

    @classmethod
    def group(cls, rig, name, fixtures):
        path = f"/venues/{rig.venue['id']}/groups"
        found = [g for g in cls.d.get(path)["items"] if g["name"] == name]
        row = found[0] if found else cls.d.post(path, {"name": name})
        if fixtures is not None:
            cls.d.put(f"/groups/{row['id']}/members", {"fixture_ids": [f["id"] for f in fixtures]})
        return row

    def setUp(self):
        self.rig.show()
        self.d.post("/show/group-master/full")
        self.d.post("/show/master", {"level": 1})
        self.d.post("/host-audio/pause")
        self.rig.seek(2)
        self.assertEqual(self.rig.settle([153, 153]), [153, 153])       # .6 * 255

    def set(self, group, level):
        return self.d.post("/show/group-master", {"group_id": group["id"], "level": level})

    def test_a_group_is_dimmed_at_once_and_alone(self):
        said = self.set(self.left, 0.5)
        self.assertEqual(self.rig.slots(), [77, 153])                   # answered when it is on the wire
        self.assertEqual({g["name"]: (g["level"], g["heads"]) for g in said["group_masters"]}, {"left": (0.5, 1), "both": (1, 2)})
        self.d.post("/show/master", {"level": 0.5})
        self.assertEqual(self.rig.slots(), [38, 77])                    # 38.25: acts once, beside the grand master
        self.set(self.left, 1)
        self.assertEqual(self.rig.slots(), [77, 77])

    def test_a_head_in_several_groups_obeys_the_lowest(self):
        self.set(self.both, 0.5)
        self.assertEqual(self.rig.slots(), [77, 77])
        self.set(self.left, 0.5)
        self.assertEqual(self.rig.slots(), [77, 77])                    # not a quarter
        self.set(self.left, 0)
        self.assertEqual(self.rig.slots(), [0, 77])
        said = self.d.post("/show/group-master/full")
        self.assertEqual(self.rig.slots(), [153, 153])
        self.assertEqual([g["level"] for g in said["group_masters"]], [1, 1])

    def test_it_acts_on_a_frozen_look_and_a_blackout_wins(self):
        self.d.post("/show/freeze", {"on": True})
        self.set(self.left, 0.5)
        self.assertEqual(self.rig.slots(), [77, 153])
        self.d.post("/show/blackout", {"on": True})
        self.assertEqual(self.rig.slots(), [0, 0])
        self.d.post("/show/blackout", {"on": False})
        self.d.post("/show/freeze", {"on": False})
        self.assertEqual(self.rig.settle([77, 153]), [77, 153])

    def test_identify_and_parks_come_behind_it(self):
        self.set(self.both, 0)
        fixture = self.rig.fixtures[0]["id"]
        self.d.post(f"/fixtures/{fixture}/identify")
        self.assertEqual(self.rig.settle([255, 0], seconds=0.5), [255, 0])
        self.d.put(f"/fixtures/{fixture}/park", {"channels": {"1": 40}})
        self.assertEqual(self.rig.settle([40, 0]), [40, 0])
        self.d.put(f"/fixtures/{fixture}/park", {"channels": None})
        self.assertEqual(self.rig.settle([0, 0]), [0, 0])

    def test_it_follows_edits_of_the_group(self):
        self.set(self.left, 0.5)
        self.d.put(f"/groups/{self.left['id']}/members", {"fixture_ids": [self.rig.fixtures[1]["id"]]})
        self.assertEqual(self.rig.settle([153, 77]), [153, 77])
        self.d.patch(f"/groups/{self.left['id']}", {"name": "right"})
        self.assertEqual(self.rig.settle([153, 77]), [153, 77])
        names = lambda: [g["name"] for g in self.d.get("/show")["group_masters"]]
        end = time.monotonic() + 3
        while "right" not in names() and time.monotonic() < end:
            time.sleep(0.02)
        self.assertIn("right", names())
        with self.d.socket() as ws:
            ws.subscribe("changes")
            self.d.delete(f"/groups/{self.left['id']}")
            ws.expect("changed", table="show")                          # what GET /show says of groups is new
        self.assertEqual(self.rig.settle([153, 153]), [153, 153])
        self.assertEqual(names(), ["both"])
        self.d.post(f"/venues/{self.rig.venue['id']}/groups", {"id": self.left["id"], "name": "left"})       # undone
        self.assertEqual(self.rig.settle([153, 77]), [153, 77])
        self.assertEqual(level_of(self.d, self.left), 0.5)
        self.d.put(f"/groups/{self.left['id']}/members", {"fixture_ids": [self.rig.fixtures[0]["id"]]})

    def test_each_venue_has_its_own(self):
        self.set(self.left, 0.5)
        self.other.show()
        elsewhere = self.d.get("/show")["group_masters"]
        self.assertEqual([(g["name"], g["level"]) for g in elsewhere], [("left", 1)])
        r = self.d.call("POST", "/show/group-master", {"group_id": self.left["id"], "level": 1})
        self.assertEqual(r.status, 409, r)                              # no fader of a room that is not on
        self.d.post("/show/group-master/full")
        self.rig.show()
        self.rig.seek(2)
        self.assertEqual(self.rig.settle([77, 153]), [77, 153])

    def test_what_it_refuses(self):
        ok = {"group_id": self.left["id"], "level": 0.5}
        for change, status in (({"level": 2}, 422), ({"level": -0.1}, 422), ({"level": "x"}, 422), ({"level": None}, 422), ({"group_id": None}, 422),
                               ({"group_id": "x"}, 409), ({"group_id": str(uuid.uuid4())}, 409), ({"more": 1}, 422)):
            r = self.d.call("POST", "/show/group-master", {**ok, **change})
            self.assertEqual(r.status, status, (change, r))
        self.assertEqual(self.rig.slots(), [153, 153])


class KeptOverARestart(unittest.TestCase):
    def test_levels_stand_where_they_were_left(self):
        with tempfile.TemporaryDirectory() as data:
            with Lumad(data=data) as d:
                rig = Rig(d)
                rig.show()
                left = d.get(f"/venues/{rig.venue['id']}/groups")["items"][0]
                d.post("/show/group-master", {"group_id": left["id"], "level": 0.5})
                d.post("/show/master", {"level": 0.5})
                rig.seek(2)
                self.assertEqual(rig.settle([38, 77]), [38, 77])
                d.post("/show/blackout", {"on": True})
            d = Lumad(data=data)
            rig.d = d
            self.assertEqual(rig.settle([38, 77], seconds=5), [38, 77])         # and the blackout is over
            self.assertEqual((d.get("/show")["master"], level_of(d, left)), (0.5, 0.5))
            d.post("/show/group-master", {"group_id": left["id"], "level": 0.25})
            time.sleep(2.5)
            d.kill()                                                            # power cut: at most a second is lost
            d.tmp.cleanup()
            with Lumad(data=data) as d:
                self.assertEqual(level_of(d, left), 0.25)


def flash_graph(steps_per_beat):
    """Everything on and off: a step sequence over the beats of the track."""
    return {"args": [{"id": "sel", "name": "Selection", "type": "selection", "default": "all"}],
            "nodes": [{"id": "a", "type": "pattern_args", "params": {}, "x": 0, "y": 0},
                      {"id": "c", "type": "beat_clock", "params": {}, "x": 0, "y": 100},
                      {"id": "s", "type": "step_sequencer", "params": {"steps": "10", "per_beat": steps_per_beat}, "x": 100, "y": 0},
                      {"id": "d", "type": "apply_dimmer", "params": {}, "x": 200, "y": 0}],
            "edges": [{"id": "e0", "from_node": "c", "from_port": "grid_out", "to_node": "s", "to_port": "grid"},
                      {"id": "e1", "from_node": "s", "from_port": "out", "to_node": "d", "to_port": "signal"},
                      {"id": "e2", "from_node": "a", "from_port": "sel", "to_node": "d", "to_port": "selection"}]}


def strobe_graph():
    return {"args": [], "nodes": [{"id": "k", "type": "scalar", "params": {"value": 0.5}, "x": 0, "y": 0},
                                  {"id": "one", "type": "scalar", "params": {"value": 1}, "x": 0, "y": 0},
                                  {"id": "s", "type": "apply_strobe", "params": {}, "x": 0, "y": 0},
                                  {"id": "d", "type": "apply_dimmer", "params": {}, "x": 0, "y": 0}],
            "edges": [{"id": "e1", "from_node": "k", "from_port": "out", "to_node": "s", "to_port": "signal"},
                      {"id": "e2", "from_node": "one", "from_port": "out", "to_node": "d", "to_port": "signal"}]}


class Guard(unittest.TestCase):
    """Eight dimmers; the tone has no beats, so the grid is the assumed one of 120 bpm: two beats a second."""

    @classmethod
    def setUpClass(cls):
        cls.d = Lumad()
        cls.rig = Rig(cls.d)
        for address in range(3, 9):
            cls.rig.fixtures.append(cls.rig.dimmer(address))
        group = cls.d.post(f"/venues/{cls.rig.venue['id']}/groups", {"name": "few"})
        cls.d.put(f"/groups/{group['id']}/members", {"fixture_ids": [f["id"] for f in cls.rig.fixtures[:2]]})
        cls.d.put(f"/tracks/{cls.rig.track['id']}/beats", {"beats": [i / 2 for i in range(9)], "downbeats": [0.0, 2.0, 4.0]})
        cls.d.patch(f"/annotations/{cls.rig.block['id']}", {"start_time": 0, "end_time": 4})
        cls.rig.show()

    @classmethod
    def tearDownClass(cls):
        cls.d.stop()

    def setUp(self):
        self.guard(False)
        self.d.patch("/settings", {"flash_limit": None})

    def guard(self, on):
        self.d.patch(f"/venues/{self.rig.venue['id']}", {"flash_guard": on})
        time.sleep(0.4)                 # the show thread follows

    def record(self, graph, seconds=3.4, sel="all"):
        """Per instant the first eight slots of universe 1, while the track plays from its start."""
        self.d.put(f"/patterns/{self.rig.pattern['id']}/graph", graph)
        self.d.patch(f"/annotations/{self.rig.block['id']}", {"args": {"sel": sel}})
        self.rig.seek(0)
        time.sleep(1.2)                 # what flashed before is forgotten
        seen = []
        with self.d.socket() as ws:
            ws.subscribe("frame", max_fps=44)
            self.d.post("/host-audio/play")
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                data = ws.recv()
                if isinstance(data, bytes) and data[:4] == b"LMF1":
                    heads, = struct.unpack_from("<H", data, 20)
                    at, = struct.unpack_from("<d", data, 12)            # the clock of the track: no hiccup of the socket is in it
                    seen.append((at, [data[22 + 10 * i] for i in range(heads)]))
        self.d.post("/host-audio/pause")
        return seen

    @staticmethod
    def rises(seen, head):
        return [t for (t, v), (_, before) in zip(seen[1:], seen) if v[head] > 128 >= before[head]]

    @staticmethod
    def most(seen, head):
        """Positions are whole audio frames: what is a second to a frame of light may be a sample less here."""
        return lightmodel.most_flashes([t for t, _ in seen], [v[head] / 255 for _, v in seen], window=0.999)

    def warning(self):
        return next((w for w in self.d.get("/system")["warnings"] if w["id"] == "guard"), None)

    def test_a_strobe_of_the_rig_is_held_to_three_and_says_so(self):
        fast = flash_graph(8)           # 8 flashes a second
        free = self.record(fast)
        self.assertGreaterEqual(self.most(free, 0), 6)
        self.assertIsNone(self.warning())
        self.guard(True)
        held = self.record(fast)
        for head in (0, 7):
            rises = self.rises(held, head)
            self.assertLessEqual(self.most(held, head), 3, rises)
            self.assertGreaterEqual(len(rises), 5, rises)
        said = self.warning()
        self.assertIn("3 times a second", said["message"])
        end = time.monotonic() + 9
        while self.warning() and time.monotonic() < end:
            time.sleep(0.2)
        self.assertIsNone(self.warning())                               # over
        self.assertIn("photosensitive guard acts", self.d.log.read_text())

    def test_the_limit_is_a_setting(self):
        self.d.patch("/settings", {"flash_limit": 1})
        self.guard(True)
        held = self.record(flash_graph(8))
        self.assertEqual(self.most(held, 3), 1, self.rises(held, 3))
        self.assertEqual(self.d.call("PATCH", "/settings", {"flash_limit": 11}).status, 422)

    def test_slow_flashes_and_few_heads_pass(self):
        self.guard(True)
        slow = self.rises(self.record(flash_graph(2)), 5)
        self.assertIn(len(slow), (6, 7), slow)                          # 2 a second
        few = self.record(flash_graph(8), sel="few")
        self.assertGreaterEqual(self.most(few, 1), 6)
        self.assertIsNone(self.warning())

    def test_a_strobe_made_by_lumad_counts(self):
        """Dimmers have no strobe channel: lumad strobes them on intensity, behind the frame."""
        self.d.put(f"/patterns/{self.rig.pattern['id']}/graph", strobe_graph())
        self.d.patch(f"/annotations/{self.rig.block['id']}", {"args": {"sel": "all"}})
        self.rig.seek(2)
        self.guard(True)
        time.sleep(1.2)
        for _ in range(5):                                              # who looks too seldom, on a busy machine, misses some, but sees none that is not there
            flips, last, end = 0, None, time.monotonic() + 3
            while time.monotonic() < end:
                now = self.rig.slots(8)
                self.assertEqual(len(set(now)), 1, now)
                flips += last == 0 and now[0] == 255
                last = now[0]
                time.sleep(0.004)
            self.assertLessEqual(flips, 10)                             # three a second for three seconds, not ten
            if flips >= 6:
                break
        self.assertGreaterEqual(flips, 6)
        self.assertIsNotNone(self.warning())

    def test_blackout_is_never_late(self):
        self.guard(True)
        self.d.put(f"/patterns/{self.rig.pattern['id']}/graph", dimmer_graph(1))
        self.d.patch(f"/annotations/{self.rig.block['id']}", {"args": {"sel": "all"}})
        self.rig.seek(2)
        time.sleep(1.2)
        for _ in range(5):
            self.d.post("/show/blackout", {"on": True})
            self.assertEqual(self.rig.slots(8), [0] * 8)
            self.d.post("/show/blackout", {"on": False})
        self.assertEqual(self.rig.settle([255] * 8), [255] * 8)         # back, as soon as flashes allow


if __name__ == "__main__":
    unittest.main()
