"""Start a scratch lumad, talk to it, stop it. Standard library only.

    with Lumad() as d:
        venue = d.post("/venues", {"name": "Club"})
        with d.socket() as ws:
            ws.subscribe("host-audio")
            ws.expect("host-audio")
"""
import array
import base64
import collections
import hashlib
import http.client
import io
import json
import math
import os
import pathlib
import shlex
import socket
import struct
import subprocess
import tempfile
import time
import wave

ROOT = pathlib.Path(__file__).resolve().parents[2]
BASE = "/api/v1"


class Reply:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body) if self.body else None

    def __repr__(self):
        return f"{self.status} {self.body[:600]!r}"


def network():
    return os.stat("/proc/thread-self/ns/net").st_ino


HOME = network()


def quick_workers(folder):
    """Separating the demo's stems takes a sanitizer a minute, each time: where it is not what is tested, the program built without one does it."""
    build = pathlib.Path(os.environ.get("BUILD_DIR", ""))
    worker = build.parent / "release/stem_worker"
    if build.name in ("asan", "tsan", "trap") and worker.exists():
        folder.mkdir()
        (folder / worker.name).symlink_to(worker.resolve())
    return {"LUMAD_WORKERS": str(folder)} if folder.exists() else {}


class Lumad:
    """Logs are shown only when something failed."""

    timeout = 120           # seconds after which a request, or the end, is taken to hang: with a sanitizer, beside eight other tests on one slow processor, an honest one takes 40

    def __init__(self, *args, data=None, config="", env=None, own_workers=False):
        self.tmp = tempfile.TemporaryDirectory(prefix="lumad-")
        self.dir = pathlib.Path(data or pathlib.Path(self.tmp.name, "data"))
        self.dir.mkdir(parents=True, exist_ok=True)
        self.log = pathlib.Path(self.tmp.name, "log")
        conf = pathlib.Path(self.tmp.name, "lumad.conf")
        # On the machine's own network no test may look for nodes or be heard: only the loopback is for lighting. In a namespace (netrig.py) everything is.
        config += "[dmx]\ninterfaces = lo\n" if network() == HOME and "[dmx]" not in config else ""
        # Analysis gets what nothing else wants: beside other tests that may be nothing at all.
        conf.write_text(config + ("[jobs]\npriority = low\n" if "[jobs]" not in config else ""))
        binary = os.environ.get("LUMAD", str(ROOT / "build/release/lumad"))
        log = self.log.open("wb")
        under = shlex.split(os.environ.get("UNDER", ""))        # e.g. valgrind
        self.proc = subprocess.Popen(
            [*under, binary, "--config", str(conf), "--data", str(self.dir), "--http", "127.0.0.1:0", "--ready-fd", "1", *args],
            stdout=subprocess.PIPE, stderr=log, text=True,
            env={"LUMAD_SHARE": str(ROOT), **os.environ, "LUMAD_STEM_MODEL": "",                    # no minutes of a model that is installed here
                 **({} if own_workers else quick_workers(pathlib.Path(self.tmp.name, "workers"))), **(env or {})})
        log.close()
        ready = self.proc.stdout.readline()     # {"http": 40123}; no polling, no sleeps
        if not ready:
            self.proc.wait(20)
            said = self.log.read_text()
            self.proc.stdout.close()
            self.tmp.cleanup()
            raise RuntimeError("lumad did not start:\n" + said)
        self.port = json.loads(ready)["http"]

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.stop(show_log=bool(kind))

    def stop(self, show_log=False, code=0):
        """SIGTERM; a sanitizer's exit code is a failed test. Returns how long it took. The second call does nothing."""
        if self.proc.returncode is not None:
            return 0
        start = time.monotonic()
        self.proc.terminate()
        got = self.proc.wait(self.timeout)
        took = time.monotonic() - start
        self.proc.stdout.close()
        if show_log or got != code:
            print(self.log.read_text())
        self.tmp.cleanup()
        assert got == code, f"lumad exited {got}"
        return took

    def kill(self):
        self.proc.kill()
        self.proc.wait(10)
        self.proc.stdout.close()

    # --- REST ---

    def call(self, method, path, body=None, headers=None, base=BASE):
        """`body`: bytes go as they are, anything else as JSON. Host is what a browser would send."""
        headers = dict(headers or {})
        if body is not None and not isinstance(body, (bytes, bytearray)):
            body = json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=self.timeout)
        try:
            c.request(method, base + path, body, headers)
            r = c.getresponse()
            return Reply(r.status, r.headers, r.read())
        finally:
            c.close()

    def _ok(self, *args, **kw):
        r = self.call(*args, **kw)
        assert 200 <= r.status < 300, (args[:2], r)
        return r.json

    def get(self, path):
        return self._ok("GET", path)

    def post(self, path, body=None):
        return self._ok("POST", path, {} if body is None else body)

    def put(self, path, body):
        return self._ok("PUT", path, body)

    def patch(self, path, body):
        return self._ok("PATCH", path, body)

    def delete(self, path):
        return self._ok("DELETE", path)

    def upload(self, data, name="tune.wav", type="audio/wav"):
        return self.call("POST", f"/tracks?filename={name}", data, {"Content-Type": type})

    def wait_jobs(self, track_id, seconds=240):
        """Until nothing of this track is queued, running, or about to be because what it was made from has changed; the jobs."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            analysis = self.get(f"/tracks/{track_id}")["analysis"].values()
            jobs = self.get(f"/jobs?track_id={track_id}")["items"]
            if jobs and all(j["state"] not in ("queued", "running") for j in jobs) and not any(a["stale"] for a in analysis):
                return jobs
            time.sleep(0.05)
        raise AssertionError(f"jobs did not end: {jobs}")

    def first_message(self, type, limit, *topics, **more):
        """Seconds from subscribing to the first message of this type; asked again, up to five times, when a busy machine took longer than `limit`."""
        for _ in range(5):
            with self.socket() as ws:
                start = time.monotonic()
                ws.subscribe(*topics, **more)
                ws.expect(type)
                took = time.monotonic() - start
            if took < limit:
                break
        return took

    def raw(self):
        """A plain connection, for what http.client would not send."""
        return socket.create_connection(("127.0.0.1", self.port), 20)

    def socket(self, **kw):
        return WebSocket(self.port, **kw)


class Closed(Exception):
    """The far end closed: `code` and `reason` of its close frame, None when there was none."""

    def __init__(self, code=None, reason=""):
        super().__init__(f"closed: {code} {reason}")
        self.code, self.reason = code, reason


class Refused(Exception):
    def __init__(self, status, body):
        super().__init__(f"{status} {body}")
        self.status, self.body = status, body


class WebSocket:
    """RFC 6455, client side: whole frames, text and binary, and whatever wrong bytes a test wants to send."""

    def __init__(self, port, path="/ws", protocol="lumad.v1", host=None, origin=None, headers=None, receive_buffer=0, behind=b""):
        self.sock = socket.socket()
        if receive_buffer:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.sock.settimeout(20)
        self.sock.connect(("127.0.0.1", port))
        self.file = self.sock.makefile("rb")
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [f"GET {path} HTTP/1.1", f"Host: {host or f'127.0.0.1:{port}'}", "Upgrade: websocket", "Connection: Upgrade",
                 f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13"]
        if protocol:
            lines.append(f"Sec-WebSocket-Protocol: {protocol}")
        if origin:
            lines.append(f"Origin: {origin}")
        lines += [f"{k}: {v}" for k, v in (headers or {}).items()]
        self.sock.sendall(("\r\n".join(lines) + "\r\n\r\n").encode() + behind)
        status = self.file.readline()
        if b" 101 " not in status:
            rest = self.file.read()
            self.close()
            raise Refused(int(status.split()[1]) if status else 0, rest.partition(b"\r\n\r\n")[2].decode())
        answer = dict(line.split(": ", 1) for line in iter(lambda: self.file.readline().decode().strip(), ""))
        accept = base64.b64encode(hashlib.sha1(key.encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()).decode()
        assert answer["Sec-WebSocket-Accept"] == accept, answer
        assert answer.get("Sec-WebSocket-Protocol") == ("lumad.v1" if protocol else None), answer
        self.heard = collections.deque(maxlen=50)
        self.hello = self.recv()
        assert self.hello["type"] == "hello", self.hello

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def frame(self, opcode, data, fin=True, masked=True):
        mask = os.urandom(4) if masked else b""
        first, bit = opcode | (0x80 if fin else 0), 0x80 if masked else 0
        if len(data) < 126:
            head = bytes([first, bit | len(data)])
        elif len(data) < 65536:
            head = bytes([first, bit | 126]) + struct.pack("!H", len(data))
        else:
            head = bytes([first, bit | 127]) + struct.pack("!Q", len(data))
        if masked:
            data = bytes(b ^ mask[i % 4] for i, b in enumerate(data))
        self.sock.sendall(head + mask + data)

    def send(self, obj):
        self.frame(1, (obj if isinstance(obj, str) else json.dumps(obj)).encode())

    def subscribe(self, *topics, **more):
        self.send({"type": "subscribe", "topics": list(topics), **more})

    def _frame(self):
        head = self.file.read(2)
        if len(head) < 2:
            raise Closed()
        op, size = head[0] & 15, head[1] & 0x7F
        if size == 126:
            size, = struct.unpack("!H", self.file.read(2))
        elif size == 127:
            size, = struct.unpack("!Q", self.file.read(8))
        data = self.file.read(size)
        if len(data) < size:
            raise Closed()
        return op, head[0] & 0x80, data

    def recv(self, timeout=10):
        """The next message: parsed JSON, or bytes. Pings are answered on the way."""
        self.sock.settimeout(timeout)
        parts, kind = b"", None
        while True:
            try:
                op, fin, data = self._frame()
                if op == 9:
                    self.frame(10, data)
            except ConnectionError:
                raise Closed() from None
            if op == 8:
                code = struct.unpack("!H", data[:2])[0] if len(data) >= 2 else None
                raise Closed(code, data[2:].decode(errors="replace"))
            elif op in (0, 1, 2):
                kind, parts = kind or op, parts + data
                if fin:
                    self.heard.append(json.loads(parts) if kind == 1 else parts)
                    return self.heard[-1]

    def expect(self, type, timeout=10, **members):
        """The next message of this type with these members; `type` may be a binary magic like b"LMF1"."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            m = self.recv(max(0.05, end - time.monotonic()))
            if isinstance(type, bytes):
                if isinstance(m, bytes) and m.startswith(type):
                    return m
            elif isinstance(m, dict) and m.get("type") == type and all(m.get(k) == v for k, v in members.items()):
                return m
        raise AssertionError(f"no {type} {members} within {timeout} s")

    def count(self, type, seconds, least, most, **members):
        """How many of these come in so many seconds: the first count within the bounds, else the fifth. On a machine that is busy some are left out, and what waited for whoever
        reads here comes with the next; a wrong rate is wrong each time."""
        for _ in range(5):
            n, end = 0, time.monotonic() + seconds
            while time.monotonic() < end:
                self.expect(type, **members)
                n += 1
            if least <= n <= most:
                break
        return n

    def closed(self, timeout=10):
        """Reads until the far end closes; returns Closed."""
        end = time.monotonic() + timeout
        try:
            while time.monotonic() < end:
                self.recv(max(0.05, end - time.monotonic()))
        except Closed as c:
            return c
        raise AssertionError(f"not closed within {timeout} s")

    def close(self):
        self.file.close()
        self.sock.close()


def tone(seconds=2.0, hz=440.0, rate=48000, channels=1, seed=0):
    """A WAV file: a tone with a click every half second. Another `seed` is another file."""
    out = io.BytesIO()
    samples = array.array("h")
    for i in range(int(seconds * rate)):
        click = 12000 if i % (rate // 2) < 200 else 0
        v = int(8000 * math.sin(2 * math.pi * (hz + seed) * i / rate)) + (click if i % 2 else -click)
        samples.extend([max(-32768, min(32767, v))] * channels)
    with wave.open(out, "wb") as w:
        w.setnchannels(channels)
        w.setsampwidth(2)
        w.setframerate(rate)
        w.writeframes(samples.tobytes())
    return out.getvalue()
