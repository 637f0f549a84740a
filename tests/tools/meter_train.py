#!/usr/bin/env python3
"""Learns the numbers of daemon/dsp/meter_model.h. Needs numpy and scipy; minutes of one core for a hundred recordings, most of them to make the samples.

  make build/release/decode_worker build/release/tests/tools/meter_samples
  meter_train.py samples build/release OUT FOLDER...            FOLDER/NAME/{mix.wav,truth.json}
  meter_train.py train OUT MODEL.h

truth.json: {"beats":[s],"downbeats":[s],"beats_per_bar"}; downbeats may be empty, of clicks that are all alike. A candidate is a reading of a recording's beats, a meter of
three or four and where bars begin; right are those whose beats and downbeats are true, or nearly as much as the best one's. The weights are those under which what is right is
likeliest.
"""
import json
import pathlib
import sys
import tempfile

import numpy as np
from scipy.optimize import minimize

import items

# As in dsp/readings.h, in its order.
CUES = "KICK SNARE LEVEL LOW TREBLE BASS TREBLE2 TREBLE4 SOUND HIGH MID_KICK MID_SNARE MID_LEVEL".split()
TRAITS = "TEMPO TEMPO2 FAST LEVEL MID_LEVEL KICK MID_KICK SNARE MID_SNARE LOW MID_LOW TREBLE BASS START OFF DOUBLE HALF TERNARY THIRD WITHIN".split()
BARS = (4, 3)
TRAITS_AT = len(CUES) * sum(BARS)               # the weights: cues of four, cues of three, traits, is_three, repeats
WEIGHTS = TRAITS_AT + len(TRAITS) + 2
NEAR = .07                                      # seconds
KEEP_SMALL = np.full(WEIGHTS, .005)             # price of a weight's square
KEEP_SMALL[:TRAITS_AT] = .0003                  # a cue is one of many beats
KEEP_SMALL[[TRAITS_AT + TRAITS.index(t) for t in ("THIRD", "WITHIN")]] = .02
KEEP_SMALL[TRAITS_AT + TRAITS.index("START")] = .01     # what is rendered begins on a beat more often than what is cut from a tape
TOO_SURE = 1.5                                  # weights this free choose best and are too sure of it; what meter.c weighs against them is made for less
HEAD = '''#pragma once
/*
 * Weights of the log-linear model of dsp/meter.c: how much each cue (dsp/readings.h) speaks for each beat of a bar, and each trait for a reading. Found by
 * maximum likelihood with a quadratic prior on rendered music of many styles, whose beats and bars are known. tests/tools/meter_samples.c and meter_train.py make them.
 */
#include "dsp/readings.h"

static const struct {
    float four[READING_CUES][4], three[READING_CUES][3], trait[READING_TRAITS], is_three, repeats;
} meter_model = {
'''


def make_samples(build, out, folders):
    with tempfile.TemporaryDirectory() as folder, open(out, "w") as f:
        for path, truth in items.items(folders):
            if truth["beats_per_bar"] not in BARS:
                continue
            items.decode(build, path / "mix.wav", f"{folder}/pcm")
            readings = json.loads(items.heard(f"{build}/tests/tools/meter_samples", f"{folder}/pcm"))
            json.dump({"truth": {k: truth[k] for k in ("beats", "downbeats", "beats_per_bar")}, "readings": readings}, f)
            f.write("\n")
            print(path.name, len(readings), flush=True)


def f_measure(truth, found):
    """Of instants that ascend, each found once within NEAR."""
    i = j = hits = 0
    while i < len(truth) and j < len(found):
        d = found[j] - truth[i]
        hit = abs(d) <= NEAR
        hits, i, j = hits + hit, i + (hit or d > 0), j + (hit or d < 0)
    return 2 * hits / max(1, len(truth) + len(found))


