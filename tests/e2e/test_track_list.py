"""The library as a list: every order and filter, rows by id, many tracks changed at once, and what was deleted comes back with its sound."""
import contextlib
import hashlib
import sqlite3
import struct
import unittest
import uuid

from lumad import Lumad, tone

NO_LIGHT = True


class TrackList(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.d = Lumad()
        cls.addClassCleanup(cls.d.stop)
        cls.d.patch("/settings", {"stems": "demand"})
        cls.sound = {name: tone(1, rate=8000, seed=i) for i, name in enumerate(("one", "two", "three"))}
        cls.ids = {name: cls.d.upload(data, f"{name}.wav").json["id"] for name, data in cls.sound.items()}
        for i in cls.ids.values():
            cls.d.wait_jobs(i)

    def index(self, query=""):
        return self.d.get(f"/tracks/index{query}")

    def test_orders_filters_and_rows(self):
        self.assertEqual(self.index()["titles"], ["one", "three", "two"])
        self.assertEqual(self.index("?sort=-title")["titles"], ["two", "three", "one"])
        self.assertEqual(self.index("?q=T%20wo")["titles"], ["two"])
        self.assertEqual(self.index()["total"], 3)
        for sort in ("artist", "album", "bpm", "key", "length", "added", "analysis"):
            self.assertEqual(set(self.index(f"?sort=-{sort}")["ids"]), set(self.ids.values()))
        self.assertEqual(self.index("?sort=added")["titles"], ["one", "two", "three"])
        self.assertEqual(self.d.call("GET", "/tracks/index?sort=colour").status, 400)
        self.assertEqual(self.d.call("GET", "/tracks/index?show=nothing").status, 400)
        self.assertEqual(self.index("?show=unanalysed")["titles"], [], "stems, which are made on demand, are missed by nobody")
        self.assertEqual(self.index("?show=failed")["titles"], [])
        a, b = self.ids["two"], self.ids["one"]
        rows = self.d.get(f"/tracks?ids={a},{uuid.uuid4()},{b}")["items"]
        self.assertEqual([r["id"] for r in rows], [a, b])
        self.assertEqual(rows[0]["analysis"]["waveform"]["state"], "done")
        self.assertIn("key", rows[0])
        self.assertEqual(self.d.call("GET", "/tracks?ids=x").status, 400)
        self.assertEqual(self.d.call("GET", f"/tracks?ids={','.join([a] * 101)}").status, 400)
        self.assertEqual(len(self.d.get("/tracks?limit=2")["items"]), 2)

    def test_many_at_once_and_back(self):
        ids = list(self.ids.values())
        done = self.d.post("/tracks/batch", {"update": [{"id": i, "artist": "All"} for i in ids]})
        self.assertEqual({u["id"]: u["before"] for u in done["updated"]}, {i: {"artist": ""} for i in ids})
        self.d.patch(f"/tracks/{ids[0]}", {"artist": "Mine"})
        back = [{"id": u["id"], **u["before"], "was": {"artist": "All"}} for u in done["updated"]]
        self.assertEqual(self.d.call("POST", "/tracks/batch", {"update": back}).status, 412)
        self.assertEqual(self.d.get(f"/tracks/{ids[1]}")["artist"], "All", "all of it or nothing")
        self.assertEqual(len(self.d.post("/tracks/batch", {"update": back[1:]})["updated"]), 2)
        self.assertEqual(self.d.call("POST", "/tracks/batch", {"update": [{"artist": "x"}]}).status, 422)
        for guard in ({"was": 5}, {"was": None}, {"version": "7"}):
            self.assertEqual(self.d.call("POST", "/tracks/batch", {"update": [{"id": ids[0], "artist": "x", **guard}]}).status, 422, guard)
        self.d.patch(f"/tracks/{ids[0]}", {"artist": ""})

    def test_deleted_and_restored(self):
        name = "three"
        i, data = self.ids[name], self.sound[name]
        self.d.post(f"/tracks/{i}/markers", {"name": "Here", "start_time": 0.5})
        self.assertEqual(self.d.post("/tracks/batch", {"delete": [i, str(uuid.uuid4())]})["deleted"], [i])
        self.assertEqual(self.d.call("GET", f"/tracks/{i}").status, 404)
        self.assertEqual(self.index()["total"], 2)
        self.assertEqual(self.d.post("/tracks/batch", {"restore": [i]})["restored"], [i])
        r = self.d.call("GET", f"/tracks/{i}/audio")
        self.assertEqual((r.status, r.body), (200, data))
        self.assertEqual(self.d.get(f"/tracks/{i}")["analysis"]["waveform"]["state"], "done")
        self.assertEqual([m["name"] for m in self.d.get(f"/tracks/{i}/markers")["items"]], ["Here"])
        # For good: the sound goes at once.
        files = len(list((self.d.dir / "tracks").iterdir()))
        self.d.delete(f"/tracks/{i}")
        self.assertEqual(len(list((self.d.dir / "tracks").iterdir())), files - 1)
        self.assertEqual(self.d.upload(data, "three.wav").json["id"], i)
        self.d.wait_jobs(i)


    def test_a_stem_has_a_drawing(self):
        i = self.ids["one"]
        path = f"/tracks/{i}/stems/drums/waveform"
        self.assertEqual(self.d.call("GET", path).status, 404)
        self.assertEqual(self.d.call("GET", f"/tracks/{i}/stems/choir/waveform").status, 404)
        (self.d.dir / "stems" / i / "a").mkdir(parents=True)
        data = tone(2, rate=8000, seed=9)
        (self.d.dir / "stems" / i / "a" / "drums.wav").write_bytes(data)
        with contextlib.closing(sqlite3.connect(self.d.dir / "lumad.db", timeout=20)) as db, db:
            db.execute("INSERT INTO track_stems (id, track_id, name, format, hash, file_path) VALUES (?, ?, 'drums', 'wav', ?, ?)",
                       (str(uuid.uuid4()), i, hashlib.sha256(data).hexdigest(), f"stems/{i}/a/drums.wav"))
        r = self.d.call("GET", path)
        self.assertEqual((r.status, r.body[:4]), (200, b"LMW1"), r)
        self.assertAlmostEqual(struct.unpack_from("<Q", r.body, 16)[0] / 48000, 2, delta=0.05)
        kept = self.d.dir / "stems" / i / "a" / "drums.wave"
        self.assertEqual(kept.read_bytes(), r.body, "it is made once")
        self.assertEqual(self.d.call("GET", path, headers={"If-None-Match": r.headers["ETag"]}).status, 304)


if __name__ == "__main__":
    unittest.main()
