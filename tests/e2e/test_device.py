"""The sound card is lost while the demo plays, in each way cards have: the show goes on on the clock, with a warning, and sound comes back with the card.

The card is tests/e2e/sound_card.c in the place of PortAudio: real cards, and JACK servers killed the hard way, leave things behind on the machine.
"""
import os
import pathlib
import subprocess
import tempfile
import time
import unittest

from lumad import Lumad
from test_light import until

HERE = pathlib.Path(__file__).parent


class Device(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="lumad-card-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        subprocess.run(["cc", "-std=gnu11", "-Wall", "-Wextra", "-shared", "-fPIC", "-o", cls.folder / "libportaudio.so.2", "-Wl,-soname,libportaudio.so.2",
                        HERE / "sound_card.c", "-lpthread"], check=True)
        cls.data = cls.folder / "data"

    def start(self, word="play", api="ALSA"):
        self.card = self.folder / "card"
        self.card.write_text(word)
        d = Lumad("--demo", data=self.data, env={"LD_LIBRARY_PATH": str(self.folder), "CARD": str(self.card), "CARD_API": api})
        self.addCleanup(lambda: d.proc.poll() is None and d.stop())
        until(lambda: d.get("/host-audio")["playing"], 30)
        return d

    @staticmethod
    def device(d):
        return d.get("/host-audio/device")["active"]

    @staticmethod
    def playhead(ws):
        m = ws.expect("host-audio")
        return m["server_time"], m["current_time"]

    @staticmethod
    def is_warned(d):
        return any(w["id"] == "audio.lost" for w in d.get("/system")["warnings"])

    def lose(self, word, api="ALSA", comes_back=True):
        d = self.start(api=api)
        until(lambda: self.device(d)["name"] == "Test card" and not self.device(d)["clock"], 10)
        self.assertFalse(self.is_warned(d))
        with d.socket() as ws:
            ws.subscribe("host-audio")
            track = [self.playhead(ws) for _ in range(10)]
            self.card.write_text(word)
            lost = time.monotonic()
            while time.monotonic() < lost + 2.5:
                track.append(self.playhead(ws))
            until(lambda: self.is_warned(d), 2)
            self.assertTrue(self.device(d)["lost"])
            self.assertTrue(self.device(d)["clock"])
            self.assertTrue(d.get("/host-audio")["playing"])
        # The playhead goes on: never back by more than a wink, never gone by more than the time in which the loss was found.
        for (t0, p0), (t1, p1) in zip(track, track[1:]):
            self.assertGreater(p1, p0 - 0.05)
            # A wild card takes up to three seconds of sound before it is found out.
            self.assertLess(abs((p1 - p0) - (t1 - t0)), 4 if word == "wild" else 0.75, (t0, p0, p1))
        (t0, p0), (t1, p1) = track[-10], track[-1]
        self.assertAlmostEqual(p1 - p0, t1 - t0, delta=0.08)
        self.assertGreater(d.get("/dmx/universes/1")["fps"], 40)
        if comes_back:
            self.card.write_text("play")
            until(lambda: not self.device(d)["clock"] and not self.is_warned(d), 15)
        self.assertLess(d.stop(), 2)

    def test_no_callbacks(self):
        self.lose("silent")

    def test_the_stream_says_it_has_ended(self):
        self.lose("ended")

    def test_stopping_it_never_comes_back(self):
        self.lose("hang", comes_back=False)

    def test_it_runs_wild(self):
        self.lose("wild", comes_back=False)

    def test_a_jack_server_dies_and_closing_would_be_an_assertion(self):
        self.lose("abort", api="JACK Audio Connection Kit", comes_back=False)

    def test_a_card_that_comes_later_is_not_needed_to_play(self):
        d = self.start("absent")
        self.assertTrue(self.device(d)["clock"])
        self.assertFalse(self.is_warned(d))


if __name__ == "__main__":
    unittest.main()
