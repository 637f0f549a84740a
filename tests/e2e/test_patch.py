"""Patching more than one fixture at a time, and a patch as a table."""
import csv
import io
import math
import pathlib
import sys
import tempfile
import threading
import time
import unittest

from lumad import Lumad
from test_api import Case
from test_show import Rig

NO_LIGHT = True

DIMMER = {"fixture_path": "builtin:generic-dimmer", "mode_name": "4 Channels"}


class Patch(Case):
    def setUp(self):
        self.club = self.venue()

    def path(self, rest):
        return f"/venues/{self.club['id']}/{rest}"

    def fixtures(self):
        return self.d.get(self.path("fixtures?limit=1000"))["items"]

    def stands(self):
        return [(f["universe"], f["address"], f["label"]) for f in self.fixtures()]

    def array(self, **more):
        return self.d.post(self.path("fixtures/array"), {**DIMMER, "label": "Par 1", **more})["items"]


class Arrays(Patch):
    def test_an_array_counts_addresses_places_and_labels(self):
        rows = self.array(count=3, address=10, offset={"x": 0.5, "z": -1}, pos_x=1)
        self.assertEqual(self.stands(), [(1, 10, "Par 1"), (1, 14, "Par 2"), (1, 18, "Par 3")])
        self.assertEqual([(f["pos_x"], f["pos_y"], f["pos_z"]) for f in rows], [(1, 0, 0), (1.5, 0, -1), (2, 0, -2)])
        self.assertTrue(all(f["model"] and f["manufacturer"] for f in rows))
        for label, want in (("Spot 09", ["Spot 09", "Spot 10"]), ("Bar", ["Bar 1", "Bar 2"]), ("", ["", ""])):
            rows = self.array(count=2, universe=9, address=1, label=label)
            self.assertEqual([f["label"] for f in rows], want)
            for f in rows:
                self.d.delete(f"/fixtures/{f['id']}")

    def test_an_array_flows_into_the_next_universe(self):
        self.array(count=3, address=503, address_step=5)
        self.assertEqual([s[:2] for s in self.stands()], [(1, 503), (1, 508), (2, 1)])
        self.d.post(self.path("fixtures/array"), {"fixture_path": "builtin:generic-dimmer", "mode_name": "12 Channels", "universe": 5, "count": 100})
        self.assertEqual(self.stands()[-1][:2], (7, 1 + 12 * 15))       # 42 to a universe

    def test_an_array_is_all_or_nothing_and_names_who_is_in_the_way(self):
        way = self.d.post(self.path("fixtures"), {**DIMMER, "address": 9, "label": "Old one"})
        before = self.stands()
        p = self.problem(self.d.call("POST", self.path("fixtures/array"), {**DIMMER, "count": 4}), 409, "conflict", "/address")
        self.assertIn("Old one", p["detail"])
        self.assertIn(way["id"], p["errors"][0]["message"])
        self.problem(self.d.call("POST", self.path("fixtures/array"), {**DIMMER, "count": 2, "address": 20, "address_step": 2}), 409, "conflict", "/address")
        self.problem(self.d.call("POST", self.path("fixtures/array"), {**DIMMER, "count": 2, "address": 510}), 409, "conflict", "/address")
        self.problem(self.d.call("POST", self.path("fixtures/array"), {**DIMMER, "count": 9, "universe": 63999, "address": 500}), 422, "invalid", "/universe")
        self.assertEqual(self.stands(), before)

    def test_wrong_bodies(self):
        for more, path in (({"count": 0}, "/count"), ({"count": 1.5}, "/count"), ({"count": 2001}, "/count"), ({"count": "2"}, "/count"),
                           ({"address_step": 0}, "/address_step"), ({"offset": 3}, "/offset"), ({"offset": {"w": 1}}, "/offset/w"),
                           ({"offset": {"x": "1"}}, "/offset/x"), ({"id": self.club["id"]}, "/id"), ({"nonsense": 1}, "/nonsense"),
                           ({"mode_name": "no"}, "/mode_name"), ({"fixture_path": "x/y.qxf"}, "/fixture_path"), ({"address": "1"}, "/address"),
                           ({"address": 513}, "/address"), ({"pos_x": "a", "offset": {"x": 1}}, "/pos_x"), ({"label": 3}, "/label")):
            r = self.d.call("POST", self.path("fixtures/array"), {**DIMMER, "count": 2, **more})
            self.problem(r, 422, "invalid", path)
        for body in ([], 3, None):
            self.assertIn(self.d.call("POST", self.path("fixtures/array"), body if body is not None else b"").status, (400, 422))
        self.problem(self.d.call("POST", "/venues/nonsense/fixtures/array", {**DIMMER, "count": 2}), 404)
        self.assertEqual(self.stands(), [])

    def test_a_clone_stands_behind_and_looks_the_same(self):
        f = self.d.post(self.path("fixtures"), {**DIMMER, "address": 505, "label": "Par 7", "pos_y": 2, "rot_x": 1, "invert_pan": True, "white_mode": "off"})
        rows = self.d.post(f"/fixtures/{f['id']}/clone", {"count": 2, "offset": {"y": 1}})["items"]
        self.assertEqual(self.stands(), [(1, 505, "Par 7"), (1, 509, "Par 8"), (2, 1, "Par 9")])
        self.assertEqual([r["pos_y"] for r in rows], [3, 4])
        for r in rows:
            self.assertEqual((r["rot_x"], r["invert_pan"], r["white_mode"]), (1, True, "off"))
            self.assertNotEqual(r["id"], f["id"])
        self.problem(self.d.call("POST", f"/fixtures/{f['id']}/clone", {}), 409, "conflict", "/address")
        one = self.d.post(f"/fixtures/{f['id']}/clone", {"universe": 3, "address": 7, "label": "Spot 1"})["items"][0]
        self.assertEqual((one["universe"], one["address"]), (3, 7))
        for body, path in (({"address": 0}, "/address"), ({"address": "x"}, "/address"), ({"universe": 70000}, "/universe"), ({"id": f["id"]}, "/id"),
                           ({"count": -1}, "/count"), ({"x": 1}, "/x")):
            self.problem(self.d.call("POST", f"/fixtures/{f['id']}/clone", body), 422, "invalid", path)
        self.problem(self.d.call("POST", f"/fixtures/{self.club['id']}/clone", {}), 404)
        self.assertEqual(len(self.stands()), 4)

    def test_move(self):
        rows = self.array(count=3, address=10, pos_x=1)
        ids = [r["id"] for r in rows]
        move = lambda **body: self.d.call("POST", self.path("fixtures/move"), body)
        got = move(fixture_ids=ids[1:], address_offset=4, offset={"z": -1.5}).json["items"]         # the second over the third, which moves as well
        self.assertEqual([(g["address"], g["pos_x"], g["pos_z"]) for g in got], [(18, 1, -1.5), (22, 1, -1.5)])
        self.assertEqual([s[1] for s in self.stands()], [10, 18, 22])
        self.assertEqual(move(universe_offset=4, address_offset=-9).status, 200)                    # all of them
        self.assertEqual(self.stands(), [(5, 1, "Par 1"), (5, 9, "Par 2"), (5, 13, "Par 3")])
        before = self.fixtures()
        self.assertIn("Par 3", self.problem(move(fixture_ids=[ids[1]], address_offset=2), 409, "conflict", "/address")["detail"])
        self.assertIn("past slot 512", self.problem(move(address_offset=497), 409, "conflict", "/address")["detail"])
        self.problem(move(address_offset=-1), 422, "invalid", "/address_offset")
        self.problem(move(universe_offset=-5), 422, "invalid", "/universe_offset")
        self.problem(move(universe_offset=63995), 422, "invalid", "/universe")
        self.problem(move(fixture_ids=[ids[0], ids[0]]), 422, "invalid", "/fixture_ids/1")
        for body, path in (({"offset": 1}, "/offset"), ({"offset": {"w": 1}}, "/offset/w"), ({"address_offset": 1.5}, "/address_offset"), ({"x": 1}, "/x"),
                           ({"offset": {"x": 1e9}}, "/offset/x"), ({"fixture_ids": "x"}, "/fixture_ids")):
            self.problem(self.d.call("POST", self.path("fixtures/move"), body), 422, "invalid", path)
        self.problem(self.d.call("POST", "/venues/nonsense/fixtures/move", {}), 404)
        self.assertEqual(self.fixtures(), before)

    def test_next_address(self):
        self.array(count=127)
        for query, want in (("", (1, 509)), ("?channels=4", (1, 509)), ("?channels=5", (2, 1)), ("?universe=2&channels=512", (2, 1))):
            got = self.d.get(self.path("next-address" + query))
            self.assertEqual((got["universe"], got["address"]), want, query)
        for query in ("?universe=0", "?channels=513", "?channels=x"):
            self.problem(self.d.call("GET", self.path("next-address" + query)), 400)
        self.problem(self.d.call("GET", "/venues/nonsense/next-address"), 404)

    def test_one_mode_of_a_definition(self):
        path = "/fixture-library/definition?path=builtin:generic-dimmer"
        got = self.d.get(path + "&mode=4%20Channels")
        self.assertEqual([(m["name"], len(m["channels"])) for m in got["modes"]], [("4 Channels", 4)])
        self.assertGreater(len(self.d.get(path)["modes"]), 100)
        self.problem(self.d.call("GET", path + "&mode=no"), 404)

    def test_renumber(self):
        rows = self.array(count=3, address=100, address_step=50)
        self.d.post(self.path("renumber"))
        self.assertEqual(self.stands(), [(1, 1, "Par 1"), (1, 5, "Par 2"), (1, 9, "Par 3")])
        ids = [r["id"] for r in rows]
        got = self.d.post(self.path("renumber"), {"fixture_ids": ids[::-1], "universe": 2, "address": 507})["items"]
        self.assertEqual([g["id"] for g in got], ids[::-1])
        self.assertEqual(self.stands(), [(2, 507, "Par 3"), (3, 1, "Par 2"), (3, 5, "Par 1")])
        before = self.stands()
        p = self.problem(self.d.call("POST", self.path("renumber"), {"fixture_ids": ids[:2], "universe": 2, "address": 503}), 409, "conflict", "/address")
        self.assertIn("Par 3", p["detail"])
        self.problem(self.d.call("POST", self.path("renumber"), {"universe": 63999, "address": 505}), 422, "invalid", "/universe")
        self.problem(self.d.call("POST", self.path("renumber"), {"fixture_ids": [ids[0], ids[0], "x", 3]}), 422, "invalid", "/fixture_ids/1", "/fixture_ids/3")
        for body, path in (({"fixture_ids": 3}, "/fixture_ids"), ({"address": 0}, "/address"), ({"universe": 1.5}, "/universe"), ({"x": 1}, "/x")):
            self.problem(self.d.call("POST", self.path("renumber"), body), 422, "invalid", path)
        self.problem(self.d.call("POST", "/venues/nonsense/renumber", {}), 404)
        self.assertEqual(self.stands(), before)


