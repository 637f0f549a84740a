"""What others make of our packets: olad as the receiver, tshark as the reader, and a second lumad that takes over. `make interop` installs both and runs this, as root."""
import http.client
import json
import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/e2e"))
import netrig                                                   # noqa: E402
from lumad import Lumad                                         # noqa: E402
from test_light import until                                    # noqa: E402

NODE = "10.77.0.2"
CLOCK = "[audio]\ndevice = clock\n"
OLA_OFF = ("dmx4linux espnet ftdidmx gpio karate kinet milinst nanoleaf opendmx openpixelcontrol osc pathport renard sandnet shownet spi spidmx stageprofi uartdmx "
           "usbdmx usbserial").split()
OLA_ARTNET, OLA_SACN = 2, 3             # as olad numbers its devices when only these are on
OLA_HTTP = 9090


def missing():
    tools = [t for t in ("olad", "ola_patch", "tshark", "setpriv") if not shutil.which(t)]
    return f"not installed: {', '.join(tools)}" if tools else netrig.why_not()


class Olad:
    """olad in the node. Art-Net port-addresses and sACN universes are OLA universes of the same number."""

    def __init__(self, net, artnet, sacn):
        self.net, self.folder = net, tempfile.TemporaryDirectory(prefix="lumad-ola-")
        folder = pathlib.Path(self.folder.name)
        files = {plugin: "enabled = false\n" for plugin in OLA_OFF}
        files["artnet"] = f"enabled = true\nip = {NODE}\nalways_broadcast = false\nnet = 0\nsubnet = 0\noutput_ports = 4\nshort_name = receiver\nlong_name = receiver\n"
        files["e131"] = f"enabled = true\nip = {NODE}\ninput_ports = 16\noutput_ports = 1\nrevision = 0.46\nignore_preview = true\n"
        files["dummy"] = "enabled = true\n"
        for plugin, text in files.items():
            (folder / f"ola-{plugin}.conf").write_text(text)
        user = next(n for n in ("olad", "nobody") if n in {p.pw_name for p in pwd.getpwall()})         # it refuses to be root
        group = str(pwd.getpwnam(user).pw_gid)
        for f in (folder, *folder.iterdir()):
            shutil.chown(f, user, int(group))
        self.log = open(folder / "log", "wb")
        self.proc = subprocess.Popen(net.in_node("setpriv", "--reuid", user, "--regid", group, "--clear-groups", "olad", "--config-dir", str(folder), "--log-level", "1",
                                                 "--no-register-with-dns-sd"), stdout=self.log, stderr=self.log, env={**os.environ, "HOME": str(folder)})
        until(lambda: self.patched(OLA_ARTNET, artnet) and self.patched(OLA_SACN, sacn), 15)
        self.http = http.client.HTTPConnection("127.0.0.1", OLA_HTTP, timeout=5)
        with net.inside_node():
            self.http.sock = socket.create_connection(("127.0.0.1", OLA_HTTP), 5)
        self.http.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def patched(self, device, universes):
        return all(subprocess.run(self.net.in_node("ola_patch", "-d", str(device), "-p", str(port), "-u", str(u), "-i"), capture_output=True).returncode == 0
                   for port, u in enumerate(universes))

    def dmx(self, universe):
        self.http.request("GET", f"/get_dmx?u={universe}")
        return json.loads(self.http.getresponse().read())["dmx"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.http.close()
        self.proc.terminate()
        self.proc.wait(10)
        self.log.close()
        self.folder.cleanup()


class Desk:
    """A venue with dimmers, whose levels are what is parked on them."""

    ADDRESSES = (1, 2, 3, 100, 256, 511, 512)

    def __init__(self, d, universes):
        self.d, self.venue, self.lamps = d, d.post("/venues", {"name": "Club"})["id"], {}
        for u in universes:
            for address in self.ADDRESSES:
                self.lamps[u, address] = d.post(f"/venues/{self.venue}/fixtures", {
                    "universe": u, "address": address, "fixture_path": "builtin:generic-dimmer", "mode_name": "1 Channel", "label": f"{u}.{address}"})["id"]

    def send(self, **row):
        return self.d.post(f"/venues/{self.venue}/outputs", row)

    def show(self):
        self.d.put("/show", {"venue_id": self.venue, "mode": "off"})

    def level(self, universe, address, value):
        self.d.put(f"/fixtures/{self.lamps[universe, address]}/park", {"channels": {"1": value}})

    def levels(self, universe):
        return self.d.get(f"/dmx/universes/{universe}")["slots"]


@unittest.skipIf(missing(), missing())
class Interop(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.net = netrig.Net()
        cls.net.__enter__()
        cls.addClassCleanup(cls.net.__exit__)
        cls.net.node("ip", "route", "add", "239.0.0.0/8", "dev", "node0")

    def test_olad_reads_the_right_levels(self):
        with Olad(self.net, artnet=(1, 2), sacn=(11, 12)) as ola, Lumad(config=CLOCK) as d:
            desk = Desk(d, (2, 3, 11, 12))
            desk.send(universe=2, protocol="artnet", destination=NODE)                  # port-address 1
            desk.send(universe=3, protocol="artnet", transmit="on_change")              # port-address 2, to who asks for it
            desk.send(universe=11, protocol="sacn", interface="booth0")
            desk.send(universe=12, protocol="sacn", destination=NODE, transmit="on_change")
            desk.show()
            for step in range(1, 6):
                for i, address in enumerate(desk.ADDRESSES):
                    for u in (2, 3, 11, 12):
                        desk.level(u, address, (step * 40 + i * 7 + u) % 256)
                time.sleep(0.3)
                for ours, theirs in ((2, 1), (3, 2), (11, 11), (12, 12)):
                    want = desk.levels(ours)
                    self.assertEqual(sum(v != 0 for v in want), len(desk.ADDRESSES))
                    until(lambda: ola.dmx(theirs) == want, 5)
                    self.assertEqual(ola.dmx(theirs), want, f"universe {ours}, step {step}")

    def second_machine(self, primary, desk):
        """The recipe of README.md: a copy of the database without the identity, at a lower priority. Its own level, to be told from the first."""
        data = pathlib.Path(tempfile.mkdtemp(prefix="lumad-second-"))
        self.addCleanup(shutil.rmtree, data)
        copy = primary.call("POST", "/system/backup")
        self.assertEqual(copy.status, 200)
        (data / "lumad.db").write_bytes(copy.body)
        sql, = re.findall(r'"(UPDATE outputs SET priority = 90 [^"]*)"', (ROOT / "README.md").read_text())
        with sqlite3.connect(data / "lumad.db") as db:
            db.execute(sql)
        second = Lumad(data=data, config=CLOCK)
        self.addCleanup(lambda: second.proc.poll() is None and second.stop())
        self.assertEqual(second.get("/show"), primary.get("/show"), "the same show is on")
        self.assertEqual([o["priority"] for o in second.get(f"/venues/{desk.venue}/outputs")["items"]], [90])
        lamp = desk.lamps[11, 1]
        second.put(f"/fixtures/{lamp}/park", {"channels": {"1": 10}})
        until(lambda: second.get("/dmx/universes/11")["slots"][0] == 10)
        return second

    def take_over(self, end):
        """Seconds from the last packet of the first machine, and from `end`, to the light of the second, as olad has it."""
        with Olad(self.net, artnet=(), sacn=(11,)) as ola, netrig.Ear(self.net, [(netrig.group(11), "node0")]) as ear:
            first = Lumad(config=CLOCK)
            self.addCleanup(lambda: first.proc.poll() is None and first.stop())
            desk = Desk(first, (11,))
            desk.send(universe=11, protocol="sacn", interface="booth0")
            desk.show()
            desk.level(11, 1, 200)
            self.second_machine(first, desk)
            until(lambda: len({p.f["cid"] for p in ear.packets[-20:] if p.kind == "data"}) == 2, 5)
            self.assertEqual({p.f["priority"]: p.slots[0] for p in ear.packets[-20:] if p.kind == "data"}, {100: 200, 90: 10})
            for _ in range(20):
                self.assertEqual(ola.dmx(11)[0], 200, "both send, the first has the light")
                time.sleep(0.02)
            began, seen = time.time(), []
            stopper = threading.Thread(target=end, args=(first,))
            stopper.start()
            while time.time() - began < 6:
                value = ola.dmx(11)[0]
                if not seen or seen[-1][1] != value:
                    seen.append((time.time(), value))
                if value == 10:
                    break
                time.sleep(0.002)
            stopper.join()
            self.assertEqual(seen[-1][1], 10, f"olad saw {seen}")
            ends = [p.time for p in ear.packets if p.kind == "data" and p.f["priority"] == 100 and p.f["options"] == 0]
            return seen[-1][0] - max(ends), seen[-1][0] - began, [v for _, v in seen]

    def test_hot_backup_on_a_clean_stop(self):
        took, since, seen = self.take_over(lambda d: d.stop())
        print(f"\nclean stop: the backup has the light {took * 1e3:.0f} ms after the last packet, {since * 1e3:.0f} ms after SIGTERM", end="", flush=True)
        self.assertLess(took, 0.1)
        self.assertEqual(seen, [200, 10], "and nothing in between")

    def test_hot_backup_on_kill(self):
        took, since, seen = self.take_over(lambda d: (os.kill(d.proc.pid, signal.SIGKILL), d.proc.wait(10), d.proc.stdout.close(), d.tmp.cleanup()))
        print(f"\nkill -9: the backup has the light after {since:.2f} s", end="", flush=True)
        self.assertLess(since, 2.6)
        self.assertEqual(seen, [200, 10])

    def test_the_first_comes_back(self):
        with Olad(self.net, artnet=(), sacn=(11,)) as ola, Lumad(config=CLOCK) as first:
            desk = Desk(first, (11,))
            output = desk.send(universe=11, protocol="sacn", interface="booth0")
            desk.show()
            desk.level(11, 1, 200)
            self.second_machine(first, desk)
            first.patch(f"/outputs/{output['id']}", {"universe": 99})       # it stops sending this universe
            until(lambda: ola.dmx(11)[0] == 10, 5)
            first.patch(f"/outputs/{output['id']}", {"universe": 11})
            until(lambda: ola.dmx(11)[0] == 200, 5)

    # --- tshark ---

    def read(self, capture, *args):
        acn = ["--enable-heuristic", "acn", "-o", "acn.dmx_enable:TRUE"]        # off by default, both
        # Our sACN port is whatever the system gave: where another protocol is known by that number, tshark would take it for that one.
        known = subprocess.run(["tshark", "-G", "decodes"], capture_output=True, text=True, timeout=60).stdout.splitlines()
        for table, port, name in (line.split("\t")[:3] for line in known):
            if table == "udp.port" and int(port) >= 32768:
                acn += ["--disable-protocol", name]
        r = subprocess.run(["tshark", *acn, "-r", capture, *args], capture_output=True, text=True, timeout=120)
        return r.stdout.splitlines()

    def test_tshark_finds_nothing_malformed(self):
        with tempfile.TemporaryDirectory(prefix="lumad-tshark-") as folder:
            capture = os.path.join(folder, "capture.pcapng")
            shark = subprocess.Popen(self.net.in_node("tshark", "-Q", "-i", "node0", "-f", "udp port 6454 or udp port 5568", "-w", capture))
            try:
                until(lambda: os.path.exists(capture) and os.path.getsize(capture), 15)
                with Lumad(config=CLOCK) as d:
                    d.patch("/settings", {"source_name": "Pult Größe"})
                    desk = Desk(d, (1, 300))
                    desk.send(universe=1, protocol="artnet", destination=NODE, sync=1)
                    desk.send(universe=300, protocol="artnet", destination="broadcast", transmit="on_change")
                    desk.send(universe=1, protocol="sacn", interface="booth0", sync=400, priority=150)
                    desk.send(universe=300, protocol="sacn", interface="booth0", transmit="on_change")
                    desk.show()
                    desk.level(1, 1, 99)
                    time.sleep(12)                              # a round of discovery
            finally:
                shark.send_signal(signal.SIGINT)
                shark.wait(20)
            self.assertEqual(self.read(capture, "-Y", "_ws.malformed or _ws.expert.severity >= 0x400000"), [])
            # tshark 4.0 does not know E1.31's extended root vector: synchronisation and discovery are read by our own parser.
            rest = [netrig.Packet("sacn", bytes.fromhex(l)) for l in self.read(capture, "-Y", "not artnet and not acn", "-T", "fields", "-e", "udp.payload")]
            self.assertEqual([p for p in rest if p.bad or p.data[18:22] != b"\0\0\0\x08"], [])
            self.assertEqual({p.kind for p in rest}, {"sync", "discovery"})
            dmx = {tuple(l.split("\t")) for l in self.read(capture, "-Y", "artnet.header.opcode == 0x5000", "-T", "fields", "-e", "udp.srcport", "-e", "ip.dst", "-e",
                                                           "artnet.header.protver", "-e", "artnet.output.universe", "-e", "artnet.output.length")}
            self.assertEqual(dmx, {("6454", NODE, "14", "0", "512"), ("6454", "10.77.0.255", "14", "299", "512")})
            self.assertGreater(len(self.read(capture, "-Y", "artnet.header.opcode == 0x5200")), 400)
            self.assertGreater(len(self.read(capture, "-Y", "artnet.header.opcode == 0x2000")), 3)
            sacn = {tuple(l.split("\t")) for l in self.read(capture, "-Y", "acn.dmx.universe", "-T", "fields", "-e", "ip.dst", "-e", "ip.ttl", "-e", "acn.dmx.universe", "-e",
                                                            "acn.dmx.priority", "-e", "acn.dmx.source_name", "-e", "acn.dmx.count")}
            self.assertEqual({s[:4] for s in sacn}, {("239.255.0.1", "16", "1", "150"), ("239.255.1.44", "16", "300", "100")})
            self.assertEqual({s[4] for s in sacn}, {"Pult Größe"})
            self.assertEqual({int(s[5], 0) for s in sacn}, {513})
            cids = set(self.read(capture, "-Y", "acn", "-T", "fields", "-e", "acn.cid"))
            self.assertEqual(len(cids), 1)


if __name__ == "__main__":
    unittest.main()
