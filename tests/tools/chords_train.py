#!/usr/bin/env python3
"""Learns the numbers of daemon/dsp/chords_model.c. Needs numpy and scipy; minutes of one core for a hundred recordings, most of them to make the samples.

  make build/release/decode_worker build/release/beat_worker build/release/tests/tools/chords_samples
  chords_train.py samples build/release OUT.npz FOLDER...       FOLDER/NAME/{mix.wav,drums.wav,truth.json}
  chords_train.py train OUT.npz MODEL.c

truth.json: {"chords":[{"start","end","root":0..11,"quality":"maj|min|7|maj7|min7"}]}. The steps are half beats as beat_worker finds them, right or wrong: that is what chords
will stand on. The chord of a step is the one in its middle. Steps of drums alone are what no chord sounds like.
"""
import json
import pathlib
import sys
import tempfile

import numpy as np
from scipy.optimize import minimize

import items

QUALITIES = ("maj", "min", "7", "maj7", "min7")
COLUMNS = 28                                    # of a step: start, end, level, steady, treble, bass
AUDIBLE = 1e-3                                  # level
KEEP_SMALL = 1e-3                               # price of a weight's square
FROM_ROOT = np.array([[(root + i) % 12 for i in range(12)] for root in range(12)])
HEAD = '''/*
 * What was learnt; see chords.h. The weights are those under which the true chords of rendered music are likeliest (logistic regression with a price on large ones); those of
 * no chord tell its drums alone from its mix. tests/tools/chords_samples.c and chords_train.py make them.
 */
#include "dsp/chords_private.h"
'''


def chord_at(chords, instant):
    """Root and quality; -1, -1: none, or one that lumad does not name."""
    for c in chords:
        if c["start"] <= instant < c["end"] and c.get("root") is not None and c["quality"] in QUALITIES:
            return c["root"], QUALITIES.index(c["quality"])
    return -1, -1


def make_samples(build, out, folders):
    mix, truths, drums = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        pcm, grid = f"{folder}/pcm", f"{folder}/beats.json"
        hear = lambda: np.frombuffer(items.heard(f"{build}/tests/tools/chords_samples", pcm, grid), np.float32).reshape(-1, COLUMNS)
        for path, truth in items.items(folders):
            if not truth.get("chords"):
                continue
            items.decode(build, path / "mix.wav", pcm)
            pathlib.Path(grid).write_text(json.dumps(items.beats(build, pcm)))
            mix.append(hear())
            truths += [chord_at(truth["chords"], (s[0] + s[1]) / 2) for s in mix[-1]]
            if "drums" not in truth.get("silent_stems", []):
                items.decode(build, path / "drums.wav", pcm)
                drums.append(hear())
            print(path.name, len(mix[-1]), flush=True)
    np.savez(out, mix=np.concatenate(mix), truth=np.array(truths), drums=np.concatenate(drums))


def of_length_one(x):
    return x / np.maximum(np.linalg.norm(x, axis=-1, keepdims=True), 1e-9)


def notes(steps):
    """Treble and bass, as score_step() of chords.c has them."""
    return of_length_one(steps[:, 4:].reshape(-1, 2, 12).astype(float))


def learn_chords(steps, truth):
    """Weights [quality][treble, bass][note from the root] and biases; of the same chord on each root they are the same."""
    known = truth[:, 1] >= 0
    heard, root, quality = notes(steps[known]), truth[known, 0], truth[known, 1]
    n, kinds = len(heard), len(QUALITIES)
    seen = np.ascontiguousarray(heard[:, :, FROM_ROOT].transpose(0, 2, 1, 3)).reshape(n * 12, 24)
    worth = np.maximum(np.bincount(quality, minlength=kinds), 1) ** -.5       # what is rare counts for more, yet not as much as what is not
    worth = worth[quality] / worth[quality].mean()
    right, every = root * kinds + quality, np.arange(n)

    def loss(p):
        w, bias = p[:kinds * 24].reshape(kinds, 24), p[kinds * 24:]
        z = (seen @ w.T + bias).reshape(n, -1)
        z -= z.max(1, keepdims=True)
        e = np.exp(z)
        log_p = z[every, right] - np.log(e.sum(1))
        g = e / e.sum(1, keepdims=True)
        g[every, right] -= 1
        g = (g * worth[:, None] / n).reshape(-1, kinds)
        return KEEP_SMALL * (w * w).sum() - (log_p * worth).mean(), np.concatenate([(g.T @ seen + 2 * KEEP_SMALL * w).ravel(), g.sum(0)])

    p = minimize(loss, np.zeros(kinds * 25), jac=True, method="L-BFGS-B", options={"maxiter": 200}).x
    w, bias = p[:kinds * 24].reshape(kinds, 2, 12), p[kinds * 24:]
    z = (seen @ w.reshape(kinds, 24).T + bias).reshape(n, -1)
    print(f"{n} steps with a chord: {(z.argmax(1) == right).mean():.3f} right by themselves, {(z.argmax(1) // kinds == root).mean():.3f} of the roots")
    return w, bias - bias.mean()


def learn_none(mix, drums):
    """Weights of steady, the sums of treble and of bass, and 1."""
    steps = np.concatenate([mix, drums])
    audible, sums = steps[:, 2] > AUDIBLE, notes(steps).sum(2)
    x = np.column_stack([steps[:, 3], sums, np.ones(len(steps))])[audible]
    is_none = np.repeat([0., 1.], [len(mix), len(drums)])[audible]

    def loss(w):
        z = x @ w
        return np.logaddexp(0, np.where(is_none > 0, -z, z)).mean(), x.T @ (1 / (1 + np.exp(-z)) - is_none) / len(x)

    return minimize(loss, np.zeros(4), jac=True, method="L-BFGS-B").x


def write(path, weight, bias, none):
    row = lambda v: "{ " + ", ".join(f"{x:.2f}f" for x in v) + " }"
    lines = "".join("    {\n" + "".join(f"        {row(v)},\n" for v in of) + "    },\n" for of in weight)
    pathlib.Path(path).write_text(f"{HEAD}\nconst float chord_weight[CHORD_QUALITIES][2][12] = {{\n{lines}}};\n"
                                  f"const float chord_bias[CHORD_QUALITIES] = {row(bias)};\n\nconst float chord_none_weight[4] = {row(none)};\n")


def train(samples, out):
    s = np.load(samples)
    write(out, *learn_chords(s["mix"], s["truth"]), learn_none(s["mix"], s["drums"]))


if __name__ == "__main__":
    if sys.argv[1:2] == ["samples"] and len(sys.argv) > 4:
        make_samples(sys.argv[2], sys.argv[3], sys.argv[4:])
    elif sys.argv[1:2] == ["train"] and len(sys.argv) == 4:
        train(sys.argv[2], sys.argv[3])
    else:
        sys.exit(__doc__)