class Batches(Patch):
    """Edits of many fixtures as one."""

    def batch(self, **what):
        return self.d.patch(self.path("fixtures"), what)

    def refused(self, status, *paths, **what):
        before = self.stands()
        p = self.problem(self.d.call("PATCH", self.path("fixtures"), what), status, None, *paths)
        self.assertEqual(self.stands(), before)
        return p

    def test_fixtures_change_places_and_anything_else(self):
        a, b, c = self.array(count=3)
        got = self.batch(update=[{"id": a["id"], "address": 5, "pos_x": 2.5}, {"id": b["id"], "address": 1, "version": b["version"]},
                                 {"id": c["id"], "label": "Last", "invert_pan": True}])
        self.assertEqual([r["id"] for r in got["updated"]], [a["id"], b["id"], c["id"]])
        self.assertEqual((got["created"], got["deleted"]), ([], []))
        self.assertEqual(self.stands(), [(1, 1, "Par 2"), (1, 5, "Par 1"), (1, 9, "Last")])
        self.assertEqual(self.d.get(f"/fixtures/{a['id']}"), got["updated"][0])
        self.assertEqual(self.batch(), {"created": [], "updated": [], "deleted": []})

    def test_what_goes_makes_room_and_comes_back_as_it_was(self):
        a, b = self.array(count=2)
        group = self.d.post(self.path("groups"), {"name": "left"})
        self.d.put(f"/groups/{group['id']}/members", {"fixture_ids": [b["id"], a["id"]]})
        got = self.batch(delete=[a["id"]], create=[{**DIMMER, "address": 1, "label": "New"}, {**DIMMER, "universe": 3}])
        self.assertEqual(got["deleted"], [a["id"]])
        self.assertEqual([r["model"] for r in got["created"]], ["Dimmer"] * 2)
        self.assertEqual([s[:2] for s in self.stands()], [(1, 1), (1, 5), (3, 1)])
        back = {k: a[k] for k in ("id", "universe", "address", "fixture_path", "mode_name", "label", "manufacturer", "model")}
        self.refused(409, "/create/0/address", create=[back])
        self.batch(delete=[r["id"] for r in got["created"]], create=[back])
        self.assertEqual(self.stands(), [(1, 1, "Par 1"), (1, 5, "Par 2")])
        self.assertEqual(self.d.get(f"/groups/{group['id']}")["fixture_ids"], [b["id"], a["id"]])

    def test_all_that_is_wrong_is_told_and_nothing_is_written(self):
        a, b, c = self.array(count=3, address=1, address_step=10)
        p = self.refused(409, "/update/0/address", "/update/1/address",
                         update=[{"id": a["id"], "address": 19}, {"id": b["id"], "address": 510}, {"id": c["id"], "label": "x"}])
        self.assertEqual(len(p["errors"]), 2)
        self.assertIn(c["id"], next(e["message"] for e in p["errors"] if e["path"] == "/update/0/address"))
        other = self.dimmer(self.venue())
        self.assertEqual(self.batch(delete=[other["id"]])["deleted"], [])
        self.assertTrue(self.d.get(f"/fixtures/{other['id']}"))
        self.refused(422, "/delete/0", "/delete/1", "/update/0/address", "/update/1/id", "/update/2", "/update/3/version", "/update/4/nonsense",
                     "/create/0/mode_name", "/create/1",
                     delete=["x", 3], update=[{"id": a["id"], "address": "1"}, {"id": other["id"]}, 7, {"id": b["id"], "version": "1"},
                                                      {"id": c["id"], "nonsense": 1}], create=[{**DIMMER, "mode_name": "no"}, None])
        for body, path in (({"update": {}}, "/update"), ({"remove": []}, "/remove")):
            self.refused(422, path, **body)
        self.assertIn(self.d.call("PATCH", self.path("fixtures"), []).status, (400, 422))
        self.problem(self.d.call("PATCH", "/venues/nonsense/fixtures", {}), 404)

    def test_an_edit_of_another_is_not_overwritten(self):
        a, b = self.array(count=2)
        self.d.patch(f"/fixtures/{b['id']}", {"label": "Theirs"})
        p = self.refused(412, update=[{"id": a["id"], "label": "Mine", "version": a["version"]}, {"id": b["id"], "label": "Mine", "version": b["version"]}])
        self.assertIn("Theirs", p["detail"])

    def test_five_hundred_at_once(self):
        rows = self.array(count=500)
        began = time.monotonic()
        for r in rows[:20]:
            self.d.patch(f"/fixtures/{r['id']}", {"pos_y": 1})
        one = (time.monotonic() - began) / 20
        began = time.monotonic()
        self.batch(update=[{"id": r["id"], "pos_x": i / 10, "address": r["address"], "universe": r["universe"] + 1} for i, r in enumerate(rows)])
        self.assertLess(time.monotonic() - began, 250 * one, "half of what they take one by one")
        self.assertEqual(self.fixtures()[499]["pos_x"], 49.9)


