"""The WebSocket: topics, present state first, refusals, broken frames, slow clients."""
import struct
import threading
import time
import unittest
import uuid

from lumad import Lumad, Refused


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
            start, n = time.monotonic(), 0
            while time.monotonic() - start < 2:
                n += ws.expect("host-audio")["loaded"] is False
            self.assertTrue(30 <= n <= 45, n)
            ws.send({"type": "unsubscribe", "topics": ["host-audio"]})
            ws.send({"type": "ping"})
            ws.expect("pong")
            time.sleep(0.3)
            ws.send({"type": "ping"})
            self.assertEqual(ws.recv()["type"], "pong")

    def test_frames_and_their_rate(self):
        heads = self.d.get(f"/venues/{self.venue['id']}/heads")["items"]
        with self.d.socket() as ws:
            ws.subscribe("frame", max_fps=10)
            m = ws.expect(b"LMF1")
            magic, seq, patch, at, n = struct.unpack_from("<4sIIdH", m)
            self.assertEqual((n, len(m)), (len(heads), 22 + 10 * n))
            count, start, seqs = 0, time.monotonic(), [seq]
            while time.monotonic() - start < 2:
                seqs.append(struct.unpack_from("<I", ws.expect(b"LMF1"), 4)[0])
                count += 1
            self.assertTrue(16 <= count <= 24, count)
            self.assertEqual(seqs, sorted(seqs))
            self.d.post(f"/fixtures/{self.fixture['id']}/identify")
            ws.subscribe("frame", max_fps=44)
            deadline = time.monotonic() + 2
            while ws.expect(b"LMF1")[22] == 0:
                self.assertLess(time.monotonic(), deadline, "identify lights nothing")

    def test_dmx_comes_at_once_and_ten_times_a_second(self):
        with self.d.socket() as ws:
            start = time.monotonic()
            ws.subscribe("dmx/1", "dmx/9")
            got = {struct.unpack_from("<H", ws.expect(b"LMD1"), 4)[0] for _ in range(2)}
            self.assertEqual(got, {1, 9})
            self.assertLess(time.monotonic() - start, 0.5)
            m = ws.expect(b"LMD1")
            self.assertEqual(len(m), 6 + 512)
            count, start = 0, time.monotonic()
            while time.monotonic() - start < 2:
                ws.expect(b"LMD1")
                count += 1
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
        with self.d.socket() as good:
            def broken(send):
                ws = self.d.socket()
                try:
                    try:
                        send(ws)
                    except OSError:
                        pass
                    return ws.closed(8)
                finally:
                    ws.close()

            broken(lambda ws: ws.frame(3, b"reserved opcode"))
            broken(lambda ws: ws.sock.sendall(b"\xf1\x80\0\0\0\0"))                              # reserved bits
            broken(lambda ws: ws.frame(9, b"x" * 126))                                             # a control frame may have 125 bytes
            broken(lambda ws: ws.frame(0, b"continues nothing"))
            self.assertEqual(broken(lambda ws: ws.frame(1, b"\xff\xfe")).code, 1007)
            self.assertEqual(broken(lambda ws: ws.frame(2, b"binary")).code, 1003)
            self.assertEqual(broken(lambda ws: ws.frame(1, b" " * 70000)).code, 1009)
            broken(lambda ws: ws.sock.sendall(b"\x81\xff" + struct.pack("!Q", 1 << 62) + b"\0" * 4 + b"x" * 100000))
            good.send({"type": "ping"})
            good.expect("pong")
        self.assertEqual(self.d.get("/health")["status"], "ok")

    def test_a_message_in_pieces(self):
        with self.d.socket() as ws:
            ws.frame(1, b'{"type":', fin=False)
            ws.frame(9, b"between")
            ws.frame(0, b'"ping"}')
            ws.expect("pong")
            text = '{"type":"ping"' + " " * 60000 + "}"
            ws.send(text)
            ws.expect("pong")

    def test_a_client_that_reads_nothing_is_dropped(self):
        with self.d.socket(receive_buffer=4096) as stuck, self.d.socket() as good:
            stuck.subscribe("frame", "host-audio", *[f"dmx/{n}" for n in range(1, 65)], max_fps=44)
            good.subscribe("host-audio")
            start = last = time.monotonic()
            while time.monotonic() - start < 10:
                good.expect("host-audio")
                gap, last = time.monotonic() - last, time.monotonic()
                self.assertLess(gap, 1.0)
            start = time.monotonic()
            stuck.closed()              # what was on its way can still be read, then it is over
            self.assertLess(time.monotonic() - start, 3)


class Stopping(unittest.TestCase):
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
