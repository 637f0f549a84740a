"""A track is separated into four files: by a job, beside what it replaces, with words when it cannot be."""
import array
import ctypes
import io
import math
import os
import pathlib
import random
import subprocess
import tempfile
import time
import unittest
import wave

from lumad import Lumad
from test_full_disk import CLONE_NEWNS, LIBC, why_not

NO_LIGHT = True

NAMES = ["bass", "drums", "other", "vocals"]


def music(seconds=6.0, rate=44100, channels=2):
    """A beat, a bass note and a wide chord."""
    r, n = random.Random(1), int(seconds * rate)
    x = array.array("h")
    for i in range(n):
        t = i / rate
        hit = math.exp(-(t % 0.5) * 60) * r.uniform(-1, 1) * 0.5
        bass = 0.25 * math.sin(2 * math.pi * 55 * t)
        left, right = (0.1 * math.sin(2 * math.pi * f * t) for f in (440, 554))
        for c in range(channels):
            x.append(int(32000 * max(-1, min(1, hit + bass + (left, right)[c]))))
    out = io.BytesIO()
    with wave.open(out, "wb") as w:
        w.setnchannels(channels)
        w.setsampwidth(2)
        w.setframerate(rate)
        w.writeframes(x.tobytes())
    return out.getvalue()


MUSIC = music()


def separate(d, track, force=False):
    d.wait_jobs(track["id"])
    d.post(f"/tracks/{track['id']}/analyze", {"steps": ["stems"], "force": force})
    return next(j for j in d.wait_jobs(track["id"]) if j["kind"] == "stems")


def newest_separation(d, track):
    return next(j for j in d.get(f"/jobs?track_id={track['id']}&limit=100")["items"] if j["kind"] == "stems")


class Separation(unittest.TestCase):
    def setUp(self):
        self.d = Lumad(own_workers=True)
        self.addCleanup(self.d.stop)
        self.d.patch("/settings", {"stems": "demand"})
        self.track = self.d.upload(MUSIC).json
        self.path = f"/tracks/{self.track['id']}/stems"

    def files(self):
        return sorted(str(f.relative_to(self.d.dir)) for f in (self.d.dir / "stems").rglob("*") if f.is_file())

    def test_it_is_listed_and_played(self):
        d = self.d
        r = d.call("GET", f"{self.path}/drums/audio")
        self.assertEqual((r.status, r.json["code"]), (404, "not_found"))
        self.assertIn("run the job stems", r.json["detail"])
        job = separate(d, self.track)
        self.assertEqual((job["state"], job["progress"]), ("done", 1))
        rows = d.get(self.path)["items"]
        self.assertEqual([s["name"] for s in rows], NAMES)
        for s in rows:
            self.assertEqual((s["format"], s["sample_rate"], s["channels"], s["is_here"], s["track_id"]), ("flac", 48000, 2, True, self.track["id"]))
            self.assertAlmostEqual(s["duration_seconds"], 6, 2)
            r = d.call("GET", f"{self.path}/{s['name']}/audio")
            self.assertEqual((r.status, r.headers["Content-Type"], len(r.body), r.body[:4]), (200, "audio/flac", s["size_bytes"], b"fLaC"))
            self.assertEqual(r.headers["ETag"], f'"{s["hash"]}"')
            self.assertEqual(d.call("GET", f"{self.path}/{s['name']}/audio", headers={"If-None-Match": r.headers["ETag"]}).status, 304)
            part = d.call("GET", f"{self.path}/{s['name']}/audio", headers={"Range": "bytes=100-199"})
            self.assertEqual((part.status, part.body), (206, r.body[100:200]))
        self.assertEqual(d.get(f"/tracks/{self.track['id']}")["analysis"]["stems"]["state"], "done")
        for bad in ("kazoo", "..", "drums.flac", "DRUMS"):
            self.assertEqual(d.call("GET", f"{self.path}/{bad}/audio").status, 404, bad)
        self.assertEqual(d.call("GET", "/tracks/6b0f6a5e-0f5c-4d6b-9f0e-3d5f6c7a8b09/stems").status, 404)
        self.assertEqual(d.call("GET", "/tracks/6b0f6a5e-0f5c-4d6b-9f0e-3d5f6c7a8b09/stems/drums/audio").status, 404)

    def test_the_same_again_replaces_the_files_and_a_deleted_track_leaves_none(self):
        d = self.d
        separate(d, self.track)
        first, rows = self.files(), d.get(self.path)["items"]
        self.assertEqual(len(first), 4)
        separate(d, self.track)                                     # it is there: nothing to do
        self.assertEqual(self.files(), first)
        separate(d, self.track, force=True)
        second = self.files()
        self.assertEqual((len(second), set(first) & set(second)), (4, set()))
        again = d.get(self.path)["items"]
        self.assertEqual([(s["id"], s["hash"]) for s in rows], [(s["id"], s["hash"]) for s in again])       # the same sound, bit by bit
        kept = d.dir / "stems" / self.track["id"] / "a"
        kept.mkdir(exist_ok=True)
        (kept / "htdemucs.0.0123456789abcdef.piece").write_bytes(b"x")          # of a separation that was cancelled
        d.delete(f"/tracks/{self.track['id']}")
        self.assertEqual((self.files(), list((d.dir / "stems").iterdir())), ([], []))
        self.assertEqual(d.upload(MUSIC).status, 201)               # it comes back, its stems do not
        self.assertFalse(any(s["is_here"] for s in d.get(self.path)["items"]))
        self.assertNotEqual(d.get(f"/tracks/{self.track['id']}")["analysis"]["stems"]["state"], "done")
        self.assertEqual(separate(d, self.track)["state"], "done")
        self.assertEqual(len(self.files()), 4)

    def test_with_every_track_or_for_who_asks(self):
        self.d.wait_jobs(self.track["id"])
        self.assertEqual(self.d.get(self.path)["items"], [])
        self.d.patch("/settings", {"stems": "every"})
        second = self.d.upload(music(1.5)).json
        self.d.wait_jobs(second["id"])
        self.assertEqual([s["name"] for s in self.d.get(f"/tracks/{second['id']}/stems")["items"]], NAMES)

    def test_a_lost_file_is_made_again(self):
        separate(self.d, self.track)
        (self.d.dir / self.files()[0]).unlink()
        self.assertEqual([s["is_here"] for s in self.d.get(self.path)["items"]].count(False), 1)
        separate(self.d, self.track)
        self.assertEqual(len(self.files()), 4)
        self.assertTrue(all(s["is_here"] for s in self.d.get(self.path)["items"]))

    def test_one_channel_is_separated_into_one(self):
        track = self.d.upload(music(2, channels=1), "mono.wav").json
        self.assertEqual(separate(self.d, track)["state"], "done")
        self.assertEqual([s["channels"] for s in self.d.get(f"/tracks/{track['id']}/stems")["items"]], [1] * 4)


