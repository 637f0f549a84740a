"""USB interfaces (DMX USB Pro), played by pseudo-terminals, and outputs that go nowhere."""
import os
import pathlib
import pty
import select
import shlex
import subprocess
import tempfile
import threading
import time
import tty
import unittest

import wire
from lumad import Lumad
from test_light import until

INSTRUMENTED = bool(os.environ.get("UNDER")) or "release" not in os.environ.get("LUMAD", "release")
CLOCK = "[audio]\ndevice = clock\n"
PARAMETERS, SERIAL = bytes([0x7E, 3, 5, 0, 0x2C, 1, 9, 1, 40, 0xE7]), bytes([0x7E, 10, 4, 0, 0x78, 0x56, 0x34, 0x12, 0xE7])


class Device:
    """The far end of a port: `frames` of (time, 512 slots). `reads` False: it takes nothing."""

    def __init__(self, reads=True, path=None):
        """With `path`, the same name as one that was pulled out: the lowest that is free."""
        spare = []
        while True:
            self.master, slave = pty.openpty()
            self.path = os.ttyname(slave)
            if path in (None, self.path):
                break
            spare.append((self.master, slave))
            assert len(spare) < 64, f"{path} does not come back"
        for pair in spare:
            os.close(pair[0]), os.close(pair[1])
        tty.setraw(slave)
        if not reads:
            os.set_blocking(slave, False)
            try:
                while True:
                    os.write(slave, bytes(4096))
            except BlockingIOError:
                pass
        self.slave, self.frames, self.bad, self.running = slave, [], [], True
        self.thread = threading.Thread(target=self._run, daemon=True) if reads else None
        if self.thread:
            self.thread.start()

    def _run(self):
        data = b""
        while self.running:
            if not select.select([self.master], [], [], 0.02)[0]:
                continue
            data += os.read(self.master, 4096)
            while len(data) >= 5:
                size = data[2] | data[3] << 8
                if data[0] != 0x7E:
                    self.bad.append(data[:1])
                    data = data[1:]
                elif len(data) < 5 + size:
                    break
                else:
                    self._take(data[1], data[4:4 + size], data[4 + size])
                    data = data[5 + size:]

    def _take(self, label, body, end):
        if label == 6 and len(body) == 513 and body[0] == 0 and end == 0xE7:
            self.frames.append((time.monotonic(), body[1:]))
        elif label == 3 and len(body) == 2:
            os.write(self.master, PARAMETERS)
        elif label == 10 and not body:
            os.write(self.master, SERIAL)
        else:
            self.bad.append((label, len(body), end))

    def unplug(self):
        self.running = False
        if self.thread:
            self.thread.join()
        os.close(self.master), os.close(self.slave)


