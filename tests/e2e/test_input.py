"""Art-Net and sACN universes of others: merged by HTP, LTP and priority, silent and ended ones, and the warning of a second sender.

Each test is on a network of its own (netrig.py), with a lighting desk at the other end of the cable."""
import os
import select
import socket
import struct
import threading
import time
import unittest
import uuid

import netrig
import wire
from lumad import Lumad
from test_light import until

LONG = True

OURS, THEIRS = "10.77.0.1", "10.77.0.2"
SLOW = 4 if "release" not in os.environ.get("LUMAD", "release") or os.environ.get("UNDER") else 1


def artnet(port_address, sequence, slots):
    return b"Art-Net\0" + struct.pack("<HHBBH", 0x5000, 0x0E00, sequence, 0, port_address) + struct.pack(">H", len(slots)) + bytes(slots)


def sacn(cid, universe, sequence, slots, priority=100, options=0, name="Desk", start=0):
    n = len(slots)
    root = b"\0\x10\0\0ASC-E1.17\0\0\0" + struct.pack(">HI", 0x7000 | (n + 110), 4) + cid
    framing = struct.pack(">HI", 0x7000 | (n + 88), 2) + name.encode().ljust(64, b"\0") + struct.pack(">BHBBH", priority, 0, sequence, options, universe)
    return root + framing + struct.pack(">HBBHHHB", 0x7000 | (n + 11), 2, 0xA1, 0, 1, n + 1, start) + bytes(slots)


def group(universe):
    return f"239.255.{universe >> 8}.{universe & 255}"


def far_socket(net, port=0, address=THEIRS):
    with net.inside_node():
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(address))
    s.bind((address, port))
    return s


class Desk:
    """Sends universes from another machine at 40 packets a second each, until stopped."""

    def __init__(self, net, protocol="artnet", priority=100, name="Desk", to=OURS, address=THEIRS):
        self.protocol, self.priority, self.name, self.cid, self.to = protocol, priority, name, uuid.uuid4().bytes, to
        self.sock = far_socket(net, wire.ARTNET if protocol == "artnet" else 0, address)
        self.universes, self.sequence, self.running = {}, 0, True
        self.lock = threading.Lock()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def set(self, universe, slots):
        with self.lock:
            self.universes[universe] = slots

    def packet(self, universe, slots, options=0):
        if self.protocol == "artnet":
            return artnet(universe - 1, self.sequence % 255 + 1, slots)
        return sacn(self.cid, universe, self.sequence % 256, slots, self.priority, options, self.name)

    def _to(self, universe):
        if self.protocol == "artnet":
            return self.to, wire.ARTNET
        return (group(universe) if self.to == "multicast" else self.to), wire.SACN

    def _run(self):
        while self.running:
            with self.lock:
                for u, slots in self.universes.items():
                    self.sock.sendto(self.packet(u, slots), self._to(u))
                self.sequence += 1
            time.sleep(0.025)

    def silence(self):
        """Stops without a word; when the last packet left."""
        with self.lock:
            self.running = False
        last = time.monotonic()
        self.thread.join()
        return last

    def terminate(self):
        self.silence()
        for _ in range(3):
            for u, slots in self.universes.items():
                self.sock.sendto(self.packet(u, slots, 0x40), self._to(u))
            self.sequence += 1
        return time.monotonic()

    def close(self):
        if self.running:
            self.silence()
        self.sock.close()


class Rig:
    CABLES = 1

    def setUp(self):
        self.net = netrig.Net(cables=self.CABLES)
        self.net.__enter__()
        self.addCleanup(self.net.__exit__)
        self.d = Lumad()
        self.addCleanup(self.d.stop)

    def venue(self, *outputs):
        """A venue with a dimmer of 20 channels at 1.1, its outputs, on. Where nothing else is said, sACN goes to the network."""
        self.venue_id = self.d.post("/venues", {"name": "Room"})["id"]
        self.fixture = self.d.post(f"/venues/{self.venue_id}/fixtures", {
            "universe": 1, "address": 1, "fixture_path": "Generic/Generic-Generic-RGB.qxf", "mode_name": "RGB", "label": "par"})["id"]
        for o in outputs:
            self.d.post(f"/venues/{self.venue_id}/outputs", o)
        self.d.put("/show", {"venue_id": self.venue_id, "mode": "off"})

    def merge(self, how):
        self.d.patch("/settings", {"input_merge": how})

    def park(self, **channels):
        self.d.put(f"/fixtures/{self.fixture}/park", {"channels": {k[1:]: v for k, v in channels.items()}})

    def desk(self, *args, **kw):
        desk = Desk(self.net, *args, **kw)
        self.addCleanup(desk.close)
        return desk

    def universe(self, n=1):
        return self.d.get(f"/dmx/universes/{n}")

    def slot(self, n, slot):
        return self.universe(n)["slots"][slot - 1]

    def wait_slot(self, universe, slot, value, seconds=20):
        end = time.monotonic() + seconds
        while (got := self.slot(universe, slot)) != value:
            self.assertLess(time.monotonic(), end, f"slot {universe}.{slot} is {got}, want {value}")
            time.sleep(0.01)
        return time.monotonic()

    def senders(self, prefix="sender."):
        return [w for w in self.d.get("/system")["warnings"] if w["id"].startswith(prefix)]


