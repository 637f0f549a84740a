"""Graphs on trial on the running show: PUT and DELETE /graph/preview, seen in the bytes."""
import json
import os
import random
import select
import socket
import sqlite3
import struct
import threading
import time
import unittest
import uuid

from lumad import Lumad
from test_show import Rig, dimmer_graph

SACN_PORT = 5568


def broken_graph():
    """apply_dimmer without its signal."""
    g = dimmer_graph(1)
    return {**g, "edges": g["edges"][1:]}


def unfit_graph():
    """Nothing is wrong with it until it is compiled: two channels and four do not add."""
    return {"args": [],
            "nodes": [{"id": "c", "type": "color", "params": {}}, {"id": "clock", "type": "beat_clock", "params": {}},
                      {"id": "uv", "type": "circle", "params": {}}, {"id": "sum", "type": "math", "params": {}}, {"id": "d", "type": "apply_dimmer", "params": {}}],
            "edges": [{"id": "1", "from_node": "clock", "from_port": "grid_out", "to_node": "uv", "to_port": "grid"},
                      {"id": "2", "from_node": "c", "from_port": "out", "to_node": "sum", "to_port": "a"},
                      {"id": "3", "from_node": "uv", "from_port": "uv", "to_node": "sum", "to_port": "b"},
                      {"id": "4", "from_node": "sum", "from_port": "out", "to_node": "d", "to_port": "signal"}]}


