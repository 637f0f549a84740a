#!/usr/bin/env python3
"""Judges what the channel programs send for fixture definitions. It shares no code with lumad: the .qxf is read here, by ElementTree, and
the bytes come from tests/tools/fixture_slots, which runs the real encoder and knows nothing of what is expected.

    fixture_oracle.py [--report FILE] [--summary FILE] [--jobs N] [PATH.qxf | FOLDER ...]       default: the library of the distribution

For every mode of every file:
  lit       intensity 1, white: every emitter set gives light, every dimmer is at its bright end, every shutter stands in an open range
  strobe    ... no value inside a strobe, pulse or ramp range, unless strobing was asked for; then it is the range that comes nearest to 1 + 19 s Hz
  dark      intensity 0: a closed dimmer or shutter above every head, or no emitter up; what can do neither has a warning on the patch
  hazard    no lamp or reset value in any frame (but in a channel that has no other values)
  still     in fades of intensity and colour (5 s each) nothing of Maintenance, Gobo, Prism, Effect, Beam moves; in a pan or tilt move only the axes
  default   what is no light, position or speed equals Default, else 0; if that is a lamp or reset value the nearest outside
  gap       no value of a dimmer, shutter or wheel lies where the file defines nothing
  fine      pairs of coarse and fine are monotonic in an intensity fade and a sweep of pan and tilt, and reach both ends
"""
import argparse
import collections
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import xml.etree.ElementTree as ET

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIBRARY = "/usr/share/qlcplus/fixtures"
FADE = 220                      # frames of 1/44 s: 5 s
MATRIX = """Martin/Martin-MAC-Encore-Performance ETC/ETC-s4-Lustr2 American_DJ/American-DJ-XS-600 American_DJ/American-DJ-Accu-Roller-250
    Robe/Robe-Robin-Tetra-2 Stairville/Stairville-Pixel-Panel-144-RGB beamZ/beamZ-SparkleWall beamZ/beamZ-LCB-252 Lixada/Lixada-Triangle-Spider-Beam
    Elation/Elation-Vision-250 Martin/Martin-Acrobat Nicols/Nicols-Galaxy-Laser Cameo/Cameo-CLMPAR3 Chauvet/Chauvet-SlimPAR-HEX-3 Cameo/Cameo-F2-T-PO
    Botex/Botex-SP-1500 QTX/QTX-HZ-3 QTX/QTX-Flare-1000 DTS/DTS-Katana Cameo/Cameo-Storm""".split()

ADDITIVE = {"Red", "Green", "Blue", "White", "Amber", "UV", "Lime", "Indigo"}
FILTERS = {"Cyan", "Magenta", "Yellow"}
CONE = {"Hue", "Saturation", "Value", "Lightness"}
PASSIVE_GROUPS = {"Maintenance", "Gobo", "Prism", "Nothing", "Effect", "Beam"}
PLAIN_STROBE = ("StrobeSlowToFast", "StrobeFastToSlow", "StrobeFrequency", "StrobeFreqRange")
NO_STEADY_LIGHT = ("Strobe", "Pulse", "Ramp")
HAZARD_TEXT = re.compile(r"\breset|lamp (on|off)\b", re.I)
LIGHT_TEXT = re.compile(r"no effect|no function|dimm|light on|leds? on|blackout", re.I)
OPEN_TEXT = re.compile(r"open|no function|no strobe|no flash|led on|light on|full|steady|constant|normal|dimm|strobe off|without|static|100 ?%|not used|no effect", re.I)
NOT_OPEN_TEXT = re.compile(r"clos|black|strob|flash|led off|light off|shutter off|random|puls", re.I)


# --- reading ---

class Cap:
    def __init__(self, e):
        lo, hi = number(e.get("Min")), number(e.get("Max"))
        self.min, self.max = min(lo, hi), max(lo, hi)
        self.preset = (e.get("Preset") or "").strip()
        self.text = " ".join("".join([e.text or ""] + [c.tail or "" for c in e]).split())
        self.res = (e.get("Res1") or e.get("Color") or e.get("Res") or "", e.get("Res2") or e.get("Color2") or "")
        self.aliases = [(a.get("Mode"), a.get("Channel"), a.get("With")) for a in e if tag(a) == "Alias"]

    def __contains__(self, v):
        return self.min <= v <= self.max

    @property
    def is_hazard(self):
        return self.preset.startswith(("Lamp", "Reset"))

    @property
    def is_hazard_text(self):
        """Also by wording; but a lamp value that knows of no lamp ("No effect", "Dimming") is somebody's mistake."""
        if self.preset.startswith("Lamp") and not re.search("lamp|ignit|strik|bulb", self.text, re.I) and LIGHT_TEXT.search(self.text):
            return False
        return self.is_hazard or (not self.preset and bool(HAZARD_TEXT.search(self.text)))

    @property
    def hz(self):
        try:
            if self.preset == "StrobeFrequency":
                v = float(self.res[0])
                return (v, v) if v > 0 else None
            if self.preset == "StrobeFreqRange":
                v = float(self.res[0]), float(self.res[1] or 0)
                return v if max(v) > 0 and min(v) >= 0 and max(v) < 1000 else None
        except ValueError:
            pass
        return None

    @property
    def is_plain_strobe(self):
        return self.preset in PLAIN_STROBE and not re.search("random|sound|music|pulse|ramp|lightning|gobo", self.text, re.I) and \
            (self.preset != "StrobeFrequency" or self.hz)


