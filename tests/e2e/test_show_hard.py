"""The show when things go wrong, or happen at the same time: the light must go on, and lumad must stop when told to."""
import os
import pathlib
import shutil
import tempfile
import threading
import time
import unittest

from lumad import ROOT, Lumad
from test_show import Rig, dimmer_graph

LIT, DARK = [153, 153], [0, 0]
STOP_S = 1.0 if "san/" not in os.environ.get("LUMAD", "") else 3.0      # a sanitizer's own bookkeeping at the end is not lumad's


class HangingDecode:
    """lumad beside a decoder that hangs while `hangs` exists."""

    def __init__(self):
        self.tmp = tempfile.TemporaryDirectory(prefix="lumad-hang-")
        here = pathlib.Path(self.tmp.name)
        real = pathlib.Path(os.environ.get("LUMAD", str(ROOT / "build/release/lumad"))).resolve()
        self.flag = here / "hangs"
        self.binary = here / "lumad"
        shutil.copy2(real, self.binary)
        for worker in ("beat_worker", "decode_worker"):
            script = here / worker
            hang = f'[ -e "{self.flag}" ] && exec sleep 60\n' if worker == "decode_worker" else ""
            script.write_text(f'#!/bin/sh\n{hang}exec "{real.parent / worker}" "$@"\n')
            script.chmod(0o755)

    def start(self, **kw):
        before = os.environ.get("LUMAD")
        os.environ["LUMAD"] = str(self.binary)
        try:
            return Lumad(**kw)
        finally:
            if before is None:
                del os.environ["LUMAD"]
            else:
                os.environ["LUMAD"] = before

    def forget(self, d):
        """The next load has to decode, and hangs."""
        self.flag.touch()
        for f in (d.dir / "cache").rglob("*"):
            if f.is_file() and f.name != "fixtures.json":
                f.unlink()


def wait_for(what, seconds=5):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if what():
            return True
        time.sleep(0.02)
    return bool(what())


def begin(test, make=Lumad, **kw):
    """A lumad that does not outlive its test when that fails."""
    d = make(**kw)
    test.addCleanup(lambda: d.proc.poll() is None and d.kill())
    return d


def decoding(d, track):
    return any(j["kind"] == "decode" and j["state"] == "running" for j in d.get(f"/jobs?track_id={track}")["items"])


class WhileADecodeHangs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.hang = HangingDecode()

    @classmethod
    def tearDownClass(cls):
        cls.hang.tmp.cleanup()

    def setUp(self):
        self.hang.flag.unlink(missing_ok=True)

    def test_a_newer_load_wins_and_lumad_stops_at_once(self):
        d = begin(self, self.hang.start)
        rig, other = Rig(d), Rig(d, "Other", seed=3)
        rig.show()
        self.hang.forget(d)
        d.post("/host-audio/unload")
        answers = {}

        def load(name, track):
            try:
                answers[name] = d.call("POST", "/host-audio/load-track", {"track_id": track})
            except OSError as e:                                        # the stop may come before the answer
                answers[name] = e

        first = threading.Thread(target=load, args=("first", rig.track["id"]))
        first.start()
        self.assertTrue(wait_for(lambda: decoding(d, rig.track["id"])))
        d.post("/show/blackout", {"on": True})                          # light is there for whoever asks meanwhile
        d.post("/show/blackout", {"on": False})
        second = threading.Thread(target=load, args=("second", other.track["id"]))
        second.start()
        first.join(5)
        self.assertFalse(first.is_alive())
        self.assertEqual(answers["first"].status, 409, answers)
        self.assertTrue(wait_for(lambda: decoding(d, other.track["id"])))
        took = d.stop()
        second.join(5)
        self.assertLess(took, STOP_S)

    def test_stopping_a_start_that_waits_for_its_track_keeps_the_place(self):
        with tempfile.TemporaryDirectory() as data:
            d = begin(self, self.hang.start, data=data)
            rig = Rig(d)
            d.put("/show/autoplay", {"enabled": True, "venue_id": rig.venue["id"], "score_id": rig.score["id"], "repeat": "once", "resume": True})
            rig.show()
            rig.seek(2)
            self.hang.forget(d)
            d.stop()
            d = rig.d = begin(self, self.hang.start, data=data)
            self.assertTrue(wait_for(lambda: decoding(d, rig.track["id"])))
            rig.dimmer(5)                                               # an edit meanwhile is followed
            self.assertTrue(wait_for(lambda: len(d.get(f"/venues/{rig.venue['id']}/heads")["items"]) == 3))
            d.delete(f"/scores/{rig.score['id']}")
            self.assertTrue(wait_for(lambda: d.get("/show")["score_id"] is None))
            d.post(f"/tracks/{rig.track['id']}/scores", {"id": rig.score["id"], "name": "Main", "venue_id": rig.venue["id"]})
            self.assertTrue(wait_for(lambda: d.get("/show")["score_id"] == rig.score["id"]))
            self.assertLess(d.stop(), STOP_S)
            self.hang.flag.unlink()
            d = rig.d = begin(self, self.hang.start, data=data)
            self.assertTrue(wait_for(lambda: d.get("/host-audio")["playing"]))
            self.assertGreaterEqual(d.get("/host-audio")["current_time"], 1.9)
            d.stop()

    def test_edits_and_looks_at_the_bytes_do_not_lock_each_other_up(self):
        d = begin(self, self.hang.start)
        rig = Rig(d)
        rig.show()
        d.post("/host-audio/unload")
        self.hang.forget(d)
        end = time.monotonic() + 2
        seen = []

        def look():
            while time.monotonic() < end:
                seen.append(d.call("GET", "/dmx/universes/1").status)

        threads = [threading.Thread(target=look, daemon=True) for _ in range(6)]
        for t in threads:
            t.start()
        z = 0
        while time.monotonic() < end:
            z += 1
            d.patch(f"/annotations/{rig.block['id']}", {"z_index": z % 7})
        for t in threads:
            t.join(10)
        self.assertFalse(any(t.is_alive() for t in threads))
        self.assertEqual(set(seen), {200})
        self.assertLess(d.stop(), STOP_S)


