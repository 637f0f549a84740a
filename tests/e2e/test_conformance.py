"""What goes over the cable, rule by rule: Art-Net 4 (A...) and sACN E1.31-2018 (S...). The rules are ROWS; every one has a test that is named after it
(A8 to A14, subscription and ArtPoll, and S13, discovery, are in test_nodes.py). A rule about packets is checked for `continuous` and for `on_change`."""
import os
import pathlib
import socket
import tempfile
import time
import unittest

import netrig
from lumad import Lumad
from netrig import gaps, group, percentile

NO_LIGHT = True

INSTRUMENTED = bool(os.environ.get("UNDER")) or "release" not in os.environ.get("LUMAD", "release")

ROWS = {
    "A1": "UDP 6454, ID, OpCode little-endian, protocol version 14",
    "A2": "ArtDmx: sequence, physical, port-address, length high byte first, data",
    "A3": "length even, 2 to 512, and the packet is as long as it says",
    "A4": "sequence 1 to 255 and 1 again, one counter for each port-address, never 0",
    "A5": "15-bit port-addresses: 0, 1, 15, 16, 255, 256, 32767",
    "A6": "on_change: keep-alive each 800 to 1000 ms",
    "A7": "not faster than 44 Hz",
    "A15": "ArtSync once for each receiver, after the last ArtDmx of the frame, from the same socket",
    "A16": "source port 6454, which other programs may share",
    "A17": "on exit two frames of zeros",
    "S1": "UDP 5568; preamble, identifier; flags and length of all three layers",
    "S2": "vectors, addresses, property count",
    "S3": "one CID, the same after a restart",
    "S4": "source name: UTF-8, ended, cut between characters",
    "S5": "priority 0 to 200",
    "S6": "sequence 0 to 255 for each universe, 0 included",
    "S7": "universe 1, 255, 256, 63999 to 239.255.hi.lo",
    "S8": "options: nothing but Stream_Terminated, and that at the end; previews are marked as such",
    "S9": "three packets with Stream_Terminated when a universe stops, numbered on",
    "S10": "no universe is silent for 2.5 s",
    "S11": "on_change: three packets of the settled data, then one each 800 to 1000 ms",
    "S12": "not faster than DMX512",
    "S14": "synchronisation: after the data, one for each receiver, numbered, to the group of its universe",
    "S15": "start code 0 alone",
    "S16": "the named interface and no other; the TTL of the settings; heard on the same host",
    "S17": "64 universes received, more than the 20 groups of one socket",
}

NODE, OTHER, SECOND = "10.77.0.2", "10.77.0.3", "10.78.0.2"
PORT_ADDRESSES = (0, 1, 15, 16, 255, 256, 32767)
UNIVERSES = (1, 255, 256, 63999)
PREVIEW = 30                                    # for visualisers
SYNC, UNICAST, ELSEWHERE = 400, 10, 20          # sACN: the synchronisation universe; one to NODE alone; one on the second cable
NAME = "Pult Größe 灯光 " + "é" * 49             # 63 characters, 122 bytes
BEFORE, AFTER = 7.0, 3.5                        # seconds before and after the level changes


def outputs():
    """The rows; the fixture is in universe 1, which goes to port-address 0 and sACN universe 1."""
    for i, port in enumerate(PORT_ADDRESSES):
        yield {"universe": 1 if port == 0 else 100 + i, "protocol": "artnet", "destination": NODE, "port_address": None if port == 0 else port, "sync": i < 2}
    yield {"universe": 1, "protocol": "artnet", "destination": OTHER, "sync": 1}
    yield {"universe": 2, "protocol": "artnet", "destination": "broadcast", "interface": "booth0", "sync": 1}
    for i, universe in enumerate(UNIVERSES):
        yield {"universe": universe, "protocol": "sacn", "interface": "booth0", "priority": (0, 100, 200, 101)[i], "sync": SYNC if i < 2 else None}
    yield {"universe": UNICAST, "protocol": "sacn", "destination": NODE, "sync": SYNC}
    yield {"universe": ELSEWHERE, "protocol": "sacn", "destination": "multicast", "interface": "booth1", "sync": SYNC}
    yield {"universe": PREVIEW, "protocol": "sacn", "interface": "booth0", "transmit": "preview"}


