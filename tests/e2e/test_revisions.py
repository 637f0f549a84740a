"""The history of graphs and scores: every save is kept, also through kills and restarts; undo, redo, restore, variants; what is live changes with them at once."""
import os
import pathlib
import random
import tempfile
import threading
import time
import unittest
import urllib.parse
import uuid

from lumad import Lumad
from test_show import Rig, dimmer_graph

ALONE = True                    # it measures how soon a switch is on the wire
INSTRUMENTED = bool(os.environ.get("UNDER")) or "release" not in os.environ.get("LUMAD", "release")


class Base(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.d = Lumad()
        cls.addClassCleanup(cls.d.stop)

    def setUp(self):
        d = self.d
        self.pattern = d.post("/patterns", {"name": "Wash"})["id"]
        self.impl = d.get(f"/patterns/{self.pattern}/graph")["implementation_id"]

    def save(self, level, query=""):
        return self.d.put(f"/patterns/{self.pattern}/graph{query}", dimmer_graph(level))

    def level(self):
        args = self.d.get(f"/patterns/{self.pattern}/graph")["args"]
        return args[1]["default"] if args else None

    def revisions(self, owner=None, query=""):
        return self.d.get(f"{owner or f'/implementations/{self.impl}'}/revisions{query}")["items"]


class Graphs(Base):
    def test_every_save_is_a_revision(self):
        self.assertEqual(self.revisions(), [])
        self.save(0.1)
        self.save(0.1)                              # nothing changed
        self.save(0.2, "?message=" + urllib.parse.quote("Höher & heller"))
        self.d.patch(f"/implementations/{self.impl}", {"name": "other"})
        self.d.patch(f"/implementations/{self.impl}", {"graph": {"nodes": [], "edges": [], "args": []}})
        items = self.revisions()
        self.assertEqual([r["number"] for r in items], [3, 2, 1])
        self.assertEqual([r["author"] for r in items], ["operator"] * 3)
        self.assertEqual([r["message"] for r in items], ["2 nodes removed, 2 wires removed, 2 arguments removed", "Höher & heller",
                                                         "2 nodes added, 2 wires added, 2 arguments added"])
        self.assertEqual([r["previous_id"] for r in items], [items[1]["id"], items[2]["id"], None])
        self.assertEqual({r["branch"] for r in items}, {"A"})
        self.assertTrue(all("graph" not in r for r in items))
        whole = self.d.get(f"/revisions/{items[1]['id']}")
        self.assertEqual(whole["graph"], dimmer_graph(0.2))
        one = self.d.get(f"/implementations/{self.impl}/revisions?limit=1")
        two = self.d.get(f"/implementations/{self.impl}/revisions?limit=5&cursor={one['next']}")
        self.assertEqual([r["number"] for r in one["items"] + two["items"]], [3, 2, 1])
        self.assertEqual([r["number"] for r in self.revisions(query="?q=heller")], [2])

    def test_an_implementation_that_comes_with_a_graph_begins_with_it(self):
        made = self.d.post(f"/patterns/{self.pattern}/implementations?message=Second", {"name": "Second", "graph": dimmer_graph(0.9)})["id"]
        items = self.revisions(f"/implementations/{made}")
        self.assertEqual([(r["number"], r["message"]) for r in items], [(1, "Second")])
        self.d.delete(f"/implementations/{made}")
        self.assertEqual(self.d.call("GET", f"/implementations/{made}/revisions").status, 404)
        self.assertEqual(self.d.call("GET", f"/revisions/{items[0]['id']}").status, 404)
        again = self.d.post(f"/patterns/{self.pattern}/implementations", {"id": made, "name": "Second", "graph": dimmer_graph(0.9)})
        self.assertEqual([r["id"] for r in self.revisions(f"/implementations/{again['id']}")], [items[0]["id"]])

    def test_undo_redo_restore(self):
        for level in (0.1, 0.2, 0.3):
            self.save(level)
        at = f"/implementations/{self.impl}"
        place = self.d.get(at + "/history")
        self.assertEqual((place["branch"], place["number"], place["undo"]["number"], place["redo"]), ("A", 3, 3, None))
        place = self.d.post(at + "/undo")
        self.assertEqual((self.level(), place["number"], place["redo"]["number"]), (0.2, 2, 3))
        self.assertEqual(self.d.call("POST", at + "/undo").status, 200)         # without a body
        self.assertEqual(self.level(), 0.1)
        self.d.post(at + "/redo")
        self.assertEqual(self.level(), 0.2)
        first = self.revisions()[-1]["id"]
        self.d.post(at + "/restore?message=Back", {"revision_id": first})
        self.assertEqual(self.level(), 0.1)
        items = self.revisions()
        self.assertEqual([(r["number"], r["message"]) for r in items][:2], [(4, "Back"), (3, "1 argument changed")])
        self.d.post(at + "/undo")
        self.assertEqual(self.level(), 0.2)
        self.d.post(at + "/undo"), self.d.post(at + "/undo")
        self.assertEqual(self.d.get(f"/patterns/{self.pattern}/graph")["nodes"], [])
        r = self.d.call("POST", at + "/undo")
        self.assertEqual((r.status, r.json["code"]), (409, "conflict"))

    def test_a_broken_graph_is_broken_again_when_it_comes_back(self):
        broken = dimmer_graph(0.5)
        broken["nodes"][1]["type"] = "no_such_node"
        errors = self.d.put(f"/patterns/{self.pattern}/graph", broken)["errors"]
        self.assertTrue(errors)
        self.save(0.5)
        self.d.post(f"/implementations/{self.impl}/undo")
        self.assertEqual(self.d.get(f"/patterns/{self.pattern}/graph")["errors"], errors)

    def test_who_comes_too_late_is_told(self):
        self.save(0.1)
        at = f"/implementations/{self.impl}"
        r = self.d.call("GET", at + "/history")
        tag = r.headers["ETag"]
        row = self.d.call("GET", at).headers["ETag"]
        self.save(0.2)
        first = self.revisions()[-1]["id"]
        for path, body in (("/undo", {}), ("/redo", {}), ("/restore", {"revision_id": first}), ("/branches", {})):
            for stale in (tag, row):
                r = self.d.call("POST", at + path, body, {"If-Match": stale})
                self.assertEqual(r.status, 412, (path, r))
        self.assertEqual(self.d.call("POST", at + "/undo", {}, {"If-Match": tag}).json["current"]["number"], 2)
        self.assertEqual(self.level(), 0.2)
        fresh = self.d.call("GET", at + "/history").headers["ETag"]
        r = self.d.call("POST", at + "/undo", {}, {"If-Match": fresh})
        self.assertEqual(r.status, 200, r)
        r = self.d.call("POST", at + "/redo", {}, {"If-Match": r.headers["ETag"]})
        self.assertEqual(r.status, 200, r)

    def test_diffs_say_what_changed(self):
        self.save(0.1)
        g = dimmer_graph(0.1)
        g["nodes"].append({"id": "m", "type": "math", "params": {"operation": "add", "b": 0.5}, "x": 0, "y": 0})
        g["edges"] = [g["edges"][1]]
        g["args"][1]["default"] = 0.7
        self.d.put(f"/patterns/{self.pattern}/graph", g)
        g["nodes"][2]["params"]["b"] = 0.25
        g["nodes"][0]["x"] = 40
        g["edges"][0]["id"] = "renumbered"          # a wire is what it connects
        self.d.put(f"/patterns/{self.pattern}/graph", g)
        third, second, first = [r["id"] for r in self.revisions()]
        d = self.d.get(f"/revisions/{second}/diff")
        self.assertEqual([n["id"] for n in d["nodes"]["added"]], ["m"])
        self.assertEqual([(e["from_port"], e["to_node"]) for e in d["edges"]["removed"]], [("level", "d")])
        self.assertEqual(d["args"]["changed"], [{"id": "level", "name": "Level", "params": [{"param": "default", "from": 0.1, "to": 0.7}]}])
        d = self.d.get(f"/revisions/{third}/diff")
        self.assertEqual(d["nodes"]["changed"], [{"id": "a", "type": "pattern_args", "was": "pattern_args", "params": [], "moved": True},
                                                 {"id": "m", "type": "math", "was": "math", "moved": False, "params": [{"param": "b", "from": 0.5, "to": 0.25}]}])
        self.assertEqual((d["edges"]["added"], d["edges"]["removed"]), ([], []))
        back = self.d.get(f"/revisions/{first}/diff?against={third}")
        self.assertEqual([n["id"] for n in back["nodes"]["removed"]], ["m"])
        self.assertEqual(self.d.get(f"/revisions/{third}/diff?against=live")["summary"], "Nothing changed")
        self.assertEqual(len(self.d.get(f"/revisions/{first}/diff")["nodes"]["added"]), 2)

    def test_variants(self):
        at = f"/implementations/{self.impl}"
        self.save(0.1), self.save(0.2)
        b = self.d.post(at + "/branches", {})
        self.assertEqual((b["name"], b["is_current"]), ("B", True))
        self.save(0.8)
        self.assertEqual(self.revisions()[0]["branch"], "B")
        c = self.d.post(at + "/branches", {"name": "Quiet", "revision_id": self.revisions()[-1]["id"], "switch": False})
        self.assertFalse(c["is_current"])
        self.assertEqual(self.level(), 0.8)
        a, b, c = self.d.get(at + "/branches")["items"]
        self.assertEqual([x["name"] for x in (a, b, c)], ["A", "B", "Quiet"])
        for branch, level in ((c, 0.1), (a, 0.2), (b, 0.8), (a, 0.2)):
            place = self.d.post(f"/branches/{branch['id']}/switch")
            self.assertEqual((self.level(), place["branch"]), (level, branch["name"]))
        self.assertEqual(self.d.call("DELETE", f"/branches/{a['id']}").status, 409)
        self.assertEqual(self.d.call("PATCH", f"/branches/{b['id']}", {"name": "quiet"}).status, 409)
        self.d.patch(f"/branches/{b['id']}", {"name": "Loud"})
        self.assertEqual(self.revisions()[0]["branch"], "Loud")
        self.assertEqual(self.d.call("DELETE", f"/branches/{b['id']}").status, 204)
        self.assertEqual(len(self.revisions()), 3)
        self.d.post(at + "/restore", {"revision_id": self.revisions()[0]["id"]})
        self.assertEqual(self.level(), 0.8)

    def test_a_name_keeps_a_revision(self):
        self.save(0.1)
        one = self.revisions()[0]
        r = self.d.call("PATCH", f"/revisions/{one['id']}", {"name": "Opening night"}, {"If-Match": f'"{one["version"]}"'})
        self.assertEqual((r.status, r.json["name"]), (200, "Opening night"))
        self.assertEqual(self.d.call("PATCH", f"/revisions/{one['id']}", {"name": "x"}, {"If-Match": f'"{one["version"]}"'}).status, 412)
        for body in ({"branch": "B"}, {"author": "me"}, {"graph": {}}, {"number": 4}, {"name": 3}, {"name": " "}, {"previous_id": None}, {"nonsense": 1}):
            self.assertEqual(self.d.call("PATCH", f"/revisions/{one['id']}", body).status, 422, body)

    def test_bad_input_is_named(self):
        self.save(0.1)
        at, missing = f"/implementations/{self.impl}", str(uuid.uuid4())
        one = self.revisions()[0]["id"]
        score_like = self.d.post("/patterns", {"name": "Else"})["id"]
        other = self.d.get(f"/patterns/{score_like}/graph")["implementation_id"]
        self.d.put(f"/patterns/{score_like}/graph", dimmer_graph(0.4))
        foreign = self.revisions(f"/implementations/{other}")[0]["id"]
        for method, path, body, status in (
                ("POST", f"/implementations/{missing}/undo", {}, 404), ("GET", f"/implementations/{missing}/history", None, 404),
                ("GET", f"/implementations/{missing}/branches", None, 404), ("GET", f"/scores/{self.impl}/revisions", None, 404),
                ("GET", f"/revisions/{missing}", None, 404), ("GET", f"/revisions/{missing}/diff", None, 404),
                ("GET", f"/revisions/{one}/diff?against={missing}", None, 404), ("GET", f"/revisions/{one}/diff?against={foreign}", None, 409),
                ("GET", f"/revisions/{one}/diff?against=%00", None, 400),
                ("POST", at + "/restore", {}, 422), ("POST", at + "/restore", {"revision_id": missing}, 422),
                ("POST", at + "/restore", {"revision_id": foreign}, 422), ("POST", at + "/restore", {"revision_id": 7}, 422),
                ("POST", at + "/restore", {"revision_id": one, "more": 1}, 422), ("POST", at + "/restore", [], 400),
                ("POST", at + "/undo", {"steps": 3}, 422), ("POST", at + "/undo", [], 400), ("POST", at + "/undo", b"{", 400),
                ("POST", at + "/branches", {"name": ""}, 422), ("POST", at + "/branches", {"name": "x" * 61}, 422),
                ("POST", at + "/branches", {"name": "a"}, 409), ("POST", at + "/branches", {"revision_id": foreign}, 422),
                ("POST", at + "/branches", {"switch": "yes"}, 422), ("POST", f"/branches/{missing}/switch", {}, 404),
                ("PATCH", f"/branches/{missing}", {"name": "x"}, 404), ("DELETE", f"/branches/{missing}", None, 404),
                ("PUT", f"/patterns/{self.pattern}/graph?as=nonsense", dimmer_graph(0.3), 400),
                ("PUT", f"/patterns/{self.pattern}/graph?message=%ff", dimmer_graph(0.3), 400),
                ("PUT", f"/patterns/{self.pattern}/graph?message=" + "x" * 1200, dimmer_graph(0.3), 400)):
            r = self.d.call(method, path, body)
            self.assertEqual(r.status, status, (method, path[:120], body, r))
        self.assertEqual(self.level(), 0.1)
        self.assertEqual(len(self.revisions()), 1)

    def test_many_who_save_and_undo_at_once_leave_one_whole_history(self):
        self.save(0.0)
        stop, wrong = time.monotonic() + 2, []

        def work(i):
            dice = random.Random(i)
            while time.monotonic() < stop:
                if dice.random() < 0.5:
                    r = self.d.call("PUT", f"/patterns/{self.pattern}/graph", dimmer_graph(dice.random()))
                else:
                    r = self.d.call("POST", f"/implementations/{self.impl}/{dice.choice(('undo', 'redo', 'branches'))}", {})
                if r.status not in (200, 201, 409):
                    wrong.append(r)
        threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
        [t.start() for t in threads], [t.join() for t in threads]
        self.assertEqual(wrong, [])
        place = self.d.get(f"/implementations/{self.impl}/history")
        if place["revision_id"]:
            self.assertEqual(self.d.get(f"/revisions/{place['revision_id']}/diff?against=live")["summary"], "Nothing changed")
        self.assertEqual(sum(b["is_current"] for b in self.d.get(f"/implementations/{self.impl}/branches?limit=1000")["items"]), 1)


class Scores(Base):
    def setUp(self):
        super().setUp()
        d = self.d
        if not hasattr(type(self), "rig"):
            type(self).rig = Rig(d)
        self.score = d.post(f"/tracks/{self.rig.track['id']}/scores", {"name": f"S{uuid.uuid4()}", "venue_id": self.rig.venue["id"]})["id"]
        self.at = f"/scores/{self.score}"

    def blocks(self):
        return [{k: v for k, v in a.items() if k not in ("version", "updated_at", "created_at")}
                for a in self.d.get(self.at + "/annotations?limit=1000")["items"]]

    def block(self, start, **more):
        return {"pattern_id": self.pattern, "start_time": start, "end_time": start + 1, **more}

    def test_every_way_to_write_is_a_save(self):
        d = self.d
        a = d.post(self.at + "/annotations?message=One", self.block(0))["id"]
        d.patch(f"/annotations/{a}", {"z_index": 3})
        d.patch(f"/annotations/{a}", {"z_index": 3})
        made = d.post(self.at + "/batch", {"create": [self.block(2), self.block(4)], "update": [{"id": a, "args": {"level": 0.5}}]})["created"]
        d.post(self.at + "/batch", {"create": [], "update": [{"id": a, "args": {"level": 0.5}}]})
        d.delete(f"/annotations/{made[0]['id']}")
        self.assertEqual(d.call("POST", self.at + "/batch", {"create": [self.block(6), {"start_time": 1}]}).status, 422)
        items = self.revisions(self.at)
        self.assertEqual([r["message"] for r in items], ["1 block removed", "2 blocks added, 1 block changed", "1 block moved", "One"])
        diff = d.get(f"/revisions/{items[1]['id']}/diff")["annotations"]
        self.assertEqual({x["id"] for x in diff["added"]}, {m["id"] for m in made})
        self.assertEqual([(x["id"], x["from"], x["to"]) for x in diff["changed"]], [(a, {"args": {}}, {"args": {"level": 0.5}})])
        self.assertEqual(len(d.get(f"/revisions/{items[1]['id']}")["annotations"]), 3)

    def test_blocks_come_back_as_they_were(self):
        d = self.d
        a = d.post(self.at + "/annotations", self.block(1 / 3, origin_time=0.1 + 0.2, seed=9007199254740991, args={"level": 1 / 3, "sel": "left"}))["id"]
        before = self.blocks()
        first = self.revisions(self.at)[0]["id"]
        d.delete(f"/annotations/{a}")
        d.post(self.at + "/undo")
        self.assertEqual(self.blocks(), before)
        d.patch(f"/annotations/{a}", {"start_time": 0.25, "args": {"sel": None}})
        d.delete(f"/annotations/{a}")
        d.post(self.at + "/annotations", self.block(7))
        d.post(self.at + "/restore", {"revision_id": first})
        self.assertEqual(self.blocks(), before)
        self.assertEqual(self.d.get(f"/revisions/{first}")["annotations"],
                         [{k: v for k, v in b.items() if k != "score_id"} for b in before])

    def test_who_comes_too_late_is_told(self):
        d = self.d
        d.post(self.at + "/annotations", self.block(0))
        tag = d.call("GET", self.at + "/history").headers["ETag"]
        d.post(self.at + "/annotations", self.block(2))
        self.assertEqual(d.call("POST", self.at + "/undo", {}, {"If-Match": tag}).status, 412)
        self.assertEqual(len(self.blocks()), 2)

    def test_a_step_of_the_page_moves_along_the_history(self):
        d = self.d
        a = d.post(self.at + "/annotations", self.block(0))["id"]
        d.patch(f"/annotations/{a}", {"start_time": 0.5})
        d.patch(f"/annotations/{a}?as=undo", {"start_time": 0})
        place = d.get(self.at + "/history")
        self.assertEqual((place["number"], place["redo"]["number"]), (1, 2))
        d.patch(f"/annotations/{a}?as=redo", {"start_time": 0.5})
        d.delete(f"/annotations/{a}")
        d.call("POST", self.at + "/annotations?as=undo", {**self.block(0.5), "end_time": 1, "id": a, "seed": 1})     # not what it was: the seed is another
        self.assertEqual(len(self.revisions(self.at)), 4)

    def test_the_deletion_of_a_pattern_is_a_save_of_the_scores_it_is_in(self):
        d = self.d
        self.save(0.5)
        d.post(self.at + "/annotations", self.block(0))
        d.delete(f"/patterns/{self.pattern}")
        self.assertEqual([r["message"] for r in self.revisions(self.at)], ["1 block removed", "1 block added"])
        self.assertEqual(d.post(self.at + "/undo")["left_out"], 1)
        self.assertEqual(self.blocks(), [])


class Light(unittest.TestCase):
    def test_variants_switch_while_it_plays(self):
        with Lumad() as d:
            rig = Rig(d)
            impl = d.get(f"/patterns/{rig.pattern['id']}/graph")["implementation_id"]
            d.delete(f"/annotations/{rig.block['id']}")
            rig.annotate(0, 4)
            rig.show()
            d.post("/host-audio/load-track", {"track_id": rig.track["id"]})
            d.post("/host-audio/loop", {"enabled": True, "start": 0, "end": 4})
            d.post(f"/implementations/{impl}/branches", {})
            d.put(f"/patterns/{rig.pattern['id']}/graph", dimmer_graph(0.2))
            score_b = d.post(f"/scores/{rig.score['id']}/branches", {})
            for a in d.get(f"/scores/{rig.score['id']}/annotations")["items"]:
                d.patch(f"/annotations/{a['id']}", {"args": {"sel": "left"}})
            d.post("/host-audio/play")
            self.assertEqual(rig.settle([51, 0]), [51, 0])
            graph = [b["id"] for b in d.get(f"/implementations/{impl}/branches")["items"]]
            score = [b["id"] for b in d.get(f"/scores/{rig.score['id']}/branches")["items"]]
            self.assertEqual(score[1], score_b["id"])
            looks = [(graph[0], [153, 0]), (score[0], [153, 153]), (graph[1], [51, 51]), (score[1], [51, 0])]
            best = [2.0] * len(looks)                   # of each: whoever else has the processor, has it not every time
            for _ in range(10):
                took = []
                for i, (branch, want) in 4 * list(enumerate(looks)):
                    start = time.monotonic()
                    d.post(f"/branches/{branch}/switch")
                    while rig.slots() != want and time.monotonic() < start + 2:
                        pass
                    took.append(time.monotonic() - start)
                    best[i] = min(best[i], took[-1])
                    self.assertEqual(rig.slots(), want)
                print(f"request to frame: median {sorted(took)[8] * 1000:.1f} ms, worst {max(took) * 1000:.1f} ms")
                if max(best) < 0.05 or INSTRUMENTED:
                    break
            else:
                self.fail(f"a switch took more than 50 ms each time: {best}")


class Life(unittest.TestCase):
    def test_undo_and_redo_go_on_after_a_restart(self):
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            with Lumad(data=folder) as d:
                pattern = d.post("/patterns", {"name": "Wash"})["id"]
                for level in (0.1, 0.2, 0.3):
                    d.put(f"/patterns/{pattern}/graph", dimmer_graph(level))
                impl = d.get(f"/patterns/{pattern}/graph")["implementation_id"]
                d.post(f"/implementations/{impl}/undo")
            with Lumad(data=folder) as d:
                def level():
                    return d.get(f"/patterns/{pattern}/graph")["args"][1]["default"]
                d.post(f"/implementations/{impl}/redo")
                self.assertEqual(level(), 0.3)
                d.post(f"/implementations/{impl}/undo")
                d.post(f"/implementations/{impl}/undo")
                self.assertEqual(level(), 0.1)

    def test_a_kill_leaves_no_write_without_its_revision_and_none_without_its_write(self):
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            with Lumad(data=folder) as d:
                rig = Rig(d)
                impl = d.get(f"/patterns/{rig.pattern['id']}/graph")["implementation_id"]
            for life in range(4):
                d = Lumad(data=folder)
                answered = {"graph": 0, "score": 0}

                def graphs():
                    for i in range(100000):
                        d.put(f"/patterns/{rig.pattern['id']}/graph?message=g{life}-{i}", dimmer_graph(life + i / 1e5))
                        answered["graph"] = i

                def scores():
                    for i in range(100000):
                        d.call("PATCH", f"/annotations/{rig.block['id']}?message=s{life}-{i}", {"seed": life * 100000 + i + 1})
                        answered["score"] = i

                def until_it_dies(f):
                    try:
                        f()
                    except Exception:      # whatever a connection says that breaks
                        pass
                threads = [threading.Thread(target=until_it_dies, args=(f,)) for f in (graphs, scores)]
                [t.start() for t in threads]
                time.sleep(0.4 + 0.1 * life)
                d.kill()
                [t.join() for t in threads]
                d.tmp.cleanup()
                with Lumad(data=folder) as d2:
                    for owner in (f"/implementations/{impl}", f"/scores/{rig.score['id']}"):
                        newest = d2.get(owner + "/revisions?limit=1")["items"][0]
                        place = d2.get(owner + "/history")
                        self.assertEqual(place["revision_id"], newest["id"])
                        self.assertEqual(d2.get(f"/revisions/{newest['id']}/diff?against=live")["summary"], "Nothing changed")
                        kind, done = newest["message"][0], int(newest["message"].split("-")[1])
                        self.assertGreaterEqual(done, answered["graph" if kind == "g" else "score"])
                    self.assertGreater(answered["graph"], 3)
                    self.assertEqual(d2.get(f"/patterns/{rig.pattern['id']}/graph")["args"][1]["default"],
                                     life + int(d2.get(f"/implementations/{impl}/revisions?limit=1")["items"][0]["message"].split("-")[1]) / 1e5)


if __name__ == "__main__":
    unittest.main()
