"""Two network namespaces joined by cables: `booth`, where the calling thread and all it starts then live, and `node`, where receivers listen. Nothing leaves
them, and they vanish with this process.

    with netrig.Net(cables=2) as net:               # booth0 10.77.0.1 - node0 10.77.0.2, booth1 10.78.0.1 - node1 10.78.0.2
        with netrig.Ear(net, groups=[("239.255.0.1", "node0")]) as ear, Lumad() as d:
            ...
            for p in ear.packets: p.protocol, p.time, p.to, p.ttl, p.source, p.data, p.f

Packets are taken apart by value here, strictly: `p.bad` lists every rule a packet breaks.
"""
import contextlib
import ctypes
import os
import select
import socket
import struct
import subprocess
import threading
import time

CLONE_NEWNET = 0x40000000
SO_TIMESTAMPNS, IP_RECVTTL, IP_PKTINFO = 35, 12, 8         # asm-generic/socket.h, linux/in.h
ARTNET, SACN = 6454, 5568
LIBC = ctypes.CDLL(None, use_errno=True)


def run(*command, **more):
    return subprocess.run(command, check=True, capture_output=True, text=True, **more).stdout


def why_not():
    """Why there can be no namespaces here; None: there can."""
    r = subprocess.run(["unshare", "-n", "ip", "link", "set", "lo", "up"], capture_output=True, text=True)
    return f"no network namespaces: {r.stderr.strip()}" if r.returncode else None


class Net:
    def __init__(self, cables=1):
        self.cables = cables

    def __enter__(self):
        self.home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        if LIBC.unshare(CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "unshare")
        ours = os.stat("/proc/thread-self/ns/net").st_ino
        self.holder = subprocess.Popen(["unshare", "-n", "sleep", "infinity"])
        while os.stat(f"/proc/{self.holder.pid}/ns/net").st_ino == ours:
            time.sleep(0.005)
        self.booth_ns = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        self.node_ns = os.open(f"/proc/{self.holder.pid}/ns/net", os.O_RDONLY)
        for where in (self.booth, self.node):
            where("ip", "link", "set", "lo", "up")
        self.node("sh", "-c", "echo 100 >/proc/sys/net/ipv4/igmp_max_memberships")      # the booth keeps 20, as machines have it
        for i in range(self.cables):
            # One segment at a time: batches are cut before the cable as they are before a network card.
            self.booth("ip", "link", "add", f"booth{i}", "gso_max_segs", "1", "type", "veth", "peer", "name", f"node{i}", "netns", str(self.holder.pid))
            for where, name, last in ((self.booth, "booth", 1), (self.node, "node", 2)):
                where("ip", "address", "add", f"10.{77 + i}.0.{last}/24", "broadcast", "+", "dev", f"{name}{i}")
                where("ip", "link", "set", f"{name}{i}", "up")
        self.booth("ip", "route", "add", "239.0.0.0/8", "dev", "booth0")
        return self

    def __exit__(self, *_):
        LIBC.setns(self.home, CLONE_NEWNET)
        self.holder.kill()
        self.holder.wait()
        for fd in (self.home, self.booth_ns, self.node_ns):
            os.close(fd)

    def booth(self, *command):
        return run(*command)

    def node(self, *command):
        return run(*self.in_node(*command))

    def in_node(self, *command):
        return ["nsenter", "-n", "-t", str(self.holder.pid), "--", *command]

    @contextlib.contextmanager
    def inside_node(self):
        """Sockets made in here by this thread belong to the node."""
        LIBC.setns(self.node_ns, CLONE_NEWNET)
        try:
            yield
        finally:
            LIBC.setns(self.booth_ns, CLONE_NEWNET)