@unittest.skipIf(why_not(), "nothing can be mounted here")
class NoRoom(unittest.TestCase):
    def test_a_full_disk_is_said_and_nothing_is_lost(self):
        assert not LIBC.unshare(CLONE_NEWNS), os.strerror(ctypes.get_errno())
        subprocess.run(["mount", "--make-rprivate", "/"], check=True)
        with tempfile.TemporaryDirectory(prefix="lumad-") as data:
            stems = pathlib.Path(data, "stems")
            stems.mkdir()
            subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", stems], check=True)
            try:
                with Lumad(own_workers=True, data=data) as d:
                    d.patch("/settings", {"stems": "demand"})
                    track = d.upload(MUSIC).json
                    self.assertEqual(separate(d, track)["state"], "done")
                    before = sorted(f for f in stems.rglob("*") if f.is_file())
                    with open(stems / "fill", "wb", buffering=0) as f:
                        try:
                            while f.write(bytes(1 << 16)):
                                pass
                        except OSError:
                            pass
                    d.post(f"/tracks/{track['id']}/analyze", {"steps": ["stems"], "force": True})
                    end = time.monotonic() + 60
                    while "no room" not in ((job := newest_separation(d, track))["error"] or ""):
                        self.assertLess(time.monotonic(), end, job)
                        time.sleep(0.05)
                    if job["state"] != "failed":                    # it would be tried again
                        d.post(f"/jobs/{job['id']}/cancel")
                        d.wait_jobs(track["id"])
                    (stems / "fill").unlink()
                    self.assertEqual(sorted(f for f in stems.rglob("*") if f.is_file()), before)
                    self.assertEqual(d.call("GET", f"/tracks/{track['id']}/stems/bass/audio").status, 200)
                    self.assertEqual(d.get(f"/tracks/{track['id']}")["analysis"]["stems"]["state"], "done")
                    self.assertEqual(separate(d, track, force=True)["state"], "done")
            finally:
                subprocess.run(["umount", "-l", stems], check=True)


if __name__ == "__main__":
    unittest.main()
