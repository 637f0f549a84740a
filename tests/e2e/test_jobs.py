"""The scheduler of the analysis: what a worker may do to it, what it does over a restart, who comes first, what is done again; and batches of many tracks."""
import array
import io
import math
import os
import pathlib
import random
import re
import stat
import tempfile
import time
import unittest
import wave

from lumad import Lumad

LONG = True
NO_LIGHT = True

# With a sanitizer everything is slow, and more of the same finds nothing more.
TRACKS = 80 if any(v in os.environ.get("BUILD_DIR", "") for v in ("asan", "tsan", "trap")) else 500
OVER = ("done", "failed", "cancelled")

# A beat_worker that does what the file `mode` beside it says.
FAKE = r"""#!/bin/sh
here=$(dirname "$0")
echo "$(date +%s%N) $1" >>"$here/runs"
mode=$(cat "$here/mode")
case "$mode" in
crash)   echo '{"progress":0.1,"step":"about to fall"}'; echo "the last words" >&2; kill -SEGV $$ ;;
hang)    echo '{"progress":0.1,"step":"hanging"}'; exec sleep 1000 ;;
slow)    for i in 1 2 3 4 5 6 7 8; do echo "{\"progress\":0.$i,\"step\":\"slow\"}"; sleep 0.5; done ;;
hog)     exec python3 -c 'import time; print("{\"progress\":0.1,\"step\":\"eating\"}", flush=True); x = [];
while True: x.append(bytearray(b"x") * (16 << 20)); time.sleep(0.02)' ;;
garbage) echo 'no json at all'; sleep 1000 ;;
refuse)  echo '{"error":{"code":"broken","message":"Nobody can hear anything in this"}}'; exit 1 ;;
esac
echo '{"result":{"analyser":"fake","version":1,"beats":[0.5,1.0,1.5],"downbeats":[0.5],"bpm":120,"beats_per_bar":4,"confidence":0.9}}'
"""


