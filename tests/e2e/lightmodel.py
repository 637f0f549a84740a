"""What the demo show has to look like, byte by byte: a second implementation of the light model, for tests.

Written from the specification alone, as plainly as possible, in double precision and one instant at a time; it knows the node
types, channel classes and rules that the demo uses and refuses everything else. Standard library only.

    show = Show(root / "config/demo", truth, heard)     # truth: what demo_worker --truth wrote; heard: GET /tracks/{id}/features
    expected = show.render(12.5)                        # {universe: Universe}
    expected[1].compare(bytes_of_universe_1)            # [] or a list of sentences
"""
import json
import math
import pathlib
import re
import xml.etree.ElementTree as ElementTree

LIBRARY = pathlib.Path("/usr/share/qlcplus/fixtures")
NAMESPACE = "{http://www.qlcplus.org/FixtureDefinition}"
RATE = 60
NAN = float("nan")


def clamp01(v):
    return 0.0 if v < 0 else 1.0 if v > 1 else v


def parse_color(text):
    """"#rrggbb" or "#rrggbbaa" -> r, g, b, a."""
    v = [int(text[i:i + 2], 16) / 255 for i in range(1, len(text), 2)]
    return v if len(v) == 4 else v + [1.0]


def wheel(turns):
    """The hue wheel: 0 red, 1/3 green, 2/3 blue."""
    h = turns % 1.0 * 6
    return [clamp01(abs(h - 3) - 1), clamp01(2 - abs(h - 2)), clamp01(2 - abs(h - 4)), 1.0]


def shape(x, c):
    if abs(c) < 0.001:
        return x
    return x ** (1 + 5 * c) if c > 0 else 1 - (1 - x) ** (1 + 5 * -c)


# --- fixture definitions ---

class Channel:
    COLORS = {"IntensityRed": "red", "IntensityGreen": "green", "IntensityBlue": "blue", "IntensityWhite": "white"}
    KINDS = {"IntensityDimmer": "dimmer", "IntensityMasterDimmer": "dimmer", "PositionPan": "pan", "PositionTilt": "tilt",
             "PositionPanFine": "pan_fine", "PositionTiltFine": "tilt_fine", "SpeedPanTiltFastSlow": "speed_fast_slow",
             "SpeedPanTiltSlowFast": "speed_slow_fast", **COLORS}

    def __init__(self, element):
        group = element.find(NAMESPACE + "Group")
        preset = element.get("Preset")
        self.ranges = [(int(c.get("Min")), int(c.get("Max")), c.get("Preset"), c.get("Res1"), c.get("Res2"))
                       for c in element.findall(NAMESPACE + "Capability")]
        if preset:
            self.kind = self.KINDS[preset]
        elif group.text == "Shutter" and group.get("Byte") == "0":
            self.kind = "shutter"
        else:
            raise NotImplementedError(f"channel {element.get('Name')}")

    def open_range(self):
        return next((lo, hi) for lo, hi, preset, *_ in self.ranges if preset == "ShutterOpen")

    def strobe_value(self, s):
        """s > 0 asks for 1 + 19 s Hz; a range in Hz takes the nearest, any other is linear."""
        for lo, hi, preset, res1, res2 in self.ranges:
            if preset == "StrobeFreqRange":
                return lo + clamp01((1 + 19 * s - float(res1)) / (float(res2) - float(res1))) * (hi - lo)
            if preset == "StrobeSlowToFast":
                return lo + s * (hi - lo)
        raise NotImplementedError("no strobe range")


class Mode:
    def __init__(self, path, name):
        if path == "builtin:generic-dimmer":
            self.channels, self.heads = [], []
            for i in range(int(name.split()[0])):
                c = Channel.__new__(Channel)
                c.kind, c.ranges = "dimmer", []
                self.channels.append(c)
                self.heads.append([i])
            self.pan_max = self.tilt_max = self.width = 0
            return
        root = ElementTree.parse(LIBRARY / path).getroot()
        by_name = {}
        for c in root.findall(NAMESPACE + "Channel"):
            by_name.setdefault(c.get("Name"), c)
        mode = next(m for m in root.findall(NAMESPACE + "Mode") if m.get("Name") == name)
        slots = sorted(mode.findall(NAMESPACE + "Channel"), key=lambda c: int(c.get("Number")))
        self.channels = [Channel(by_name[c.text]) for c in slots]
        self.heads = [[int(c.text) for c in h.findall(NAMESPACE + "Channel")] for h in mode.findall(NAMESPACE + "Head")]
        self.heads = self.heads or [list(range(len(self.channels)))]
        physical = mode.find(NAMESPACE + "Physical")
        physical = root.find(NAMESPACE + "Physical") if physical is None else physical
        focus = physical.find(NAMESPACE + "Focus")
        self.pan_max = float(focus.get("PanMax")) or 540.0
        self.tilt_max = float(focus.get("TiltMax")) or 270.0
        self.width = float(physical.find(NAMESPACE + "Dimensions").get("Width")) / 1000