class Packet:
    """`f`: the fields by name. `kind`: dmx, sync, poll, reply, data, discovery or None. `bad`: what is wrong with it."""

    def __init__(self, protocol, data, when=0.0, source=("", 0), to="", ttl=0):
        self.protocol, self.data, self.time, self.source, self.to, self.ttl = protocol, data, when, source, to, ttl
        self.f, self.bad, self.kind = {}, [], None
        (self._artnet if protocol == "artnet" else self._sacn)(data)

    def rule(self, good, text):
        if not good:
            self.bad.append(text)

    def _artnet(self, d):
        if d[:8] != b"Art-Net\0" or len(d) < 12:
            self.bad.append("no Art-Net header")
            return
        op = d[8] | d[9] << 8
        self.kind = {0x5000: "dmx", 0x5200: "sync", 0x2000: "poll", 0x2100: "reply"}.get(op)
        if self.kind in ("dmx", "sync", "poll"):
            self.rule(d[10:12] == b"\0\x0e", f"protocol version {d[10]}, {d[11]}")
        if self.kind == "dmx":
            length = d[16] << 8 | d[17]
            self.f = {"sequence": d[12], "physical": d[13], "port_address": d[14] | d[15] << 8, "length": length}
            self.slots = d[18:]
            self.rule(length % 2 == 0 and 2 <= length <= 512, f"length {length}")
            self.rule(len(d) == 18 + length, f"{len(d)} bytes for length {length}")
            self.rule(d[15] < 128, "a port-address of 16 bits")
        elif self.kind == "sync":
            self.rule(len(d) == 14 and d[12:14] == b"\0\0", f"ArtSync of {len(d)} bytes, Aux {d[12:14].hex()}")

    def _layer(self, at, name):
        flags_length, = struct.unpack("!H", self.data[at:at + 2])
        self.rule(flags_length == 0x7000 | len(self.data) - at, f"{name} layer: flags and length {flags_length:04x}")

    def _name(self, d, at):
        raw = d[at:at + 64]
        name, zero, rest = raw.partition(b"\0")
        self.rule(zero == b"\0" and not rest.strip(b"\0"), "source name without an end, or something behind it")
        try:
            return name.decode()
        except UnicodeDecodeError as e:
            self.bad.append(f"source name: {e}")

    def _sacn(self, d):
        if len(d) < 49 or d[:16] != b"\x00\x10\x00\x00ASC-E1.17\x00\x00\x00":
            self.bad.append("no ACN header")
            return
        self._layer(16, "root"), self._layer(38, "framing")
        root, framing = struct.unpack("!I", d[18:22])[0], struct.unpack("!I", d[40:44])[0]
        self.kind = {(4, 2): "data", (8, 1): "sync", (8, 2): "discovery"}.get((root, framing))
        self.rule(self.kind, f"vectors {root}, {framing}")
        self.f = {"cid": d[22:38].hex()}
        if self.kind == "data":
            self._layer(115, "DMP")
            universe, = struct.unpack("!H", d[113:115])
            first, step, count = struct.unpack("!HHH", d[119:125])
            self.f |= {"name": self._name(d, 44), "priority": d[108], "sync": d[109] << 8 | d[110], "sequence": d[111], "options": d[112],
                       "universe": universe, "start": d[125]}
            self.slots = d[126:]
            self.rule(d[117] == 2 and d[118] == 0xA1 and first == 0 and step == 1, "DMP vector, type, first address or increment")
            self.rule(count == len(self.slots) + 1 and 1 <= count <= 513, f"property count {count} with {len(self.slots)} slots")
            self.rule(d[108] <= 200, f"priority {d[108]}")
            self.rule(1 <= universe <= 63999, f"universe {universe}")
            self.rule(d[112] & 0x1F == 0, f"options {d[112]:02x}")
        elif self.kind == "sync":
            self.rule(len(d) == 49 and d[47:49] == b"\0\0", f"sync packet of {len(d)} bytes")
            self.f |= {"sequence": d[44], "sync": d[45] << 8 | d[46]}
        elif self.kind == "discovery":
            self.f |= {"name": self._name(d, 44)}

    def __repr__(self):
        return f"<{self.protocol} {self.kind} to {self.to} {self.f} {self.bad}>"


class Ear:
    """Hears both protocols in the node (or, with `here`, in the booth), with the kernel's receive times. `groups`: (address, interface) to join."""

    def __init__(self, net, groups=(), here=False):
        self.packets, self.running = [], True
        with contextlib.nullcontext() if here else net.inside_node():
            self.sockets = {self._socket(port): protocol for protocol, port in (("artnet", ARTNET), ("sacn", SACN))}
            sacn = next(s for s, protocol in self.sockets.items() if protocol == "sacn")
            for address, interface in groups:
                self.join(sacn, address, interface)
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    @staticmethod
    def join(s, address, interface):
        s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                     struct.pack("4s4si", socket.inet_aton(address), bytes(4), socket.if_nametoindex(interface)))

    def _socket(self, port):
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.setsockopt(socket.SOL_SOCKET, 33, 1 << 24)        # SO_RCVBUFFORCE
        s.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        s.setsockopt(socket.IPPROTO_IP, IP_RECVTTL, 1)
        s.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
        s.setsockopt(socket.IPPROTO_IP, 49, 0)              # IP_MULTICAST_ALL: only the groups joined here
        s.bind(("", port))
        return s

    def _run(self):
        while self.running:
            for s in select.select(list(self.sockets), [], [], 0.05)[0]:
                data, extra, _, source = s.recvmsg(4096, 256)
                when, ttl, to = time.time(), 0, ""
                for level, kind, value in extra:
                    if (level, kind) == (socket.SOL_SOCKET, SO_TIMESTAMPNS):
                        seconds, nanoseconds = struct.unpack("qq", value[:16])
                        when = seconds + nanoseconds / 1e9
                    elif (level, kind) == (socket.IPPROTO_IP, socket.IP_TTL):
                        ttl, = struct.unpack("i", value[:4])
                    elif (level, kind) == (socket.IPPROTO_IP, IP_PKTINFO):
                        to = socket.inet_ntoa(value[8:12])
                self.packets.append(Packet(self.sockets[s], data, when, source, to, ttl))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.running = False
        self.thread.join()
        for s in self.sockets:
            s.close()

    def streams(self, since=0.0):
        """{(protocol, port-address or universe, destination): [data packets]}."""
        out = {}
        for p in list(self.packets):
            if p.kind in ("dmx", "data") and p.time >= since:
                out.setdefault((p.protocol, p.f.get("port_address", p.f.get("universe")), p.to), []).append(p)
        return out

    def wait_until(self, condition, seconds=10):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if condition(self):
                return True
            time.sleep(0.01)
        return False


def sacn_data(universe, sequence, slots, cid=b"\x11" * 16, name="Pult", priority=100, options=0):
    """A data packet as another console sends it."""
    n = len(slots)
    head = b"\x00\x10\x00\x00ASC-E1.17\x00\x00\x00" + struct.pack("!HI", 0x7000 | (110 + n), 4) + cid
    framing = struct.pack("!HI64sBHBBH", 0x7000 | (88 + n), 2, name.encode(), priority, 0, sequence & 255, options, universe)
    return head + framing + struct.pack("!HBBHHHB", 0x7000 | (11 + n), 2, 0xA1, 0, 1, n + 1, 0) + bytes(slots)


def group(universe):
    return f"239.255.{universe >> 8}.{universe & 255}"


def percentile(values, part):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * part))]


def gaps(packets):
    return [b.time - a.time for a, b in zip(packets, packets[1:])]
