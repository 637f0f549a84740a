"""Chords, key and chroma of a track that is uploaded: found, stored, told, read by a node, and found again when the beats are corrected."""
import array
import io
import json
import math
import os
import pathlib
import sqlite3
import struct
import subprocess
import tempfile
import time
import unittest
import wave

from lumad import Lumad

LONG = True
NO_LIGHT = True
OF_PROGRAMS = True

RATE = 22050
NAMES = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"]
QUALITY = {"": (0, 4, 7), "m": (0, 3, 7)}


def tone(midi, n, start=0):
    """Six partials, as a string has them."""
    hz = 440 * 2 ** ((midi - 69) / 12)
    return [sum(0.5 ** k * math.sin(2 * math.pi * hz * (k + 1) * (start + i) / RATE) for k in range(6)) * math.exp(-2.0 * i / RATE) for i in range(n)]


def song(chords, bars=2, bpm=120, cents=0):
    """Each chord a bar: a bass note and a triad on every beat, with a click."""
    beat = int(RATE * 60 / bpm)
    out = array.array("h")
    made = {}
    for _ in range(bars):
        for root, quality in chords:
            if (root, quality) not in made:
                notes = [36 + root % 12] + [60 + (root + i) % 12 for i in QUALITY[quality]]
                voices = [tone(m + cents / 100, beat) for m in notes]
                one = [0.16 * sum(v[i] for v in voices) + (0.3 * math.sin(i * 2.1) if i < 200 else 0) for i in range(beat)]
                made[root, quality] = array.array("h", (int(32767 * max(-1, min(1, x))) for x in one))
            out.extend(made[root, quality] * 4)
    return pcm16(out)


def pcm16(samples):
    f = io.BytesIO()
    with wave.open(f, "wb") as w:
        w.setnchannels(1)
        w.setsampwidth(2)
        w.setframerate(RATE)
        w.writeframes(samples.tobytes())
    return f.getvalue()


def chord_at(sections, seconds):
    return next(s for s in sections if s["start"] <= seconds < s["end"])


LOOP = [(0, ""), (9, "m"), (5, ""), (7, "")]


class Roots(unittest.TestCase):
    def setUp(self):
        self.d = Lumad()
        self.addCleanup(self.d.stop)

    def analysed(self, data, name="song.wav"):
        track = self.d.upload(data, name).json
        jobs = self.d.wait_jobs(track["id"])
        self.assertEqual({j["state"] for j in jobs if j["kind"] == "roots"}, {"done"}, jobs)
        return track, self.d.get(f"/tracks/{track['id']}/roots")

    def test_the_chords_of_a_song(self):
        track, roots = self.analysed(song(LOOP, 4))
        self.assertEqual(roots["key"], "C major")
        self.assertGreater(roots["key_confidence"], 0.3)
        self.assertEqual((roots["analyser"], roots["chroma_rate"]), ("lumad-roots", 10))
        # Heard in the mix within seconds, and once more when the stems are there.
        are_there, end = bool(self.d.get(f"/tracks/{track['id']}/stems")["items"]), time.monotonic() + 120
        while roots["from_stems"] != are_there and time.monotonic() < end:
            time.sleep(0.2)
            roots = self.d.get(f"/tracks/{track['id']}/roots")
        self.assertEqual(roots["from_stems"], are_there)
        self.d.wait_jobs(track["id"])
        sections = roots["sections"]
        self.assertEqual(sections[0]["start"], 0)
        for a, b in zip(sections, sections[1:]):
            self.assertEqual(a["end"], b["start"])
        for bar in range(16):
            want = NAMES[LOOP[bar % 4][0]] + LOOP[bar % 4][1]
            got = chord_at(sections, bar * 2 + 1)
            self.assertEqual(got["label"], want, (bar, sections))
            self.assertEqual((got["root"], got["quality"]), (LOOP[bar % 4][0], "min" if want.endswith("m") else "maj"))
            self.assertGreater(got["confidence"], 0.5)
        self.assertEqual(self.d.get(f"/tracks/{track['id']}")["analysis"]["roots"]["state"], "done")

        # The same, for light: a distribution, with the chord's notes on top.
        nodes = [{"id": "notes", "type": "harmony_analysis"}, {"id": "v", "type": "view_signal"}]
        graph = {"nodes": nodes, "args": [], "edges": [{"id": "e", "from_node": "notes", "from_port": "signal", "to_node": "v", "to_port": "in"}]}
        run = self.d.post("/graph/run", {"graph": graph, "context": {"track_id": track["id"], "start": 0.5, "end": 1.5}})
        self.assertEqual(run["errors"], [])
        means = [sum(r["mean"]) / len(r["mean"]) for r in run["views"]["v"]["rows"]]
        self.assertAlmostEqual(sum(means), 1, delta=0.01)
        self.assertEqual(sorted(sorted(range(12), key=lambda k: -means[k])[:3]), [0, 4, 7], means)

    def test_a_song_out_of_tune(self):
        _, roots = self.analysed(song(LOOP, 3, cents=35))
        self.assertEqual([chord_at(roots["sections"], t)["label"] for t in (9, 11, 13, 15)], ["C", "Am", "F", "G"])

    def test_nothing_to_hear(self):
        for name, samples in (("silence", [0] * RATE * 8), ("second", [int(9000 * math.sin(i * 0.06)) for i in range(RATE)])):
            track, roots = self.analysed(pcm16(array.array("h", samples)), f"{name}.wav")
            if name == "silence":
                self.assertEqual([(s["root"], s["quality"], s["label"]) for s in roots["sections"]], [(None, "N", "N")])
                self.assertIsNone(roots["key"])
                self.assertEqual(roots["key_confidence"], 0)
            db = sqlite3.connect(self.d.dir / "lumad.db")
            chroma, = db.execute("SELECT chroma FROM track_roots WHERE track_id = ?", (track["id"],)).fetchone()
            db.close()
            frames = list(struct.iter_unpack("<12f", chroma))
            self.assertEqual(len(frames), (8 if name == "silence" else 1) * 10 + 1)
            for f in frames:
                self.assertAlmostEqual(sum(f), 0 if name == "silence" else 1, places=4)

    def test_other_beats_other_chords(self):
        track, first = self.analysed(song(LOOP, 2))
        version = first["version"]
        self.d.put(f"/tracks/{track['id']}/beats", {"beats": [i * 0.5 for i in range(30)], "downbeats": [i * 2.0 for i in range(8)], "beats_per_bar": 4})
        self.d.post(f"/tracks/{track['id']}/analyze", {"steps": ["roots"], "force": True})
        self.d.wait_jobs(track["id"])
        again = self.d.get(f"/tracks/{track['id']}/roots")
        self.assertGreater(again["version"], version)
        self.assertEqual([s["label"] for s in again["sections"]], ["C", "Am", "F", "G"] * 2)
        for got, want in zip(again["sections"], range(8)):
            self.assertAlmostEqual(got["start"], want * 2.0, delta=0.3)

    def test_no_track_and_no_chords_yet(self):
        self.assertEqual(self.d.call("GET", "/tracks/00000000-0000-4000-8000-000000000000/roots").status, 404)