class Capture:
    """One life of lumad as the node hears it: outputs are made, a level changes, lumad is stopped."""

    def __init__(self, net, data, transmit, ttl):
        self.transmit, self.ttl = transmit, ttl
        groups = [(group(u), "node0") for u in (*UNIVERSES, PREVIEW, SYNC)] + [(group(u), "node1") for u in (ELSEWHERE, SYNC)]
        groups += [(group(ELSEWHERE), "node0"), (group(1), "node1")]           # where they must not arrive
        shared = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)              # a program that shares the port was first
        shared.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        shared.bind(("", netrig.ARTNET))
        with shared, netrig.Ear(net, groups) as ear, netrig.Ear(net, [(group(1), "booth0")], here=True) as self_ear, \
                Lumad(data=data, config="[audio]\ndevice = clock\n") as d:
            d.patch("/settings", {"source_name": NAME, "multicast_ttl": ttl})
            venue = d.post("/venues", {"name": transmit})["id"]
            lamp = d.post(f"/venues/{venue}/fixtures", {"universe": 1, "address": 1, "fixture_path": "builtin:generic-dimmer", "mode_name": "1 Channel"})["id"]
            d.put(f"/fixtures/{lamp}/park", {"channels": {"1": 100}})
            for row in outputs():
                d.post(f"/venues/{venue}/outputs", {"transmit": transmit, **row, "sync": int(row.get("sync") or 0)})
            d.put("/show", {"venue_id": venue, "mode": "off"})
            ear.wait_until(lambda e: len(e.streams()) >= 16)
            time.sleep(0.3)
            self.settled = time.time()
            time.sleep(BEFORE)
            self.changed = time.time()
            d.put(f"/fixtures/{lamp}/park", {"channels": {"1": 200}})
            time.sleep(AFTER)
            self.warnings = d.get("/system")["warnings"]
            self.stopped = time.time()
            d.stop()
            time.sleep(0.2)
        self.packets = [p for p in ear.packets if p.kind not in ("poll", "reply", "discovery")]
        self.here = self_ear.packets
        self.all = ear.streams()

    def streams(self, protocol, since=0.0, until=1e12):
        return {key[1:]: [p for p in packets if since <= p.time < until] for key, packets in self.all.items() if key[0] == protocol}


