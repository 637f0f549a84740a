#!/usr/bin/env python3
"""What setting up costs those who play: 300 sign-ins from 100 threads beside the demo, and a venue of 10,000 fixtures out, in and copied, each while somebody else asks for the
state of the transport fifty times a second.

    bench_setup.py [sign-ins] [venues]      both by default

LUMAD=path of the program. As root in a network of its own, where nobody else's packets are counted. Prints a line per figure and fails when a limit is passed.
"""
import concurrent.futures, http.client, json, statistics, sys, pathlib, tempfile, threading, time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "e2e"), str(HERE)]

import bench_daemon                         # noqa: E402

LOGINS, THREADS, FIXTURES = 300, 100, 10_000
PASSWORD = "correct horse battery"
HZ, ASK_S = 44, 0.02
row = bench_daemon.row


class Client:
    """One kept connection that says who it is."""

    def __init__(self, port, token):
        self.c, self.token = http.client.HTTPConnection("127.0.0.1", port, timeout=300), token

    def call(self, method, path, body=None):
        """(the answer, seconds)"""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        start = time.perf_counter()
        self.c.request(method, "/api/v1" + path, data, {**({"Authorization": f"Bearer {self.token}"} if self.token else {}), **({"Content-Type": "application/json"} if data else {})})
        r = self.c.getresponse()
        answer = r.read()
        took = time.perf_counter() - start
        assert 200 <= r.status < 300, (method, path, r.status, answer[:300])
        return answer, took


class Others:
    """Somebody else at work meanwhile: how long each of their requests waits, and the packets of light."""

    def __init__(self, port, token):
        self.client, self.took, self.times, self.running = Client(port, token), [], {}, True
        self.s = bench_daemon.receiver()
        self.threads = [threading.Thread(target=f) for f in (self.ask, self.watch)]

    def __enter__(self):
        for t in self.threads:
            t.start()
        return self

    def __exit__(self, *_):
        self.running = False
        for t in self.threads:
            t.join()
        self.s.close()

    def ask(self):
        while self.running:
            self.took.append(self.client.call("GET", "/host-audio")[1])
            time.sleep(ASK_S)

    def watch(self):
        while self.running:
            at, address = bench_daemon.art_dmx(self.s)
            self.times.setdefault(address, []).append(at)

    def rows(self, name, waits_ms, every_hz):
        took = sorted(self.took)
        rates = [(len(t) - 1) / (t[-1] - t[0]) for t in self.times.values()]
        row(f"{name}: others' requests, median", statistics.median(took) * 1000, "ms")
        row(f"{name}: others' requests, worst of {len(took)}", took[-1] * 1000, "ms", waits_ms)
        row(f"{name}: frames missing of {HZ} a second", HZ - min(rates), "", every_hz)
        row(f"{name}: largest gap between packets", max(b - a for t in self.times.values() for a, b in zip(t, t[1:])) * 1000, "ms")


def sign_in(port, i):
    """From a network of its own; how often it was told to come again."""
    for refused in range(1000):
        c = http.client.HTTPConnection("127.0.0.1", port, timeout=300, source_address=(f"127.0.{i % THREADS + 1}.1", 0))
        c.request("POST", "/api/v1/auth/login", json.dumps({"password": PASSWORD}), {"Content-Type": "application/json"})
        r = c.getresponse()
        r.read()
        c.close()
        if r.status == 201:
            return refused
        assert r.status in (429, 503), r.status
        time.sleep(float(r.headers.get("Retry-After", 1)))


def sign_ins(port, token):
    """Each is 0.1 s of one processor, one at a time: half a minute in which the others must not notice."""
    with Others(port, token) as others:
        start = time.perf_counter()
        with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
            refused = sum(pool.map(lambda i: sign_in(port, i), range(LOGINS)))
        took = time.perf_counter() - start
    row(f"{LOGINS} sign-ins from {THREADS} threads, each", took / LOGINS * 1000, "ms", 400)
    row("sign-ins that were told to come again", refused, "")
    others.rows("sign-ins", 500, 0.5)            # the 100 threads, and who asks beside them, are one Python


def stadium(n):
    dimmer = {"fixture_path": "builtin:generic-dimmer", "mode_name": "1 Channel"}
    fixtures = [{"id": f"f{i}", "universe": i // 512 + 1, "address": i % 512 + 1, "label": f"Par {i}", **dimmer} for i in range(n)]
    return json.dumps({"format": "lumad venue", "version": 1, "venue": {"name": f"Stadium {n}"}, "fixtures": fixtures,
                       "groups": [{"name": "front", "fixture_ids": [f["id"] for f in fixtures[:n // 10]]}]}).encode()


def venue_rounds(client, n, rounds=3):
    """Seconds to take in, give out and copy a venue of n fixtures, the median of each."""
    doc, took = stadium(n), {"import": [], "export": [], "duplicate": []}
    for _ in range(rounds):
        made, s = client.call("POST", "/venues/import", doc)
        took["import"].append(s)
        venue = json.loads(made)["id"]
        out, s = client.call("GET", f"/venues/{venue}/export")
        took["export"].append(s)
        assert len(json.loads(out)["fixtures"]) == n
        copy, s = client.call("POST", f"/venues/{venue}/duplicate", {"name": "Copy"})
        took["duplicate"].append(s)
        for v in (venue, json.loads(copy)["id"]):
            client.call("DELETE", f"/venues/{v}")
    return {what: statistics.median(t) for what, t in took.items()}


def venues(port, token):
    client = Client(port, token)
    small = venue_rounds(client, FIXTURES // 10)
    with Others(port, token) as others:
        large = venue_rounds(client, FIXTURES)
    for what, limit in (("import", 6), ("export", 2), ("duplicate", 4)):
        row(f"{what} of {FIXTURES} fixtures", large[what], "s", limit)
        row(f"{what}: times as long as a tenth of them", large[what] / small[what], "", 20)     # 10, but for what each costs once; squares would be 100
    others.rows("venues", 1000, 0.5)


def main():
    bench_daemon.own_network()              # whose packets are counted are this lumad's
    asked = sys.argv[1:] or ["sign-ins", "venues"]
    with tempfile.TemporaryDirectory() as data:
        d = bench_daemon.Daemon(data, "--demo").ready()
        client = Client(d.port, "")
        while not d.get("/host-audio")["playing"]:
            time.sleep(0.2)
        while active := [j["id"] for j in d.get("/jobs")["items"] if j["state"] in ("queued", "running")]:
            for id in active:               # the demo's analysis would be measured as well
                client.call("POST", f"/jobs/{id}/cancel")
            time.sleep(0.2)
        client.token = json.loads(client.call("POST", "/auth/setup", {"password": PASSWORD})[0])["token"]
        token = json.loads(client.call("POST", "/auth/tokens", {"name": "bench", "role": "admin"})[0])["token"]
        try:
            for name, part in (("sign-ins", sign_ins), ("venues", venues)):
                if name in asked:
                    part(d.port, token)
        finally:
            d.stop()
    return bench_daemon.failed


if __name__ == "__main__":
    sys.exit(main())