class Table(Patch):
    def send(self, text, query="", type="text/csv"):
        return self.d.call("POST", self.path("patch.csv") + query, text.encode() if isinstance(text, str) else text, {"Content-Type": type} if type else {})

    def read(self):
        r = self.d.call("GET", self.path("patch.csv"))
        self.assertEqual((r.status, r.headers["Content-Type"].split(";")[0]), (200, "text/csv"))
        return r.body.decode()

    def test_there_and_back(self):
        self.array(count=2, label='Par, "left" 1', pos_x=0.1, rot_z=-1.5707963267948966, invert_tilt=True, dimmer_curve="s")
        table = self.read()
        lines = list(csv.DictReader(io.StringIO(table, newline="")))
        self.assertEqual([(l["address"], l["label"], l["x"], l["invert_tilt"]) for l in lines],
                         [("1", 'Par, "left" 1', "0.1", "true"), ("5", 'Par, "left" 2', "0.1", "true")])
        other = self.venue()
        old, self.club = self.fixtures(), other
        r = self.send(table)
        self.assertEqual(r.status, 200, r)
        own = ("id", "venue_id", "version", "created_at", "updated_at")
        plain = lambda rows: [{k: v for k, v in f.items() if k not in own} for f in rows]
        self.assertEqual(plain(self.fixtures()), plain(old))
        self.assertEqual(plain(r.json["items"]), plain(old))

    def test_what_is_no_patch_replaces_nothing(self):
        self.array(count=2)
        before = self.stands()
        for text in (",,,\n,,,\n", ",\n", '""\n', "label\n", " ,\n\n\n"):
            self.problem(self.send(text, "?replace=true"), 422, "invalid", "/lines/1")
            self.assertEqual(self.stands(), before, text)

    def test_no_spreadsheet_runs_a_label(self):
        labels = ["=cmd|'/C calc'!A0", "+1", "-1 dB", "@SUM(1)", "'=1", "''-", "'tis", "'", "Par = 1", "-"]
        for i, label in enumerate(labels):
            self.d.post(self.path("fixtures"), {**DIMMER, "label": label, "address": 1 + 4 * i, "pos_x": -1.5})
        table = self.d.call("GET", self.path("patch.csv")).body.decode()
        rows = list(csv.DictReader(io.StringIO(table)))
        self.assertEqual([r["label"] for r in rows], ["'" + x if x.lstrip("'")[:1] in tuple("=+-@") else x for x in labels])
        self.assertEqual({r["x"] for r in rows}, {"-1.5"})          # a number stays one
        self.club = self.venue()
        self.assertEqual(self.send(table).status, 200)
        self.assertEqual([f["label"] for f in self.fixtures()], labels)

    def test_replace_keeps_who_is_named(self):
        rows = self.array(count=3)
        group = self.d.post(self.path("groups"), {"name": "left"})
        self.d.put(f"/groups/{group['id']}/members", {"fixture_ids": [r["id"] for r in rows]})
        r = self.send(f"id,address,mode,fixture_path,label\n{rows[2]['id']},1,4 Channels,builtin:generic-dimmer,Moved\n"
                      ",5,4 Channels,builtin:generic-dimmer,New\n", "?replace=true")
        self.assertEqual(r.status, 200, r)
        self.assertEqual(self.stands(), [(1, 1, "Moved"), (1, 5, "New")])
        self.assertEqual(self.d.get(f"/groups/{group['id']}")["fixture_ids"], [rows[2]["id"]])
        self.assertEqual(self.send("address\n", "?replace=true").status, 200)
        self.assertEqual(self.stands(), [])

    def test_a_definition_is_found_by_its_name(self):
        f = self.array(count=1)[0]
        r = self.send(f"manufacturer,model,mode,address\n{f['manufacturer']},{f['model'].lower()},4 Channels,101\n")
        self.assertEqual(r.status, 200, r)
        self.assertEqual(r.json["items"][0]["fixture_path"], "builtin:generic-dimmer")
        self.problem(self.send("manufacturer,model,mode,address\nNobody,Nothing,x,201\n"), 422, "invalid", "/lines/2/model")
        self.problem(self.send("mode,address,model\nx,201,\n"), 422, "invalid", "/lines/2/fixture_path")
        self.problem(self.send("mode,address\nx,201\n"), 422, "invalid", "/lines/1")

    def test_errors_name_lines_and_nothing_is_written(self):
        self.d.post(self.path("fixtures"), {**DIMMER, "address": 50, "label": "Old"})
        before = self.stands()
        head = "universe,address,mode,fixture_path,x,invert_pan,white_mode\r\n"
        good = "1,{},4 Channels,builtin:generic-dimmer,0,,\r\n"
        for lines, status, *paths in (
                (good.format(1) + good.format(48), 409, "/lines/3/address"),
                (good.format(1) + good.format(3), 409, "/lines/2/address", "/lines/3/address"),
                (good.format(1) + "\r\n" + good.format(510), 409, "/lines/4/address"),
                (good.format("x") + good.format(""), 422, "/lines/2/address", "/lines/3/address"),
                (good.format(513) + good.format(0) + good.format("1.5"), 422, "/lines/2/address", "/lines/3/address", "/lines/4/address"),
                ("1,1,No Channels,builtin:generic-dimmer,1,,\n1,9,4 Channels,no/such.qxf,1,,\n", 422, "/lines/2/mode", "/lines/3/fixture_path"),
                ('1,1,4 Channels,builtin:generic-dimmer,"1,5",maybe,\n', 422, "/lines/2/x", "/lines/2/invert_pan"),
                ("1,1,4 Channels,builtin:generic-dimmer,nan,,pink\n", 422, "/lines/2/x"),
                ("1,1,4 Channels,builtin:generic-dimmer,0,,pink\n", 422, "/lines/2/white_mode"),
                ("1,1,4 Channels,builtin:generic-dimmer,0,,,9\n", 422, "/lines/2"),
                (good.format(1) + '"x\n', 400, "/lines/3")):
            for query in ("",) if "48" in lines else ("", "?replace=true"):
                self.problem(self.send(head + lines, query), status, None, *paths)
                self.assertEqual(self.stands(), before, lines)
        p = self.problem(self.send(head + good.format("x") * 50), 422)
        self.assertEqual([e["path"] for e in p["errors"]], [f"/lines/{i}/address" for i in range(2, 52)])       # each of them
        self.assertIn("Line 2", p["detail"])
        for text, path in (("", "/lines/1"), ("universe,adress\n", "/lines/1"), ("address,Address\n", "/lines/1")):
            self.problem(self.send(text), 422, "invalid", path)
        self.problem(self.send(b"address,label\n1,\xe4\n"), 400, "bad_request", "/lines/2")
        self.problem(self.send("address\n", "?replace=maybe"), 400)
        self.problem(self.send("address\n", type="application/json"), 415)
        self.problem(self.d.call("GET", "/venues/nonsense/patch.csv"), 404)
        self.problem(self.d.call("POST", "/venues/nonsense/patch.csv", b"address\n", {"Content-Type": "text/csv"}), 404)

    def test_lines_that_cannot_be_read_do_not_hide_those_that_do_not_fit(self):
        head = "universe,address,mode,fixture_path\n"
        p = self.problem(self.send(head + "1,1,4 Channels,builtin:generic-dimmer\n1,x,4 Channels,builtin:generic-dimmer\n"
                                   "1,3,4 Channels,builtin:generic-dimmer\n1,9,5 Lamps,builtin:generic-dimmer\n1,511,4 Channels,builtin:generic-dimmer\n"), 422)
        self.assertEqual([e["path"] for e in p["errors"]],
                         ["/lines/2/address", "/lines/3/address", "/lines/4/address", "/lines/5/mode", "/lines/6/address"])
        self.assertIn("the next free address is", p["errors"][0]["message"])
        self.assertEqual(self.stands(), [])

    def test_tables_of_spreadsheets(self):
        for text in ("\ufeffUniverse;Address;Label;Mode;fixture_path;x;y;invert_pan;;\r\n1;10;\"Bar; left\";4 Channels;builtin:generic-dimmer;1,5;-0,25;TRUE;;\r\n;;;;;;;;;\r\n",
                     "sep=;\r\naddress;universe;label;mode_name;fixture_path;pos_x;pos_y;invert_pan\r\n 10 ; 1;\"Bar; left\";4 Channels;builtin:generic-dimmer;1.5;-0,25;yes\r\n",
                     "address\tlabel\tmode\tfixture_path\tx\ty\tinvert_pan\r10\tBar; left\t4 Channels\tbuiltin:generic-dimmer\t1,5\t-0.25\t1\r"):
            r = self.send(text, "?replace=true")
            self.assertEqual(r.status, 200, (text, r))
            f, = self.fixtures()
            self.assertEqual((f["universe"], f["address"], f["label"], f["pos_x"], f["pos_y"], f["invert_pan"]), (1, 10, "Bar; left", 1.5, -0.25, True))
        before = self.fixtures()
        p = self.problem(self.send("address;mode;fixture_path;x\n1;4 Channels;builtin:generic-dimmer;1.000,5\n"), 422, "invalid", "/lines/2/x")
        self.assertNotIn("point", p["errors"][0]["message"])
        self.assertEqual(self.send("address,mode\n1,x\n".encode("utf-16")).status, 400)
        p = self.problem(self.send("Adresse;mode\n1;x\n"), 422, "invalid", "/lines/1")
        self.assertEqual(len(p["errors"]), 3)           # no such column; no address; no definition
        self.assertEqual(self.fixtures(), before)

    def test_an_id_stands_in_one_line(self):
        rows = self.array(count=2)
        line = "{},{},4 Channels,builtin:generic-dimmer\n"
        table = "id,address,mode,fixture_path\n" + line.format(rows[0]["id"], 101) + line.format(rows[1]["id"], 111) + line.format(rows[0]["id"], 121)
        for query in ("", "?replace=true"):
            p = self.problem(self.send(table, query), 422, "invalid", "/lines/4/id")
            self.assertEqual(len(p["errors"]), 1)
            self.assertIn("line 2", p["errors"][0]["message"])
        self.assertEqual([s[1] for s in self.stands()], [1, 5])

    def test_a_table_brings_back_what_was_removed(self):
        rows = self.array(count=3)
        group = self.d.post(self.path("groups"), {"name": "left"})
        ids = [r["id"] for r in rows]
        self.d.put(f"/groups/{group['id']}/members", {"fixture_ids": ids[::-1]})
        self.d.put(f"/fixtures/{ids[0]}/park", {"channels": {"1": 9}})
        table = self.read()
        self.assertEqual(self.send("address,mode,fixture_path\n301,4 Channels,builtin:generic-dimmer\n", "?replace=true").status, 200)
        self.assertEqual(self.d.get(f"/groups/{group['id']}")["fixture_ids"], [])
        self.assertEqual(self.send(table, "?replace=true").status, 200)
        self.assertEqual(self.read(), table)
        self.assertEqual(self.d.get(f"/groups/{group['id']}")["fixture_ids"], ids[::-1])
        self.assertEqual(self.d.get(f"/fixtures/{ids[0]}/park")["channels"], {"1": 9})
        other, old = self.venue(), self.club            # into another venue: fixtures of its own
        self.club = other
        self.assertEqual(self.send(table, "?replace=true").status, 200)
        self.assertEqual(len(self.fixtures()), 3)
        self.assertFalse(set(ids) & {f["id"] for f in self.fixtures()})
        self.club = old
        self.assertEqual(self.read(), table)

    def test_ten_thousand_lines(self):
        f = self.array(count=1, universe=500)[0]
        def lines(n):
            return "".join(f"{1 + i // 128},{1 + i % 128 * 4},4 Channels,{f['manufacturer']},{f['model']}\n" for i in range(n))
        head = "universe,address,mode,manufacturer,model\n"
        began = time.monotonic()
        self.assertEqual(self.send(head + lines(10000)).status, 200)
        took = time.monotonic() - began
        self.assertLess(took, 60)
        table = self.read()
        self.assertEqual(table.count("\r\n"), 10002)
        self.problem(self.send("address\n" + "1\n" * 20001), 422, "invalid", "/lines/1")
        self.problem(self.send(head + "1,1,m,a,b\n" * 20001), 413)
        p = self.problem(self.send(head + "1,x,m,a,b\n" * 9999 + "1,1,4 Channels,Nobody,Nothing\n"), 422)
        self.assertEqual(len(p["errors"]), 10000)
        self.assertEqual([p["errors"][i]["path"] for i in (0, -2, -1)], ["/lines/2/address", "/lines/10000/address", "/lines/10001/model"])
        self.assertEqual(self.send(table, "?replace=true").status, 200)         # changes nothing
        self.assertEqual(self.read(), table)
        print(f"10,000 lines in {took:.1f} s", file=sys.stderr)