def features(reading, bar, begin):
    """What meter.c multiplies with the weights."""
    cues, again = np.array(reading["cues"]), reading["again"]
    position = (np.arange(cues.shape[1]) + begin) % bar
    three, four = (again[3] + again[6]) / 2, (again[4] + again[8]) / 2
    x = np.zeros(WEIGHTS)
    sums = np.stack([cues[:, position == p].sum(1) for p in range(bar)], 1) / cues.shape[1]
    x[slice(0, len(CUES) * 4) if bar == 4 else slice(len(CUES) * 4, TRAITS_AT)] = sums.ravel()
    x[TRAITS_AT:-2] = reading["traits"]
    x[-2:] = bar == 3, three - four if bar == 3 else four - three
    return x


def candidates(item):
    """Their features, and the scores of their beats and downbeats."""
    truth, x, score = item["truth"], [], []
    within = lambda t: t[(t >= truth["beats"][0] - NEAR) & (t <= truth["beats"][-1] + NEAR)]
    for reading in item["readings"]:
        beats = np.array(reading["beats"])
        of_beats = f_measure(truth["beats"], within(beats))
        for bar in BARS:
            for begin in range(bar):
                downbeats = within(beats[(np.arange(len(beats)) + begin) % bar == 0])
                x.append(features(reading, bar, begin))
                score.append((of_beats, f_measure(truth["downbeats"], downbeats) if bar == truth["beats_per_bar"] else 0))
    return np.array(x), np.array(score)


def learn(every):
    """every: features and which of them are right, of each recording."""
    def loss(w):
        total, g = 0, np.zeros(WEIGHTS)
        for x, right in every:
            z = x @ w
            e = np.exp(z - z.max())
            total -= np.log(e[right].sum() / e.sum() + 1e-12)
            g += x.T @ (e / e.sum() - e * right / e[right].sum())
        return total / len(every) + (KEEP_SMALL * w * w).sum() / 2, g / len(every) + KEEP_SMALL * w

    return minimize(loss, np.zeros(WEIGHTS), jac=True, method="L-BFGS-B", options={"maxiter": 400}).x


def write(path, w):
    row = lambda v: "{ " + ", ".join(f"{x:.2f}f" for x in v) + " }"
    text, at = HEAD, 0
    for name, bar in zip(("four", "three"), BARS):
        text += f"    .{name} = {{\n"
        for cue in CUES:
            of = w[at:at + bar]
            text += f"        [CUE_{cue}] = {row(of - of.mean())},\n"          # what is the same at each beat says nothing
            at += bar
        text += "    },\n"
    text += "    .trait = {\n" + "".join(f"        [TRAIT_{t}] = {v:.3f}f,\n" for t, v in zip(TRAITS, w[at:])) + "    },\n"
    pathlib.Path(path).write_text(f"{text}    .is_three = {w[-2]:.3f}f, .repeats = {w[-1]:.3f}f,\n}};\n")


def train(samples, out):
    every, scores = [], []
    for line in open(samples):
        item = json.loads(line)
        if not item["readings"]:
            continue
        x, score = candidates(item)
        right = (score.sum(1) > score.sum(1).max() - .12) & (score[:, 0] > .6)
        if right.any():
            every.append((x, right))
            scores.append(score)
    w = learn(every)
    chosen = np.array([s[(x @ w).argmax()] for (x, _), s in zip(every, scores)])
    print(f"{len(every)} recordings: beats {chosen[:, 0].mean():.3f}, downbeats {chosen[:, 1].mean():.3f} of what was chosen (F)")
    write(out, w / TOO_SURE)


if __name__ == "__main__":
    if sys.argv[1:2] == ["samples"] and len(sys.argv) > 4:
        make_samples(sys.argv[2], sys.argv[3], sys.argv[4:])
    elif sys.argv[1:2] == ["train"] and len(sys.argv) == 4:
        train(sys.argv[2], sys.argv[3])
    else:
        sys.exit(__doc__)
