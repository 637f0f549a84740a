"""A small Art-Net and sACN receiver for tests, with the kernel's receive times. Standard library only."""
import os
import random
import select
import socket
import struct
import threading
import time

ARTNET, SACN = 6454, 5568
SO_TIMESTAMPNS = 35         # asm-generic/socket.h
ACN_HEAD = b"\x00\x10\x00\x00ASC-E1.17\x00\x00\x00"


def own_address():
    """A loopback address nobody else sends to: other programs on this machine may use 127.0.0.1."""
    rng = random.Random(f"{os.getpid()} {time.monotonic_ns()}")
    return f"127.{rng.randint(2, 254)}.{rng.randint(0, 255)}.{rng.randint(1, 254)}"


class Packet:
    """`protocol`, `universe` (1-based), `sequence`, `slots`, `time` (s), `bad` (why it breaks the rules, or None), `source` (address, port).
    sACN: `options`, `priority`, `cid`, `name`."""

    def __init__(self, protocol, data, when, source):
        self.protocol, self.time, self.source, self.bad, self.universe = protocol, when, source, None, None
        (self._artnet if protocol == "artnet" else self._sacn)(data)

    def _artnet(self, d):
        if d[:8] != b"Art-Net\0" or len(d) < 12:
            self.bad = "no Art-Net header"
            return
        self.opcode = d[8] | d[9] << 8
        if self.opcode != 0x5000:
            return
        length = d[16] << 8 | d[17]
        self.sequence, self.universe, self.slots = d[12], (d[14] | d[15] << 8) + 1, d[18:]
        if d[10] or d[11] != 14:
            self.bad = "protocol version"
        elif length % 2 or not 2 <= length <= 512 or len(d) != 18 + length:
            self.bad = f"length {length} in {len(d)} bytes"

    def _sacn(self, d):
        if len(d) < 126 or d[:16] != ACN_HEAD:
            self.bad = "no ACN header"
            return
        root, = struct.unpack("!I", d[18:22])
        if root == 8:
            return                                          # discovery
        framing, = struct.unpack("!I", d[40:44])
        self.cid, self.name = d[22:38].hex(), d[44:108].partition(b"\0")[0].decode()
        self.priority, self.sequence, self.options = d[108], d[111], d[112]
        self.universe, = struct.unpack("!H", d[113:115])
        count, = struct.unpack("!H", d[123:125])
        self.slots = d[126:]
        lengths = [(at, struct.unpack("!H", d[at:at + 2])[0]) for at in (16, 38, 115)]
        if root != 4 or framing != 2 or d[117] != 2 or d[118] != 0xA1 or d[119:123] != b"\0\0\0\1" or d[125]:
            self.bad = "vectors, types or start code"
        elif any(v != 0x7000 | len(d) - at for at, v in lengths) or count != len(self.slots) + 1:
            self.bad = "lengths"
        elif not d[107] == 0 or self.priority > 200 or self.options & 0x1F:
            self.bad = "source name, priority or options"


class Receiver:
    """Collects packets in a thread: `with Receiver(address) as r: ...; r.packets`."""

    def __init__(self, address):
        self.address, self.packets, self.running = address, [], True
        self.sockets = {}
        for protocol, port in (("artnet", ARTNET), ("sacn", SACN)):
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
            s.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
            s.bind((address, port))
            self.sockets[s] = protocol
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while self.running:
            for s in select.select(list(self.sockets), [], [], 0.05)[0]:
                data, extra, _, source = s.recvmsg(2048, 64)
                when = time.time()
                for level, kind, value in extra:
                    if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS:
                        seconds, nanoseconds = struct.unpack("qq", value[:16])
                        when = seconds + nanoseconds / 1e9
                self.packets.append(Packet(self.protocol(s), data, when, source))

    def protocol(self, s):
        return self.sockets[s]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.running = False
        self.thread.join()
        for s in self.sockets:
            s.close()

    def streams(self, since=0):
        """{(protocol, universe): [packets]} of data packets from `since` on."""
        out = {}
        for p in list(self.packets):
            if p.universe is not None and p.time >= since:
                out.setdefault((p.protocol, p.universe), []).append(p)
        return out

    def wait_until(self, condition, seconds=5):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if condition(self):
                return True
            time.sleep(0.005)
        return False