class Worker(unittest.TestCase):
    """What the program says to what nobody should give it."""

    def run_worker(self, *args):
        program = pathlib.Path(os.environ.get("BUILD_DIR", pathlib.Path(os.environ.get("LUMAD", "build/release/lumad")).parent)) / "root_worker"
        done = subprocess.run([str(program), *map(str, args)], capture_output=True, text=True, timeout=60)
        return done.returncode, json.loads(done.stdout.strip().splitlines()[-1])

    def test_bad_arguments_and_files(self):
        with tempfile.TemporaryDirectory() as d:
            d = pathlib.Path(d)
            pcm = d / "x.pcm"
            frames = array.array("f", (0.2 * math.sin(i * 0.03) if i % 1000 else math.nan for i in range(96000)))
            pcm.write_bytes(b"LMPCM1\0\0" + struct.pack("<IIQ", 48000, 1, len(frames)) + bytes(40) + frames.tobytes())
            beats = d / "beats.json"
            for args in ((), (pcm,), (d / "none.pcm", beats, d / "c")):
                code, said = self.run_worker(*args)
                self.assertEqual((code, list(said)), (1, ["error"]))
            for text, ok in (("[]", False), ("{", False), ("{}", True), ('{"beats":["x",5,4,null,1e999,-3],"downbeats":7,"beats_per_bar":0}', False),
                             ('{"beats":["x",5,4,null,-3,6,6.5,7,9],"downbeats":7,"beats_per_bar":-2}', True),
                             ('{"beats":[0.1,0.2,0.3,0.4,0.5],"downbeats":[0.3,0.31,0.32],"beats_per_bar":4}', True),
                             ('{"beats":[0.5,1,1.5],"downbeats":[0.5],"beats_per_bar":2147483647}', True)):
                beats.write_text(text)
                code, said = self.run_worker(pcm, beats, d / "c")
                self.assertEqual((code, list(said)), (0, ["result"]) if ok else (1, ["error"]), text)
                if ok:
                    sections = said["result"]["sections"]
                    self.assertEqual(sections[0]["start"], 0)
                    self.assertTrue(all(0 <= s["confidence"] <= 1 and s["start"] < s["end"] for s in sections), sections)
                    self.assertEqual((d / "c").stat().st_size, 48 * said["result"]["chroma_frames"])


if __name__ == "__main__":
    unittest.main()
