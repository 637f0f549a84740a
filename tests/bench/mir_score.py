"""How right an analysis is, against a truth.json: the usual measures of music information retrieval, as mir_eval (C. Raffel et al., ISMIR 2014) defines them.

Truth: {"beats":[s],"downbeats":[s],"bpm","beats_per_bar","chords":[{"start","end","root","quality"}]|null}. An estimate has any of the same members; what is missing is not scored.
"""
import bisect
import math
import statistics

TOLERANCE = 0.07                    # seconds, of a beat that counts as found
CONTINUITY = 0.175                  # of a beat's length, for phase and period
FPS = 100                           # grid on which chords are compared
REDUCED = {"maj": 0, "7": 0, "maj7": 0, "m": 1, "min": 1, "min7": 1}


def mean(values):
    values = [v for v in values if v is not None]
    return statistics.fmean(values) if values else None


# --- beats ---

def f_measure(truth, found, tolerance=TOLERANCE):
    """One to one; both ascend, so taking the first that fits is the best matching."""
    i = j = hits = 0
    while i < len(truth) and j < len(found):
        d = found[j] - truth[i]
        if abs(d) <= tolerance:
            hits, i, j = hits + 1, i + 1, j + 1
        elif d < 0:
            j += 1
        else:
            i += 1
    return 2 * hits / (len(truth) + len(found)) if truth or found else 1.0


def nearest(truth, t):
    i = bisect.bisect_left(truth, t)
    return min((k for k in (i - 1, i) if 0 <= k < len(truth)), key=lambda k: abs(truth[k] - t))


def continuity(truth, found):
    """Share of beats that are right in phase and period (CMLt)."""
    if len(truth) < 2 or len(found) < 2:
        return 0.0
    used, right = set(), 0
    for j, t in enumerate(found):
        i = nearest(truth, t)
        if i in used:
            continue
        a, b = (i, i + 1) if i == 0 or j == 0 else (i - 1, i)
        if b >= len(truth):
            a, b = i - 1, i
        c, d = (j, j + 1) if i == 0 or j == 0 else (j - 1, j)
        if d >= len(found):
            c, d = j - 1, j
        want, got = truth[b] - truth[a], found[d] - found[c]
        if abs(truth[i] - t) < CONTINUITY * want and abs(1 - got / want) < CONTINUITY:
            used.add(i)
            right += 1
    return right / max(len(truth), len(found))


def between(beats, k):
    """k beats for each."""
    return [a + (b - a) * i / k for a, b in zip(beats, beats[1:]) for i in range(k)] + beats[-1:]


def readings(beats):
    """The ways of counting the same pulse that AMLt allows: off-beat, double, half, thirds."""
    double, triple = between(beats, 2), between(beats, 3)
    return [beats, double[1::2], double, beats[::2], beats[1::2], triple, beats[::3], beats[1::3], beats[2::3]]


def score_beats(truth, found):
    beats = truth["beats"]
    within = lambda l: [t for t in sorted(l) if beats[0] - TOLERANCE <= t <= beats[-1] + TOLERANCE]
    r = {}
    if "beats" in found:
        e = within(found["beats"])
        r["F"] = f_measure(beats, e)
        r["CMLt"] = continuity(beats, e)
        r["AMLt"] = max(continuity(v, e) for v in readings(beats) if len(v) > 1)
    if "downbeats" in found:
        r["dbF"] = f_measure(truth["downbeats"], within(found["downbeats"]))
    if found.get("bpm"):
        ratio = found["bpm"] / truth["bpm"]
        near = lambda k: abs(ratio / k - 1)
        octaves = (1, 2, 3, 1 / 2, 1 / 3)
        r["acc1"] = float(near(1) <= .04)
        r["acc2"] = float(any(near(k) <= .04 for k in octaves))
        r["bpmerr%"] = 100 * min(map(near, octaves))
        if is_constant(beats):
            r["const%"] = r["bpmerr%"]
    elif "bpm" in found:
        r["acc1"] = r["acc2"] = 0.0
    if found.get("beats_per_bar"):
        r["meter"] = float(found["beats_per_bar"] == truth["beats_per_bar"])
    return r


def is_constant(beats):
    """Evenly spaced within what a truth in tenths of milliseconds can say."""
    step = (beats[-1] - beats[0]) / (len(beats) - 1)
    return all(abs(beats[0] + i * step - t) < .002 for i, t in enumerate(beats))


# --- chords ---

def on_grid(chords, n):
    roots, thirds = [None] * n, [None] * n
    for c in chords:
        if c.get("root") is None or c.get("quality") == "N":
            continue
        for i in range(max(0, round(c["start"] * FPS)), min(n, round(c["end"] * FPS))):
            roots[i], thirds[i] = c["root"] % 12, REDUCED.get(c.get("quality"))
    return roots, thirds


def changes(chords):
    last, at = None, []
    for c in chords:
        now = (c.get("root"), REDUCED.get(c.get("quality")))
        if now != last and c["start"] > .1:
            at.append(c["start"])
        last = now
    return at


def score_chords(truth, found):
    chords = truth.get("chords")
    if not chords or "chords" not in found:
        return {}
    n = int(chords[-1]["end"] * FPS) + 1
    (tr, tq), (er, eq) = on_grid(chords, n), on_grid(found["chords"], n)
    rooted = [i for i in range(n) if tr[i] is not None]
    reducible = [i for i in rooted if tq[i] is not None]
    return {"root": sum(tr[i] == er[i] for i in rooted) / max(1, len(rooted)),
            "majmin": sum(tr[i] == er[i] and tq[i] == eq[i] for i in reducible) / max(1, len(reducible)),
            "chgF": f_measure(changes(chords), changes(found["chords"]), .2)}


# --- stems, from what mir_sdr measured ---

def score_stems(measured, silent, mix_energy):
    r = {}
    for name, m in measured.items():
        if name in silent:
            r["leak_" + name] = 10 * math.log10(m["estimate"] / max(mix_energy, 1e-20) + 1e-12)
        else:
            r["sdr_" + name] = m["sdr"]
    r["sdr"] = mean(v for k, v in r.items() if k.startswith("sdr_"))
    return r


def score(truth, found):
    return {**score_beats(truth, found), **score_chords(truth, found)}
