"""Sound in the light: levels of the track and of its stems. What is missing makes its own layer dark, says which job to run, and nothing else suffers."""
import array
import base64
import hashlib
import io
import pathlib
import sqlite3
import tempfile
import time
import unittest
import uuid
import wave

from lumad import Lumad
from test_show import Rig

STEMS = "drums", "bass", "vocals", "other"


def level(value, seconds=4.0, rate=44100, begins=0.0):
    """A stereo WAV that stands at `value` (0..1) left and right from `begins` on."""
    out, v = io.BytesIO(), int(value * 32767)
    frames = array.array("h", [0, 0] * int(begins * rate) + [v, v] * int((seconds - begins) * rate))
    with wave.open(out, "wb") as w:
        w.setnchannels(2)
        w.setsampwidth(2)
        w.setframerate(rate)
        w.writeframes(frames.tobytes())
    return out.getvalue()


def graph(nodes, edges):
    """The last node's first wire lights `sel`."""
    return {"args": [{"id": "sel", "name": "Selection", "type": "selection", "default": "all"}],
            "nodes": [{"id": "a", "type": "pattern_args"}, {"id": "d", "type": "apply_dimmer"}, *nodes],
            "edges": [{"id": f"e{i}", "from_node": e[0], "from_port": e[1], "to_node": e[2], "to_port": e[3]}
                      for i, e in enumerate([("a", "sel", "d", "selection"), *edges])]}


def stem_graph(stem):
    return graph([{"id": "in", "type": "audio_input"}, {"id": "split", "type": "stem_splitter"}, {"id": "l", "type": "audio_level"}],
                 [("in", "out", "split", "audio_in"), ("split", f"{stem}_out", "l", "audio_in"), ("l", "rms", "d", "signal")])