class Usb(unittest.TestCase):
    def start(self, **more):
        d = Lumad(config=CLOCK, **more)
        self.addCleanup(lambda: d.proc.poll() is None and d.stop())
        self.d, self.venue = d, d.post("/venues", {"name": "Bar"})["id"]
        self.lamp = d.post(f"/venues/{self.venue}/fixtures", {"universe": 1, "address": 512, "fixture_path": "builtin:generic-dimmer", "mode_name": "1 Channel"})["id"]
        d.put("/show", {"venue_id": self.venue, "mode": "off"})
        return d

    def level(self, value):
        self.d.put(f"/fixtures/{self.lamp}/park", {"channels": {"1": value}})

    def send(self, **row):
        return self.d.post(f"/venues/{self.venue}/outputs", {"universe": 1, **row})

    def stats(self, output):
        return next(o["stats"] for o in self.d.get("/dmx/universes/1")["outputs"] if o["id"] == output["id"])

    def warning(self, output):
        return next((w["message"] for w in self.d.get("/system")["warnings"] if w["id"] == f"output.{output['id']}"), None)

    def plug_in(self, **more):
        device = Device(**more)
        self.addCleanup(lambda: device.running and device.unplug())
        return device

    def shows(self, device, value, seconds=20):
        until(lambda: device.frames and device.frames[-1][1] == bytes(511) + bytes([value]), seconds)

    def test_content_name_and_rate(self):
        self.start()
        device = self.plug_in()
        output = self.send(protocol="enttec_pro", destination=device.path)
        self.level(77)
        self.shows(device, 77)
        until(lambda: "12345678" in (self.stats(output)["device"] or ""))
        self.assertEqual(self.stats(output)["device"], f"DMX USB Pro 12345678, firmware 1.44, {device.path}")
        self.assertIsNone(self.warning(output))
        for _ in range(5):                      # 44, but for a machine that has other things to do
            count, began = len(device.frames), time.monotonic()
            time.sleep(4)
            rate = (len(device.frames) - count) / (time.monotonic() - began)
            print(f"\nUSB: {rate:.1f} frames a second", end="", flush=True)
            self.assertLess(rate, 44.4)         # counted in whole frames: one more or less in four seconds
            if rate > 38 or INSTRUMENTED:
                break
        else:
            self.fail("less than 38 frames a second each time")
        self.d.patch(f"/outputs/{output['id']}", {"transmit": "on_change"})
        time.sleep(0.5)
        count = len(device.frames)
        time.sleep(3)
        self.assertLessEqual(len(device.frames) - count, 4, "nothing changes")
        self.assertGreaterEqual(len(device.frames) - count, 2)
        self.level(78)
        self.shows(device, 78)
        self.assertEqual(device.bad, [])
        self.d.stop()
        self.shows(device, 0)                   # the look on exit is a blackout

    def test_unplugged_and_plugged_in_again(self):
        self.start()
        device = self.plug_in()
        output = self.send(protocol="enttec_pro", destination=device.path)
        self.level(10)
        self.shows(device, 10)
        self.assertIsNone(self.warning(output))
        device.unplug()
        until(lambda: "is not there" in (self.warning(output) or ""))
        self.assertIn(device.path, self.warning(output))
        self.level(20)
        again = self.plug_in(path=device.path)
        self.shows(again, 20)
        until(lambda: self.warning(output) is None)
        self.assertEqual(again.bad, [])

    def test_there_from_the_start(self):
        """The outputs of the last show are found in the database when lumad starts."""
        with tempfile.TemporaryDirectory(prefix="lumad-usb-") as folder:
            device = self.plug_in()
            self.start(data=folder)
            self.send(protocol="enttec_pro", destination=device.path)
            self.level(5)
            self.shows(device, 5)
            self.d.stop()
            self.shows(device, 0)
            with Lumad(data=folder, config=CLOCK):
                self.shows(device, 5)

    def test_a_device_that_takes_nothing(self):
        self.start()
        device, address = self.plug_in(reads=False), wire.own_address()
        network = self.send(protocol="artnet", destination=address)
        output = self.send(protocol="enttec_pro", destination=device.path)
        until(lambda: "takes no data" in (self.warning(output) or ""))
        for _ in range(5):
            with wire.Receiver(address) as r:
                time.sleep(3)
            packets = r.streams()["artnet", 1]
            rate = (len(packets) - 1) / (packets[-1].time - packets[0].time)
            self.assertIsNone(self.warning(network))
            if abs(rate - 44) < 0.5 or INSTRUMENTED:
                break
        else:
            self.fail(f"{rate} packets a second to the network")
        took = self.d.stop()
        print(f"\nstop with a device that takes nothing: {took * 1e3:.0f} ms", end="", flush=True)
        self.assertLess(took, 10)                # the kernel would wait 30 s for what was written

    def test_the_first_that_is_found(self):
        with tempfile.TemporaryDirectory(prefix="lumad-usb-") as folder:
            by_id, script = pathlib.Path(folder, "by-id"), pathlib.Path(folder, "dev.sh")
            by_id.mkdir()
            # A /dev of lumad's own, with a folder of serial devices that is ours.
            script.write_text(f"""set -e
mkdir {folder}/dev
mount -t tmpfs dev {folder}/dev
cd {folder}/dev
mkdir -p pts shm serial/by-id
mount --bind /dev/pts pts
mount --bind /dev/shm shm
for f in null zero full random urandom tty; do touch $f; mount --bind /dev/$f $f; done
mount --bind {by_id} serial/by-id
mount --rbind {folder}/dev /dev
cd /
exec "$@"
""")
            probe = subprocess.run(["unshare", "-m", "sh", str(script), "true"], capture_output=True, text=True)
            if probe.returncode:
                self.skipTest(f"no mount namespaces: {probe.stderr.strip()[-100:]}")
            os.rmdir(f"{folder}/dev")
            before = os.environ.get("UNDER")
            os.environ["UNDER"] = f"unshare -m sh {shlex.quote(str(script))} {before or ''}"
            try:
                self.start()
            finally:
                del os.environ["UNDER"]
                if before is not None:
                    os.environ["UNDER"] = before
            output = self.send(protocol="enttec_pro")
            self.level(31)
            until(lambda: "no DMX USB Pro is plugged in" in (self.warning(output) or ""))
            gps, device = self.plug_in(), self.plug_in()
            (by_id / "usb-Acme_GPS-if00-port0").symlink_to(gps.path)
            (by_id / "usb-ENTTEC_DMX_USB_PRO_EN123456-if00-port0").symlink_to(device.path)
            self.shows(device, 31)
            until(lambda: self.warning(output) is None)
            self.assertEqual((gps.frames, gps.bad), ([], []), "what may be something else is not written to")
            by_name = "/dev/serial/by-id/usb-ENTTEC_DMX_USB_PRO_EN123456-if00-port0"
            self.assertEqual(self.d.patch(f"/outputs/{output['id']}", {"destination": by_name})["destination"], by_name)
            self.level(32)
            self.shows(device, 32)
            self.d.stop()

    def test_what_is_no_device_is_refused_or_said(self):
        d = self.start()
        base = f"/venues/{self.venue}/outputs"
        for bad in ("ttyUSB0", "COM3", "127.0.0.1", "/dev/" + "x" * 300):
            r = d.call("POST", base, {"universe": 1, "protocol": "enttec_pro", "destination": bad})
            self.assertEqual((r.status, r.json["errors"][0]["path"]), (422, "/destination"), bad)
        for wrong in ("/etc/passwd", "/dev/null"):
            output = self.send(protocol="enttec_pro", destination=wrong)
            until(lambda: self.warning(output) == f"universe 1, USB: {wrong} is no serial port")
        missing = self.send(protocol="enttec_pro", destination="/dev/ttyUSB77")
        until(lambda: "is not there; sending starts when it is plugged in" in (self.warning(missing) or ""))
        d.delete(f"/outputs/{output['id']}")
        until(lambda: self.warning(output) is None)

    def test_null(self):
        d = self.start()
        output = d.post(f"/venues/{self.venue}/outputs", {"universe": 9, "protocol": "null"})
        self.assertEqual((output["protocol"], output["destination"]), ("null", None))
        until(lambda: 9 in d.get("/dmx/universes")["items"])
        d.post(f"/venues/{self.venue}/fixtures", {"universe": 9, "address": 1, "fixture_path": "builtin:generic-dimmer", "mode_name": "1 Channel"})
        lamp = d.get(f"/venues/{self.venue}/fixtures")["items"][-1]["id"]
        d.put(f"/fixtures/{lamp}/park", {"channels": {"1": 44}})
        until(lambda: d.get("/dmx/universes/9")["slots"][0] == 44)
        stats = d.get("/dmx/universes/9")["outputs"][0]["stats"]
        self.assertEqual((stats["packets"], stats["errors"]), (0, 0))
        self.assertIsNone(self.warning(output))
        r = d.call("POST", f"/venues/{self.venue}/outputs", {"universe": 9, "protocol": "null", "destination": "127.0.0.1"})
        self.assertEqual((r.status, r.json["errors"][0]["path"]), (422, "/destination"))


if __name__ == "__main__":
    unittest.main()
