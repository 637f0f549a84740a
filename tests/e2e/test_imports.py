"""Folders, playlists and libraries of DJ programs become tracks: what comes in, what is known already, what fails and why; beat grids and cues of rekordbox; what may not be read."""
import os
import pathlib
import sqlite3
import struct
import tempfile
import time
import unittest
import urllib.parse
import zlib

from lumad import Lumad, tone

NO_LIGHT = True


def rekordbox(tracks):
    """tracks: [(id, path, name, seconds, inner XML)]"""
    rows = "".join(f'<TRACK TrackID="{i}" Name="{name}" Artist="DJ" TotalTime="{seconds}" '
                   f'Location="file://localhost{urllib.parse.quote(str(path))}">{inner}</TRACK>' for i, path, name, seconds, inner in tracks)
    lists = "".join(f'<TRACK Key="{i}"/>' for i, *_ in tracks[:2])
    return (f'<?xml version="1.0" encoding="UTF-8"?><DJ_PLAYLISTS Version="1.0.0"><COLLECTION Entries="{len(tracks)}">{rows}</COLLECTION><PLAYLISTS>'
            f'<NODE Type="0" Name="ROOT"><NODE Name="Opening" Type="1" KeyType="0">{lists}</NODE></NODE></PLAYLISTS></DJ_PLAYLISTS>')


GRID = '<TEMPO Inizio="0.1" Bpm="120.00" Metro="4/4" Battito="1"/>'
CUES = ('<POSITION_MARK Name="Drop" Type="0" Start="1.1" Num="0" Red="0" Green="128" Blue="255"/>'
        '<POSITION_MARK Name="Round" Type="4" Start="0.1" End="1.1" Num="1"/>')


