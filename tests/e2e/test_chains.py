"""Chains of effects: what there is to choose from, what is refused and where, which chain is in force, and tracks that are played as loud as each other."""
import array
import io
import math
import pathlib
import random
import unittest
import wave

from lumad import Lumad
from test_light import until

NO_LIGHT = True
RATE = 48000


def noise(seconds, level, spike=0.0):
    """A WAV of noise that is louder and quieter by turns, mono on both sides; `spike`: now and then one sample of it."""
    rng = random.Random(5)
    x = array.array("h", bytes(4 * RATE * seconds))
    low = 0.0
    for i in range(RATE * seconds):
        low += 0.2 * (rng.random() - 0.5 - 0.3 * low)
        v = level * low * (0.6 + 0.4 * math.sin(i / RATE * 9))
        if spike and i % (RATE // 2) == 100:
            v = spike
        x[2 * i] = x[2 * i + 1] = round(32767 * max(-1, min(1, v)))
    out = io.BytesIO()
    with wave.open(out, "wb") as w:
        w.setparams((2, 2, RATE, 0, "NONE", ""))
        w.writeframes(x.tobytes())
    return out.getvalue()


class Chains(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.d = Lumad()
        cls.addClassCleanup(cls.d.stop)

    def setUp(self):
        for chain in self.d.get("/audio-chains")["items"]:
            self.d.delete(f"/audio-chains/{chain['id']}")

    def refused(self, reply, *paths, status=422):
        self.assertEqual(reply.status, status, reply)
        self.assertEqual([e["path"] for e in reply.json["errors"]], list(paths))

    def in_force(self):
        return self.d.get("/host-audio/chain")

    def test_effects_say_what_they_can(self):
        kinds = {k["type"]: k for k in self.d.get("/audio-effects")["items"]}
        self.assertEqual(sorted(kinds), sorted(["gain", "low_shelf", "high_shelf", "parametric", "high_pass", "low_pass", "compressor", "loudness", "limiter"]))
        for kind in kinds.values():
            self.assertTrue(kind["label"] and kind["help"] and kind["params"])
            for p in kind["params"]:
                self.assertEqual(sorted(p), ["default", "help", "id", "label", "max", "min", "step", "type", "unit"])
                self.assertTrue(p["min"] <= p["default"] <= p["max"])
        self.assertEqual({p["id"]: p["default"] for p in kinds["limiter"]["params"]}, {"ceiling_db": -1, "release_ms": 100, "look_ahead_ms": 2})

    def test_without_a_chain_lumad_does_what_suits_most(self):
        chain = self.in_force()
        self.assertIsNone(chain["chain_id"])
        self.assertEqual([(e["type"], e["bypass"]) for e in chain["effects"]], [("loudness", False), ("limiter", False)])
        self.assertEqual((chain["effects"][0]["target_lufs"], chain["effects"][1]["ceiling_db"]), (-14, -1))
        self.assertAlmostEqual(chain["latency_ms"], 131 / 48, 3)

    def test_a_chain_is_kept_changed_and_taken_away(self):
        r = self.d.call("POST", "/audio-chains", {"name": "House", "device": None, "effects": [{"type": "low_shelf", "gain_db": -3.5}, {"type": "limiter", "bypass": True}]})
        self.assertEqual(r.status, 201, r)
        chain, tag = r.json, r.headers["ETag"]
        # what was left out is there
        self.assertEqual(chain["effects"][0], {"type": "low_shelf", "bypass": False, "hz": 100, "gain_db": -3.5, "q": 0.71})
        self.assertEqual(self.in_force()["chain_id"], chain["id"])
        self.assertEqual(self.in_force()["effects"], chain["effects"])
        self.assertEqual(self.in_force()["latency_ms"], 0)              # the limiter is bypassed
        path = f"/audio-chains/{chain['id']}"
        self.assertEqual(self.d.get(path), chain)
        # another order, the limiter on: heard before the answer
        changed = self.d.call("PATCH", path, {"effects": list(reversed([{**e, "bypass": False} for e in chain["effects"]]))}, {"If-Match": tag})
        self.assertEqual(changed.status, 200, changed)
        self.assertEqual([e["type"] for e in self.in_force()["effects"]], ["limiter", "low_shelf"])
        self.assertGreater(self.in_force()["latency_ms"], 1.5)
        stale = self.d.call("PATCH", path, {"is_enabled": False}, {"If-Match": tag})
        self.assertEqual((stale.status, stale.json["current"]["version"]), (412, changed.json["version"]))
        self.assertFalse(self.d.patch(path, {"is_enabled": False})["is_enabled"])
        self.assertEqual((self.in_force()["is_enabled"], self.in_force()["latency_ms"]), (False, 0))
        self.d.delete(path)
        self.assertIsNone(self.in_force()["chain_id"])
        again = self.d.post("/audio-chains", {"id": chain["id"], "name": "House", "device": None, "effects": []})
        self.assertEqual((again["id"], self.in_force()["chain_id"]), (chain["id"], chain["id"]))

    def test_the_output_in_use_has_its_own_chain_before_that_of_every_one(self):
        every = self.d.post("/audio-chains", {"name": "Every", "device": None, "effects": [{"type": "gain"}]})
        self.d.post("/audio-chains", {"name": "Hall", "device": "The card in the hall", "effects": []})
        self.assertEqual(self.in_force()["chain_id"], every["id"])
        device = self.in_force()["device"]
        self.assertEqual(device, self.d.get("/host-audio/device")["active"]["name"])
        own = self.d.post("/audio-chains", {"name": "This", "device": device, "effects": [{"type": "compressor", "ratio": 4}]})
        self.assertEqual(self.in_force()["chain_id"], own["id"])
        # the row is another's from now on
        self.d.patch(f"/audio-chains/{own['id']}", {"device": "Elsewhere"})
        self.assertEqual(self.in_force()["chain_id"], every["id"])

    def test_one_chain_for_an_output(self):
        self.d.post("/audio-chains", {"name": "A", "device": None, "effects": []})
        other = self.d.post("/audio-chains", {"name": "B", "device": "card", "effects": []})
        self.refused(self.d.call("POST", "/audio-chains", {"name": "C", "device": None, "effects": []}), "/device", status=409)
        self.refused(self.d.call("PATCH", f"/audio-chains/{other['id']}", {"device": None}), "/device", status=409)
        self.refused(self.d.call("POST", "/audio-chains", {"name": "D", "device": "", "effects": []}), "/device")

    def test_what_is_wrong_is_said_where_it_is(self):
        def post(*effects, **more):
            return self.d.call("POST", "/audio-chains", {"name": "X", "device": None, "effects": list(effects), **more})

        self.refused(post({"type": "reverb"}), "/effects/0/type")
        self.refused(post({"type": "gain"}, {"gain_db": 1}), "/effects/1/type")
        self.refused(post("gain"), "/effects/0")
        self.refused(post({"type": "gain", "gain_db": 25}), "/effects/0/gain_db")
        self.refused(post({"type": "gain", "gain_db": "loud"}), "/effects/0/gain_db")
        self.refused(post({"type": "gain", "hz": 100}), "/effects/0/hz")
        self.refused(post({"type": "high_pass", "slope_db": 18}), "/effects/0/slope_db")
        self.refused(post({"type": "limiter", "bypass": 1, "ceiling_db": 3}), "/effects/0/bypass", "/effects/0/ceiling_db")
        self.refused(post(*[{"type": "gain"}] * 17), "/effects")
        self.assertEqual(post(effects={}).status, 422)
        self.assertEqual(self.d.get("/audio-chains")["items"], [])
        self.assertEqual(post(*[{"type": "gain"}] * 16).status, 201)
        self.assertEqual(len(self.in_force()["effects"]), 16)

    def load(self, data, name):
        id = self.d.upload(data, name).json["id"]
        self.d.post("/host-audio/load-track", {"track_id": id})
        until(lambda: self.d.get(f"/tracks/{id}")["true_peak_db"] is not None, 20)
        return self.d.get(f"/tracks/{id}")

    def heard(self, track, seconds=3.3):
        """LUFS of the last three seconds, and the highest true peak of what went out."""
        self.d.post("/host-audio/load-track", {"track_id": track["id"]})
        self.d.post("/host-audio/play")
        most = -120
        while self.d.get("/host-audio")["current_time"] < seconds:
            meters = self.d.get("/host-audio/meters")
            most = max(most, *meters["true_peak"])
        self.d.post("/host-audio/pause")
        return meters["lufs_short"], most

    def test_a_quiet_and_a_loud_track_are_heard_alike(self):
        loud, quiet, peaks = self.load(noise(5, 1.0), "loud.wav"), self.load(noise(5, 0.05), "quiet.wav"), self.load(noise(3, 0.05, 0.9), "peaks.wav")
        heard = [self.heard(t) for t in (loud, quiet)]
        self.assertGreater(loud["loudness_lufs"] - quiet["loudness_lufs"], 25)
        for lufs, peak in heard:
            self.assertAlmostEqual(lufs, -14, delta=1)
            self.assertLess(peak, -0.9)
        self.assertAlmostEqual(heard[0][0], heard[1][0], delta=0.3)
        # a quiet one with high peaks: never above the ceiling, and before the limiter no more than 6 dB above full scale
        self.assertLess(self.heard(peaks, 1.3)[1], -0.9)
        self.d.post("/audio-chains", {"name": "Every", "device": None, "effects": [{"type": "loudness"}]})
        most = self.heard(peaks, 1.3)[1]
        self.assertTrue(4 < most < 6.1, most)
        chain = self.d.get("/audio-chains")["items"][0]
        self.d.patch(f"/audio-chains/{chain['id']}", {"effects": [{"type": "loudness", "target_lufs": -23}]})
        self.assertAlmostEqual(self.heard(loud)[0], -23, delta=1)
        self.d.post("/host-audio/unload")

    def test_loudness_is_measured_with_the_decoding(self):
        loud, quiet = self.load(noise(4, 1.0), "loud.wav"), self.load(noise(4, 0.05), "quiet.wav")
        self.assertAlmostEqual(loud["loudness_lufs"] - quiet["loudness_lufs"], 26.02, delta=0.1)
        self.assertAlmostEqual(loud["true_peak_db"] - quiet["true_peak_db"], 26.02, delta=0.2)
        silent = self.load(noise(2, 0), "silent.wav")
        self.assertEqual((silent["loudness_lufs"], silent["true_peak_db"]), (None, -200))
        # kept, and no change when it is decoded once more
        path = f"/tracks/{loud['id']}"
        before = self.d.get(path)["version"]
        pcm = pathlib.Path(self.d.dir, "cache", f"{loud['id']}.pcm")
        pcm.unlink()
        self.d.post("/host-audio/load-track", {"track_id": loud["id"]})
        self.assertTrue(pcm.exists())
        self.assertEqual((self.d.get(path)["version"], self.d.get(path)["loudness_lufs"]), (before, loud["loudness_lufs"]))


if __name__ == "__main__":
    unittest.main()