@unittest.skipIf(netrig.why_not(), netrig.why_not())
class Conformance(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.net = netrig.Net(cables=2)
        cls.net.__enter__()
        cls.addClassCleanup(cls.net.__exit__)
        cls.net.node("ip", "address", "add", f"{OTHER}/24", "dev", "node0")
        folder = tempfile.TemporaryDirectory(prefix="lumad-wire-")
        cls.addClassCleanup(folder.cleanup)
        cls.captures = [Capture(cls.net, pathlib.Path(folder.name), transmit, ttl) for transmit, ttl in (("continuous", 16), ("on_change", 3))]

    def each(self, protocol=None):
        for c in self.captures:
            with self.subTest(transmit=c.transmit):
                yield (c, c.streams(protocol)) if protocol else c

    def test_every_row_has_a_test(self):
        for row in ROWS:
            self.assertTrue(any(name.startswith("test_") and row in name.split("_") for name in dir(self)), row)

    def test_nothing_is_warned_of(self):
        for c in self.each():
            self.assertEqual([w for w in c.warnings if w["id"].startswith("output")], [])

    # --- Art-Net ---

    def test_A1_A2_A3_header_length_and_fields(self):
        for c in self.each():
            packets = [p for p in c.packets if p.protocol == "artnet"]
            self.assertGreater(len(packets), 50)
            self.assertEqual([p for p in packets if p.bad or p.kind not in ("dmx", "sync")], [])
            for p in packets:
                if p.kind == "dmx":
                    self.assertEqual((p.f["physical"], p.f["length"], len(p.slots)), (0, 512, 512))
            lit = {p.slots[0] for p in packets if p.kind == "dmx" and p.f["port_address"] == 0}
            self.assertEqual(lit, {0, 100, 200} if c.transmit == "continuous" else lit | {100, 200})
            self.assertEqual({bytes(p.slots[1:]) for p in packets if p.kind == "dmx"}, {bytes(511)})

    def test_A4_sequence(self):
        for c, streams in self.each("artnet"):
            for where, packets in streams.items():
                got = [p.f["sequence"] for p in packets]
                self.assertNotIn(0, got, where)
                self.assertEqual([b for a, b in zip(got, got[1:]) if b != a % 255 + 1], [], where)
                if c.transmit == "continuous":
                    self.assertGreater(len(got), 256, "once around")

    def test_A5_port_addresses(self):
        for c, streams in self.each("artnet"):
            self.assertEqual({port for port, to in streams if to == NODE}, set(PORT_ADDRESSES))
            self.assertIn((1, "10.77.0.255"), streams, "the directed broadcast address, not 255.255.255.255")
            self.assertIn((0, OTHER), streams)
            self.assertEqual(len(streams), len(PORT_ADDRESSES) + 2)

    def keep_alive(self, c, packets, where):
        still = gaps([p for p in packets if c.settled <= p.time < c.changed])
        self.assertGreaterEqual(len(still), 5, where)
        self.assertLessEqual(max(still), 1.0, where)
        self.assertGreaterEqual(min(still), 0.8, where)

    def test_A6_keep_alive(self):
        c = self.captures[1]
        for where, packets in c.streams("artnet").items():
            self.keep_alive(c, packets, where)
            if where[0] == 0:
                self.assertEqual([p.slots[0] for p in packets if c.changed <= p.time < c.changed + 0.7], [200], "once, and at once")

    def rate(self, protocol):
        c = self.captures[0]
        for where, packets in c.streams(protocol, c.settled, c.stopped).items():
            rate = (len(packets) - 1) / (packets[-1].time - packets[0].time)
            self.assertLess(rate, 44.1, where)
            if not INSTRUMENTED:
                self.assertGreater(rate, 43, where)
                self.assertGreaterEqual(percentile(gaps(packets), 0.5) * 1e3, 22.5, where)

    def test_A7_rate(self):
        self.rate("artnet")

    def frames(self, c, protocol, receiver, is_sync, is_data):
        """The data packets between one synchronisation packet and the next, as this receiver gets them."""
        out, frame = [], []
        for p in c.packets:
            if p.protocol != protocol or p.time >= c.stopped or not receiver(p):
                continue
            if is_sync(p):
                out.append(frame)
                frame = []
            elif is_data(p):
                frame.append(p)
        self.assertGreater(len(out), 10)
        return out

    def test_A15_sync_after_the_data(self):
        for c in self.each():
            for to, ports in ((NODE, PORT_ADDRESSES), (OTHER, (0,)), ("10.77.0.255", (1,))):
                frames = self.frames(c, "artnet", lambda p: p.to == to, lambda p: p.kind == "sync", lambda p: p.kind == "dmx")
                self.assertTrue(frames[0], f"{to}: data before the first ArtSync")
                if c.transmit == "continuous":              # whole frames, once all outputs are there
                    whole = [sorted(p.f["port_address"] for p in f) for f in frames[-300:]]
                    self.assertEqual([f for f in whole if f != sorted(ports)], [], to)
            sockets = {p.source for p in c.packets if p.protocol == "artnet"}
            self.assertEqual(sockets, {("10.77.0.1", 6454)}, "ArtSync comes from where the data come from")

    def test_A16_source_port(self):
        for c in self.each():
            self.assertEqual({p.source[1] for p in c.packets if p.protocol == "artnet"}, {6454})

    def test_A17_zeros_on_exit(self):
        for c, streams in self.each("artnet"):
            for where, packets in streams.items():
                end = [p for p in packets if p.time >= c.stopped]
                self.assertEqual([bytes(p.slots) for p in packets[-2:]], [bytes(512)] * 2, where)
                if where[0] == 0:
                    self.assertEqual([p.slots[0] for p in end if p.slots[0]], [200] * (len(end) - 2), where)

    # --- sACN ---

    def test_S1_S2_layers(self):
        for c in self.each():
            packets = [p for p in c.packets if p.protocol == "sacn"]
            self.assertGreater(len(packets), 50)
            self.assertEqual([p for p in packets if p.bad or p.kind not in ("data", "sync")], [])
            self.assertEqual({len(p.data) for p in packets}, {638, 49})

    def test_S3_identity(self):
        cids = {p.f["cid"] for c in self.captures for p in c.packets if p.protocol == "sacn"}
        self.assertEqual(len(cids), 1, "one before and after the restart, in data and synchronisation")
        cid, = cids
        self.assertEqual((cid[12], cid[16] in "89ab"), ("4", True), "an RFC 4122 UUID")

    def test_S4_source_name(self):
        for c, streams in self.each("sacn"):
            names = {p.f["name"] for packets in streams.values() for p in packets if p.time > c.settled}
            self.assertEqual(names, {NAME.encode()[:63].decode(errors="ignore")})
            self.assertEqual({len(n.encode()) for n in names}, {62}, "not half a character")

    def test_S5_priority(self):
        for c, streams in self.each("sacn"):
            got = {universe: {p.f["priority"] for p in packets} for (universe, _), packets in streams.items()}
            self.assertEqual(got, {1: {0}, 255: {100}, 256: {200}, 63999: {101}, UNICAST: {100}, ELSEWHERE: {100}, PREVIEW: {100}})

    def test_S6_sequence(self):
        for c, streams in self.each("sacn"):
            for where, packets in streams.items():
                got = [p.f["sequence"] for p in packets]
                self.assertEqual([(a, b) for a, b in zip(got, got[1:]) if b != (a + 1) % 256], [], where)
                if c.transmit == "continuous":
                    self.assertIn(0, got, where)

    def test_S7_universes_and_groups(self):
        for c, streams in self.each("sacn"):
            want = {(u, group(u)) for u in (*UNIVERSES, ELSEWHERE, PREVIEW)} | {(UNICAST, NODE)}
            self.assertEqual(set(streams), want)

    def test_S8_S9_options_and_end(self):
        for c, streams in self.each("sacn"):
            for where, packets in streams.items():
                options, preview = [p.f["options"] for p in packets], 0x80 if where[0] == PREVIEW else 0
                self.assertEqual(options[-3:], [0x40 | preview] * 3, where)
                self.assertEqual(set(options[:-3]), {preview}, where)
                self.assertGreaterEqual(packets[-3].time, c.stopped)
                self.assertEqual({bytes(p.slots) for p in packets[-3:]}, {bytes(512)}, where)

    def test_S10_never_silent(self):
        for c, streams in self.each("sacn"):
            for where, packets in streams.items():
                self.assertLess(max(gaps(packets)), 2.5, where)

    def test_S11_settled_data_and_keep_alive(self):
        c = self.captures[1]
        for where, packets in c.streams("sacn").items():
            if where[0] != PREVIEW:
                self.keep_alive(c, packets, where)
        lit = [p for p in c.streams("sacn")[1, group(1)] if c.changed <= p.time < c.stopped]
        new = [p for p in lit if p.slots[0] == 200]
        self.assertEqual([p.slots[0] for p in lit if p.time < new[0].time], [100] * (len(lit) - len(new)))
        three = gaps(new[:4])
        self.assertLess(max(three[:2]), 0.2, "three packets of the settled data")
        self.assertTrue(0.8 <= three[2] <= 1.0, three)

    def test_S12_rate(self):
        self.rate("sacn")

    def test_S14_sync_after_the_data(self):
        for c in self.each():
            syncs = [p for p in c.packets if p.protocol == "sacn" and p.kind == "sync"]
            self.assertEqual({(p.to, p.f["sync"], len(p.data)) for p in syncs}, {(group(SYNC), SYNC, 49), (NODE, SYNC, 49)})
            on = {"booth0": "10.77.0.1", "booth1": "10.78.0.1"}
            for source, to, universes in ((on["booth0"], group(SYNC), (1, 255)), (on["booth1"], group(SYNC), (ELSEWHERE,)), (on["booth0"], NODE, (UNICAST,))):
                mine = [p for p in syncs if p.to == to and p.source[0] == source]
                numbers = [p.f["sequence"] for p in mine]
                self.assertEqual([(a, b) for a, b in zip(numbers, numbers[1:]) if b != (a + 1) % 256], [], (source, to))
                frames = self.frames(c, "sacn", lambda p: p.source[0] == source and (p.to == NODE) == (to == NODE), lambda p: p.kind == "sync",
                                     lambda p: p.kind == "data" and p.f["sync"] == SYNC)
                self.assertTrue(frames[0], "data before the first synchronisation")
                if c.transmit == "continuous":
                    whole = [sorted(p.f["universe"] for p in f) for f in frames[-300:]]
                    self.assertEqual([f for f in whole if f != sorted(universes)], [], (source, to))
            for (universe, _), packets in c.streams("sacn", c.settled, c.stopped).items():
                self.assertEqual({p.f["sync"] for p in packets}, {SYNC if universe in (1, 255, UNICAST, ELSEWHERE) else 0}, universe)

    def test_S15_start_code(self):
        for c, streams in self.each("sacn"):
            self.assertEqual({p.f["start"] for packets in streams.values() for p in packets}, {0})

    def test_S16_interface_reach_and_loop(self):
        for c in self.each():
            sacn = [p for p in c.packets if p.kind == "data" and c.settled < p.time < c.stopped]
            self.assertEqual({(p.f["universe"], p.source[0]) for p in sacn},
                             {(u, "10.77.0.1") for u in (*UNIVERSES, PREVIEW, UNICAST)} | {(ELSEWHERE, "10.78.0.1")}, "each on its own cable, from its address")
            self.assertEqual({p.ttl for p in sacn if p.to != NODE}, {c.ttl})
            mine = [p for p in c.here if p.kind == "data" and p.f["universe"] == 1]
            self.assertGreater(len(mine), 10, "a visualiser on the same machine hears it")

    # --- received ---

    def test_S17_many_groups(self):
        universes = range(1, 65)
        with self.net.inside_node():
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(NODE))
        with s, Lumad(config="[audio]\ndevice = clock\n") as d:
            d.patch("/settings", {"input_merge": "htp"})
            venue = d.post("/venues", {"name": "Guest"})["id"]
            for u in universes:
                d.post(f"/venues/{venue}/outputs", {"universe": u, "protocol": "null"})
            d.put("/show", {"venue_id": venue, "mode": "off"})
            deaf = set(universes)
            for sequence in range(100):
                for u in universes:
                    s.sendto(netrig.sacn_data(u, sequence, bytes([u, 255 - u])), (group(u), netrig.SACN))
                time.sleep(0.1)
                deaf = {u for u in deaf if d.get(f"/dmx/universes/{u}")["slots"][:3] != [u, 255 - u, 0]}
                if not deaf:
                    break
            self.assertEqual(deaf, set())


if __name__ == "__main__":
    unittest.main()
