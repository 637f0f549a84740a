"""The show on the engine: what PUT /show, the masters, edits and losses do to the bytes that are sent."""
import json
import socket
import tempfile
import time
import unittest

from lumad import Lumad, tone

SACN_PORT = 5568


def dimmer_graph(value):
    """A constant intensity on the arg `sel`."""
    return {"args": [{"id": "sel", "name": "Selection", "type": "selection", "default": "all"},
                     {"id": "level", "name": "Level", "type": "scalar", "default": value}],
            "nodes": [{"id": "a", "type": "pattern_args", "params": {}, "x": 0, "y": 0},
                      {"id": "d", "type": "apply_dimmer", "params": {}, "x": 200, "y": 0}],
            "edges": [{"id": "e1", "from_node": "a", "from_port": "level", "to_node": "d", "to_port": "signal"},
                      {"id": "e2", "from_node": "a", "from_port": "sel", "to_node": "d", "to_port": "selection"}]}


class Rig:
    """A venue with two dimmers, a pattern, a track and a score that lights them at .6 from 1 s to 3 s."""

    def __init__(self, d, name="Club", seed=0):
        self.d = d
        self.venue = d.post("/venues", {"name": name})
        self.fixtures = [self.dimmer(1), self.dimmer(2)]
        group = d.post(f"/venues/{self.venue['id']}/groups", {"name": "left"})
        d.put(f"/groups/{group['id']}/members", {"fixture_ids": [self.fixtures[0]["id"]]})
        self.pattern = d.post("/patterns", {"name": f"Constant {name}"})
        d.put(f"/patterns/{self.pattern['id']}/graph", dimmer_graph(0.6))
        r = d.upload(tone(4.0, seed=seed), f"tone{seed}.wav")
        assert r.status in (200, 201), r
        self.track = r.json
        d.wait_jobs(self.track["id"])
        self.score = d.post(f"/tracks/{self.track['id']}/scores", {"name": "Main", "venue_id": self.venue["id"]})
        self.block = self.annotate(1, 3)

    def dimmer(self, address, universe=1):
        return self.d.post(f"/venues/{self.venue['id']}/fixtures", {
            "universe": universe, "address": address, "fixture_path": "builtin:generic-dimmer", "mode_name": "1 Channel", "label": f"dimmer {address}"})

    def annotate(self, start, end, **more):
        return self.d.post(f"/scores/{self.score['id']}/annotations", {"pattern_id": self.pattern["id"], "start_time": start, "end_time": end, **more})

    def show(self, mode="score"):
        return self.d.put("/show", {"venue_id": self.venue["id"], "score_id": self.score["id"], "mode": mode})

    def seek(self, seconds):
        self.d.post("/host-audio/seek", {"seconds": seconds})

    def slots(self, n=2, universe=1):
        r = self.d.call("GET", f"/dmx/universes/{universe}")
        return r.json["slots"][:n] if r.status == 200 else None         # a universe comes and goes with what is on it

    def settle(self, want, universe=1, seconds=2):
        """The bytes once they are `want`, or what they are in the end."""
        end = time.monotonic() + seconds
        while True:
            got = self.slots(len(want), universe)
            if got == want or time.monotonic() > end:
                return got
            time.sleep(0.01)


