"""Audio of every format comes in, sounds as it was, and says what it is; what is broken, lies or cannot be decoded here is refused in words.
tests/data/audio is a tone of 1 kHz, half as loud on the right, made with ffmpeg."""
import array
import json
import math
import os
import pathlib
import shutil
import struct
import subprocess
import tempfile
import time
import unittest
import wave

from lumad import ROOT, Lumad

NO_LIGHT = True
DATA = ROOT / "tests/data/audio"
BUILD = pathlib.Path(os.environ.get("BUILD_DIR", ROOT / "build/release"))
HAS_AV = (BUILD / "av_worker").exists()
THEIRS = {"m4a", "aac", "wma", "wv", "oga"}
# file: format, seconds, picture, says the artist
FILES = {
    "info.wav": ("wav", .1, None, True), "rf64.wav": ("wav", .1, None, True), "wave64.w64": ("w64", .1, None, False), "id3.aiff": ("aiff", .1, None, True),
    "texts.aif": ("aiff", .1, None, False), "strings.caf": ("caf", .1, None, True), "picture.flac": ("flac", .2, "image/jpeg", True), "vorbis.ogg": ("ogg", .5, None, True),
    "opus.opus": ("opus", .5, None, True), "id3v24.mp3": ("mp3", .5, "image/jpeg", True), "id3v23.mp3": ("mp3", .5, "image/png", True),
    "no_length.mp3": ("mp3", 24192 / 44100, None, False), "aac.m4a": ("m4a", .5, "image/jpeg", True), "alac.m4a": ("m4a", .2, "image/jpeg", True),
    "adts.aac": ("aac", 23552 / 44100, None, True), "wmav2.wma": ("wma", 20480 / 44100, "image/jpeg", True), "wavpack.wv": ("wv", .2, None, True), "flac.oga": ("oga", .2, None, True),
}
TYPES = {"wav": "audio/wav", "aiff": "audio/aiff", "m4a": "audio/mp4", "wma": "audio/x-ms-wma", "mp3": "audio/mpeg", "oga": "audio/ogg"}


def upload(d, name, data):
    return d.call("POST", f"/tracks?filename={name}", data, {"Content-Type": "application/octet-stream"})


def worker(file, *args):
    name = "av_worker" if file.suffix[1:] in THEIRS else "decode_worker"
    p = subprocess.run([BUILD / name, *args], stdout=subprocess.PIPE, timeout=60)
    return json.loads(p.stdout.splitlines()[-1])


def with_itunes_word(m4a, text):
    """The tag iTunSMPB put into a file whose `moov` is behind its sound."""
    def box(name, inside):
        return struct.pack(">I", 8 + len(inside)) + name + inside

    tag = box(b"----", box(b"mean", bytes(4) + b"com.apple.iTunes") + box(b"name", bytes(4) + b"iTunSMPB") + box(b"data", struct.pack(">II", 1, 0) + text.encode()))
    m4a, at, end = bytearray(m4a), 0, len(m4a)
    for name in b"moov", b"udta", b"meta", b"ilst":
        while m4a[at + 4:at + 8] != name:
            at += struct.unpack_from(">I", m4a, at)[0]
        size, = struct.unpack_from(">I", m4a, at)
        struct.pack_into(">I", m4a, at, size + len(tag))
        at, end = at + (12 if name == b"meta" else 8), at + size
    m4a[end:end] = tag
    return bytes(m4a)