def tag(e):
    return e.tag.rsplit("}", 1)[-1] if isinstance(e.tag, str) else ""


def number(s, default=0):
    try:
        return max(0, min(255, int(float(s))))
    except (TypeError, ValueError):
        return default


def kids(e, name):
    return [k for k in e if tag(k) == name] if e is not None else []


def kid(e, name):
    return next(iter(kids(e, name)), None)


def text(e):
    return " ".join((e.text or "").split()) if e is not None else ""


class Channel:
    def __init__(self, e):
        self.name = " ".join((e.get("Name") or "").split())
        preset = (e.get("Preset") or "").strip()
        group = kid(e, "Group")
        self.group = text(group)
        self.colour = text(kid(e, "Colour"))
        self.default = number(e.get("Default"))
        self.caps = [Cap(k) for k in kids(e, "Capability")]
        self.fine = 0
        if preset.endswith("Fine"):
            self.fine, preset = 1, preset[:-4]
        elif not preset and group is not None:
            self.fine = number(group.get("Byte"))
        self.preset = preset
        self.role = self.find_role()

    def find_role(self):
        p, g, name = self.preset, self.group, self.name.lower()
        if p in ("IntensityMasterDimmer", "IntensityDimmer"):
            return "dimmer"
        if p.startswith("Intensity"):
            return "colour"
        if p in ("PositionPan", "PositionTilt"):
            return p[8:].lower()
        if p.startswith("Speed"):
            return "speed"
        if p.startswith("ShutterStrobe"):
            return "shutter"
        if p.startswith("ShutterIris"):
            return "iris"
        if p in ("ColorWheel", "ColorWheelIndex"):
            return "wheel"
        if p:
            return "passive"
        presets = {c.preset for c in self.caps}
        if g not in ("Intensity", "Gobo", "Colour") and "ShutterOpen" in presets and any(x == "ShutterClose" or x.startswith("Strobe") for x in presets):
            return "passive" if "laser" in name else "shutter"
        if g == "Intensity":
            if re.search("temperature|cct|ct[ocb]|tint|macro|mode|speed", name):
                return "passive?"
            if self.colour in ADDITIVE | FILTERS:
                return "colour"
            return "dimmer?"            # so say files of lamp switches, fans and curves too
        if g == "Shutter":
            return "iris" if "iris" in name else "shutter?"
        if g == "Colour":
            return "wheel" if any(re.fullmatch("#[0-9a-fA-F]{6}", c.res[0]) for c in self.caps) else "passive?"
        if g in ("Pan", "Tilt"):
            return g.lower() + "?"
        if g == "Speed":
            return "speed?"
        if g in ("Effect", "Beam"):
            return "passive?" if "strob" in name or "iris" in name else "passive"
        return "passive"

    def at(self, v):
        return [c for c in self.caps if v in c]

    @property
    def emitter(self):
        return self.preset[9:] if self.preset else self.colour

    def rest(self):
        """What light-model 6 says an unmentioned channel gets; None: it knows nothing but lamp and reset values."""
        if not any(c.is_hazard for c in self.at(self.default)):
            return self.default
        for off in range(1, 256):
            for v in (self.default - off, self.default + off):
                if 0 <= v <= 255 and not any(c.is_hazard_text or c.is_hazard for c in self.at(v)):
                    return v
        return None