# --- the venue ---

def rotate(row, v):
    """Rz * Ry * Rx."""
    x, y, z = v
    a, b, c = row.get("rot_x", 0), row.get("rot_y", 0), row.get("rot_z", 0)
    y, z = y * math.cos(a) - z * math.sin(a), y * math.sin(a) + z * math.cos(a)
    x, z = x * math.cos(b) + z * math.sin(b), -x * math.sin(b) + z * math.cos(b)
    x, y = x * math.cos(c) - y * math.sin(c), x * math.sin(c) + y * math.cos(c)
    return x, y, z


def unrotate(row, v):
    """The other way: what rotate() would turn into v, by its transpose."""
    columns = [rotate(row, unit) for unit in ((1, 0, 0), (0, 1, 0), (0, 0, 1))]
    return [sum(a * b for a, b in zip(column, v)) for column in columns]


class Head:
    def __init__(self, fixture, index, position):
        self.fixture, self.index, self.position = fixture, index, position


class Fixture:
    def __init__(self, row):
        self.row, self.key = row, row["key"]
        self.mode = Mode(row["fixture_path"], row["mode_name"])
        self.heads = []
        n = len(self.mode.heads)
        width = self.mode.width or 0.1 * n      # heads stand side by side along the fixture's own x
        for i in range(n):
            offset = rotate(row, (((i + 0.5) / n - 0.5) * width, 0, 0))
            self.heads.append(Head(self, i, [row["pos_" + a] + o for a, o in zip("xyz", offset)]))


class Venue:
    def __init__(self, venue):
        self.fixtures = sorted((Fixture(r) for r in venue["fixtures"]), key=lambda f: (f.row["universe"], f.row["address"]))
        self.heads = [h for f in self.fixtures for h in f.heads]
        self.groups = {g["name"]: set(g["members"]) for g in venue["groups"]}

    def select(self, expression):
        """Indexes of heads in patch order; names and the operators > | ^ & ~ ( )."""
        everything = set(range(len(self.heads)))
        tokens = re.findall(r"[a-z][a-z0-9_]*|[>|^&~()]", expression)
        assert "".join(tokens) == re.sub(r"\s", "", expression), expression

        def primary():
            token = tokens.pop(0)
            if token == "~":
                return everything - primary()
            if token == "(":
                inside = binary(0)
                assert tokens.pop(0) == ")"
                return inside
            if token == "all":
                return everything
            return {i for i, h in enumerate(self.heads) if h.fixture.key in self.groups.get(token, ())}

        def binary(level):
            operators = ">|^&"
            if level == len(operators):
                return primary()
            left = binary(level + 1)
            while tokens and tokens[0] == operators[level]:
                tokens.pop(0)
                right = binary(level + 1)
                left = {">": left or right, "|": left | right, "^": left ^ right, "&": left & right}[operators[level]]
            return left

        result = binary(0)
        assert not tokens, expression
        return sorted(result)


# --- musical time ---

class Grid:
    def __init__(self, truth):
        self.beats, self.beats_per_bar = truth["beats"], truth["beats_per_bar"]
        self.first = self.beats.index(truth["downbeats"][0])

    def beat(self, t):
        b, k = self.beats, 0
        while k + 2 < len(b) and t >= b[k + 1]:
            k += 1
        return k - self.first + (t - b[k]) / (b[k + 1] - b[k])


# --- graphs ---
# A signal at one instant is a list over heads (or one for all) of lists over channels.

def wide(a, n):
    assert len(a) in (1, n), (len(a), n)
    return a if len(a) == n else a * n


def pairwise(f, a, b):
    n = max(len(a), len(b))
    out = []
    for x, y in zip(wide(a, n), wide(b, n)):
        c = max(len(x), len(y))
        out.append([f(p, q) for p, q in zip(wide(x, c), wide(y, c))])
    return out


