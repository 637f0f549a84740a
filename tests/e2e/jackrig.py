"""A JACK server of the test's own with its dummy driver, and ears that record what is played to it: sound without a sound card, sample by sample.

    with Jack(period=256) as jack, Lumad(config="[audio]\\ndevice = system\\n", env=jack.env) as d:
        with jack.listen() as ears:
            d.post("/host-audio/play")
        heard = ears.heard          # a Recording

The server is synchronous (-S): on a busy machine a period that comes late stretches time and loses no sample, so what is played can be compared bit by bit anywhere. Where the
server had such periods (`heard.xruns`) times are no figures. It is real-time where the machine allows that. Standard library only.
"""
import bisect
import glob
import itertools
import json
import mmap
import os
import pathlib
import re
import shutil
import signal
import statistics
import struct
import subprocess
import tempfile
import time
import unittest

RATE = 48000
RECORD = struct.Struct("<qqQIIIiII")             # see tests/tools/jack_capture.c
numbers = itertools.count()


def tool():
    build = pathlib.Path(os.environ.get("BUILD_DIR", pathlib.Path(__file__).resolve().parents[2] / "build/release"))
    return build / "tests/tools/jack_capture"


def why_not():
    """Why there can be no JACK here, or None."""
    if not shutil.which("jackd"):
        return "jackd is not installed (package jackd2)"
    if not tool().exists():
        return f"{tool()} was not built (package libjack-jackd2-dev)"


def may_be_real_time():
    return not subprocess.run(["chrt", "-f", "60", "true"], stderr=subprocess.DEVNULL).returncode


def forget_dead():
    """JACK has places for eight servers, and one that was killed keeps its own until a server of its name ends properly."""
    registry = pathlib.Path("/dev/shm/jack-shm-registry")
    names = set(re.findall(rb"lumad(\d+)n\d+", registry.read_bytes())) if registry.exists() else ()
    for pid in names:
        if not pathlib.Path(f"/proc/{pid.decode()}").exists():
            for name in set(re.findall(rb"lumad" + pid + rb"n\d+", registry.read_bytes())):
                end_properly(name.decode())