class Mode:
    def __init__(self, e, channels, physical):
        self.name = " ".join((e.get("Name") or "").split())
        slots = {}
        for k in kids(e, "Channel"):
            slots.setdefault(int(k.get("Number")), text(k))
        self.channels = [channels.get(slots.get(i)) for i in range(max(slots, default=-1) + 1)]
        self.resolve_aliases(channels, slots)
        self.heads = []
        for h in kids(e, "Head"):
            own = {int(text(k)) for k in kids(h, "Channel") if text(k).isdigit() and int(text(k)) < len(self.channels)}
            if own:
                self.heads.append(own)
        if not self.heads:
            self.heads = [set(range(len(self.channels)))]
        listed = set().union(*self.heads)
        self.owners = [frozenset(h for h, own in enumerate(self.heads) if i in own or i not in listed) for i in range(len(self.channels))]
        focus = kid(kid(e, "Physical") if kid(e, "Physical") is not None else physical, "Focus")
        def degrees(name, missing):
            try:
                return float(focus.get(name)) or missing
            except (AttributeError, TypeError, ValueError):
                return missing
        self.pan_max, self.tilt_max = degrees("PanMax", 540), degrees("TiltMax", 270)

    def resolve_aliases(self, channels, slots):
        """A channel means what the resting values of the others make of it."""
        before = list(self.channels)
        for s in before:
            for cap in s.caps if s else []:
                if s.rest() is None or s.rest() not in cap:
                    continue
                for mode, channel, other in cap.aliases:
                    for i, name in slots.items():
                        if mode == self.name and name == channel and other in channels and self.channels[i] is before[i]:
                            self.channels[i] = channels[other]


def read(path):
    root = ET.parse(path).getroot()
    channels, modes = {}, {}
    for e in kids(root, "Channel"):
        channels.setdefault(" ".join((e.get("Name") or "").split()), Channel(e))
    for e in kids(root, "Mode"):
        m = Mode(e, channels, kid(root, "Physical"))
        modes.setdefault(m.name, m)
    return text(kid(root, "Manufacturer")), text(kid(root, "Model")), text(kid(root, "Type")), list(modes.values())


# --- what is asked of the encoder, and the answers by name ---

def state(head=-1, i=1, rgb=(1, 1, 1), strobe=0, pan=0, tilt=0, speed=1):
    return "S %d %g %g %g %g %g %.4f %.4f %g" % (head, i, *rgb, strobe, pan, tilt, speed)


STROBES = (.02, .25, .5, .75, 1)


def script(mode):
    """[(name, [commands], frames)]"""
    s = [("full", [state()], 2), ("dark", [state(i=0)], 2)]
    s += [("fade", [c for k in range(FADE + 1) for c in (state(i=k / FADE), "R 1")], FADE + 1)]
    s += [("colours", [c for k in range(FADE + 1) for c in (state(rgb=colour(k / FADE * 6)), "R 1")], FADE + 1)]
    s += [("primary", [c for k in range(6) for c in (state(rgb=colour(k)), "R 1")], 6)]
    s += [("dark red", [c for k in range(3) for c in (state(i=0, rgb=(1, 0, 0)), "R 1")], 3)]
    for v in STROBES:
        s += [("strobe %g" % v, [state(strobe=v)], 1)]
    s += [("strobe dim", [c for k in range(20) for c in (state(i=k / 40, strobe=1), "R 1")], 20)]
    s += [("strobe dark", [state(i=0, strobe=1)], 1)]
    s += [("rest", [state()], 30)]
    for axis, most in (("pan", mode.pan_max), ("tilt", mode.tilt_max)):
        up = [most / 2 * k / 400 for k in range(401)]
        s += [(axis + " up", [c for x in up for c in (state(**{axis: x}), "R 1")], 401)]
        s += [(axis + " down", [c for x in up[::-1] + [-x for x in up[1:]] for c in (state(**{axis: x}), "R 1")], 801)]
    s += [("frozen", [state(speed=0)], 1), ("again", [state()], 1)]
    if len(mode.heads) > 1:
        s += [("one head", [state(i=0), state(0)], 1)]
        s += [("heads fade", [c for k in range(45) for c in [state(h, i=(k + h) % 45 / 44) for h in range(len(mode.heads))] + ["R 1"]], 45)]
    return s


def colour(x):
    """Round the hue circle: 0 red, 1 yellow, 2 green ..."""
    return tuple(max(0, min(1, abs((x - c + 3) % 6 - 3) * -1 + 2)) for c in (0, 2, 4))


