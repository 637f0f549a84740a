"""`lumad --demo`: what it installs, that it plays by itself, and that it leaves alone what an operator changed."""
import concurrent.futures
import json
import os
import pathlib
import tempfile
import unittest

from lumad import ROOT, Lumad, quick_workers
from test_light import render_truth, until


class Renderer:
    """demo_worker, counted: a line of `runs` for each time it makes the music."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder, "workers")
        self.env = {"LUMAD_WORKERS": str(self.folder)}
        quick_workers(self.folder)
        self.folder.mkdir(exist_ok=True)
        real = pathlib.Path(os.environ.get("LUMAD", ROOT / "build/release/lumad")).with_name("demo_worker").absolute()
        worker = self.folder / "demo_worker"
        worker.write_text(f'#!/bin/sh\necho >>{self.folder}/runs\nexec {real} "$@"\n')
        worker.chmod(0o755)

    def runs(self):
        file = self.folder / "runs"
        return len(file.read_text()) if file.exists() else 0


class Demo(unittest.TestCase):
    """One data directory, started twice."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="lumad-demo-")
        cls.addClassCleanup(cls.folder.cleanup)
        cls.data = pathlib.Path(cls.folder.name, "data")
        cls.renderer = Renderer(cls.folder.name)

    def start(self):
        d = Lumad("--demo", data=self.data, env=self.renderer.env)
        self.addCleanup(lambda: d.proc.poll() is None and d.stop())
        return d

    def test_it_is_complete_and_plays(self):
        d = self.start()
        until(lambda: d.get("/host-audio")["playing"])
        show = d.get("/show")
        self.assertEqual(show["mode"], "score")
        self.assertTrue(d.get("/show/autoplay")["enabled"])

        fixtures = d.get(f"/venues/{show['venue_id']}/fixtures")["items"]
        self.assertGreaterEqual(len(fixtures), 16)
        self.assertGreaterEqual(len({f["fixture_path"] for f in fixtures}), 5)
        self.assertEqual(d.get(f"/venues/{show['venue_id']}/patch")["warnings"], [])
        for expression in ("front_pars", "movers", "all & ~(strobes | blinders)", "bars & left"):
            answer = d.post(f"/venues/{show['venue_id']}/select", {"expression": expression})
            self.assertTrue(answer["heads"], expression)
            self.assertEqual(answer["warnings"], [])

        patterns = d.get("/patterns")["items"]
        self.assertGreaterEqual(len(patterns), 24)
        for p in patterns:
            self.assertEqual(d.get(f"/patterns/{p['id']}/graph")["errors"], [], p["name"])

        annotations = d.get(f"/scores/{show['score_id']}/annotations?limit=1000")["items"]
        self.assertGreaterEqual(len({a["pattern_id"] for a in annotations}), 6)
        self.assertLessEqual({a["pattern_id"] for a in annotations}, {p["id"] for p in patterns})
        self.assertGreaterEqual(len({a["blend_mode"] for a in annotations}), 5)

        outputs = d.get(f"/venues/{show['venue_id']}/outputs")["items"]
        self.assertEqual({o["protocol"] for o in outputs}, {"artnet", "sacn"})
        self.assertEqual({(o["destination"], o["transmit"]) for o in outputs}, {("127.0.0.1", "continuous")})

        d.wait_jobs(show["track_id"], 300)
        unwanted = lambda: [w for w in d.get("/system")["warnings"] if not w["id"].startswith(("audio", "output", "dmx"))]
        until(lambda: not unwanted())           # blocks that follow what is heard have it now, and say so no more
        self.assertEqual({s["label"] for s in d.get(f"/tracks/{show['track_id']}/features")["sections"]["sections"]}, {"intro", "build", "drop", "break", "outro"})

    def test_what_is_heard_lights_it(self):
        """Blocks that follow the chords and the stem of the bass: dark nowhere, and not the same all the time."""
        d = self.start()
        show = d.get("/show")
        until(lambda: d.get("/host-audio")["playing"])
        d.wait_jobs(show["track_id"], 300)
        until(lambda: not d.get("/show/layer-errors")["items"] or not any(i["errors"] for i in d.get("/show/layer-errors")["items"]))
        names = {p["id"]: p["name"] for p in d.get("/patterns")["items"]}
        looked_at = {"Bass line": "out", "Chord wash": "palette"}
        d.post("/host-audio/pause")
        for a in d.get(f"/scores/{show['score_id']}/annotations?limit=1000")["items"]:
            node = looked_at.pop(names[a["pattern_id"]], None)
            if not node:
                continue
            context = {"track_id": show["track_id"], "venue_id": show["venue_id"], "start": a["start_time"], "end": a["end_time"], "args": a["args"], "seed": a["seed"]}
            graph = d.get(f"/patterns/{a['pattern_id']}/graph")
            run = d.post("/graph/run", {"graph": {k: graph[k] for k in ("args", "nodes", "edges")}, "context": context, "views": [{"node": node}]})
            self.assertEqual(run["errors"], [])
            rows = [r["max"] for r in next(iter(run["views"].values()))["rows"]]
            self.assertGreater(max(max(r) for r in rows), 0.3)
            self.assertGreater(max(max(r) - min(r) for r in rows), 0.25)
        self.assertEqual(looked_at, {}, "not in the score")

    def test_the_known_beats_are_the_grid(self):
        d, truth = self.start(), render_truth()
        track = d.get("/show")["track_id"]
        self.assertEqual(d.get(f"/tracks/{track}")["title"], "First Light")
        beats = d.get(f"/tracks/{track}/beats")
        self.assertTrue(beats["corrected"])
        self.assertEqual(beats["bpm"], 124)
        for key in ("beats", "downbeats"):
            self.assertEqual(beats[key], truth[key])
        self.assertGreater(beats["downbeats"][0], 0.1)

    def test_it_loops(self):
        d = self.start()
        until(lambda: d.get("/host-audio")["playing"])
        duration = d.get("/host-audio")["duration"]
        d.post("/host-audio/seek", {"seconds": duration - 0.5})
        until(lambda: d.get("/host-audio")["current_time"] < duration / 2)
        self.assertTrue(d.get("/host-audio")["playing"])

    def test_what_was_changed_stays_changed(self):
        d = self.start()
        show = d.get("/show")
        fixture = d.get(f"/venues/{show['venue_id']}/fixtures")["items"][0]
        annotations = d.get(f"/scores/{show['score_id']}/annotations?limit=1000")["items"]
        d.patch(f"/fixtures/{fixture['id']}", {"label": "Mine"})
        d.delete(f"/annotations/{annotations[0]['id']}")
        d.put("/show/autoplay", {"enabled": False, "venue_id": None, "score_id": None, "repeat": "once", "resume": False})
        d.stop()

        runs = self.renderer.runs()
        d = self.start()
        self.assertEqual(d.get(f"/fixtures/{fixture['id']}")["label"], "Mine")
        self.assertEqual(len(d.get(f"/scores/{show['score_id']}/annotations?limit=1000")["items"]), len(annotations) - 1)
        self.assertFalse(d.get("/show/autoplay")["enabled"])
        self.assertEqual(len(d.get("/tracks")["items"]), 1)
        self.assertGreater(runs, 0)
        self.assertEqual(self.renderer.runs(), runs, "a demo that is there is not made again")
        # back again, for the tests beside this one
        d.post(f"/scores/{show['score_id']}/annotations", {k: annotations[0][k] for k in (
            "id", "pattern_id", "start_time", "end_time", "origin_time", "z_index", "blend_mode", "args", "seed")})
        d.put("/show/autoplay", {"enabled": True, "venue_id": show["venue_id"], "score_id": show["score_id"], "repeat": "loop", "resume": True})

    def test_a_deleted_demo_comes_back_whole(self):
        d = self.start()
        venue = d.get("/show")["venue_id"]
        score = d.get("/show")["score_id"]
        fixtures = len(d.get(f"/venues/{venue}/fixtures")["items"])
        annotations = len(d.get(f"/scores/{score}/annotations?limit=1000")["items"])
        d.delete(f"/venues/{venue}")
        self.assertEqual(d.call("GET", f"/venues/{venue}").status, 404)
        d.stop()
        d = self.start()
        self.assertEqual(len(d.get(f"/venues/{venue}/fixtures")["items"]), fixtures)
        self.assertEqual(len(d.get(f"/scores/{score}/annotations?limit=1000")["items"]), annotations)
        until(lambda: d.get("/host-audio")["playing"])

    def test_the_files_say_what_the_daemon_says(self):
        """Positions and names as in config/demo/venue.json."""
        d = self.start()
        venue = json.loads((ROOT / "config/demo/venue.json").read_text())
        rows = {f["label"]: f for f in d.get(f"/venues/{d.get('/show')['venue_id']}/fixtures")["items"]}
        for f in venue["fixtures"]:
            row = rows.get(f["label"])
            if row:                                     # one of them may bear an operator's name by now
                for key, value in f.items():
                    if key != "key":
                        self.assertEqual(row[key], value, (f["label"], key))
        groups = {g["name"] for g in d.get(f"/venues/{d.get('/show')['venue_id']}/groups")["items"]}
        self.assertEqual(groups, {g["name"] for g in venue["groups"]})


