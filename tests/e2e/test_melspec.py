"""GET /tracks/{id}/melspec: which frequencies sound when, of any stretch at any width; whatever the query says, an answer or a clear no."""
import math
import random
import struct
import unittest

from lumad import Lumad

NO_LIGHT = True

RATE = 48000
HEADER = struct.Struct("<4sIIIddfffI")


def wav(samples):
    data = struct.pack(f"<{len(samples)}h", *(int(32767 * max(-1, min(1, s))) for s in samples))
    return b"RIFF" + struct.pack("<I", 36 + len(data)) + b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, RATE, RATE * 2, 2, 16) + b"data" + struct.pack("<I", len(data)) + data


def mel(hz):
    return math.log2(1 + hz / 700)


def band_of(hz, bands, low=20, high=16000):
    """The one whose middle is nearest."""
    return round((mel(hz) - mel(low)) / ((mel(high) - mel(low)) / (bands + 1))) - 1


class Melspec(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.d = Lumad()
        cls.addClassCleanup(cls.d.stop)
        # 4 s of 1 kHz, 4 s of silence, 4 s of 5 kHz
        tone = lambda hz, n: [0.5 * math.sin(2 * math.pi * hz * i / RATE) for i in range(n)]
        cls.track = cls.d.upload(wav(tone(1000, 4 * RATE) + [0.0] * (4 * RATE) + tone(5000, 4 * RATE))).json["id"]
        cls.d.wait_jobs(cls.track)

    def ask(self, query="", status=200, **headers):
        r = self.d.call("GET", f"/tracks/{self.track}/melspec{query}", headers=headers)
        self.assertEqual(r.status, status, (query, r.body[:300]))
        return r

    def draw(self, query=""):
        r = self.ask(query)
        magic, columns, bands, zero, start, end, low, high, floor, zero2 = HEADER.unpack_from(r.body)
        self.assertEqual((magic, zero, zero2, low, high, floor), (b"LMM1", 0, 0, 20, 16000, -80))
        self.assertEqual(len(r.body), HEADER.size + columns * bands)
        self.assertEqual(r.headers["Content-Type"], "application/octet-stream")
        at = HEADER.size
        return start, end, [r.body[at + c * bands:at + (c + 1) * bands] for c in range(columns)]

    def test_what_sounds_is_drawn_where_it_sounds(self):
        for query, bands in (("", 128), ("?bands=64", 64), ("?width=50&bands=16", 16), ("?start=0&end=12&width=4096", 128)):
            start, end, columns = self.draw(query)
            self.assertEqual((start, end), (0, 12))
            n = len(columns)
            for second, hz in ((2, 1000), (10, 5000)):
                column = columns[int(second / 12 * n)]
                self.assertLessEqual(abs(column.index(max(column)) - band_of(hz, bands)), 1, (query, hz))
                self.assertGreater(max(column), 255 * (1 - 12 / 80))            # -6 dB
            self.assertEqual(max(columns[n // 2]), 0)

    def test_a_stretch_is_drawn_as_it_is_in_the_whole(self):
        start, end, columns = self.draw("?start=3.5&end=4.5&width=100")
        self.assertEqual((start, end, len(columns)), (3.5, 4.5, 100))
        self.assertGreater(max(columns[40]), 200)
        self.assertEqual(max(columns[60]), 0)
        start, end, columns = self.draw("?start=11.9&end=12.9&width=10")        # beyond the end is silence
        self.assertGreater(max(columns[0]), 200)
        self.assertEqual(max(columns[9]), 0)
        _, _, columns = self.draw("?start=3.999&end=4.001&width=4096")          # far in: a column is shorter than a spectrum
        self.assertEqual(len(columns), 4096)
        _, _, columns = self.draw("?start=0&end=43200&width=1")
        self.assertEqual(len(columns), 1)

    def test_the_same_again_is_not_sent(self):
        r = self.ask("?width=200")
        self.ask("?width=200", 304, **{"If-None-Match": r.headers["ETag"]})
        self.assertEqual(self.ask("?width=200").body, r.body)
        self.assertNotEqual(self.ask("?width=201").headers["ETag"], r.headers["ETag"])
        self.assertNotEqual(self.ask("?width=200&start=1").headers["ETag"], r.headers["ETag"])

    def test_what_makes_no_sense_is_refused(self):
        for query in ("?bands=15", "?bands=129", "?bands=64.5", "?width=0", "?width=4097", "?width=1.5", "?width=x", "?start=-1", "?start=nan", "?end=inf", "?start=5&end=5",
                      "?start=6&end=5", "?start=12", "?start=0x10", "?end=1e99", "?start=&end=", "?width=", "?bands=%00"):
            problem = self.ask(query, 400).json
            self.assertTrue(problem["detail"], query)
        missing = self.d.call("GET", "/tracks/00000000-0000-4000-8000-000000000000/melspec")
        self.assertEqual(missing.status, 404)

    def test_any_query_has_an_answer(self):
        rng = random.Random(3)
        numbers = ("0", "1", "-1", "12", "11.999", "1e3", "43200", "43201", "0.0001", "1e-300", "1e308", "-0", "+3", ".5", "5.", "", "nan", "0x1p3", "128", "16", "4096", "7")
        for _ in range(150):
            query = "?" + "&".join(f"{name}={rng.choice(numbers)}" for name in rng.sample(("start", "end", "bands", "width"), rng.randint(1, 4)))
            r = self.d.call("GET", f"/tracks/{self.track}/melspec{query}")
            self.assertIn(r.status, (200, 400), query)
            if r.status == 200:
                _, columns, bands, *_ = HEADER.unpack_from(r.body)
                self.assertEqual(len(r.body), HEADER.size + columns * bands, query)
        self.assertEqual(self.d.get("/host-audio")["loaded"], False)            # still there


if __name__ == "__main__":
    unittest.main()