def end_properly(name):
    proc = subprocess.Popen(["jackd", "-n", name, "-r", "-d", "dummy"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(0.5)
    proc.terminate()
    proc.wait(10)


class Jack:
    """`real_time`: None takes what the machine gives; True skips the test where it does not."""

    def __init__(self, period=256, real_time=None, ports=2):
        if reason := why_not():
            raise unittest.SkipTest(reason)
        self.is_real_time = may_be_real_time()
        if real_time and not self.is_real_time:
            raise unittest.SkipTest("no permission for real-time scheduling")
        self.period, self.ports = period, ports
        self.name = f"lumad{os.getpid()}n{next(numbers)}"
        self.folder = tempfile.TemporaryDirectory(prefix="lumad-jack-")
        self.env = {"JACK_DEFAULT_SERVER": self.name, "JACK_NO_START_SERVER": "1", "JACK_NO_AUDIO_RESERVATION": "1"}
        self.proc = None
        forget_dead()
        self.start()

    def start(self):
        """Also again, after kill()."""
        for _ in range(3):                                      # several that start at once may be in each other's way
            if self.begin():
                return
            self.kill()
        said = self.log()
        self.stop()
        raise unittest.SkipTest("jackd does not start here:\n" + said)

    def begin(self):
        scheduling = ["-R", "-P", "60"] if self.is_real_time else ["-r"]
        with pathlib.Path(self.folder.name, "jackd.log").open("ab") as log:
            self.proc = subprocess.Popen(["jackd", "-n", self.name, *scheduling, "-S", "-d", "dummy", "-r", str(RATE), "-p", str(self.period), "-C", "0", "-P", str(self.ports)],
                                         env={**os.environ, **self.env}, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:                                                    # it is there when a client can join
            self.listen().stop()
        except RuntimeError:
            return False
        return True

    def log(self):
        return pathlib.Path(self.folder.name, "jackd.log").read_text(errors="replace")

    def listen(self):
        return Ears(self)

    def kill(self, with_signal=signal.SIGKILL):
        """The server is gone from one moment to the next."""
        self.proc.send_signal(with_signal)
        self.proc.wait(10)
        for left in glob.glob(f"/dev/shm/jack*_{self.name}_*"):
            pathlib.Path(left).unlink(missing_ok=True)

    def stop(self):
        if self.proc.poll() is None:
            self.proc.terminate()
            try:
                self.proc.wait(5)
            except subprocess.TimeoutExpired:
                pass
        if self.proc.poll() is None:
            self.kill()
        if self.proc.returncode == -signal.SIGKILL:
            end_properly(self.name)
        self.folder.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class Ears:
    """Listens from its making until stop(), which fills `heard`."""

    def __init__(self, jack):
        self.folder = tempfile.TemporaryDirectory(prefix="lumad-ears-")
        self.paths = [pathlib.Path(self.folder.name, n) for n in ("samples", "index")]
        self.heard = None
        for _ in range(3):                                      # a busy server may leave a new client behind
            self.proc = subprocess.Popen([tool(), jack.name, *self.paths], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                         env={**os.environ, **jack.env})
            if self.proc.stdout.readline() == "ready\n":
                return
            self.proc.kill()
            said = self.proc.communicate()[1]
            if "does not call" not in said:
                break
        self.folder.cleanup()
        raise RuntimeError(said)

    def stop(self):
        if self.heard is None:
            out, said = self.proc.communicate(timeout=60)
            try:
                if self.proc.returncode:
                    raise RuntimeError(said)
                self.heard = Recording(json.loads(out), *self.paths)
            finally:
                self.folder.cleanup()                           # what is mapped stays readable
        return self.heard

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def smooth(woken, firsts):
    """When each period began, of when its listener was called: some calls come late, and where the server was late itself all that follow are later by as much. A median over
    a quarter of a second to either side knows one from the other. JACK's own filter takes two seconds to follow, and is 20 ms wrong meanwhile."""
    ns, around = 1e9 / RATE, max(4, RATE // 4 // max(1, firsts[1] - firsts[0])) if len(firsts) > 1 else 0
    behind = [w - f * ns for w, f in zip(woken, firsts)]
    return [int(statistics.median(behind[max(0, i - around):i + around + 1]) + f * ns) for i, f in enumerate(firsts)]


class Recording:
    """What was heard: `data`, the bytes of interleaved float32 stereo, and when.

    xruns: the server's own, while it was recorded; offset_drift: s by which JACK's clock ran away from CLOCK_MONOTONIC, which at_ns has taken out.
    """

    def __init__(self, told, samples, index):
        self.told, self.xruns = told, told["xruns"]
        assert told["lost"] == 0, "the recording has holes of its own"
        self.offset_drift = (told["offset_end_ns"] - told["offset_ns"]) / 1e9
        size = samples.stat().st_size
        if size:
            with samples.open("rb") as f:
                self.map = mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ)
        self.data = memoryview(self.map) if size else memoryview(b"")
        self.frames = size // 8
        rows = list(RECORD.iter_unpack(index.read_bytes()))
        self.firsts = [r[2] for r in rows]
        self.starts = smooth([r[1] for r in rows], self.firsts)     # ns of CLOCK_MONOTONIC
        self.periods = [r[3] for r in rows]
        self.numbers = [r[4] for r in rows]
        self.late_periods = [i for i in range(1, len(rows)) if rows[i][5] != rows[i - 1][5]]        # where the server had its xruns
        self.latencies = [r[6] for r in rows]
        self.sources = [r[7] for r in rows]

    def sample(self, frame):
        return struct.unpack_from("<ff", self.data, frame * 8)

    def at_ns(self, frame, heard=False):
        """When it was captured; `heard`: when it leaves the loudspeaker, by what the server says of it."""
        i = bisect.bisect_right(self.firsts, frame) - 1
        return self.starts[i] + ((frame - self.firsts[i]) + (max(self.latencies[i], 0) if heard else 0)) * 1e9 / RATE

    def place_at(self, ns, heard=False):
        """The inverse: the frame, with fractions, of that instant; None outside the recording, and where the server skipped time."""
        if heard and self.latencies:
            ns -= max(self.latencies[min(bisect.bisect_right(self.starts, ns), len(self.starts)) - 1], 0) * 1e9 / RATE
        i = bisect.bisect_right(self.starts, ns) - 1
        if i < 0 or i >= len(self.starts):
            return None
        past = (ns - self.starts[i]) * RATE / 1e9
        return self.firsts[i] + past if past < self.periods[i] * 1.5 else None




def wait_for_device(d, name="system", seconds=15):
    """Until lumad plays to the JACK server."""
    end = time.monotonic() + seconds
    while True:
        device = d.get("/host-audio/device")["active"]
        if device["name"] == name and not device["clock"]:
            return device
        if time.monotonic() > end:
            raise AssertionError(f"lumad does not play to {name}: {device}")
        time.sleep(0.05)