class OnARunningLumad(unittest.TestCase):
    """POST /show/demo, of the page's welcome."""

    def test_it_is_put_on_beside_what_is_there(self):
        with tempfile.TemporaryDirectory(prefix="lumad-demo-") as folder:
            renderer = Renderer(folder)
            d = Lumad(data=pathlib.Path(folder, "data"), env=renderer.env)
            self.addCleanup(lambda: d.proc.poll() is None and d.stop())
            own = d.post("/venues", {"name": "Cellar"})
            d.put("/show", {"venue_id": own["id"], "score_id": None, "mode": "off"})
            with concurrent.futures.ThreadPoolExecutor(2) as two:           # a button that is pressed twice
                shows = list(two.map(lambda _: d.post("/show/demo", {}), range(2)))
            self.assertEqual(shows[0]["score_id"], shows[1]["score_id"])
            show = d.get("/show")
            self.assertEqual(show["mode"], "score")
            self.assertNotEqual(show["venue_id"], own["id"])
            self.assertEqual(len(d.get("/tracks")["items"]), 1)
            self.assertEqual({v["name"] for v in d.get("/venues")["items"]}, {"Cellar", "Demo stage"})
            self.assertTrue(d.get("/host-audio")["loaded"])
            self.assertFalse(d.get("/host-audio")["playing"], "nothing plays until it is told to")
            self.assertFalse(d.get("/show/autoplay")["enabled"], "what starts by itself is nobody else's business")
            self.assertEqual(d.call("POST", "/show/demo", {"venue": "mine"}).status, 422)

            d.put("/show", {"venue_id": own["id"], "score_id": None, "mode": "off"})
            self.assertEqual(d.post("/show/demo", {})["score_id"], show["score_id"])
            self.assertEqual(renderer.runs(), 1, "a demo that is there is not made again, nor twice for a button that is pressed twice")
            d.stop()


if __name__ == "__main__":
    unittest.main()
