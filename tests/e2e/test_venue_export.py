"""A venue as a file: out, in again here and elsewhere, copied; all of it or nothing, whatever the file says."""
import copy
import pathlib
import threading
import time
import unittest

from lumad import Lumad
from test_fixture_library import definition

NO_LIGHT = True

DIMMER = {"fixture_path": "builtin:generic-dimmer", "mode_name": "1 Channel"}
OWN = {"fixture_path": "Own/Own-Par.qxf", "mode_name": "m"}
ROW = ("id", "venue_id", "created_at", "updated_at", "version", "axes")


def plain(row):
    return {k: v for k, v in row.items() if k not in ROW}


class VenueFile(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.d = Lumad()
        cls.own = pathlib.Path(cls.d.dir, "fixtures/Own/Own-Par.qxf")
        cls.own.parent.mkdir(parents=True, exist_ok=True)
        cls.own.write_text(definition("DX"))
        d = cls.d
        cls.venue = d.post("/venues", {"name": "Club <b>Zwölf</b> ‮x", "description": "Keller", "offset_ms": -12.5, "max_brightness": 0.8, "flash_guard": True})
        under = f"/venues/{cls.venue['id']}"
        cls.fixtures = [d.post(f"{under}/fixtures", {"universe": 1, "address": 1, "label": "Par 1", "pos_x": 1.25, "invert_pan": True, **DIMMER}),
                        d.post(f"{under}/fixtures", {"universe": 2, "address": 10, "label": "own", **OWN})]
        cls.group = d.post(f"{under}/groups", {"name": "left", "movement": {"pan": 10, "tilt": 5, "pan_range": 90, "tilt_range": 45, "rotation_deg": 0}})
        d.put(f"/groups/{cls.group['id']}/members", {"fixture_ids": [f["id"] for f in reversed(cls.fixtures)]})
        d.post(f"{under}/groups", {"name": "empty"})
        d.post(f"{under}/outputs", {"universe": 1, "protocol": "sacn", "destination": "multicast", "priority": 120})
        d.post(f"{under}/outputs", {"universe": 2, "protocol": "null"})
        d.put(f"/fixtures/{cls.fixtures[1]['id']}/park", {"channels": {"1": 7, "2": 255}})
        cls.file = d.get(f"{under}/export")

    @classmethod
    def tearDownClass(cls):
        cls.d.stop()

    def whole(self, d, venue_id):
        """All that a venue has, with fixtures by their place instead of their id."""
        under = f"/venues/{venue_id}"
        fixtures = d.get(f"{under}/fixtures?limit=1000")["items"]
        place = {f["id"]: (f["universe"], f["address"]) for f in fixtures}
        return {
            "venue": plain(d.get(under)),
            "fixtures": [plain(f) for f in fixtures],
            "groups": [{**plain(g), "fixture_ids": [place[i] for i in g["fixture_ids"]]} for g in d.get(f"{under}/groups")["items"]],
            "outputs": [plain(o) for o in d.get(f"{under}/outputs")["items"]],
            "parks": [(place[p["fixture_id"]], p["channels"]) for p in d.get(f"{under}/parks")["items"]],
        }

    def counts(self, venue, d=None):
        return next({k: v for k, v in c.items() if k != "venue_id"} for c in (d or self.d).get("/venue-counts")["items"] if c["venue_id"] == venue["id"])

    def names(self):
        return sorted(v["name"] for v in self.d.get("/venues?limit=1000")["items"])

    def refused(self, doc, path=None, status=422, says=""):
        before, files = self.names(), sorted(pathlib.Path(self.d.dir, "fixtures").rglob("*.qxf"))
        r = self.d.call("POST", "/venues/import", doc)
        self.assertEqual(r.status, status, r)
        if path is not None:
            self.assertEqual(r.json["errors"][0]["path"], path, r)
        self.assertIn(says, str(r.json))
        self.assertEqual(self.names(), before, "nothing of it is stored")
        self.assertEqual(sorted(pathlib.Path(self.d.dir, "fixtures").rglob("*.qxf")), files, "no file of it is left")
        return r.json

    def changed(self, **members):
        return {**copy.deepcopy(self.file), **members}

    # --- out ---

    def test_what_is_in_it(self):
        f = self.file
        self.assertEqual((f["format"], f["version"]), ("lumad venue", 1))
        self.assertEqual(sorted(f), ["definitions", "fixtures", "format", "groups", "outputs", "parks", "venue", "version"])
        self.assertNotIn("id", f["venue"])
        self.assertEqual([x["path"] for x in f["definitions"]], ["Own/Own-Par.qxf"], "those of the distribution and the built-in one stay at home")
        self.assertEqual(f["definitions"][0]["text"], self.own.read_text())
        self.assertEqual([g["fixture_ids"] for g in f["groups"] if g["name"] == "left"], [[x["id"] for x in reversed(self.fixtures)]])
        self.assertEqual(f["parks"], [{"fixture_id": self.fixtures[1]["id"], "channel": c, "value": v} for c, v in ((1, 7), (2, 255))])
        r = self.d.call("GET", f"/venues/{self.venue['id']}/export")
        self.assertIn("attachment", r.headers["Content-Disposition"])
        self.assertEqual(self.d.call("GET", "/venues/00000000-0000-4000-8000-000000000000/export").status, 404)

    def test_what_each_venue_has_is_counted(self):
        self.assertEqual(self.counts(self.venue), {"fixtures": 2, "universes": 2, "groups": 2, "outputs": 2, "scores": 0})

    # --- in ---

    def test_here_again_and_on_another_machine(self):
        want = self.whole(self.d, self.venue["id"])
        with Lumad() as other:
            for d in (self.d, other):
                made = d._ok("POST", "/venues/import?name=Again", self.file)
                self.assertNotEqual(made["id"], self.venue["id"])
                got = self.whole(d, made["id"])
                self.assertEqual(got["venue"].pop("name"), "Again")
                self.assertEqual(got, {**want, "venue": {k: v for k, v in want["venue"].items() if k != "name"}})
                again = d.get(f"/venues/{made['id']}/export")
                self.assertEqual(again["definitions"], self.file["definitions"])
            self.assertEqual(pathlib.Path(other.dir, "fixtures/Own/Own-Par.qxf").read_text(), self.own.read_text())
            self.assertEqual(other.get(f"/venues/{made['id']}/patch")["warnings"], [])
        self.d.delete(next(f"/venues/{v['id']}" for v in self.d.get("/venues")["items"] if v["name"] == "Again"))

    def test_another_file_of_that_name_is_not_written_over(self):
        with Lumad() as other:
            there = pathlib.Path(other.dir, "fixtures/Own/Own-Par.qxf")
            there.parent.mkdir(parents=True, exist_ok=True)
            there.write_text(definition("XD"))
            for _ in range(2):                              # the second time it is there already
                made = other._ok("POST", "/venues/import", self.file)
                path = next(f["fixture_path"] for f in other.get(f"/venues/{made['id']}/fixtures")["items"] if f["label"] == "own")
                self.assertRegex(path, r"^Own/Own-Par-[0-9a-f]{8}\.qxf$")
            self.assertEqual(there.read_text(), definition("XD"))
            self.assertEqual(pathlib.Path(other.dir, "fixtures", path).read_text(), self.own.read_text())
            self.assertEqual(len(list(there.parent.iterdir())), 2)

    def test_a_fixture_without_a_definition_comes_dark(self):
        doc = self.changed(definitions=[], fixtures=[{**self.file["fixtures"][0], "fixture_path": "Gone/Gone.qxf"}], groups=[], parks=[])
        made = self.d._ok("POST", "/venues/import?name=Dark", doc)
        self.assertIn("Gone/Gone.qxf", str(self.d.get(f"/venues/{made['id']}/fixtures")))
        self.assertEqual(len(self.d.get(f"/venues/{made['id']}/patch")["warnings"]), 1)
        copied = self.d._ok("POST", f"/venues/{made['id']}/duplicate", {})
        for v in (made, copied):
            self.d.delete(f"/venues/{v['id']}")

    def test_the_least_file(self):
        made = self.d._ok("POST", "/venues/import", {"format": "lumad venue", "version": 1, "venue": {"name": "Least"}})
        self.assertEqual(self.counts(made)["fixtures"], 0)
        self.d.delete(f"/venues/{made['id']}")

    # --- copies ---

    def test_a_copy_has_all_and_stands_for_itself(self):
        d = self.d
        r = d.call("POST", f"/venues/{self.venue['id']}/duplicate", {"name": "Copy"})
        self.assertEqual(r.status, 201)
        made = r.json
        got, want = self.whole(d, made["id"]), self.whole(d, self.venue["id"])
        self.assertEqual((got["venue"].pop("name"), want["venue"].pop("name")), ("Copy", self.venue["name"]))
        self.assertEqual(got, want)
        for f in d.get(f"/venues/{made['id']}/fixtures")["items"]:
            d.delete(f"/fixtures/{f['id']}")
        self.assertEqual(self.whole(d, self.venue["id"])["fixtures"], want["fixtures"])
        d.delete(f"/venues/{made['id']}")

        made = d._ok("POST", f"/venues/{self.venue['id']}/duplicate")
        self.assertEqual(made["name"], self.venue["name"] + " copy")
        d.delete(f"/venues/{made['id']}")
        self.assertEqual(d.call("POST", "/venues/00000000-0000-4000-8000-000000000000/duplicate", {}).status, 404)
        self.assertEqual(d.call("POST", f"/venues/{self.venue['id']}/duplicate", {"name": 7}).status, 422)
        self.assertEqual(d.call("POST", f"/venues/{self.venue['id']}/duplicate", {"nam": "x"}).status, 422)

    def test_a_copy_that_was_deleted_comes_back_whole(self):
        d = self.d
        made = d._ok("POST", f"/venues/{self.venue['id']}/duplicate", {"name": "Back"})
        want = self.whole(d, made["id"])
        d.delete(f"/venues/{made['id']}")
        d.post("/venues", {"id": made["id"], **{k: want["venue"][k] for k in ("name", "description", "offset_ms", "max_brightness", "exit_look", "flash_guard")}})
        self.assertEqual(self.whole(d, made["id"]), want)
        d.delete(f"/venues/{made['id']}")

    def test_ten_thousand_fixtures(self):
        fixtures = [{"id": f"f{i}", "universe": i // 512 + 1, "address": i % 512 + 1, "label": f"Par {i}", **DIMMER} for i in range(10_000)]
        doc = {"format": "lumad venue", "version": 1, "venue": {"name": "Stadium"}, "fixtures": fixtures,
               "groups": [{"name": "front", "fixture_ids": [f["id"] for f in fixtures[:1000]]}]}
        made = self.d._ok("POST", "/venues/import", doc)
        self.assertEqual(self.counts(made), {"fixtures": 10_000, "universes": 20, "groups": 1, "outputs": 0, "scores": 0})
        out = self.d.call("GET", f"/venues/{made['id']}/export")
        self.assertEqual((len(out.json["fixtures"]), len(out.json["groups"][0]["fixture_ids"])), (10_000, 1000))
        self.assertLess(len(out.body), 8 << 20, "what comes out is small enough to go in again")
        self.d.delete(f"/venues/{made['id']}")

    def test_the_last_of_many_is_in_the_way(self):
        fixtures = [{"universe": i // 512 + 1, "address": i % 512 + 1, **DIMMER} for i in range(1000)]
        fixtures[999]["address"] = fixtures[998]["address"]
        self.refused({"format": "lumad venue", "version": 1, "venue": {"name": "Hall"}, "fixtures": fixtures}, "/fixtures/998/address", 409)

    # --- what it refuses ---

    def test_no_venue_file(self):
        for body, status in (([], 400), ("text", 400), (7, 400), (None, 400), ({}, 422), ({"format": "lumad show"}, 422)):
            with self.subTest(body=body):
                self.refused(body, status=status)
        self.refused(self.changed(version=2), "/version", says="newer lumad")
        for version in (0, -1, "1", 1.5, None, True):
            self.refused(self.changed(version=version), "/version")
        r = self.d.call("POST", "/venues/import", b'{"format": "lumad venue", "format": "x"}', {"Content-Type": "application/json"})
        self.assertEqual(r.status, 400)

    def test_wrong_parts_are_named(self):
        f = self.file
        for members, path in (
            ({"venue": []}, "/venue"), ({"venue": {"name": 7}}, "/venue/name"), ({"venue": {}}, "/venue/name"), ({"venue": {"name": "x", "nam": 1}}, "/venue/nam"),
            ({"fixtures": {}}, "/fixtures"), ({"fixtures": [7]}, "/fixtures/0"), ({"extra": 1}, "/extra"),
            ({"fixtures": [f["fixtures"][0], {**f["fixtures"][0]}]}, "/fixtures/1/id"),
            ({"fixtures": [{**f["fixtures"][0], "id": 7}]}, "/fixtures/0/id"),
            ({"fixtures": [f["fixtures"][0], {**f["fixtures"][0], "id": "b"}], "groups": [], "parks": []}, "/fixtures/0/address"),
            ({"fixtures": [{**f["fixtures"][0], "address": 513}]}, "/fixtures/0/address"),
            ({"fixtures": [{**f["fixtures"][0], "mode_name": "no such"}], "groups": [], "parks": []}, "/fixtures/0/mode_name"),
            ({"groups": [{"name": "Not A Name"}]}, "/groups/0/name"), ({"groups": [{"name": "a", "fixture_ids": ["nobody"]}]}, "/groups/0/fixture_ids/0"),
            ({"groups": [{"name": "a", "fixture_ids": 7}]}, "/groups/0/fixture_ids"),
            ({"groups": [{"name": "a", "fixture_ids": [f["fixtures"][0]["id"]] * 2}]}, "/groups/0/fixture_ids/1"),
            ({"outputs": [{"universe": 0}]}, "/outputs/0/universe"), ({"outputs": [{"protocol": "artnet", "destination": "nowhere at all"}]}, "/outputs/0/destination"),
            ({"parks": [{"fixture_id": "nobody", "channel": 1, "value": 1}]}, "/parks/0/fixture_id"),
            ({"parks": [{"fixture_id": f["fixtures"][0]["id"], "channel": "1", "value": 1}]}, "/parks/0/channel"),
            ({"parks": [{"fixture_id": f["fixtures"][0]["id"], "channel": 1, "value": 256}]}, "/parks/0/value"), ({"parks": [{"fixture_id": f["fixtures"][0]["id"], "channel": 513, "value": 1}]}, "/parks/0/channel"),
            ({"parks": [{"fixture_id": f["fixtures"][0]["id"], "channel": 1}]}, "/parks/0/value"),
            ({"definitions": [{"path": "../../x.qxf", "text": "<"}]}, None), ({"definitions": [{"path": "/etc/x.qxf", "text": self.own.read_text()}]}, None),
            ({"definitions": [{"path": "a/b.txt", "text": self.own.read_text()}]}, None), ({"definitions": [{"path": "a/b.qxf", "text": "no definition"}]}, None),
            ({"definitions": [{"path": "a/b.qxf", "text": 7}]}, "/definitions/0/text"), ({"definitions": [{"path": "a/.b/c.qxf", "text": self.own.read_text()}]}, None),
            ({"definitions": [{"path": "x" * 300 + ".qxf", "text": self.own.read_text()}]}, None),
            ({"definitions": [{"path": "a/b\n.qxf", "text": self.own.read_text()}]}, None), ({"definitions": [{"path": "a/b\x7f.qxf", "text": self.own.read_text()}]}, None),
            ({"definitions": [{"path": "Own/Own-Par.qxf", "text": "a"}] * 513}, "/definitions"),
            ({"fixtures": [{}] * 20_001}, "/fixtures"), ({"groups": [{}] * 20_001}, "/groups"), ({"outputs": [{}] * 20_001}, "/outputs"),
        ):
            with self.subTest(members=str(members)[:80]):
                doc = self.changed(**members)
                self.refused(doc, path, status=409 if "id': 'b'" in str(members) else 422)

    def test_what_is_new_is_taken_back_when_the_rest_is_refused(self):
        text = definition("DX").replace("<Model>Par</Model>", "<Model>New</Model>")
        doc = self.changed(definitions=[{"path": "New/New.qxf", "text": text}, {"path": "Own/Own-Par.qxf", "text": text}], outputs=[{"universe": 0}])
        self.refused(doc, "/outputs/0/universe")
        self.assertEqual(self.own.read_text(), definition("DX"))

    def test_what_is_taken_back_is_nobody_elses(self):
        text = definition("DX").replace("<Model>Par</Model>", "<Model>Twice</Model>")
        mine = {"fixture_path": "Twice/Twice.qxf", "mode_name": "m"}
        doc = self.changed(definitions=[{"path": "Twice/Twice.qxf", "text": text}], fixtures=[{"universe": u, "address": 1, **mine} for u in range(1, 4001)], groups=[],
                           parks=[], outputs=[{"universe": 0}])
        got, file = [], pathlib.Path(self.d.dir, "fixtures/Twice/Twice.qxf")
        first = threading.Thread(target=lambda: got.append(self.d.call("POST", "/venues/import", doc).status))
        first.start()
        while first.is_alive() and not file.exists():
            time.sleep(0.001)
        made = self.d._ok("POST", "/venues/import", {**doc, "fixtures": doc["fixtures"][:1], "outputs": []})
        first.join()
        self.assertEqual(got, [422])
        self.assertEqual(file.read_text(), text)
        self.d.delete(f"/venues/{made['id']}")

    def test_names_that_are_hostile_are_names(self):
        for name in ("<script>alert(1)</script>", "‮rtl", "😀" * 100, "'; DROP TABLE venues; --"):
            doc = self.changed(venue={"name": name}, fixtures=[{**self.file["fixtures"][0], "label": name}], groups=[], parks=[], definitions=[])
            made = self.d._ok("POST", "/venues/import", doc)
            self.assertEqual((made["name"], self.d.get(f"/venues/{made['id']}/fixtures")["items"][0]["label"]), (name, name))
            self.d.delete(f"/venues/{made['id']}")
        self.refused(self.changed(venue={"name": "x" * 10_000}), "/venue/name")
        self.assertEqual(self.d.call("POST", "/venues/import?name=" + "x" * 1001, self.file).status, 400)


if __name__ == "__main__":
    unittest.main()
