"""Corrections of the beat grid: operations on the grid that counts, kept apart from the analysis, undone by PUT or DELETE, and followed by a running show at once."""
import array
import json
import math
import os
import pathlib
import struct
import subprocess
import tempfile
import time
import unittest
import uuid

from lumad import Lumad
from test_show import Rig


def at(grid):
    return [round(t, 6) for t in grid["beats"]]


class Beats(unittest.TestCase):
    def setUp(self):
        self.d = Lumad()
        self.addCleanup(self.d.stop)
        self.rig = Rig(self.d)
        self.path = f"/tracks/{self.rig.track['id']}/beats"
        self.first = self.d.put(self.path, {"beats": [0.5 * i for i in range(8)], "downbeats": [0, 2], "beats_per_bar": 4})

    def edit(self, op, **more):
        return self.d.post(self.path + "/edit", {"op": op, **more})

    def refuse(self, status, body, **kw):
        r = self.d.call("POST", self.path + "/edit", body, **kw)
        self.assertEqual(r.status, status, r)
        return r.json

    def test_what_get_tells(self):
        grid = self.d.get(self.path)
        self.assertEqual((grid["corrected"], grid["source"], grid["analyser"]), (True, "corrected", "operator"))
        self.assertEqual(grid["bars"], [{"start": 0, "end": 2, "beats": 4}, {"start": 2, "end": 4, "beats": 4}])
        self.assertEqual(grid["tempo_curve"], [[0, 120]])

    def test_whose_it_is(self):
        theirs = {**self.d.get(self.path), "analyser": "rekordbox"}
        self.assertEqual(self.d.put(self.path, theirs)["analyser"], "operator")         # who sends it says so
        self.assertEqual(self.d.put(self.path + "?as=undo", theirs)["analyser"], "rekordbox")
        self.assertEqual(self.edit("double")["analyser"], "operator")
        self.assertEqual(self.d.call("PUT", self.path + "?as=x", theirs).status, 400)

    def test_each_operation(self):
        self.assertEqual(at(self.edit("double"))[:4], [0, .25, .5, .75])
        half = self.edit("halve")
        self.assertEqual((at(half), half["downbeats"], half["bpm"]), (at(self.first), [0, 2], 120))
        self.assertEqual(at(self.edit("shift_half"))[:2], [.25, .75])
        self.assertEqual(at(self.edit("shift", seconds=-0.005))[0], .245)
        self.d.put(self.path, self.first)
        self.assertEqual(self.edit("set_downbeat", at=1.04)["downbeats"], [0, 1, 3])
        self.assertEqual(self.edit("set_downbeat", at=1.5, whole=True)["downbeats"], [1.5, 3.5])
        waltz = self.edit("set_meter", beats_per_bar=3)
        self.assertEqual((waltz["downbeats"], waltz["beats_per_bar"]), ([0, 1.5, 3], 3))
        self.assertEqual(at(self.edit("set_tempo", bpm=60, at=1))[:3], [0, 1, 2])
        self.assertEqual(at(self.edit("move", **{"from": 1, "to": 1.1, "reach": 0}))[:3], [0, 1.1, 2])
        tapped = self.edit("tap", taps=[.31, .7, 1.09, 1.52, 1.9])
        self.assertAlmostEqual(tapped["bpm"], 150, delta=3)
        self.assertEqual(self.d.get(f"/tracks/{self.rig.track['id']}")["bpm"], tapped["bpm"])

    def test_a_correction_is_dropped(self):
        self.d.delete(self.path)
        analysed = self.d.call("GET", self.path)
        if analysed.status == 200:                      # what the analysis makes of a tone is its own business
            self.assertFalse(analysed.json["corrected"])
        self.assertEqual(self.d.call("DELETE", self.path).status, 404)
        again = self.d.put(self.path, self.first)       # an undo of that
        self.assertEqual(at(again), at(self.first))

    def test_analysing_again_leaves_it(self):
        track = self.rig.track["id"]
        self.d.post(f"/tracks/{track}/analyze", {"steps": ["beats"], "force": True})
        self.d.wait_jobs(track)
        self.assertEqual(at(self.d.get(self.path)), at(self.first))

    def test_versions(self):
        r = self.d.call("GET", self.path)
        etag = r.headers["etag"] if "etag" in r.headers else r.headers["ETag"]
        self.assertEqual(etag, f'"{r.json["version"]}"')
        self.edit("double")
        stale = self.refuse(412, {"op": "halve"}, headers={"If-Match": etag})
        self.assertEqual(len(stale["current"]["beats"]), 16)
        for method in ("PUT", "DELETE"):
            body = {"beats": [1, 2]} if method == "PUT" else None
            self.assertEqual(self.d.call(method, self.path, body, headers={"If-Match": etag}).status, 412, method)
        seen = {r.json["version"]}
        for _ in range(3):                              # none comes twice, also over a deletion
            now = self.d.get(self.path)["version"]
            self.assertNotIn(now, seen)
            seen.add(now)
            self.assertEqual(self.d.call("DELETE", self.path, headers={"If-Match": f'"{now}"'}).status, 204)
            self.d.put(self.path, self.first)

    def test_what_is_wrong_is_named(self):
        for body, where in (({"op": "x"}, "/op"), ({}, "/op"), ({"op": "shift"}, "/seconds"), ({"op": "shift", "seconds": 1e9}, "/seconds"),
                            ({"op": "set_tempo", "bpm": 0}, "/bpm"), ({"op": "set_meter", "beats_per_bar": 99}, "/beats_per_bar"),
                            ({"op": "tap", "taps": [1, 2]}, "/taps"), ({"op": "tap", "taps": [1, 2, 2, "a"]}, "/taps"),
                            ({"op": "move", "from": 1, "to": 3, "reach": 0}, "/to"), ({"op": "double", "bpm": 1}, "/bpm")):
            errors = self.refuse(422, body)["errors"]
            self.assertIn(where, [e["path"] for e in errors], body)
        self.refuse(422, {"op": "shift", "seconds": 30})
        self.assertEqual(at(self.d.get(self.path)), at(self.first))
        self.assertEqual(self.d.call("POST", f"/tracks/{uuid.uuid4()}/beats/edit", {"op": "double"}).status, 404)

    def test_a_running_show_follows(self):
        self.rig.show()
        self.d.post("/host-audio/load-track", {"track_id": self.rig.track["id"]})
        self.rig.seek(2.1)
        want = lambda bpm: self.assertEqual(self.bpm(bpm), bpm)
        want(120)
        with self.d.socket() as ws:
            ws.subscribe("changes")
            self.edit("double")
            ws.expect("changed", table="track_beats")
        want(240)
        self.edit("halve")
        want(120)

    def test_cue_points(self):
        path = f"/tracks/{self.rig.track['id']}/markers"
        drop = self.d.post(path, {"name": "Drop", "start_time": 2, "color": "#ff8800"})
        self.d.post(path, {"name": "Loop", "start_time": 1, "end_time": 1.5})
        self.assertEqual([m["name"] for m in self.d.get(path)["items"]], ["Loop", "Drop"])
        self.assertEqual(self.d.patch(f"/markers/{drop['id']}", {"start_time": 0.5})["start_time"], 0.5)
        self.d.delete(f"/markers/{drop['id']}")
        self.assertEqual([m["name"] for m in self.d.get(path)["items"]], ["Loop"])
        self.assertEqual(self.d.call("POST", path, {"start_time": -1}).status, 422)

    def bpm(self, wanted):
        end = time.monotonic() + 3
        while True:
            beat = self.d.get("/host-audio")["beat"]
            if (beat and round(beat["bpm"]) == wanted) or time.monotonic() > end:
                return beat and round(beat["bpm"])
            time.sleep(0.02)


