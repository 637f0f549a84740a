#!/usr/bin/env python3
"""How punctual what is pushed is: host-audio at 20 Hz for twenty clients, quiet and while the API is hammered; how soon a change is pushed; and what all that does to
the packets of light, which dmx_receiver watches meanwhile.

    bench_push.py [SECONDS]                 of each part; default 15

LUMAD=path of the program, BUILD_DIR where dmx_receiver is. As root in a network of its own, where nobody else's packets are counted. Times are the kernel's, of when a message came:
a client of ours that is late reading it does not count against lumad. Prints a line per figure and fails when a limit is passed.
"""
import http.client, json, multiprocessing, os, pathlib, random, select, socket, struct, subprocess, sys, tempfile, threading, time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "e2e"), str(HERE)]

import bench_daemon                         # noqa: E402
import jackrig                              # noqa: E402
from lumad import WebSocket                 # noqa: E402

SECONDS = float(sys.argv[1]) if len(sys.argv) > 1 else 15
CLIENTS, HAMMERS, CHANGES = 20, 4, 240
HZ, PERIOD_MS = 44, 50.0
SO_TIMESTAMPNS = 35
RECEIVER = pathlib.Path(os.environ.get("BUILD_DIR", "build/release")) / "tests/bench/dmx_receiver"
row = bench_daemon.row


def part(values, share):
    values = sorted(values)
    return values[min(int(len(values) * share), len(values) - 1)] if values else float("nan")


class Client:
    """One socket; a message at a time, each with the instant its last byte came."""

    def __init__(self, port):
        ws = WebSocket(port)
        ws.sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        ws.subscribe("host-audio", "meters")
        self.ws, self.sock = ws, ws.sock
        self.sock.setblocking(False)
        self.bytes, self.need, self.is_head, self.at = b"", 2, True, 0.0
        self.arrivals, self.seen = [], []

    def take(self):
        """Everything that is there."""
        while True:
            try:
                data, control, _, _ = self.sock.recvmsg(self.need - len(self.bytes), 128)
            except BlockingIOError:
                return
            if not data:
                raise ConnectionError("lumad hung up")
            for level, kind, value in control:
                if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS:
                    sec, nsec = struct.unpack("qq", value[:16])
                    self.at = sec + nsec / 1e9
            self.bytes += data
            if len(self.bytes) == self.need:
                self.whole()

    def whole(self):
        if self.is_head:
            size = self.bytes[1] & 127
            if size == 126 and len(self.bytes) == 2:
                self.need = 4
                return
            self.op = self.bytes[0] & 15
            self.need = struct.unpack("!H", self.bytes[2:])[0] if size == 126 else size
            self.bytes, self.is_head = b"", False
            if self.need:
                return
        body, self.bytes, self.need, self.is_head = self.bytes, b"", 2, True
        if self.op == 9:
            self.ws.frame(10, body)
        elif self.op == 1 and b'"type":"host-audio"' in body:
            self.arrivals.append(self.at)
            self.seen.append(body)


def listen(port, n, pipe):
    """A process with n clients: arrivals of each, and what the first one heard, when asked for."""
    os.nice(-5) if not os.geteuid() else None
    clients = [Client(port) for _ in range(n)]
    poll = select.epoll()
    for c in clients:
        poll.register(c.sock, select.EPOLLIN)
    poll.register(pipe, select.EPOLLIN)
    by_fd = {c.sock.fileno(): c for c in clients}
    pipe.send("ready")
    while True:
        for fd, _ in poll.poll():
            if fd in by_fd:
                by_fd[fd].take()
            elif pipe.recv() == "end":
                return
            else:
                pipe.send(([c.arrivals for c in clients], list(zip(clients[0].arrivals, clients[0].seen)) if clients else []))
                for c in clients:
                    c.arrivals, c.seen = [], []


class Listeners:
    def __init__(self, port, n):
        self.pipe, there = multiprocessing.Pipe()
        self.p = multiprocessing.Process(target=listen, args=(port, n, there), daemon=True)
        self.p.start()
        self.pipe.recv()

    def take(self):
        self.pipe.send("take")
        return self.pipe.recv()

    def end(self):
        self.pipe.send("end")
        self.p.join(5)


