"""What is heard besides the track as it is: stems, the metronome, and the click and flash a room is calibrated with."""
import array
import hashlib
import io
import pathlib
import sqlite3
import tempfile
import time
import unittest
import uuid
import wave

from avrig import Ramp
from lumad import Lumad, tone
from test_show import Rig

STEMS = "drums", "bass", "vocals", "other"
AS_IT_IS = {"gain_db": 0, "mute": False, "solo": False}


def pcm(path):
    data = path.read_bytes()
    x = array.array("f")
    x.frombytes(data[64:])
    return int.from_bytes(data[12:16], "little"), x


def refusing(folder):
    """Nothing is analysed: these programs say at once that they cannot."""
    for name in ("beat", "feature", "root", "stem"):
        program = pathlib.Path(folder, f"{name}_worker")
        program.write_text("""#!/bin/sh\necho '{"error":{"code":"broken","message":"not here"}}'\nexit 1\n""")
        program.chmod(0o755)
    return {"LUMAD_WORKERS": str(folder)}


def parted(data):
    """A WAV file as four that add up to it."""
    with wave.open(io.BytesIO(data)) as w:
        params, samples = w.getparams(), array.array("h", w.readframes(w.getnframes()))
    parts = [array.array("h", (x * n // 10 for x in samples)) for n in (4, 3, 2)]
    parts.append(array.array("h", (x - a - b - c for x, a, b, c in zip(samples, *parts))))
    for part in parts:
        out = io.BytesIO()
        with wave.open(out, "wb") as w:
            w.setparams(params)
            w.writeframes(part.tobytes())
        yield out.getvalue()


class Watch(Ramp):
    """The first two slots of each packet."""

    def put_definition(self):
        pass

    def build(self, venue_id, _):
        self.d.post(f"/venues/{venue_id}/outputs", {"universe": 1, "protocol": "artnet", "destination": self.address, "transmit": "continuous"})

    def read(self, slots):
        return slots[0], slots[1]


class Listening(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="lumad-refusing-")
        cls.addClassCleanup(folder.cleanup)
        cls.d = Lumad(env=refusing(folder.name))
        cls.addClassCleanup(cls.d.stop)
        cls.rig = Rig(cls.d)
        data = tone(4.0, channels=2, seed=5)
        cls.track = cls.d.upload(data, "stereo.wav").json
        cls.whole = cls.d.upload(tone(3.0, seed=6), "whole.wav").json
        cls.separate(cls.track["id"], data)
        for track in cls.track, cls.whole:
            cls.d.wait_jobs(track["id"])

    @classmethod
    def separate(cls, track_id, data):
        """As the job stems would leave it."""
        db = sqlite3.connect(cls.d.dir / "lumad.db", timeout=10)
        (cls.d.dir / "stems").mkdir(exist_ok=True)
        with db:
            for name, stem in zip(STEMS, parted(data)):
                file = f"stems/{track_id}.{name}.wav"
                (cls.d.dir / file).write_bytes(stem)
                db.execute("INSERT INTO track_stems (id, track_id, name, format, hash, file_path) VALUES (?, ?, ?, 'wav', ?, ?)",
                           (str(uuid.uuid4()), track_id, name, hashlib.sha256(stem).hexdigest(), file))
        db.close()

    def setUp(self):
        self.d.put("/host-audio/calibration", {"enabled": False})
        self.d.post("/host-audio/pause")

    def load(self, track):
        self.d.post("/host-audio/load-track", {"track_id": track["id"]})

    def until(self, is_so, seconds=20):
        end = time.monotonic() + seconds
        while not is_so(state := self.d.get("/host-audio")):
            self.assertLess(time.monotonic(), end, state)
            time.sleep(0.02)
        return state

    def refused(self, path, body, status):
        r = self.d.call("PUT", f"/host-audio/{path}", body)
        self.assertEqual(r.status, status, r)
        return r.json

    # --- stems ---

    def test_stems_are_heard_as_soon_as_they_are_decoded(self):
        self.load(self.track)
        stems = self.until(lambda s: s["stems"]["available"])["stems"]
        self.assertEqual([stems[n] for n in STEMS], [AS_IT_IS] * 4)
        self.assertIsNone(stems["decoding"])
        self.d.post("/host-audio/loop", {"enabled": True, "start": 0, "end": 4})
        self.d.post("/host-audio/play")
        before = self.d.get("/host-audio")
        with self.d.socket() as ws:
            ws.subscribe("host-audio")
            answer = self.d.put("/host-audio/stems", {"drums": {"mute": True}, "other": {"gain_db": -6.5}})["stems"]
            self.assertEqual(answer["drums"], {**AS_IT_IS, "mute": True})
            self.assertEqual(answer["other"], {**AS_IT_IS, "gain_db": -6.5})
            end = time.monotonic() + 20
            while (m := ws.expect("host-audio"))["stems"]["decoding"] is not None or not m["stems"]["drums"]["mute"]:
                self.assertIsNone(m["stems"]["problem"])
                self.assertLess(time.monotonic(), end, m)
        self.assertIsNone(m["stems"]["problem"])
        after = self.d.get("/host-audio")
        passed = after["server_time"] - before["server_time"]
        self.assertAlmostEqual((after["current_time"] - before["current_time"] - passed + 2) % 4 - 2, 0, delta=0.05)     # the position went on
        states = lambda: [j["state"] for j in self.d.get(f"/jobs?track_id={self.track['id']}")["items"] if j["kind"] == "decode_stems_stereo"]
        self.until(lambda _: states() == ["done"])           # heard before the job has put its tools away
        self.assertIsNone(self.d.put("/host-audio/stems", {"bass": {"solo": True}})["stems"]["decoding"])                # at once, now
        stems = self.d.put("/host-audio/stems", after["stems"])["stems"]                                                 # what was told may be sent back
        self.assertEqual(stems["drums"]["mute"], True)
        self.check_sum()
        self.load(self.rig.track)                                       # another track is heard as it is
        self.assertEqual([self.until(lambda s: True)["stems"][n] for n in STEMS], [AS_IT_IS] * 4)
        self.load(self.track)
        self.assertEqual([self.d.get("/host-audio")["stems"][n] for n in STEMS], [AS_IT_IS] * 4)

    def check_sum(self):
        """What is decoded adds up as the files do, sample by sample."""
        cache = self.d.dir / "cache"
        channels, mix = pcm(cache / f"{self.track['id']}.pcm")
        parts = [pcm(cache / f"{self.track['id']}.{n}.stereo.pcm") for n in STEMS]
        self.assertEqual([c for c, _ in parts], [channels] * 4)
        self.assertEqual([len(x) for _, x in parts], [len(mix)] * 4)
        worst = max(abs(m - sum(s)) for m, *s in zip(mix, *(x for _, x in parts)))
        self.assertLess(worst, 1e-6)

    def test_without_stems_there_is_nothing_to_mute(self):
        self.d.post("/host-audio/unload")
        self.assertIn("No track", self.refused("stems", {"drums": {"mute": True}}, 409)["detail"])
        self.load(self.whole)
        told = self.refused("stems", {"drums": {"solo": True}}, 409)
        self.assertIn("run the job stems", told["detail"])
        state = self.d.put("/host-audio/stems", {"drums": AS_IT_IS})    # nothing is asked for
        self.assertFalse(state["stems"]["available"])
        for body, path in (({"drums": {"loud": True}}, "/drums/loud"), ({"bass": {"gain_db": 40}}, "/bass/gain_db"), ({"piano": {}}, "/piano"), ({"other": 1}, "/other")):
            told = self.refused("stems", body, 422)
            self.assertEqual([e["path"] for e in told["errors"]], [path])

    # --- the metronome ---

    def test_the_metronome_stays_over_tracks(self):
        self.load(self.track)
        self.assertEqual(self.d.get("/host-audio")["metronome"], {"enabled": False, "db": -12})
        self.d.post("/host-audio/play")
        self.assertEqual(self.d.put("/host-audio/metronome", {"enabled": True})["metronome"], {"enabled": True, "db": -12})
        self.d.put("/host-audio/metronome", {"db": -20.5})
        self.load(self.whole)
        self.assertEqual(self.d.get("/host-audio")["metronome"], {"enabled": True, "db": -20.5})
        self.refused("metronome", {"db": 3}, 422)
        self.refused("metronome", {"loud": True}, 422)
        self.d.put("/host-audio/metronome", {"enabled": False, "db": -12})

    def test_the_metronome_and_the_volume_stay_over_a_restart(self):
        with tempfile.TemporaryDirectory() as data:
            with Lumad(data=data) as d:
                d.put("/host-audio/metronome", {"enabled": True, "db": -20.5})
                d.post("/host-audio/volume", {"db": -7.5})
            with Lumad(data=data) as d:
                state = d.get("/host-audio")
                self.assertEqual((state["metronome"], state["volume_db"]), ({"enabled": True, "db": -20.5}, -7.5))
                self.assertEqual(d.put("/host-audio/metronome", {"enabled": False})["metronome"], {"enabled": False, "db": -20.5})
            with Lumad(data=data) as d:
                self.assertEqual(d.get("/host-audio")["metronome"], {"enabled": False, "db": -20.5})

    # --- calibration ---

    def group(self):
        return self.d.get(f"/venues/{self.rig.venue['id']}/groups")["items"][0]["id"]

    def begin(self, **more):
        self.rig.show()
        self.load(self.rig.track)
        self.d.post("/host-audio/loop", {"enabled": True, "start": 1.5, "end": 2.5})
        self.rig.seek(2)
        self.d.post("/host-audio/next", {"track_id": self.whole["id"], "crossfade_seconds": 0.5})
        self.assertEqual(self.rig.settle([153, 153]), [153, 153])
        return self.d.put("/host-audio/calibration", {"enabled": True, "group_id": self.group(), **more})

    def watch(self, watch, seconds):
        """How often the left dimmer began to be lit, and for how many packets at most; the other one is dark."""
        watch.packets.clear()
        time.sleep(seconds)
        seen = [value for _, value in watch.packets]
        self.assertLessEqual(set(seen), {(0, 0), (255, 0)})
        spans = "".join("x" if lit else " " for lit, _ in seen).split()
        return len(spans), max(map(len, spans), default=0)

    def assertBack(self):
        state = self.until(lambda s: not s["calibration"]["enabled"] and s["track_id"])
        self.assertEqual(state["track_id"], self.rig.track["id"])
        self.assertEqual(state["calibration"]["group_id"], None)
        self.assertFalse(state["playing"])
        self.assertAlmostEqual(state["current_time"], 2, places=2)
        self.assertEqual(state["loop"], {"enabled": True, "start": 1.5, "end": 2.5})
        self.assertEqual(state["next"], {"track_id": self.whole["id"], "crossfade_seconds": 0.5})
        self.assertEqual(self.rig.settle([153, 153]), [153, 153])

    def test_a_group_flashes_when_the_click_is_heard(self):
        state = self.begin()
        self.assertEqual(state["calibration"], {"enabled": True, "group_id": self.group(), "interval": 1})
        self.assertTrue(state["playing"])
        self.assertIsNone(state["track_id"])
        with Watch(self.d, self.rig.venue["id"], 4) as watch:
            flashes, length = self.watch(watch, 3.2)
            self.assertIn(flashes, (3, 4))
            self.assertIn(length, (1, 2, 3, 4))                         # 60 ms
            self.d.post("/show/blackout", {"on": True})
            self.assertEqual(self.watch(watch, 1.1), (0, 0))
            self.d.post("/show/blackout", {"on": False})
        self.d.put("/host-audio/calibration", {"enabled": False})
        self.assertBack()

    def test_it_takes_nothing_from_an_audience(self):
        self.rig.show()
        self.load(self.rig.track)
        self.d.post("/host-audio/play")
        self.assertIn("playing", self.refused("calibration", {"enabled": True, "group_id": self.group()}, 409)["detail"])
        self.assertTrue(self.d.get("/host-audio")["playing"])
        self.d.post("/host-audio/pause")
        self.refused("calibration", {"enabled": True, "group_id": self.track["id"]}, 409)
        self.refused("calibration", {"enabled": True}, 422)
        self.refused("calibration", {"enabled": True, "group_id": self.group(), "interval": 0.2}, 422)
        self.assertEqual(self.d.get("/host-audio")["track_id"], self.rig.track["id"])

    def test_it_ends_with_its_client_by_a_pause_and_by_another_track(self):
        with self.d.socket() as ws:
            self.begin(client=ws.hello["client"])
            self.refused("stems", {"drums": {"mute": True}}, 409)
            time.sleep(0.6)
            self.assertTrue(self.d.get("/host-audio")["calibration"]["enabled"])
        self.assertBack()
        self.begin()
        self.d.post("/host-audio/pause")
        self.assertBack()
        self.begin()
        self.load(self.whole)
        state = self.until(lambda s: not s["calibration"]["enabled"])
        self.assertEqual((state["track_id"], state["current_time"]), (self.whole["id"], 0))
        self.assertEqual(self.rig.settle([0, 0]), [0, 0])


if __name__ == "__main__":
    unittest.main()