class Stems(unittest.TestCase):
    def setUp(self):
        self.d = Lumad()
        self.addCleanup(self.d.stop)
        self.d.patch("/settings", {"stems": "demand"})                  # the rows are this test's own
        self.rig = Rig(self.d)
        self.d.patch(f"/annotations/{self.rig.block['id']}", {"args": {"sel": "left"}})
        self.rig.show()
        self.rig.seek(2)

    def layer(self, name, g):
        pattern = self.d.post("/patterns", {"name": name})
        self.d.put(f"/patterns/{pattern['id']}/graph", g)
        return self.d.post(f"/scores/{self.rig.score['id']}/annotations", {"pattern_id": pattern["id"], "start_time": 1, "end_time": 3, "args": {"sel": "~left"}})["id"]

    def separate(self, name, data):
        """As the job would leave it: a file, and a row of it."""
        file = f"stems/{self.rig.track['id']}.{name}.wav"
        (self.d.dir / "stems").mkdir(exist_ok=True)
        (self.d.dir / file).write_bytes(data)
        db = sqlite3.connect(self.d.dir / "lumad.db", timeout=10)
        with db:
            db.execute("DELETE FROM track_stems WHERE track_id = ? AND name = ?", (self.rig.track["id"], name))
            db.execute("INSERT INTO track_stems (id, track_id, name, format, hash, file_path) VALUES (?, ?, ?, 'wav', ?, ?)",
                       (str(uuid.uuid4()), self.rig.track["id"], name, hashlib.sha256(data).hexdigest(), file))
        db.close()

    def look_again(self):
        """lumad looks at the rows when something of the score changes."""
        for value in (0.3, 0.6):
            self.d.patch(f"/annotations/{self.rig.block['id']}", {"args": {"sel": "left", "level": value}})

    def errors(self):
        return {i["annotation_id"]: i["errors"] for i in self.d.get("/show/layer-errors")["items"]}

    def jobs(self):
        return [j for j in self.d.get(f"/jobs?track_id={self.rig.track['id']}")["items"] if j["kind"] == "decode_stems"]

    def test_stems_light_when_they_come(self):
        rig, drums = self.rig, self.layer("Drums", stem_graph("drums"))
        self.assertEqual(rig.settle([153, 0]), [153, 0])                # the other layer is lit
        told = self.errors()[drums]
        self.assertEqual([(e["node"], e["port"], e["code"]) for e in told], [("split", "drums_out", "missing_stem")])
        self.assertIn("run the job stems of the track", told[0]["message"])

        self.separate("drums", level(0.8))
        self.look_again()
        self.assertEqual(rig.settle([153, 204], seconds=20), [153, 204])        # by itself, once they are decoded
        self.assertNotIn(drums, self.errors())
        self.assertEqual([j["state"] for j in self.jobs()], ["done"])
        self.assertTrue((self.d.dir / "cache" / f"{rig.track['id']}.drums.pcm").exists())

        self.separate("drums", level(0.4))                              # separated anew
        self.look_again()
        self.assertEqual(rig.settle([153, 102], seconds=20), [153, 102])

    def test_nobody_reads_them_nobody_decodes_them(self):
        self.d.wait_jobs(self.rig.track["id"])                          # what hears the track reads the stems that are there
        self.separate("drums", level(0.8))
        self.look_again()
        self.assertEqual(self.rig.settle([153, 0]), [153, 0])
        self.layer("Level", graph([{"id": "in", "type": "audio_input"}, {"id": "l", "type": "audio_level"}], [("in", "out", "l", "audio_in"), ("l", "peak", "d", "signal")]))
        self.assertGreater(self.rig.settle([153, 255], seconds=0.5)[1], 0)
        self.assertEqual(self.jobs(), [])

    def test_sound_that_the_cache_dropped_is_heard_again(self):
        self.d.stop()
        with tempfile.TemporaryDirectory(prefix="lumad-") as data:
            for start in range(2):
                with Lumad(data=data) as d:
                    if start == 0:
                        d.patch("/settings", {"stems": "demand"})
                        self.d, self.rig = d, Rig(d)
                        self.separate("drums", level(0.8))
                        self.layer("Drums", stem_graph("drums"))
                        self.layer("Sound", graph([{"id": "in", "type": "audio_input"}, {"id": "l", "type": "audio_level", "params": {"window_ms": 2000}}],
                                                  [("in", "out", "l", "audio_in"), ("l", "rms", "d", "signal")]))
                        for a in d.get(f"/scores/{self.rig.score['id']}/annotations")["items"]:
                            if a["id"] != self.rig.block["id"]:
                                d.patch(f"/annotations/{a['id']}", {"blend_mode": "add"})
                        d.patch(f"/annotations/{self.rig.block['id']}", {"args": {"sel": "left"}})
                        self.rig.show()
                        self.rig.seek(2)
                    self.rig.d = d                                  # the second one begins where the first was
                    end = time.monotonic() + 30
                    while (got := self.rig.slots())[1] <= 204 + 10 and time.monotonic() < end:
                        time.sleep(0.05)
                    self.assertEqual(got[0], 153)
                    self.assertGreater(got[1], 204 + 10)            # the drums, and the track
                for file in pathlib.Path(data, "cache").glob("*.pcm"):
                    file.unlink()

    def test_a_file_that_cannot_be_decoded_is_said_and_not_tried_for_ever(self):
        drums = self.layer("Drums", stem_graph("drums"))
        self.separate("drums", b"no sound at all")
        self.look_again()
        end = time.monotonic() + 20
        while [j["state"] for j in self.jobs()] != ["failed"] and time.monotonic() < end:
            time.sleep(0.05)
        self.look_again()
        self.assertEqual(self.rig.settle([153, 0]), [153, 0])
        self.assertEqual([j["state"] for j in self.jobs()], ["failed"])
        self.assertEqual(self.errors()[drums][0]["code"], "missing_stem")
        self.separate("drums", level(0.8))
        self.look_again()
        self.assertEqual(self.rig.settle([153, 204], seconds=20), [153, 204])

    def test_the_editor_waits_for_them(self):
        for i, name in enumerate(STEMS):
            self.separate(name, level((i + 1) / 5, begins=1.0))
        nodes = [{"id": "in", "type": "audio_input"}, {"id": "split", "type": "stem_splitter"}]
        edges = [("in", "out", "split", "audio_in")]
        for name in STEMS:
            nodes += [{"id": name, "type": "audio_level", "params": {"window_ms": 10}}, {"id": f"v_{name}", "type": "view_signal"}]
            edges += [("split", f"{name}_out", name, "audio_in"), (name, "peak", f"v_{name}", "in")]
        nodes += [{"id": "f", "type": "frequency_amplitude", "params": {"ranges": [[0, 10]]}}, {"id": "vf", "type": "view_signal"}, {"id": "mel", "type": "mel_spec_viewer"},
                  {"id": "wave", "type": "view_signal"}]
        edges += [("in", "out", "f", "audio_in"), ("f", "amplitude_out", "vf", "in"), ("f", "amplitude_out", "d", "signal"), ("split", "bass_out", "mel", "in"), ("split", "other_out", "wave", "in")]
        run = self.d.post("/graph/run", {"graph": graph(nodes, edges), "context": {"track_id": self.rig.track["id"], "venue_id": self.rig.venue["id"], "start": 0, "end": 2}})
        self.assertEqual(run["errors"], [])
        for i, name in enumerate(STEMS):
            row = run["views"][f"v_{name}"]["rows"][0]
            self.assertEqual((row["max"][20], round(row["min"][100], 2)), (0, (i + 1) / 5), name)
        self.assertEqual((run["views"]["wave"]["max"][100], round(run["views"]["wave"]["min"][400], 2)), (0, 0.8))
        mel = run["views"]["mel"]
        data = base64.b64decode(mel["data"])
        self.assertEqual((mel["type"], mel["bands"], mel["columns"], mel["start"], mel["end"], len(data)), ("mel", 128, 120, 0, 2, 128 * 120))
        self.assertEqual(sum(data[:128 * 50]), 0)
        self.assertGreater(data[128 * 100], 100)                        # the lowest band holds what stands still
        self.assertEqual([j["state"] for j in self.jobs()], ["done"])


if __name__ == "__main__":
    unittest.main()