MATH = {"add": lambda a, b: a + b, "subtract": lambda a, b: a - b, "multiply": lambda a, b: a * b,
        "divide": lambda a, b: a / b if b else 0.0, "max": max, "min": min, "abs_diff": lambda a, b: abs(a - b)}


class Layer:
    """One annotation: its graph over its time. `sample(i)` gives {property: {head: value}} of sample i."""

    def __init__(self, show, annotation, graph):
        self.show, self.venue, self.grid = show, show.venue, show.grid
        self.start, self.end = annotation["start"], annotation["end"]
        self.z, self.blend = annotation["z_index"], annotation["blend_mode"]
        self.samples = max(1, math.ceil((self.end - self.start) * RATE))
        self.nodes = {n["id"]: n for n in graph["nodes"]}
        self.inputs = {(e["to_node"], e["to_port"]): (e["from_node"], e["from_port"]) for e in graph["edges"]}
        self.args = {}
        for arg in graph["args"]:
            value = annotation["args"].get(arg["id"], arg["default"])
            self.args[arg["id"]] = (self.venue.select(value) if arg["type"] == "selection" else
                                    [parse_color(value)] if arg["type"] == "color" else [[float(value)]])
        assert not set(annotation["args"]) - set(self.args), annotation
        self.default_selection = next((self.args[a["id"]] for a in graph["args"] if a["type"] == "selection"), None)
        self.kept, self.hues = {}, {}

    # nodes: each takes the time and its node, gives its one output

    def wired(self, node, port, t, default=None):
        source = self.inputs.get((node["id"], port))
        if not source:
            return default
        other = self.nodes[source[0]]
        if other["type"] == "pattern_args":
            return self.args[source[1]]
        if other["type"] in ("pattern_entry", "beat_clock"):
            return self.grid
        value = getattr(self, "node_" + other["type"])(other, t)
        return value[source[1]] if isinstance(value, dict) else value

    def node_scalar(self, node, t):
        return [[float(node["params"].get("value", 1))]]

    def node_color(self, node, t):
        return [parse_color(node["params"].get("color", "#ff0000ff"))]

    def node_ramp(self, node, t):
        return [[self.grid.beat(t) - self.grid.beat(self.start)]]

    def node_sine_wave(self, node, t):
        p = {"subdivision": 1, "phase_deg": 0, "amplitude": 1, "offset": 0, **node["params"]}
        subdivision = self.wired(node, "subdivision", t, [[p["subdivision"]]])[0][0]
        turn = self.grid.beat(t) * subdivision + p["phase_deg"] / 360
        return [[p["offset"] + p["amplitude"] * math.sin(2 * math.pi * turn)]]

    def node_beat_envelope(self, node, t):
        p = {"subdivision": 1, "only_downbeats": False, "offset": 0, "attack": 0.3, "decay": 0.2, "sustain": 0.3, "release": 0.2,
             "sustain_level": 0.7, "attack_curve": 0, "decay_curve": 0, "amplitude": 1, **node["params"]}
        if p["only_downbeats"]:
            x = (self.grid.beat(t) - p["offset"]) / self.grid.beats_per_bar % 1.0
        else:
            x = (self.grid.beat(t) - p["offset"]) * self.wired(node, "subdivision", t, [[p["subdivision"]]])[0][0] % 1.0
        total = p["attack"] + p["decay"] + p["sustain"] + p["release"]
        a, d, s, r = (p[k] / total for k in ("attack", "decay", "sustain", "release"))
        level = p["sustain_level"]
        if x < a:
            v = shape(x / a, p["attack_curve"])
        elif x < a + d:
            v = 1 - (1 - level) * shape((x - a) / d, p["decay_curve"])
        elif x < a + d + s:
            v = level
        else:
            v = level * (1 - shape((x - a - d - s) / r, p["decay_curve"])) if r else 0.0
        return [[p["amplitude"] * v]]

    def node_drum_onsets(self, node, t):
        decay = node["params"].get("decay_ms", 80) / 1000
        return {drum: [[max((s * math.exp((at - t) / decay) for at, s in hits if at <= t), default=0.0)]] for drum, hits in self.show.heard["onsets"].items()}

    def node_bar_energy(self, node, t):
        return [[next((e for start, end, e in reversed(self.show.heard["energy"]["bars"]) if start <= t < end), 0.0)]]

    def node_section_index(self, node, t):
        begun = [s for s in self.show.heard["sections"]["sections"] if s["start"] <= t]
        return {"out": [[float(max(0, len(begun) - 1))]], "is_drop": [[float(bool(begun) and begun[-1]["label"] == "drop" and t < begun[-1]["end"])]]}

    def node_math(self, node, t):
        a = self.wired(node, "a", t)
        return pairwise(MATH[node["params"].get("operation", "add")], a, self.wired(node, "b", t, [[0.0]]))

    def node_modulo(self, node, t):
        d = node["params"].get("divisor", 1)
        return [[v % d for v in row] for row in self.wired(node, "in", t)]

    def node_round(self, node, t):
        assert node["params"].get("operation", "floor") == "floor"
        return [[float(math.floor(v)) for v in row] for row in self.wired(node, "in", t)]

    def node_threshold(self, node, t):
        return [[float(v >= node["params"].get("threshold", 0.5)) for v in row] for row in self.wired(node, "in", t)]

    def node_remap(self, node, t):
        p = {"in_min": -1, "in_max": 1, "out_min": 0, "out_max": 180, "clamp": False, **node["params"]}
        out = []
        for row in self.wired(node, "in", t):
            parts = [(v - p["in_min"]) / (p["in_max"] - p["in_min"]) for v in row]
            out.append([p["out_min"] + (p["out_max"] - p["out_min"]) * (clamp01(x) if p["clamp"] else x) for x in parts])
        return out

    def node_rainbow(self, node, t):
        p = {"offset": 0, "spread": 1, "saturation": 1, **node["params"]}
        assert p["saturation"] == 1
        return [wheel(p["offset"] + p["spread"] * row[0]) for row in self.wired(node, "in", t)]

    def node_circle(self, node, t):
        p = {"radius": 1, "speed": 0.25, **node["params"]}
        turns = [2 * math.pi * (self.grid.beat(t) * p["speed"] + row[0]) for row in self.wired(node, "phase", t, [[0.0]])]
        return {"uv": [[p["radius"] * math.cos(x), p["radius"] * math.sin(x)] for x in turns]}

    def node_look_at_position(self, node, t):
        """Light-model 1: the beam is R * Rz(pan) * (0, -sin tilt, -cos tilt)."""
        heads = self.wired(node, "selection", t)
        point = [wide(self.wired(node, axis, t), len(heads)) for axis in "xyz"]
        pan, tilt = [], []
        for k, h in enumerate(heads):
            head = self.venue.heads[h]
            x, y, z = unrotate(head.fixture.row, [point[i][k][0] - head.position[i] for i in range(3)])
            pan.append([math.degrees(math.atan2(x, -y))])
            tilt.append([math.degrees(math.atan2(math.hypot(x, y), -z))])
        return {"pan": pan, "tilt": tilt}

    def node_falloff(self, node, t):
        width, curve = node["params"].get("width", 1), node["params"].get("curve", 0)
        return [[shape(clamp01(clamp01(v) * width), curve) for v in row] for row in self.wired(node, "in", t)]

    def node_gradient(self, node, t):
        ends = [self.wired(node, key, t, [parse_color(node["params"].get(key, default))])
                for key, default in (("start_color", "#000000"), ("end_color", "#ffffff"))]
        at = self.wired(node, "in", t)
        n = max(len(at), len(ends[0]), len(ends[1]))
        return [[p + (q - p) * clamp01(x[0]) for p, q in zip(a, b)] for x, a, b in zip(wide(at, n), wide(ends[0], n), wide(ends[1], n))]

    def node_get_attribute(self, node, t):
        heads = self.wired(node, "selection", t)
        attribute = node["params"].get("attribute", "index")
        n = len(heads)
        if attribute == "index":
            return [[float(i)] for i in range(n)]
        if attribute == "normalized_index":
            return [[i / (n - 1) if n > 1 else 0.0] for i in range(n)]
        axis = {"rel_x": 0, "rel_y": 1, "rel_z": 2}[attribute]
        at = [self.venue.heads[h].position[axis] for h in heads]
        low, high = min(at), max(at)
        if high - low < 1e-6:
            raise NotImplementedError("a box without extent")
        return [[(v - low) / (high - low)] for v in at]

    def sample(self, i):
        """The properties every head is given at sample i; later nodes of one kind win."""
        if i not in self.kept:
            t, out = self.start + i / RATE, {}
            for node in self.nodes.values():
                ports = {"apply_color": ("signal", "color"), "apply_dimmer": ("signal", "dimmer"), "apply_strobe": ("signal", "strobe")}
                wanted = [ports[node["type"]]] if node["type"] in ports else \
                    [("pan", "pan"), ("tilt", "tilt")] if node["type"] == "apply_position" else []
                moves = node["type"] == "apply_movement"
                heads = self.wired(node, "selection", t, self.default_selection) if wanted or moves else []
                if moves:               # about straight ahead, 90 and 45 degrees wide: the demo's groups have no base of their own
                    uv = wide(self.wired(node, "uv", t), len(heads))
                    out.setdefault("pan", {}).update((h, [90 * v[0]]) for h, v in zip(heads, uv))
                    out.setdefault("tilt", {}).update((h, [45 * v[1]]) for h, v in zip(heads, uv))
                for port, name in wanted:
                    value = self.wired(node, port, t)
                    if value is not None:
                        out.setdefault(name, {}).update(zip(heads, wide(value, len(heads))))
            self.kept[i] = out
        return self.kept[i]

    def hue_at(self, i, head):
        """Own hue at sample i: of the nearest later, else earlier, sample with light in it; None when there is none."""
        key = (i, head)
        if key not in self.hues:
            self.hues[key] = None
            for k in [*range(i, self.samples), *range(i - 1, -1, -1)]:
                c = [clamp01(v) for v in self.sample(k)["color"][head][:3]]
                if max(c) > 0:
                    self.hues[key] = [v / max(c) for v in c]
                    break
        return self.hues[key]

    def at(self, t, head):
        """What this layer says of one head at time t: a dict of hue, alpha, v, dimmer, strobe, pan, tilt, as far as written."""
        u = min((t - self.start) * RATE, self.samples - 1)
        i = int(u)
        j, f = min(i + 1, self.samples - 1), u - i
        a, b, out = self.sample(i), self.sample(j), {}

        def mix(x, y):
            return x + (y - x) * f

        if head in a.get("color", {}):
            ca, cb = ([clamp01(v) for v in s["color"][head]] for s in (a, b))
            out["v"], out["alpha"] = mix(max(ca[:3]), max(cb[:3])), mix(ca[3], cb[3])
            ha, hb = self.hue_at(i, head), self.hue_at(j, head)
            if ha is None:
                out["alpha"] = 0.0
            else:
                hue = [mix(x, y) for x, y in zip(ha, hb)]
                out["hue"] = [x / max(hue) for x in hue]
        if head in a.get("dimmer", {}):
            out["dimmer"] = mix(clamp01(a["dimmer"][head][0]), clamp01(b["dimmer"][head][0]))
        if head in a.get("strobe", {}):
            out["strobe"] = clamp01(a["strobe"][head][0])
        for axis in ("pan", "tilt"):
            if head in a.get(axis, {}):
                out[axis] = mix(a[axis][head][0], b[axis][head][0])
        return out