class Lost(unittest.TestCase):
    """A definition that is gone: its fixture stays dark, and the patch can still go out and in."""

    def test_a_patch_with_a_lost_definition_comes_back(self):
        xml = ('<FixtureDefinition xmlns="http://www.qlcplus.org/FixtureDefinition"><Manufacturer>Own</Manufacturer><Model>Lamp</Model><Type>Dimmer</Type>'
               '<Channel Name="d" Preset="IntensityDimmer"/><Mode Name="one"><Channel Number="0">d</Channel></Mode></FixtureDefinition>')
        with tempfile.TemporaryDirectory() as data:
            own = pathlib.Path(data, "fixtures/Own/Lamp.qxf")
            own.parent.mkdir(parents=True)
            own.write_text(xml)
            with Lumad(data=data) as d:
                club = d.post("/venues", {"name": "Club"})
                d.post(f"/venues/{club['id']}/fixtures", {"fixture_path": "Own/Lamp.qxf", "mode_name": "one", "address": 5, "label": "Mine"})
                d.post(f"/venues/{club['id']}/fixtures", {**DIMMER, "address": 11})
            own.unlink()
            with Lumad(data=data) as d:
                path = f"/venues/{club['id']}/patch.csv"
                table = d.call("GET", path).body.decode()
                r = d.call("POST", path + "?replace=true", table.replace(",11,", ",21,").encode(), {"Content-Type": "text/csv"})
                self.assertEqual(r.status, 200, r)
                self.assertEqual([f["address"] for f in d.get(f"/venues/{club['id']}/fixtures")["items"]], [5, 21])
                r = d.call("POST", f"/venues/{club['id']}/renumber", {})
                self.assertEqual((r.status, r.json["errors"][0]["path"]), (422, "/fixture_ids"))
                self.assertIn("Mine at 1.5: ", r.json["detail"])
                self.assertEqual([f["address"] for f in d.get(f"/venues/{club['id']}/fixtures")["items"]], [5, 21])
                r = d.call("POST", path, table.encode(), {"Content-Type": "text/csv"})          # new ones cannot be made of it
                self.assertEqual((r.status, r.json["errors"][0]["path"]), (422, "/lines/2/fixture_path"))
                batch = f"/venues/{club['id']}/fixtures"
                mine = d.get(batch)["items"][0]
                self.assertEqual(d.patch(batch, {"update": [{"id": mine["id"], "label": "Still mine", "address": 7}]})["updated"][0]["address"], 7)
                d.patch(batch, {"delete": [mine["id"]]})
                lamp = {"fixture_path": "Own/Lamp.qxf", "mode_name": "one", "address": 5}
                r = d.call("PATCH", batch, {"create": [lamp]})
                self.assertEqual((r.status, r.json["errors"][0]["path"]), (422, "/create/0/fixture_path"))
                self.assertEqual(d.patch(batch, {"create": [{**lamp, "id": mine["id"]}]})["created"][0]["id"], mine["id"])