class Encoder:
    """One run of the tool for many files; answers come in the order of the questions."""

    def __init__(self, tool):
        self.tool = tool

    def run(self, files):
        asked = []
        lines = []
        for path, modes in files:
            lines.append("F %s" % path)
            for n, m in enumerate(modes):
                lines.append("M %d" % n)
                for _, commands, frames in script(m):
                    lines += commands
                    if commands[-1] != "R 1":
                        lines.append("R %d" % frames)
        p = subprocess.run([str(self.tool)], input="\n".join(lines) + "\n", stdout=subprocess.PIPE, text=True)
        if p.returncode:
            raise RuntimeError("%s ended with %d at %s" % (self.tool, p.returncode, [f for f, _ in files]))
        out = iter(p.stdout.split("\n"))
        for path, modes in files:
            answer = next(out)
            got = []
            if answer.startswith("ok"):
                if int(answer.split()[1]) != len(modes):
                    raise RuntimeError("%s: %s, but %d modes" % (path, answer, len(modes)))
            else:
                asked.append((path, answer, None))
                return asked            # nothing behind it can be told apart
            for m in modes:
                head = next(out).split()
                warnings = []
                while (line := next(out)) != ".":
                    warnings.append(line[2:])
                frames = {name: [bytes.fromhex(next(out)) for _ in range(n)] for name, _, n in script(m)}
                got.append((head, warnings, frames))
            asked.append((path, answer, got))
        return asked


# --- the judgement ---

