"""A disk without room: the show goes on, and starts. In a mount namespace of its own."""
import ctypes
import os
import pathlib
import subprocess
import tempfile
import time
import unittest

from lumad import Lumad

NO_LIGHT = True

CLONE_NEWNS = 0x20000
LIBC = ctypes.CDLL(None, use_errno=True)


def why_not():
    r = subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True, text=True)
    return f"nothing can be mounted: {r.stderr.strip()}" if r.returncode else None


@unittest.skipIf(why_not(), "nothing can be mounted here")
class FullDisk(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        assert not LIBC.unshare(CLONE_NEWNS), os.strerror(ctypes.get_errno())
        subprocess.run(["mount", "--make-rprivate", "/"], check=True)
        cls.tmp = tempfile.TemporaryDirectory(prefix="lumad-full-")
        cls.disk = pathlib.Path(cls.tmp.name)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200m", "tmpfs", cls.disk], check=True)

    @classmethod
    def tearDownClass(cls):
        subprocess.run(["umount", "-l", cls.disk], check=True)
        cls.tmp.cleanup()

    def fill(self):
        for size in (1 << 16, 1):
            with open(self.disk / f"fill{size}", "wb", buffering=0) as f:
                try:
                    while f.write(bytes(size)):
                        pass
                except OSError:
                    pass

    def make_room(self):
        for f in self.disk.glob("fill*"):
            f.unlink()

    def plays(self, d):
        end = time.monotonic() + 30
        while not d.get("/host-audio")["playing"]:
            self.assertLess(time.monotonic(), end)
            time.sleep(0.05)
        frames = d.get("/system")["dmx"]["frames"]
        time.sleep(1)
        self.assertGreater(d.get("/system")["dmx"]["frames"], frames + 20)

    def test_the_show_goes_on_and_starts(self):
        data = self.disk / "data"
        with Lumad("--demo", data=data) as d:
            self.plays(d)
            self.fill()
            self.assertEqual([d.call("POST", "/venues", {"name": "x" * 900}).status for _ in range(20)][-1], 507)
            self.plays(d)
            self.make_room()
            d.post("/venues", {"name": "kept"})
        self.assertTrue((data / "lumad.db.reserve").exists())
        self.fill()
        for _ in range(2):                      # the second time with what the first has left
            with Lumad(data=data) as d:
                self.plays(d)
                self.assertIn("kept", [v["name"] for v in d.get("/venues")["items"]])
        self.assertFalse((data / "lumad.db.reserve").exists())
        self.make_room()
        with Lumad(data=data) as d:
            self.plays(d)
        self.assertTrue((data / "lumad.db.reserve").exists())
        self.assertEqual(list(data.glob("*.damaged")), [])


if __name__ == "__main__":
    unittest.main()
