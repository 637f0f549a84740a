"""Targets that are not there: nobody else notices, and GET /system says which they are, by the id of the output."""
import os
import time
import unittest

import netrig
from lumad import Lumad
from netrig import gaps, percentile
from test_light import until

ALONE = True                            # it measures time

INSTRUMENTED = bool(os.environ.get("UNDER")) or "release" not in os.environ.get("LUMAD", "release")
ALIVE, ALSO, DEAD = "10.77.0.2", "10.77.0.3", "10.77.0.{}"


# lumad as a service has it: without the right to more room in a socket than everybody has (net.core.wmem_max).
PLAIN = "setpriv --bounding-set -net_admin"


@unittest.skipIf(netrig.why_not(), netrig.why_not())
class Outage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.net = netrig.Net()
        cls.net.__enter__()
        cls.addClassCleanup(cls.net.__exit__)
        cls.net.node("ip", "address", "add", f"{ALSO}/24", "dev", "node0")

    def warnings(self, d):
        return {w["id"]: w["message"] for w in d.get("/system")["warnings"] if w["id"].startswith("output")}

    def rig(self, d, targets, universes):
        """Each target gets as many universes; id of the first output of each."""
        venue = d.post("/venues", {"name": "Rig"})["id"]
        ids, universe = {}, 1
        for to in targets:
            for _ in range(universes):
                o = d.post(f"/venues/{venue}/outputs", {"universe": universe, "protocol": "artnet", "destination": to})
                ids.setdefault(to, o["id"])
                universe += 1
        d.put("/show", {"venue_id": venue, "mode": "off"})
        return ids

    def measure(self, seconds):
        with netrig.Ear(self.net) as ear:
            ear.wait_until(lambda e: e.packets)
            time.sleep(seconds)
        return ear.streams()

    def check_alive(self, streams, universes, where):
        self.assertEqual(len(streams), universes, where)
        for key, packets in streams.items():
            numbers = [p.f["sequence"] for p in packets]
            self.assertEqual([(a, b) for a, b in zip(numbers, numbers[1:]) if b != a % 255 + 1], [], f"{where}: lost packets of {key}")
            if not INSTRUMENTED:
                self.assertAlmostEqual((len(packets) - 1) / (packets[-1].time - packets[0].time), 44, delta=1, msg=where)

    def test_one_dead_target_delays_no_other(self):
        with Lumad(config="[audio]\ndevice = clock\n") as d:
            ids = self.rig(d, [ALIVE, ALSO], 8)
            self.assertEqual(self.warnings(d), {})
            alone = self.measure(3)
            ids = self.rig(d, [ALIVE, DEAD.format(9), ALSO], 8)
            time.sleep(0.5)
            beside = self.measure(6)
            self.check_alive(beside, 16, "one of three targets is dead")
            p99 = [percentile([g for s in streams.values() for g in gaps(s)], 0.99) * 1e3 for streams in (alone, beside)]
            print(f"\ninterval p99 alone {p99[0]:.2f} ms, with a dead target beside {p99[1]:.2f} ms", end="", flush=True)
            if not INSTRUMENTED:
                self.assertLess(p99[1], max(p99[0] * 1.5, p99[0] + 5))
            dead = ids[DEAD.format(9)]
            until(lambda: f"output.{dead}" in self.warnings(d))
            self.assertIn("10.77.0.9", self.warnings(d)[f"output.{dead}"])
            self.net.node("ip", "address", "add", "10.77.0.9/24", "dev", "node0")          # it is switched on
            try:
                until(lambda: not self.warnings(d))
                with netrig.Ear(self.net) as ear:
                    self.assertTrue(ear.wait_until(lambda e: sum(p.to == "10.77.0.9" for p in e.packets) > 100, 5))
            finally:
                self.net.node("ip", "address", "del", "10.77.0.9/24", "dev", "node0")

    def test_many_dead_targets_do_not_fill_the_socket(self):
        under = os.environ.get("UNDER")
        os.environ["UNDER"] = f"{PLAIN} {under or ''}"
        try:
            d = Lumad(config="[audio]\ndevice = clock\n")
        finally:
            if under is None:
                del os.environ["UNDER"]
            else:
                os.environ["UNDER"] = under
        # As much as the kernel lets wait for an answer, so that it shows on machines with more room in a socket than Debian gives.
        self.net.booth("sh", "-c", "echo 8388608 >/proc/sys/net/ipv4/neigh/booth0/unres_qlen_bytes")
        with d:
            ids = self.rig(d, [DEAD.format(i) for i in range(100, 130)] + [ALIVE], 16)
            until(lambda: len(self.warnings(d)) >= 30)
            time.sleep(1)
            self.check_alive(self.measure(8), 16, "30 of 31 targets are dead")
            self.assertNotIn(f"output.{ids[ALIVE]}", self.warnings(d))
            stats = {o["id"]: o["stats"] for o in d.get("/dmx/universes/1")["outputs"]}
            self.assertEqual(stats[ids[DEAD.format(100)]]["state"], "no_answer")


if __name__ == "__main__":
    unittest.main()
