"""What lies over the beats: feature_worker by itself, a track whose features are heard by its job, and light that follows them."""
import json
import math
import os
import pathlib
import random
import struct
import subprocess
import tempfile
import unittest

from lumad import ROOT, Lumad, tone
from test_heard import heard_graph
from test_show import Rig

NO_LIGHT = True
OF_PROGRAMS = True

RATE = 48000
BUILD = pathlib.Path(os.environ.get("BUILD_DIR", ROOT / "build/release"))


def pcm(path, samples, channels=1):
    path.write_bytes(struct.pack("<8sIIQ40x", b"LMPCM1\0", RATE, channels, len(samples) // channels) + struct.pack(f"<{len(samples)}f", *samples))
    return path


def drum_loop(seconds, bpm=120):
    """Kick on each beat, a click of noise between them."""
    rng, n = random.Random(1), int(seconds * RATE)
    x = [0.0] * n
    for beat in range(int(seconds * bpm / 60)):
        at, phase = int(beat * 60 / bpm * RATE), 0.0
        for i in range(min(RATE // 4, n - at)):
            t = i / RATE
            phase += (50 + 180 * math.exp(-t * 35)) / RATE
            x[at + i] += 0.7 * math.sin(2 * math.pi * phase) * math.exp(-t * 9)
        at += int(30 / bpm * RATE)
        last = 0.0
        for i in range(max(0, min(RATE // 20, n - at))):
            v = rng.uniform(-1, 1)
            x[at + i] += 0.12 * (v - last) * math.exp(-i / RATE * 60)
            last = v
    return x


class Worker(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="lumad-features-")
        self.addCleanup(folder.cleanup)
        self.dir = pathlib.Path(folder.name)

    def run_worker(self, file, beats=None, *more):
        grid = self.dir / "beats.json"
        grid.write_text(json.dumps(beats or {"beats": [], "downbeats": [], "beats_per_bar": 4, "bpm": None}))
        done = subprocess.run([BUILD / "feature_worker", file, grid, *more], capture_output=True, text=True, timeout=120)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual(done.stderr, "")
        self.assertEqual(done.returncode, 0 if "result" in lines[-1] else 1)
        return lines[-1].get("result") or lines[-1]["error"]

    def test_silence_noise_and_a_click_are_no_trouble(self):
        rng = random.Random(2)
        cases = {"nothing": [0.0] * RATE, "short": [0.5] * 10, "empty-ish": [0.0], "noise": [rng.uniform(-0.3, 0.3) for _ in range(4 * RATE)],
                 "click": [0.0] * RATE + [1.0] + [0.0] * RATE, "tone": [0.5 * math.sin(i * 0.05) for i in range(2 * RATE)]}
        for name, samples in cases.items():
            with self.subTest(name):
                r = self.run_worker(pcm(self.dir / "x.pcm", samples))
                self.assertEqual(set(r["onsets"]), {"kick", "snare", "hihat"})
                bars = r["energy"]["bars"]
                self.assertGreaterEqual(len(bars), 1)
                self.assertEqual(bars[0][0], 0)
                self.assertLessEqual(bars[-1][1], len(samples) / RATE + 0.001)
                for a, b in zip(bars, bars[1:]):
                    self.assertEqual(a[1], b[0])
                self.assertTrue(all(0 <= b[2] <= 1 for b in bars))
        r = self.run_worker(pcm(self.dir / "x.pcm", cases["nothing"]))
        self.assertEqual(r["onsets"], {"kick": [], "snare": [], "hihat": []})
        self.assertEqual(r["sections"], {"sections": []})
        self.assertEqual(r["drops"], {"drops": []})
        self.assertIsNone(r["loudness"]["integrated"])
        self.assertIsNone(r["loudness"]["true_peak"])
        self.assertEqual({b[2] for b in r["energy"]["bars"]}, {0})
        self.assertEqual(set(r["loudness"]["lufs"]), {-70})
        self.assertEqual(set(r["centroid"]["hz"]), {0})

    def test_samples_that_are_no_sound(self):
        for value in (math.nan, math.inf, -math.inf, 1e20, 3e38):
            with self.subTest(value):
                r = self.run_worker(pcm(self.dir / "x.pcm", [0.5 * math.sin(i * 0.03) if i % 997 else value for i in range(2 * RATE)]))
                self.assertTrue(all(len(b) == 3 for b in r["energy"]["bars"]), r["energy"])
                self.assertTrue(all(len(hit) == 2 for hits in r["onsets"].values() for hit in hits), r["onsets"])

    def test_drums_bars_and_levels(self):
        beats = [i * 0.5 for i in range(32)]
        file = pcm(self.dir / "x.pcm", drum_loop(16))
        r = self.run_worker(file, {"beats": beats, "downbeats": beats[::4], "beats_per_bar": 4, "bpm": 120})
        kicks = [at for at, strength in r["onsets"]["kick"] if strength > 0.5]
        self.assertGreaterEqual(sum(any(abs(k - b) < 0.02 for k in kicks) for b in beats), 30)
        hats = [at for at, _ in r["onsets"]["hihat"]]
        self.assertGreaterEqual(sum(any(abs(h - b - 0.25) < 0.02 for h in hats) for b in beats), 28)
        self.assertEqual([b[:2] for b in r["energy"]["bars"]], [[i * 2.0, i * 2.0 + 2] for i in range(8)])
        self.assertGreater(min(b[2] for b in r["energy"]["bars"]), 0.8)
        self.assertEqual([(s["start"], s["end"]) for s in r["sections"]["sections"]], [(0, 16)])
        self.assertEqual(r["loudness"]["rate"], 10)
        self.assertEqual(len(r["loudness"]["lufs"]), 160)
        self.assertTrue(-30 < r["loudness"]["integrated"] < -8)
        self.assertEqual(len(r["centroid"]["hz"]), 161)
        alone = self.run_worker(file, None, "--drums", file)
        self.assertEqual(len(alone["onsets"]["kick"]), len(r["onsets"]["kick"]))
        self.assertEqual([b[:2] for b in alone["energy"]["bars"]], [[i * 2.0, i * 2.0 + 2] for i in range(8)])      # without beats: two seconds

    def test_what_it_is_given_wrong_it_says(self):
        file = pcm(self.dir / "x.pcm", [0.0] * 100)
        self.assertIn("code", self.run_worker(self.dir / "nothing.pcm"))
        self.assertIn("code", self.run_worker(file, None, "--drums", self.dir / "nothing.pcm"))
        self.assertIn("Use feature_worker", self.run_worker(file, None, "--what", file)["message"])
        for beats in ({"beats": "x"}, {"downbeats": [3, 2, "a", -1, 1e99], "beats": [0.001, 0.0005]}, {"beats_per_bar": -4, "beats": [0, 0.0005, 0.001]}, {}):
            self.run_worker(file, beats or {"a": 1})
        (self.dir / "beats.json").write_text("{")
        done = subprocess.run([BUILD / "feature_worker", file, self.dir / "beats.json"], capture_output=True, text=True, timeout=20)
        self.assertIn("error", json.loads(done.stdout))


class Heard(unittest.TestCase):
    """From a file to the light, with nothing put into the database by hand."""

    def test_the_light_follows_what_the_job_heard(self):
        d = Lumad()
        self.addCleanup(d.stop)
        rig = Rig(d)
        samples = drum_loop(16)
        track = d.upload(b"RIFF" + struct.pack("<I", 36 + 2 * len(samples)) + b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, RATE, RATE * 2, 2, 16) +
                         b"data" + struct.pack("<I", 2 * len(samples)) + struct.pack(f"<{len(samples)}h", *(int(max(-1, min(1, s)) * 32767) for s in samples))).json
        d.wait_jobs(track["id"], 120)
        self.assertEqual(d.get(f"/tracks/{track['id']}")["analysis"]["features"]["state"], "done")
        f = d.get(f"/tracks/{track['id']}/features")
        self.assertEqual((f["analyser"], f["version"]), ("lumad-features", 1))
        kicks = [at for at, s in f["onsets"]["kick"] if s > 0.6]
        self.assertGreater(len(kicks), 20)
        nodes = {}
        for name, type, port, params in (("kick", "drum_onsets", "kick", {"decay_ms": 100}), ("bars", "bar_energy", "out", {}), ("section", "section_index", "out", {})):
            graph = heard_graph(type, port, params)
            graph["nodes"].append({"id": "v", "type": "view_signal", "params": {}})
            graph["edges"].append({"id": "view", "from_node": "heard", "from_port": port, "to_node": "v", "to_port": "in"})
            run = d.post("/graph/run", {"graph": graph, "context": {"track_id": track["id"], "venue_id": rig.venue["id"], "start": 4, "end": 8}})
            self.assertEqual(run["errors"], [])
            nodes[name] = run["views"]["v"]["rows"][0]
        self.assertGreater(max(nodes["kick"]["max"]), 0.6)      # each hit is up, and falls
        self.assertLess(min(nodes["kick"]["min"]), 0.1)
        bar = next(b for b in f["energy"]["bars"] if b[0] <= 6 < b[1])
        self.assertAlmostEqual(nodes["bars"]["mean"][len(nodes["bars"]["mean"]) // 2], bar[2], delta=0.02)

    def test_features_say_when_there_are_none(self):
        d = Lumad()
        self.addCleanup(d.stop)
        self.assertEqual(d.call("GET", "/tracks/00000000-0000-4000-8000-000000000000/features").status, 404)
        track = d.upload(tone(2)).json
        d.wait_jobs(track["id"])
        answer = d.call("GET", f"/tracks/{track['id']}/features")
        self.assertEqual(answer.status, 200)
        again = d.call("GET", f"/tracks/{track['id']}/features", headers={"If-None-Match": answer.headers["ETag"]})
        self.assertEqual(again.status, 304)
        d.post(f"/tracks/{track['id']}/analyze", {"steps": ["features"], "force": True})
        d.wait_jobs(track["id"])
        self.assertEqual(d.get(f"/tracks/{track['id']}/features")["energy"], answer.json["energy"])


if __name__ == "__main__":
    unittest.main()