@unittest.skipIf(netrig.why_not(), netrig.why_not())
class Input(Rig, unittest.TestCase):
    # --- merging ---

    def test_off_by_default(self):
        self.venue({"universe": 1, "protocol": "artnet", "destination": "10.77.0.2"})
        self.assertEqual(self.d.get("/settings")["input_merge"], "off")
        desk = self.desk()
        desk.set(1, [200] * 512)
        until(lambda: self.universe()["sources"])
        source, = self.universe()["sources"]
        self.assertEqual((source["protocol"], source["address"], source["merged"], source["port_address"]), ("artnet", "10.77.0.2", False, 0))
        self.assertEqual(self.slot(1, 1), 0)
        self.merge("htp")
        self.wait_slot(1, 1, 200)
        self.merge("off")
        self.wait_slot(1, 1, 0)

    def test_htp(self):
        self.merge("htp")
        self.venue({"universe": 1, "protocol": "artnet", "destination": "10.77.0.2"})
        low, high = self.desk(), self.desk("sacn", to="multicast")
        low.set(1, [50, 60] + [0] * 510)
        self.wait_slot(1, 2, 60)
        high.set(1, [70, 10] + [0] * 510)
        self.wait_slot(1, 1, 70)
        self.assertEqual(self.universe()["slots"][:3], [70, 60, 0])
        high.set(1, [20, 10] + [0] * 510)
        self.wait_slot(1, 1, 50)
        self.assertEqual([s["merged"] for s in self.universe()["sources"]], [True, True])

    def test_ltp(self):
        self.merge("ltp")
        self.venue({"universe": 1, "protocol": "sacn"})
        a, b = self.desk("sacn", to="multicast"), self.desk("sacn", to="multicast", name="Second")
        a.set(1, [50] * 512)
        self.wait_slot(1, 1, 50)
        b.set(1, [20] * 512)
        self.wait_slot(1, 1, 20)
        a.set(1, [51] + [50] * 511)
        self.wait_slot(1, 1, 51)
        self.assertEqual(self.slot(1, 2), 20)
        a.set(1, [0] * 512)
        self.wait_slot(1, 1, 0)
        a.close()
        self.wait_slot(1, 1, 20)        # what it had goes back
        self.assertEqual({s["name"] for s in self.universe()["sources"]}, {"Second"})

    def test_priority(self):
        self.merge("htp")
        self.venue({"universe": 1, "protocol": "sacn", "priority": 110}, {"universe": 2, "protocol": "sacn", "priority": 110})
        below, same, above = (self.desk("sacn", to="multicast", priority=p, name=f"p{p}") for p in (109, 110, 111))
        below.set(1, [250] * 512)
        until(lambda: self.universe()["sources"])
        self.assertEqual(self.slot(1, 1), 0)
        same.set(1, [100] * 512)
        self.wait_slot(1, 1, 100)
        above.set(1, [30] * 512)
        self.wait_slot(1, 1, 30)
        self.assertEqual({s["name"]: s["merged"] for s in self.universe()["sources"]}, {"p109": False, "p110": False, "p111": True})
        above.terminate()
        self.wait_slot(1, 1, 100, 1)

    def test_parks_win(self):
        self.merge("htp")
        self.venue({"universe": 1, "protocol": "artnet", "destination": "10.77.0.2"})
        desk = self.desk("sacn", to="multicast", priority=200)
        desk.set(1, [250] * 512)
        self.wait_slot(1, 2, 250)
        self.park(c2=7)
        self.wait_slot(1, 2, 7)
        self.assertEqual(self.slot(1, 1), 250)
        self.d.put(f"/fixtures/{self.fixture}/park", {"channels": {}})
        self.wait_slot(1, 2, 250)

    def test_blackout_is_dark_whoever_sends(self):
        self.merge("htp")
        self.venue({"universe": 1, "protocol": "artnet", "destination": "10.77.0.2"})
        desk = self.desk("sacn", to="multicast", priority=200)
        desk.set(1, [250] * 512)
        self.wait_slot(1, 1, 250)
        self.d.post("/show/blackout", {"on": True})
        self.assertEqual(set(self.universe()["slots"]), {0})
        self.d.post("/show/blackout", {"on": False})
        self.wait_slot(1, 1, 250)

    def test_freeze_and_master_are_our_own(self):
        self.merge("htp")
        self.venue({"universe": 1, "protocol": "artnet", "destination": "10.77.0.2"})
        desk = self.desk("artnet")
        desk.set(1, [100] * 512)
        self.wait_slot(1, 1, 100)
        self.d.post("/show/freeze", {"on": True})
        self.d.post("/show/master", {"level": 0})
        desk.set(1, [120] * 512)
        self.wait_slot(1, 1, 120)

    def test_wire_shows_what_is_sent_and_frame_what_was_meant(self):
        self.merge("htp")
        self.venue({"universe": 1, "protocol": "artnet", "destination": "10.77.0.2"})
        desk = self.desk("artnet")
        desk.set(1, [255, 0, 128] + [0] * 509)
        self.wait_slot(1, 1, 255)
        head = struct.calcsize("<4sIIdH")
        with self.d.socket() as ws:
            ws.subscribe("wire", "frame", "dmx/1")
            seen = {}
            end = time.monotonic() + 5
            while len(seen) < 3 and time.monotonic() < end:
                m = ws.recv()
                if isinstance(m, bytes):
                    seen.setdefault(m[:4], m)
        self.assertEqual(set(seen), {b"LMF1", b"LMW1", b"LMD1"})
        self.assertEqual(seen[b"LMF1"][head], 0)
        self.assertEqual(list(seen[b"LMW1"][head:head + 4]), [255, 255, 0, 128])
        self.assertEqual(list(seen[b"LMD1"][6:9]), [255, 0, 128])

    def test_heads_do_not_swing_in_a_blackout(self):
        self.merge("htp")
        self.venue({"universe": 1, "protocol": "artnet", "destination": "10.77.0.2"})
        path, mode, first = "AFX/AFX-Spot-60-LED.qxf", None, 101
        definition = self.d.get(f"/fixture-library/definition?path={path}")
        mode = definition["modes"][0]
        self.d.post(f"/venues/{self.venue_id}/fixtures", {"universe": 1, "address": first, "fixture_path": path, "mode_name": mode["name"]})
        names = [(c["name"] if isinstance(c, dict) else c).lower() for c in mode["channels"]]
        moving = [first + i for i, n in enumerate(names) if n.startswith(("pan", "tilt")) and "speed" not in n]
        self.assertGreaterEqual(len(moving), 2, names)
        desk = self.desk("sacn", to="multicast", priority=200)
        desk.set(1, [77] * 512)
        self.wait_slot(1, first, 77)
        self.d.post("/show/blackout", {"on": True})
        self.assertEqual([i for i, v in enumerate(self.universe()["slots"], 1) if v == 77], moving, names)

    def test_a_universe_of_an_output_alone_passes_through(self):
        self.merge("ltp")
        self.venue({"universe": 9, "protocol": "artnet", "destination": "10.77.0.2", "port_address": 300})
        look = list(range(256)) * 2
        desk = self.desk("artnet")
        node = far_socket(self.net, wire.ARTNET)
        self.addCleanup(node.close)
        desk.set(301, look)             # universe 9 is heard where its output goes
        self.wait_slot(9, 256, 255)
        until(lambda: self.heard(node, 300) == bytes(look), 3)

    @staticmethod
    def heard(node, port_address):
        """The slots of the newest ArtDmx that waits at a node's socket."""
        slots = None
        while select.select([node], [], [], 0.05)[0] and slots is None:
            data = node.recv(2048)
            if data[8:10] == b"\0\x50" and struct.unpack("<H", data[14:16])[0] == port_address:
                slots = data[18:]
        return slots

    # --- the end ---

    def test_timeout(self):
        self.merge("htp")
        self.venue({"universe": 1, "protocol": "artnet", "destination": "10.77.0.2"})
        for protocol in ("artnet", "sacn"):
            desk = self.desk(protocol, to=OURS if protocol == "artnet" else "multicast")
            desk.set(1, [90] * 512)
            self.wait_slot(1, 1, 90)
            last = desk.silence()
            took = self.wait_slot(1, 1, 0) - last
            self.assertGreater(took, 2.4)
            self.assertLess(took, 2.7 * SLOW)
            until(lambda: not self.universe()["sources"], 1)
            desk.close()

    def test_terminated(self):
        self.merge("htp")
        self.venue({"universe": 1, "protocol": "sacn"})
        desk = self.desk("sacn", to="multicast")
        desk.set(1, [90] * 512)
        self.wait_slot(1, 1, 90)
        at = desk.terminate()
        self.assertLess(self.wait_slot(1, 1, 0) - at, 0.3 * SLOW)
        self.assertEqual(self.universe()["sources"], [])

    def test_unicast_sacn(self):
        self.merge("htp")
        self.venue({"universe": 1, "protocol": "sacn"})
        desk = self.desk("sacn")
        desk.set(1, [90] * 512)
        self.wait_slot(1, 1, 90)

    def test_previews_and_other_start_codes(self):
        self.merge("htp")
        self.venue({"universe": 1, "protocol": "sacn"})
        s, cid = far_socket(self.net), uuid.uuid4().bytes
        self.addCleanup(s.close)
        for i in range(0, 200, 2):                      # the group is joined soon, and not at once: what is sent before is nobody's
            s.sendto(sacn(cid, 1, i, [99] * 512, options=0x80), (group(1), wire.SACN))
            s.sendto(sacn(uuid.uuid4().bytes, 1, 0, [99] * 512, start=0xDD), (group(1), wire.SACN))
            s.sendto(sacn(cid, 1, i + 1, [5] * 512, options=0x20), (group(1), wire.SACN))       # synchronised or not is all the same
            time.sleep(0.02)
            sources = self.universe()
            self.assertIn(sources["slots"][0], (0, 5))
        self.assertEqual(sources["slots"][0], 5)
        self.assertEqual(len(sources["sources"]), 1)

    # --- many ---

    def test_64_universes(self):
        """More groups than one socket may join, each universe with its own value; and universes that are left are not heard any more."""
        self.merge("ltp")
        self.venue(*({"universe": u, "protocol": "sacn"} for u in range(1, 65)))
        desk = self.desk("sacn", to="multicast")
        for u in range(1, 66):
            desk.set(u, [u] * 512)
        for u in range(1, 65):
            self.wait_slot(u, 512, u)
        self.assertEqual(self.groups(), {group(u) for u in range(1, 65)})
        self.assertEqual(self.d.call("GET", "/dmx/universes/65").status, 404)
        self.d.put("/show", {"venue_id": None, "mode": "off"})
        until(lambda: not self.groups())

    def groups(self):
        """The sACN groups this side's cable has joined, as the kernel says."""
        found, here = set(), False
        with open("/proc/thread-self/net/igmp") as file:
            lines = file.readlines()
        for line in lines:
            if not line.startswith("\t"):
                here = line.split()[1] == "booth0"
            elif here and (a := int(line.split()[0], 16)) & 0xFFFF == 0xFFEF:
                found.add(socket.inet_ntoa(struct.pack("<I", a)))
        return found

    # --- a second sender ---

    def warning_comes_and_goes(self, desk, *words):
        until(lambda: self.senders(), 5)
        warning, = self.senders()
        for w in words:
            self.assertIn(w, warning["message"])
        time.sleep(1.2)
        self.assertEqual(self.senders(), [warning], "the same warning, not a new one each time")
        desk.silence()
        until(lambda: not self.senders(), 5)
        return warning

    def test_second_artnet_sender(self):
        self.venue({"universe": 1, "protocol": "artnet", "destination": "10.77.0.2"}, {"universe": 2, "protocol": "artnet", "destination": "10.77.0.2"})
        desk = self.desk("artnet", to="10.77.0.255")
        desk.set(7, [1] * 512)          # not ours
        time.sleep(1.2)
        self.assertEqual(self.senders(), [])
        desk.set(2, [1] * 512)
        w = self.warning_comes_and_goes(desk, "10.77.0.2", "universe 2", "Art-Net")
        self.assertEqual(w["level"], "warn")

    def test_an_artnet_sender_has_the_name_it_answers_polls_with(self):
        self.venue({"universe": 1, "protocol": "artnet", "destination": "10.77.0.2"})
        desk = self.desk("artnet")
        desk.set(1, [1] * 512)
        until(lambda: self.senders())
        reply = b"Art-Net\0\0\x21" + socket.inet_aton(THEIRS) + struct.pack("<H", wire.ARTNET)
        desk.sock.sendto((reply.ljust(26, b"\0") + b"FOH".ljust(18, b"\0")).ljust(239, b"\0"), (OURS, wire.ARTNET))
        until(lambda: '"FOH" (10.77.0.2)' in self.senders()[0]["message"])
        self.assertEqual(self.universe()["sources"][0]["name"], "FOH")

    def test_second_sacn_sender(self):
        self.venue({"universe": 1, "protocol": "sacn", "priority": 100}, {"universe": 2, "protocol": "sacn", "priority": 100})
        desk = self.desk("sacn", to="multicast", name="Pult Süd")
        desk.set(1, [1] * 512)
        desk.set(2, [1] * 512)
        self.warning_comes_and_goes(desk, "10.77.0.2", "Pult Süd", "universes 1-2", "sACN")

    def test_other_priorities_are_no_fault(self):
        self.venue({"universe": 1, "protocol": "sacn", "priority": 100})
        backup = self.desk("sacn", to="multicast", priority=90, name="lumad spare")
        backup.set(1, [1] * 512)
        until(lambda: self.universe()["sources"])
        time.sleep(1.2)
        self.assertEqual(self.senders("sender"), [])
        above = self.desk("sacn", to="multicast", priority=120, name="Desk")
        above.set(1, [1] * 512)
        until(lambda: self.senders("sender_above"))
        w, = self.senders("sender")
        self.assertEqual(w["level"], "info")
        self.assertIn("120", w["message"])
        above.terminate()
        until(lambda: not self.senders("sender"))

    def test_what_is_merged_is_wanted(self):
        self.merge("htp")
        self.venue({"universe": 1, "protocol": "artnet", "destination": "10.77.0.2"})
        desk = self.desk()
        desk.set(1, [1] * 512)
        until(lambda: self.universe()["sources"])
        time.sleep(1.2)
        self.assertEqual(self.senders("sender"), [])

    def test_our_own_packets_are_nobodys(self):
        """Broadcast, to our own address and over the loopback, by both protocols."""
        self.venue({"universe": 1, "protocol": "artnet", "destination": "broadcast"}, {"universe": 1, "protocol": "sacn"},
                   {"universe": 1, "protocol": "artnet", "destination": "127.0.0.1"}, {"universe": 1, "protocol": "artnet", "destination": "10.77.0.1"},
                   {"universe": 1, "protocol": "sacn", "destination": "127.0.0.1"})
        for how in ("off", "htp"):
            self.merge(how)
            time.sleep(1.5)
            self.assertEqual(self.universe()["sources"], [])
            self.assertEqual(self.senders("sender"), [])

    def test_another_program_on_this_machine(self):
        self.venue({"universe": 1, "protocol": "artnet", "destination": "10.77.0.2"})
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(s.close)
        end = time.monotonic() + 10
        while not self.senders() and time.monotonic() < end:
            s.sendto(artnet(0, 0, [1] * 512), ("127.0.0.1", wire.ARTNET))
            time.sleep(0.1)
        w, = self.senders()
        self.assertIn(f"127.0.0.1:{s.getsockname()[1]}", w["message"])


@unittest.skipIf(netrig.why_not(), netrig.why_not())
class Interfaces(Rig, unittest.TestCase):
    """A second network that comes, goes and comes back."""
    CABLES = 2

    def test_an_interface_that_comes_later(self):
        self.net.booth("ip", "address", "flush", "dev", "booth1")
        self.merge("htp")
        self.venue({"universe": 1, "protocol": "sacn"})
        desk = self.desk("sacn", to="multicast", address="10.78.0.2")
        desk.set(1, [66] * 512)
        for _ in range(2):
            until(lambda: not self.universe()["sources"], 5)
            self.net.booth("ip", "address", "add", "10.78.0.1/24", "dev", "booth1")
            self.wait_slot(1, 1, 66)
            self.net.booth("ip", "address", "flush", "dev", "booth1")
        self.net.booth("ip", "address", "add", "10.78.0.1/24", "dev", "booth1")
        self.wait_slot(1, 1, 66)
        self.net.booth("ip", "link", "set", "booth1", "down")
        until(lambda: not self.universe()["sources"], 5)
        self.net.booth("ip", "link", "set", "booth1", "up")
        self.wait_slot(1, 1, 66)


if __name__ == "__main__":
    unittest.main()
