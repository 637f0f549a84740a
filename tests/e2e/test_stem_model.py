"""The optional model that separates stems: how it is installed and asked about, and, where it is (LUMAD_STEM_MODEL, or the usual place), what it makes. Without it, or with a
broken one, stems are separated as if there were none, with a word why."""
import hashlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

from lumad import Lumad, ROOT
from test_separation import NAMES, music

NO_LIGHT = True

FILES = "htdemucs.onnx", "libonnxruntime.so.1"
INSTALLED = pathlib.Path(os.environ.get("LUMAD_STEM_MODEL", "/usr/local/share/lumad/stem-model"))
SHA256 = re.search(r'DEMUCS_SHA256 *"([0-9a-f]{64})"', (ROOT / "daemon/dsp/demucs.h").read_text())[1]
is_installed = all((INSTALLED / f).exists() for f in FILES)


def put_model(data, files):
    (data / "stem-model").mkdir(parents=True)
    for name, what in files.items():
        if isinstance(what, bytes):
            (data / "stem-model" / name).write_bytes(what)
        else:
            os.symlink(what, data / "stem-model" / name)


def accepted():
    return json.dumps({"model": "htdemucs", "sha256": SHA256, "accepted_at": "2026-01-31T21:14:03.250Z"}).encode()


class Installer(unittest.TestCase):
    def setUp(self):
        self.tmp = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))

    def run_it(self, *args, **env):
        return subprocess.run([ROOT / "workers/stem_model", *args, self.tmp / "data"], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              env={**os.environ, "ACCEPT": "", **env})

    def test_nobody_is_asked_nothing_is_installed(self):
        r = self.run_it()
        self.assertEqual(r.returncode, 1)
        self.assertIn("personal and research use only", r.stdout)
        self.assertIn("ACCEPT=1", r.stderr)
        self.assertEqual(list(self.tmp.iterdir()), [])

    def test_another_file_is_not_installed(self):
        source = self.tmp / "from"
        source.mkdir()
        for f in FILES:
            (source / f).write_bytes(b"something else")
        r = self.run_it("--from", source, ACCEPT="1")
        self.assertEqual(r.returncode, 1)
        self.assertIn("htdemucs.onnx is another file than it should be", r.stderr)
        self.assertEqual(list((self.tmp / "data").iterdir()), [])
        r = self.run_it("--from", self.tmp / "nowhere", ACCEPT="1")
        self.assertEqual(r.returncode, 1)
        self.assertIn("does not hold both files", r.stderr)

    def test_it_knows_the_weights_that_lumad_knows(self):
        self.assertIn(f"model_sha256={SHA256}\n", (ROOT / "workers/stem_model").read_text())

    @unittest.skipUnless(is_installed, "the model is not installed")
    def test_the_right_files_are_installed_with_the_acceptance(self):
        r = self.run_it("--from", INSTALLED, ACCEPT="1")
        self.assertEqual(r.returncode, 0, r.stderr)
        place = self.tmp / "data/stem-model"
        self.assertLessEqual({*FILES, "accepted.json"}, {f.name for f in place.iterdir()})
        self.assertEqual(json.loads((place / "accepted.json").read_text())["sha256"], SHA256)
        with Lumad(data=self.tmp / "data") as d:
            self.assertEqual(d.get("/system/stem-model")["state"], "ready")


