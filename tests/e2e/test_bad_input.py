"""What no honest client sends: each is refused with words or a closed socket, keeps nothing, and the show does not notice."""
import json
import time
import unittest

from lumad import BASE, Lumad, tone

NO_LIGHT = True


class BadInput(unittest.TestCase):
    """The demo plays all the while."""

    @classmethod
    def setUpClass(cls):
        cls.d = Lumad("--demo")
        deadline = time.monotonic() + 30
        while not cls.d.get("/host-audio")["playing"]:
            assert time.monotonic() < deadline, "the demo does not play"
            time.sleep(0.05)

    @classmethod
    def tearDownClass(cls):
        cls.d.stop()

    def tearDown(self):
        before, deadline = self.d.get("/system")["dmx"], time.monotonic() + 2
        while self.d.get("/system")["dmx"]["frames"] < before["frames"] + 5:
            self.assertLess(time.monotonic(), deadline, "no frames are made")
        self.assertTrue(self.d.get("/host-audio")["playing"])
        self.assertEqual(self.d.get("/health")["status"], "ok")

    def problem(self, reply, status, *paths):
        self.assertEqual(reply.status, status, reply)
        self.assertTrue(reply.json["detail"], reply)
        for path in paths:
            self.assertIn(path, [e["path"] for e in reply.json["errors"]], reply)

    def send(self, text, timeout=8):
        """Bytes as they are; everything that comes back until the far end closes."""
        got = b""
        with self.d.raw() as s:
            s.settimeout(timeout)
            s.sendall(text if isinstance(text, bytes) else text.encode("latin-1"))
            try:
                while piece := s.recv(65536):
                    got += piece
            except ConnectionError:
                pass
        return got


class Http(BadInput):
    def test_what_two_parsers_read_in_two_ways_is_refused(self):
        host, body = f"Host: 127.0.0.1:{self.d.port}", '{"name":"SMUGGLED"}'
        chunked = f"{len(body):x}\r\n{body}\r\n0\r\n\r\n"
        length, coded = f"Content-Length: {len(body)}", "Transfer-Encoding: chunked"
        for heads, sent in (([length, "Content-Length: 0"], body), ([length, length], body), ([length, coded], chunked), ([coded, coded], chunked),
                            (["Transfer-Encoding: identity"], body), (["Transfer-Encoding: gzip, chunked"], chunked), (["Transfer-Encoding:"], chunked),
                            ([length, f"Origin: http://127.0.0.1:{self.d.port}", "Origin: http://evil.example"], body),
                            ([length, "Origin : http://evil.example"], body), ([length, "Origin: http:\r\n //evil.example"], body),
                            ([length, "X-A: b\r\n Content-Length: 0"], body)):
            head = "\r\n".join([f"POST {BASE}/venues HTTP/1.1", host, "Content-Type: application/json", *heads])
            got = self.send(f"{head}\r\n\r\n{sent}")
            self.assertTrue(got.startswith(b"HTTP/1.1 400 "), (heads, got))
            self.assertEqual(got.count(b"HTTP/1.1 "), 1, (heads, got))
            self.assertTrue(json.loads(got.partition(b"\r\n\r\n")[2])["detail"])
        self.assertNotIn("SMUGGLED", [v["name"] for v in self.d.get("/venues")["items"]])

    def test_a_client_that_asks_first_hears_the_refusal_instead_of_continue(self):
        got = self.send(f"POST {BASE}/venues HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 19\r\nExpect: 100-continue\r\n\r\n")
        self.assertTrue(got.startswith(b"HTTP/1.1 403 "), got)

    def test_more_query_parameters_than_memory_end_the_connection_and_nothing_else(self):
        query = "&".join(f"a{i}={i}" for i in range(5000))
        self.send(f"GET {BASE}/venues?{query} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")     # a leak would fail the stop under ASan

    def test_an_upload_that_fails_on_its_way_is_told_why(self):
        noise = b"no music at all " * 131072            # 2 MiB, in pieces
        reply = self.d.upload(b"RIFF\x00\x00\x20\x00AVI " + noise)
        self.assertIn(reply.status, (415, 422), reply)
        multipart = self.d.call("POST", "/tracks", noise, {"Content-Type": "multipart/form-data; boundary=b"})
        self.problem(multipart, 400)
        broken = b'--b\r\nContent-Disposition: form-data; name="f"; filename="a.wav"\r\n\r\n' + b"x" * 100 + b"\r\n--b???" + noise
        self.problem(self.d.call("POST", "/tracks", broken, {"Content-Type": "multipart/form-data; boundary=b"}), 400)
        end = time.monotonic() + 5                      # the answer goes out before what was begun is cleared away
        while time.monotonic() < end and list(self.d.dir.rglob(".upload*")):
            time.sleep(0.02)
        self.assertEqual(list(self.d.dir.rglob(".upload*")), [])

    def test_a_folder_that_takes_no_file_is_not_the_clients_fault(self):
        tracks = self.d.dir / "tracks"
        tracks.rename(self.d.dir / "aside")
        tracks.write_text("in the way")
        try:
            self.problem(self.d.upload(tone(0.2)), 503)
        finally:
            tracks.unlink()
            (self.d.dir / "aside").rename(tracks)


