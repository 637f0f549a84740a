"""Art-Net devices for tests: fake nodes that answer polls, and what they hear. Packets are built and read here anew, from the standard's field tables."""
import select
import socket
import struct
import threading
import time

PORT = 6454
POLL, REPLY, DMX, SYNC = 0x2000, 0x2100, 0x5000, 0x5200
SO_TIMESTAMPNS, IP_PKTINFO = 35, 8


def opcode(data):
    return struct.unpack("<H", data[8:10])[0] if len(data) >= 10 and data[:8] == b"Art-Net\0" else None


def poll(flags=0, more=b""):
    return b"Art-Net\0" + struct.pack("<H", POLL) + bytes([0, 14, flags, 0]) + more


def reply(ip, outputs=(), inputs=(), name="fake", bind_index=1, length=239, style=0, **other):
    """One ArtPollReply; ports are port-addresses of one net and sub-net."""
    ports = [(a, 0x80) for a in outputs] + [(a, 0x40) for a in inputs]
    base = ports[0][0] if ports else 0
    kinds = bytes(k for _, k in ports).ljust(4, b"\0")
    swin = bytes(a & 15 if k == 0x40 else 0 for a, k in ports).ljust(4, b"\0")
    swout = bytes(a & 15 if k == 0x80 else 0 for a, k in ports).ljust(4, b"\0")
    mac = bytes([2, 0]) + socket.inet_aton(ip)
    d = (b"Art-Net\0" + struct.pack("<H", REPLY) + socket.inet_aton(ip) + struct.pack("<H", PORT) + bytes([1, 0, base >> 8 & 127, base >> 4 & 15, 0, 255, 0, 0xD0, 0, 0])
         + name.encode()[:17].ljust(18, b"\0") + (name + " of the test").encode()[:63].ljust(64, b"\0") + b"#0001 [0001] fine".ljust(64, b"\0")
         + bytes([0, other.get("ports", len(ports))]) + kinds + bytes(4) + bytes(4) + swin + swout + bytes(6) + bytes([style]) + mac + socket.inet_aton(ip)
         + bytes([bind_index, 8]) + bytes(26))
    assert len(d) == 239, len(d)
    return d[:length].ljust(length, b"\0")


class Reply:
    """An ArtPollReply taken apart; asserts what every one must be."""

    def __init__(self, d):
        assert opcode(d) == REPLY and len(d) == 239, d
        self.ip, self.bind_ip = socket.inet_ntoa(d[10:14]), socket.inet_ntoa(d[207:211])
        self.port, = struct.unpack("<H", d[14:16])
        self.name, self.long_name, self.report = (d[a:b].partition(b"\0")[0].decode() for a, b in ((26, 44), (44, 108), (108, 172)))
        self.n_ports, = struct.unpack(">H", d[172:174])
        self.style, self.mac, self.bind_index, self.status2 = d[200], d[201:207], d[211], d[212]
        base = d[18] << 8 | d[19] << 4
        self.inputs = [base | d[186 + i] for i in range(self.n_ports) if d[174 + i] & 0x40]
        self.outputs = [base | d[190 + i] for i in range(self.n_ports) if d[174 + i] & 0x80]


class Heard:
    def __init__(self, data, source, to, when):
        self.data, self.source, self.to, self.time, self.op = data, source, to, when, opcode(data)
        if self.op == DMX:
            self.address, self.sequence, self.slots = data[14] | data[15] << 8, data[12], data[18:]


class Nodes:
    """A machine with any number of fake nodes: hears everything on 6454, and answers polls from each address of `answers` with its packets.

    `net`: a netrig.Net, whose far side this is; `add` gives it more addresses.
    """

    def __init__(self, net, answers=None):
        self.net, self.answers, self.heard, self.running, self.added, self.senders = net, {}, [], True, [], {}
        self.main = self._socket("", PORT)
        self.main.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.main.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
        self.main.setsockopt(socket.SOL_SOCKET, 33, 1 << 24)        # SO_RCVBUFFORCE
        for address, packets in (answers or {}).items():
            self.add(address, packets)
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _socket(self, address, port):
        with self.net.inside_node():
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        s.bind((address, port))
        return s

    def add(self, address, packets=(), interface="node0", bits=24):
        """One more node, from the next poll on."""
        if address not in self.senders:
            self.net.node("ip", "address", "replace", f"{address}/{bits}", "dev", interface)
            self.added.append((address, bits, interface))
            self.senders[address] = self._socket(address, 0)
        self.answers[address] = list(packets)

    def send(self, packet, to, source=None):
        (self.senders[source] if source else self.main).sendto(packet, (to, PORT))

    def _run(self):
        while self.running:
            if not select.select([self.main], [], [], 0.05)[0]:
                continue
            data, extra, _, source = self.main.recvmsg(2048, 256)
            when, to, via = time.time(), None, 0
            for level, kind, value in extra:
                if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS:
                    s, ns = struct.unpack("qq", value[:16])
                    when = s + ns / 1e9
                elif level == socket.IPPROTO_IP and kind == IP_PKTINFO:
                    to = socket.inet_ntoa(value[8:12])
            self.heard.append(Heard(data, source, to, when))
            if self.heard[-1].op == POLL:
                for address, packets in list(self.answers.items()):
                    if address.split(".")[:3] != source[0].split(".")[:3]:
                        continue                                    # asked on another cable
                    for p in packets:
                        try:
                            self.send(p, source[0], address)
                        except OSError:
                            pass                                    # its cable is out

    def of(self, op, since=0.0):
        return [h for h in list(self.heard) if h.op == op and h.time >= since]

    def dmx(self, address=None, since=0.0):
        return [h for h in self.of(DMX, since) if address in (None, h.address)]

    def close(self):
        self.running = False
        self.thread.join()
        self.main.close()
        for s in self.senders.values():
            s.close()
        for address, bits, interface in self.added:
            if not address.endswith(".0.2"):
                self.net.node("ip", "address", "delete", f"{address}/{bits}", "dev", interface)
