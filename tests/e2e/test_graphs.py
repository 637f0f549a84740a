"""Graphs no designer would draw, and implementations a venue chose: what they do to the light, and what they must not do to the show."""
import json
import time
import unittest

from lumad import BASE, Lumad, tone
from test_show import Rig, dimmer_graph
from wire import Receiver, own_address

LIT = 153                                       # .6 * 255


def node(id, type, **params):
    return {"id": id, "type": type, "params": params, "x": 0, "y": 0}


def edge(text):
    a, b = text.split(">")
    return {"from_node": a.split(".")[0], "from_port": a.split(".")[1], "to_node": b.split(".")[0], "to_port": b.split(".")[1]}


def graph(nodes, edges, selection="right"):
    """What `edges` lead to a node "o", an apply_dimmer, on the arg `sel`."""
    return {"args": [{"id": "sel", "name": "Selection", "type": "selection", "default": selection}],
            "nodes": [node("a", "pattern_args"), node("clk", "beat_clock"), node("r", "ramp"), *nodes, node("o", "apply_dimmer")],
            "edges": [edge(e) for e in ["a.sel>o.selection", "clk.grid_out>r.grid", *edges]]}


def chain(type, n, selection="right"):
    """n of a kind, one behind the other, over a ramp that differs from head to head."""
    ids = [f"x{i}" for i in range(n)]
    return graph([node("place", "get_attribute", attribute="index"), node("sum", "math"), *(node(i, type) for i in ids)],
                 ["a.sel>place.selection", "place.out>sum.a", "r.out>sum.b", f"sum.out>{ids[0]}.in", *(f"{p}.out>{q}.in" for p, q in zip(ids, ids[1:])), f"{ids[-1]}.out>o.signal"],
                 selection)


class Overrides(unittest.TestCase):
    def test_a_venue_plays_the_implementation_it_chose_and_no_other_venue_does(self):
        with Lumad() as d:
            club, hall = Rig(d), Rig(d, "Hall", seed=3)
            second = d.post(f"/patterns/{club.pattern['id']}/implementations", {"name": "dimmer", "graph": dimmer_graph(0.4)})
            there = d.post(f"/scores/{hall.score['id']}/annotations", {"pattern_id": club.pattern["id"], "start_time": 0, "end_time": 4, "z_index": 5})
            override = f"/venues/{club.venue['id']}/overrides/{club.pattern['id']}"

            def bytes_of(rig):
                rig.show()
                rig.seek(2)
                return rig

            self.assertEqual(bytes_of(club).settle([LIT, LIT]), [LIT, LIT])
            d.put(override, {"implementation_id": second["id"]})
            self.assertEqual(club.settle([102, 102]), [102, 102])           # at once, while it is shown
            self.assertEqual(bytes_of(hall).settle([LIT, LIT]), [LIT, LIT])
            self.assertEqual(bytes_of(club).settle([102, 102]), [102, 102])
            d.put(f"/patterns/{club.pattern['id']}/graph", dimmer_graph(1))   # the default's, which only the hall plays
            time.sleep(0.2)
            self.assertEqual(club.slots(), [102, 102])
            self.assertEqual(bytes_of(hall).settle([255, 255]), [255, 255])
            d.delete(override)
            self.assertEqual(bytes_of(club).settle([255, 255]), [255, 255])
            d.delete(f"/annotations/{there['id']}")


class Order(unittest.TestCase):
    def test_z_then_start_then_id_decides_who_is_on_top(self):
        with Lumad() as d:
            rig = Rig(d)
            d.delete(f"/annotations/{rig.block['id']}")
            rig.show()
            rig.seek(2)
            level = {n: {"level": n / 255} for n in (51, 102, 204)}
            low = rig.annotate(0, 4, z_index=1, args=level[51], id="f0000000-0000-4000-8000-000000000001")
            self.assertEqual(rig.settle([51, 51]), [51, 51])
            rig.annotate(1, 4, z_index=0, args=level[102])              # later, but below
            later = rig.annotate(1, 4, z_index=1, args=level[102], id="00000000-0000-4000-8000-000000000002")
            self.assertEqual(rig.settle([102, 102]), [102, 102])        # as high, starts later, though its id is smaller
            rig.annotate(1, 4, z_index=1, args=level[204], id="00000000-0000-4000-8000-000000000001")
            time.sleep(0.3)
            self.assertEqual(rig.slots(), [102, 102])                   # the same instant: the larger id
            d.delete(f"/annotations/{later['id']}")
            self.assertEqual(rig.settle([204, 204]), [204, 204])
            d.patch(f"/annotations/{low['id']}", {"z_index": 2})
            self.assertEqual(rig.settle([51, 51]), [51, 51])


