"""lumad among Art-Net nodes, on the wire of a network of its own: who is asked, who gets what, and what comes and goes while the show runs (rows A8 to A14 and S13)."""
import json
import os
import shutil
import socket
import struct
import subprocess
import tempfile
import time
import unittest

import artnet
import netrig
from lumad import Lumad

LONG = True
NO_LIGHT = True

SLOW = 1 if "release" in os.environ.get("LUMAD", "release") and not os.environ.get("UNDER") else 2
CAST = ("10.77.0.255", "10.78.0.255")
NODE, NODE2 = "10.77.0.2", "10.78.0.2"


def spans(packets):
    return [b.time - a.time for a, b in zip(packets, packets[1:])]


@unittest.skipIf(netrig.why_not(), netrig.why_not())
class Nodes(unittest.TestCase):
    def setUp(self):
        self.net = netrig.Net(cables=2)
        self.net.__enter__()
        self.addCleanup(self.net.__exit__)
        self.nodes = artnet.Nodes(self.net)
        self.addCleanup(self.nodes.close)

    def start(self, outputs=(), **more):
        d = Lumad(**more)
        self.addCleanup(lambda: d.proc.poll() is None and d.stop())
        self.venue = d.post("/venues", {"name": "Rig"})["id"]
        self.outputs = [d.post(f"/venues/{self.venue}/outputs", {"protocol": "artnet", **o})["id"] for o in outputs]
        d.put("/show", {"venue_id": self.venue, "mode": "off"})
        return d

    def until(self, condition, seconds=10.0):
        end = time.monotonic() + seconds * SLOW
        while time.monotonic() < end:
            if condition():
                return
            time.sleep(0.01)
        self.fail(f"not within {seconds * SLOW} s")

    def settled(self):
        """Waits until the first round of polls is over everywhere."""
        self.until(lambda: self.nodes.of(artnet.POLL), 5)
        over = self.nodes.of(artnet.POLL)[0].time + 3.2 * SLOW
        time.sleep(max(0, over - time.time()))

    def check_stream(self, packets, worst=0.1):
        self.assertGreater(len(packets), 10)
        for a, b in zip(packets, packets[1:]):
            self.assertEqual(b.sequence, a.sequence % 255 + 1)
        if SLOW == 1:
            self.assertLess(max(spans(packets)), worst)

    # --- A8: who gets a universe ---

    def test_A8_none_one_two_forty_one(self):
        crowd = [f"10.77.0.{100 + i}" for i in range(41)]
        for a in crowd:
            self.nodes.add(a, [artnet.reply(a, outputs=[3])])
        self.nodes.add("10.77.0.10", [artnet.reply("10.77.0.10", outputs=[1, 2])])
        self.nodes.add("10.77.0.11", [artnet.reply("10.77.0.11", inputs=[0]), artnet.reply("10.77.0.11", outputs=[2], bind_index=2)])
        d = self.start([{"universe": u} for u in (1, 2, 3, 4)] + [{"universe": 5, "destination": "broadcast"}, {"universe": 6, "destination": NODE}]
                       + [{"universe": u} for u in (22, 20, 21, 30)])
        began = time.time()
        state = d.get("/dmx/universes/1")["outputs"][0]["stats"]["state"]
        over = self.nodes.of(artnet.POLL)[0].time + 2.9
        if time.time() > over and SLOW > 1:
            self.skipTest("the first round was over before the rig was patched")
        self.assertEqual(state, "looking")
        self.until(lambda: time.time() > over)
        for address in (0, 1, 2, 3):                # the round is not over: nobody knows yet
            self.assertEqual({p.to for p in self.nodes.dmx(address, began) if p.time < over}, set(CAST), address)
        time.sleep(1.6 * SLOW)
        since = time.time()
        time.sleep(1)
        went = {a: {p.to for p in self.nodes.dmx(a, since)} for a in range(6)}
        self.assertEqual(went[0], set(), "nobody asks for it (an input port does not): not transmitted")
        self.assertEqual(went[1], {"10.77.0.10"})
        self.assertEqual(went[2], {"10.77.0.10", "10.77.0.11"})
        self.assertEqual(went[3], {CAST[0]}, "above forty: broadcast, and only where they are")
        self.assertEqual(went[4], set(CAST))
        self.assertEqual(went[5], {NODE})
        self.assertGreater(min(len(self.nodes.dmx(a, since)) for a in range(1, 6)), 40 / SLOW)
        stats = {u: d.get(f"/dmx/universes/{u}")["outputs"][0]["stats"] for u in range(1, 7)}
        self.assertEqual([(stats[u]["state"], stats[u]["targets"]) for u in range(1, 7)],
                         [("no_node", 0), ("sent", 1), ("sent", 2), ("sent", 1), ("sent", 2), ("sent", 1)])
        self.assertEqual(stats[1]["fps"], 0)
        warnings = [w for w in d.get("/system")["warnings"] if w["id"].startswith(("artnet", "output"))]
        self.assertEqual([w["id"] for w in warnings], ["artnet.unheard"])
        self.assertIn("universe 1, 20-22, 30, so", warnings[0]["message"])
        for to in ("10.77.0.10", "10.77.0.11"):
            self.check_stream([p for p in self.nodes.dmx(2, since) if p.to == to])

        # One of the crowd turns to port-address 0: forty are left of it, and universe 1 has somebody, at once and without a poll.
        self.nodes.answers[crowd[0]] = [artnet.reply(crowd[0], outputs=[0])]
        since = time.time()
        self.nodes.send(self.nodes.answers[crowd[0]][0], "10.77.0.1", crowd[0])
        self.until(lambda: {p.to for p in self.nodes.dmx(0, since)} == {crowd[0]}, 1)
        time.sleep(0.5)
        since = time.time()
        time.sleep(1)
        self.assertEqual({p.to for p in self.nodes.dmx(3, since)}, set(crowd[1:]))
        self.until(lambda: any("universe 20-22, 30, so" in w["message"] for w in d.get("/system")["warnings"]), 2)
        for o in self.outputs[6:]:
            d.delete(f"/outputs/{o}")
        self.until(lambda: not any(w["id"] == "artnet.unheard" for w in d.get("/system")["warnings"]), 2)

    def test_A8_dark_at_the_end_goes_to_the_subscribers_only(self):
        self.nodes.add("10.77.0.10", [artnet.reply("10.77.0.10", outputs=[0])])
        d = self.start([{"universe": 1}])
        self.settled()
        since = time.time()
        d.stop()
        time.sleep(0.2)
        end = self.nodes.dmx(0, since)[-2:]
        self.assertEqual([(p.to, max(p.slots)) for p in end], [("10.77.0.10", 0)] * 2)
        self.assertEqual({p.to for p in self.nodes.dmx(None, since)}, {"10.77.0.10"})

    def test_A8_synchronisation_goes_where_the_data_goes(self):
        self.nodes.add("10.77.0.10", [artnet.reply("10.77.0.10", outputs=[0, 1])])
        self.start([{"universe": 1, "sync": 1}, {"universe": 2, "sync": 1}])
        self.settled()
        since = time.time()
        time.sleep(0.5)
        heard = [h for h in self.nodes.heard if h.time >= since and h.op in (artnet.DMX, artnet.SYNC)]
        self.assertEqual({h.to for h in heard}, {"10.77.0.10"})
        while heard[0].op != artnet.SYNC:
            heard.pop(0)
        ops = [h.op for h in heard]
        self.assertEqual(ops[:len(ops) // 3 * 3], [artnet.SYNC, artnet.DMX, artnet.DMX] * (len(ops) // 3))

    # --- A10, A11: asking ---

    def test_A10_polls(self):
        self.net.node("ip", "address", "add", "10.99.0.5/32", "dev", "lo")
        self.net.booth("ip", "route", "add", "10.99.0.0/24", "via", NODE)
        d = self.start([{"universe": 1, "destination": "10.99.0.5"}, {"universe": 2, "destination": NODE}])
        time.sleep(6.5)
        polls = self.nodes.of(artnet.POLL)
        self.assertEqual({p.to for p in polls}, {*CAST, "10.99.0.5"}, "each subnet, and what no broadcast reaches; nobody twice")
        # It is behind a router, but an output names it: what it answers counts. Of its neighbour, whom nobody asked, it does not.
        self.net.node("ip", "address", "delete", "10.99.0.5/32", "dev", "lo")
        for a in ("10.99.0.5", "10.99.0.6"):
            self.nodes.add(a, interface="lo", bits=32)
            self.nodes.send(artnet.reply(a, outputs=[0]), "10.77.0.1", a)
        self.until(lambda: [n["ip"] for n in d.get("/dmx/nodes")["items"]] == ["10.99.0.5"], 2)
        for to in (*CAST, "10.99.0.5"):
            times = [p for p in polls if p.to == to]
            self.assertGreaterEqual(len(times), 3 if SLOW == 1 else 2, to)
            for gap in spans(times) if SLOW == 1 else ():
                self.assertTrue(2.5 <= gap <= 3.0, f"{to}: {gap}")
        for p in polls:
            self.assertEqual(p.data, b"Art-Net\0\0\x20\0\x0e\x02\0")
            self.assertEqual(p.source[1], artnet.PORT)
        self.assertEqual({p.source[0] for p in polls if p.to == CAST[1]}, {"10.78.0.1"})

    def test_A11_a_node_that_falls_silent(self):
        self.nodes.add("10.77.0.10", [artnet.reply("10.77.0.10", outputs=[0], name="Truss left")])
        self.nodes.add("10.77.0.11", [artnet.reply("10.77.0.11", outputs=[0])])
        d = self.start([{"universe": 1}])
        self.settled()
        found = d.get("/dmx/nodes")
        self.assertEqual([n["ip"] for n in found["items"]], ["10.77.0.10", "10.77.0.11"])
        n = found["items"][0]
        seen = n.pop("last_seen")
        self.assertRegex(seen, r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        self.assertEqual(n, {"ip": "10.77.0.10", "bind_index": 1, "name": "Truss left", "long_name": "Truss left of the test", "mac": "02:00:0a:4d:00:0a",
                             "bind_ip": "10.77.0.10", "interface": "booth0", "style": "node", "report": "#0001 [0001] fine", "status": "online",
                             "ports": [{"port_address": 0, "direction": "output", "active": False, "dmx512": True}]})
        self.nodes.answers["10.77.0.10"] = []
        last = max(p.time for p in self.nodes.of(artnet.POLL))
        self.until(lambda: d.get("/dmx/nodes")["items"][0]["status"] == "silent", 7)
        self.until(lambda: len(d.get("/dmx/nodes")["items"]) == 1, 12)
        gone = max(p.time for p in self.nodes.dmx(0) if p.to == "10.77.0.10")
        if SLOW == 1:
            self.assertTrue(8.5 < gone - last < 9.6, gone - last)       # three polls and a bit
        self.check_stream([p for p in self.nodes.dmx(0, last) if p.to == "10.77.0.11"])

    @unittest.skipUnless(shutil.which("tshark"), "tshark is not installed")
    def test_A10_A13_as_tshark_reads_them(self):
        with tempfile.TemporaryDirectory() as folder:
            file = f"{folder}/cap.pcapng"
            shark = subprocess.Popen(self.net.in_node("tshark", "-Q", "-i", "node0", "-f", "udp port 6454", "-w", file), stderr=subprocess.DEVNULL)
            self.until(lambda: os.path.exists(file) and os.path.getsize(file), 60)          # its head is written when the interface is open
            self.start([{"universe": u, "destination": NODE} for u in (1, 2, 257)])
            self.settled()
            self.assertEqual(len(self.ask()[0]), 2)
            time.sleep(0.5)
            shark.terminate()
            shark.wait()                # it writes what it has, and the end

            def read(what, *fields):
                out = subprocess.run(["tshark", "-r", file, "-Y", what, *(["-T", "fields"] if fields else []), *(x for f in fields for x in ("-e", f))],
                                     capture_output=True, text=True, check=True).stdout
                return [line.split("\t") for line in out.splitlines()]
            self.assertEqual(read("_ws.malformed or _ws.expert.severity >= 0x400000 or not artnet"), [])
            polls = read("artnet.header.opcode == 0x2000 and ip.src == 10.77.0.1", "ip.dst", "artnet.header.protver", "udp.srcport")
            self.assertEqual(set(map(tuple, polls)), {(CAST[0], "14", "6454")})
            replies = read("artnet.header.opcode == 0x2100 and ip.src == 10.77.0.1", "ip.dst", "artnet.poll_reply.ip_address", "artnet.poll_reply.short_name",
                           "artnet.poll_reply.num_ports", "artnet.poll_reply.netswitch")
            self.assertEqual(replies, [[NODE, "10.77.0.1", "lumad", "2", "0x00"], [NODE, "10.77.0.1", "lumad", "1", "0x01"]])

    # --- A12 to A14: being asked ---

    def ask(self, packet=artnet.poll(), to="10.77.0.1", source=None, seconds=1.5):
        since = time.time()
        self.nodes.send(packet, to, source)
        time.sleep(seconds * SLOW)
        return [(h, artnet.Reply(h.data)) for h in self.nodes.of(artnet.REPLY, since) if h.source[0] == "10.77.0.1"], since

    def test_A12_A13_answer(self):
        d = self.start([{"universe": 1}, {"universe": 2, "port_address": 15}])
        self.settled()
        mac = json.loads(self.net.booth("ip", "-j", "link", "show", "booth0"))[0]["address"]
        for to in ("10.77.0.1", CAST[0]):
            got, since = self.ask(to=to)
            self.assertEqual(len(got), 1)
            h, r = got[0]
            self.assertEqual((h.to, h.source), (NODE, ("10.77.0.1", artnet.PORT)))
            if SLOW == 1:
                self.assertLess(h.time - since, 1.1)
            self.assertEqual((r.ip, r.bind_ip, r.port, r.name, r.style, r.bind_index), ("10.77.0.1", "10.77.0.1", artnet.PORT, "lumad", 1, 1))
            self.assertEqual((r.inputs, r.outputs, r.n_ports), ([0, 15], [], 2))
            self.assertEqual(":".join(f"{b:02x}" for b in r.mac), mac)
            self.assertTrue(r.status2 & 8, "15-bit port-addresses")
            self.assertTrue(r.long_name.startswith("lumad "), r.long_name)
            self.assertRegex(r.report, r"^#[0-9A-F]{4} \[\d{4}\] .*sends 2 universes")
        # Too short, another protocol, somebody else's range: no answer. A range with one of ours: this one.
        self.assertEqual(self.ask(artnet.poll()[:13])[0], [])
        self.assertEqual(self.ask(b"Art-Net\0\0\x20\0\x0d\0\0")[0], [])
        self.assertEqual(self.ask(artnet.poll(0x20, struct.pack(">HH", 14, 1)))[0], [])
        self.assertEqual(len(self.ask(artnet.poll(0x20, struct.pack(">HH", 15, 15)))[0]), 1)
        d.patch("/settings", {"artnet_reply": "broadcast"})
        time.sleep(0.2)
        self.assertEqual([h.to for h, _ in self.ask()[0]], [CAST[0]])
        self.assertEqual(d.get("/dmx/nodes")["items"], [], "nobody but us is there, and we are no node of ours")

    def test_A14_more_than_four_ports(self):
        d = self.start([{"universe": u} for u in (1, 2, 3, 4, 17, 257)])
        self.settled()
        got = [r for _, r in self.ask()[0]]
        self.assertEqual([(r.bind_index, r.inputs, r.n_ports) for r in got],
                         [(1, [0], 1), (2, [1], 1), (3, [2], 1), (4, [3], 1), (5, [16], 1), (6, [256], 1)])
        for o in self.outputs[4:]:
            d.delete(f"/outputs/{o}")
        time.sleep(0.5)
        self.assertEqual([(r.bind_index, r.inputs) for _, r in self.ask()[0]], [(1, [0, 1, 2, 3])])

    def test_answers_in_the_crowd(self):
        """Sixty askers, each asking over and over in one instant: each gets its answer, nobody is flooded."""
        self.start([{"universe": 1}])
        self.settled()
        crowd = [f"10.77.0.{30 + i}" for i in range(60)]
        for a in crowd:
            self.nodes.add(a)
        since = time.time()
        for i in range(2000):
            self.nodes.send(artnet.poll(), "10.77.0.1", crowd[i % len(crowd)])
        time.sleep(1.5 * SLOW)
        to = [h.to for h in self.nodes.of(artnet.REPLY, since)]
        self.assertGreater(len(set(to)), 50)
        self.assertLessEqual(max(to.count(a) for a in crowd), 2 * SLOW)

    def test_hostile_replies(self):
        """Short, lying and made-up replies: the show goes on, the list stays within its bounds."""
        self.nodes.add("10.77.0.10", [artnet.reply("10.77.0.10", outputs=[0])])
        d = self.start([{"universe": 1}])
        self.settled()
        since = time.time()
        self.nodes.add("10.77.0.66", [])
        whole = artnet.reply("10.77.0.10", outputs=[0], bind_index=7)           # says it is somebody else
        for length in (9, 10, 12, 100, 206):
            self.nodes.send(whole[:length], "10.77.0.1", "10.77.0.66")
        for i in range(3000):
            self.nodes.send(artnet.reply("255.255.255.255", outputs=[i & 0x7FF0, i & 0x7FF0 | 1], ports=255, bind_index=i & 255, name="\x1b[31m\xff"), "10.77.0.1", "10.77.0.66")
        time.sleep(0.5)
        items = d.get("/dmx/nodes")["items"]
        self.assertEqual({n["ip"] for n in items}, {"10.77.0.10", "10.77.0.66"})
        self.assertLessEqual(len(items), 257)
        self.assertNotIn("\x1b", items[-1]["name"])
        self.assertEqual({p.to for p in self.nodes.dmx(0, since)} - {"10.77.0.66"}, {"10.77.0.10"})
        self.check_stream([p for p in self.nodes.dmx(0, since) if p.to == "10.77.0.10"])

    # --- links and addresses ---

    def frames(self, d):
        return d.get("/system")["dmx"]["frames"]

    def goes_on(self, packets):
        if SLOW == 1:
            self.assertLess(max(spans(packets)), 0.1, "the other cable never notices")

    def test_link_down_at_start_then_up(self):
        self.net.booth("ip", "link", "set", "booth1", "down")
        d = self.start([{"universe": 1, "destination": "broadcast", "interface": "booth1"}, {"universe": 2, "destination": NODE}, {"universe": 3}])
        time.sleep(1)
        self.assertEqual(self.nodes.dmx(0), [])
        self.assertEqual(d.get("/dmx/universes/1")["outputs"][0]["stats"]["state"], "no_interface")
        self.until(lambda: any("booth1" in w["message"] for w in d.get("/system")["warnings"]), 2)
        for _ in range(3):
            up = time.time()
            self.net.booth("ip", "link", "set", "booth1", "up")
            self.until(lambda: self.nodes.dmx(0, up), 5)
            took = self.nodes.dmx(0, up)[0].time - up
            asked = [p for p in self.nodes.of(artnet.POLL, up) if p.to == CAST[1]]
            self.until(lambda: [p for p in self.nodes.of(artnet.POLL, up) if p.to == CAST[1]], 1)
            if SLOW == 1:
                self.assertLess(took, 0.3, "at once, not at the next look")
            time.sleep(0.5)
            down = time.time()
            self.net.booth("ip", "link", "set", "booth1", "down")
            time.sleep(0.5)
            self.assertLess(max(p.time for p in self.nodes.dmx(0)), down + 0.1 * SLOW)
        self.assertLess(d.get("/dmx/universes/1")["outputs"][0]["stats"]["errors"], 20)

        # The same with a cable that is pulled: the interface stays up, and has no carrier.
        self.net.booth("ip", "link", "set", "booth1", "up")
        self.until(lambda: d.get("/dmx/universes/1")["outputs"][0]["stats"]["state"] == "sent", 2)
        self.net.node("ip", "link", "set", "node1", "down")
        self.until(lambda: d.get("/dmx/universes/1")["outputs"][0]["stats"]["state"] == "no_interface", 2)
        plugged = time.time()
        self.net.node("ip", "link", "set", "node1", "up")
        self.until(lambda: self.nodes.dmx(0, plugged), 2)
        self.until(lambda: [p for p in self.nodes.of(artnet.POLL, plugged) if p.to == CAST[1]], 4)
        self.goes_on(self.nodes.dmx(1))

    def test_address_away_and_back(self):
        self.nodes.add("10.78.0.10", [artnet.reply("10.78.0.10", outputs=[0])], "node1")
        d = self.start([{"universe": 1}, {"universe": 2, "destination": "broadcast"}, {"universe": 3, "destination": NODE}])
        self.settled()
        before = self.frames(d)
        self.assertIn(CAST[1], {p.to for p in self.nodes.dmx(1, time.time() - 0.5)})
        away = time.time()
        self.net.booth("ip", "address", "delete", "10.78.0.1/24", "dev", "booth1")
        time.sleep(1 * SLOW)
        self.assertEqual({p.to for p in self.nodes.dmx(1, away + 0.3 * SLOW)}, {CAST[0]})
        back = time.time()
        self.net.booth("ip", "address", "add", "10.78.0.77/24", "dev", "booth1")       # another one, and without a broadcast address of its own
        self.until(lambda: any(p.to == CAST[1] for p in self.nodes.dmx(1, back)), 1)
        self.until(lambda: any(p.to == "10.78.0.10" or p.to == CAST[1] for p in self.nodes.dmx(0, back)), 1)
        heard = [p for p in self.nodes.dmx(1, back) if p.to == CAST[1]]
        if SLOW == 1:
            self.assertLess(heard[0].time - back, 0.3)
        self.assertEqual({p.source for p in heard}, {("10.78.0.77", artnet.PORT)})
        self.assertEqual({p.source[0] for p in self.nodes.of(artnet.POLL, back) if p.to == CAST[1]}, {"10.78.0.77"})
        time.sleep(4)
        self.assertEqual({p.to for p in self.nodes.dmx(0, time.time() - 0.5)}, {"10.78.0.10"})
        self.goes_on(self.nodes.dmx(2))
        self.assertGreater(self.frames(d) - before, 200 / SLOW)

    def test_an_interface_that_is_made_later(self):
        d = self.start([{"universe": 1, "destination": "broadcast", "interface": "late0"}, {"universe": 2, "destination": NODE}])
        time.sleep(0.5)
        self.net.booth("ip", "link", "add", "late0", "type", "veth", "peer", "name", "late1")
        self.net.booth("ip", "address", "add", "10.80.0.1/24", "dev", "late0")
        self.net.booth("ip", "link", "set", "late0", "up")
        self.net.booth("ip", "link", "set", "late1", "up")
        self.until(lambda: d.get("/dmx/universes/1")["outputs"][0]["stats"]["state"] == "sent", 1)
        self.net.booth("ip", "link", "delete", "late0")
        self.until(lambda: d.get("/dmx/universes/1")["outputs"][0]["stats"]["state"] == "no_interface", 1)
        self.goes_on(self.nodes.dmx(1))

    def test_port_taken_then_free(self):
        other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        other.bind(("", artnet.PORT))               # without sharing
        d = self.start([{"universe": 1, "destination": NODE}])
        self.until(lambda: any("6454" in w["message"] for w in d.get("/system")["warnings"]), 2)
        self.assertNotEqual(self.nodes.dmx(0)[-1].source[1], artnet.PORT)
        time.sleep(0.5)
        other.close()
        free = time.time()
        self.until(lambda: self.nodes.dmx(0)[-1].source[1] == artnet.PORT, 2)
        time.sleep(0.5)
        self.check_stream(self.nodes.dmx(0))        # not one packet lost or late on the way
        self.until(lambda: not any("6454" in w["message"] for w in d.get("/system")["warnings"]), 2)
        self.assertEqual(len(self.ask()[0]), 1, "and it hears on it")
        self.assertLess(time.time() - free, 10 * SLOW)

    def test_dead_targets_delay_nobody(self):
        """Sixteen addresses without a machine, eight universes each: the one that is there gets every frame in time, from the first second on."""
        dead = [{"universe": 10 + u, "destination": f"10.77.0.{200 + a}"} for a in range(16) for u in range(8)]
        d = self.start([*dead[:64], {"universe": 1, "destination": NODE}, {"universe": 2, "destination": "broadcast"}, *dead[64:]])
        since = time.time()
        time.sleep(5)
        for address in (0, 1):
            packets = [p for p in self.nodes.dmx(address, since) if p.to in (NODE, CAST[0])]
            self.check_stream(packets, 0.06)
            if SLOW == 1:
                self.assertGreater(len(packets), 44 * 4.5)
        stats = d.get("/dmx/universes/1")["outputs"][0]["stats"]
        self.assertEqual(stats["errors"], 0)


@unittest.skipIf(netrig.why_not(), netrig.why_not())
class Discovery(unittest.TestCase):
    """S13, read by a parser of its own."""

    @staticmethod
    def parse(d):
        assert d[:16] == b"\x00\x10\x00\x00ASC-E1.17\x00\x00\x00", d[:16]
        for at in (16, 38, 112):
            assert struct.unpack(">H", d[at:at + 2])[0] == 0x7000 | len(d) - at, (at, len(d))
        assert struct.unpack(">I", d[18:22])[0] == 8 and struct.unpack(">I", d[40:44])[0] == 2 and struct.unpack(">I", d[114:118])[0] == 1
        assert d[108:112] == bytes(4)
        n = (len(d) - 120) // 2
        return {"cid": d[22:38], "name": d[44:108].partition(b"\0")[0].decode(), "page": d[118], "last": d[119],
                "universes": list(struct.unpack(f">{n}H", d[120:]))}

    def test_S13_six_hundred_universes(self):
        with netrig.Net(cables=2) as net:
            ears = {}
            for i in (0, 1):
                with net.inside_node():
                    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    s.setsockopt(socket.IPPROTO_IP, 49, 0)              # IP_MULTICAST_ALL: only the group joined here
                    s.bind(("239.255.250.214", 5568))
                    netrig.Ear.join(s, "239.255.250.214", f"node{i}")
                ears[i] = s
                self.addCleanup(s.close)
            with Lumad() as d:
                venue = d.post("/venues", {"name": "Many"})["id"]
                for u in range(600, 0, -1):
                    d.post(f"/venues/{venue}/outputs", {"protocol": "sacn", "universe": u})
                d.post(f"/venues/{venue}/outputs", {"protocol": "sacn", "universe": 63999, "interface": "booth1", "sync": 700})
                d.post(f"/venues/{venue}/outputs", {"protocol": "artnet", "universe": 601, "destination": NODE})
                d.put("/show", {"venue_id": venue, "mode": "off"})
                got = {0: [], 1: []}
                end = time.time() + 23 * SLOW
                while time.time() < end and (len(got[0]) < 4 or len(got[1]) < 2):
                    for i, s in ears.items():
                        s.settimeout(0.05)
                        try:
                            data, source = s.recvfrom(2048)
                            got[i].append((time.time(), source, self.parse(data)))
                        except TimeoutError:
                            pass
        pages = [p for _, _, p in got[0]]
        self.assertGreaterEqual(len(pages), 4)
        for first, second in zip(pages[::2], pages[1::2]):
            self.assertEqual((first["page"], first["last"], second["page"], second["last"]), (0, 1, 1, 1))
            self.assertEqual(len(first["universes"]), 512)
            self.assertEqual(first["universes"] + second["universes"], list(range(1, 601)))
            self.assertTrue(first["name"].startswith("lumad"))
        self.assertEqual(len({p["cid"] for p in pages}), 1)
        rounds = [t for t, _, p in got[0] if p["page"] == 0]
        for a, b in zip(rounds, rounds[1:]):
            self.assertAlmostEqual(b - a, 10, delta=0.3 * SLOW)
        self.assertGreaterEqual(len(got[1]), 2)
        for _, source, p in got[1]:
            self.assertEqual((source[0], p["page"], p["last"], p["universes"]), ("10.78.0.1", 0, 0, [700, 63999]))


if __name__ == "__main__":
    unittest.main()