class Imports(unittest.TestCase):
    def setUp(self):
        self.tmp = tempfile.TemporaryDirectory(prefix="lumad-music-")
        self.addCleanup(self.tmp.cleanup)
        self.music = pathlib.Path(self.tmp.name).resolve() / "music"
        self.music.mkdir()
        self.start()

    def start(self, data=None):
        self.d = Lumad(data=data, config=f"[library]\nimport_folders = {self.music}:/nowhere\n")
        self.addCleanup(self.d.stop)
        self.d.patch("/settings", {"stems": "demand"})          # of silence and tones

    def song(self, name, seed=0, seconds=1.0):
        path = self.music / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(tone(seconds, rate=8000, seed=seed))
        return path

    def finish(self, batch, seconds=240):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            now = self.d.get(f"/batches/{batch['id']}")
            if now["state"] != "running":
                return now
            time.sleep(0.1)
        raise AssertionError(f"not finished: {now}")

    def items(self, batch, state=None):
        return self.d.get(f"/batches/{batch['id']}/items?limit=1000" + (f"&state={state}" if state else ""))["items"]

    def refuse(self, status, method, path, body=None):
        r = self.d.call(method, path, body)
        self.assertEqual(r.status, status, r)
        return r.json["detail"]

    def test_a_folder_with_duplicates_and_broken_files(self):
        for i in range(27):
            self.song(f"{'sub/' if i % 3 else ''}song {i:02}.wav", seed=i)
        self.song("again.wav", seed=3)
        (self.music / "broken.wav").write_bytes(b"RIFF\xff\xff\xff\x00WAVEfmt " + b"x" * 50)
        (self.music / "words.mp3").write_bytes(b"These are only words. " * 100)
        os.symlink(self.music, self.music / "sub" / "loop")
        batch = self.d.post("/imports", {"path": str(self.music)})
        self.assertEqual((batch["kind"], batch["name"], batch["total"]), ("import", "music", 30))
        batch = self.finish(batch)
        self.assertEqual((batch["done"], batch["duplicates"], batch["failed"]), (27, 1, 2), batch)
        failed = {pathlib.Path(i["path"]).name: i["error"] for i in self.items(batch, "failed")}
        self.assertEqual(set(failed), {"broken.wav", "words.mp3"})
        self.assertTrue(all(failed.values()), failed)
        known, = self.items(batch, "duplicate")
        self.assertIn(known["name"], ("again.wav", "song 03.wav"))
        self.assertEqual(len(self.d.get("/tracks?limit=100")["items"]), 27)
        again = self.finish(self.d.post("/imports", {"path": str(self.music), "recursive": False}))
        self.assertEqual((again["total"], again["duplicates"], again["failed"]), (12, 10, 2))

    def test_grids_and_cues_of_rekordbox(self):
        one, two = self.song("dance/one & only.wav", 1, 4), self.song("two.wav", 2, 4)
        xml = self.music / "rekordbox.xml"
        xml.write_text(rekordbox([(1, one, "One", 4, GRID + CUES), (2, two, "Two", 4, GRID), (3, "/C:/gone.mp3", "Gone", 200, GRID),
                                  (4, two, "Another length", 300, GRID)]))
        look = self.d.get(f"/imports/library?path={xml}")
        self.assertEqual((look["program"], look["tracks"], look["with_beats"], look["with_cues"]), ("rekordbox", 4, 4, 1))
        self.assertEqual(look["playlists"], [{"name": "Opening", "tracks": 2}])
        batch = self.finish(self.d.post("/imports", {"path": str(xml)}))
        items = self.items(batch)
        self.assertEqual([i["state"] for i in items], ["done", "done", "failed", "failed"], items)
        self.assertIn("no such file", items[2]["error"])
        self.assertIn("another recording", items[3]["error"])
        track = self.d.get(f"/tracks/{items[0]['track_id']}")
        self.assertEqual((track["title"], track["artist"], track["bpm"]), ("One", "DJ", 120))
        beats = self.d.get(f"/tracks/{track['id']}/beats")
        self.assertEqual((beats["corrected"], beats["analyser"], beats["beats_per_bar"]), (True, "rekordbox", 4))
        self.assertAlmostEqual(beats["downbeats"][1], 2.1, places=6)
        self.assertEqual(len(beats["beats"]), 8)
        # What is heard later stands beside it.
        self.d.wait_jobs(track["id"])
        self.assertEqual(self.d.get(f"/tracks/{track['id']}/beats")["analyser"], "rekordbox")
        markers = self.d.get(f"/tracks/{track['id']}/markers")["items"]
        self.assertEqual([(m["name"], m["color"], m["start_time"], m["end_time"]) for m in markers], [("Round", None, .1, 1.1), ("Drop", "#0080ff", 1.1, None)])
        # The operator's own word stays, unless it is to go.
        self.d.put(f"/tracks/{track['id']}/beats", {"beats": [0, 1, 2, 3], "downbeats": [0]})
        self.finish(self.d.post("/imports", {"path": str(xml), "playlist": "Opening", "only_known": True}))
        self.assertEqual(self.d.get(f"/tracks/{track['id']}/beats")["analyser"], "operator")
        self.finish(self.d.post("/imports", {"path": str(xml), "playlist": "Opening", "only_known": True, "replace": True, "offset_ms": -26}))
        beats = self.d.get(f"/tracks/{track['id']}/beats")
        self.assertEqual(beats["analyser"], "rekordbox")
        self.assertAlmostEqual(beats["downbeats"][0], .074, places=6)
        self.assertEqual(len(self.d.get(f"/tracks/{track['id']}/markers")["items"]), 2)

    def test_an_uploaded_playlist(self):
        one, two = self.song("one.wav", 1), self.song("two.wav", 2)
        text = f"\ufeff#EXTM3U\r\n#EXTINF:1,DJ - One\r\n{one}\r\nfile://{urllib.parse.quote(str(two))}\r\nhttp://radio.example/live\r\n/etc/passwd\r\n".encode()
        r = self.d.call("POST", "/imports/playlist?filename=Saturday.m3u8", text, {"Content-Type": "application/octet-stream"})
        self.assertEqual(r.status, 202, r)
        batch = self.finish(r.json)
        self.assertEqual((batch["name"], batch["done"], batch["failed"]), ("Saturday.m3u8", 2, 2))
        errors = [i["error"] for i in self.items(batch, "failed")]
        self.assertIn("stream", errors[0])
        self.assertIn("import_folders", errors[1])
        r = self.d.call("POST", "/imports/playlist?filename=x", b"\x00\x01\x02", {"Content-Type": "application/octet-stream"})
        self.assertEqual(r.status, 415, r)
        self.assertEqual([n for n in os.listdir(self.d.dir / "cache") if n.startswith("import-")], [])

    def test_engine_and_mixxx(self):
        one, two = self.song("Music/one.wav", 1, 4), self.song("two.wav", 2, 4)
        folder = self.music / "Engine Library" / "Database2"
        folder.mkdir(parents=True)
        engine = sqlite3.connect(folder / "m.db")
        engine.execute("CREATE TABLE Track (id INTEGER PRIMARY KEY, path TEXT, title TEXT, artist TEXT, album TEXT, length INTEGER)")
        engine.execute("CREATE TABLE PerformanceData (trackId INTEGER PRIMARY KEY, trackData BLOB, beatData BLOB, quickCues BLOB, loops BLOB)")
        grid = struct.pack(">q", 2) + struct.pack("<dqii", 800 - 16000, -4, 24, 0) + struct.pack("<dqii", 800 + 80000, 20, 0, 0)
        plain = struct.pack(">ddB", 8000, 32000, 1) + grid + grid
        engine.execute("INSERT INTO Track VALUES (1, '../Music/one.wav', 'One', 'DJ', NULL, 4)")
        engine.execute("INSERT INTO PerformanceData VALUES (1, NULL, ?, NULL, NULL)", (struct.pack(">I", len(plain)) + zlib.compress(plain),))
        engine.commit()
        engine.close()
        mixxx = sqlite3.connect(self.music / "mixxxdb.sqlite")
        mixxx.execute("PRAGMA journal_mode = WAL")
        mixxx.execute("CREATE TABLE track_locations (id INTEGER PRIMARY KEY, location TEXT)")
        mixxx.execute("CREATE TABLE library (id INTEGER PRIMARY KEY, artist TEXT, title TEXT, album TEXT, location INTEGER, duration FLOAT, samplerate INTEGER,"
                      " beats BLOB, beats_version TEXT, mixxx_deleted INTEGER)")
        mixxx.execute("CREATE TABLE cues (id INTEGER PRIMARY KEY, track_id INTEGER, type INTEGER, position INTEGER, length INTEGER, hotcue INTEGER, label TEXT, color INTEGER)")
        mixxx.execute("INSERT INTO track_locations VALUES (1, ?)", (str(two),))
        mixxx.execute("INSERT INTO library VALUES (1, 'DJ', 'Two', '', 1, 4.0, 8000, ?, 'BeatGrid-2.0', 0)",
                      (b"\x0a\x09\x09" + struct.pack("<d", 100) + b"\x12\x03\x08\xa0\x06",))
        mixxx.execute("INSERT INTO cues VALUES (1, 1, 1, 16000, 0, 0, 'In', 255)")
        mixxx.commit()                                  # and left open, as Mixxx does
        self.addCleanup(mixxx.close)
        places = {(p["name"], p["program"]) for p in self.d.get(f"/imports/browse?path={self.music}")["libraries"]}
        self.assertEqual(places, {("mixxxdb.sqlite", "mixxx"), ("Engine Library/Database2/m.db", "engine")})
        for path, bpm, first in ((folder / "m.db", 120, .1), (self.music / "mixxxdb.sqlite", 100, .1)):
            item, = self.items(self.finish(self.d.post("/imports", {"path": str(path)})))
            self.assertEqual(item["state"], "done", item)
            beats = self.d.get(f"/tracks/{item['track_id']}/beats")
            self.assertAlmostEqual(beats["bpm"], bpm, places=6)
            self.assertAlmostEqual(beats["beats"][0], first, places=6)
        markers = self.d.get(f"/tracks/{item['track_id']}/markers")["items"]
        self.assertEqual([(m["name"], m["color"], m["start_time"]) for m in markers], [("In", "#0000ff", 1)])

    def test_what_may_not_be_read(self):
        self.song("a.wav")
        os.symlink("/etc", self.music / "etc")
        for path in ("/etc", "/etc/passwd", str(self.music / "etc"), str(self.music / ".." / ".."), str(self.d.dir), "/"):
            self.assertIn("import_folders", self.refuse(403, "POST", "/imports", {"path": path}), path)
            self.assertIn("import_folders", self.refuse(403, "GET", f"/imports/browse?path={urllib.parse.quote(path)}"), path)
            self.assertIn("import_folders", self.refuse(403, "GET", f"/imports/library?path={urllib.parse.quote(path)}"), path)
        self.refuse(404, "POST", "/imports", {"path": str(self.music / "none")})
        self.refuse(422, "POST", "/imports", {"path": "music"})
        self.refuse(422, "POST", "/imports", {})
        self.refuse(422, "POST", "/imports", {"path": str(self.music), "offset_ms": 5000})
        (self.music / "wrong.xml").write_text("<DJ_PLAYLISTS>\n<COLLECTION>\n</DJ_PLAYLISTS>")
        self.assertIn("Line 3", self.refuse(422, "POST", "/imports", {"path": str(self.music / "wrong.xml")}))
        roots = self.d.get("/imports/browse")
        self.assertEqual([f["path"] for f in roots["folders"]], [str(self.music)])
        page = self.d.get(f"/imports/browse?path={self.music}")
        self.assertEqual((page["files"], page["parent"], [f["name"] for f in page["folders"]]), (1, "", ["etc"]))

    def test_files_that_go_while_they_come_in(self):
        paths = [self.song(f"{i}.wav", i) for i in range(4)]
        (self.music / "list.m3u").write_text("\n".join(p.name for p in paths))
        os.unlink(paths[2])                             # as a stick that is pulled out
        batch = self.finish(self.d.post("/imports", {"path": str(self.music / "list.m3u")}))
        self.assertEqual((batch["total"], batch["done"], batch["failed"]), (4, 3, 1))


if __name__ == "__main__":
    unittest.main()