class Judge:
    def __init__(self, mode, head, warnings, frames):
        self.mode, self.warnings, self.frames = mode, warnings, frames
        self.found = []
        self.type = None
        if (int(head[1]), int(head[2])) != (len(mode.channels), len(mode.heads)):
            self.say("shape", "%s slots and %s heads, expected %d and %d" % (head[1], head[2], len(mode.channels), len(mode.heads)))
            return
        self.seen = {name: [set(f[i] for f in fs) for i in range(len(mode.channels))] for name, fs in frames.items()}
        self.all = [set().union(*(v[i] for v in self.seen.values())) for i in range(len(mode.channels))]
        self.moving = {name: [i for i, v in enumerate(values) if len(v) > 1] for name, values in self.seen.items()}

    def say(self, what, words):
        self.found.append((what, words))

    def warned(self, words):
        return any(words in w for w in self.warnings)

    def slot(self, i):
        return "slot %d \"%s\"" % (i + 1, self.mode.channels[i].name)

    def slots(self, *roles, coarse=True):
        for i, c in enumerate(self.mode.channels):
            if c and c.role in roles and not (coarse and c.fine):
                yield i, c

    def run(self, fog):
        if self.found:
            return self.found
        self.fog = fog
        for check in (self.hazard, self.default, self.still, self.gaps, self.lit, self.steady, self.dark, self.strobe, self.fine_light, self.fine_axes):
            check()
        return self.found

    def hazard(self):
        for i, c in enumerate(self.mode.channels):
            for v in self.all[i] if c and not c.fine else ():
                if any(k.is_hazard and (k.is_hazard_text or c.role == "passive") for k in c.at(v)) and c.rest() is not None and \
                        not self.warned("no open position, %d" % v):
                    self.say("hazard", "%s reaches %d, \"%s\"" % (self.slot(i), v, c.at(v)[0].text))
                    break
                if v not in (c.default, c.rest()) and any(k.is_hazard_text for k in c.at(v)):
                    self.say("hazard", "%s reaches %d, \"%s\"" % (self.slot(i), v, c.at(v)[0].text))
                    break
                if c.rest() is None and not self.warned("lamp and reset"):
                    self.say("hazard", "%s knows no other value, and nothing warns" % self.slot(i))

    def default(self):
        for i, c in enumerate(self.mode.channels):
            want = 0 if c is None else c.rest() if c.rest() is not None else c.default
            if (c is None or c.role == "passive") and self.all[i] != {want}:
                self.say("default", "slot %d \"%s\" sends %s, not %d" % (i + 1, c.name if c else "", sorted(self.all[i])[:4], want))

        for i, c in self.slots("wheel"):        # beside emitters it is a channel of macros, which override them
            own = {x.emitter for k, x in self.slots("colour") if self.mode.owners[k] & self.mode.owners[i]}
            if {"Red", "Green", "Blue"} <= own and self.all[i] != {c.rest()}:
                self.say("default", "%s sends %s beside red, green and blue" % (self.slot(i), sorted(self.all[i])[:4]))

    def still(self):
        for i, c in enumerate(self.mode.channels):
            if c and c.group in PASSIVE_GROUPS and c.role == "passive" and len(self.all[i]) > 1:
                self.say("still", "%s moves" % self.slot(i))
        axes = {i for i, c in enumerate(self.mode.channels) if c and c.role.rstrip("?") in ("pan", "tilt")}
        for name in ("pan up", "pan down", "tilt up", "tilt down"):
            for i in self.moving[name]:
                if i not in axes:
                    self.say("still", "%s moves in %s" % (self.slot(i), name))
        for name in ("fade", "colours", "strobe dim", "rest"):
            for i in self.moving[name]:
                if i in axes or self.mode.channels[i].role == "speed":
                    self.say("still", "%s moves in %s" % (self.slot(i), name))
        for i, c in enumerate(self.mode.channels):
            if c and not c.fine and c.role in ("pan?", "tilt?") and len(self.all[i]) > 1 and any(k.preset.startswith("Rotation") for v in self.all[i] - {c.default} for k in c.at(v)):
                self.say("still", "%s turns by itself" % self.slot(i))

    def gaps(self):
        for i, c in self.slots("dimmer", "dimmer?", "shutter", "shutter?", "wheel"):
            bad = [v for v in sorted(self.all[i]) if not c.at(v) and v != c.default] if len(c.caps) > 1 else []
            if bad:
                self.say("gap", "%s sends %s, where the file defines nothing" % (self.slot(i), bad[:4]))

    def has_filters(self, h):
        """All three of them and no red, green and blue: they subtract."""
        own = {c.emitter for i, c in self.slots("colour") if h in self.mode.owners[i]}
        return FILTERS <= own and not {"Red", "Green", "Blue"} <= own

    @staticmethod
    def dims(c):
        return any(not k.preset and re.search("dimm|0 ?- ?100|intens|percent", k.text, re.I) for k in c.caps)

    def bright_end(self, c, v):
        """Whether a dimmer at v gives all it can."""
        if len(c.caps) < 2:
            return v == 255 or (bool(c.caps) and v in (c.caps[0].max, c.caps[0].min))
        for k in c.at(v):
            if k.preset == "ShutterOpen" or re.search("open|full|100 ?%|\\bon\\b", k.text, re.I):
                return True
        return any(v in (k.min, k.max) and k.max - k.min > 1 for k in c.at(v))

    def lit(self):
        full = self.frames["full"][-1]
        for h in range(len(self.mode.heads)):
            up = [(i, c) for i, c in self.slots("colour") if h in self.mode.owners[i] and c.emitter in ADDITIVE - {"UV"}]
            cone = any(c.emitter in CONE for i, c in self.slots("colour") if h in self.mode.owners[i])
            if up and not cone and not self.has_filters(h) and not any(full[i] and self.bright_end(c, full[i]) for i, c in up):
                self.say("lit", "head %d: its brightest emitter is at %d" % (h, max(full[i] for i, c in up)))
            filters = [full[i] for i, c in self.slots("colour") if h in self.mode.owners[i] and c.emitter in FILTERS]
            if self.has_filters(h) and max(filters) > 5:
                self.say("lit", "head %d: its filters are at %s in white" % (h, filters))
        for i, c in self.slots("dimmer"):
            if not self.bright_end(c, full[i]):
                self.say("lit", "%s is at %d in full light" % (self.slot(i), full[i]))
        for i, c in self.slots("iris"):
            if c.caps and any(re.search("clos", k.text, re.I) and not re.search("open", k.text, re.I) and k.max - k.min < 40 for k in c.at(full[i])):
                self.say("lit", "%s is closed: %d" % (self.slot(i), full[i]))
        self.open_at("full", full, "lit")

    def open_at(self, where, values, what):
        for i, c in self.slots("shutter", "shutter?"):
            v = values[i]
            at = c.at(v)
            if any(k.preset == "ShutterOpen" for k in c.caps):
                dims = any(not k.preset and re.search("dimm|0 ?- ?100|intens|percent", k.text, re.I) for k in at)
                if not dims and not any(k.preset == "ShutterOpen" for k in at):
                    self.say(what, "%s is at %d, \"%s\", in %s" % (self.slot(i), v, at[0].text if at else "", where))
            elif (any(k.preset == "ShutterClose" for k in at) and any(re.search("open", k.text, re.I) for k in c.caps)) or (at and not at[0].preset and NOT_OPEN_TEXT.search(at[0].text) and not OPEN_TEXT.search(at[0].text) and
                                                                 v > 0 and any(not k.preset and re.search("open", k.text, re.I) for k in c.caps)):
                if not self.warned("no open position"):
                    self.say(what, "%s is at %d, \"%s\", in %s" % (self.slot(i), v, at[0].text, where))

    def steady(self):
        """Where nobody asked for it, nothing strobes."""
        for name in ("full", "fade", "colours", "primary", "rest", "frozen"):
            for i, c in enumerate(self.mode.channels):
                if not c or c.fine or c.role == "passive" or "laser" in c.name.lower():
                    continue
                for v in self.seen[name][i]:
                    if v and v not in (c.default, c.rest()) and any(k.preset.startswith(NO_STEADY_LIGHT) for k in c.at(v)):
                        self.say("strobe", "%s is at %d, \"%s\", in %s" % (self.slot(i), v, c.at(v)[0].text, name))
                        break

    def dim_is_dark(self, c, v):
        if len(c.caps) < 2:
            return v == 0 or (bool(c.caps) and v == c.caps[0].min)
        if v == 0 or any(k.preset == "ShutterClose" or re.search("clos|off|black|0 ?%|\\bno ", k.text, re.I) for k in c.at(v)):
            return True
        return any(v in (k.min, k.max) for k in c.at(v))

    def dark(self):
        for name in ("dark", "dark red", "strobe dark"):
            for values in self.frames[name]:
                self.dark_frame(name, values)

    def dark_frame(self, name, values):
        for h in range(len(self.mode.heads)):
            own = [(i, c) for i, c in enumerate(self.mode.channels) if c and not c.fine and h in self.mode.owners[i]]
            dims = [(i, c) for i, c in own if c.role == "dimmer"]
            up = [(i, c) for i, c in own if c.role == "colour" and c.emitter in ADDITIVE]
            cone = [(i, c) for i, c in own if c.role == "colour" and c.emitter in ("Value", "Lightness")]
            filters = [i for i, c in own if c.role == "colour" and c.emitter in FILTERS]
            closable = [(i, c) for i, c in own if c.role == "shutter" and any(k.preset == "ShutterClose" for k in c.caps) and
                        any(k.preset == "ShutterOpen" for k in c.caps)]
            if any(self.dim_is_dark(c, values[i]) for i, c in dims):
                continue
            if dims:
                self.say("dark", "head %d in %s: %s is at %d" % (h, name, self.slot(dims[0][0]), values[dims[0][0]]))
            elif up and all(values[i] == 0 for i, c in up):
                continue
            elif cone and all(values[i] == 0 for i, c in cone):
                continue
            elif any(any(k.preset == "ShutterClose" for k in c.at(values[i])) for i, c in closable):
                continue
            elif filters and all(values[i] == 255 for i in filters):
                continue
            elif any(c.role in ("dimmer?", "shutter?", "passive?") or (c.role == "shutter" and self.dims(c)) for i, c in own):
                continue                # by their wording: test_program.c and test_shutter.c
            elif up or cone or closable or filters:
                self.say("dark", "head %d in %s: nothing is closed" % (h, name))
            elif not self.warnings and not self.fog:
                self.say("dark", "head %d cannot be dimmed, and nothing warns" % h)
        if self.fog:
            for i, c in self.slots("dimmer", "dimmer?"):
                if values[i] and not self.dim_is_dark(c, values[i]) and values[i] != c.default:
                    self.say("dark", "%s works at %d while it should rest" % (self.slot(i), values[i]))

    def strobe(self):
        for i, c in self.slots("shutter", "shutter?"):
            plain = [k for k in c.caps if k.is_plain_strobe] if not re.search("laser|pattern|mode|macro|program", c.name, re.I) else []
            for s in STROBES if plain else ():
                v = self.frames["strobe %g" % s][0][i]
                at = [k for k in c.at(v) if k.is_plain_strobe]
                if not at:
                    if not self.dims(c):
                        self.say("strobe", "%s is at %d for strobe %g" % (self.slot(i), v, s))
                    break
                with_hz = [k for k in plain if k.hz]
                if with_hz and at[0].hz:
                    want = 1 + 19 * s
                    best = min(abs(max(min(k.hz), min(max(k.hz), want)) - want) for k in with_hz)
                    a, b = at[0].hz
                    got = a + (b - a) * (v - at[0].min) / max(1, at[0].max - at[0].min)
                    if abs(got - want) > best + abs(b - a) / max(1, at[0].max - at[0].min) + .01:
                        self.say("strobe", "%s gives %.2f Hz for %.2f" % (self.slot(i), got, want))
                        break

    # pairs: a preset and its Fine, the same heads; one of each, or told apart by name

    def pairs(self, roles):
        groups = collections.defaultdict(lambda: ([], []))
        for i, c in enumerate(self.mode.channels):
            if c and c.role in roles and c.fine < 2:
                groups[c.preset or (c.group, c.colour), self.mode.owners[i]][c.fine].append(i)
        for coarse, fine in groups.values():
            if len(coarse) == len(fine) == 1 and self.only_fine(fine[0]):
                yield coarse[0], fine[0]
                continue
            for i in coarse:
                same = [k for k in fine if self.plain(k) == self.plain(i)]
                if len(same) == 1 and sum(self.plain(k) == self.plain(i) for k in coarse) == 1:
                    yield i, same[0]

    def plain(self, i):
        return re.sub("fine|coarse|16 ?bit|8 ?bit|[^a-z0-9]", "", self.mode.channels[i].name.lower())

    def only_fine(self, k):
        """No other coarse channel of its kind could be meant."""
        c = self.mode.channels[k]
        if sum(1 for x in self.mode.channels if x and x.fine and (x.preset or (x.group, x.colour)) == (c.preset or (c.group, c.colour))) != 1:
            return False
        return sum(1 for x in self.mode.channels if x and not x.fine and (x.preset or (x.group, x.colour)) == (c.preset or (c.group, c.colour))) == 1 or \
            any(self.plain(i) == self.plain(k) for i, x in enumerate(self.mode.channels) if x and not x.fine)

    def monotonic(self, name, i, k, sign):
        last = None
        for f in self.frames[name]:
            v = sign * (f[i] << 8 | f[k])
            if last is not None and v < last:
                return False
            last = v
        return True

    def fine_light(self):
        for i, k in self.pairs(("dimmer", "colour")):
            c = self.mode.channels[i]
            if c.emitter in CONE and c.role == "colour":
                continue
            subtracts = c.role == "colour" and c.emitter in FILTERS and any(self.has_filters(h) for h in self.mode.owners[i])
            if not self.monotonic("fade", i, k, -1 if subtracts else 1):
                self.say("fine", "%s and %s do not rise together" % (self.slot(i), self.slot(k)))
            if c.role == "dimmer" and len(c.caps) < 2:
                first, last = self.frames["fade"][0], self.frames["fade"][-1]
                if (first[i], first[k], last[i], last[k]) != (0, 0, 255, 255):
                    self.say("fine", "%s and %s run from %d %d to %d %d" % (self.slot(i), self.slot(k), first[i], first[k], last[i], last[k]))

    def fine_axes(self):
        for axis, most in (("pan", self.mode.pan_max), ("tilt", self.mode.tilt_max)):
            for i, k in self.pairs((axis, axis + "?")):
                up, down = axis + " up", axis + " down"
                if i not in self.moving[up]:
                    if self.mode.channels[i].role == axis and not any(j != i for j, c in self.slots(axis, axis + "?")):
                        self.say("fine", "%s does not follow %s" % (self.slot(i), axis))
                    continue
                start, top = self.frames[up][0], self.frames[up][-1]
                if not self.monotonic(up, i, k, 1) or not self.monotonic(down, i, k, -1):
                    self.say("fine", "%s and %s do not turn evenly" % (self.slot(i), self.slot(k)))
                elif len(self.mode.channels[i].caps) < 2:
                    bottom = self.frames[down][-1]
                    if (top[i], top[k]) != (255, 255) or (bottom[i], bottom[k]) != (0, 0) or abs((start[i] << 8 | start[k]) - 32767.5) > 1:
                        self.say("fine", "%s and %s: middle %d %d, ends %d %d and %d %d" %
                                 (self.slot(i), self.slot(k), start[i], start[k], bottom[i], bottom[k], top[i], top[k]))

    def drives(self):
        """Which slots follow what, seen from outside."""
        if not hasattr(self, "moving"):
            return {}
        own = {i + 1 for i in self.moving["fade"]}
        full, others = self.frames["full"][-1], [self.frames["strobe %g" % s][0] for s in STROBES]
        return {"intensity": sorted(own | {i + 1 for i, (a, b) in enumerate(zip(full, self.frames["dark"][-1])) if a != b}),
                "colour": [i + 1 for i, v in enumerate(self.seen["primary"]) if len(v) > 1],
                "strobe": [i + 1 for i in range(len(full)) if any(o[i] != full[i] for o in others)],
                "position": sorted({i + 1 for n in ("pan up", "pan down", "tilt up", "tilt down") for i in self.moving[n]}),
                "speed": [i + 1 for i, (a, b) in enumerate(zip(self.frames["frozen"][0], self.frames["again"][0])) if a != b]}


