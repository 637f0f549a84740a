"""What stems, the metronome and a calibration sound like at the loudspeaker, and when the light of a calibration comes."""
import hashlib
import math
import sqlite3
import statistics
import struct
import time
import unittest
import uuid

import sounds
from avrig import Ramp
from jackrig import RATE
from sounds import RAMP, explain
from stage import Stage

STEMS = "drums", "bass", "vocals", "other"


def tick(i, is_one):
    """As daemon/audio/click.c has it."""
    hz, level, decay = (1600, 1, 0.010) if is_one else (1000, 0.6, 0.008)
    if not 0 <= i < 1920:
        return 0
    x = level * math.sin(2 * math.pi * hz * i / RATE) * math.exp(-i / RATE / decay)
    return x * min(1, (i + 1) / 49) * min(1, (1920 - i) / 193)


class Flash(Ramp):
    """One dimmer, and whether it is full in each packet."""

    def put_definition(self):
        pass

    def build(self, track_id, offset_ms):
        self.venue = self.d.post("/venues", {"name": "Room", "offset_ms": offset_ms, "flash_guard": False})["id"]
        self.d.post(f"/venues/{self.venue}/outputs", {"universe": 1, "protocol": "artnet", "destination": self.address, "transmit": "continuous"})
        fixture = self.d.post(f"/venues/{self.venue}/fixtures", {"universe": 1, "address": 1, "fixture_path": "builtin:generic-dimmer", "mode_name": "1 Channel", "label": "d"})
        self.group = self.d.post(f"/venues/{self.venue}/groups", {"name": "lamps"})["id"]
        self.d.put(f"/groups/{self.group}/members", {"fixture_ids": [fixture["id"]]})
        self.d.put("/show", {"venue_id": self.venue})

    def read(self, slots):
        return slots[0] == 255

    def begins(self):
        return [b[0] for a, b in zip(self.packets, self.packets[1:]) if b[1] and not a[1]]