def hammer(port, venue, until, count):
    """Requests of all kinds on some connections, as fast as they are answered."""
    requests = [("GET", "/system", None), ("GET", f"/venues/{venue}/heads", None), ("GET", "/patterns", None), ("GET", "/fixture-library?q=par", None),
                ("POST", f"/venues/{venue}/select", {"expression": "all"}), ("GET", "/host-audio", None), ("POST", "/show/master", {"level": 1})]

    def one():
        c = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        while time.time() < until:
            method, path, body = random.choice(requests)
            c.request(method, "/api/v1" + path, json.dumps(body) if body else None, {"Content-Type": "application/json"} if body else {})
            r = c.getresponse()
            r.read()
            assert r.status == 200, (method, path, r.status)
            with count.get_lock():
                count.value += 1

    threads = [threading.Thread(target=one) for _ in range(HAMMERS)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()


class Light:
    """Packets of light for some seconds."""

    def __init__(self, seconds):
        self.p = subprocess.Popen([str(RECEIVER), "artnet", str(seconds), str(HZ)], stdout=subprocess.PIPE)

    def figures(self):
        got = json.loads(self.p.communicate()[0])
        assert got["packets"] and not got["overflow"], got
        return got


def measure(d, venue, clients, is_hammered):
    """(intervals of host-audio in ms, figures of light, requests a second)."""
    listeners = Listeners(d.port, clients) if clients else None
    count = multiprocessing.Value("i", 0)
    time.sleep(1)
    light = Light(SECONDS)
    h = multiprocessing.Process(target=hammer, args=(d.port, venue, time.time() + SECONDS, count), daemon=True) if is_hammered else None
    if h:
        h.start()
    if listeners:
        listeners.take()
    figures = light.figures()
    intervals = []
    if listeners:
        for at in listeners.take()[0]:
            intervals += [(b - a) * 1000 for a, b in zip(at, at[1:])]
        listeners.end()
    if h:
        h.join()
    return intervals, figures, count.value / SECONDS


def shows(kind, target, m):
    return {"play": m["playing"], "pause": not m["playing"], "load": not m["playing"] and m["current_time"] == 0,
            "seek": -0.1 < m["current_time"] - target < 1.5}[kind]


def changes(d, track, duration):
    """ms from the request's leaving to the push that shows what it changed, by kind of change."""
    listeners = Listeners(d.port, CLIENTS)
    c = bench_daemon.Client(d.port)
    took = {"play": [], "seek": [], "pause": [], "load": []}
    target = 0.0
    for i in range(CHANGES):
        kind = ("play", "seek", "seek", "pause", "seek", "load")[i % 6]
        time.sleep(random.uniform(0.06, 0.16))          # anywhere between two beats
        listeners.take()
        if kind == "seek":
            target = random.choice([s for s in range(5, int(duration) - 5) if abs(s - target) > 2])
        body = {"seek": {"seconds": target}, "load": {"track_id": track}}.get(kind, {})
        path = "load-track" if kind == "load" else kind
        before = time.time()
        c.call("POST", f"/host-audio/{path}", body)
        at = None
        while at is None:
            time.sleep(0.06)
            if time.time() > before + 2:
                raise SystemExit(f"{kind}: never pushed; now it is {d.get('/host-audio')}")
            at = next((at for at, text in listeners.take()[1] if at > before and shows(kind, target, json.loads(text))), None)
        took[kind].append((at - before) * 1000)
    listeners.end()
    return took


def row_changes(took, where=""):
    for kind, limit in (("play", 10), ("pause", 10), ("seek", 10), ("load", None)):
        row(f"{kind}{where}, from the request to the push: p50", part(took[kind], .5), "ms")
        row(f"{kind}{where}, from the request to the push: p95", part(took[kind], .95), "ms", limit)


def ready(d):
    """Plays the demo, and nothing is being analysed."""
    for _ in range(600):
        if d.get("/host-audio")["playing"] and not [j for j in d.get("/jobs")["items"] if j["state"] in ("queued", "running")]:
            break
        time.sleep(0.1)
    return d.get("/host-audio")


def on_a_sound_card(data):
    """The same changes where a device has to take them over: a JACK server with its dummy driver, periods of 256 frames."""
    if why := jackrig.why_not():
        print(f"without a sound card: {why}", flush=True)
        return
    with jackrig.Jack(period=256) as jack:
        os.environ.update(jack.env)
        bench_daemon.CONFIG.write("[audio]\ndevice = system\n")
        bench_daemon.CONFIG.flush()
        d = bench_daemon.Daemon(data, "--demo").ready()
        state = ready(d)
        for _ in range(100):
            if not d.get("/host-audio/device")["active"]["clock"]:
                break
            time.sleep(0.1)
        else:
            raise SystemExit("lumad does not play to JACK")
        row_changes(changes(d, state["track_id"], state["duration"]), " on JACK")
        d.stop()


def p99_off(intervals):
    return part([abs(v - PERIOD_MS) for v in intervals], 0.99)


def main():
    print(f"load before: {os.getloadavg()[0]:.2f} on {os.cpu_count()} processors", flush=True)
    with tempfile.TemporaryDirectory() as data:
        d = bench_daemon.Daemon(data, "--demo").ready()
        state = ready(d)
        venue = d.get("/show")["venue_id"]
        cpu, t = d.cpu_s(), time.time()
        _, quiet, _ = measure(d, venue, 0, False)
        alone = (d.cpu_s() - cpu) / (time.time() - t) * 100
        cpu, t = d.cpu_s(), time.time()
        intervals, pushed, _ = measure(d, venue, CLIENTS, False)
        cost = (d.cpu_s() - cpu) / (time.time() - t) * 100 - alone
        row(f"host-audio, {CLIENTS} clients, quiet: interval p50", part(intervals, .5), "ms")
        row(f"host-audio, {CLIENTS} clients, quiet: p99 off 50 ms", p99_off(intervals), "ms", 3)
        row("CPU of pushing to them, of one core", cost, "%", 4)
        _, busy, _ = measure(d, venue, 0, True)
        intervals, both, rate = measure(d, venue, CLIENTS, True)
        row("requests answered meanwhile", rate, "Hz")
        row(f"host-audio, {CLIENTS} clients, hammered: interval p50", part(intervals, .5), "ms")
        row(f"host-audio, {CLIENTS} clients, hammered: p99 off 50 ms", p99_off(intervals), "ms", 15)
        for name, light, limit in (("quiet", quiet, None), (f"{CLIENTS} clients", pushed, quiet["interval"]["p99"] + 1), ("hammered", busy, None),
                                   (f"hammered, {CLIENTS} clients", both, busy["interval"]["p99"] + 1)):
            row(f"packets of light, {name}: interval p99", light["interval"]["p99"], "ms", limit)
            row(f"packets of light, {name}: lost ticks", light["lost"], "", None if limit is None else light["packets"] / 1000)
        row_changes(changes(d, state["track_id"], state["duration"]))
        d.stop()
        on_a_sound_card(data)
    print(f"load after: {os.getloadavg()[0]:.2f}", flush=True)
    return bench_daemon.failed


if __name__ == "__main__":
    bench_daemon.own_network()
    sys.exit(main())