# --- many files ---

class Result:
    def __init__(self, path, name, mode, slots, heads, drives, warnings, found):
        self.path, self.name, self.mode, self.slots, self.heads = path, name, mode, slots, heads
        self.drives, self.warnings, self.found = drives, warnings, found


def judge_files(tool, paths):
    """[Result] of every mode; a file that cannot be read by one side alone is a finding of its own."""
    files, results, known = [], [], {}
    for path in paths:
        try:
            known[path] = read(path)
            files.append((path, known[path][3]))
        except ET.ParseError as e:
            results.append(Result(path, path, "", 0, 0, {}, [], [("read", "no XML: %s" % e)]))
    while files:
        answers = Encoder(tool).run(files)
        for path, answer, got in answers:
            manufacturer, model, kind, modes = known[path]
            if got is None:
                results.append(Result(path, manufacturer + " " + model, "", 0, 0, {}, [], [("read", answer)]))
                continue
            fog = answer.split()[2] in ("smoke", "hazer", "fan")
            for mode, (head, warnings, frames) in zip(modes, got):
                j = Judge(mode, head, warnings, frames)
                results.append(Result(path, manufacturer + " " + model, mode.name, len(mode.channels), len(mode.heads), None, warnings, j.run(fog)))
                results[-1].drives = j.drives()
        files = files[len(answers):]
    return results