# --- a frame ---

BLEND = {"replace": lambda e, l: l, "add": lambda e, l: min(1.0, e + l), "subtract": lambda e, l: max(0.0, e - l),
         "multiply": lambda e, l: e * l, "screen": lambda e, l: 1 - (1 - e) * (1 - l), "max": max, "min": min, "lighten": max}


def blend_scalar(mode, base, top):
    return base * (1 - top) + top if mode == "value" else BLEND[mode](base, top)


class State:
    def __init__(self):
        self.hue, self.intensity, self.strobe, self.pan, self.tilt = [1.0, 1.0, 1.0], 0.0, 0.0, NAN, NAN

    def put(self, mode, own):
        """Folds what one layer says over what is below."""
        has_color, has_dimmer = "v" in own, "dimmer" in own
        if has_color or has_dimmer:
            d = own.get("dimmer", 1.0) * own.get("v", 1.0)
            alpha = own.get("alpha", 0.0)
            if alpha <= 0:
                self.intensity = blend_scalar(mode, self.intensity, d)
            else:
                hue = own["hue"]
                if alpha < 1:
                    hue = [h + (o - h) * alpha for h, o in zip(self.hue, hue)]
                    hue = [h / max(hue) for h in hue]
                below, top = [self.intensity * h for h in self.hue], [d * h for h in hue]
                light = [e * (1 - d) + l if mode == "value" else BLEND[mode](e, l) for e, l in zip(below, top)]
                self.intensity = max(light)
                if self.intensity > 2 ** -25:       # what is less is 0 in single precision: 1 - (1 - x)
                    self.hue = [e / self.intensity for e in light]
            if mode == "replace" and "strobe" not in own:
                self.strobe = 0.0
        if "strobe" in own:
            self.strobe = blend_scalar(mode, self.strobe, own["strobe"])
        self.pan, self.tilt = own.get("pan", self.pan), own.get("tilt", self.tilt)


