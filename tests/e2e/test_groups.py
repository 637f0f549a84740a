"""Groups as things of their own: colour and place in lists, the masters that show them, and lighting one up to see what it is."""
import time
import unittest
import urllib.parse
import uuid

from lumad import Lumad


class Groups(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.d = Lumad()
        cls.venue = cls.d.post("/venues", {"name": "Club"})
        cls.base = f"/venues/{cls.venue['id']}"
        cls.fixtures = [cls.fixture(cls.base, i, "builtin:generic-dimmer", "1 Channel") for i in (1, 2, 3)]
        cls.d.put("/show", {"venue_id": cls.venue["id"], "score_id": None, "mode": "off"})

    @classmethod
    def tearDownClass(cls):
        cls.d.stop()

    @classmethod
    def fixture(cls, base, address, path, mode):
        return cls.d.post(f"{base}/fixtures", {"universe": 1, "address": address, "fixture_path": path, "mode_name": mode, "label": f"F{address}"})

    def tearDown(self):
        for g in self.d.get(f"{self.base}/groups")["items"]:
            self.d.delete(f"/groups/{g['id']}")
        self.assertEqual(self.settle(self.masters, []), [])             # a patch that comes late ends what is identified

    def group(self, name, members=(), **more):
        g = self.d.post(f"{self.base}/groups", {"name": name, **more})
        return self.d.put(f"/groups/{g['id']}/members", {"fixture_ids": [f["id"] for f in members]})

    def names(self):
        return [g["name"] for g in self.d.get(f"{self.base}/groups")["items"]]

    def masters(self):
        return [(g["name"], g["color"]) for g in self.d.get("/show")["group_masters"]]

    def settle(self, read, want, seconds=3):
        end = time.monotonic() + seconds
        while (got := read()) != want and time.monotonic() < end:
            time.sleep(0.01)
        return got

    def slots(self):
        return self.d.get("/dmx/universes/1")["slots"][:3]

    def test_colour_and_place_are_kept_and_shown_with_the_masters(self):
        a = self.group("a", self.fixtures[:1], color="#ff8800", sort_index=2)
        b = self.group("b", self.fixtures[1:], sort_index=1)
        self.assertEqual((a["color"], a["sort_index"], b["color"]), ("#ff8800", 2, None))
        self.assertEqual(self.names(), ["b", "a"])
        self.assertEqual(self.settle(self.masters, [("b", None), ("a", "#ff8800")]), [("b", None), ("a", "#ff8800")])
        self.d.patch(f"/groups/{b['id']}", {"sort_index": 2.5, "color": "#00FF0080"})
        self.assertEqual(self.names(), ["a", "b"])
        self.assertEqual(self.settle(self.masters, [("a", "#ff8800"), ("b", "#00FF0080")]), [("a", "#ff8800"), ("b", "#00FF0080")])
        self.d.patch(f"/groups/{a['id']}", {"color": None})
        self.assertIsNone(self.d.get(f"/groups/{a['id']}")["color"])
        for bad in ("red", "#12345", "#gggggg", "#ff8800; background:url(x)", 7):
            r = self.d.call("PATCH", f"/groups/{a['id']}", {"color": bad})
            self.assertEqual((r.status, r.json["errors"][0]["path"]), (422, "/color"), bad)
        self.assertEqual(self.d.call("PATCH", f"/groups/{a['id']}", {"sort_index": "first"}).status, 422)

    def test_a_table_of_the_patch_says_nothing_of_them(self):
        before = self.d.call("GET", f"{self.base}/patch.csv").body
        self.group("a", self.fixtures, color="#ff8800", sort_index=9)
        self.assertEqual(self.d.call("GET", f"{self.base}/patch.csv").body, before)

    def test_a_group_is_lit_and_goes_dark_again(self):
        g = self.group("ends", [self.fixtures[0], self.fixtures[2]])
        self.assertEqual(self.settle(lambda: len(self.masters()), 1), 1)
        self.assertEqual(self.slots(), [0, 0, 0])
        identify = lambda: self.d.call("POST", f"/groups/{g['id']}/identify").status
        self.assertEqual(self.settle(identify, 204), 204)               # 409 until the show has taken up the new fixtures
        self.assertEqual(self.settle(self.slots, [255, 0, 255], 0.5), [255, 0, 255])
        self.assertEqual(self.settle(self.slots, [0, 0, 0], 2), [0, 0, 0])

    def test_two_are_lit_beside_each_other(self):
        for f in self.fixtures[:2]:
            self.d.post(f"/fixtures/{f['id']}/identify")
        self.assertEqual(self.settle(self.slots, [255, 255, 0], 0.5), [255, 255, 0])
        self.assertEqual(self.settle(self.slots, [0, 0, 0], 2), [0, 0, 0])

    def test_fog_and_lasers_are_not_set_off(self):
        found = [f for f in self.d.get("/fixture-library?type=hazer&limit=50")["items"] if f["type"] == "hazer"]
        self.assertTrue(found, "the library has no hazer")
        path = found[0]["path"]
        mode = self.d.get(f"/fixture-library/definition?path={urllib.parse.quote(path)}")["modes"][0]["name"]
        hazer = self.fixture(self.base, 10, path, mode)
        g = self.group("mixed", [self.fixtures[0], hazer])
        self.assertEqual(self.settle(lambda: len(self.masters()), 1), 1)
        still = self.d.get("/dmx/universes/1")["slots"][9:40]
        self.d.post(f"/groups/{g['id']}/identify")
        self.assertEqual(self.settle(self.slots, [255, 0, 0], 0.5), [255, 0, 0])
        self.assertEqual(self.d.get("/dmx/universes/1")["slots"][9:40], still)
        self.d.delete(f"/fixtures/{hazer['id']}")

    def test_what_cannot_be_lit_says_why(self):
        empty = self.group("empty")
        self.assertEqual(self.settle(lambda: len(self.masters()), 1), 1)
        r = self.d.call("POST", f"/groups/{empty['id']}/identify")
        self.assertEqual(r.status, 409)
        self.assertIn("no fixtures", r.json["detail"])
        other = self.d.post("/venues", {"name": "Other"})
        g = self.d.post(f"/venues/{other['id']}/groups", {"name": "far"})
        r = self.d.call("POST", f"/groups/{g['id']}/identify")
        self.assertEqual(r.status, 409)
        self.assertIn("active venue", r.json["detail"])
        self.assertEqual(self.d.call("POST", f"/groups/{uuid.uuid4()}/identify").status, 404)


if __name__ == "__main__":
    unittest.main()