def judge_all(tool, paths, jobs=2):
    parts = [paths[i:i + 20] for i in range(0, len(paths), 20)]
    with concurrent.futures.ProcessPoolExecutor(jobs) as pool:
        for results in pool.map(judge_files, [tool] * len(parts), parts):
            yield from results


def find_files(names):
    for name in names:
        p = pathlib.Path(name)
        yield from sorted(str(f) for f in p.rglob("*.qxf")) if p.is_dir() else [str(p)]


def find_tool():
    return pathlib.Path(os.environ.get("BUILD_DIR", ROOT / "build/release"), "tests/tools/fixture_slots")


def spans(slots):
    out, i = [], 0
    while i < len(slots):
        k = i
        while k + 1 < len(slots) and slots[k + 1] == slots[k] + 1:
            k += 1
        out.append(str(slots[i]) if i == k else "%d-%d" % (slots[i], slots[k]))
        i = k + 1
    return " ".join(out) or "-"


def summary(results):
    bad = collections.Counter(what for r in results for what, _ in r.found)
    failed = sum(1 for r in results if r.found)
    lines = ["%d files, %d modes: %d pass, %d fail; %d modes with a warning on the patch." %
             (len({r.path for r in results}), len(results), len(results) - failed, failed, sum(1 for r in results if r.warnings))]
    lines += ["%-8s %d" % (what, n) for what, n in bad.most_common()]
    words = collections.Counter(re.sub(r"^light: (\"[^\"]*\"|.*(?=knows only|the file tells no|has no coarse))?", "", w) for r in results for w in set(r.warnings))
    lines += ["", "Warnings on the patch, by modes:"] + ["%5d %s" % (n, w) for w, n in sorted(words.items(), key=lambda x: (-x[1], x[0]))[:25]]
    return lines