def most_flashes(times, levels, window=1.0, depth=0.2):
    """Of a head that had these levels at these times, the most flashes in any window: pairs of opposing changes of more than `depth`."""
    low = high = levels[0]
    up, turns = None, []
    for i, v in enumerate(levels):
        low, high = min(low, v), max(high, v)
        if up is not True and v > low + depth or up is not False and v < high - depth:
            up = v > low + depth if up is None else not up
            turns.append(i)
            low = high = v
    return max((sum(times[a] <= times[b] < times[a] + window for b in turns) // 2 for a in turns), default=0)


class Universe:
    """Expected slots: `value[s]` in DMX steps before rounding (None: no fixture there), `range_[s]` when any value of a range is
    right, `pairs` of coarse and fine slots with their 16-bit value."""

    def __init__(self):
        self.value, self.range_, self.pairs, self.owner = {}, {}, [], {}

    def compare(self, slots, ambiguous=None):
        """Sentences on what is wrong. Where the exact value lies on the edge between two steps both are right; `ambiguous` lists these."""
        wrong = []
        for s in range(512):
            if s in self.range_:
                low, high = self.range_[s]
                if not low <= slots[s] <= high:
                    wrong.append(f"slot {s + 1} ({self.owner[s]}) is {slots[s]}, want {low}..{high}")
            elif s in self.value:
                self._check(f"slot {s + 1} ({self.owner[s]})", slots[s], self.value[s], 255, 0.002, wrong, ambiguous)
            elif not any(s in pair for pair in ((c, f) for c, f, _ in self.pairs)) and slots[s]:
                wrong.append(f"slot {s + 1} belongs to nobody and is {slots[s]}")
        for coarse, fine, value in self.pairs:
            self._check(f"slots {coarse + 1}, {fine + 1} ({self.owner[coarse]})", slots[coarse] * 256 + slots[fine], value, 65535, 0.01, wrong,
                        ambiguous)
        return wrong

    @staticmethod
    def _check(name, got, value, top, edge, wrong, ambiguous):
        value = min(max(value, 0.0), float(top))
        right = {math.floor(value + 0.5)}
        if abs(value % 1 - 0.5) < edge:
            right = {math.floor(value), math.floor(value) + 1}
            if ambiguous is not None:
                ambiguous.append(f"{name}: {value:.6f}")
        if got not in right:
            wrong.append(f"{name} is {got}, want {value:.4f}")


# What these hear, they hear in the sound itself: a model of them would be an analyser once more.
HEAR = {"stem_splitter", "audio_level", "harmony_analysis"}


def listens(graph):
    return any(n["type"] in HEAR for n in graph["nodes"])


class Show:
    """Patterns that listen to the sound are not modelled: `left_out` names them, and their blocks must not be in the score that is compared."""

    def __init__(self, folder, truth, heard):
        folder, self.heard = pathlib.Path(folder), heard
        score = json.loads((folder / "score.json").read_text())
        self.venue = Venue(json.loads((folder / "venue.json").read_text()))
        self.grid, self.truth = Grid(truth), truth
        graphs, self.layers, self.left_out = {}, [], set()
        for a in score["annotations"]:
            name = a["pattern"]
            if name not in graphs:
                pattern = json.loads((folder / "patterns" / f"{name}.json").read_text())
                graphs[name] = pattern["graph"]
                if listens(pattern["graph"]):
                    self.left_out.add(pattern["name"])
            if listens(graphs[name]):
                continue
            downbeats = truth["downbeats"]
            a["start"] = downbeats[a["from_bar"] - 1]
            a["end"] = downbeats[a["to_bar"] - 1] if "to_bar" in a else truth["duration_seconds"]
            self.layers.append(Layer(self, a, graphs[name]))
        self.layers.sort(key=lambda l: (l.z, l.start))

    def frame(self, t):
        """State of every head at t, before masters."""
        frame = []
        for head in range(len(self.venue.heads)):
            state, sets_position = State(), False
            for layer in self.layers:
                if layer.start <= t < layer.end:
                    own = layer.at(t, head)
                    sets_position = sets_position or "pan" in own or "tilt" in own
                    state.put(layer.blend, own)
            later = [l for l in self.layers if l.start > t and head in l.sample(0).get("pan", {})]
            if not sets_position and later and state.intensity == 0:
                first = min(l.start for l in later)
                own = [l for l in later if l.start == first][-1].at(first, head)       # of several the top one
                state.pan, state.tilt = own.get("pan", NAN), own.get("tilt", NAN)
                if own.get("alpha", 0) > 0:
                    state.hue = own["hue"]
            frame.append(state)
        return frame

    def limits(self, levels):
        """What the masters of groups ({name: level}) leave of each head: a head in several obeys the lowest."""
        return [min([1.0] + [level for name, level in levels.items() if head.fixture.key in self.venue.groups[name]]) for head in self.venue.heads]

    def render(self, t, master=1.0, blackout=False, held=None, groups=None):
        """{universe number: Universe}. `held`: {head: (pan, tilt)} last sent, for heads nobody aims. `groups`: {name: level of its master}."""
        frame, limits = self.frame(t), self.limits(groups or {})
        universes = {}
        n = 0
        for fixture in self.venue.fixtures:
            states = frame[n:n + len(fixture.heads)]
            for i, s in enumerate(states):
                s.intensity *= 0.0 if blackout else master * limits[n + i]
                if math.isnan(s.pan):
                    s.pan, s.tilt = (held or {}).get(n + i, (0.0, 0.0))
            n += len(fixture.heads)
            render_fixture(fixture, states, universes.setdefault(fixture.row["universe"], Universe()))
        return universes


# --- channels ---

def whites(hue):
    """white_mode bright: keeps the hue and lights every chip it can."""
    m = min(hue)
    w = 1.0 if m >= 0.5 else m / (1 - m)
    return [h * (1 + w) - w for h in hue] + [w]


def curve(fixture, v):
    name = fixture.row.get("dimmer_curve", "linear")
    return {"linear": v, "square": v * v}[name]


def render_fixture(fixture, states, universe):
    base = fixture.row["address"] - 1
    kinds = [c.kind for c in fixture.mode.channels]
    loudest = max(s.intensity for s in states)
    strobe = max(s.strobe for s in states)
    shared_dimmer = "dimmer" in kinds and not any(kinds[c] == "dimmer" for h in fixture.mode.heads[1:] for c in h)

    for slot in range(len(kinds)):
        universe.owner[base + slot] = f"{fixture.key} {kinds[slot]}"
    for state, channels in zip(states, fixture.mode.heads):
        if shared_dimmer:
            factor = 1.0 if len(states) == 1 else state.intensity / loudest if loudest else 0.0
        else:
            factor = curve(fixture, state.intensity)
        has_white = any(kinds[c] == "white" for c in channels)
        chips = dict(zip(("red", "green", "blue", "white"), whites(state.hue) if has_white else state.hue))
        for c in channels:
            if kinds[c] in chips:
                universe.value[base + c] = 255 * factor * chips[kinds[c]]
            elif kinds[c] == "dimmer" and not shared_dimmer:
                universe.value[base + c] = 255 * factor
    for slot, channel in enumerate(fixture.mode.channels):
        if channel.kind == "dimmer" and shared_dimmer:
            universe.value[base + slot] = 255 * curve(fixture, loudest)
        elif channel.kind == "shutter" and strobe > 0:
            universe.value[base + slot] = channel.strobe_value(strobe)
        elif channel.kind == "shutter":
            universe.range_[base + slot] = channel.open_range()
        elif channel.kind.startswith("speed"):
            universe.value[base + slot] = 0 if channel.kind == "speed_fast_slow" else 255    # speed 1: as fast as it goes
        elif channel.kind in ("pan", "tilt"):
            render_axis(fixture, channel.kind, states[0], slot, kinds, universe, base)


def render_axis(fixture, axis, state, slot, kinds, universe, base):
    degrees, full = (state.pan, fixture.mode.pan_max) if axis == "pan" else (state.tilt, fixture.mode.tilt_max)
    part = clamp01(0.5 + (-degrees if fixture.row.get("invert_" + axis) else degrees) / full)
    if axis + "_fine" in kinds:
        universe.pairs.append((base + slot, base + kinds.index(axis + "_fine"), 65535 * part))
    else:
        universe.value[base + slot] = 255 * part