class ListeningSound(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stage = Stage(tracks=[sounds.Track(4, k) for k in range(1, 6)])
        cls.addClassCleanup(cls.stage.stop)
        cls.d = cls.stage.d
        db = sqlite3.connect(cls.d.dir / "lumad.db", timeout=10)
        (cls.d.dir / "stems").mkdir(exist_ok=True)
        with db:
            for track, name in zip(cls.stage.tracks[1:], STEMS):        # tracks of their own, so that each sample says which stem it is
                file = f"stems/{cls.stage.ids[0]}.{name}.wav"
                (cls.d.dir / file).write_bytes(track.wav())
                db.execute("INSERT INTO track_stems (id, track_id, name, format, hash, file_path) VALUES (?, ?, ?, 'wav', ?, ?)",
                           (str(uuid.uuid4()), cls.stage.ids[0], name, hashlib.sha256(track.wav()).hexdigest(), file))
        db.close()

    def setUp(self):
        self.d.post("/host-audio/pause")
        self.stage.load()

    def test_a_stem_alone_is_heard_at_once_in_its_place(self):
        self.d.put("/host-audio/stems", {"drums": {"solo": True}})
        end = time.monotonic() + 20
        while (stems := self.d.get("/host-audio")["stems"])["decoding"] is not None:
            self.assertLess(time.monotonic(), end, stems)
            time.sleep(0.02)
        self.assertIsNone(stems["problem"])
        self.d.put("/host-audio/stems", {"drums": {"solo": False}})
        sent, asked = [], [{"bass": {"solo": True}}, {"vocals": {"solo": True}, "bass": {"mute": True}}, {"vocals": {"solo": False}, "bass": {"mute": False, "solo": False}}]
        with self.stage.jack.listen() as ears:
            self.d.post("/host-audio/play")
            for body in asked:
                time.sleep(0.3)
                sent.append(time.monotonic_ns())
                self.d.put("/host-audio/stems", body)
            time.sleep(0.3)
            self.d.post("/host-audio/pause")
            time.sleep(0.05)
        pieces = [p for p in explain(ears.heard, self.stage.tracks) if p.kind != "silence"]
        self.assertEqual([p.kind for p in pieces], ["in", "play", "cross", "play", "cross", "play", "cross", "play", "out"], sounds.brief(pieces))
        crosses = [p for p in pieces if p.kind == "cross"]
        self.assertEqual([(c.what[0], c.to[0], c.n) for c in crosses], [(1, 3, RAMP), (3, 4, RAMP), (4, 1, RAMP)])
        for c in crosses:
            self.assertEqual(c.to[1], c.what[1] + RAMP)                 # in the place where it was
        late = [(ears.heard.at_ns(c.at) - at) / 1e6 for c, at in zip(crosses, sent)]
        print(f"stems: heard after {', '.join(f'{ms:.0f}' for ms in late)} ms")
        if not ears.heard.xruns:
            self.assertLess(statistics.median(late), 100)

    def test_the_metronome_ticks_at_the_sample_of_a_beat(self):
        self.d.put(f"/tracks/{self.stage.ids[0]}/beats", {"beats": [0.25, 0.5, 0.75, 1.00001, 1.25], "downbeats": [0.25, 1.00001], "bpm": 240, "beats_per_bar": 3})
        self.d.put("/host-audio/metronome", {"enabled": True, "db": -6})
        self.stage.load()
        time.sleep(0.4)                                                 # its beats are known
        with self.stage.jack.listen() as ears:
            self.d.post("/host-audio/play")
            time.sleep(1)
            self.d.post("/host-audio/pause")
            time.sleep(0.05)
        self.d.put("/host-audio/metronome", {"enabled": False, "db": -12})
        track, gain = self.stage.tracks[0], 10 ** (-6 / 20)
        first = next(i for i in range(ears.heard.frames) if sounds.read(*ears.heard.sample(i)) == (1, 1000)) - 1000
        ticks = [(round(b * RATE), b in (0.25, 1.00001)) for b in (0.25, 0.5, 0.75)]
        worst = 0
        for frame in range(RAMP, int(0.85 * RATE)):
            want = track.sample(frame)
            more = sum(gain * tick(frame - at, is_one) for at, is_one in ticks)
            got = ears.heard.sample(first + frame)
            worst = max(worst, abs(got[0] - want[0] - more), abs(got[1] - want[1] - more))
        self.assertLess(worst, 2e-6)

    def test_a_flash_comes_when_its_click_is_heard(self):
        with Flash(self.d, None, 1) as flash:
            for offset in (0, 120):
                self.d.patch(f"/venues/{flash.venue}", {"offset_ms": offset})
                with self.stage.jack.listen() as ears:
                    self.d.put("/host-audio/calibration", {"enabled": True, "group_id": flash.group, "interval": 0.6})
                    time.sleep(2.8)
                    self.d.put("/host-audio/calibration", {"enabled": False})
                loud = [i for i in range(ears.heard.frames) if abs(struct.unpack_from("<f", ears.heard.data, 8 * i)[0]) > 0.01]
                clicks = [b for a, b in zip([-RATE] + loud, loud) if b - a > RATE // 4]
                self.assertIn(len(clicks), (4, 5))
                apart = []
                for click in clicks[:-1]:
                    at = ears.heard.at_ns(click, heard=True) + offset * 1e6
                    apart.append(min((b - at for b in flash.begins()), key=abs, default=1e9) / 1e6)
                print(f"calibration, offset {offset} ms: flashes {', '.join(f'{ms:+.1f}' for ms in apart)} ms beside their clicks")
                if not ears.heard.xruns:
                    self.assertLess(statistics.median(abs(ms) for ms in apart), 14)     # half a frame is 11.4
        self.assertEqual(self.d.get("/host-audio")["track_id"], self.stage.ids[0])


if __name__ == "__main__":
    unittest.main()