class Odd(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.d = Lumad()
        cls.rig = Rig(cls.d)
        cls.other = Rig(cls.d, "Other", seed=3)

    @classmethod
    def tearDownClass(cls):
        cls.d.stop()

    def setUp(self):
        for path in ("blackout", "freeze"):                             # whatever the test before broke
            self.d.post(f"/show/{path}", {"on": False})
        self.d.patch(f"/fixtures/{self.rig.fixtures[1]['id']}", {"address": 2})
        self.d.patch(f"/venues/{self.rig.venue['id']}", {"offset_ms": 0})
        self.d.patch("/settings", {"idle_look": "blackout", "output_rate_hz": 44})
        self.rig.show()
        self.d.post("/host-audio/pause")
        self.rig.seek(2)
        self.assertEqual(self.rig.settle(LIT), LIT)

    def test_two_put_shows_at_once_leave_one_whole_show(self):
        for _ in range(12):
            threads = [threading.Thread(target=r.show) for r in (self.rig, self.other)]
            for t in threads:
                t.start()
            for t in threads:
                t.join()
            self.assertEqual(self.d.get("/show")["track_id"], self.d.get("/host-audio")["track_id"])
            self.rig.seek(2)
            self.assertEqual(self.rig.settle(LIT), LIT)

    def test_another_venue_alone_leaves_its_scores_behind(self):
        now = self.d.put("/show", {"venue_id": self.other.venue["id"]})
        self.assertEqual((now["venue_id"], now["score_id"]), (self.other.venue["id"], None))
        self.assertEqual(self.rig.settle(DARK), DARK)
        self.assertIsNone(self.d.put("/show", {"venue_id": None})["venue_id"])

    def test_the_last_look_outlives_identify_blackout_and_edits(self):
        d, second = self.d, self.rig.fixtures[1]["id"]
        d.patch("/settings", {"idle_look": "last"})
        time.sleep(0.3)
        d.put("/show", {"mode": "off"})
        self.assertEqual(self.rig.settle(LIT), LIT)
        d.post(f"/fixtures/{second}/identify")
        self.assertEqual(self.rig.settle([153, 255], seconds=0.5), [153, 255])
        time.sleep(0.8)
        self.assertEqual(self.rig.slots(), LIT)
        d.post("/show/blackout", {"on": True})
        self.assertEqual(self.rig.slots(), DARK)
        d.post("/show/blackout", {"on": False})
        self.assertEqual(self.rig.slots(), LIT)
        d.post("/show/master", {"level": 0.5})
        self.assertEqual(self.rig.slots(), [77, 77])
        d.post("/show/master", {"level": 1})
        d.patch(f"/fixtures/{second}", {"address": 4})
        self.assertEqual(self.rig.settle([153, 0, 0, 153]), [153, 0, 0, 153])
        d.patch(f"/fixtures/{second}", {"address": 2})
        self.assertEqual(self.rig.settle(LIT), LIT)
        d.patch("/settings", {"idle_look": "blackout"})
        self.assertEqual(self.rig.settle(DARK), DARK)

    def test_a_frozen_look_outlives_an_edit_of_the_patch(self):
        second = self.rig.fixtures[1]["id"]
        self.d.post("/show/freeze", {"on": True})
        self.rig.seek(0)
        self.d.patch(f"/fixtures/{second}", {"address": 4})
        self.assertEqual(self.rig.settle([153, 0, 0, 153]), [153, 0, 0, 153])
        self.d.patch(f"/fixtures/{second}", {"address": 2})
        self.assertEqual(self.rig.settle(LIT), LIT)
        self.d.post("/show/freeze", {"on": False})
        self.assertEqual(self.rig.settle(DARK), DARK)

    def test_what_was_deleted_by_mistake_comes_back_lit(self):
        d, rig = self.d, Rig(self.d, "Mistake", seed=5)
        rig.show()
        rig.seek(2)
        self.assertEqual(rig.settle(LIT), LIT)
        d.delete(f"/scores/{rig.score['id']}")
        self.assertEqual(rig.settle(DARK), DARK)
        self.assertIsNone(d.get("/show")["score_id"])
        d.post(f"/tracks/{rig.track['id']}/scores", {"id": rig.score["id"], "name": "Main", "venue_id": rig.venue["id"]})
        rig.annotate(1, 3, id=rig.block["id"])
        self.assertEqual(rig.settle(LIT), LIT)
        d.delete(f"/patterns/{rig.pattern['id']}")
        self.assertEqual(rig.settle(DARK), DARK)
        d.post("/patterns", {"id": rig.pattern["id"], "name": "Constant again"})
        if not d.get(f"/scores/{rig.score['id']}/annotations")["items"]:
            rig.annotate(1, 3, id=rig.block["id"])
        d.put(f"/patterns/{rig.pattern['id']}/graph", dimmer_graph(0.6))
        self.assertEqual(rig.settle(LIT), LIT)
        d.delete(f"/venues/{rig.venue['id']}")
        self.assertTrue(wait_for(lambda: d.get("/show")["venue_id"] is None))
        d.put("/show", {"mode": "off"})                                 # still obeys
        d.delete(f"/tracks/{rig.track['id']}")

    def test_a_venue_that_comes_back_is_on_again(self):
        d, rig = self.d, Rig(self.d, "Back", seed=6)
        rig.show()
        d.delete(f"/venues/{rig.venue['id']}")
        self.assertTrue(wait_for(lambda: d.get("/show")["venue_id"] is None))
        self.assertEqual(d.get("/show")["mode"], "off")
        d.post("/venues", {"id": rig.venue["id"], "name": "Back"})
        self.assertTrue(wait_for(lambda: d.get("/show")["venue_id"] == rig.venue["id"]))

    def test_light_later_than_sound_is_later(self):
        path = f"/venues/{self.rig.venue['id']}"
        self.d.patch(path, {"offset_ms": 500})
        for at, want in ((1.2, DARK), (1.6, LIT), (3.2, LIT), (3.6, DARK)):
            self.rig.seek(at)
            self.assertEqual(self.rig.settle(want), want, at)
        self.d.patch(path, {"offset_ms": -500})
        for at, want in ((0.2, DARK), (0.6, LIT), (2.4, LIT), (2.6, DARK)):
            self.rig.seek(at)
            self.assertEqual(self.rig.settle(want), want, at)
        self.d.patch(path, {"offset_ms": 0})
        self.rig.seek(2)
        self.assertEqual(self.rig.settle(LIT), LIT)

    def test_loading_the_same_track_again_stops_it_and_leaves_the_light_on(self):
        whole = self.rig.annotate(0, 4)
        self.rig.seek(0.5)
        self.assertEqual(self.rig.settle(LIT), LIT)
        with self.d.socket() as ws:
            ws.subscribe("frame", max_fps=44)
            ws.expect(b"LMF1")
            for _ in range(10):
                self.d.post("/host-audio/play")
                self.d.post("/host-audio/load-track", {"track_id": self.rig.track["id"]})
            state = self.d.get("/host-audio")
            self.assertEqual((state["playing"], state["current_time"]), (False, 0))
            time.sleep(0.2)
            seen = []
            try:
                while len(seen) < 400:
                    seen.append(ws.recv(0.1)[22])
                    if len(seen) > 15 and time.monotonic() > end:
                        break
                    end = time.monotonic() + 0.2 if len(seen) == 1 else end
            except TimeoutError:
                pass
        self.d.delete(f"/annotations/{whole['id']}")
        self.assertEqual(set(seen), {153})

    def test_many_edits_of_everything_while_it_plays(self):
        d, rig = self.d, self.rig
        d.post("/host-audio/loop", {"enabled": True, "start": 1.2, "end": 2.8})
        d.post("/host-audio/play")
        second, failed = rig.fixtures[1]["id"], []

        def repeat(*calls):
            for i in range(12):
                for method, path, body in calls:
                    r = d.call(method, path, body(i) if callable(body) else body)
                    if r.status >= 500:
                        failed.append((path, r))

        out = d.post(f"/venues/{rig.venue['id']}/outputs", {"universe": 9, "protocol": "artnet", "destination": "127.0.0.1"})
        threads = [threading.Thread(target=repeat, args=a) for a in (
            [("PATCH", f"/fixtures/{second}", lambda i: {"address": 2 + i % 5})],
            [("PATCH", f"/outputs/{out['id']}", lambda i: {"universe": 9 + i % 3})],
            [("PATCH", f"/annotations/{rig.block['id']}", lambda i: {"z_index": i}),
             ("POST", "/host-audio/seek", lambda i: {"seconds": 1.3 + i / 20})],
            [("PUT", "/show", {"mode": "off"}),
             ("PUT", "/show", {"venue_id": rig.venue["id"], "score_id": rig.score["id"], "mode": "score"}),
             ("POST", "/show/blackout", lambda i: {"on": i % 2 == 0}), ("POST", "/show/freeze", lambda i: {"on": i % 3 == 0})],
            [("PATCH", "/settings", lambda i: {"output_rate_hz": 44 - i % 4, "idle_look": "last" if i % 2 else "blackout"}),
             ("GET", "/system", None), ("GET", "/show/layer-errors", None)])]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual(failed, [])
        d.delete(f"/outputs/{out['id']}")
        d.patch("/settings", {"output_rate_hz": 44, "idle_look": "blackout"})
        d.patch(f"/fixtures/{second}", {"address": 2})
        for path in ("blackout", "freeze"):
            d.post(f"/show/{path}", {"on": False})
        rig.show()
        self.assertEqual(rig.settle(LIT), LIT)
        d.post("/host-audio/loop", {"enabled": False})


class Life(unittest.TestCase):
    def test_one_frame_a_second_still_edits_and_stops_in_time(self):
        d = begin(self)
        rig = Rig(d)
        rig.show()
        rig.seek(2)
        self.assertEqual(rig.settle(LIT), LIT)
        d.patch("/settings", {"output_rate_hz": 1})
        time.sleep(0.5)
        for address in (4, 2):
            d.patch(f"/fixtures/{rig.fixtures[1]['id']}", {"address": address})
            want = LIT if address == 2 else [153, 0, 0, 153]
            self.assertEqual(rig.settle(want, seconds=6), want)
        self.assertLess(d.stop(), STOP_S)

    def test_a_start_with_nothing_left_to_play(self):
        with tempfile.TemporaryDirectory() as data:
            d = begin(self, data=data)
            rig = Rig(d)
            d.put("/show/autoplay", {"enabled": True, "venue_id": rig.venue["id"], "score_id": rig.score["id"], "repeat": "loop"})
            rig.show()
            d.delete(f"/tracks/{rig.track['id']}")
            self.assertTrue(wait_for(lambda: d.get("/show")["score_id"] is None))
            d.stop()
            d = begin(self, data=data)
            self.assertEqual(d.get("/show")["venue_id"], rig.venue["id"])
            d.delete(f"/venues/{rig.venue['id']}")
            d.stop()
            d = begin(self, data=data)
            self.assertEqual(d.get("/health")["status"], "ok")
            self.assertIsNone(d.get("/show")["venue_id"])
            self.assertLess(d.stop(), STOP_S)

    def test_what_the_data_directory_refuses_is_said_as_it_is(self):
        with tempfile.TemporaryDirectory() as data:
            pathlib.Path(data, "lock").mkdir()
            with self.assertRaises(RuntimeError) as e:
                Lumad(data=data)
            self.assertNotIn("another lumad", str(e.exception))
            self.assertIn("Is a directory", str(e.exception))

    def test_two_lumads_do_not_share_a_data_directory(self):
        with tempfile.TemporaryDirectory() as data:
            with Lumad(data=data):
                with self.assertRaises(RuntimeError) as e:
                    Lumad(data=data)
                self.assertIn("another lumad", str(e.exception))

    def test_stopping_with_clients_connected(self):
        d = begin(self)
        sockets = [d.socket() for _ in range(3)]
        for s in sockets:
            s.subscribe("frame", "host-audio")
        half = d.raw()
        half.sendall(b"POST /api/v1/venues HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n{")
        silent = d.raw()
        self.assertLess(d.stop(), STOP_S)
        for s in (*sockets, half, silent):
            s.close()


if __name__ == "__main__":
    unittest.main()