def write_report(results, file, root, of=None):
    drives = ("intensity", "colour", "strobe", "position", "speed")
    with open(file, "w") as f:
        print("# Fixture definitions and what is sent for them\n", file=f)
        print("Made by `make fixture-report`. Numbers are slots of the mode that follow the property.\n", file=f)
        print("\n".join("    " + line if line else "" for line in summary(of or results)), file=f)
        print("\n| file | mode | slots | heads | %s | warnings | result |\n|%s" % (" | ".join(drives), "---|" * 11), file=f)
        for r in results:
            cell = [os.path.relpath(r.path, root), r.mode, str(r.slots), str(r.heads)] + [spans(r.drives.get(d, [])) for d in drives] + \
                   ["; ".join(r.warnings), "pass" if not r.found else "FAIL: " + "; ".join("%s: %s" % x for x in r.found[:5])]
            print("| " + " | ".join(c.replace("|", "\\|") for c in cell) + " |", file=f)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("paths", nargs="*")
    p.add_argument("--tool", type=pathlib.Path, default=find_tool())
    p.add_argument("--report")
    p.add_argument("--summary", help="the figures, and the fixtures that have every feature")
    p.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    p.add_argument("--show", type=int, default=40)
    a = p.parse_args()
    paths = list(find_files(a.paths or [LIBRARY]))
    results = list(judge_all(a.tool, paths, a.jobs))
    if a.report:
        write_report(results, a.report, LIBRARY if not a.paths else os.path.commonpath(paths))
    if a.summary:
        known = [r for r in results if os.path.relpath(r.path, LIBRARY)[:-4] in MATRIX]
        write_report(known, a.summary, LIBRARY, results)
    shown = 0
    for r in results:
        for what, words in r.found[:3]:
            if shown < a.show:
                print("%s, %s: %s: %s" % (r.name, r.mode, what, words))
            shown += 1
    print("\n".join(summary(results)))
    return any(r.found for r in results)


if __name__ == "__main__":
    sys.exit(main())
