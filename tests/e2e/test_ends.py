"""How things end: the last look on the wire when lumad stops."""
import socket
import tempfile
import time
import unittest

from lumad import Lumad
from test_light import until
from test_show import Rig

HERE = "127.0.0.77"                 # an address of this test's own: other packets to 127.0.0.1 are not its business


def receiver(port):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    s.bind((HERE, port))
    return s


def waiting(s):
    """Every packet that has arrived."""
    s.setblocking(False)
    packets = []
    try:
        while True:
            packets.append(s.recv(1024))
    except BlockingIOError:
        return packets


class NoPort(unittest.TestCase):
    def test_without_its_port_it_says_so_and_sends_nothing(self):
        """Under Restart=always such a lumad would flash the rig again and again."""
        with tempfile.TemporaryDirectory(prefix="lumad-") as data, receiver(6454) as artnet:
            with Lumad(data=data) as d:
                rig = Rig(d)
                d.post(f"/venues/{rig.venue['id']}/outputs", {"universe": 1, "protocol": "artnet", "destination": HERE})
                rig.show()
                until(lambda: waiting(artnet))
            time.sleep(0.1)
            waiting(artnet)
            with Lumad() as other:
                with self.assertRaisesRegex(RuntimeError, f"cannot listen on 127.0.0.1:{other.port}"):
                    Lumad("--http", f"127.0.0.1:{other.port}", data=data)
            time.sleep(0.1)
            self.assertEqual(waiting(artnet), [])
            with Lumad(data=data):                      # and with one it goes on
                until(lambda: waiting(artnet))


class LastLook(unittest.TestCase):
    def last_bytes(self, setting, venue):
        """Slots 1, 2 of the last Art-Net packet and of each terminated sACN packet."""
        with receiver(6454) as artnet, receiver(5568) as sacn:
            d = Lumad()
            rig = Rig(d)
            d.patch("/settings", {"exit_look": setting})
            d.patch(f"/venues/{rig.venue['id']}", {"exit_look": venue})
            for protocol in ("artnet", "sacn"):
                d.post(f"/venues/{rig.venue['id']}/outputs", {"universe": 1, "protocol": protocol, "destination": HERE})
            rig.show()
            rig.seek(2)
            self.assertEqual(rig.settle([153, 153]), [153, 153])
            time.sleep(0.1)
            waiting(sacn)
            d.stop()
            terminated = [list(p[126:128]) for p in waiting(sacn) if p[112] & 0x40]
            return list([p for p in waiting(artnet) if p[8:10] == b"\0\x50"][-1][18:20]), terminated    # ArtDmx: targets are asked who they are, too

    def test_blackout(self):
        self.assertEqual(self.last_bytes("blackout", None), ([0, 0], [[0, 0]] * 3))

    def test_hold(self):
        self.assertEqual(self.last_bytes("hold", None), ([153, 153], [[153, 153]] * 3))

    def test_the_venue_decides_over_the_setting(self):
        self.assertEqual(self.last_bytes("blackout", "hold"), ([153, 153], [[153, 153]] * 3))


if __name__ == "__main__":
    unittest.main()
