"""The WebSocket: topics, present state first, refusals, broken frames, slow clients."""
import os
import pathlib
import struct
import threading
import time
import unittest
import uuid

from lumad import Lumad, Refused, tone


class Sockets(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.d = Lumad()
        cls.venue = cls.d.post("/venues", {"name": "Club"})
        cls.fixture = cls.d.post(f"/venues/{cls.venue['id']}/fixtures", {
            "universe": 1, "address": 1, "fixture_path": "builtin:generic-dimmer", "mode_name": "1 Channel"})
        cls.d.put("/show", {"venue_id": cls.venue["id"], "mode": "score"})

    @classmethod
    def tearDownClass(cls):
        cls.d.stop()

    def test_hello_ping_and_what_is_not_understood(self):
        with self.d.socket() as ws:
            self.assertEqual(ws.hello["version"], self.d.get("/system")["version"])
            uuid.UUID(ws.hello["client"])
            ws.send({"type": "ping"})
            ws.expect("pong")
            for bad in ("nonsense", "[]", "{}", '{"type":"dance"}', '{"type":"subscribe"}', '{"type":"subscribe","topics":["nothing"]}',
                        '{"type":"subscribe","topics":["dmx/0"]}', '{"type":"subscribe","topics":["dmx/1x"]}', '{"type":"subscribe","topics":[7]}',
                        '{"type":"subscribe","topics":[],"max_fps":0}', '{"type":"ping","more":1}', "[" * 1000, ""):
                ws.send(bad)
                error = ws.expect("error")
                self.assertTrue(error["code"] and error["message"], (bad, error))
            ws.send({"type": "ping"})
            ws.expect("pong")

    def test_without_a_protocol(self):
        with self.d.socket(protocol=None) as ws:
            ws.send({"type": "ping"})
            ws.expect("pong")

    def test_host_audio_comes_twenty_times_a_second(self):
        with self.d.socket() as ws:
            ws.subscribe("host-audio")
            ws.expect("host-audio")
            n = ws.count("host-audio", 2, 30, 45, loaded=False)
            self.assertTrue(30 <= n <= 45, n)
            ws.send({"type": "unsubscribe", "topics": ["host-audio"]})
            ws.send({"type": "ping"})
            ws.expect("pong")
            time.sleep(0.3)
            ws.send({"type": "ping"})
            self.assertEqual(ws.recv()["type"], "pong")

    def test_meters_come_twenty_times_a_second_and_silence_is_their_floor(self):
        self.assertLess(self.d.first_message("meters", 0.5, "meters"), 0.5)
        with self.d.socket() as ws:
            ws.subscribe("meters")
            m = ws.expect("meters")
            self.assertEqual((m["topic"], m["peak"], m["lufs"], m["input"]), ("meters", [-120, -120], -120, None))
            self.assertEqual((len(m["bands"]), [len(b) for b in m["channel_bands"]]), (32, [32, 32]))
            n = ws.count("meters", 1, 15, 23)
            self.assertTrue(15 <= n <= 23, n)

    def test_host_audio_is_on_the_beat_beside_changes(self):
        """A change is said at once, and the message after it comes when it would have come anyway."""
        with self.d.socket() as ws:
            ws.subscribe("host-audio")
            ws.expect("host-audio")
            for _ in range(5):          # who reads here is late himself on a busy machine
                beats, began = [], time.monotonic()
                while time.monotonic() - began < 1.5:
                    seq = ws.heard[-1]["seq"]
                    if ws.expect("host-audio")["seq"] == seq:
                        beats.append(time.monotonic() - began)
                        if len(beats) % 5 == 0:
                            self.d.post("/host-audio/volume", {"db": -len(beats) / 10})
                off = sorted(abs((b - beats[0] + 0.025) % 0.05 - 0.025) for b in beats)
                if off[len(off) // 2] < 0.008:
                    break
            self.assertLess(off[len(off) // 2], 0.008, beats)
            self.d.post("/host-audio/volume", {"db": 0})

    def test_frames_and_their_rate(self):
        heads = self.d.get(f"/venues/{self.venue['id']}/heads")["items"]
        with self.d.socket() as ws:
            ws.subscribe("frame", max_fps=10)
            m = ws.expect(b"LMF1")
            magic, seq, patch, at, n = struct.unpack_from("<4sIIdH", m)
            self.assertEqual((n, len(m)), (len(heads), 22 + 10 * n))
            count = ws.count(b"LMF1", 2, 16, 24)
            self.assertTrue(16 <= count <= 24, count)
            seqs = [seq, *(struct.unpack_from("<I", m, 4)[0] for m in ws.heard if isinstance(m, bytes))]
            self.assertEqual(seqs, sorted(seqs))
            self.d.post(f"/fixtures/{self.fixture['id']}/identify")
            ws.subscribe("frame", max_fps=44)
            deadline = time.monotonic() + 2
            while ws.expect(b"LMF1")[22] == 0:
                self.assertLess(time.monotonic(), deadline, "identify lights nothing")

    def test_dmx_comes_at_once_and_ten_times_a_second(self):
        self.assertLess(self.d.first_message(b"LMD1", 0.5, "dmx/9"), 0.5)
        with self.d.socket() as ws:
            ws.subscribe("dmx/1", "dmx/9")
            got = {struct.unpack_from("<H", ws.expect(b"LMD1"), 4)[0] for _ in range(2)}
            self.assertEqual(got, {1, 9})
            m = ws.expect(b"LMD1")
            self.assertEqual(len(m), 6 + 512)
            count = ws.count(b"LMD1", 2, 30, 44)
            self.assertTrue(30 <= count <= 44, count)           # two universes

    def test_changes_say_what_changed(self):
        with self.d.socket() as ws:
            ws.subscribe("changes")
            self.assertEqual(ws.expect("changed")["table"], "*")
            v = self.d.post("/venues", {"name": "New"})
            self.assertEqual(ws.expect("changed", table="venues", id=v["id"], op="i")["version"], v["version"])
            v = self.d.patch(f"/venues/{v['id']}", {"name": "Newer"})
            self.assertEqual(ws.expect("changed", table="venues", id=v["id"], op="u")["version"], v["version"])
            self.d.delete(f"/venues/{v['id']}")
            ws.expect("changed", table="venues", id=v["id"], op="d")

    def test_system_and_jobs_come_with_their_present_state(self):
        with self.d.socket() as ws:
            ws.subscribe("system", "jobs")
            self.assertIsInstance(ws.expect("system")["warnings"], list)

    def test_a_seek_is_said_at_once(self):
        with self.d.socket() as ws:
            ws.subscribe("host-audio")
            before = ws.expect("host-audio")["seq"]
            self.d.post("/host-audio/unload")
            self.assertGreaterEqual(ws.expect("host-audio")["seq"], before)

    def test_foreign_pages_and_hosts_are_refused(self):
        host = f"127.0.0.1:{self.d.port}"
        for kw in ({"host": "evil.example"}, {"origin": "http://evil.example"}, {"origin": "null"}, {"origin": f"http://localhost:{self.d.port}"}):
            with self.assertRaises(Refused) as r:
                self.d.socket(**kw)
            self.assertEqual(r.exception.status, 403, kw)
            self.assertIn("detail", r.exception.body)
        for name in ("X-Forwarded-For", "Forwarded"):
            with self.assertRaises(Refused) as r:
                self.d.socket(headers={name: "for=10.0.0.1"})
            self.assertEqual(r.exception.status, 401)
        with self.assertRaises(Refused) as r:
            self.d.socket(headers={"Host": "evil.example"})     # a second one
        self.assertEqual(r.exception.status, 400)
        with self.d.socket(origin=f"http://{host}"):
            pass

    def test_broken_frames_close_the_socket_and_nothing_else(self):
        """RFC 6455: each of these fails the connection. An opened socket says nothing but hello, so whatever closes it is the frame's doing."""
        ping = b'{"type":"ping"}'

        def raw(*bytes_):
            return lambda ws: ws.sock.sendall(b"".join(bytes_))

        def frames(*parts, **kw):
            return lambda ws: [ws.frame(op, data, fin=fin, **kw) for op, data, fin in parts]

        mask = b"\1\2\3\4"
        cases = [
            *((f"{what} that is not masked", None, frames((op, data, True), masked=False))         # 5.1: "MUST close"
              for what, op, data in (("a text", 1, ping), ("an empty text", 1, b""), ("a binary", 2, b"x"), ("a ping", 9, b""), ("a ping with words", 9, b"x" * 125),
                                     ("a pong", 10, b"x"), ("a close", 8, b"\3\xe8"), ("a long text", 1, b" " * 3000))),
            ("a second fragment that is not masked", None, lambda ws: (ws.frame(1, b'{"type":', fin=False), ws.frame(0, b'"ping"}', masked=False))),
            ("a continuation of nothing that is not masked", None, frames((0, ping, True), masked=False)),
            *((f"opcode {op}", None, frames((op, b"reserved", True))) for op in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)),
            *((f"reserved bit {bit:#x}", None, raw(bytes([0x81 | bit, 0x80]), mask)) for bit in (0x10, 0x20, 0x40)),
            ("a control frame of 126 bytes", None, frames((9, b"x" * 126, True))),
            ("a control frame in pieces", None, frames((9, b"x", False))),
            ("a continuation of nothing", None, frames((0, ping, True))),
            ("a text within a text", None, frames((1, b'{"type":', False), (1, ping, True))),
            ("16 bits for a short length", None, raw(b"\x81\xfe\0\x05", mask, b"abcde")),
            ("64 bits for a short length", None, raw(b"\x81\xff", struct.pack("!Q", 300), mask, b"a" * 300)),
            ("a length above 63 bits", None, raw(b"\x81\xff", struct.pack("!Q", 1 << 63), mask)),
            ("a length nobody has", None, raw(b"\x81\xff", struct.pack("!Q", 1 << 62), mask, b"x" * 100000)),
            ("no UTF-8", 1007, frames((1, b"\xff\xfe", True))),
            ("half a character at the end", 1007, frames((1, b"\xe2\x82", True))),
            ("a surrogate, over two fragments", 1007, frames((1, b"\xed", False), (0, b"\xa0\x80", True))),
            ("a binary message", 1003, frames((2, b"binary", True))),
            ("a message too large", 1009, frames((1, b" " * 70000, True))),
            ("a message too large in fragments", 1009, frames((1, b" " * 40000, False), (0, b" " * 40000, True))),
            ("a message of crumbs", 1008, frames((1, b"{", False), *[(0, b" ", False)] * 1100)),
            *((f"close code {code}", None, frames((8, struct.pack("!H", code), True))) for code in (0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 65535)),
            ("a close reason that is no UTF-8", None, frames((8, b"\3\xe8\xff\xff", True))),
            ("a close of one byte", None, frames((8, b"\3", True))),
            ("a TLS hello", None, raw(b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03" + b"x" * 100)),
            ("HTTP", None, raw(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")),
        ]
        with self.d.socket() as good:
            for what, code, send in cases:
                with self.subTest(what), self.d.socket() as ws:
                    try:
                        send(ws)
                    except OSError:
                        pass
                    end = ws.closed(8)          # who is merely silent is dropped after 12 s
                    self.assertNotIn("pong", [m.get("type") for m in ws.heard if isinstance(m, dict)], "it was obeyed")
                    if code:
                        self.assertEqual(end.code, code)
            good.send({"type": "ping"})
            good.expect("pong")
        self.assertEqual(self.d.get("/health")["status"], "ok")

    def test_a_close_is_answered_with_its_code(self):
        with self.d.socket() as ws:
            ws.frame(8, struct.pack("!H", 4321) + "auf Wiederhören".encode())
            self.assertEqual(ws.closed(3).code, 4321)

    def test_frames_right_behind_the_handshake_count(self):
        ws = self.d.socket(behind=b"\x89\x80\0\0\0\0\x81\x8f\0\0\0\0" + b'{"type":"ping"}')
        with ws:
            ws.expect("pong")

    def thread_seconds(self, name):
        for stat in pathlib.Path(f"/proc/{self.d.proc.pid}/task").glob("*/stat"):
            head, _, rest = stat.read_text().rpartition(")")
            if head.partition("(")[2] == name:
                return sum(map(int, rest.split()[11:13])) / os.sysconf("SC_CLK_TCK")

    def test_who_pings_and_reads_nothing_costs_no_memory(self):
        def rss():
            status = pathlib.Path(f"/proc/{self.d.proc.pid}/status").read_text()
            return int(status.partition("VmRSS:")[2].split()[0])

        ping = b"\x89\xfd\0\0\0\0" + b"x" * 125
        with self.d.socket(receive_buffer=4096) as flood, self.d.socket() as good:
            before = rss()
            flood.sock.settimeout(0.2)
            sent, end = 0, time.monotonic() + 4
            try:
                while time.monotonic() < end:
                    sent += flood.sock.send(ping * 500)
            except OSError:
                pass
            self.assertGreater(sent, 100000)
            good.send({"type": "ping"})
            good.expect("pong")
            self.assertLess(rss() - before, 8000)
            used = self.thread_seconds("ws")
            time.sleep(2)
            self.assertLess(self.thread_seconds("ws") - used, 0.2)      # what it does not read does not keep it awake

    def test_a_message_in_pieces(self):
        with self.d.socket() as ws:
            ws.frame(1, b'{"type":', fin=False)
            ws.frame(9, b"between")
            ws.frame(0, b'"ping"}')
            ws.expect("pong")
            text = '{"type":"ping"' + " " * 60000 + "}"
            ws.send(text)
            ws.expect("pong")

    def test_who_reads_nothing_or_answers_no_ping_is_dropped(self):
        with self.d.socket(receive_buffer=4096) as stuck, self.d.socket() as silent, self.d.socket() as good:
            stuck.subscribe("frame", "host-audio", *[f"dmx/{n}" for n in range(1, 65)], max_fps=44)
            good.subscribe("host-audio")
            start = last = time.monotonic()
            while time.monotonic() - start < 14:
                good.expect("host-audio")
                gap, last = time.monotonic() - last, time.monotonic()
                self.assertLess(gap, 5)         # to wait for them until they are dropped would be 12 s
            stuck.closed()              # what was on its way can still be read, then it is over
            silent.closed()


class Stopping(unittest.TestCase):
    def test_sockets_close_while_workers_are_started(self):
        """Between fork and exec a worker has every socket too: one that closes then was heard of once more."""
        with Lumad() as d:
            end, closed = time.monotonic() + 2, []

            def come_and_go():
                while time.monotonic() < end:
                    d.socket().close()
                    closed.append(1)
            threads = [threading.Thread(target=come_and_go) for _ in range(4)]
            for t in threads:
                t.start()
            for i in range(1000):
                if time.monotonic() > end:
                    break
                d.upload(tone(0.5, 100 + i, 8000))
            for t in threads:
                t.join()
            self.assertGreater(len(closed), 50)
            self.assertIsNone(d.proc.poll())

    def test_sockets_are_told(self):
        with Lumad() as d, d.socket() as ws:
            told = threading.Thread(target=lambda: codes.append(ws.closed().code))
            codes = []
            told.start()
            self.assertLess(d.stop(), 5)
            told.join(10)
            self.assertEqual(codes, [1001])


if __name__ == "__main__":
    unittest.main()
