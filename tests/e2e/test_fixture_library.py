"""Definitions of the operator's own, put into the data folder, changed and taken away while a show plays."""
import pathlib
import time
import unittest

from lumad import Lumad
from test_show import Rig

NO_LIGHT = True

PATH = "Own/Own-Par.qxf"


def definition(channels, broken=""):
    return ('<?xml version="1.0"?>\n<FixtureDefinition xmlns="http://www.qlcplus.org/FixtureDefinition">\n<Manufacturer>Own</Manufacturer>\n'
            '<Model>Par</Model>\n<Type>Color Changer</Type>\n' + broken + '<Channel Name="D" Preset="IntensityDimmer"/>\n'
            '<Channel Name="X" Default="77"><Group Byte="0">Effect</Group></Channel>\n<Mode Name="m">' +
            "".join('<Channel Number="%d">%s</Channel>' % c for c in enumerate(channels)) + "</Mode></FixtureDefinition>")


class OwnDefinitions(unittest.TestCase):
    def setUp(self):
        self.d = Lumad()
        self.addCleanup(self.d.stop)
        self.file = pathlib.Path(self.d.dir, "fixtures", PATH)
        self.d.get("/fixture-library?limit=1")              # the first look at the folders is over

    def write(self, *args):
        self.file.parent.mkdir(exist_ok=True)
        self.file.write_text(definition(*args))

    def warnings(self):
        return [w["message"] for w in self.d.get("/system")["warnings"] if w["id"].startswith("library.")]

    def until(self, what, want, seconds=30):
        """Changes are noticed by themselves, a moment later."""
        end = time.monotonic() + seconds
        while (got := what()) != want and time.monotonic() < end:
            time.sleep(.05)
        self.assertEqual(got, want)

    def test_a_show_follows_its_definition_and_survives_it(self):
        d = self.d
        with d.socket() as ws:
            ws.subscribe("changes")
            self.write("DX")
            ws.expect("changed", table="fixture_library")
        found = d.get("/fixture-library?manufacturer=Own")["items"]
        self.assertEqual([i["path"] for i in found], [PATH])

        rig = Rig(d)
        par = d.post(f"/venues/{rig.venue['id']}/fixtures", {"universe": 1, "address": 11, "fixture_path": PATH, "mode_name": "m", "label": "own"})
        rig.show()
        rig.seek(2)
        lit = [153, 153] + [0] * 8 + [153, 77, 0]
        self.assertEqual(rig.settle(lit), lit)

        self.write("XD")                                    # changed: recompiled, nothing else moves
        swapped = lit[:10] + [77, 153, 0]
        self.assertEqual(rig.settle(swapped, seconds=30), swapped)
        self.assertEqual(self.warnings(), [])

        self.write("XD", "<oops>\n")                        # broken: named with its line; what was read before is used on
        self.until(lambda: len(self.warnings()), 1)
        self.assertIn("Own/Own-Par.qxf is no fixture definition: line ", self.warnings()[0])
        self.assertIn("used on", self.warnings()[0])
        self.assertEqual(rig.slots(13), swapped)
        d.patch(f"/fixtures/{par['id']}", {"label": "still editable"})
        self.assertEqual(rig.settle(swapped), swapped)
        self.assertEqual(d.call("GET", "/fixture-library/definition?path=" + PATH).status, 200)

        self.write("DX")                                    # mended
        self.assertEqual(rig.settle(lit, seconds=30), lit)
        self.until(self.warnings, [])

        self.file.unlink()                                  # gone
        self.until(lambda: len(self.warnings()), 1)
        self.assertIn("gone from the fixture library", self.warnings()[0])
        self.assertEqual(rig.slots(13), lit)
        self.assertEqual(d.get("/fixture-library?manufacturer=Own")["items"], [])

        d.delete(f"/fixtures/{par['id']}")                  # nobody uses it any more
        self.assertEqual(rig.settle([153, 153, 0]), [153, 153, 0])
        self.assertEqual(d.post("/fixture-library/reload")["problems"], [])

    def test_reload_answers_when_it_is_done(self):
        d = self.d
        total = d.get("/fixture-library?limit=1")["total"]
        for n in range(3):
            self.file = self.file.with_name(f"Own-{n}.qxf")
            self.write("DX")
            state = d.post("/fixture-library/reload")
            self.assertEqual((state["total"], state["problems"]), (total + n + 1, []))
        self.file.write_text("<FixtureDefinition>\n\n<nope")
        state = d.post("/fixture-library/reload")
        self.assertEqual(state["total"], total + 2)
        self.assertIn("Own-2.qxf is no fixture definition: line 3", state["problems"][0])

    def test_a_library_that_never_ends_does_not_hold_up_the_stop(self):
        many = pathlib.Path(self.d.tmp.name, "many")
        for path in ([f"{a}/{b}" for a in range(200) for b in range(20)]):
            (many / path).mkdir(parents=True)
        folder = self.d.dir / "fixtures/round"
        folder.mkdir(parents=True, exist_ok=True)
        for i in range(200):                    # 800,000 folders
            (folder / str(i)).symlink_to(many)
        time.sleep(1)
        self.assertLess(self.d.stop(), 5)

    def test_a_search_is_quick(self):
        self.d.get("/fixture-library?q=x")
        best = 1
        for _ in range(10):
            start = time.perf_counter()
            self.d.get("/fixture-library?q=par&limit=50")
            best = min(best, time.perf_counter() - start)
        self.assertLess(best, .2 if "san" in str(self.d.proc.args) else .02)


if __name__ == "__main__":
    unittest.main()