class Asked(unittest.TestCase):
    def setUp(self):
        self.data = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory())) / "data"

    def test_it_is_used_only_when_its_licence_is_accepted(self):
        put_model(self.data, {f: b"x" for f in FILES})
        with Lumad(data=self.data) as d:
            shutil.move(self.data / "stem-model/htdemucs.onnx", self.data / "elsewhere")
            m = d.get("/system/stem-model")
            self.assertEqual((m["state"], m["directory"], m["accepted_at"]), ("missing", None, None))
            r = d.call("POST", "/system/stem-model", {"accepted": True})
            self.assertEqual(r.status, 404, r)
            shutil.move(self.data / "elsewhere", self.data / "stem-model/htdemucs.onnx")
            m = d.get("/system/stem-model")
            self.assertEqual((m["state"], m["directory"], m["accepted_at"]), ("asks", str(self.data / "stem-model"), None))
            self.assertIn("personal and research use only", m["licence"])
            for body in {}, {"accepted": None}, {"accepted": "yes"}:
                self.assertEqual(d.call("POST", "/system/stem-model", body).status, 422, body)
            m = d.post("/system/stem-model", {"accepted": True})
            self.assertEqual(m["state"], "ready")
            self.assertEqual(d.get("/system/stem-model"), m)
            d.patch("/settings", {"stem_model": False})
            self.assertEqual(d.get("/system/stem-model")["state"], "off")
            d.patch("/settings", {"stem_model": True})
        with Lumad(data=self.data) as d:
            self.assertEqual(d.get("/system/stem-model"), m)
            self.assertEqual(d.post("/system/stem-model", {"accepted": False})["state"], "asks")

    def test_the_acceptance_of_other_weights_does_not_count(self):
        put_model(self.data, {**{f: b"x" for f in FILES}, "accepted.json": accepted().replace(SHA256[:8].encode(), b"00000000")})
        with Lumad(data=self.data) as d:
            self.assertEqual(d.get("/system/stem-model")["state"], "asks")
            (self.data / "stem-model/accepted.json").write_bytes(b"{")
            self.assertEqual(d.get("/system/stem-model")["state"], "asks")
            (self.data / "stem-model/accepted.json").write_bytes(accepted())
            self.assertEqual(d.get("/system/stem-model")["state"], "ready")

    def test_a_model_that_cannot_be_used_is_told_and_stems_come_without_it(self):
        put_model(self.data, {**{f: b"x" for f in FILES}, "accepted.json": accepted()})
        with Lumad(data=self.data) as d:
            track = d.upload(music(3)).json
            d.wait_jobs(track["id"], 300)
            d.post(f"/tracks/{track['id']}/analyze", {"steps": ["stems"]})
            job = next(j for j in d.wait_jobs(track["id"], 300) if j["kind"] == "stems")
            self.assertEqual(job["state"], "done", job)
            self.assertIn("is not the model it should be", d.get(f"/jobs/{job['id']}")["log"])
            self.assertIn("were separated without the model", d.log.read_text())
            rows = d.get(f"/tracks/{track['id']}/stems")["items"]
            self.assertEqual({s["analyser"] for s in rows}, {"lumad-stems"})


    @unittest.skipUnless(is_installed, "the model is not installed")
    def test_what_was_finished_when_somebody_cancelled_is_gone_on_from(self):
        put_model(self.data, {**{f: INSTALLED / f for f in FILES}, "accepted.json": accepted()})
        with Lumad(data=self.data) as d:
            track = d.upload(music(14)).json
            job = d.post(f"/tracks/{track['id']}/analyze", {"steps": ["stems"]})["items"][0]
            pieces = lambda: sorted(f.name for f in (self.data / "stems").rglob("*.piece"))
            end = time.monotonic() + 300
            while not pieces():
                self.assertLess(time.monotonic(), end)
                time.sleep(0.05)
            d.post(f"/jobs/{job['id']}/cancel")
            d.wait_jobs(track["id"], 300)
            kept = pieces()
            self.assertIn(len(kept), (1, 2, 3))
            self.assertEqual(kept, sorted(f.name for f in (self.data / "stems").rglob("*") if f.is_file()))
            d.post(f"/jobs/{job['id']}/retry")
            self.assertEqual({j["state"] for j in d.wait_jobs(track["id"], 300)}, {"done"})
            self.assertEqual(pieces(), [])
            self.assertEqual({s["analyser"] for s in d.get(f"/tracks/{track['id']}/stems")["items"]}, {"htdemucs"})