class Sockets(BadInput):
    HEADS = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version": "13"}

    def handshake(self, *more, line="GET /ws HTTP/1.1", **changed):
        heads = {"Host": f"127.0.0.1:{self.d.port}", **self.HEADS, **{k.replace("_", "-"): v for k, v in changed.items()}}
        lines = [line, *(f"{k}: {v}" for k, v in heads.items() if v is not None), *more]
        return self.send("\r\n".join(lines) + "\r\n\r\n")

    def test_a_handshake_is_whole_or_refused_with_words(self):
        for want, got in ((426, self.handshake(Sec_WebSocket_Version="12")), (426, self.handshake(Sec_WebSocket_Version=None)),
                          (400, self.handshake(Sec_WebSocket_Key="x")), (400, self.handshake(Sec_WebSocket_Key=None)), (400, self.handshake(Connection=None)),
                          (400, self.handshake(Sec_WebSocket_Protocol="other")), (400, self.handshake("Content-Length: 4")), (400, self.handshake("Transfer-Encoding: chunked")),
                          (400, self.handshake("X-Forwarded-For : 10.0.0.1")), (400, self.handshake("Origin : http://evil.example")), (400, self.handshake("X: a\0b")),
                          (400, self.handshake("X: a\nOrigin: http://evil.example")), (400, self.handshake(line="GET /ws HTTP/1.0")),
                          (400, self.handshake("Host: evil.example"))):
            self.assertTrue(got.startswith(f"HTTP/1.1 {want} ".encode()), got)
            self.assertTrue(json.loads(got.partition(b"\r\n\r\n")[2])["detail"], got)
        with self.d.socket(protocol="chat, lumad.v1") as ws:
            ws.send({"type": "ping"})
            ws.expect("pong")


class Bodies(BadInput):
    def test_autoplay_keeps_no_wrong_type(self):
        before = self.d.get("/show/autoplay")
        for value in (None, 1, -0.0, True, [], {}, "sometimes"):
            self.problem(self.d.call("PUT", "/show/autoplay", {"repeat": value}), 422, "/repeat")
        self.assertEqual(self.d.get("/show/autoplay"), before)

    def test_a_graph_of_nothing_but_errors_does_not_flood_the_journal(self):
        pattern = next(p["id"] for p in self.d.get("/patterns")["items"])
        graph = {k: v for k, v in self.d.get(f"/patterns/{pattern}/graph").items() if k in ("nodes", "edges", "args")}
        before = self.d.log.stat().st_size
        broken = {"nodes": [{"id": f"n{i}", "type": "math", "params": {}} for i in range(400)], "edges": [], "args": []}
        self.assertEqual(len(self.d.put(f"/patterns/{pattern}/graph", broken)["errors"]), 400)
        time.sleep(0.5)
        self.assertEqual(self.d.put(f"/patterns/{pattern}/graph", graph)["errors"], [])
        self.assertLess(self.d.log.stat().st_size - before, 20000)

    def test_an_interface_is_named_like_one(self):
        venue = self.d.get("/venues")["items"][0]["id"]
        for name in ("a b", "../x", "eth0\n", "e:1", "é"):
            self.problem(self.d.call("POST", f"/venues/{venue}/outputs", {"universe": 1, "interface": name}), 422, "/interface")

    def test_a_segment_has_at_least_one_sample(self):
        now = self.d.get("/host-audio")
        self.problem(self.d.call("POST", "/host-audio/load-segment", {"track_id": now["track_id"], "start_time": 1, "end_time": 1 + 1e-12}), 422)


if __name__ == "__main__":
    unittest.main()
