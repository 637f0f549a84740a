#!/usr/bin/env python3
"""What light costs before it is seen and while it is, in one table against its limits: bench_graph.c, and an edit on the wire.

The edit: a score of 100 blocks of the shipped patterns plays over 200 heads, one block that lights them all is edited (PUT over HTTP), and the time is taken until
the first Art-Net packet that shows it, by the kernel's clock. LUMAD, BUILD_DIR: where the programs are; EDITS=250.
"""
import http.client
import json
import os
import pathlib
import random
import socket
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

from lumad import BASE, ROOT, Lumad, tone       # noqa: E402

HEADS, BLOCKS, LIMIT_MS = 200, 100, 50
EDITS = int(os.environ.get("EDITS", 250))
LEVEL = "level"


def chase(base=0):
    """A light that runs over the heads, between a level and a tenth more: what a fader on the page changes."""
    nodes = [("a", "pattern_args", {}), ("i", "get_attribute", {"attribute": "normalized_index"}), ("clock", "beat_clock", {}), ("wave", "sine_wave", {"subdivision": 0.5}),
             ("sum", "math", {"operation": "add"}), ("round", "modulo", {"divisor": 1}), ("part", "remap", {"in_min": 0, "in_max": 1, "out_min": base, "out_max": base + 0.1}),
             ("all", "math", {"operation": "add"}), ("d", "apply_dimmer", {})]
    edges = ["a.sel>i.selection", "clock.grid_out>wave.grid", "i.out>sum.a", "wave.out>sum.b", "sum.out>round.in", "round.out>part.in", "part.out>all.a", "a.level>all.b",
             "all.out>d.signal", "a.sel>d.selection"]
    ends = [[*e.split(">")[0].split("."), *e.split(">")[1].split(".")] for e in edges]
    return {"args": [{"id": "sel", "name": "Selection", "type": "selection", "default": "all"}, {"id": LEVEL, "name": "Level", "type": "scalar", "default": 0}],
            "nodes": [{"id": i, "type": t, "params": p, "x": 0, "y": 0} for i, t, p in nodes],
            "edges": [{"id": str(k), "from_node": a, "from_port": b, "to_node": c, "to_port": d} for k, (a, b, c, d) in enumerate(ends)]}


class Ear(threading.Thread):
    """The first packet in which every head has the light that was asked for."""

    def __init__(self, where):
        super().__init__(daemon=True)
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.sock.setsockopt(socket.SOL_SOCKET, 35, 1)          # SO_TIMESTAMPNS
        self.sock.bind((where, 6454))
        self.wanted, self.seen, self.at = None, threading.Event(), 0.0

    def run(self):
        while True:
            data, control, _, _ = self.sock.recvmsg(2048, 64)
            wanted = self.wanted
            if wanted is None or data[:10] != b"Art-Net\0\0\x50":
                continue
            if all(wanted[0] <= v <= wanted[1] for v in data[18:18 + HEADS]):
                sec, nsec = (int.from_bytes(control[0][2][i:i + 8], "little") for i in (0, 8))
                self.wanted, self.at = None, sec + nsec / 1e9
                self.seen.set()


