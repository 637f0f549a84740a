"""Light and sound are one: packets of light show the position of what leaves the loudspeaker as they come, and go on when the sound server dies.

On a machine that does other things beside it this cannot be about milliseconds: medians are asserted here, `make bench-av` measures the promise.
"""
import statistics
import time
import unittest

import sounds
from avrig import FRAME_MS, Ramp
from jackrig import RATE, wait_for_device
from stage import Stage


class LightAndSound(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.track = sounds.Track(30, 1)
        cls.stage = Stage(tracks=[cls.track])
        cls.addClassCleanup(cls.stage.stop)

    def setUp(self):
        self.d = self.stage.d
        self.ramp = Ramp(self.d, self.stage.ids[0], 30)
        self.addCleanup(self.ramp.stop)
        self.stage.load()
        wait_for_device(self.d)

    def errors(self, heard, begin):
        """ms by which light is ahead of sound."""
        for ns, position in self.ramp.packets:
            at = heard.place_at(ns, heard=True)
            if ns > begin and at is not None and position is not None and at < heard.frames:
                what = sounds.read(*heard.sample(int(at)))
                if what:
                    yield (position - (what[1] + at % 1) / RATE) * 1000

    def test_the_light_is_where_the_sound_is(self):
        with self.stage.jack.listen() as ears:
            self.d.post("/host-audio/play")
            time.sleep(1)
            begin = time.monotonic_ns()
            time.sleep(1.5)
            self.stage.seek(10 * RATE)
            time.sleep(1.5)
            self.d.post("/host-audio/loop", {"enabled": True, "start": 15, "end": 15.25})
            self.stage.seek(15 * RATE)
            time.sleep(1)
            self.d.post("/host-audio/pause")
        found = [abs(e) for e in self.errors(ears.heard, begin)]
        self.assertGreater(len(found), 100, (len(self.ramp.packets), self.ramp.torn, ears.heard.told, self.d.get("/host-audio/device")["active"], self.stage.jack.log()[-600:]))
        self.assertLess(statistics.median(found), 5, f"{ears.heard.xruns} xruns of the server")
        self.assertGreater(len({round(p, 1) for _, p in self.ramp.packets if p is not None}), 20)          # it is a ramp

    def test_the_server_dies_and_the_light_goes_on_where_it_was(self):
        self.d.post("/host-audio/play")
        time.sleep(2.5)
        dead = time.monotonic_ns()
        self.stage.jack.kill()
        time.sleep(2.5)
        self.d.post("/host-audio/pause")
        ahead = [(t, (p - t / 1e9) * 1000) for t, p in self.ramp.packets if p is not None]
        before, meanwhile, after = (statistics.median([e for t, e in ahead if dead + a * 1e9 < t < dead + b * 1e9]) for a, b in ((-1.5, 0), (0, 0.7), (1, 2.4)))
        self.assertLess(abs(meanwhile - before), FRAME_MS)
        self.assertLess(abs(after - before), FRAME_MS)


if __name__ == "__main__":
    unittest.main()
