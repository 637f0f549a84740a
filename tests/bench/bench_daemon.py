#!/usr/bin/env python3
"""What a whole lumad costs, against its limits: exec to first packet, memory, CPU, frame time, packet timing, selections and searches over HTTP.

LUMAD=path of the program. Prints one line per figure and fails when a limit is passed.
"""
import http.client, json, os, pathlib, signal, socket, statistics, subprocess, sys, tempfile, time, urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "e2e"), str(HERE)]

import dmx_rig                              # noqa: E402

LUMAD = os.environ.get("LUMAD", "build/release/lumad")
TICKS = os.sysconf("SC_CLK_TCK")
failed = 0
CONFIG = tempfile.NamedTemporaryFile("w", suffix=".conf")
CONFIG.write("[dmx]\ninterfaces = lo\n")            # nobody on the machine's own network is asked or lit by a measurement
CONFIG.flush()


def row(name, value, unit, limit=None):
    global failed
    over = limit is not None and value > limit
    failed += over
    print(f"{name:<44} {value:>9.2f} {unit:<4}" + (f" limit {limit:g} {unit}{'  OVER' if over else ''}" if limit is not None else ""), flush=True)


def own_network():
    """Again, in a network namespace with nothing but a loopback; as root, where there is unshare."""
    if os.geteuid() or os.environ.get("BENCH_INSIDE"):
        return
    script = 'ip link set lo up 2>/dev/null && exec "$@"'
    os.environ["BENCH_INSIDE"] = "1"
    try:
        os.execvp("unshare", ["unshare", "-n", "sh", "-c", script, "sh", sys.executable, *sys.argv])
    except OSError:
        print("no unshare: measured in the machine's own network", flush=True)


def receiver():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    s.setsockopt(socket.SOL_SOCKET, 35, 1)              # SO_TIMESTAMPNS: the kernel's clock, not ours
    s.bind(("127.0.0.1", 6454))
    s.settimeout(20)
    return s


def art_dmx(s):
    """(kernel time in s, port address) of the next ArtDmx packet."""
    while True:
        data, control, _, _ = s.recvmsg(2048, 64)
        if data[:8] == b"Art-Net\0" and data[8:10] == b"\0\x50":
            sec, nsec = (int.from_bytes(control[0][2][i:i + 8], "little") for i in (0, 8))
            return sec + nsec / 1e9, data[14] | data[15] << 8