class Groups(Patch):
    def setUp(self):
        super().setUp()
        self.rows = self.array(count=4, mode_name="1 Channel", offset={"x": 2, "y": 1})
        self.ids = [f["id"] for f in self.rows]
        self.group = self.d.post(self.path("groups"), {"name": "front"})
        self.own = f"/groups/{self.group['id']}"

    def members(self, *which):
        return self.d.put(f"{self.own}/members", {"fixture_ids": [self.ids[i] for i in which]})

    def test_members_have_an_order_and_who_changes_it_changes_the_group(self):
        first = self.members(3, 0, 2)
        self.assertEqual(first["fixture_ids"], [self.ids[i] for i in (3, 0, 2)])
        self.assertGreater(first["version"], self.group["version"])
        again = self.members(3, 0, 2)
        self.assertEqual(again["version"], first["version"])
        second = self.members(2, 0, 3)
        self.assertGreater(second["version"], first["version"])
        r = self.d.call("PUT", f"{self.own}/members", {"fixture_ids": []}, {"If-Match": f'"{first["version"]}"'})
        self.problem(r, 412, "stale")
        self.assertEqual(r.json["current"]["fixture_ids"], second["fixture_ids"])
        self.d.delete(f"/fixtures/{self.ids[0]}")
        self.assertEqual(self.d.get(self.own)["fixture_ids"], [self.ids[2], self.ids[3]])
        self.d.post(self.path("fixtures"), {k: self.rows[0][k] for k in ("id", "address", "fixture_path", "mode_name")})      # undo
        self.assertEqual(self.d.get(self.own)["fixture_ids"], [self.ids[2], self.ids[0], self.ids[3]])

    def test_axes_come_from_positions_unless_they_are_set(self):
        self.members(3)                                 # the fixtures stand at x 0, 2, 4, 6 and y 0 to 3
        self.assertEqual(self.d.get(self.own)["axes"], {"lr": 1, "fb": 1, "ab": 0})
        self.members(0)
        self.assertEqual(self.d.get(self.own)["axes"], {"lr": -1, "fb": -1, "ab": 0})
        self.members(0, 1)
        self.assertEqual(self.d.get(self.path("groups"))["items"][0]["axes"]["lr"], round(-2 / 3, 4))
        row = self.d.patch(self.own, {"axis_lr": 0.25})
        self.assertEqual((row["axis_lr"], row["axis_fb"], row["axes"]["lr"]), (0.25, None, 0.25))
        self.d.patch(f"/fixtures/{self.ids[3]}", {"pos_x": 1000})
        self.assertEqual(self.d.get(self.own)["axes"]["lr"], 0.25)
        row = self.d.patch(self.own, {"axis_lr": None})
        self.assertLess(row["axes"]["lr"], -0.3)
        fresh = self.d.call("GET", self.own, headers={"If-None-Match": f'"{row["version"]}"'})
        self.d.patch(f"/fixtures/{self.ids[3]}", {"pos_x": -1000})      # the group's own row stays as it is, where it stands does not
        moved = self.d.call("GET", self.own, headers={"If-None-Match": f'"{row["version"]}"'})
        self.assertEqual((fresh.status, moved.status), (200, 200))
        self.assertGreater(moved.json["axes"]["lr"], 0.3)
        for wrong in ({"axis_lr": 1.5}, {"axis_fb": "x"}, {"axes": {"lr": 1}}):
            self.problem(self.d.call("PATCH", self.own, wrong), 422, "invalid", "/" + next(iter(wrong)))

    def test_a_movement_base_is_kept_member_by_member(self):
        self.assertIsNone(self.group["movement"])
        self.assertEqual(self.d.patch(self.own, {"movement": {"pan": 30, "tilt": -20}})["movement"], {"pan": 30, "tilt": -20})
        self.assertEqual(self.d.patch(self.own, {"movement": {"tilt": 5, "pan_range": 60}})["movement"], {"pan": 30, "tilt": 5, "pan_range": 60})
        self.assertIsNone(self.d.patch(self.own, {"movement": None})["movement"])
        for wrong in ({"pan": "x"}, {"zoom": 1}, 5, {"tilt": 4000}):
            self.problem(self.d.call("PATCH", self.own, {"movement": wrong}), 422, "invalid", "/movement")


