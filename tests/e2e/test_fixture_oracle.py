"""What the channel programs send for real, and for broken, fixture definitions, judged by fixture_oracle.py, which shares no code with them."""
import os
import pathlib
import random
import re
import tempfile
import unittest
import xml.etree.ElementTree as ET

import fixture_oracle as oracle

NO_LIGHT = True

NS = "http://www.qlcplus.org/FixtureDefinition"
PRESETS = """IntensityMasterDimmer IntensityMasterDimmerFine IntensityDimmer IntensityDimmerFine IntensityRed IntensityRedFine IntensityGreen IntensityBlue
    IntensityWhite IntensityAmber IntensityUV IntensityLime IntensityCyan IntensityMagenta IntensityYellow IntensityHue IntensitySaturation IntensityValue
    IntensityLightness PositionPan PositionPanFine PositionTilt PositionTiltFine SpeedPanTiltFastSlow ShutterStrobeSlowFast ShutterStrobeFastSlow
    ShutterIrisMinToMax BeamFocusNearFar BeamZoomSmallBig NoFunction ColorWheel GoboWheel PrismRotationSlowFast ColorCTOMixer""".split()
GROUPS = "Intensity Colour Gobo Speed Pan Tilt Shutter Prism Beam Effect Maintenance Nothing".split()
CAPS = """ShutterOpen ShutterClose StrobeSlowToFast StrobeFastToSlow StrobeFreqRange StrobeRandom PulseSlowToFast LampOn LampOff ResetAll ResetPanTilt
    ColorMacro GoboMacro RotationStop Alias""".split()
WORDS = ["Open", "Closed", "Strobe slow to fast", "Dimmer 0-100%", "No function", "Reset", "Lamp on", "Blackout", "Rotation", "Sound", "Macro 1", ""]


def show(results, limit=25):
    lines = ["%s, %s: %s: %s" % (r.name, r.mode, *f) for r in results for f in r.found[:2]]
    return "\n".join(lines[:limit] + (["and %d more" % (len(lines) - limit)] if len(lines) > limit else []))


class Library(unittest.TestCase):
    def setUp(self):
        self.tool = oracle.find_tool()
        self.assertTrue(self.tool.exists(), "%s was not built: make e2e builds it" % self.tool)

    def paths(self):
        if not pathlib.Path(oracle.LIBRARY).is_dir():
            self.skipTest("the fixture library is not installed")
        return list(oracle.find_files([oracle.LIBRARY]))

    def test_twenty_fixtures_that_have_every_feature(self):
        self.paths()
        paths = [os.path.join(oracle.LIBRARY, f + ".qxf") for f in oracle.MATRIX]
        results = list(oracle.judge_all(self.tool, [p for p in paths if os.path.exists(p)], 1))
        self.assertEqual(show(results), "")
        self.assertGreaterEqual(len(results), 60 if all(map(os.path.exists, paths)) else 1)

    def test_the_whole_library(self):
        paths = self.paths()
        if self.tool.parts[-4] in ("asan", "trap"):             # slow: another tenth of it each day would find what is left
            paths = paths[::10]
        results = list(oracle.judge_all(self.tool, paths, 2))
        self.assertEqual(show(results), "")
        self.assertGreater(len(results), len(paths))