class Daemon:
    def __init__(self, data, *args):
        self.started = time.time()
        self.p = subprocess.Popen([LUMAD, "--config", CONFIG.name, "--data", data, "--http", "127.0.0.1:0", "--ready-fd", "1", *args], stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL)

    def ready(self):
        self.port = json.loads(self.p.stdout.readline())["http"]
        return self

    def get(self, path):
        return json.load(urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/v1{path}", timeout=10))

    def rss_mb(self):
        line = next(l for l in pathlib.Path(f"/proc/{self.p.pid}/status").read_text().splitlines() if l.startswith("VmRSS"))
        return int(line.split()[1]) / 1024

    def cpu_s(self):
        f = pathlib.Path(f"/proc/{self.p.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(f[11]) + int(f[12])) / TICKS

    def stop(self):
        t = time.time()
        self.p.send_signal(signal.SIGTERM)
        code = self.p.wait(10)
        self.p.stdout.close()
        return code, (time.time() - t) * 1000


def first_packet(data):
    s = receiver()
    d = Daemon(data, "--demo")
    at, _ = art_dmx(s)
    s.close()
    d.ready()
    time.sleep(1)
    return (at - d.started) * 1000, d.stop()[1]


class Client:
    """One connection, kept: what is measured is lumad, not the handshake."""

    def __init__(self, port):
        self.c = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def call(self, method, path, body=None, type="application/json"):
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        self.c.request(method, "/api/v1" + path, data, {"Content-Type": type} if data is not None else {})
        r = self.c.getresponse()
        answer = r.read()
        assert 200 <= r.status < 300, (method, path, r.status, answer[:300])
        return json.loads(answer) if answer else None

    def p50_ms(self, *request, times=60):
        took = []
        for _ in range(times):
            t = time.perf_counter()
            self.call(*request)
            took.append((time.perf_counter() - t) * 1000)
        return statistics.median(took)


def rooms(port, heads=2000):
    """Selections out of a large rig, and searches over the whole fixture library."""
    c = Client(port)
    venue = c.call("POST", "/venues", {"name": "Large"})["id"]
    rig = dmx_rig.table(f for _, f in zip(range(heads), dmx_rig.layout(64)))
    items = c.call("POST", f"/venues/{venue}/patch.csv", rig, "text/csv")["items"]
    for name, every in (("few", 500), ("movers", 3), ("odd", 2)):
        group = c.call("POST", f"/venues/{venue}/groups", {"name": name})["id"]
        c.call("PUT", f"/groups/{group}/members", {"fixture_ids": [f["id"] for f in items[::every]]})
    select = f"/venues/{venue}/select"
    got = c.call("POST", select, {"expression": "all"})["heads"]
    assert len(got) == heads, len(got)
    # Answers of a few heads: writing 2,000 of them as JSON is another matter, and has its own line.
    for expression in ("few", "few & side:left", "(movers ^ odd) & few", "few & ~(odd > movers)"):
        assert len(c.call("POST", select, {"expression": expression})["heads"]) < 10, expression
        row(f"select out of {heads} heads: {expression}", c.p50_ms("POST", select, {"expression": expression}), "ms", 1)
    row(f"select {heads} of {heads} heads, with the JSON", c.p50_ms("POST", select, {"expression": "all"}, times=20), "ms")
    c.call("GET", "/fixture-library?limit=1")           # the index is there
    for q in ("", "par", "chauvet", "martin%20mac", "moving%20head%20wash", "zzzz"):
        row("fixture library: " + (q.replace("%20", " ") or "all of it"), c.p50_ms("GET", f"/fixture-library?q={q}", times=20), "ms", 20)


def main():
    with tempfile.TemporaryDirectory() as demo, tempfile.TemporaryDirectory() as empty:
        d = Daemon(demo, "--demo").ready()
        for _ in range(300):                            # until the demo's analysis is over
            if d.get("/host-audio")["playing"] and not [j for j in d.get("/jobs")["items"] if j["state"] in ("queued", "running")]:
                break
            time.sleep(0.1)
        d.stop()

        runs = [first_packet(demo) for _ in range(5)]
        row("exec to first packet, worst of 5", max(r[0] for r in runs), "ms", 250)
        row("SIGTERM to exit, worst of 5", max(r[1] for r in runs), "ms", 1000)

        d = Daemon(empty).ready()
        time.sleep(3)
        row("resident memory, idle", d.rss_mb(), "MB", 40)
        rooms(d.port)
        d.stop()

        s = receiver()
        d = Daemon(demo, "--demo").ready()
        time.sleep(3)                                   # decoded, tiles ahead are made
        c0, t0, times = d.cpu_s(), time.time(), {}
        while time.time() - t0 < 15:
            at, address = art_dmx(s)
            times.setdefault(address, []).append(at)
        cpu = (d.cpu_s() - c0) / (time.time() - t0) * 100
        gaps = sorted(b - a for t in times.values() for a, b in zip(t, t[1:]))
        stats, rss = d.get("/system")["dmx"], d.rss_mb()
        s.close()
        d.stop()
        row("resident memory, playing the demo", rss, "MB")
        row("CPU, playing the demo, of one core", cpu, "%", 5)
        row("frame, p50", stats["frame_us"]["p50"] / 1000, "ms")
        row("frame, p99", stats["frame_us"]["p99"] / 1000, "ms", 1)
        row("packets a second and universe", statistics.mean((len(t) - 1) / (t[-1] - t[0]) for t in times.values()), "Hz", 44.1)
        row("packet interval, p50", gaps[len(gaps) // 2] * 1000, "ms")
        row("packet interval, p99 - p50", (gaps[int(len(gaps) * .99)] - gaps[len(gaps) // 2]) * 1000, "ms")
        row("packet interval, largest", gaps[-1] * 1000, "ms")
    return failed


if __name__ == "__main__":
    sys.exit(main())