class Preview(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.d = Lumad()
        cls.rig = Rig(cls.d)
        cls.unused = cls.d.post("/patterns", {"name": "Nowhere"})

    @classmethod
    def tearDownClass(cls):
        cls.d.stop()

    def setUp(self):
        self.rig.show()
        self.d.post("/host-audio/pause")
        self.rig.seek(2)
        self.is_lit(153)                                                # .6 * 255
        self.ws = self.d.socket()
        self.client = self.ws.hello["client"]

    def tearDown(self):
        self.ws.close()
        self.is_lit(153)

    def is_lit(self, *want, seconds=2):
        want = list(want * 2 if len(want) == 1 else want)
        self.assertEqual(self.rig.settle(want, seconds=seconds), want)

    def body(self, graph, client=None, annotation=None, **more):
        if "pattern_id" not in more:
            more["annotation_id"] = annotation or self.rig.block["id"]
        return {"client": client or self.client, "graph": graph, **more}

    def preview(self, value, **more):
        """The answer, once the light is there."""
        graph = dimmer_graph(value) if isinstance(value, (int, float)) else value
        return self.d.put("/graph/preview", self.body(graph, **more))

    def end(self, client=None, **more):
        return self.d.call("DELETE", "/graph/preview", {"client": client or self.client, **more})

    # --- what it does ---

    def test_an_annotation_plays_it_at_once_and_until_it_is_ended(self):
        self.assertEqual(self.preview(0.2), {"shown": 1, "lit": True, "note": None, "spans": [[1, 3]], "errors": []})
        self.assertEqual(self.rig.slots(), [51, 51])                    # with the answer, not after a while
        self.preview(1)
        self.assertEqual(self.rig.slots(), [255, 255])
        self.assertEqual(self.d.get("/graph/preview")["items"],
                         [{"annotation_id": self.rig.block["id"], "pattern_id": None, "solo": False, "shown": 1}])
        self.assertEqual(self.end().status, 204)
        self.assertEqual(self.rig.slots(), [153, 153])
        self.assertEqual(self.d.get("/graph/preview")["items"], [])
        self.assertEqual(self.end().status, 204)                        # again: nothing to do

    def test_the_query_can_name_the_client_as_well(self):
        self.preview(0.2)
        self.assertEqual(self.d.call("DELETE", f"/graph/preview?client={self.client}").status, 204)
        self.assertEqual(self.rig.slots(), [153, 153])

    def test_nothing_of_it_is_stored(self):
        def rows():
            db = sqlite3.connect(f"file:{self.d.dir}/lumad.db?mode=ro", uri=True)
            try:                        # but who did what before this: that is written some seconds late
                names = [n for n, in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name != 'audit_log' ORDER BY name")]
                return {n: db.execute(f'SELECT * FROM "{n}" ORDER BY 1, 2').fetchall() for n in names}
            finally:
                db.close()
        before, graph = rows(), self.d.get(f"/patterns/{self.rig.pattern['id']}/graph")
        self.preview(0.2)
        self.preview(0.3, pattern_id=self.rig.pattern["id"])
        self.assertEqual(rows(), before)
        self.assertEqual(self.d.get(f"/patterns/{self.rig.pattern['id']}/graph"), graph)

    def test_a_pattern_means_all_its_annotations(self):
        more = self.rig.annotate(3.2, 3.6)
        self.addCleanup(self.d.delete, f"/annotations/{more['id']}")
        deadline = time.monotonic() + 2
        while (r := self.preview(0.2, pattern_id=self.rig.pattern["id"]))["shown"] != 2 and time.monotonic() < deadline:
            time.sleep(0.02)
        self.assertEqual((r["shown"], r["lit"]), (2, True))
        self.assertEqual(self.rig.slots(), [51, 51])
        self.rig.seek(3.4)
        self.is_lit(51)
        self.rig.seek(3.1)
        self.is_lit(0)
        r = self.preview(0.2, pattern_id=self.rig.pattern["id"])
        self.assertEqual((r["shown"], r["lit"]), (2, False))
        self.assertIn("playhead", r["note"])
        self.rig.seek(2)

    def test_it_says_when_nothing_of_it_is_on(self):
        r = self.preview(0.2, pattern_id=self.unused["id"])
        self.assertEqual((r["shown"], r["lit"]), (0, False))
        self.assertIn("no annotation", r["note"])
        r = self.preview(0.2, annotation=str(uuid.uuid4()))
        self.assertEqual(r["shown"], 0)
        self.d.put("/show", {"mode": "off"})
        r = self.preview(0.2)
        self.assertFalse(r["lit"])
        self.assertIn("off", r["note"])
        self.rig.show()
        self.is_lit(51)                                                 # it is still on trial

    def test_a_solo_shows_a_pattern_that_no_annotation_uses(self):
        r = self.preview(0.2, pattern_id=self.unused["id"], solo=True)
        self.assertEqual(r, {"shown": 1, "lit": True, "note": None, "spans": [[0, 4]], "errors": []})
        self.assertEqual(self.rig.slots(), [51, 51])
        self.rig.seek(3.5)                                              # where the score is dark
        self.is_lit(51)
        self.preview(dimmer_graph(0.2), pattern_id=self.unused["id"], solo=True, args={"level": 1, "sel": "left"})
        self.assertEqual(self.rig.slots(), [255, 0])
        self.rig.seek(2)
        self.is_lit(255, 153)                                           # over the score, and only where it selects
        self.assertEqual(self.d.get(f"/scores/{self.rig.score['id']}/annotations")["items"][0]["id"], self.rig.block["id"])

    def test_the_annotations_own_arguments_are_kept(self):
        row = self.d.patch(f"/annotations/{self.rig.block['id']}", {"args": {"level": 0.4, "sel": "left"}})
        self.is_lit(102, 0)
        g = dimmer_graph(1)
        g["edges"] = g["edges"][:1]                                     # the selection is the default of the node then: the first arg's
        self.preview(g)
        self.assertEqual(self.rig.slots(), [102, 0])
        self.d.patch(f"/annotations/{row['id']}", {"args": {"level": None, "sel": None}})
        self.is_lit(255)

    # --- its end ---

    def test_the_socket_is_the_previews_life(self):
        self.preview(0.2)
        self.ws.close()
        self.is_lit(153, seconds=1)
        self.ws = self.d.socket()
        self.client = self.ws.hello["client"]
        self.preview(0.2)
        self.ws.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.ws.close()                                                 # a reset, as when a machine is switched off
        self.is_lit(153, seconds=1)

    def test_a_network_that_is_cut_ends_it_within_the_sockets_timeout(self):
        self.preview(0.2)
        time.sleep(8)
        self.assertEqual(self.rig.slots(), [51, 51])                    # silent for a while is not gone
        self.is_lit(153, seconds=8)                                     # nothing answers its pings: 12 s

    def test_the_newest_of_several_clients_wins_and_what_it_covered_comes_back(self):
        with self.d.socket() as second, self.d.socket() as third:
            two, three = second.hello["client"], third.hello["client"]
            self.preview(0.2)
            self.preview(1, client=two)
            self.is_lit(255)
            self.assertEqual(self.preview(0.4, client=three, pattern_id=self.rig.pattern["id"])["shown"], 1)
            self.is_lit(102)
            self.assertEqual(self.preview(broken_graph(), client=two)["shown"], 0)
            self.is_lit(102)                                            # a broken one puts nobody in front
            second.close()
            time.sleep(0.2)
            self.is_lit(102)
            third.close()
            self.is_lit(51)                                             # the oldest is still there
            self.assertEqual(self.end().status, 204)
            self.assertEqual(self.rig.slots(), [153, 153])

    def test_one_of_several_can_be_ended(self):
        self.preview(0.2)
        self.preview(0.4, pattern_id=self.rig.pattern["id"])
        self.assertEqual(self.rig.slots(), [102, 102])
        self.assertEqual(self.end(pattern_id=self.rig.pattern["id"]).status, 204)
        self.assertEqual(self.rig.slots(), [51, 51])

    def test_another_show_and_back(self):
        self.preview(0.2)
        other = self.d.post(f"/tracks/{self.rig.track['id']}/scores", {"name": "Empty", "venue_id": self.rig.venue["id"]})
        self.d.put("/show", {"score_id": other["id"]})
        self.is_lit(0)
        self.rig.show()
        self.rig.seek(2)
        self.is_lit(51)

    # --- graphs that are wrong ---

    def test_the_last_good_light_stays_while_a_graph_is_broken(self):
        for good, light in ((None, 153), (0.2, 51)):
            if good:
                self.preview(good)
            for bad, code in ((broken_graph(), "missing_input"), (unfit_graph(), None)):
                r = self.preview(bad)
                self.assertEqual((r["shown"], r["lit"]), (0, False), r)
                self.assertTrue(r["errors"] and all(set(e) == {"node", "port", "code", "message"} for e in r["errors"]), r)
                if code:
                    self.assertEqual([(e["node"], e["port"], e["code"]) for e in r["errors"]], [("d", "signal", code)])
                else:
                    self.assertIn("sum", [e["node"] for e in r["errors"]], r)
                self.assertEqual(self.rig.slots(), [light, light], (good, bad))
        self.assertEqual(self.preview(0.4)["errors"], [])
        self.assertEqual(self.rig.slots(), [102, 102])

    def test_warnings_come_with_the_light(self):
        g = dimmer_graph(0.2)
        g["args"][0]["default"] = "all & nobody | all"
        r = self.preview(g)
        self.assertEqual((r["shown"], [e["code"] for e in r["errors"]]), (1, ["warning"]), r)
        self.assertEqual(self.rig.slots(), [51, 51])

    def refused(self, status, body, *paths):
        r = self.d.call("PUT", "/graph/preview", body)
        self.assertEqual(r.status, status, r)
        for path in paths:
            self.assertIn(path, [e["path"] for e in r.json["errors"]], r)
        self.assertEqual(self.rig.slots(), [153, 153])
        return r.json

    def test_what_cannot_be_read_is_refused(self):
        g = dimmer_graph(1)
        self.refused(400, b"{")
        self.refused(400, [1])
        self.refused(422, {}, "/client", "/graph")
        self.refused(422, {"client": self.client, "graph": g}, "/annotation_id")
        self.refused(422, self.body(g, more=1), "/more")
        self.refused(422, self.body({"nodes": 3, "edges": [], "args": []}), "/graph/nodes")
        self.refused(422, self.body(g, annotation="x"), "/annotation_id")
        self.refused(422, self.body(g, solo=True), "/solo")
        self.refused(422, self.body(g, args={}), "/args")
        self.refused(422, self.body(g, client="me"), "/client")
        big = {**g, "nodes": g["nodes"] + [{"id": f"n{i}", "type": "scalar", "params": {"value": i}, "x": i, "y": i} for i in range(20000)]}
        self.refused(413, self.body(big))

    # --- whose it is ---

    def test_only_a_socket_that_is_open_may_preview(self):
        self.refused(409, self.body(dimmer_graph(1), client=str(uuid.uuid4())))
        self.assertEqual(self.end(client=str(uuid.uuid4())).status, 409)
        with self.d.socket() as gone:
            client = gone.hello["client"]
        deadline = time.monotonic() + 2
        while (r := self.d.call("PUT", "/graph/preview", self.body(dimmer_graph(1), client=client))).status != 409 and time.monotonic() < deadline:
            time.sleep(0.02)
        self.assertEqual(r.status, 409, r)
        self.is_lit(153)

    def test_ending_ends_ones_own_only(self):
        self.preview(0.2)
        with self.d.socket() as other:
            self.assertEqual(self.end(client=other.hello["client"]).status, 204)
            self.assertEqual(self.rig.slots(), [51, 51])
        self.assertNotIn(self.client, json.dumps(self.d.get("/graph/preview")))         # whoever knows it could end it

    def test_a_client_has_eight_at_a_time(self):
        for i in range(8):
            self.preview(0.2, annotation=str(uuid.uuid4()))
        self.assertEqual(self.refused(503, self.body(dimmer_graph(1)))["code"], "busy")
        self.assertEqual(self.end().status, 204)
        self.preview(0.2)
        self.assertEqual(self.rig.slots(), [51, 51])

    def test_one_too_many_is_told_so_whatever_was_wrong_with_the_graph_before(self):
        self.preview(0.6)
        for i in range(7):
            self.preview(0.2, annotation=str(uuid.uuid4()))
        self.assertTrue(self.preview(unfit_graph())["errors"])
        self.assertEqual(self.refused(503, self.body(dimmer_graph(1), annotation=str(uuid.uuid4())))["code"], "busy")

    def test_everybody_is_told(self):
        def said():
            return [w for w in self.d.get("/system")["warnings"] if w["id"] == "show.preview"]

        def says(*levels):
            deadline = time.monotonic() + 3
            while (got := [w["level"] for w in said()]) != list(levels) and time.monotonic() < deadline:
                time.sleep(0.05)
            self.assertEqual(got, list(levels))
        says()
        self.preview(0.2)
        says("info")
        self.end()
        says()


class Steady(unittest.TestCase):
    """What must not be seen."""

    def test_saving_what_is_previewed_does_not_flicker(self):
        where = f"127.{random.randrange(2, 250)}.{os.getpid() % 250}.{random.randrange(2, 250)}"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear, Lumad() as d:
            ear.bind((where, SACN_PORT))
            rig = Rig(d)
            d.post(f"/venues/{rig.venue['id']}/outputs", {"universe": 1, "protocol": "sacn", "destination": where})
            rig.show()
            rig.seek(1.2)
            with d.socket() as ws:
                d.put("/graph/preview", {"client": ws.hello["client"], "pattern_id": rig.pattern["id"], "graph": dimmer_graph(0.2)})
                self.assertEqual(rig.settle([51, 51]), [51, 51])
                time.sleep(0.1)
                while select.select([ear], [], [], 0)[0]:
                    ear.recv(2048)
                d.post("/host-audio/play")
                misses = d.get("/system")["dmx"]["tile_misses"]
                for _ in range(4):
                    d.put("/graph/preview", {"client": ws.hello["client"], "pattern_id": rig.pattern["id"], "graph": dimmer_graph(0.2)})
                    d.put(f"/patterns/{rig.pattern['id']}/graph", dimmer_graph(0.2))
                    d.call("DELETE", "/graph/preview", {"client": ws.hello["client"]})
                    time.sleep(0.05)
                d.post("/host-audio/pause")
                self.assertEqual(rig.settle([51, 51]), [51, 51])
                seen = []
                while select.select([ear], [], [], 0.05)[0] and len(seen) < 2000:
                    data = ear.recv(2048)
                    if len(data) > 128 and data[18:22] == b"\0\0\0\4":
                        seen.append(data[126:128])
                    if len(seen) > 100:
                        break
                self.assertGreater(len(seen), 10)
                self.assertEqual(set(seen), {bytes([51, 51])})
                self.assertEqual(d.get("/system")["dmx"]["tile_misses"], misses)

    def test_saving_while_others_preview_does_not_show_what_was_stored_before(self):
        """The end of a preview comes right behind the save of its graph, and may be heard of first when the show is busy with others."""
        where = f"127.{random.randrange(2, 250)}.{os.getpid() % 250}.{random.randrange(2, 250)}"
        ended, seen = threading.Event(), []
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear, Lumad() as d:
            ear.bind((where, SACN_PORT))
            rig = Rig(d)
            d.post(f"/venues/{rig.venue['id']}/outputs", {"universe": 1, "protocol": "sacn", "destination": where})
            rig.show()
            rig.seek(1.2)

            def listen():
                while not ended.is_set():
                    if select.select([ear], [], [], 0.1)[0]:
                        data = ear.recv(2048)
                        if len(data) > 128 and data[18:22] == b"\0\0\0\4" and seen[-1:] != [data[126]]:
                            seen.append(data[126])

            def disturb():
                with d.socket() as other:
                    while not ended.is_set():
                        d.call("PUT", "/graph/preview", {"client": other.hello["client"], "annotation_id": str(uuid.UUID(int=1)), "graph": dimmer_graph(1)})

            rig.settle([153, 153])
            threads = [threading.Thread(target=f) for f in (listen, disturb, disturb)]
            for t in threads:
                t.start()
            try:
                with d.socket() as ws:
                    for value in range(155, 215, 2):
                        d.put("/graph/preview", {"client": ws.hello["client"], "pattern_id": rig.pattern["id"], "graph": dimmer_graph(value / 255)})
                        d.put(f"/patterns/{rig.pattern['id']}/graph", dimmer_graph(value / 255))
                        d.call("DELETE", "/graph/preview", {"client": ws.hello["client"]})
            finally:
                ended.set()
                for t in threads:
                    t.join()
        lit = seen[seen.index(153):]
        self.assertGreater(len(lit), 20)
        self.assertEqual(lit, sorted(lit))

    def test_it_survives_edits_from_all_sides(self):
        """Previews of three clients that come and go while the score, the graph and the show change; in the end there is what is stored."""
        with Lumad() as d:
            rig = Rig(d)
            rig.show()
            rig.seek(2)
            dice = random.Random(4)
            sockets = [d.socket() for _ in range(3)]
            for i in range(60):
                k = dice.randrange(3)
                client = sockets[k].hello["client"]
                what = dice.randrange(6)
                if what < 3:
                    graph = broken_graph() if dice.random() < .2 else dimmer_graph(dice.random())
                    target = {"annotation_id": rig.block["id"]} if what else {"pattern_id": rig.pattern["id"], "solo": dice.random() < .5}
                    self.assertEqual(d.call("PUT", "/graph/preview", {"client": client, "graph": graph, **target}).status, 200)
                elif what == 3:
                    sockets[k].close()
                    sockets[k] = d.socket()
                elif what == 4:
                    d.put(f"/patterns/{rig.pattern['id']}/graph", dimmer_graph(dice.choice([.2, .6])))
                else:
                    d.put("/show", {"mode": dice.choice(["off", "score"])})
            for s in sockets:
                s.close()
            d.put(f"/patterns/{rig.pattern['id']}/graph", dimmer_graph(0.6))
            rig.show()
            rig.seek(2)
            self.assertEqual(rig.settle([153, 153]), [153, 153])
            self.assertEqual(d.get("/graph/preview")["items"], [])


if __name__ == "__main__":
    unittest.main()