class Formats(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.tmp = tempfile.TemporaryDirectory(prefix="lumad-formats-")
        cls.dir = pathlib.Path(cls.tmp.name).resolve()
        cls.d = Lumad(config=f"[library]\nimport_folders = {cls.dir}\n")
        cls.d.patch("/settings", {"stems": "demand"})

    @classmethod
    def tearDownClass(cls):
        cls.d.stop()
        cls.tmp.cleanup()

    def here(self):
        return {n: f for n, f in FILES.items() if HAS_AV or f[0] not in THEIRS}

    def test_every_format_comes_in_with_its_words_and_picture(self):
        for name, (kind, seconds, picture, has_artist) in self.here().items():
            with self.subTest(name):
                r = upload(self.d, name, (DATA / name).read_bytes())
                self.assertEqual(r.status, 201, r)
                t = r.json
                self.assertEqual(t["format"], kind)
                self.assertAlmostEqual(t["duration_seconds"], seconds, delta=.005)
                if has_artist:
                    self.assertEqual((t["title"], t["artist"], t["album"], t["genre"], t["year"]), ("Ton", "Künstler", "Album", "House", 2001))
                self.assertEqual(t["bpm"], 126.5 if name == "id3v24.mp3" else None)
                art = self.d.call("GET", f"/tracks/{t['id']}/art")
                self.assertEqual(art.status, 200 if picture else 404)
                if picture:
                    self.assertEqual((art.headers["Content-Type"], art.headers["ETag"], art.headers["X-Content-Type-Options"]), (picture, f'"{t["art_hash"]}"', "nosniff"))
                    again = self.d.call("GET", f"/tracks/{t['id']}/art", headers={"If-None-Match": art.headers["ETag"]})
                    self.assertEqual(again.status, 304)
                else:
                    self.assertIsNone(t["art_hash"])
                self.assertEqual(self.d.call("GET", f"/tracks/{t['id']}/audio").headers["Content-Type"], TYPES.get(kind, self.d.call("GET", f"/tracks/{t['id']}/audio").headers["Content-Type"]))

    def test_every_format_sounds_as_it_was(self):
        """1 kHz, half as loud on the right; found again in what is decoded, at every rate it came with."""
        out = self.dir / "out.pcm"
        for name, (kind, seconds, _, _) in self.here().items():
            with self.subTest(name):
                said = worker(DATA / name, "--decode", DATA / name, "--out", out)
                self.assertIn("result", said)
                raw = out.read_bytes()
                magic, rate, channels, frames = struct.unpack("<8sIIQ", raw[:24])
                self.assertEqual((magic, rate, frames), (b"LMPCM1\0\0", 48000, said["result"]["frames"]))
                self.assertAlmostEqual(frames / 48000, seconds, delta=.005)
                x = array.array("f", raw[64:])
                middle = range(frames // 4 // 48 * 48, frames * 3 // 4 // 48 * 48)
                for c, level in enumerate((.5, .25) if channels == 2 else (.375,)):
                    re = sum(x[i * channels + c] * math.cos(2 * math.pi * i / 48) for i in middle)
                    im = sum(x[i * channels + c] * math.sin(2 * math.pi * i / 48) for i in middle)
                    self.assertAlmostEqual(2 * math.hypot(re, im) / len(middle), level, delta=.05)

    @unittest.skipUnless(HAS_AV, "built without FFmpeg's libraries")
    def test_what_itunes_says_of_the_length_holds_to_the_frame(self):
        """Its tag counts frames where the edit list counts milliseconds; one that cannot be true is passed over."""
        out, file = self.dir / "out.pcm", self.dir / "said.m4a"
        for said, frames in (22037, 22037), (22061, 22061), (11025, 22050), (0, 22050), (1 << 40, 22050):
            with self.subTest(said):
                file.write_bytes(with_itunes_word((DATA / "aac.m4a").read_bytes(), f" 00000000 {1024:08X} {477:08X} {said:016X} 00000000"))
                self.assertEqual(worker(file, "--decode", file, "--out", out)["result"]["frames"], round(frames * 48000 / 44100))

    def test_what_is_cut_off_is_refused(self):
        for name, (kind, *_) in self.here().items():
            data = (DATA / name).read_bytes()
            if kind in ("mp3", "aac"):      # half of one without a length is one of half the length
                continue
            with self.subTest(name):
                r = upload(self.d, name, data[:len(data) * 6 // 10])
                self.assertEqual(r.status, 422, r)
                self.assertRegex(r.json["detail"], "cut off|no sound")

    def test_what_lies_is_refused(self):
        flac = bytearray((DATA / "picture.flac").read_bytes())
        at = flac.index(b"fLaC") + 8 + 13       # the low 32 bits of how many samples there are
        flac[at:at + 4] = struct.pack(">I", 44100 * 3600)
        wav = bytearray((DATA / "info.wav").read_bytes())
        rate = wav.index(b"fmt ") + 12
        wav[rate:rate + 4] = struct.pack("<I", 500000)
        for name, data, words in (("long.flac", flac, "cut off"), ("fast.wav", wav, "samples a second"), ("no.m4a", (DATA / "aac.m4a").read_bytes()[:40], "cut off"),
                                  ("words.mp3", b"These are only words. " * 100, "M4A"), ("empty.wav", b"", "empty")):
            with self.subTest(name):
                r = upload(self.d, name, bytes(data))
                self.assertIn(r.status, (415, 422) if data else (400, 411, 415, 422), r)
                if data:
                    self.assertIn(words, r.json["detail"])

    @unittest.skipUnless(HAS_AV, "built without FFmpeg's libraries")
    def test_noise_behind_good_frames_is_no_music(self):
        """Frames whose heads are right and whose sound is none: nobody would hear that from the length."""
        one = (DATA / "adts.aac").read_bytes()
        at = one.index(b"\xff\xf1")
        size = (one[at + 3] & 3) << 11 | one[at + 4] << 3 | one[at + 5] >> 5
        bad = bytearray(one[at:at + size])
        bad[7:] = bytes(i * 37 & 255 for i in range(size - 7))
        r = upload(self.d, "noise.aac", one + bytes(bad) * 400)
        self.assertEqual(r.status, 422, r)
        self.assertIn("cannot be decoded", r.json["detail"])

    def test_one_frame_is_a_track(self):
        file = self.dir / "one.wav"
        with wave.open(str(file), "wb") as w:
            w.setparams((2, 2, 192000, 0, "NONE", ""))
            w.writeframes(struct.pack("<hh", 1000, -1000))
        r = upload(self.d, "one.wav", file.read_bytes())
        self.assertEqual(r.status, 201, r)
        end = time.monotonic() + 60
        while time.monotonic() < end and any(j["state"] in ("queued", "running") for j in self.d.get(f"/jobs?track_id={r.json['id']}")["items"]):
            time.sleep(.1)
        jobs = {j["kind"]: j for j in self.d.get(f"/jobs?track_id={r.json['id']}")["items"]}
        self.assertEqual(jobs["decode"]["state"], "done", jobs["decode"])
        self.assertFalse([j for j in jobs.values() if j["state"] == "failed" and not j["error"]])

    def test_a_folder_lends_its_picture(self):
        folder = self.dir / "album"
        folder.mkdir()
        picture = b"\x89PNG\r\n\x1a\n" + bytes(range(200))
        (folder / "cover.png").write_bytes(picture)
        with wave.open(str(folder / "a.wav"), "wb") as w:
            w.setparams((1, 2, 8000, 0, "NONE", ""))
            w.writeframes(b"\1\0" * 8000)
        (folder / "own.flac").write_bytes((DATA / "picture.flac").read_bytes() + b"\0")
        outside = self.dir / "outside.jpg"
        outside.write_bytes(b"\xff\xd8\xff" + bytes(100))
        linked = self.dir / "linked"
        linked.mkdir()
        (linked / "cover.jpg").symlink_to(outside)
        with wave.open(str(linked / "b.wav"), "wb") as w:
            w.setparams((1, 2, 8000, 0, "NONE", ""))
            w.writeframes(b"\2\0" * 8000)
        r = self.d.call("POST", "/imports", {"path": str(self.dir)})
        self.assertEqual(r.status, 202, r)
        end = time.monotonic() + 60
        while time.monotonic() < end and self.d.get(f"/batches/{r.json['id']}")["state"] == "running":
            time.sleep(.1)
        tracks = {t["filename"]: t for t in self.d.get("/tracks?limit=200")["items"]}
        self.assertEqual(self.d.call("GET", f"/tracks/{tracks['a.wav']['id']}/art").body, picture)
        self.assertIsNone(tracks["b.wav"]["art_hash"])          # a link may lead anywhere


class Without(unittest.TestCase):
    def test_without_ffmpegs_libraries_it_is_said_what_to_install(self):
        with tempfile.TemporaryDirectory(prefix="lumad-without-") as folder:
            for name in ("lumad", "decode_worker"):
                shutil.copy(BUILD / name, folder)
            before = os.environ.get("LUMAD")
            os.environ["LUMAD"] = f"{folder}/lumad"
            try:
                with Lumad(own_workers=True) as d:
                    for name in ("aac.m4a", "adts.aac", "wmav2.wma"):
                        r = upload(d, name, (DATA / name).read_bytes())
                        self.assertEqual(r.status, 415, r)
                        self.assertIn("libavformat-dev", r.json["detail"])
                    self.assertEqual(upload(d, "info.wav", (DATA / "info.wav").read_bytes()).status, 201)
            finally:
                os.environ.pop("LUMAD") if before is None else os.environ.update(LUMAD=before)


if __name__ == "__main__":
    unittest.main()
