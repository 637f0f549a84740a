"""The sound card is lost while the demo plays, in each way cards and the process that plays them have: the show goes on on the clock without a jump, with a warning, and
sound comes back with the card. Outputs and inputs are chosen, and remembered.

The card is tests/e2e/sound_card.c in the place of PortAudio: real cards, and JACK servers killed the hard way, leave things behind on the machine (test_jack.py has one).
"""
import os
import pathlib
import signal
import subprocess
import tempfile
import time
import unittest

from lumad import Lumad, tone
from test_light import until

LONG = True

BUILD = pathlib.Path(os.environ.get("BUILD_DIR", ""))
HERE = pathlib.Path(__file__).parent
FRAME = 1 / 44


def device(d):
    return d.get("/host-audio/device")["active"]


def warnings(d):
    return {w["id"]: w["message"] for w in d.get("/system")["warnings"]}


def cards(d):
    """The audio_worker processes of this lumad."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = path.read_text().partition("(")[2].rpartition(")")
            state, parent = rest.split()[:2]
            if int(parent) == d.proc.pid and state != "Z" and name == "audio_worker":
                found.append(int(path.parent.name))
        except (OSError, ValueError):
            pass
    return found


class Playhead:
    """host-audio as it is pushed; `jump()`: by how much, in s, two messages differ more or less than the time between them, at worst."""

    def __init__(self, ws):
        self.ws, self.seen = ws, []
        ws.subscribe("host-audio")
        self.follow(0.5)

    def follow(self, seconds, done=lambda: False):
        end = time.monotonic() + seconds
        while time.monotonic() < end and not done():
            m = self.ws.expect("host-audio")
            self.seen.append((m["server_time"], m["current_time"]))

    def jump(self):
        return max(abs((p1 - p0) - (t1 - t0)) for (t0, p0), (t1, p1) in zip(self.seen, self.seen[1:]))


class Device(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="lumad-card-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        subprocess.run(["cc", "-std=gnu11", "-Wall", "-Wextra", "-shared", "-fPIC", "-o", cls.folder / "libportaudio.so.2", "-Wl,-soname,libportaudio.so.2",
                        HERE / "sound_card.c", "-lpthread"], check=True)
        cls.data = cls.folder / "data"

    def start(self, word="play", api="ALSA", demo=True, config="", **env):
        self.card = self.folder / "card"
        self.card.write_text(word)
        d = Lumad(*(["--demo"] if demo else []), data=self.data, config=config,
                  env={"LD_LIBRARY_PATH": str(self.folder), "CARD": str(self.card), "CARD_API": api, **env})
        self.addCleanup(lambda: d.proc.poll() is None and d.stop())
        if demo:
            until(lambda: d.get("/host-audio")["playing"], 30)
        return d

    def playing(self, **more):
        d = self.start(**more)
        until(lambda: device(d)["name"] == "Test card" and not device(d)["clock"], 10)
        self.assertNotIn("audio.lost", warnings(d))
        return d

    def lose(self, how, api="ALSA", is_wild=False, limit=1.0, back=None):
        d = self.playing(api=api)
        with d.socket() as ws:
            head = Playhead(ws)
            how(d)
            start = time.monotonic()
            until(lambda: device(d)["clock"], 3)
            noticed = time.monotonic() - start
            head.follow(0.5)
            until(lambda: "audio.lost" in warnings(d) or not device(d)["clock"], 2)
            self.assertTrue(d.get("/host-audio")["playing"])
            if back:
                back()
                head.follow(10, lambda: not device(d)["clock"])
                head.follow(0.5)
                self.assertFalse(device(d)["clock"])
                until(lambda: "audio.lost" not in warnings(d), 5)
            else:
                self.assertTrue(device(d)["lost"])
                head.follow(1)
        self.assertLess(noticed, limit)
        if not is_wild:                 # a wild card takes up to three seconds of sound before it is found out
            self.assertLess(head.jump(), FRAME)
        self.assertGreater(d.get("/dmx/universes/1")["fps"], 40)
        self.assertLess(d.stop(), 2)

    def card_does(self, word, back=True, **more):
        self.lose(lambda d: self.card.write_text(word), back=(lambda: self.card.write_text("play")) if back else None, **more)

    def test_no_callbacks(self):
        self.card_does("silent")

    def test_the_stream_says_it_has_ended(self):
        self.card_does("ended", limit=0.5)

    def test_stopping_it_never_comes_back(self):
        self.card_does("hang")

    def test_it_runs_wild(self):
        self.card_does("wild", back=False, is_wild=True)

    def test_a_jack_server_dies_and_closing_would_be_an_assertion(self):
        self.card_does("abort", api="JACK Audio Connection Kit")

    def test_its_process_is_killed(self):
        self.lose(lambda d: os.kill(cards(d)[0], signal.SIGKILL), back=lambda: None, limit=0.5)

    def test_its_process_is_stopped(self):
        self.lose(lambda d: os.kill(cards(d)[0], signal.SIGSTOP), back=lambda: None)

    def test_a_card_that_comes_later_is_used_when_somebody_asks(self):
        d = self.start("absent")
        self.assertTrue(device(d)["clock"])
        self.assertFalse({"audio.lost", "audio.device"} & set(warnings(d)))
        self.card.write_text("play")
        self.assertIn("Test card", [x["name"] for x in d.post("/host-audio/device/look")["devices"]])
        until(lambda: not device(d)["clock"], 5)

    def test_nothing_of_it_is_left_when_lumad_is_killed(self):
        d = self.playing(demo=False)
        processes = cards(d)
        self.assertEqual(len(processes), 1)
        d.kill()
        until(lambda: not pathlib.Path(f"/proc/{processes[0]}").exists() or " Z " in pathlib.Path(f"/proc/{processes[0]}/stat").read_text(), 3)

    def test_another_default_is_gone_over_to(self):
        d = self.playing(word="play 1", demo=False)
        self.card.write_text("play 2")
        d.post("/host-audio/device/look")
        until(lambda: device(d)["name"] == "Other card" and not device(d)["clock"], 5)
        self.assertEqual(device(d)["channels"], 1)
        self.assertNotIn("audio.lost", warnings(d))

    def test_a_card_without_48_kHz_plays_as_fast(self):
        d = self.playing(CARD_RATE="44100")
        self.assertEqual(device(d)["rate"], 44100)
        with d.socket() as ws:
            head = Playhead(ws)
            head.follow(1.5)
        self.assertLess(head.jump(), FRAME)
        (t0, p0), (t1, p1) = head.seen[0], head.seen[-1]
        self.assertAlmostEqual(p1 - p0, t1 - t0, delta=0.08)          # at the wrong rate it would be 0.16

    def test_the_choice_is_remembered(self):
        config = "[audio]\ndevice = clock\n"
        d = self.start(demo=False, config=config)
        self.assertEqual((d.get("/host-audio/device")["device"], d.get("/host-audio/device")["is_stored"]), ("clock", False))
        self.assertEqual(d.call("PUT", "/host-audio/device", {"device": "No such card"}).status, 404)
        self.assertEqual(d.call("PUT", "/host-audio/device", {"device": "JACK:Test"}).status, 404)
        self.assertEqual(d.put("/host-audio/device", {"device": "test", "api": "ALSA"})["device"], "ALSA:test")
        until(lambda: device(d)["name"] == "Test card", 5)
        d.stop()
        d = self.start(demo=False, config=config)
        until(lambda: device(d)["name"] == "Test card", 5)
        self.assertTrue(d.get("/host-audio/device")["is_stored"])
        self.assertEqual(d.put("/host-audio/device", {"device": None})["device"], "clock")
        until(lambda: device(d)["clock"], 5)
        d.stop()
        d = self.start(demo=False, config=config)
        self.assertTrue(device(d)["clock"])

    def test_an_input_is_listened_to_beside_the_output(self):
        d = self.playing(demo=False)
        self.assertEqual(d.get("/host-audio/input")["device"], None)
        self.assertEqual([x["name"] for x in d.get("/host-audio/input")["devices"]], ["Test card"])
        self.assertEqual(d.call("PUT", "/host-audio/input", {"device": "Other"}).status, 404)
        self.assertEqual(d.put("/host-audio/input", {"device": "Test card"})["device"], "Test card")
        until(lambda: d.get("/host-audio/input")["active"], 5)
        self.assertEqual(len(cards(d)), 2)
        until(lambda: abs((d.get("/host-audio/meters")["input"] or {"peak": [0]})["peak"][0] + 6.02) < 0.1, 5)
        d.stop()
        d = self.playing(demo=False)
        until(lambda: d.get("/host-audio/input")["active"], 5)
        d.put("/host-audio/input", {"device": None})
        until(lambda: len(cards(d)) == 1, 5)
        self.assertIsNone(d.get("/host-audio/input")["active"])
        self.assertFalse(device(d)["clock"])


class Program(unittest.TestCase):
    """What lumad starts for sound is not what it should be."""

    def start(self, script, mode=0o755):
        folder = tempfile.TemporaryDirectory(prefix="lumad-mad-")
        self.addCleanup(folder.cleanup)
        path = pathlib.Path(folder.name, "audio_worker")
        path.write_text(script)
        path.chmod(mode)
        d = Lumad(config="[audio]\ndevice = auto\n", env={"LUMAD_WORKERS": folder.name})
        self.addCleanup(d.stop)
        return d

    def is_told(self, d, word):
        until(lambda: "audio.device" in warnings(d), 5)
        self.assertIn(word, warnings(d)["audio.device"])
        self.assertIn("Install lumad again", warnings(d)["audio.device"])
        self.assertTrue(device(d)["clock"])

    def test_it_cannot_be_run(self):
        self.is_told(self.start("#!/bin/sh\n", 0o644), "audio_worker")

    def test_it_talks_nonsense(self):
        self.is_told(self.start("#!/bin/sh\nhead -c 1000000 /dev/urandom\nsleep 100\n"), "no sense")

    def test_it_crashes_and_its_last_words_are_told(self):
        words = "SIGSEGV)" if BUILD.name in ("asan", "tsan") else "SIGSEGV): Expression failed, line 7"      # there they are left to the sanitizer's report
        self.is_told(self.start("#!/bin/sh\necho 'Expression failed, line 7' >&2\nkill -SEGV $$\n"), words)

    def test_it_writes_everywhere_it_can(self):
        d = self.start("""#!/usr/bin/env python3
import mmap, os, sys, time
if sys.argv[1] == "--play":
    memory = mmap.mmap(3, 0)
    print('{"opened":{"name":"Mad","api":"ALSA","rate":48000,"channels":2,"latency_ms":5,"period":512}}', flush=True)
    end = time.monotonic() + 3
    while time.monotonic() < end:
        memory[:] = os.urandom(len(memory)) if time.monotonic() % 0.2 < 0.1 else b"\\xff" * len(memory)
    try:
        os.ftruncate(3, 0)
    except OSError:
        print("it stays as large as it is", file=sys.stderr)
""")
        track = d.upload(tone(4.0)).json["id"]
        d.wait_jobs(track)
        d.post("/host-audio/load-track", {"track_id": track})
        end = time.monotonic() + 4
        while time.monotonic() < end:
            d.post("/host-audio/play")
            d.post("/host-audio/seek", {"seconds": 1})
            self.assertLess(d.get("/host-audio")["current_time"], 5)
            d.get("/host-audio/meters")
        self.assertIsNone(d.proc.poll())


if __name__ == "__main__":
    unittest.main()