class Worker(unittest.TestCase):
    """What the program says of recordings with few beats."""

    def test_short_recordings(self):
        program = pathlib.Path(os.environ.get("BUILD_DIR", pathlib.Path(os.environ.get("LUMAD", "build/release/lumad")).parent)) / "beat_worker"
        with tempfile.TemporaryDirectory() as d:
            file = pathlib.Path(d, "x.pcm")
            counts = set()
            for beats in range(1, 15):
                frames = array.array("f", bytes(4 * 24000 * beats))
                for i in range(len(frames)):
                    frames[i] = 0.8 * math.exp(-(i % 24000) / 1500) * math.sin(i % 24000 * 0.02)
                file.write_bytes(b"LMPCM1\0\0" + struct.pack("<IIQ", 48000, 1, len(frames)) + bytes(40) + frames.tobytes())
                done = subprocess.run([program, file], capture_output=True, text=True, timeout=60)
                said = json.loads(done.stdout.strip().splitlines()[-1])
                self.assertEqual((done.returncode, list(said)), (0, ["result"]), (beats, said))
                found = said["result"]["beats"]
                self.assertTrue(all(0 <= at <= beats / 2 for at in found), (beats, found))
                self.assertEqual(said["result"]["bpm"] is None, not found)
                counts.add(len(found))
            self.assertTrue({0, 8, 12} <= counts, counts)


if __name__ == "__main__":
    unittest.main()
