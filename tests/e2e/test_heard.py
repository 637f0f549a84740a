"""What was heard in a track reaches the light: drums, bars and sections from the stored rows; without them the layer is dark, says which job to run, and nothing else suffers."""
import json
import sqlite3
import unittest
import uuid

from lumad import Lumad
from test_show import Rig


def heard_graph(type, port, params=None, more=()):
    """A node's output as the dimmer of `sel`."""
    nodes = [{"id": "a", "type": "pattern_args", "params": {}}, {"id": "heard", "type": type, "params": params or {}}, {"id": "d", "type": "apply_dimmer", "params": {}}]
    edges = [("a", "sel", "d", "selection"), ("heard", port, "d", "signal"), *more]
    return {"args": [{"id": "sel", "name": "Selection", "type": "selection", "default": "all"}], "nodes": nodes,
            "edges": [{"id": f"e{i}", "from_node": e[0], "from_port": e[1], "to_node": e[2], "to_port": e[3]} for i, e in enumerate(edges)]}


class Heard(unittest.TestCase):
    def setUp(self):
        self.d = Lumad()
        self.addCleanup(self.d.stop)
        self.rig = Rig(self.d)
        self.forget()
        self.d.patch(f"/annotations/{self.rig.block['id']}", {"args": {"sel": "left"}})
        self.rig.show()

    def pattern(self, name, graph):
        pattern = self.d.post("/patterns", {"name": name})
        self.d.put(f"/patterns/{pattern['id']}/graph", graph)
        return pattern["id"]

    def forget(self):
        """The rows here are put in by hand: none of what the jobs heard."""
        db = sqlite3.connect(self.d.dir / "lumad.db", timeout=10)
        with db:
            for table in ("track_features", "track_roots"):
                db.execute(f"DELETE FROM {table}")
        db.close()

    def store(self, table, **columns):
        """As a worker's rows would stand there; lumad looks when something of the score changes."""
        db = sqlite3.connect(self.d.dir / "lumad.db", timeout=10)
        with db:
            columns = {"id": str(uuid.uuid4()), "track_id": self.rig.track["id"], **columns}
            db.execute(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})", list(columns.values()))
        db.close()

    def look_again(self):
        for level in (0.3, 0.6):
            self.d.patch(f"/annotations/{self.rig.block['id']}", {"args": {"sel": "left", "level": level}})

    def errors(self):
        return {i["annotation_id"]: i["errors"] for i in self.d.get("/show/layer-errors")["items"]}

    def test_drums_light_what_they_should_and_say_what_they_need(self):
        rig = self.rig
        kick = self.d.post(f"/scores/{rig.score['id']}/annotations", {
            "pattern_id": self.pattern("Kick", heard_graph("drum_onsets", "kick", {"decay_ms": 100})), "start_time": 1, "end_time": 3, "args": {"sel": "~left"}})
        rig.seek(2.0)
        self.assertEqual(rig.settle([153, 0]), [153, 0])        # the other layer is lit
        told = self.errors()[kick["id"]]
        self.assertEqual([(e["node"], e["code"]) for e in told], [("heard", "missing_analysis")])
        self.assertIn("features", told[0]["message"])

        self.store("track_features", kind="onsets", data=json.dumps({"kick": [[1.5, 1], [2.0, 0.8]], "snare": [], "hihat": []}))
        self.look_again()
        self.assertEqual(rig.settle([153, 204]), [153, 204])
        self.assertNotIn(kick["id"], self.errors())
        rig.seek(1.6)                                           # e^-1 of the first
        self.assertEqual(rig.settle([153, 94]), [153, 94])
        rig.seek(1.4)
        self.assertEqual(rig.settle([153, 0]), [153, 0])

    def test_bars_and_sections(self):
        rig = self.rig
        for name, type, port in (("Bars", "bar_energy", "out"), ("Drop", "section_index", "is_drop")):
            self.d.post(f"/scores/{rig.score['id']}/annotations", {
                "pattern_id": self.pattern(name, heard_graph(type, port)), "start_time": 1 if name == "Bars" else 2, "end_time": 2 if name == "Bars" else 3,
                "args": {"sel": "~left"}})
        self.store("track_features", kind="energy", data=json.dumps({"bars": [[0, 1.5, 0.25], [1.5, 4, 0.75]]}))
        self.store("track_features", kind="sections", data=json.dumps({"sections": [{"start": 0, "end": 2.5, "label": "build"}, {"start": 2.5, "end": 4, "label": "drop"}]}))
        self.look_again()
        for seconds, want in ((1.2, 64), (1.8, 191), (2.2, 0), (2.7, 255)):
            rig.seek(seconds)
            self.assertEqual(rig.settle([153, want]), [153, want], seconds)
        self.assertEqual(self.errors(), {})

    def test_a_row_that_makes_no_sense_is_as_if_it_were_not_there(self):
        rig = self.rig
        kick = self.d.post(f"/scores/{rig.score['id']}/annotations", {
            "pattern_id": self.pattern("Kick", heard_graph("drum_onsets", "kick")), "start_time": 1, "end_time": 3, "args": {"sel": "~left"}})
        self.store("track_features", kind="onsets", data='{"kick": [[3, 1], [2, "loud"]]}')
        self.store("track_features", kind="energy", data='{"bars": [[0, 4, 1]]}')
        self.look_again()
        rig.seek(2.0)
        self.assertEqual(rig.settle([153, 0]), [153, 0])
        self.assertIn("features", self.errors()[kick["id"]][0]["message"])
        energy = self.pattern("Bars", heard_graph("bar_energy", "out"))
        self.d.patch(f"/annotations/{kick['id']}", {"pattern_id": energy})
        self.assertEqual(rig.settle([153, 255]), [153, 255])

    def test_the_editor_sees_what_was_heard(self):
        self.store("track_features", kind="onsets", data=json.dumps({"kick": [[1.0, 1]], "snare": [], "hihat": []}))
        self.store("track_roots", chroma_rate=10.0, chroma=(b"\0" * 16 + b"\0\0\x80\x3f" + b"\0" * 28) * 40)       # E, for 4 s
        nodes = [{"id": "kick", "type": "drum_onsets"}, {"id": "v", "type": "view_signal"}, {"id": "notes", "type": "harmony_analysis"},
                 {"id": "tint", "type": "chroma_palette"}, {"id": "w", "type": "view_signal"}, {"id": "e", "type": "view_channel", "params": {"channel": 4}}]
        edges = [("kick", "kick", "v", "in"), ("notes", "signal", "tint", "chroma"), ("tint", "out", "w", "in"), ("notes", "signal", "e", "in")]
        graph = {"nodes": nodes, "args": [], "edges": [{"id": str(i), "from_node": e[0], "from_port": e[1], "to_node": e[2], "to_port": e[3]} for i, e in enumerate(edges)]}
        run = self.d.post("/graph/run", {"graph": graph, "context": {"track_id": self.rig.track["id"], "venue_id": self.rig.venue["id"], "start": 0, "end": 2}})
        self.assertEqual(run["errors"], [])
        peak = run["views"]["v"]["rows"][0]["max"]
        self.assertEqual((peak.index(max(peak)), max(peak)), (60, 1.0))
        self.assertEqual([round(run["views"]["w"]["rows"][c]["mean"][60], 3) for c in range(3)], [0, 1, 0])
        self.assertEqual([r["channel"] for r in run["views"]["e"]["rows"]], [4])
        self.assertAlmostEqual(run["views"]["e"]["rows"][0]["min"][60], 1.0, places=4)


if __name__ == "__main__":
    unittest.main()
