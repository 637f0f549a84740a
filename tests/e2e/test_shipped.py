"""The patterns that come with lumad: each gives light on the demo's rig, and they are added to a show of one's own without touching what is there."""
import json
import unittest

from lumad import ROOT, Lumad
from test_light import until

FILES = {f.stem: json.loads(f.read_text()) for f in sorted((ROOT / "config/demo/patterns").glob("*.json"))}


def needs_stems(pattern):
    return any(n["type"] == "stem_splitter" for n in pattern["graph"]["nodes"])


class Shipped(unittest.TestCase):
    def test_they_are_many_and_say_what_they_do(self):
        self.assertGreaterEqual(len(FILES), 24)
        self.assertEqual(len({p["name"] for p in FILES.values()}), len(FILES))
        for key, p in FILES.items():
            self.assertGreater(len(p["description"]), 20, key)
            self.assertTrue(p["category"], key)
            args = p["graph"]["args"]
            self.assertEqual(args[0]["type"], "selection", f"{key}: first comes whom it lights")
            for a in args:
                self.assertTrue(a["name"], key)
                self.assertIn("default", a, key)

    def test_each_lights_the_demo(self):
        d = Lumad("--demo")
        self.addCleanup(d.stop)
        until(lambda: d.get("/host-audio")["loaded"])
        show = d.get("/show")
        d.wait_jobs(show["track_id"], 300)
        context = {"track_id": show["track_id"], "venue_id": show["venue_id"], "start": 30, "end": 38, "seed": 1}
        for key, p in FILES.items():
            with self.subTest(pattern=key):
                if needs_stems(p):      # they are separated when somebody asks
                    d.post(f"/tracks/{show['track_id']}/analyze", {"steps": ["stems"]})
                    d.wait_jobs(show["track_id"], 300)
                answer = d.post("/graph/run", {"graph": p["graph"], "context": context, "views": True})
                self.assertEqual(answer["errors"], [])
                self.assertGreater(answer["layer"]["heads"], 0)
                seen = answer["views"].get("look")
                if seen and "max" in seen:      # what it shows in the editor is not a flat line
                    self.assertGreater(max(map(max, seen["max"])), min(map(min, seen["min"])) + 0.1)

    def test_they_are_added_once_and_what_is_there_stays(self):
        d = Lumad()
        self.addCleanup(d.stop)
        self.assertEqual(d.get("/patterns")["items"], [])
        self.assertEqual(d.post("/patterns/shipped"), {"added": len(FILES), "total": len(FILES)})
        self.assertEqual(d.post("/patterns/shipped"), {"added": 0, "total": len(FILES)})
        mine = {p["name"]: p["id"] for p in d.get("/patterns?limit=1000")["items"]}
        self.assertEqual(len(mine), len(FILES))
        d.patch(f"/patterns/{mine['Fire']}", {"name": "My fire"})
        d.put(f"/patterns/{mine['Sparkle']}/graph", {"nodes": [], "edges": [], "args": []})
        d.delete(f"/patterns/{mine['Ocean']}")
        self.assertEqual(d.post("/patterns/shipped")["added"], 1)
        names = {p["name"]: p["id"] for p in d.get("/patterns?limit=1000")["items"]}
        self.assertEqual(len(names), len(FILES))
        picture = d.call("GET", f"/patterns/{mine['Rainbow']}/picture")
        self.assertEqual((picture.status, picture.headers["Content-Type"], picture.body[:2]), (200, "image/bmp", b"BM"))
        again = d.call("GET", f"/patterns/{mine['Rainbow']}/picture", headers={"If-None-Match": picture.headers["ETag"]})
        self.assertEqual(again.status, 304)
        self.assertEqual((names["My fire"], names["Ocean"]), (mine["Fire"], mine["Ocean"]))
        self.assertEqual(d.get(f"/patterns/{mine['Sparkle']}/graph")["nodes"], [])
        self.assertEqual(d.get(f"/patterns/{mine['Ocean']}/graph")["nodes"], FILES["ocean"]["graph"]["nodes"])


if __name__ == "__main__":
    unittest.main()
