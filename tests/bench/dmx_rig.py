"""The show that lumad plays in bench_dmx.py: real fixtures of the library over any number of universes, lit by patterns of the demo. Everything is made through the API."""
import io
import json
import wave

from lumad import ROOT

# name, path, mode, channels: twenty of them are 12 pars, 5 washes and 3 spots, in the order of PATTERN.
KINDS = {
    "par": ("Generic/Generic-Generic-RGB.qxf", "Dimmer RGB", 4),
    "wash": ("Chauvet/Chauvet-Rogue-R2-wash.qxf", "15 Channel", 15),
    "wheel": ("Chauvet/Chauvet-Intimidator-Spot-LED-350.qxf", "Advanced", 14),
    "beam": ("Clay_Paky/Clay-Paky-Sharpy.qxf", "Standard", 16),
    "profile": ("Martin/Martin-MAC-700-Profile.qxf", "16-bit Basic", 23),
}
TWENTY = ("par par wash par par wheel par wash par par wash par beam par wash par profile par wash par").split()
SECONDS, BEAT = 120, 0.5                # of the track


def layout(universes):
    """(kind, universe, address) until the universes are full: the mix as long as it fits, then pars in what is left of each."""
    at, i = 1, 0
    universe = 1
    while universe <= universes:
        kind = TWENTY[i % 20]
        if at + KINDS[kind][2] > 513:
            kind = "par"
            if at + 4 > 513:
                universe, at = universe + 1, 1
                continue
        else:
            i += 1
        yield kind, universe, at
        at += KINDS[kind][2]


def table(fixtures):
    lines = ["universe,address,fixture_path,mode,label,x,y,z"]
    for n, (kind, universe, address) in enumerate(fixtures):
        path, mode, _ = KINDS[kind]
        lines.append(f"{universe},{address},{path},{mode},{kind} {universe}.{address},{n % 60 * 0.5},{n // 60 * 0.5},4")
    return "\n".join(lines).encode()


def silence():
    out = io.BytesIO()
    with wave.open(out, "wb") as w:
        w.setnchannels(1), w.setsampwidth(2), w.setframerate(8000)
        w.writeframes(bytes(2 * 8000 * SECONDS))
    return out.getvalue()


def node(id, type, **params):
    return {"id": id, "type": type, "params": params, "x": 0, "y": 0}


def edges(*pairs):
    ends = [(*a.split("."), *b.split(".")) for a, b in (p.split(">") for p in pairs)]
    return [{"id": f"e{i}", "from_node": a, "from_port": p, "to_node": b, "to_port": q} for i, (a, p, b, q) in enumerate(ends)]


# All of the rig together, as a cross-fade of two scenes does it: colour and intensity swell, movers swing, once in five seconds.
FADE = {
    "args": [{"id": "heads", "name": "Heads", "type": "selection", "default": "all"}],
    "nodes": [node("args", "pattern_args"), node("entry", "pattern_entry"), node("mix", "gradient", start_color="#ff2000", end_color="#2040ff"),
              node("swell", "sine_wave", subdivision=0.1, offset=0.5, amplitude=0.5), node("swing", "sine_wave", subdivision=0.1, amplitude=60),
              node("level", "sine_wave", subdivision=0.1, phase_deg=90, offset=0.55, amplitude=0.45),
              node("colour", "apply_color"), node("dim", "apply_dimmer"), node("aim", "apply_position")],
    "edges": edges("entry.grid>swell.grid", "entry.grid>swing.grid", "entry.grid>level.grid", "swell.out>mix.in", "mix.out>colour.signal",
                   "level.out>dim.signal", "swing.out>aim.pan", "swing.out>aim.tilt", *(f"args.heads>{n}.selection" for n in ("colour", "dim", "aim"))),
}


def demo_pattern(name):
    return json.loads((ROOT / f"config/demo/patterns/{name}.json").read_text())["graph"]


def shows():
    """name: [(pattern, graph, blend mode, args)]. In `wave` every head differs from its neighbour at every moment."""
    return {
        "fade": [("fade", FADE, "replace", {})],
        "wave": [("drift", demo_pattern("colour_drift"), "replace", {"selection": "all", "speed": 0.25, "spread": 1, "level": 1}),
                 ("pulse", demo_pattern("beat_pulse"), "multiply", {"selection": "all", "subdivision": 0.5, "floor": 0.1, "level": 1}),
                 ("fan", demo_pattern("fan_sweep"), "replace", {"selection": "movers", "speed": 0.25, "color": "#ffffff00"})],
    }


def ok(reply):
    assert 200 <= reply.status < 300, reply
    return reply.json


def venue(d, universes, protocol, destination):
    id, movers, n = d.post("/venues", {"name": f"{universes} {protocol}"})["id"], [], 0
    fixtures = list(layout(universes))
    for i in range(0, len(fixtures), 5000):
        items = ok(d.call("POST", f"/venues/{id}/patch.csv", table(fixtures[i:i + 5000]), {"Content-Type": "text/csv"}))["items"]
        movers += [f["id"] for f in items if not f["label"].startswith("par")]
    group = d.post(f"/venues/{id}/groups", {"name": "movers"})
    d.put(f"/groups/{group['id']}/members", {"fixture_ids": movers})
    for u in range(1, universes + 1):
        d.post(f"/venues/{id}/outputs", {"universe": u, "protocol": protocol, "transmit": "continuous", "destination": destination})
    return id, len(fixtures)


def build(d, universes, protocols, kinds, artnet_to):
    """{(protocol, kind of show): what play() needs}; one venue for each protocol, all with the same rig."""
    track = ok(d.upload(silence(), "silence.wav"))["id"]
    d.wait_jobs(track, 120)
    beats = [i * BEAT for i in range(int(SECONDS / BEAT))]
    d.put(f"/tracks/{track}/beats", {"beats": beats, "downbeats": beats[::4], "bpm": 60 / BEAT, "beats_per_bar": 4})
    made, patterns = {}, {}
    for protocol in protocols:
        id, heads = venue(d, universes, protocol, artnet_to if protocol == "artnet" else "multicast")
        for kind in kinds:
            score = d.post(f"/tracks/{track}/scores", {"name": kind, "venue_id": id})["id"]
            for z, (name, graph, blend, args) in enumerate(shows()[kind]):
                if name not in patterns:
                    patterns[name] = d.post("/patterns", {"name": f"Bench {name}"})["id"]
                    errors = d.put(f"/patterns/{patterns[name]}/graph", graph)["errors"]
                    assert not errors, errors
                d.post(f"/scores/{score}/annotations", {"pattern_id": patterns[name], "start_time": 0, "end_time": SECONDS, "z_index": z,
                                                        "blend_mode": blend, "args": args})
            made[protocol, kind] = {"venue_id": id, "score_id": score, "track_id": track, "heads": heads}
    return made


def play(d, show):
    d.put("/show", {"venue_id": show["venue_id"], "score_id": show["score_id"], "mode": "score"})
    d.post("/host-audio/load-track", {"track_id": show["track_id"]})
    d.post("/host-audio/play")