class Selections(Patch):
    """POST /venues/{id}/select knows what was written before it, whoever asks."""

    def select(self, expression, **more):
        return self.d.post(self.path("select"), {"expression": expression, **more})

    def test_every_write_is_seen_at_once(self):
        for n in range(1, 12):
            f = self.d.post(self.path("fixtures"), {**DIMMER, "mode_name": "1 Channel", "address": n, "pos_x": 20 - n})
            self.assertEqual(self.select("all[1]")["heads"], [f"{f['id']}:0"])         # leftmost
            self.assertEqual(len(self.d.get(self.path("heads"))["items"]), n)
        g = self.d.post(self.path("groups"), {"name": "mine"})
        self.assertEqual(self.select("mine")["heads"], [])
        self.d.put(f"/groups/{g['id']}/members", {"fixture_ids": [f["id"]]})
        self.assertEqual(self.select("mine")["heads"], [f"{f['id']}:0"])
        self.d.patch(f"/groups/{g['id']}", {"name": "yours"})
        self.assertIn("yours", self.select("mine")["warnings"][0])
        self.d.delete(f"/fixtures/{f['id']}")
        self.assertEqual(self.select("yours")["heads"], [])
        self.d.delete(f"/groups/{g['id']}")
        self.assertEqual(self.d.get(self.path("next-address") + "?channels=1")["address"], 11)
        self.d.delete(f"/venues/{self.club['id']}")
        self.problem(self.d.call("POST", self.path("select"), {"expression": "all"}), 404)

    def test_heads_stand_where_their_fixture_turns_them(self):
        half = math.pi / 2
        for turn, along in (({}, (1, 0, 0)), ({"rot_z": half}, (0, 1, 0)), ({"rot_y": -half}, (0, 0, 1)), ({"rot_x": half, "rot_z": half}, (0, 1, 0))):
            f = self.d.post(self.path("fixtures"), {**DIMMER, "pos_x": 10, "pos_y": -2, "pos_z": 5, **turn})
            heads = self.d.get(self.path("heads"))["items"]
            self.assertEqual([h["id"] for h in heads], [f"{f['id']}:{i}" for i in range(4)])
            for i, h in enumerate(heads):
                want = [p + a * (i - 1.5) * 0.1 for p, a in zip((10, -2, 5), along)]
                self.assertEqual([h["x"], h["y"], h["z"]], [round(w, 4) for w in want], turn)
            self.d.delete(f"/fixtures/{f['id']}")

    def test_a_local_selection_has_a_list_for_each_group(self):
        rows = self.array(count=3, mode_name="1 Channel")
        heads = [f"{r['id']}:0" for r in rows]
        for name, which in (("a", (0, 1)), ("b", (1, 2))):
            g = self.d.post(self.path("groups"), {"name": name})
            self.d.put(f"/groups/{g['id']}/members", {"fixture_ids": [rows[i]["id"] for i in which]})
        got = self.select("b | a", spatial_reference="group_local")
        self.assertEqual(got["heads"], heads)
        self.assertEqual(got["groups"], [{"group": "b", "heads": heads[1:]}, {"group": "a", "heads": heads[:1]}])       # the first named has it
        self.assertNotIn("groups", self.select("b | a", spatial_reference="global"))
        self.problem(self.d.call("POST", self.path("select"), {"expression": "a", "spatial_reference": "x"}), 422, "invalid", "/spatial_reference")

    def test_many_ask_while_it_changes(self):
        f = self.d.post(self.path("fixtures"), {**DIMMER, "address": 1})
        stop, seen = threading.Event(), []

        def ask():
            while not stop.is_set():
                seen.append(len(self.d.call("POST", self.path("select"), {"expression": "all"}).json["heads"]))
        askers = [threading.Thread(target=ask) for _ in range(3)]
        for t in askers:
            t.start()
        try:
            for n in (1, 8, 2, 12, 3, 4) * 5:
                self.d.patch(f"/fixtures/{f['id']}", {"mode_name": "1 Channel" if n == 1 else f"{n} Channels"})
                self.assertEqual(len(self.select("all")["heads"]), n)
        finally:
            stop.set()
            for t in askers:
                t.join()
        self.assertLessEqual(set(seen), {1, 2, 3, 4, 8, 12})

    def test_errors_say_where(self):
        for expression, start, end in (("a & (b", 6, 6), ("\u00a0 € | b", 2, 3), ("front bar", 6, 7), ("a[0]", 2, 3), ("colour:red", 0, 7)):
            p = self.problem(self.d.call("POST", self.path("select"), {"expression": expression}), 422, "invalid", "/expression")
            e = p["errors"][0]
            self.assertEqual((e["start"], e["end"]), (start, end), e)
            self.assertIn(f"column {start + 1}:", e["message"])

    def test_two_thousand_heads_in_a_millisecond(self):
        self.array(count=500)
        took = min(self.select("(all[::2] | side:left) & ~has:movement > all")["took_us"] for _ in range(20))
        self.assertLess(took, 1000)
        self.assertEqual(len(self.select("all")["heads"]), 2000)


