"""Light that was made once is there again: undo, the other implementation, another score; bounded by the setting, and errors of far blocks are known."""
import time
import unittest

from lumad import Lumad, tone

LONG = True

HEADS = 64


def chase(level):
    """Every head differs at every moment, between a level and a tenth more."""
    nodes = [("a", "pattern_args", {}), ("i", "get_attribute", {"attribute": "normalized_index"}), ("clock", "beat_clock", {}), ("wave", "sine_wave", {}),
             ("sum", "math", {"operation": "add"}), ("round", "modulo", {"divisor": 1}),
             ("part", "remap", {"in_min": 0, "in_max": 1, "out_min": level, "out_max": level + 0.1}), ("d", "apply_dimmer", {})]
    edges = [("a.sel", "i.selection"), ("clock.grid_out", "wave.grid"), ("i.out", "sum.a"), ("wave.out", "sum.b"), ("sum.out", "round.in"), ("round.out", "part.in"),
             ("part.out", "d.signal"), ("a.sel", "d.selection")]
    return {"args": [{"id": "sel", "name": "Selection", "type": "selection", "default": "all"}],
            "nodes": [{"id": i, "type": t, "params": p, "x": 0, "y": 0} for i, t, p in nodes],
            "edges": [{"id": str(k), "from_node": a.split(".")[0], "from_port": a.split(".")[1], "to_node": b.split(".")[0], "to_port": b.split(".")[1]}
                      for k, (a, b) in enumerate(edges)]}


