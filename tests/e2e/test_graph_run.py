"""POST /graph/run: what nodes give, what they cost, and where it ends."""
import http.client
import json
import threading
import time
import unittest

from lumad import BASE, Lumad
from test_show import dimmer_graph

NO_LIGHT = True

# Work that takes long and is allowed: each head's noise, octave by octave, over an hour.
HEADS = 512


def heavy_graph(nodes=24):
    n = [{"id": "a", "type": "pattern_args", "params": {}}, {"id": "i", "type": "get_attribute", "params": {}}]
    e = [{"id": "s", "from_node": "a", "from_port": "sel", "to_node": "i", "to_port": "selection"}]
    before = ("i", "out")
    for k in range(nodes):
        n.append({"id": f"n{k}", "type": "noise", "params": {"octaves": 8}})
        e.append({"id": f"e{k}", "from_node": before[0], "from_port": before[1], "to_node": f"n{k}", "to_port": "x"})
        before = (f"n{k}", "out")
    n.append({"id": "d", "type": "apply_dimmer", "params": {}})
    e.append({"id": "last", "from_node": before[0], "from_port": before[1], "to_node": "d", "to_port": "signal"})
    return {"args": [{"id": "sel", "name": "Selection", "type": "selection", "default": "all"}], "nodes": n, "edges": e}