class Any(unittest.TestCase):
    """Definitions nobody has seen. Whatever they say, these hold: no lamp or reset value, nothing moves that is no light, defaults, pairs of bytes."""
    CHECKS = {"shape", "read", "hazard", "still", "default", "fine"}

    def setUp(self):
        self.tool = oracle.find_tool()
        self.random = random.Random(int(os.environ.get("SEED", 20)))

    def judge(self, trees, checks=CHECKS):
        with tempfile.TemporaryDirectory(prefix="lumad-qxf-") as tmp:
            paths = []
            for n, tree in enumerate(trees):
                paths.append(os.path.join(tmp, "%04d.qxf" % n))
                tree.write(paths[-1], encoding="utf-8", xml_declaration=True)
            results = list(oracle.judge_all(self.tool, paths, 2))
            for r in results:
                r.found = [f for f in r.found if f[0] in checks]
            bad = [r for r in results if r.found]
            keep = os.environ.get("KEEP_QXF")                   # a folder for what went wrong
            for r in bad if keep else ():
                pathlib.Path(keep, os.path.basename(r.path)).write_bytes(pathlib.Path(r.path).read_bytes())
            self.assertEqual(show(bad), "")
            self.assertGreaterEqual(len(results), len(trees))

    def ranges(self, channel):
        r, at = self.random, 0
        while at < 256 and r.random() < .93:
            lo = min(255, at + (r.randrange(5) if r.random() < .2 else 0))
            hi = min(255, lo + r.choice([0, 4, 9, 31, 63, 127, 255]))
            cap = ET.SubElement(channel, "{%s}Capability" % NS, Min=str(lo), Max=str(hi))
            cap.text = r.choice(WORDS)
            if r.random() < .6:
                cap.set("Preset", r.choice(CAPS))
                if cap.get("Preset") == "StrobeFreqRange":
                    cap.set("Res1", str(r.choice([0, 1, 5, 20]))), cap.set("Res2", str(r.choice([1, 10, 25])))
                elif cap.get("Preset") == "ColorMacro":
                    cap.set("Res1", "#%06x" % r.randrange(1 << 24))
            at = hi + 1

    def made_up(self):
        r = self.random
        root = ET.Element("{%s}FixtureDefinition" % NS)
        for name, value in (("Manufacturer", "Chance"), ("Model", str(r.random())), ("Type", r.choice(["Moving Head", "Color Changer", "Smoke", "Other"]))):
            ET.SubElement(root, "{%s}%s" % (NS, name)).text = value
        n = r.randrange(1, 24)
        for i in range(n):
            c = ET.SubElement(root, "{%s}Channel" % NS, Name="Channel %d" % i)
            if r.random() < .2:
                c.set("Default", str(r.randrange(256)))
            if r.random() < .5:
                c.set("Preset", r.choice(PRESETS))
            else:
                ET.SubElement(c, "{%s}Group" % NS, Byte=str(int(r.random() < .1))).text = r.choice(GROUPS)
                self.ranges(c)
        for k in range(r.randrange(1, 4)):
            m = ET.SubElement(root, "{%s}Mode" % NS, Name="m%d" % k)
            slots = r.randrange(1, 40)
            for i in range(slots):
                ET.SubElement(m, "{%s}Channel" % NS, Number=str(i)).text = "Channel %d" % r.randrange(n)
            for _ in range(r.choice([0, 0, 1, 2, 5])):
                h = ET.SubElement(m, "{%s}Head" % NS)
                for i in r.sample(range(slots), r.randrange(1, slots + 1)):
                    ET.SubElement(h, "{%s}Channel" % NS).text = str(i)
        return ET.ElementTree(root)

    def mutated(self, path):
        r = self.random
        tree = ET.parse(path)
        root = tree.getroot()
        channels = [e for e in root if e.tag.endswith("}Channel")]
        for _ in range(r.randrange(1, 6)):
            c = r.choice(channels)
            caps = [e for e in c if e.tag.endswith("}Capability")]
            what = r.randrange(7)
            if what == 0 and caps:
                c.remove(r.choice(caps))
            elif what == 1 and caps:
                r.choice(caps).set("Preset", r.choice(CAPS))
            elif what == 2 and caps:
                k = r.choice(caps)
                k.set("Min", str(r.randrange(256))), k.set("Max", str(r.randrange(256)))
            elif what == 3:
                c.set("Default", str(r.randrange(256)))
            elif what == 4:
                c.set("Preset", r.choice(PRESETS))
            elif what == 5:
                for m in (e for e in root if e.tag.endswith("}Mode")):
                    slots = [e for e in m if e.tag.endswith("}Channel")]
                    a, b = r.choice(slots), r.choice(slots)
                    a.text, b.text = b.text, a.text
            else:
                for m in (e for e in root if e.tag.endswith("}Mode")):
                    slots = sum(e.tag.endswith("}Channel") for e in m)
                    h = ET.SubElement(m, "{%s}Head" % NS)
                    for i in r.sample(range(slots), r.randrange(1, slots + 1)):
                        ET.SubElement(h, "{%s}Channel" % NS).text = str(i)
        return tree

    def test_made_up_definitions(self):
        # Names and places that mean nothing: which fine byte belongs to which coarse one is anybody's guess.
        self.judge([self.made_up() for _ in range(int(os.environ.get("MADE_UP", 150)))], self.CHECKS - {"fine"})

    def test_mutated_definitions(self):
        if not pathlib.Path(oracle.LIBRARY).is_dir():
            self.skipTest("the fixture library is not installed")
        paths = [p for p in oracle.find_files([oracle.LIBRARY]) if os.path.getsize(p) < 60000]
        self.judge([self.mutated(self.random.choice(paths)) for _ in range(int(os.environ.get("MADE_UP", 150)))])


class Words(unittest.TestCase):
    def test_the_table_of_oddities_names_tests_that_exist(self):
        rows = [r.split("|") for r in (oracle.ROOT / "daemon/fixtures/ODDITIES.md").read_text().splitlines() if r.startswith("| ")][1:]
        self.assertGreater(len(rows), 30)
        sources = "".join(p.read_text() for p in (oracle.ROOT / "tests/unit").rglob("test_*.c"))
        for row in rows:
            named = re.findall("`([a-z_0-9]+)`", row[3])
            self.assertTrue(named, row)
            for name in named:
                self.assertIn("TEST(%s)" % name, sources)


if __name__ == "__main__":
    unittest.main()
