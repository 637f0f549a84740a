"""Lights that tell the position of the music: 16-bit dimmers with ramps of it, the packets in which they are sent, and when those came.

    with Ramp(d, track_id, seconds) as ramp:        # a venue, a score, on show
        d.post("/host-audio/play")
        ...
    ramp.packets        # [(ns of CLOCK_MONOTONIC, position in s or None)]

Three dimmers: one goes from 0 to full in each second, the next is half a second behind it (of two ramps one is always far from where it falls back to 0, between two of the 60 samples a
second that a layer has), and the third goes through the whole track, which says which second it is.
"""
import os
import pathlib
import random
import socket
import struct
import threading
import time

PATH, MODE = "Own/Own-Dimmer.qxf", "16"
SO_TIMESTAMPNS = 35
FRAME_MS = 1000 / 44
DEFINITION = ('<?xml version="1.0"?>\n<FixtureDefinition xmlns="http://www.qlcplus.org/FixtureDefinition">\n<Manufacturer>Own</Manufacturer>\n<Model>Dimmer</Model>\n'
              '<Type>Dimmer</Type>\n<Channel Name="D" Preset="IntensityMasterDimmer"/>\n<Channel Name="F" Preset="IntensityMasterDimmerFine"/>\n'
              f'<Mode Name="{MODE}"><Channel Number="0">D</Channel><Channel Number="1">F</Channel></Mode></FixtureDefinition>')


def graph(*chain):
    """Beats elapsed, through these nodes (type, params, {input: constant}), as the dimmer of `sel`."""
    nodes = [("args", "pattern_args", {}), ("clock", "beat_clock", {}), ("ramp", "ramp", {}), ("dim", "apply_dimmer", {})]
    edges = [("clock", "grid_out", "ramp", "grid"), ("args", "sel", "dim", "selection")]
    last = "ramp"
    for i, (type, params, constants) in enumerate(chain):
        nodes.append((f"n{i}", type, params))
        edges.append((last, "out", f"n{i}", "a" if type == "math" else "in"))
        for port, value in constants.items():
            nodes.append((f"c{i}{port}", "scalar", {"value": value}))
            edges.append((f"c{i}{port}", "out", f"n{i}", port))
        last = f"n{i}"
    edges.append((last, "out", "dim", "signal"))
    return {"args": [{"id": "sel", "name": "Selection", "type": "selection", "default": "all"}],
            "nodes": [{"id": i, "type": t, "params": p, "x": 0, "y": 0} for i, t, p in nodes],
            "edges": [{"id": f"e{k}", "from_node": a, "from_port": b, "to_node": c, "to_port": e} for k, (a, b, c, e) in enumerate(edges)]}


def chains(seconds):
    return {"fine": [("modulo", {"divisor": 1}, {})],
            "half": [("math", {"operation": "add"}, {"b": 0.5}), ("modulo", {"divisor": 1}, {})],
            "whole": [("remap", {"in_min": 0, "in_max": seconds, "out_min": 0, "out_max": 1}, {})]}


class Ramp:
    """Makes the venue and the score of a track that is there, puts them on show, and listens until it is left. offset_ms: of the venue."""

    def __init__(self, d, track_id, seconds, offset_ms=0):
        self.d, self.seconds, self.packets, self.torn, self.running = d, seconds, [], 0, True
        self.address = f"127.{random.randrange(2, 250)}.{os.getpid() % 250}.{random.randrange(2, 250)}"
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.socket.bind((self.address, 6454))
        self.socket.settimeout(0.2)
        self.put_definition()
        self.build(track_id, offset_ms)
        self.thread = threading.Thread(target=self.listen, daemon=True)
        self.thread.start()

    def put_definition(self):
        file = pathlib.Path(self.d.dir, "fixtures", PATH)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(DEFINITION)
        end = time.monotonic() + 120            # the first to ask reads the whole library
        while not self.d.get("/fixture-library?manufacturer=Own")["items"]:
            assert time.monotonic() < end, "the definition is not found"
            time.sleep(0.05)

    def build(self, track_id, offset_ms):
        d = self.d
        beats = [float(i) for i in range(int(self.seconds) + 1)]
        d.put(f"/tracks/{track_id}/beats", {"beats": beats, "downbeats": beats[::4], "bpm": 60, "beats_per_bar": 4})
        venue = d.post("/venues", {"name": "Ramp", "offset_ms": offset_ms, "flash_guard": False})["id"]
        d.post(f"/venues/{venue}/outputs", {"universe": 1, "protocol": "artnet", "destination": self.address, "transmit": "continuous"})
        score = d.post(f"/tracks/{track_id}/scores", {"name": "Ramp", "venue_id": venue})["id"]
        for i, (name, chain) in enumerate(chains(self.seconds).items()):
            fixture = d.post(f"/venues/{venue}/fixtures", {"universe": 1, "address": 1 + 2 * i, "fixture_path": PATH, "mode_name": MODE, "label": name})
            group = d.post(f"/venues/{venue}/groups", {"name": name})
            d.put(f"/groups/{group['id']}/members", {"fixture_ids": [fixture["id"]]})
            pattern = d.post("/patterns", {"name": f"Ramp {name}"})["id"]
            errors = d.put(f"/patterns/{pattern}/graph", graph(*chain))["errors"]
            assert not errors, errors
            d.post(f"/scores/{score}/annotations", {"pattern_id": pattern, "start_time": 0, "end_time": self.seconds, "args": {"sel": name}})
        d.put("/show", {"venue_id": venue, "score_id": score, "mode": "score"})
        errors = [e for i in d.get("/show/layer-errors")["items"] for e in i["errors"]]
        assert not errors, errors

    def listen(self):
        while self.running:
            try:
                data, extra, _, _ = self.socket.recvmsg(2048, 64)
            except TimeoutError:
                continue
            mono, real = time.monotonic_ns(), time.time_ns()
            if data[:10] != b"Art-Net\0\0\x50" or len(data) < 24:
                continue
            for level, kind, value in extra:                    # the kernel's instant, of another clock
                if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS:
                    seconds, nanoseconds = struct.unpack("qq", value[:16])
                    mono -= real - (seconds * 1000000000 + nanoseconds)
            self.packets.append((mono, self.read(data[18:24])))

    def read(self, slots):
        fine, half, whole = (v / 65535 for v in struct.unpack(">3H", slots))
        part = fine if 0.1 < fine < 0.9 else (half - 0.5) % 1
        position = round(whole * self.seconds - part) + part
        if abs(position - whole * self.seconds) > 0.1:
            self.torn += 1                                      # the three do not agree: between two samples of a layer at a jump
            return None
        return position

    def stop(self):
        self.running = False
        if self.thread:
            self.thread.join(2)
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
