"""Channels and outputs under test: above the show, the masters and parks, below a blackout, and gone with the socket. As packets say it."""
import threading
import time
import unittest

from lumad import Lumad
from test_show import Rig
from wire import Receiver, own_address

AURA = "Martin/Martin-MAC-Aura.qxf"


class ChannelTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.d = Lumad()
        cls.rig = Rig(cls.d)
        cls.other = cls.d.post("/venues", {"name": "Other"})
        cls.elsewhere = cls.d.post(f"/venues/{cls.other['id']}/fixtures", {"fixture_path": "builtin:generic-dimmer", "mode_name": "1 Channel"})
        cls.address = own_address()
        cls.output = cls.d.post(f"/venues/{cls.rig.venue['id']}/outputs", {"universe": 1, "protocol": "artnet", "destination": cls.address})

    @classmethod
    def tearDownClass(cls):
        cls.d.stop()

    def setUp(self):
        d = self.d
        self.rig.show()
        d.post("/host-audio/pause")
        self.rig.seek(2)
        self.sees(153, 153)                                             # .6 * 255
        self.ws = d.socket()
        self.client = self.ws.hello["client"]
        self.first, self.second = (f["id"] for f in self.rig.fixtures)

    def tearDown(self):
        self.ws.close()
        self.sees(153, 153)
        self.assertEqual(self.warning(), None)

    def sees(self, *want, universe=1, seconds=3):
        self.assertEqual(self.rig.settle(list(want), universe, seconds), list(want))

    def hold(self, fixture, *values, client=None, status=200, channels=None):
        channels = [{"channel": i + 1, "value": v} for i, v in enumerate(values)] if channels is None else channels
        r = self.d.call("PUT", f"/fixtures/{fixture}/test", {"client": client or self.client, "channels": channels})
        self.assertEqual(r.status, status, r)
        return r.json

    def let_go(self, fixture, client=None):
        r = self.d.call("PUT", f"/fixtures/{fixture}/test", {"client": client or self.client, "channels": None})
        self.assertEqual(r.status, 200, r)

    def pattern(self, pattern, output=None, status=200):
        r = self.d.call("PUT", f"/outputs/{(output or self.output)['id']}/test", {"client": self.client, "pattern": pattern})
        self.assertEqual(r.status, status, r)
        return r.json

    def warning(self):
        return next((w["message"] for w in self.d.get("/system")["warnings"] if w["id"] == "dmx.test"), None)

    def until(self, condition, seconds=3):
        end = time.monotonic() + seconds
        while not condition():
            self.assertLess(time.monotonic(), end, "not within the time")
            time.sleep(.01)

    # --- what it does ---

    def test_it_is_on_the_wire_when_it_is_answered_and_stays(self):
        with Receiver(self.address) as r:
            self.assertTrue(r.wait_until(lambda r: r.streams().get(("artnet", 1))))
            self.assertEqual(self.hold(self.first, 201), {"fixture_id": self.first, "channels": [{"channel": 1, "value": 201}], "note": None})
            answered = time.time()
            time.sleep(.5)
            packets = r.streams(answered)[("artnet", 1)]
            self.assertGreater(len(packets), 10)
            self.assertEqual({tuple(p.slots[:2]) for p in packets}, {(201, 153)}, "every packet behind the answer has it, and nothing else moved")
            self.let_go(self.first)
            freed = time.time()
            time.sleep(.3)
            self.assertEqual({tuple(p.slots[:2]) for p in r.streams(freed)[("artnet", 1)]}, {(153, 153)})
            self.assertEqual([p.bad for p in r.packets if p.bad], [])

    def test_the_masters_do_not_touch_it(self):
        self.hold(self.first, 99)
        self.d.post("/show/master", {"level": 0})
        self.sees(99, 0)
        self.assertIn("1 channel is under test", self.warning())
        self.d.post("/show/master", {"level": 1})

    def test_a_blackout_is_above_it(self):
        self.hold(self.first, 99)
        with Receiver(self.address) as r:
            self.d.post("/show/blackout", {"on": True})
            dark = time.time()
            self.sees(0, 0)
            self.assertIn("blackout", self.hold(self.first, 255)["note"])
            time.sleep(.3)
            self.assertEqual({tuple(p.slots[:2]) for p in r.streams(dark)[("artnet", 1)]}, {(0, 0)})
        self.assertEqual(self.d.get("/dmx/universes/1")["origins"], [])
        self.d.post("/show/blackout", {"on": False})
        self.sees(255, 153)

    def test_a_park_is_below_it_and_there_again_behind_it(self):
        self.d.put(f"/fixtures/{self.first}/park", {"channels": {"1": 10}})
        self.sees(10, 153)
        self.assertEqual(self.d.get("/dmx/universes/1")["origins"], [{"from": "park", "first": 1, "slots": 1}])
        self.hold(self.first, 200)
        self.hold(self.second, 3)
        self.sees(200, 3)
        self.assertEqual(self.d.get("/dmx/universes/1")["origins"], [{"from": "test", "first": 1, "slots": 2}])
        self.let_go(self.first)
        self.sees(10, 3)
        self.assertEqual([p["channels"] for p in self.d.get(f"/venues/{self.rig.venue['id']}/parks")["items"]], [{"1": 10}], "nothing of a test is stored")
        self.d.put(f"/fixtures/{self.first}/park", {"channels": None})

    def test_the_socket_is_its_life(self):
        self.hold(self.first, 77)
        self.hold(self.second, 78)
        self.sees(77, 78)
        self.assertIn("2 channels are under test", self.warning())
        with self.d.socket() as watcher:
            watcher.subscribe("changes")
            self.ws.close()
            watcher.expect("changed", table="dmx_tests")
        self.sees(153, 153)
        self.assertEqual(self.d.get("/dmx/tests")["items"], [])
        self.hold(self.first, 1, status=409)

    def test_of_two_clients_the_newer_wins_and_the_older_is_still_there(self):
        with self.d.socket() as two:
            self.hold(self.first, 50)
            self.hold(self.first, 60, client=two.hello["client"])
            self.sees(60, 153)
            self.assertEqual([t["client"] for t in self.d.get("/dmx/tests")["items"]], [self.client, two.hello["client"]])
        self.sees(50, 153)
        self.let_go(self.first)

    def test_a_fader_is_followed(self):
        began = time.monotonic()
        for v in range(40):
            self.hold(self.first, v)
        self.assertLess(time.monotonic() - began, 10)
        self.sees(39, 153)
        self.hold(self.first, 0)                                        # 0 is a value too
        self.sees(0, 153)

    def test_it_follows_its_fixture(self):
        self.hold(self.first, 200)
        with Receiver(self.address) as r:
            began = time.time()
            self.d.patch(f"/fixtures/{self.first}", {"address": 30})
            self.sees(0, 153, *[0] * 27, 200)
            time.sleep(.1)
            seen = {(p.slots[0], p.slots[29]) for p in r.streams(began)[("artnet", 1)]}
            self.assertLessEqual(seen, {(200, 0), (153, 0), (0, 153), (0, 200)}, "at no moment does another slot have it")
            self.assertIn((0, 200), seen)
        self.d.patch(f"/fixtures/{self.first}", {"address": 1})
        self.sees(200, 153)

    def test_an_edit_of_the_score_does_not_let_go_for_a_moment(self):
        self.hold(self.first, 200)
        with Receiver(self.address) as r:
            began = time.time()
            for end in (3.5, 3):
                self.d.patch(f"/annotations/{self.rig.block['id']}", {"end_time": end})
            time.sleep(.5)
            self.assertEqual({p.slots[0] for p in r.streams(began)[("artnet", 1)]}, {200})

    # --- patterns of an output ---

    def packets(self, seconds):
        with Receiver(self.address) as r:
            time.sleep(seconds)
            return [p for p in r.streams().get(("artnet", 1), [])]

    def test_full_blink_and_chase(self):
        self.assertEqual(self.pattern("full"), {"output_id": self.output["id"], "universe": 1, "pattern": "full", "note": None})
        self.assertEqual({bytes(p.slots) for p in self.packets(.3)}, {b"\xff" * 512})
        self.assertIn("1 output is under test", self.warning())
        self.assertEqual(self.d.get("/dmx/universes/1")["origins"], [{"from": "test", "first": 1, "slots": 512}])
        self.hold(self.first, 7)                                        # a fader says more than a pattern
        self.sees(7, 255)
        self.let_go(self.first)

        self.pattern("blink")
        seen = self.packets(1.6)
        self.assertEqual({bytes(p.slots) for p in seen}, {b"\xff" * 512, bytes(512)})
        turns = [b.time for a, b in zip(seen, seen[1:]) if a.slots != b.slots]
        self.assertGreaterEqual(len(turns), 2)
        for a, b in zip(turns, turns[1:]):
            self.assertAlmostEqual(b - a, .5, delta=.15)

        self.pattern("chase")
        lit = [[i for i, v in enumerate(p.slots) if v] for p in self.packets(.8)]
        self.assertTrue(all(len(x) == 1 for x in lit), "one slot at a time")
        way = (lit[-1][0] - lit[0][0]) % 512
        self.assertTrue(14 <= way <= 26, f"25 a second: {way} in .8 s")
        self.assertEqual(self.d.get("/dmx/tests")["items"][0]["pattern"], "chase")

        self.assertEqual(self.pattern(None)["pattern"], None)
        self.sees(153, 153)

    def test_what_could_hurt_or_swing_is_left_alone(self):
        d = self.d
        mode = next(m for m in d.get(f"/fixture-library/definition?path={AURA}")["modes"] if m["name"])
        aura = d.post(f"/venues/{self.rig.venue['id']}/fixtures", {"universe": 1, "address": 100, "fixture_path": AURA, "mode_name": mode["name"]})
        self.addCleanup(d.delete, f"/fixtures/{aura['id']}")
        n = len(mode["channels"])
        self.until(lambda: any(self.rig.slots(99 + n)[99:]))             # patched, and where it stands
        before = self.rig.slots(99 + n)[99:]
        self.pattern("full")
        self.until(lambda: self.rig.slots(1) == [255])
        now = self.rig.slots(99 + n)[99:]
        for c, was, value in zip(mode["channels"], before, now):
            spared = "Pan" in c["preset"] or "Tilt" in c["preset"] or any("Lamp" in r["preset"] or "Reset" in r["preset"] or "reset" in r["name"].lower() for r in c["ranges"])
            with self.subTest(c["name"]):
                self.assertEqual(value, was if spared else 255)
        self.assertIn(255, now)
        self.assertNotEqual(now, [255] * n)
        self.hold(aura["id"], channels=[{"channel": i + 1, "value": 255} for i in range(n)])
        self.until(lambda: self.rig.slots(99 + n)[99:] == [255] * n)     # whoever moves a fader means it

    def test_an_output_that_goes_takes_its_test_along(self):
        d = self.d
        output = d.post(f"/venues/{self.rig.venue['id']}/outputs", {"universe": 7, "protocol": "null"})
        self.until(lambda: self.rig.slots(2, 7) == [0, 0])
        self.pattern("full", output)
        self.sees(255, 255, universe=7)
        d.patch(f"/outputs/{output['id']}", {"universe": 8})            # to another universe
        self.sees(255, 255, universe=8)
        d.delete(f"/outputs/{output['id']}")
        self.until(lambda: not d.get("/dmx/tests")["items"])
        self.until(lambda: self.warning() is None)
        d.post(f"/venues/{self.rig.venue['id']}/outputs", {"id": output["id"], "universe": 8, "protocol": "null"})
        self.sees(0, 0, universe=8)                                     # brought back, it is not under test again
        d.delete(f"/outputs/{output['id']}")

    # --- what it refuses ---

    def test_whose_it_is(self):
        self.hold(self.first, 1, client="00000000-0000-4000-8000-000000000000", status=409)
        self.hold(self.first, 1, client="nobody", status=422)
        self.hold(self.elsewhere["id"], 1, status=409)
        self.hold("00000000-0000-4000-8000-000000000000", 1, status=404)
        self.assertEqual(self.d.get("/dmx/tests")["items"], [])
        r = self.d.call("PUT", f"/fixtures/{self.first}/test", {"channels": None})
        self.assertEqual(r.status, 422)

    def test_wrong_channels_and_values(self):
        for channels, path in (([{"channel": 2, "value": 0}], "/channels/0"), ([{"channel": 0, "value": 0}], "/channels/0"), ([{"channel": 1, "value": 256}], "/channels/0"),
                               ([{"channel": 1, "value": 1}, {"channel": 1, "value": -1}], "/channels/1"), ([{"channel": 1.5, "value": 0}], "/channels/0"), ([7], "/channels/0"),
                               ([{"channel": 1}], "/channels/0"), ({"1": 2}, "/channels"), ("all", "/channels"), ([{"channel": 1, "value": 1}] * 513, "/channels")):
            with self.subTest(channels=str(channels)[:60]):
                r = self.hold(self.first, channels=channels, status=422)
                self.assertEqual(r["errors"][0]["path"], path)
        for pattern in ("strobe", 1, [], ""):
            r = self.d.call("PUT", f"/outputs/{self.output['id']}/test", {"client": self.client, "pattern": pattern})
            self.assertEqual((r.status, r.json["errors"][0]["path"]), (422, "/pattern"))
        self.assertEqual(self.d.call("PUT", f"/outputs/{self.output['id']}/test", {"client": self.client}).status, 422)
        self.sees(153, 153)

    def test_there_is_room_for_so_many(self):
        d = self.d
        wide = [d.post(f"/venues/{self.rig.venue['id']}/fixtures", {"universe": 20 + i, "fixture_path": "builtin:generic-dimmer", "mode_name": "512 Channels"}) for i in range(9)]
        for f in wide:
            self.addCleanup(d.delete, f"/fixtures/{f['id']}")
        self.until(lambda: self.rig.slots(1, 28), 10)                   # the show has them
        for f in wide[:8]:
            self.hold(f["id"], *[5] * 512)
        self.hold(wide[8]["id"], 5, status=503)
        self.hold(wide[0]["id"], *[6] * 512)                            # what it has may change
        self.sees(*[6] * 512, universe=20)
        self.let_go(wide[0]["id"])
        self.hold(wide[8]["id"], 5)
        self.sees(5, universe=28)

    def test_many_hands_at_once(self):
        """Sockets that come, hold, and go while the patch is edited; in the end nothing is held."""
        def hand(n):
            for v in range(12):
                with self.d.socket() as ws:
                    for fixture in (self.first, self.second):
                        self.hold(fixture, n * 20 + v, client=ws.hello["client"])
        hands = [threading.Thread(target=hand, args=(n,)) for n in range(4)]
        for h in hands:
            h.start()
        for label in ("a", "b", "c"):
            self.d.patch(f"/fixtures/{self.first}", {"label": label})
        for h in hands:
            h.join()
        self.until(lambda: not self.d.get("/dmx/tests")["items"])
        self.sees(153, 153)


if __name__ == "__main__":
    unittest.main()