def song(seed, seconds=1.0):
    """Clicks on a tone of its own."""
    r = random.Random(seed)
    n, f = int(seconds * 44100), r.uniform(100, 2000)
    period = [int(r.uniform(4000, 9000) * math.sin(2 * math.pi * f * i / 44100) * math.exp(-i / 2000)) for i in range(11025)]
    file = io.BytesIO()
    with wave.open(file, "wb") as w:
        w.setnchannels(1), w.setsampwidth(2), w.setframerate(44100)
        w.writeframes(array.array("h", (period * (n // 11025 + 1))[:n]).tobytes())
    return file.getvalue()


class Workers:
    """A folder whose programs are taken before lumad's own."""

    def __init__(self, mode):
        self.tmp = tempfile.TemporaryDirectory(prefix="lumad-workers-")
        self.dir = pathlib.Path(self.tmp.name)
        worker = self.dir / "beat_worker"
        worker.write_text(FAKE)
        worker.chmod(worker.stat().st_mode | stat.S_IXUSR)
        self.set(mode)
        self.env = {"LUMAD_WORKERS": str(self.dir)}

    def set(self, mode):
        part = self.dir / "mode.part"
        part.write_text(mode)
        part.rename(self.dir / "mode")

    def runs(self):
        """The tracks it was begun for, in order."""
        path = self.dir / "runs"
        return [re.search(r"([0-9a-f-]{36})", line)[1] for line in path.read_text().splitlines()] if path.exists() else []


def job_of(d, track, kind="beats"):
    jobs = [j for j in d.get(f"/jobs?track_id={track}")["items"] if j["kind"] == kind]
    return jobs[0] if jobs else None


def wait(what, seconds=60, step=0.05):
    end = time.monotonic() + seconds
    while True:
        got = what()
        if got:
            return got
        if time.monotonic() > end:
            raise AssertionError("it did not come to that")
        time.sleep(step)


def add(d, seed, seconds=1.0):
    r = d.upload(song(seed, seconds), f"{seed}.wav")
    assert r.status == 201, r
    return r.json["id"]


class Bad(unittest.TestCase):
    def setUp(self):
        self.workers = Workers("ok")
        self.addCleanup(self.workers.tmp.cleanup)

    def start(self, mode, **kw):
        self.workers.set(mode)
        d = Lumad(env=self.workers.env, **kw)
        self.addCleanup(d.stop)
        return d

    def test_a_crash_is_tried_again(self):
        d = self.start("crash")
        track = add(d, 1)
        job = wait(lambda: (j := job_of(d, track)) and j["state"] == "queued" and j["error"] and j)
        self.assertIn("crashed (SIGSEGV)", job["error"])
        self.assertIn("tried again in 5 s", job["error"])
        self.assertIn("the last words", d.get(f"/jobs/{job['id']}")["log"])
        self.assertEqual(job["attempts"], 1)
        self.workers.set("ok")
        job = wait(lambda: (j := job_of(d, track)) and j["state"] in OVER and j)
        self.assertEqual((job["state"], job["attempts"], job["error"]), ("done", 2, None))
        self.assertEqual(d.get(f"/tracks/{track}/beats")["bpm"], 120)

    def test_too_much_memory_nonsense_and_a_reason_fail_at_once(self):
        d = self.start("hog")
        for mode, words in (("hog", r"needed more than \d+ MB"), ("garbage", "no JSON"), ("refuse", "Nobody can hear")):
            self.workers.set(mode)
            track = add(d, mode)
            job = wait(lambda: (j := job_of(d, track)) and j["state"] in OVER and j)
            self.assertEqual((job["state"], job["attempts"]), ("failed", 1), job)
            self.assertRegex(job["error"], words)
            wait(lambda: all(j["state"] in OVER for j in d.get(f"/jobs?track_id={track}")["items"]))
            self.assertEqual(d.get(f"/tracks/{track}")["analysis"]["waveform"]["state"], "done")
            self.assertEqual(d.get(f"/tracks/{track}")["analysis"]["beats"]["state"], "failed")

    def test_what_hangs_is_cancelled_and_what_comes_after_goes_on(self):
        d = self.start("hang")
        track = add(d, 1)
        job = wait(lambda: (j := job_of(d, track)) and j["state"] == "running" and j["step"] == "hanging" and j)
        self.assertEqual(d.post(f"/jobs/{job['id']}/cancel")["state"], "cancelled")
        jobs = d.wait_jobs(track)
        self.assertEqual({j["kind"]: j["state"] for j in jobs if j["kind"] not in ("beats",)},
                         {j["kind"]: "done" for j in jobs if j["kind"] not in ("beats",)}, jobs)

    def test_a_deleted_track_is_not_worked_on(self):
        d = self.start("hang")
        track = add(d, 1)
        wait(lambda: (j := job_of(d, track)) and j["state"] == "running" and j["step"] == "hanging")
        d.delete(f"/tracks/{track}")
        wait(lambda: all(j["state"] in OVER for j in d.get(f"/jobs?track_id={track}")["items"]))
        self.assertEqual({j["state"] for j in d.get(f"/jobs?track_id={track}")["items"] if j["error"]}, set())
        self.assertEqual(d.get("/system")["jobs"]["active"], 0)

    def test_a_crash_of_lumad_is_gone_on_from(self):
        with tempfile.TemporaryDirectory() as data:
            self.workers.set("slow")
            d = Lumad(data=data, env=self.workers.env)
            track = add(d, 1)
            job = wait(lambda: (j := job_of(d, track)) and j["state"] == "running" and j["progress"] > 0.15 and j)
            d.kill()
            d.tmp.cleanup()
            self.workers.set("ok")
            with Lumad(data=data, env=self.workers.env) as d:
                d.wait_jobs(track)
                after = d.get(f"/jobs/{job['id']}")
                self.assertEqual((after["state"], after["crashes"]), ("done", 1))

    def test_time_left(self):
        d = self.start("slow")
        track = add(d, 1)
        left = wait(lambda: (j := job_of(d, track)) and j["progress"] >= 0.5 and j["state"] == "running" and j)["seconds_left"]
        self.assertTrue(0 < left < 20, left)
        self.assertIsNone(d.wait_jobs(track)[0]["seconds_left"])

    def test_missing_files_are_named(self):
        d = self.start("ok")
        track = add(d, 1)
        d.wait_jobs(track)
        for f in [*(d.dir / "tracks").iterdir(), *(d.dir / "cache").glob("*.pcm")]:
            f.unlink()
        d.post(f"/tracks/{track}/analyze", {"steps": ["beats"], "force": True})
        job = wait(lambda: (j := job_of(d, track)) and j["state"] in OVER and j)
        self.assertEqual(job["state"], "failed")
        self.assertIn("The audio file of this track is not on this machine any more: ", job["error"])

    def test_who_comes_first(self):
        d = self.start("slow")
        d.patch("/settings", {"jobs_concurrency": 1})
        tracks = [add(d, i) for i in range(5)]
        wait(lambda: len(self.workers.runs()) == 1)
        d.post(f"/tracks/{tracks[4]}/analyze", {"first": True})
        d.post("/host-audio/load-track", {"track_id": tracks[3]})
        self.workers.set("ok")
        for t in tracks:
            d.wait_jobs(t)
        self.assertEqual(self.workers.runs()[1:3], [tracks[3], tracks[4]])


class Again(unittest.TestCase):
    """What was made from something that changed."""

    def test_a_corrected_grid_is_followed_once(self):
        with Lumad() as d:
            if "features" not in d.call("POST", f"/tracks/{add(d, 1)}/analyze", {"steps": ["magic"]}).body.decode():
                self.skipTest("nothing here comes after beats")
            d.patch("/settings", {"stems": "demand"})           # which would be followed, too
            track = add(d, 2, 8)
            d.wait_jobs(track)
            beats = d.get(f"/tracks/{track}/beats")
            done = len([j for j in d.get(f"/jobs?track_id={track}")["items"] if j["kind"] == "features"])
            self.assertEqual(done, 1)
            for k in range(4):              # an operator who drags
                d.put(f"/tracks/{track}/beats", {"beats": [0.1 * k + 0.5 * i for i in range(14)], "downbeats": [0.1 * k]})
                time.sleep(0.3)
            again = wait(lambda: [j for j in d.get(f"/jobs?track_id={track}")["items"] if j["kind"] == "features"][done:])
            self.assertEqual(len(again), 1)
            d.wait_jobs(track)
            time.sleep(3)
            kinds = [j["kind"] for j in d.get(f"/jobs?track_id={track}")["items"]]
            self.assertEqual(kinds.count("features"), 2)
            self.assertEqual(kinds.count("waveform"), 1)
            self.assertEqual(kinds.count("beats"), 1)
            self.assertIsNotNone(beats)


class Batches(unittest.TestCase):
    def test_many_tracks_over_two_crashes(self):
        """They come in as one, over two kills, with a file that is broken, one that is there twice and one that is put right and tried again."""
        with tempfile.TemporaryDirectory() as data, tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            for i in range(TRACKS):
                (folder / f"{i:03}.wav").write_bytes(song(i))
            (folder / "again.wav").write_bytes(song(7))
            (folder / "broken.wav").write_bytes(b"RIFF, and no more")
            config = f"[library]\nimport_folders = {folder}\n"
            workers = Workers("ok")
            self.addCleanup(workers.tmp.cleanup)

            d = Lumad(data=data, config=config, env=workers.env)
            d.patch("/settings", {"jobs_concurrency": 4})
            d.call("PATCH", "/settings", {"stems": "demand"})
            batch = d.post("/imports", {"path": str(folder)})
            self.assertEqual((batch["kind"], batch["total"], batch["state"]), ("import", TRACKS + 2, "running"))
            path = f"/batches/{batch['id']}"
            seen, estimates = 0, []
            for least in (20, 60):
                wait(lambda: (b := d.get(path))["progress"] > seen and b["done"] + b["duplicates"] >= least, 200, 0.2)
                seen = d.get(path)["progress"]
                d.kill()
                d.tmp.cleanup()
                d = Lumad(data=data, config=config, env=workers.env)
                self.assertEqual(d.get(path)["state"], "running")

            def over():
                b = d.get(path)
                estimates.append(b["seconds_left"])
                return b["state"] != "running" and b
            with d:
                end = wait(over, 900, 0.5)
                self.assertEqual((end["state"], end["done"], end["duplicates"], end["failed"], end["progress"]), ("done", TRACKS, 1, 1, 1.0), end)
                if TRACKS == 500:                                       # fewer may be over before there is an estimate
                    self.assertTrue(any(isinstance(e, float) and e > 0 for e in estimates))
                failed = d.get(path + "/items?state=failed")["items"]
                self.assertEqual([i["name"] for i in failed], ["broken.wav"])
                self.assertTrue(failed[0]["error"])
                self.assertEqual(len(d.get(path + "/items?state=duplicate")["items"]), 1)
                names, cursor = [], ""
                while cursor is not None:
                    page = d.get(f"{path}/items?limit=200{cursor}")
                    names += [i["name"] for i in page["items"]]
                    cursor = page["next"] and f"&cursor={page['next']}"
                self.assertEqual(names, sorted(p.name for p in folder.iterdir()))

                (folder / "broken.wav").write_bytes(song(1000))
                d.post(path + "/retry")
                end = wait(over, 60)
                self.assertEqual((end["done"], end["duplicates"], end["failed"]), (TRACKS + 1, 1, 0))
                self.assertEqual(d.call("POST", path + "/retry", {}).status, 409)
                self.assertEqual(d.call("POST", path + "/cancel", {}).status, 409)
                d.delete(path)
                self.assertEqual(d.call("GET", path).status, 404)

    def test_all_tracks_are_analysed_and_cancelled(self):
        workers = Workers("ok")
        self.addCleanup(workers.tmp.cleanup)
        with Lumad(env=workers.env) as d:
            self.assertEqual(d.call("POST", "/batches", {}).status, 409)
            self.assertEqual(d.call("POST", "/batches", {"track_ids": ["nonsense"]}).status, 404)
            self.assertEqual(d.call("POST", "/batches", {"steps": ["magic"]}).status, 409)
            tracks = [add(d, i) for i in range(6)]
            for t in tracks:
                d.wait_jobs(t)
            self.assertEqual(d.call("POST", "/batches", {"steps": ["magic"]}).status, 422)
            workers.set("slow")
            batch = d.post("/batches", {"name": "Once more", "steps": ["beats"], "force": True})
            self.assertEqual((batch["kind"], batch["total"], batch["name"]), ("analyze", 6, "Once more"))
            path = f"/batches/{batch['id']}"
            wait(lambda: d.get(path)["progress"] > 0.05)
            end = d.post(path + "/cancel")
            self.assertEqual((end["state"], end["cancelled"] + end["done"]), ("cancelled", 6))
            wait(lambda: not [j for j in d.get("/jobs?limit=1000")["items"] if j["state"] not in OVER], 10)
            workers.set("ok")
            d.post(path + "/retry")
            end = wait(lambda: (b := d.get(path))["state"] == "done" and b)
            self.assertEqual((end["done"], end["failed"]), (6, 0))
            with d.socket() as ws:
                ws.subscribe("changes")
                one = d.post("/batches", {"track_ids": tracks[:1] * 3})
                self.assertEqual(one["total"], 1)
                ws.expect("changed", table="batches", id=one["id"], op="i")
                ws.expect("changed", table="batches", id=one["id"], op="u")
            self.assertEqual(wait(lambda: (b := d.get(f"/batches/{one['id']}"))["state"] == "done" and b)["done"], 1)
            self.assertEqual([b["id"] for b in d.get("/batches")["items"]], [one["id"], batch["id"]])


if __name__ == "__main__":
    unittest.main()