class LayerCache(unittest.TestCase):
    def setUp(self):
        self.d = d = Lumad()
        self.addCleanup(d.stop)
        d.patch("/settings", {"stems": "demand"})               # nothing here listens to them
        self.venue = d.post("/venues", {"name": "Hall"})["id"]
        for i in range(HEADS):
            d.post(f"/venues/{self.venue}/fixtures", {"universe": 1, "address": i + 1, "fixture_path": "builtin:generic-dimmer", "mode_name": "1 Channel"})
        self.pattern = d.post("/patterns", {"name": "Chase"})["id"]
        self.assertEqual(d.put(f"/patterns/{self.pattern}/graph", chase(0.2))["errors"], [])
        self.track = d.upload(tone(60), "tone.wav").json["id"]
        d.wait_jobs(self.track)
        self.scores = [d.post(f"/tracks/{self.track}/scores", {"name": n, "venue_id": self.venue})["id"] for n in ("One", "Two")]
        for i, score in enumerate(self.scores):
            rows = [{"pattern_id": self.pattern, "start_time": k * 6, "end_time": k * 6 + 6, "seed": i + 1} for k in range(10)]
            d.post(f"/scores/{score}/batch", {"create": rows})
        self.put_on(0)
        d.post("/host-audio/seek", {"seconds": 3})
        self.lit(0.2)

    def put_on(self, n):
        self.d.put("/show", {"venue_id": self.venue, "score_id": self.scores[n], "mode": "score"})

    def stats(self):
        return self.d.get("/system")["dmx"]

    def lit(self, level):
        """Until the rig shows it."""
        end = time.monotonic() + 10
        while not all(level * 255 - 1 <= v <= (level + 0.1) * 255 + 1 for v in self.d.get("/dmx/universes/1")["slots"][:HEADS]):
            self.assertLess(time.monotonic(), end, f"never at {level}")
            time.sleep(0.01)

    def settled(self):
        """Until nothing is compiled or made any more."""
        was, since = None, time.monotonic()
        while time.monotonic() < since + 0.35:
            s = self.stats()
            now = s["layers_compiled"], s["tiles"]
            if now != was:
                was, since = now, time.monotonic()
            time.sleep(0.05)
        return s

    def there_and_back(self, away, back, found):
        """`away` makes light anew; `back` finds what was there and makes none."""
        before = self.settled()
        away()
        self.lit(0.5)
        between = self.settled()
        self.assertGreater(between["layers_compiled"], before["layers_compiled"])
        self.assertGreaterEqual(between["layers_kept"], found)
        back()
        self.lit(0.2)
        after = self.settled()
        self.assertEqual((after["layers_compiled"], after["tiles"]), (between["layers_compiled"], between["tiles"]))
        self.assertGreaterEqual(after["layers_found"], between["layers_found"] + found)

    def test_a_graph_that_is_put_back(self):
        graph = f"/patterns/{self.pattern}/graph"
        self.there_and_back(lambda: self.d.put(graph, chase(0.5)), lambda: self.d.put(graph, chase(0.2)), 10)

    def test_the_other_implementation(self):
        d = self.d
        other = d.post(f"/patterns/{self.pattern}/implementations", {"name": "B"})["id"]
        d.patch(f"/implementations/{other}", {"graph": chase(0.5)})
        override = f"/venues/{self.venue}/overrides/{self.pattern}"
        self.there_and_back(lambda: d.put(override, {"implementation_id": other}), lambda: d.delete(override), 10)

    def test_undo_of_a_graph(self):
        d = self.d
        one = f"/implementations/{d.get(f'/patterns/{self.pattern}')['default_implementation_id']}"

        def undo():
            place = d.call("GET", one + "/history")
            r = d.call("POST", one + "/undo", {}, {"If-Match": place.headers["ETag"]} if place.headers["ETag"] else {})
            self.assertEqual(r.status, 200, r)
        self.there_and_back(lambda: d.patch(one, {"graph": chase(0.5)}), undo, 10)

    def test_an_edit_of_one_block_makes_one_layer(self):
        d = self.d
        block = d.get(f"/scores/{self.scores[0]}/annotations?limit=100")["items"][5]
        before = self.settled()
        d.patch(f"/annotations/{block['id']}", {"seed": 99})
        d.get("/show/layer-errors")
        edited = self.settled()
        self.assertEqual(edited["layers_compiled"], before["layers_compiled"] + 1)
        self.assertEqual(edited["layers_kept"], before["layers_kept"] + 1)
        d.patch(f"/annotations/{block['id']}", {"seed": block["seed"]})
        time.sleep(0.3)
        again = self.settled()
        self.assertEqual(again["layers_compiled"], edited["layers_compiled"])
        self.assertEqual(again["layers_found"], edited["layers_found"] + 1)

    def test_another_score_and_back(self):
        self.settled()
        self.put_on(1)
        self.lit(0.2)
        other = self.settled()
        self.assertGreaterEqual(other["layers_kept"], 10)
        self.put_on(0)
        self.lit(0.2)
        back = self.settled()
        self.assertEqual((back["layers_compiled"], back["tiles"]), (other["layers_compiled"], other["tiles"]))
        self.assertGreaterEqual(back["layers_found"], other["layers_found"] + 10)

    def test_what_is_moved_or_grouped_is_another_light(self):
        """What graphs read of the venue is part of what a layer is known by."""
        d = self.d
        fixture = d.get(f"/venues/{self.venue}/fixtures?limit=100")["items"][0]
        for change in ({"pos_x": 3.5}, {"rot_z": 0.5}):
            before = self.settled()
            d.patch(f"/fixtures/{fixture['id']}", change)
            time.sleep(0.3)
            self.assertGreaterEqual(self.settled()["layers_compiled"], before["layers_compiled"] + 10, change)
        for method, path, body in (("post", f"/venues/{self.venue}/groups", {"name": "few"}),):
            before = self.settled()
            group = getattr(d, method)(path, body)["id"]
            time.sleep(0.3)
            self.assertGreaterEqual(self.settled()["layers_compiled"], before["layers_compiled"] + 10)
        before = self.settled()
        d.put(f"/groups/{group}/members", {"fixture_ids": [fixture["id"]]})
        time.sleep(0.3)
        self.assertGreaterEqual(self.settled()["layers_compiled"], before["layers_compiled"] + 10)
        before = self.settled()
        d.put(f"/tracks/{self.track}/beats", {"beats": [i * 0.6 for i in range(90)], "downbeats": [i * 2.4 for i in range(22)], "bpm": 100, "beats_per_bar": 4})
        time.sleep(0.3)
        self.assertGreaterEqual(self.settled()["layers_compiled"], before["layers_compiled"] + 10)

    def test_the_setting_is_the_limit(self):
        d = self.d
        d.patch("/settings", {"layer_cache_mb": 32})
        for i in range(40):                     # each is 10 layers of a few tiles
            d.put(f"/patterns/{self.pattern}/graph", chase(0.2 + i * 0.01))
            self.assertLessEqual(self.stats()["layer_bytes"], 34 << 20)
        s = self.settled()
        self.assertEqual(s["layer_cache_bytes"], 32 << 20)
        self.assertGreater(s["layers_kept"], 0)
        self.assertLessEqual(s["layer_bytes"], 32 << 20)
        self.assertEqual(d.call("PATCH", "/settings", {"layer_cache_mb": 1}).status, 422)

    def test_what_is_wrong_far_away_is_known_at_once(self):
        d = self.d
        broken = d.post("/patterns", {"name": "Broken"})["id"]
        d.put(f"/patterns/{broken}/graph", {"args": [], "edges": [], "nodes": [{"id": "x", "type": "no_such_node", "params": {}, "x": 0, "y": 0}]})
        rows = [{"pattern_id": broken, "start_time": 1000 + k, "end_time": 1001 + k} for k in range(30)]
        made = d.post(f"/scores/{self.scores[0]}/batch", {"create": rows})
        end = time.monotonic() + 10
        while len(d.get("/show/layer-errors")["items"]) < 30:
            self.assertLess(time.monotonic(), end, made)
            time.sleep(0.05)


if __name__ == "__main__":
    unittest.main()