class Worker(unittest.TestCase):
    """The program itself."""

    def setUp(self):
        self.tmp = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        (self.tmp / "in.wav").write_bytes(music(14))
        (self.tmp / "out").mkdir()
        build = pathlib.Path(os.environ.get("BUILD_DIR", ROOT / "build/release"))
        subprocess.run([build / "decode_worker", "--decode", self.tmp / "in.wav", "--out", self.tmp / "pcm"], check=True, stdout=subprocess.DEVNULL)
        self.command = [build / "stem_worker", "--model", INSTALLED, self.tmp / "pcm", self.tmp / "out"]

    def result(self, command=None):
        r = subprocess.run(command or self.command, capture_output=True, text=True)
        self.assertEqual(r.returncode, 0, r)
        lines = [json.loads(line) for line in r.stdout.splitlines()]
        for a, b in zip(lines, lines[1:-1]):
            self.assertLessEqual(a["progress"], b["progress"])
        return lines[-1]["result"], r.stderr

    def use(self, **files):
        """A folder with these in place of the installed ones."""
        put_model(self.tmp, {**{f: INSTALLED / f for f in FILES}, **files})
        self.command[2] = self.tmp / "stem-model"

    def test_a_folder_without_a_model(self):
        self.command[2] = self.tmp
        result, said = self.result()
        self.assertEqual(result["analyser"], "lumad-stems")
        self.assertIn("cannot be read: No such file or directory", result["warning"])
        self.assertIn(result["warning"], said)

    @unittest.skipUnless(is_installed, "the model is not installed")
    def test_no_runtime_or_a_broken_one(self):
        self.use(**{FILES[1]: b"no library"})
        result, _ = self.result()
        self.assertEqual(result["analyser"], "lumad-stems")
        self.assertIn("ONNX Runtime cannot be loaded", result["warning"])
        os.unlink(self.tmp / "stem-model" / FILES[1])
        self.assertIn("ONNX Runtime cannot be loaded", self.result()[0]["warning"])
        os.symlink("/usr/lib/x86_64-linux-gnu/libm.so.6" if os.path.exists("/usr/lib/x86_64-linux-gnu/libm.so.6") else "/lib64/libm.so.6",
                   self.tmp / "stem-model" / FILES[1])
        self.assertIn("is no ONNX Runtime", self.result()[0]["warning"])

    @unittest.skipUnless(is_installed, "the model is not installed")
    def test_no_memory(self):
        build = self.command[0]
        result, _ = self.result(["sh", "-c", f'ulimit -d 900000; exec "{build}" --model "{INSTALLED}" "{self.tmp}/pcm" "{self.tmp}/out"'])
        self.assertEqual(result["analyser"], "lumad-stems")
        self.assertIn("alloc", result["warning"])

    @unittest.skipUnless(is_installed, "the model is not installed")
    def test_a_killed_run_goes_on_where_it_was_and_comes_to_the_same(self):
        begin = os.times().children_user
        whole, _ = self.result()
        cost = os.times().children_user - begin
        self.assertEqual((whole["analyser"], [s["name"] for s in whole["stems"]]), ("htdemucs", ["drums", "bass", "vocals", "other"]))
        self.assertEqual({(s["sample_rate"], s["channels"]) for s in whole["stems"]}, {(44100, 2)})
        self.assertAlmostEqual(whole["stems"][0]["duration_seconds"], 14, 2)
        out = self.tmp / "out"
        self.assertEqual(sorted(f.name for f in out.iterdir()), [f"{n}.flac" for n in NAMES])
        for f in out.iterdir():
            f.unlink()
        with subprocess.Popen(self.command, stdout=subprocess.DEVNULL) as p:
            while p.poll() is None and not list(out.glob("htdemucs.1.*.piece")):
                time.sleep(0.02)
            p.send_signal(signal.SIGKILL)
        self.assertEqual(len(list(out.glob("htdemucs.*.piece"))), 2)
        begin = os.times().children_user
        again, _ = self.result()
        self.assertEqual([s["hash"] for s in again["stems"]], [s["hash"] for s in whole["stems"]])
        self.assertEqual(sorted(f.name for f in out.iterdir()), [f"{n}.flac" for n in NAMES])
        self.assertLess(os.times().children_user - begin, 0.75 * cost)      # one segment of three, and the model is loaded anew

    @unittest.skipUnless(is_installed, "the model is not installed")
    def test_silence_is_silent_and_costs_nothing(self):
        raw = (self.tmp / "pcm").read_bytes()
        (self.tmp / "pcm").write_bytes(raw[:64] + bytes(len(raw) - 64))
        before = os.times().children_user
        result, _ = self.result()
        self.assertEqual(result["analyser"], "htdemucs")
        self.assertLess(max(s["size_bytes"] for s in result["stems"]), 30000)
        self.assertLess(os.times().children_user - before, 4)
        self.assertEqual(len({hashlib.sha256((self.tmp / "out" / f"{n}.flac").read_bytes()).hexdigest() for n in NAMES}), 1)


if __name__ == "__main__":
    unittest.main()
