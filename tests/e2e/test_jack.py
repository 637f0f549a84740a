"""A real JACK server dies while the demo plays, and comes back: noticed at once, the show goes on on the clock from where it was, and sound returns by itself, also with
another period. The server is that of jackrig.py, with JACK's dummy driver.
"""
import time
import unittest

import jackrig
from lumad import Lumad
from test_device import FRAME, Playhead, cards, device, warnings
from test_light import until

ALONE = True                                    # it measures how soon


class JackDies(unittest.TestCase):
    def test_it_is_killed_and_comes_back(self):
        with jackrig.Jack(period=1024) as jack, Lumad("--demo", config="[audio]\ndevice = JACK:system\n", env=jack.env) as d:
            until(lambda: d.get("/host-audio")["playing"] and not device(d)["clock"], 60)
            self.assertEqual((device(d)["name"], device(d)["period"], device(d)["rate"]), ("system", 1024, 48000))
            with d.socket() as ws:
                for period in 256, 1024:
                    self.lose_and_return(d, jack, period, ws)
            self.assertGreater(d.get("/dmx/universes/1")["fps"], 40)
            self.assertEqual(len(cards(d)), 1)
            self.assertLess(d.stop(), 2)

    def lose_and_return(self, d, jack, period, ws):
        head = Playhead(ws)
        start = time.monotonic()
        jack.kill()
        until(lambda: device(d)["clock"], 3)
        noticed = time.monotonic() - start
        self.assertLess(noticed, 1)
        head.follow(1)
        until(lambda: "audio.lost" in warnings(d), 2)
        self.assertRegex(warnings(d)["audio.lost"], r"was lost \((the JACK server is gone|it takes no sound any more|it does not answer)\)")     # who sees it first
        self.assertTrue(d.get("/host-audio")["playing"])
        jack.period = period
        jack.start()
        start = time.monotonic()
        head.follow(12, lambda: not device(d)["clock"])
        came_back = time.monotonic() - start
        head.follow(1)
        print(f"noticed in {noticed * 1000:.0f} ms, back {came_back:.1f} s after the server, worst jump {head.jump() * 1000:.1f} ms")
        self.assertFalse(device(d)["clock"])
        self.assertEqual(device(d)["period"], period)
        self.assertLess(head.jump(), FRAME)
        until(lambda: "audio.lost" not in warnings(d), 5)


if __name__ == "__main__":
    unittest.main()