class Parks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.d = Lumad()
        cls.rig = Rig(cls.d)
        cls.rig.show()
        cls.d.post("/host-audio/pause")
        cls.rig.seek(2)

    @classmethod
    def tearDownClass(cls):
        cls.d.stop()

    def setUp(self):
        self.first, self.second = self.rig.fixtures
        self.becomes([153, 153])

    def tearDown(self):
        self.d.post("/show/blackout", {"on": False})
        for f in self.rig.fixtures:
            self.park(f, None)
        self.becomes([153, 153])

    def park(self, fixture, channels):
        return self.d.put(f"/fixtures/{fixture['id']}/park", {"channels": channels})

    def becomes(self, want, universe=1):
        self.assertEqual(self.rig.settle(want, universe), want)

    def warning(self, want):
        """The message of the warning once it is there (or gone)."""
        end = time.monotonic() + 5
        while True:
            found = [w["message"] for w in self.d.get("/system")["warnings"] if w["id"] == "parked"]
            if bool(found) == want or time.monotonic() > end:
                return found
            time.sleep(0.05)

    def test_a_parked_channel_wins_over_everything(self):
        self.assertEqual(self.park(self.first, {"1": 77})["channels"], {"1": 77})
        self.becomes([77, 153])
        self.d.post("/show/blackout", {"on": True})
        self.becomes([77, 0])
        self.d.post("/show/freeze", {"on": True})
        self.d.post("/show/master", {"level": 0})
        self.becomes([77, 0])
        self.d.post(f"/fixtures/{self.first['id']}/identify")
        time.sleep(0.1)
        self.assertEqual(self.rig.slots(1), [77])
        self.d.post("/show/master", {"level": 1})
        self.d.post("/show/freeze", {"on": False})
        self.d.put("/show", {"mode": "off"})
        self.becomes([77, 0])
        self.rig.show()
        self.park(self.first, {"1": 255})
        self.becomes([255, 0])
        self.park(self.first, None)
        self.becomes([0, 0])

    def test_what_is_parked_is_shown(self):
        self.assertEqual(self.warning(False), [])
        self.park(self.first, {"1": 0})
        self.becomes([0, 153])
        self.assertIn("1 channel is parked", self.warning(True)[0])
        self.assertEqual(self.d.get(f"/venues/{self.rig.venue['id']}/parks"),
                         {"items": [{"fixture_id": self.first["id"], "channels": {"1": 0}}], "next": None})
        self.assertEqual(self.d.get(f"/fixtures/{self.first['id']}/park")["channels"], {"1": 0})
        self.assertEqual(self.d.get(f"/fixtures/{self.second['id']}/park"), {"fixture_id": self.second["id"], "channels": {}})
        self.assertEqual(self.park(self.first, {"1": None})["channels"], {})
        self.assertEqual(self.warning(False), [])

    def test_exactly_what_is_sent_is_parked(self):
        f = self.d.post(f"/venues/{self.rig.venue['id']}/fixtures", {
            "universe": 2, "address": 1, "fixture_path": "builtin:generic-dimmer", "mode_name": "4 Channels"})
        try:
            self.becomes([153] * 4, 2)
            self.park(f, {"2": 1, "4": 4})
            self.becomes([153, 1, 153, 4], 2)
            self.park(f, {"2": 7, "3": 3})
            self.becomes([153, 7, 3, 153], 2)
            self.d.patch(f"/fixtures/{f['id']}", {"address": 3})        # it moves with its fixture
            self.becomes([0, 0, 153, 7, 3, 153], 2)
            self.d.patch(f"/fixtures/{f['id']}", {"mode_name": "2 Channels"})
            self.becomes([0, 0, 153, 7, 0, 0], 2)
        finally:
            self.d.delete(f"/fixtures/{f['id']}")
        self.assertEqual(self.d.get(f"/venues/{self.rig.venue['id']}/parks")["items"], [])

    def test_wrong_bodies(self):
        self.park(self.first, {"1": 9})
        path = f"/fixtures/{self.first['id']}/park"
        for body, where in (({"channels": {"2": 1}}, "/channels/2"), ({"channels": {"0": 1}}, "/channels/0"), ({"channels": {"x/é~": 1}}, "/channels"),
                            ({"channels": {"01": 1}}, "/channels/01"), ({"channels": {"1": 256}}, "/channels/1"), ({"channels": {"1": -1}}, "/channels/1"),
                            ({"channels": {"1": 1.5}}, "/channels/1"), ({"channels": {"1": True}}, "/channels/1"), ({"channels": [1]}, "/channels"),
                            ({}, "/channels"), ({"channels": None, "x": 1}, "/x")):
            r = self.d.call("PUT", path, body)
            self.assertEqual(r.status, 422, (body, r))
            self.assertIn(where, [e["path"] for e in r.json["errors"]], body)
        self.assertEqual(self.d.call("PUT", path, []).status, 400)
        for missing in (("PUT", "/fixtures/nonsense/park", {"channels": None}), ("GET", "/fixtures/nonsense/park"), ("GET", "/venues/nonsense/parks")):
            self.assertEqual(self.d.call(*missing).status, 404)
        self.assertEqual(self.d.get(path)["channels"], {"1": 9})


if __name__ == "__main__":
    unittest.main()
