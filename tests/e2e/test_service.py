"""What systemd and an installation see: readiness, the watchdog, stopping, one lumad per data directory, the command line."""
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import time
import unittest

from lumad import ROOT, Lumad

NO_LIGHT = True

LUMAD = os.environ.get("LUMAD", str(ROOT / "build/release/lumad"))


class Notify:
    """The service manager's end of NOTIFY_SOCKET."""

    def __init__(self, folder):
        self.path = str(pathlib.Path(folder, "notify"))
        self.s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.s.bind(self.path)

    def messages(self, seconds):
        got, end = [], time.monotonic() + seconds
        while time.monotonic() < end:
            self.s.settimeout(max(0.01, end - time.monotonic()))
            try:
                got.append(self.s.recv(4096).decode())
            except TimeoutError:
                break
        return got


class Service(unittest.TestCase):
    def test_ready_fed_and_stopping(self):
        with tempfile.TemporaryDirectory() as folder:
            n = Notify(folder)
            d = Lumad(env={"NOTIFY_SOCKET": n.path, "WATCHDOG_USEC": "600000"})
            fed = n.messages(1.5)
            self.assertEqual(fed[0], "READY=1")
            self.assertGreaterEqual(fed.count("WATCHDOG=1"), 3)
            took = d.stop()
            self.assertIn("STOPPING=1", n.messages(0.2))
            self.assertLess(took, 1 if "release" in LUMAD else 5)
            n.s.close()

    def test_one_lumad_per_data_directory(self):
        with tempfile.TemporaryDirectory() as data:
            d = Lumad(data=data)
            r = subprocess.run([LUMAD, "--data", data, "--http", "127.0.0.1:0"], capture_output=True, text=True, timeout=20,
                               env={"LUMAD_SHARE": str(ROOT), **os.environ})
            self.assertEqual(r.returncode, 1)
            self.assertIn("in use by another lumad", r.stderr)
            self.assertEqual(d.get("/health")["status"], "ok")
            d.stop()

    def test_many_universes_leave_descriptors_for_the_page(self):
        os.environ["UNDER"] = "prlimit --nofile=120:120"
        try:
            d = Lumad()
        finally:
            del os.environ["UNDER"]
        with d:
            venue = d.post("/venues", {"name": "Large"})["id"]
            for n in range(1, 131):             # each universe has a socket to hear its other senders by
                d.post(f"/venues/{venue}/outputs", {"universe": n, "protocol": "sacn", "destination": "127.0.0.1"})
            d.put("/show", {"venue_id": venue, "mode": "off"})
            time.sleep(2)
            self.assertLess(len(os.listdir(f"/proc/{d.proc.pid}/fd")), 110)
            with d.socket(), d.socket():
                self.assertEqual(d.get("/health")["status"], "ok")

    def test_a_port_that_is_taken_is_said_and_nothing_hangs(self):
        with socket.create_server(("127.0.0.1", 0)) as taken, tempfile.TemporaryDirectory() as data:
            r = subprocess.run([LUMAD, "--data", data, "--http", f"127.0.0.1:{taken.getsockname()[1]}"], capture_output=True, text=True, timeout=20,
                               env={"LUMAD_SHARE": str(ROOT), **os.environ})
            self.assertEqual(r.returncode, 1)
            self.assertIn(str(taken.getsockname()[1]), r.stderr)

    def test_the_command_line(self):
        def run(*args):
            return subprocess.run([LUMAD, *args], capture_output=True, text=True, timeout=20, env={"LUMAD_SHARE": str(ROOT), **os.environ})

        with tempfile.TemporaryDirectory() as folder:
            conf = pathlib.Path(folder, "lumad.conf")
            self.assertEqual(run("--print-config").stdout, (ROOT / "config/lumad.conf").read_text())
            conf.write_text(run("--print-config").stdout)
            self.assertEqual(run("--config", str(conf), "--check-config").returncode, 0)
            conf.write_text("[server]\nhtpp = x\n")
            bad = run("--config", str(conf), "--check-config")
            self.assertEqual(bad.returncode, 1)
            self.assertIn("htpp", bad.stderr)
            self.assertIn(":2", bad.stderr)
            self.assertEqual(run("--data", folder, "--migrate").returncode, 0)
            for args in (["--nonsense"], ["--http"], ["--ready-fd", "77"], ["--ready-fd", "x"], ["--config", "/nowhere/x.conf"],
                         ["--http", "not an address", "--check-config"]):
                r = run(*args)
                self.assertEqual(r.returncode, 1, args)
                self.assertTrue(r.stderr.strip(), args)
            for mode in ("--version", "--help", "--print-nodes=json", "--print-nodes=md", "--print-routes=md", "--print-routes=openapi",
                         "--print-schema=md", "--print-config=md", "--print-effects=md"):
                r = run(mode)
                self.assertEqual((r.returncode, r.stderr), (0, ""), mode)
                self.assertTrue(r.stdout.strip(), mode)

    def test_files_are_the_owners_alone(self):
        with tempfile.TemporaryDirectory() as data:
            d = Lumad(data=data)
            d.post("/venues", {"name": "x"})
            d.stop()
            for f in pathlib.Path(data).iterdir():
                self.assertEqual(f.stat().st_mode & 0o077, 0, f)


class Installed(unittest.TestCase):
    def test_an_installed_tree_runs_from_where_it_is(self):
        with tempfile.TemporaryDirectory() as root:
            build = pathlib.Path(LUMAD).resolve().parent
            make = ["make", "-s", "-C", str(ROOT), "install", f"DESTDIR={root}", "PREFIX=/usr", "SYSCONFDIR=/etc", f"BUILD={build.parent}", f"VARIANT={build.name}"]
            clean = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "LUMAD", "MFLAGS"))}
            r = subprocess.run(make, capture_output=True, text=True, env=clean)
            self.assertEqual(r.returncode, 0, r.stderr)
            program = pathlib.Path(root, "usr/bin/lumad")
            self.assertTrue(pathlib.Path(root, "usr/lib/systemd/system/lumad.service").exists())
            with tempfile.TemporaryDirectory() as data:
                p = subprocess.Popen([program, "--demo", "--data", data, "--http", "127.0.0.1:0", "--ready-fd", "1"], cwd="/", stdout=subprocess.PIPE,
                                     stderr=subprocess.PIPE, env=clean)
                ready = p.stdout.readline()
                p.send_signal(signal.SIGTERM)
                _, log = p.communicate(timeout=20)
                self.assertIn(b'"http"', ready, log)
                self.assertEqual(p.returncode, 0, log)


if __name__ == "__main__":
    unittest.main()
