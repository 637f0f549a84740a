"""The transport over REST, on the clock: rate, the next track, jumps and loops on beats, bars and markers, meters; what each refuses."""
import io
import struct
import time
import unittest
import wave

from lumad import Lumad, tone
from test_show import dimmer_graph

NOBODY = "00000000-0000-4000-8000-000000000000"
BEAT, BAR = 0.5, 2.0


def silence(seconds):
    out = io.BytesIO()
    with wave.open(out, "wb") as w:
        w.setnchannels(1), w.setsampwidth(2), w.setframerate(8000)
        w.writeframes(bytes(2 * int(8000 * seconds)))
    return out.getvalue()


class Transport(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.d = d = Lumad(config="[audio]\ndevice = clock\n")
        d.patch("/settings", {"stems": "demand"})       # nothing here listens to them
        cls.track, cls.other, cls.bare = (d.upload(data, f"{i}.wav").json["id"] for i, data in enumerate((tone(8), tone(4, seed=1), silence(3))))
        for id, seconds, beat in ((cls.track, 8, BEAT), (cls.other, 4, 0.4)):
            beats = [round(i * beat, 3) for i in range(int(seconds / beat))]
            d.put(f"/tracks/{id}/beats", {"beats": beats, "downbeats": beats[::4], "beats_per_bar": 4})
        cls.venue = d.post("/venues", {"name": "Club"})["id"]
        d.post(f"/venues/{cls.venue}/fixtures", {"universe": 1, "address": 1, "fixture_path": "builtin:generic-dimmer", "mode_name": "1 Channel"})
        pattern = d.post("/patterns", {"name": "On"})["id"]
        d.put(f"/patterns/{pattern}/graph", dimmer_graph(0.6))
        cls.score = d.post(f"/tracks/{cls.track}/scores", {"name": "Main", "venue_id": cls.venue})["id"]
        d.post(f"/scores/{cls.score}/annotations", {"pattern_id": pattern, "start_time": 0, "end_time": 8})
        cls.cue = d.post(f"/tracks/{cls.track}/markers", {"name": "Drop", "start_time": 4.1})["id"]
        cls.part = d.post(f"/tracks/{cls.track}/markers", {"name": "Part", "start_time": 2.1, "end_time": 3.9})["id"]
        cls.foreign = d.post(f"/tracks/{cls.other}/markers", {"name": "Else", "start_time": 1})["id"]

    @classmethod
    def tearDownClass(cls):
        cls.d.stop()

    def setUp(self):
        self.post("rate", {"rate": 1})
        self.post("load-track", {"track_id": self.track})

    def post(self, what, body=None):
        return self.d.post(f"/host-audio/{what}", body if body is not None else {})

    def state(self):
        return self.d.get("/host-audio")

    def until(self, what, seconds=5):
        end = time.monotonic() + seconds
        while not what(s := self.state()):
            self.assertLess(time.monotonic(), end, s)
            time.sleep(0.005)
        return s

    def assert_goes_on(self, a, b, rate=1, jump=(0, 0), delta=0.02):
        """From a to b it played at this rate, jumping from jump[0] to jump[1]."""
        want = a["current_time"] + (b["server_time"] - a["server_time"]) * rate + jump[1] - jump[0]
        self.assertAlmostEqual(b["current_time"], want, delta=delta)

    def test_states(self):
        s = self.state()
        self.assertEqual((s["state"], s["playing"], s["rate"], s["keep_pitch"], s["next"], s["pending"]), ("stopped", False, 1, True, None, None))
        s = self.post("play")
        self.assertEqual((s["state"], s["playing"]), ("playing", True))
        self.assertEqual(self.post("seek", {"seconds": 2})["state"], "playing")
        s = self.post("pause")
        self.assertEqual((s["state"], s["playing"]), ("stopped", False))
        s = self.post("unload")
        self.assertEqual((s["state"], s["loaded"], s["track_id"]), ("stopped", False, None))

    def test_rate(self):
        self.post("play")
        for rate, keep in ((2, True), (0.5, False), (1.25, True)):
            a = self.post("rate", {"rate": rate, "keep_pitch": keep})
            self.assertEqual((a["rate"], a["keep_pitch"]), (rate, keep))
            time.sleep(0.4)
            self.assert_goes_on(a, self.state(), rate)
        self.assertTrue(self.post("rate", {"rate": 1.5})["keep_pitch"])                 # the default
        self.assertEqual(self.post("load-track", {"track_id": self.track})["rate"], 1.5)        # stays over loads
        self.post("seek", {"seconds": 7.7})
        self.post("play")
        began = time.monotonic()
        self.until(lambda s: not s["playing"])
        self.assertLess(time.monotonic() - began, 0.28)     # the end comes sooner, too

    def test_a_quantised_seek_waits_for_its_place_and_keeps_time(self):
        for unit, length, want in (("beat", BEAT, 4.0), ("bar", BAR, 4.0)):
            self.post("seek", {"seconds": 0.3})
            a = self.post("play")
            s = self.post("seek", {"seconds": 4.13 if unit == "beat" else 4.9, "quantize": unit})
            at = s["pending"]["at"]
            self.assertAlmostEqual(at % length, 0, places=6)
            self.assertTrue(a["current_time"] < at <= a["current_time"] + length + 0.2, (a, s))
            self.assertAlmostEqual(s["pending"]["seconds"], want, places=6)
            b = self.until(lambda s: not s["pending"])
            self.assertGreater(b["current_time"], 3.99)
            self.assert_goes_on(a, b, jump=(at, want))
            self.post("pause")
        s = self.post("seek", {"seconds": 4.6, "quantize": "bar"})                      # nothing plays: at once
        self.assertEqual((s["pending"], s["current_time"]), (None, 4.0))
        self.assertEqual(self.post("seek", {"seconds": 4.6, "quantize": "none"})["current_time"], 4.6)

    def test_what_becomes_of_a_jump_that_waits(self):
        self.post("play")
        self.assertTrue(self.post("seek", {"seconds": 6, "quantize": "bar"})["pending"])
        s = self.post("seek", {"seconds": 4, "quantize": "bar"})
        self.assertEqual(s["pending"]["seconds"], 4.0)                                  # the newer one counts
        s = self.post("seek", {"seconds": 1})
        self.assertIsNone(s["pending"])
        self.assertLess(s["current_time"], 1.2)
        self.assertTrue(self.post("seek", {"seconds": 6, "quantize": "bar"})["pending"])
        self.assertIsNone(self.post("load-track", {"track_id": self.track})["pending"])

    def test_a_jump_out_of_a_loop_comes_at_the_next_beat_inside_it(self):
        self.post("loop", {"enabled": True, "start": 1, "end": 1.5})
        self.post("seek", {"seconds": 1.2})
        self.post("play")
        s = self.post("seek", {"seconds": 6, "quantize": "beat"})
        self.assertEqual(s["pending"], {"at": 1.0, "seconds": 6.0})     # 1.5 is never played
        self.until(lambda s: s["current_time"] >= 6, 2)

    def test_loops_snap_to_the_grid(self):
        for unit, start, end, want in (("beat", 0.9, 2.1, (1, 2)), ("bar", 0.9, 2.1, (0, 2)), ("beat", 1.1, 1.2, (1, 1.5)), ("bar", 7.5, 7.9, (6, 8)),
                                       ("none", 0.9, 2.1, (0.9, 2.1))):
            loop = self.post("loop", {"enabled": True, "start": start, "end": end, "quantize": unit})["loop"]
            self.assertAlmostEqual(loop["start"], want[0], places=4, msg=(unit, start, end))
            self.assertAlmostEqual(loop["end"], want[1], places=4, msg=(unit, start, end))
        self.assertFalse(self.post("loop", {"enabled": False})["loop"]["enabled"])

    def test_markers(self):
        self.assertAlmostEqual(self.post("seek", {"marker_id": self.cue})["current_time"], 4.1, places=4)
        self.assertAlmostEqual(self.post("seek", {"marker_id": self.cue, "quantize": "beat"})["current_time"], 4.0, places=4)
        loop = self.post("loop", {"marker_id": self.part})["loop"]
        self.assertTrue(loop["enabled"])
        self.assertAlmostEqual(loop["start"], 2.1, places=4)
        self.assertAlmostEqual(loop["end"], 3.9, places=4)
        loop = self.post("loop", {"marker_id": self.part, "enabled": True, "quantize": "bar"})["loop"]
        self.assertEqual((loop["start"], loop["end"]), (2.0, 4.0))

    def test_the_next_track_follows_without_a_gap(self):
        s = self.post("next", {"track_id": self.other})
        self.assertEqual(s["next"], {"track_id": self.other, "crossfade_seconds": 0})
        self.post("seek", {"seconds": 7.6})
        a = self.post("play")
        b = self.until(lambda s: s["track_id"] == self.other)
        self.assertTrue(b["playing"])
        self.assertIsNone(b["next"])
        self.assert_goes_on(a, b, jump=(8, 0))
        self.assertAlmostEqual(b["duration"], 4, delta=0.01)
        self.assertEqual(b["beat"]["bpm"], 150)                                         # its own grid
        self.assertGreater(b["seq"], a["seq"])
        self.post("seek", {"seconds": 3.8})
        self.until(lambda s: not s["playing"])          # and it ends

    def test_the_next_track_is_faded_over(self):
        self.assertEqual(self.post("next", {"track_id": self.other, "crossfade_seconds": 1, "start_time": 0.5, "end_time": 3})["next"]["crossfade_seconds"], 1)
        self.post("seek", {"seconds": 6.7})
        a = self.post("play")
        b = self.until(lambda s: s["track_id"] == self.other)
        self.assert_goes_on(a, b, jump=(7, 0.5))        # the new one is the present one from where the fade begins
        self.assertEqual(b["segment"], {"start": 0.5, "end": 3})

    def test_what_becomes_of_the_next_track(self):
        self.post("next", {"track_id": self.other})
        self.assertIsNone(self.post("next", {"track_id": None})["next"])
        self.post("next", {"track_id": self.other})
        self.post("play")
        self.assertTrue(self.post("seek", {"seconds": 2})["next"])                      # a seek leaves it alone
        self.assertTrue(self.post("loop", {"enabled": True, "start": 7.4, "end": 7.8})["next"])
        self.post("seek", {"seconds": 7.5})
        time.sleep(0.8)
        self.assertEqual(self.state()["track_id"], self.track)                          # a loop holds it up
        self.post("loop", {"enabled": False})
        self.until(lambda s: s["track_id"] == self.other)
        self.post("next", {"track_id": self.track})
        self.assertIsNone(self.post("load-track", {"track_id": self.other})["next"])
        self.post("next", {"track_id": self.track})
        self.assertIsNone(self.post("unload")["next"])
        self.assertEqual(self.d.call("POST", "/host-audio/next", {"track_id": self.track}).status, 409)     # nothing it could follow

    def test_after_one_that_is_refused_none_follows(self):
        self.post("next", {"track_id": self.other})
        r = self.d.call("POST", "/host-audio/next", {"track_id": self.other, "start_time": 1, "end_time": 1.000001})
        self.assertEqual(r.status, 422, r)
        self.assertIsNone(self.state()["next"])
        self.post("seek", {"seconds": 7.8})
        self.post("play")
        s = self.until(lambda s: not s["playing"])
        self.assertEqual((s["track_id"], s["duration"], s["current_time"]), (self.track, 8, 8))

    def test_a_deleted_track_does_not_follow(self):
        gone = self.d.upload(tone(1, seed=9), "gone.wav").json["id"]
        self.post("next", {"track_id": gone})
        self.d.delete(f"/tracks/{gone}")
        self.until(lambda s: s["next"] is None)
        self.assertEqual(self.state()["track_id"], self.track)

    def test_no_frame_is_dark_where_the_score_s_track_follows(self):
        d = self.d
        d.put("/show", {"venue_id": self.venue, "score_id": self.score, "mode": "score"})
        self.post("next", {"track_id": self.track})
        self.post("seek", {"seconds": 7.5})
        with d.socket() as ws:
            ws.subscribe("frame", max_fps=44)
            self.post("play")
            time.sleep(0.1)
            at, seen = 0.0, []
            while len(seen) < 60:
                m = ws.expect(b"LMF1")
                at = struct.unpack_from("<d", m, 12)[0]
                seen.append((at, m[22]))
        self.assertTrue(any(t < 1 for t, _ in seen), "the next track did not follow")
        self.assertEqual({level for _, level in seen[5:]}, {153}, seen)
        d.put("/show", {"venue_id": None, "score_id": None, "mode": "off"})

    def test_without_beats_nothing_is_quantised(self):
        self.post("load-track", {"track_id": self.bare})
        for path, body in (("seek", {"seconds": 1, "quantize": "beat"}), ("loop", {"enabled": True, "start": 0.5, "end": 1, "quantize": "bar"})):
            r = self.d.call("POST", f"/host-audio/{path}", body)
            self.assertEqual(r.status, 409, r)
            self.assertIn("beats", r.json["detail"])
        self.assertEqual(self.d.call("POST", "/host-audio/seek", {"seconds": 1, "quantize": "none"}).status, 200)

    def test_refusals(self):
        cases = {
            "rate": [({}, 422), ({"rate": 0.4}, 422), ({"rate": 2.1}, 422), ({"rate": None}, 422), ({"rate": "1"}, 422), ({"rate": 1, "keep_pitch": 1}, 422),
                     ({"rate": 1, "pitch": 2}, 422), ([], 400)],
            "seek": [({}, 422), ({"seconds": 99}, 422), ({"seconds": -1}, 422), ({"seconds": 1, "quantize": "half"}, 422), ({"seconds": 1, "quantize": 3}, 422),
                     ({"seconds": 1, "marker_id": self.cue}, 422), ({"marker_id": NOBODY}, 422), ({"marker_id": "x"}, 422), ({"marker_id": 7}, 422),
                     ({"marker_id": self.foreign}, 409), ({"seconds": 99, "quantize": "bar"}, 422), ("1", 400)],
            "loop": [({}, 422), ({"enabled": True}, 422), ({"enabled": True, "start": 3, "end": 1}, 422), ({"enabled": True, "start": 3, "end": 3}, 422),
                     ({"enabled": True, "start": 3, "end": 1, "quantize": "beat"}, 422), ({"enabled": True, "start": 0, "end": 99, "quantize": "beat"}, 422),
                     ({"marker_id": self.cue}, 422), ({"marker_id": self.foreign}, 409), ({"marker_id": self.part, "start": 1}, 422), ({"marker_id": NOBODY}, 422)],
            "next": [({}, 422), ({"track_id": NOBODY}, 404), ({"track_id": "x"}, 404), ({"track_id": 1}, 422), ({"track_id": self.other, "crossfade_seconds": -1}, 422),
                     ({"track_id": self.other, "crossfade_seconds": 13}, 422), ({"track_id": self.other, "start_time": 3, "end_time": 2}, 422),
                     ({"track_id": self.other, "start_time": 9}, 422), ({"track_id": self.other, "gap": 1}, 422), (None, 400)],
        }
        for path, bodies in cases.items():
            for body, status in bodies:
                r = self.d.call("POST", f"/host-audio/{path}", body)
                self.assertEqual(r.status, status, (path, body, r))
        s = self.state()
        self.assertEqual((s["track_id"], s["rate"], s["next"], s["pending"], s["loop"]["enabled"]), (self.track, 1, None, None, False))
        self.post("unload")
        for path, body in (("seek", {"seconds": 1}), ("seek", {"marker_id": self.cue}), ("seek", {"seconds": 1, "quantize": "beat"}), ("play", {})):
            self.assertEqual(self.d.call("POST", f"/host-audio/{path}", body).status, 409, (path, body))

    def test_a_change_is_pushed_at_once(self):
        with self.d.socket() as ws:
            ws.subscribe("host-audio")
            ws.expect("host-audio")
            late = []
            for i in range(12):
                what, body = (("play", {}), ("seek", {"seconds": i / 2}), ("pause", {}))[i % 3]
                for _ in range(1 + i % 2):
                    ws.expect("host-audio")         # right behind a beat: the next is 50 ms off
                seq = self.post(what, body)["seq"]
                began = time.monotonic()
                while ws.expect("host-audio")["seq"] < seq:
                    pass
                late.append(time.monotonic() - began)
            self.assertLess(sorted(late)[len(late) // 2], 0.02, late)

    def test_meters(self):
        self.post("play")
        time.sleep(0.5)
        m = self.d.get("/host-audio/meters")
        self.assertEqual({k: len(m[k]) for k in ("peak", "rms", "true_peak", "clips", "bands", "channel_bands")},
                         {"peak": 2, "rms": 2, "true_peak": 2, "clips": 2, "bands": 32, "channel_bands": 2})
        self.assertEqual([len(b) for b in m["channel_bands"]], [32, 32])
        self.assertIsNone(m["input"])
        self.assertTrue(all(-40 < v <= 0.5 for v in m["peak"] + m["true_peak"]), m)
        self.assertTrue(all(r < p for r, p in zip(m["rms"], m["peak"])), m)
        self.assertTrue(-40 < m["lufs"] < 0 and -40 < m["lufs_short"] < 0 and -40 < m["lufs_integrated"] < 0, m)
        self.assertIn(max(range(32), key=m["bands"].__getitem__), (13, 14, 15), m["bands"])     # the tone of 440 Hz
        with self.d.socket() as ws:
            ws.subscribe("meters")
            first = ws.expect("meters")
            self.assertEqual(first["topic"], "meters")
            n = ws.count("meters", 1, 16, 23)
            self.assertTrue(16 <= n <= 23, n)
            self.assertGreater(ws.heard[-1]["seq"], first["seq"])
            self.post("pause")
            end = time.monotonic() + 2
            while ws.expect("meters")["peak"] != [-120, -120]:
                self.assertLess(time.monotonic(), end, "silence is not shown")
        text = self.d.call("GET", "/metrics").body.decode()
        for name in ("audio_callbacks_total", "audio_underruns_total", "audio_device_losses_total", "audio_latency_seconds", 'audio_peak_dbfs{channel="2"}',
                     'av_error_seconds{quantile="0.99"}', "av_error_seconds_count"):
            self.assertIn(f"\nlumad_{name} ", text)

    def test_light_is_measured_against_the_clock(self):
        d = self.d
        before = d.get("/system")["av_error_ms"]["frames"]
        d.put("/show", {"venue_id": self.venue, "score_id": self.score, "mode": "score"})
        self.post("play")
        time.sleep(1)
        e = d.get("/system")["av_error_ms"]
        self.assertGreater(e["frames"], before + 20)
        self.assertTrue(0 <= e["p50"] <= e["p99"] <= e["max"], e)
        self.assertLess(e["p50"], 5, e)
        d.put("/show", {"venue_id": None, "score_id": None, "mode": "off"})


if __name__ == "__main__":
    unittest.main()