class Run(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.d = Lumad()
        cls.venue = cls.d.post("/venues", {"name": "Hall"})
        for universe in range(1, HEADS // 512 + 1):
            cls.d.post(f"/venues/{cls.venue['id']}/fixtures", {"universe": universe, "address": 1, "fixture_path": "builtin:generic-dimmer", "mode_name": "512 Channels"})
        heads = cls.d.get(f"/venues/{cls.venue['id']}/heads")["items"]
        assert len(heads) == HEADS, len(heads)

    @classmethod
    def tearDownClass(cls):
        cls.d.stop()

    def body(self, graph, start=0, end=2, **more):
        return {"graph": graph, "context": {"venue_id": self.venue["id"], "start": start, "end": end}, **more}

    def run_it(self, *args, **more):
        return self.d.post("/graph/run", self.body(*args, **more))

    def test_every_node_that_runs_is_timed(self):
        r = self.run_it(heavy_graph(3))
        self.assertEqual([t["node"] for t in r["timings"]], ["n0", "n1", "n2"])         # the attribute is a constant
        self.assertTrue(all(t["us"] > 0 for t in r["timings"]), r["timings"])
        self.assertLessEqual(sum(t["us"] for t in r["timings"]), r["run_us"])
        self.assertGreater(r["compile_us"], 0)
        self.assertEqual(r["layer"], {"heads": HEADS, "samples": 120})
        self.assertEqual((r["views"], r["errors"]), ({}, []))

    def test_any_node_may_be_looked_at(self):
        g = dimmer_graph(0.6)
        r = self.run_it(g, views=[{"node": "a"}, {"node": "a", "port": "level"}, {"node": "a", "port": "sel"}])
        self.assertEqual(sorted(r["views"]), ["a", "a/level", "a/sel"])
        self.assertEqual((r["views"]["a"]["type"], r["views"]["a/sel"]["type"]), ("selection", "selection"))
        self.assertEqual(len(r["views"]["a/sel"]["heads"]), HEADS)
        row = r["views"]["a/level"]["rows"][0]
        self.assertEqual([round(row[k][0], 6) for k in ("min", "max", "mean")], [0.6] * 3)
        self.assertEqual(self.run_it(g, views=False)["views"], {})
        self.assertEqual(self.run_it(g, views=[])["views"], {})

    def test_view_nodes_are_shown_beside_them(self):
        g = dimmer_graph(0.6)
        g["nodes"].append({"id": "view 0.0", "type": "view_signal", "params": {}})      # the name that would have been taken
        g["edges"].append({"id": "v", "from_node": "a", "from_port": "level", "to_node": "view 0.0", "to_port": "in"})
        self.assertEqual(sorted(self.run_it(g, views=[{"node": "a", "port": "level"}])["views"]), ["a/level", "view 0.0"])

    def test_a_wish_that_cannot_be_met_is_named(self):
        for wish, path in (([{"node": "zzz"}], "/views/0"), ([{"node": "a"}, 3], "/views/1"), ([{"node": "d"}], "/views/0"), ("a", "/views"), ([{"node": "a"}] * 33, "/views")):
            r = self.d.call("POST", "/graph/run", self.body(dimmer_graph(1), views=wish))
            self.assertEqual((r.status, r.json["errors"][0]["path"]), (422, path), r)
        r = self.run_it(dimmer_graph(1), views=[{"node": "a", "port": "zzz"}])          # as with any wire to nowhere
        self.assertTrue(r["errors"])

    def test_a_hostile_graph_is_given_up_in_words(self):
        t = time.monotonic()
        r = self.d.call("POST", "/graph/run", self.body(heavy_graph(100), end=3600))
        took = time.monotonic() - t
        self.assertEqual((r.status, r.json["code"]), (422, "invalid"), r)
        self.assertIn("longer than 5 s", r.json["detail"])
        self.assertLess(took, 12)

    def begin(self, graph, **more):
        c = http.client.HTTPConnection("127.0.0.1", self.d.port, timeout=60)
        c.request("POST", BASE + "/graph/run", json.dumps(self.body(graph, **more)), {"Content-Type": "application/json"})
        return c

    def test_one_runs_at_a_time_and_the_show_goes_on(self):
        c = self.begin(heavy_graph(100), end=3600)
        try:
            end = time.monotonic() + 4
            while (r := self.d.call("POST", "/graph/run", self.body(dimmer_graph(1)))).status == 200 and time.monotonic() < end:
                time.sleep(0.01)
            self.assertEqual((r.status, r.json["code"]), (503, "busy"), r)
            t = time.monotonic()
            self.d.put("/show", {"venue_id": self.venue["id"]})                         # slow as well, and not in its way
            self.d.post("/show/blackout", {"on": False})
            self.assertLess(time.monotonic() - t, 3)
            self.assertEqual(c.getresponse().status, 422)
        finally:
            c.close()
        self.assertEqual(self.d.call("POST", "/graph/run", self.body(dimmer_graph(1))).status, 200)

    def test_who_hangs_up_is_not_computed_for(self):
        c = self.begin(heavy_graph(100), end=3600)
        end = time.monotonic() + 4
        while self.d.call("POST", "/graph/run", self.body(dimmer_graph(1))).status == 200 and time.monotonic() < end:
            time.sleep(0.01)
        t = time.monotonic()
        c.close()
        while (r := self.d.call("POST", "/graph/run", self.body(dimmer_graph(1)))).status == 503 and time.monotonic() - t < 10:
            time.sleep(0.01)
        self.assertEqual(r.status, 200, r)
        self.assertLess(time.monotonic() - t, 2)

    def test_a_picture_that_takes_long_is_given_up_and_not_begun_again(self):
        pattern = self.d.post("/patterns", {"name": "Endless"})
        self.d.put(f"/patterns/{pattern['id']}/graph", heavy_graph(1990))
        took = []
        for _ in range(5):
            t = time.monotonic()
            r = self.d.call("GET", f"/patterns/{pattern['id']}/picture")
            took.append(time.monotonic() - t)
            self.assertEqual((r.status, r.json["code"]), (422, "invalid"), r)
            self.assertIn("takes too long to be drawn", r.json["detail"])
        self.assertLess(took[0], 8)
        self.assertLess(sum(took[1:]), took[0])
        self.d.put(f"/patterns/{pattern['id']}/graph", dimmer_graph(1))         # what was made lighter is drawn
        self.assertEqual(self.d.call("GET", f"/patterns/{pattern['id']}/picture").status, 200)

    def test_stopping_does_not_wait_for_it(self):
        with Lumad() as d:
            c = http.client.HTTPConnection("127.0.0.1", d.port, timeout=60)
            venue = d.post("/venues", {"name": "Hall"})
            d.post(f"/venues/{venue['id']}/fixtures", {"universe": 1, "address": 1, "fixture_path": "builtin:generic-dimmer", "mode_name": "512 Channels"})
            body = {"graph": heavy_graph(100), "context": {"venue_id": venue["id"], "start": 0, "end": 3600}}
            c.request("POST", BASE + "/graph/run", json.dumps(body), {"Content-Type": "application/json"})
            end = time.monotonic() + 3
            while d.call("POST", "/graph/run", {"graph": dimmer_graph(1)}).status == 200 and time.monotonic() < end:
                time.sleep(0.01)
            said = []

            def hear():
                try:
                    said.append(c.getresponse().status)
                except (http.client.HTTPException, OSError):
                    said.append("hung up")                              # the server was gone before its answer was sent
            t = threading.Thread(target=hear)
            t.start()
            self.assertLess(d.stop(), 3)
            t.join()
            c.close()
            self.assertIn(said, ([503], ["hung up"]))


if __name__ == "__main__":
    unittest.main()