def stage(d, where):
    """The ids of the block that is edited and of its pattern."""
    venue = d.post("/venues", {"name": "Hall"})["id"]
    for i in range(HEADS):
        d.post(f"/venues/{venue}/fixtures", {"universe": 1, "address": i + 1, "fixture_path": "builtin:generic-dimmer", "mode_name": "1 Channel",
                                             "pos_x": i % 20, "pos_y": i // 20})
    d.post(f"/venues/{venue}/outputs", {"universe": 1, "protocol": "artnet", "destination": where})
    patterns = []
    for f in sorted((ROOT / "config/demo/patterns").glob("*.json")):
        p = d.post("/patterns", {"name": f.stem})["id"]
        if not [e for e in d.put(f"/patterns/{p}/graph", json.loads(f.read_text())["graph"])["errors"] if e["code"] != "warning"]:
            patterns.append(p)
    edited = d.post("/patterns", {"name": "Edited"})["id"]
    assert not d.put(f"/patterns/{edited}/graph", chase())["errors"]
    track = d.upload(tone(252), "tone.wav").json["id"]
    d.wait_jobs(track, 120)
    score = d.post(f"/tracks/{track}/scores", {"name": "Main", "venue_id": venue})["id"]
    rows = [{"pattern_id": patterns[i % len(patterns)], "start_time": i * 2.4, "end_time": i * 2.4 + 12} for i in range(BLOCKS - 1)]
    rows.append({"pattern_id": edited, "start_time": 10, "end_time": 250, "z_index": 9})
    d.post(f"/scores/{score}/batch", {"create": rows})
    d.put("/show", {"venue_id": venue, "score_id": score, "mode": "score"})
    d.post("/host-audio/seek", {"seconds": 20})
    d.post("/host-audio/play")
    time.sleep(2)
    block = next(a for a in d.get(f"/scores/{score}/annotations?limit=500")["items"] if a["pattern_id"] == edited)
    return block["id"], edited


def edits():
    """{what was edited: (ms to the packet, ms to the answer)}, and what lumad says of itself."""
    where = f"127.{random.randrange(2, 250)}.{os.getpid() % 250}.{random.randrange(2, 250)}"
    ear, took = Ear(where), {"a block's arguments": ([], []), "its graph": ([], [])}
    ear.start()
    with Lumad() as d:
        block, pattern = stage(d, where)
        c = http.client.HTTPConnection("127.0.0.1", d.port, timeout=10)
        for what, (packets, answers) in took.items():
            for i in range(EDITS):
                level = (0.1, 0.5)[i % 2] + i % 40 * 0.002
                if what == "its graph":
                    if i == 0:
                        d.patch(f"/annotations/{block}", {"args": {LEVEL: 0}})
                        time.sleep(0.5)
                    request = "PUT", f"{BASE}/patterns/{pattern}/graph", json.dumps(chase(level))
                else:
                    request = "PATCH", f"{BASE}/annotations/{block}", json.dumps({"args": {LEVEL: level}})
                time.sleep(random.uniform(0.02, 0.08))
                ear.seen.clear()
                ear.wanted = round(level * 255) - 1, round((level + 0.1) * 255) + 1
                start = time.time()
                c.request(*request, {"Content-Type": "application/json"})
                r = c.getresponse()
                said = r.read()
                answers.append((time.time() - start) * 1000)
                assert r.status == 200, said
                assert ear.seen.wait(10), "no changed packet"
                packets.append((ear.at - start) * 1000)
        c.close()
        stats = d.get("/system")["dmx"]
    return took, stats


def pick(values, part):
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


def table(rows):
    bad = False
    for name, value, unit, limit, note in rows:
        over = limit is not None and not value <= limit
        bad |= over
        print(f"{name:<42} {value:>10.2f} {unit:<5}{f'limit {limit:g} {unit}' if limit is not None else '':<16}{'OVER  ' if over else ''}{note}", flush=True)
    return bad


def main():
    build = os.environ.get("BUILD_DIR", str(ROOT / "build/release"))
    rows = []
    c = subprocess.run([f"{build}/tests/bench/bench_graph"], stdout=subprocess.PIPE, text=True, env={"LUMAD_SHARE": str(ROOT), **os.environ})
    for line in c.stdout.splitlines():
        name, value, unit, limit, note = line.split("|")
        rows.append((name, float(value), unit, float(limit) if limit else None, note))
    bad = table(rows)
    took, stats = edits()
    for what, (packets, answers) in took.items():
        note = f"{EDITS} edits, median {pick(packets, 0.5):.1f} ms, longest {max(packets):.1f} ms; to the answer {pick(answers, 0.5):.1f}, p99 {pick(answers, 0.99):.1f}"
        bad |= table([(f"edit: {what}, to the packet, p99", pick(packets, 0.99), "ms", LIMIT_MS, note)])
    table([("edit: frames without a tile", float(stats["tile_misses"]), "", None, f"{stats['layers_kept']} layers kept beside the score")])
    if c.returncode and not bad:
        print("bench_graph did not end as it should")
    sys.exit(bool(bad or c.returncode))


if __name__ == "__main__":
    main()