class Show(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.d = Lumad()
        cls.rig = Rig(cls.d)
        cls.other = Rig(cls.d, "Other", seed=3)

    @classmethod
    def tearDownClass(cls):
        cls.d.stop()

    def setUp(self):
        self.rig.show()
        self.d.post("/host-audio/pause")
        self.rig.seek(2)
        self.assertEqual(self.rig.settle([153, 153]), [153, 153])       # .6 * 255

    def test_an_annotation_is_half_open(self):
        for at, want in ((0.5, 0), (1.0, 153), (2.99, 153), (3.0, 0)):
            self.rig.seek(at)
            self.assertEqual(self.rig.settle([want, want]), [want, want], at)

    def test_put_show_answers_when_the_light_is_there(self):
        self.d.put("/show", {"mode": "off"})
        time.sleep(0.1)
        self.assertEqual(self.rig.slots(), [0, 0])
        self.rig.show()
        self.assertEqual(self.rig.slots(), [153, 153])                  # at once, not after a while

    def test_masters(self):
        self.d.post("/show/master", {"level": 0.5})
        self.assertEqual(self.rig.slots(), [77, 77])                    # 76.5 rounds up
        self.d.post("/show/blackout", {"on": True})
        self.assertEqual(self.rig.slots(), [0, 0])
        self.assertTrue(self.d.get("/show")["blackout"])
        self.d.post("/show/blackout", {"on": False})
        self.d.post("/show/master", {"level": 1})
        self.assertEqual(self.rig.slots(), [153, 153])
        for body in ({"level": 2}, {"level": "x"}, {}, {"level": None}):
            self.assertIn(self.d.call("POST", "/show/master", body).status, (400, 422), body)

    def test_another_hand_on_the_masters_is_announced(self):
        with self.d.socket() as ws:
            ws.subscribe("changes")
            self.d.post("/show/blackout", {"on": True})
            ws.expect("changed", table="show")
            self.d.post("/show/blackout", {"on": False})
            ws.expect("changed", table="show")

    def test_freeze_holds_and_blackout_still_works(self):
        self.d.post("/show/freeze", {"on": True})
        self.rig.seek(0)
        time.sleep(0.1)
        self.assertEqual(self.rig.slots(), [153, 153])
        self.d.post("/show/blackout", {"on": True})
        self.assertEqual(self.rig.slots(), [0, 0])
        self.d.post("/show/blackout", {"on": False})
        self.assertEqual(self.rig.slots(), [153, 153])
        self.d.post("/show/freeze", {"on": False})
        self.assertEqual(self.rig.slots(), [0, 0])

    def test_the_venue_can_be_held_down(self):
        self.d.patch(f"/venues/{self.rig.venue['id']}", {"max_brightness": 0.5})
        self.assertEqual(self.rig.settle([77, 77]), [77, 77])
        self.d.patch(f"/venues/{self.rig.venue['id']}", {"max_brightness": 1})
        self.assertEqual(self.rig.settle([153, 153]), [153, 153])

    def test_an_edit_is_on_the_wire_at_once(self):
        took = []
        for value, want in ((0.2, 51), (0.8, 204), (1.0, 255), (0.6, 153)):
            start = time.monotonic()
            self.d.patch(f"/annotations/{self.rig.block['id']}", {"args": {"level": value}})
            self.assertEqual(self.rig.settle([want, want]), [want, want])
            took.append(time.monotonic() - start)
        self.d.patch(f"/annotations/{self.rig.block['id']}", {"args": {}})
        self.assertLess(min(took), 0.5)                                 # generous: a busy machine, not the promise

    def test_layers_and_selections(self):
        top = self.rig.annotate(1.5, 2.5, z_index=5, blend_mode="multiply", args={"sel": "left", "level": 0.5})
        self.assertEqual(self.rig.settle([77, 153]), [77, 153])
        self.d.patch(f"/annotations/{top['id']}", {"args": {"sel": "~left", "level": 0.5}, "blend_mode": "add"})
        self.assertEqual(self.rig.settle([153, 255]), [153, 255])
        self.d.delete(f"/annotations/{top['id']}")
        self.assertEqual(self.rig.settle([153, 153]), [153, 153])

    def test_a_moved_fixture_leaves_no_light_behind(self):
        second = self.rig.fixtures[1]["id"]
        self.d.patch(f"/fixtures/{second}", {"address": 10})
        self.assertEqual(self.rig.settle([153, 0, 0, 0, 0, 0, 0, 0, 0, 153]), [153] + [0] * 8 + [153])
        self.d.patch(f"/fixtures/{second}", {"universe": 3, "address": 512})
        self.assertEqual(self.rig.settle([0] * 511 + [153], 3)[-1:], [153])
        self.d.patch(f"/fixtures/{second}", {"universe": 1, "address": 2})
        self.assertEqual(self.rig.settle([153, 153]), [153, 153])
        self.assertEqual(self.d.call("GET", "/dmx/universes/3").status, 404)

    def test_a_broken_graph_is_dark_says_so_and_stops_nothing(self):
        path = f"/patterns/{self.rig.pattern['id']}/graph"
        broken = dimmer_graph(0.6)
        broken["nodes"].append({"id": "x", "type": "no_such_node", "params": {}, "x": 0, "y": 0})
        stored = self.d.put(path, broken)
        self.assertEqual([(e["node"], e["code"]) for e in stored["errors"]], [("x", "unknown_node")])
        self.assertEqual(self.rig.settle([0, 0]), [0, 0])
        end = time.monotonic() + 5
        while time.monotonic() < end and not any(w["id"].startswith("graph.") for w in self.d.get("/system")["warnings"]):
            time.sleep(0.05)
        self.assertTrue(any("x" in w["message"] for w in self.d.get("/system")["warnings"] if w["id"].startswith("graph.")))
        self.d.put(path, dimmer_graph(0.6))
        self.assertEqual(self.rig.settle([153, 153]), [153, 153])

    def test_an_argument_that_cannot_be_read_is_said(self):
        def said():
            return [w["message"] for w in self.d.get("/system")["warnings"] if w["id"].startswith("graph.")]

        self.d.patch(f"/annotations/{self.rig.block['id']}", {"args": {"sel": "left &"}})
        end = time.monotonic() + 5
        while time.monotonic() < end and not said():
            time.sleep(0.05)
        self.assertIn("default", said()[0])
        self.assertEqual(self.rig.settle([153, 153]), [153, 153])      # and the default plays
        self.d.patch(f"/annotations/{self.rig.block['id']}", {"args": {}})

    def test_a_deleted_track_is_not_played_on(self):
        r = self.d.upload(tone(4.0, seed=77), "gone.wav")
        self.d.wait_jobs(r.json["id"])
        self.d.post("/host-audio/load-track", {"track_id": r.json["id"]})
        self.d.post("/host-audio/play")
        self.d.delete(f"/tracks/{r.json['id']}")
        end = time.monotonic() + 3
        while time.monotonic() < end and self.d.get("/host-audio")["loaded"]:
            time.sleep(0.02)
        self.assertFalse(self.d.get("/host-audio")["loaded"])

    def test_names_are_not_empty(self):
        self.assertEqual(self.d.call("PATCH", f"/scores/{self.rig.score['id']}", {"name": " "}).status, 422)

    def test_another_track_gives_no_score_light_and_a_warning(self):
        self.d.post("/host-audio/load-track", {"track_id": self.other.track["id"]})
        self.rig.seek(2)
        self.assertEqual(self.rig.settle([0, 0]), [0, 0])
        end = time.monotonic() + 5
        while time.monotonic() < end and not any(w["id"] == "score.track" for w in self.d.get("/system")["warnings"]):
            time.sleep(0.05)
        self.assertIn("score.track", [w["id"] for w in self.d.get("/system")["warnings"]])
        self.assertEqual(self.rig.show()["track_id"], self.rig.track["id"])     # PUT /show loads the right one
        self.assertEqual(self.d.get("/host-audio")["track_id"], self.rig.track["id"])

    def test_what_put_show_refuses(self):
        d, v, s = self.d, self.rig.venue["id"], self.rig.score["id"]
        before = d.get("/show")
        for body, status in (({"venue_id": "x"}, 422), ({"venue_id": 3}, 422), ({"mode": "party"}, 422), ({"nonsense": 1}, 422), ([], 400),
                             ({"score_id": "00000000-0000-4000-8000-000000000000"}, 422),
                             ({"venue_id": self.other.venue["id"], "score_id": s, "mode": "score"}, 422)):
            r = d.call("PUT", "/show", body)
            self.assertEqual(r.status, status, (body, r))
        self.assertEqual(d.get("/show"), before)
        self.assertEqual(d.call("PUT", "/show", {"venue_id": v, "score_id": s, "mode": "score"}).status, 200)

    def test_a_score_without_a_venue_plays_in_any(self):
        free = self.d.post(f"/tracks/{self.rig.track['id']}/scores", {"name": "Free"})
        self.d.post(f"/scores/{free['id']}/annotations", {"pattern_id": self.rig.pattern["id"], "start_time": 0, "end_time": 4, "args": {"level": 1}})
        self.d.put("/show", {"venue_id": self.rig.venue["id"], "score_id": free["id"]})
        self.assertEqual(self.rig.settle([255, 255]), [255, 255])
        self.assertEqual(self.d.get("/show")["venue_id"], self.rig.venue["id"])

    def test_host_audio_refuses_what_cannot_be(self):
        d = self.d
        for path, body, status in (("seek", {"seconds": -1}, (400, 422)), ("seek", {"seconds": 1e9}, (422,)), ("seek", {"seconds": "2"}, (400, 422)),
                                   ("seek", {}, (400, 422)), ("loop", {"enabled": True, "start": 3, "end": 1}, (422,)),
                                   ("load-track", {"track_id": "00000000-0000-4000-8000-000000000000"}, (404, 422)),
                                   ("load-track", {}, (400, 422)), ("volume", {"db": 12}, (422,)),
                                   ("load-segment", {"track_id": self.rig.track["id"], "start_time": 3, "end_time": 1}, (422,))):
            r = d.call("POST", f"/host-audio/{path}", body)
            self.assertIn(r.status, status, (path, body, r))
        self.assertEqual(self.rig.slots(), [153, 153])

    def test_transport(self):
        d = self.d
        d.post("/host-audio/loop", {"enabled": True, "start": 1.0, "end": 1.5})
        self.rig.seek(1.2)
        d.post("/host-audio/play")
        seen, end = [], time.monotonic() + 1.5
        while time.monotonic() < end:
            seen.append(d.get("/host-audio")["current_time"])
            time.sleep(0.02)
        d.post("/host-audio/pause")
        d.post("/host-audio/loop", {"enabled": False, "start": 0, "end": 0})
        self.assertTrue(all(0.95 <= t <= 1.55 for t in seen), (min(seen), max(seen)))
        self.assertGreaterEqual(sum(b < a for a, b in zip(seen, seen[1:])), 2)       # it went round
        self.rig.seek(3.9)
        d.post("/host-audio/play")
        time.sleep(0.5)
        state = d.get("/host-audio")
        self.assertFalse(state["playing"])                              # the end stops it
        d.post("/host-audio/play")                                      # and play at the end starts over
        self.assertLess(d.get("/host-audio")["current_time"], 1)
        d.post("/host-audio/pause")
        d.post("/host-audio/load-segment", {"track_id": self.rig.track["id"], "start_time": 1.0, "end_time": 1.4})
        d.post("/host-audio/play")
        time.sleep(0.8)
        state = d.get("/host-audio")
        self.assertFalse(state["playing"])
        self.assertAlmostEqual(state["current_time"], 1.4, delta=0.05)
        self.d.post("/host-audio/load-track", {"track_id": self.rig.track["id"]})

    def test_identify(self):
        self.rig.seek(0)
        self.assertEqual(self.rig.settle([0, 0]), [0, 0])
        self.d.post(f"/fixtures/{self.rig.fixtures[1]['id']}/identify")
        self.assertEqual(self.rig.settle([0, 255], seconds=0.5), [0, 255])
        self.assertEqual(self.rig.settle([0, 0], seconds=2), [0, 0])
        self.assertEqual(self.d.call("POST", f"/fixtures/{self.other.fixtures[0]['id']}/identify").status, 409)

    def test_a_removed_output_ends_its_stream(self):
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        here = "127.0.0.78"                     # other tests send to 127.0.0.1
        s.bind((here, SACN_PORT))
        s.settimeout(5)
        out = self.d.post(f"/venues/{self.rig.venue['id']}/outputs", {"universe": 1, "protocol": "sacn", "destination": here})
        data = s.recv(1024)
        self.assertEqual(data[4:13], b"ASC-E1.17")
        self.d.delete(f"/outputs/{out['id']}")
        terminated, s_end = 0, time.monotonic() + 3
        s.settimeout(0.5)
        try:
            while time.monotonic() < s_end:
                terminated += s.recv(1024)[112] >> 6 & 1
        except TimeoutError:
            pass
        s.close()
        self.assertEqual(terminated, 3)

    def test_a_deleted_venue_ends_the_show_not_lumad(self):
        rig = Rig(self.d, "Short", seed=9)
        rig.show()
        rig.seek(2)
        self.assertEqual(rig.settle([153, 153]), [153, 153])
        self.d.delete(f"/venues/{rig.venue['id']}")
        end = time.monotonic() + 3
        while time.monotonic() < end and self.d.get("/show")["venue_id"]:
            time.sleep(0.02)
        self.assertIsNone(self.d.get("/show")["venue_id"])
        self.assertEqual(self.d.get("/health")["status"], "ok")


class StartsByItself(unittest.TestCase):
    def test_autoplay_and_resume(self):
        with tempfile.TemporaryDirectory() as data:
            d = Lumad(data=data)
            rig = Rig(d)
            for body, status in (({"enabled": True}, 422), ({"enabled": "yes"}, 422), ({"repeat": "often"}, 422), ({"x": 1}, 422)):
                self.assertEqual(d.call("PUT", "/show/autoplay", body).status, status, body)
            self.assertFalse(d.get("/show/autoplay")["enabled"])
            d.put("/show/autoplay", {"enabled": True, "venue_id": rig.venue["id"], "score_id": rig.score["id"], "repeat": "loop", "resume": False})
            d.stop()

            d = rig.d = Lumad(data=data)
            end = time.monotonic() + 5
            while time.monotonic() < end and not d.get("/host-audio")["playing"]:
                time.sleep(0.02)
            state = d.get("/host-audio")
            self.assertTrue(state["playing"] and state["loop"]["enabled"], state)
            self.assertEqual(d.get("/show")["mode"], "score")
            self.assertEqual(rig.settle([153, 153], seconds=4), [153, 153])
            d.put("/show/autoplay", {"enabled": False})
            d.post("/host-audio/loop", {"enabled": True, "start": 1, "end": 3})
            d.post("/host-audio/seek", {"seconds": 1.5})
            time.sleep(1.5)                                             # the position is kept each second
            d.kill()                                                    # as a power cut does

            d = rig.d = Lumad(data=data)
            end = time.monotonic() + 5
            while time.monotonic() < end and not d.get("/host-audio")["playing"]:
                time.sleep(0.02)
            state = d.get("/host-audio")
            self.assertTrue(state["playing"] and state["loop"]["enabled"], state)
            self.assertTrue(1 <= state["current_time"] <= 3, state)
            self.assertEqual(rig.settle([153, 153]), [153, 153])
            d.post("/host-audio/pause")
            d.stop()

            d = Lumad(data=data)                                        # stopped by hand and paused: it stays paused
            time.sleep(0.5)
            self.assertFalse(d.get("/host-audio")["playing"])
            self.assertEqual(d.get("/show")["score_id"], rig.score["id"])
            d.stop()

    def test_a_pause_stops_a_start_that_is_still_loading(self):
        with tempfile.TemporaryDirectory() as data:
            d = Lumad(data=data)
            rig = Rig(d)
            d.put("/show/autoplay", {"enabled": True, "venue_id": rig.venue["id"], "score_id": rig.score["id"], "repeat": "loop"})
            d.stop()
            d = Lumad(data=data)
            d.post("/host-audio/pause")
            time.sleep(1)
            self.assertFalse(d.get("/host-audio")["playing"])
            d.post("/host-audio/play")
            self.assertTrue(d.get("/host-audio")["playing"])
            d.stop()


if __name__ == "__main__":
    unittest.main()