class Hostile(unittest.TestCase):
    """Dimmer 1 is lit by a sound pattern all the time; the other heads belong to the one that is tried."""

    @classmethod
    def setUpClass(cls):
        cls.address = own_address()
        cls.d = Lumad()
        cls.rig = Rig(cls.d)
        cls.d.post(f"/venues/{cls.rig.venue['id']}/outputs", {"universe": 1, "protocol": "artnet", "destination": cls.address})
        cls.d.delete(f"/annotations/{cls.rig.block['id']}")
        many = {"universe": 2, "address": 1, "fixture_path": "builtin:generic-dimmer", "mode_name": "512 Channels", "label": "wall"}
        wall = cls.d.post(f"/venues/{cls.rig.venue['id']}/fixtures", many)
        for name, members in (("right", [cls.rig.fixtures[1]]), ("wall", [wall])):
            g = cls.d.post(f"/venues/{cls.rig.venue['id']}/groups", {"name": name})
            cls.d.put(f"/groups/{g['id']}/members", {"fixture_ids": [f["id"] for f in members]})
        cls.rig.annotate(0, 400, args={"sel": "left"})
        cls.pattern = cls.d.post("/patterns", {"name": "Hostile"})
        cls.block = cls.annotate(0, 300)
        cls.rig.show()
        cls.rig.seek(2)
        cls.wire = Receiver(cls.address)

    @classmethod
    def tearDownClass(cls):
        cls.wire.__exit__()
        cls.d.stop()

    @classmethod
    def annotate(cls, start, end):
        return cls.d.post(f"/scores/{cls.rig.score['id']}/annotations", {"pattern_id": cls.pattern["id"], "start_time": start, "end_time": end, "z_index": 3})

    def setUp(self):
        self.assertEqual(self.rig.settle([LIT]), [LIT])
        self.since = time.time()

    def tearDown(self):
        """The other pattern's light never went, and packets never stopped."""
        time.sleep(0.3)
        packets = self.wire.streams(self.since).get(("artnet", 1), [])
        self.assertGreater(len(packets), 8)
        self.assertEqual({p.slots[0] for p in packets}, {LIT})
        gaps = [b.time - a.time for a, b in zip(packets, packets[1:])]
        self.assertLess(max(gaps), 0.5, sorted(gaps)[-3:])
        self.assertEqual(self.d.get("/health")["status"], "ok")
        self.put(graph([], []))

    def put(self, g):
        body = g if isinstance(g, bytes) else json.dumps(g).encode()
        return self.d.call("PUT", f"/patterns/{self.pattern['id']}/graph", body, {"Content-Type": "application/json"})

    def errors(self, code, seconds=5):
        """What the running layer says, once it says that."""
        end = time.monotonic() + seconds
        while True:
            got = [e for i in self.d.get("/show/layer-errors")["items"] for e in i["errors"]]
            if any(e["code"] == code for e in got) or time.monotonic() > end:
                return [e for e in got if e["code"] == code]
            time.sleep(0.05)

    def test_too_many_nodes(self):
        r = self.put(graph([node(f"n{i}", "math") for i in range(10000)], []))
        self.assertEqual(r.status, 422, r)
        self.assertIn("10004", json.dumps(r.json))

    def test_forty_megabytes(self):
        with self.d.raw() as s:
            s.sendall(f"PUT {BASE}/patterns/{self.pattern['id']}/graph HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {40 << 20}\r\n\r\n"
                      '{"nodes":[],"edges":[],"args":[],"pad":"'.encode())
            try:
                for _ in range(40):
                    s.sendall(b"x" * (1 << 20))
            except ConnectionError:
                pass                            # it need not hear the rest
            self.assertTrue(s.recv(64).startswith(b"HTTP/1.1 413 "))

    def test_json_that_is_deeper_than_any_stack(self):
        for text in (b"[" * 200000, b'{"nodes":' * 200000, b'{"nodes":[{"id":"a","type":"math","params":' + b'{"a":' * 100000):
            self.assertIn(self.put(text).status, (400, 422))

    def test_expression_bombs(self):
        for text in ("(" * 2000 + "right" + ")" * 2000, "~" * 4000 + "right", "|".join(["right"] * 680), " > ".join(["nobody"] * 400), "(" * 4096, "right[1..999999999]",
                     "^".join(["all"] * 1000)):
            started = time.monotonic()
            r = self.put(graph([node("k", "scalar", value=1)], ["k.out>o.signal"], text))
            self.assertIn(r.status, (200, 422), (text[:20], r))
            self.assertLess(time.monotonic() - started, 2)
            self.d.patch(f"/annotations/{self.block['id']}", {"args": {"sel": text}})
        self.assertEqual(self.put(graph([], [], "x" * 5000)).status, 200)   # stored with its error
        self.d.patch(f"/annotations/{self.block['id']}", {"args": {"sel": None}})

    def test_a_cycle(self):
        r = self.put(graph([node("p", "math"), node("q", "math")], ["p.out>q.a", "q.out>p.a", "q.out>o.signal"]))
        self.assertEqual([e["code"] for e in r.json["errors"]], ["cycle"])
        self.assertTrue(self.errors("cycle"))

    def test_numbers_that_are_none(self):
        for text in (b"NaN", b"Infinity", b"-Infinity", b"1e999"):
            self.assertIn(self.put(b'{"nodes":[{"id":"k","type":"scalar","params":{"value":' + text + b'}}],"edges":[],"args":[]}').status, (400, 422))
        r = self.put(graph([node("k", "scalar", value=1e308)], ["k.out>o.signal"]))
        self.assertEqual([(e["code"], e["node"], e["port"]) for e in r.json["errors"]], [("bad_param", "k", "value")])
        big = [node("k", "scalar", value=1e6), *(node(f"m{i}", "math", operation="multiply") for i in range(8))]
        wires = ["k.out>m0.a", "k.out>m0.b", *(e for i in range(7) for e in (f"m{i}.out>m{i + 1}.a", f"m{i}.out>m{i + 1}.b"))]
        self.assertEqual(self.put(graph([*big, node("s", "math")], [*wires, "m7.out>s.a", "r.out>s.b", "s.out>o.signal"])).json["errors"], [])
        self.assertEqual(self.rig.settle([LIT, 0]), [LIT, 0])               # infinity is dark

    def test_a_row_of_steps_without_end(self):
        r = self.put(graph([node("s", "step_sequencer", steps="10" * 32768)], ["clk.grid_out>s.grid", "s.out>o.signal"]))
        self.assertEqual([(e["code"], e["port"]) for e in r.json["errors"]], [("bad_param", "steps")])

    def test_a_chain_as_long_as_is_allowed(self):
        for type in ("modulo", "smooth", "time_delay"):
            r = self.put(chain(type, 1900))
            self.assertEqual((r.status, r.json["errors"]), (200, []))
            self.rig.seek(2)

    def test_two_hundred_nodes_that_remember_and_a_far_jump(self):
        self.assertEqual(self.put(chain("smooth", 200, "wall")).json["errors"], [])
        told = self.errors("too_large")
        self.assertTrue(told and "far into" in told[0]["message"], told)
        self.assertEqual(self.put(chain("smooth", 50, "wall")).json["errors"], [])     # as many as are let through
        for seconds in (3.5, 0.5, 3.9):
            started = time.monotonic()
            self.rig.seek(seconds)
            self.assertLess(time.monotonic() - started, 5)

    def test_half_a_day(self):
        self.d.patch(f"/annotations/{self.block['id']}", {"end_time": 43200})
        for g in (chain("smooth", 20), chain("normalize", 5), chain("time_delay", 20)):
            self.assertEqual(self.put(g).status, 200)
            self.rig.seek(3)
        self.d.patch(f"/annotations/{self.block['id']}", {"end_time": 300})

    def test_no_heads_at_all(self):
        self.assertEqual(self.put(chain("smooth", 3, "nobody")).json["errors"], [])
        self.assertEqual(self.rig.settle([LIT, 0]), [LIT, 0])


if __name__ == "__main__":
    unittest.main()
