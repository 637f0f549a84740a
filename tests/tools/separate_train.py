#!/usr/bin/env python3
"""Learns the numbers of daemon/dsp/separate_weights.c. Needs numpy; an hour of one core.

  make build/release/tests/tools/separate_samples
  separate_train.py samples build/release/tests/tools/separate_samples OUT COUNT FOLDER...    FOLDER/NAME/{drums,bass,vocals,other}.wav, and truth.json
  separate_train.py train OUT WEIGHTS.c [EPOCHS]

truth.json says of an item whether its vocals are a voice and which of its parts are silent, {"sung": true, "silent_stems": ["bass"]}; what is left out is false and none. The same
items give the same samples and, with the same numpy, the same numbers.

A mixture is one item with its levels changed a little, or parts of four items, sometimes with one missing, another width or in one channel. Items whose "vocals" are
an instrument's line (those without "sung": true in truth.json) lend them as `other`. The loss is what the answer is judged by: for each part the energy of its error against
its own energy (against a thirtieth of the mixture where it is silent). A share m of a place with power P is off by |S|^2 - 2 m Re(S X*) + m^2 P.
"""
import json
import pathlib
import random
import subprocess
import sys
import textwrap

import numpy as np

PARTS = ("drums", "bass", "vocals", "other")
INPUTS, HIDDEN, OUTPUTS = 28, 20, 8
SAMPLES, SECONDS = 9000, 18
HEAD = '''/*
 * The numbers of the network in separate_model.c, found by gradient descent over mixtures whose parts are known (rendered music: its own parts, parts of different pieces
 * together, some of them missing, wider, narrower or in one channel), so that the error of each part against its own energy is least. tests/tools/separate_samples.c and
 * separate_train.py make them.
 */
'''


def items(folders):
    for folder in folders:
        for path in sorted(pathlib.Path(folder).iterdir()):
            if (path / "truth.json").exists():
                truth = json.loads((path / "truth.json").read_text())
                yield path, truth.get("sung", False), truth.get("silent_stems", [])


def mixture(every):
    """The words separate_samples takes: four files, four gains, mono, width."""
    sung = [i for i in every if i[1]]
    other = [i for i in every if not i[1]] or every
    pick = lambda part, of: str(random.choice([i for i in of if part not in i[2]])[0] / f"{part}.wav")
    gains = lambda db: [f"{10 ** (random.uniform(-db, db) / 20):.3f}" for _ in PARTS]
    kind, mono, width = random.random(), 0, 1
    if kind < .5:
        path = random.choice(sung)[0]
        return [str(path / f"{p}.wav") for p in PARTS] + gains(1.5) + [str(mono), str(width)]
    if kind < .85:
        files = [pick("drums", every), pick("bass", every), pick("vocals", sung), pick("other", every)]
        for i, chance in enumerate((.1, .1, .2)):
            if random.random() < chance:
                files[i] = "-"
        width, mono = random.choice([1, 1, 1, .6, .3, 1.4]), int(random.random() < .1)
        return files + gains(4) + [str(mono), str(width)]
    path, _, silent = random.choice(other)
    files = ["-" if p in silent else str(path / f"{p}.wav") for p in PARTS]
    if files[2] != "-" and random.random() < .5:
        files[3] = files[2]
    files[2] = "-"
    return files + gains(2) + [str(mono), str(width)]


def make_samples(program, out, count, folders):
    every = list(items(folders))
    if not any(i[1] for i in every):
        sys.exit("None of the items is sung.")
    pathlib.Path(out).unlink(missing_ok=True)
    for i in range(count):
        subprocess.run([program, out, str(i), str(SAMPLES), str(SECONDS), *mixture(every)], check=True)


class Network:
    def __init__(self, x, rng):
        make = lambda o, i: (rng.standard_normal((o, i)) * np.sqrt(2 / i)).astype(np.float32)
        zeros = lambda n: np.zeros(n, np.float32)
        self.shift, self.scale = x.mean(0), 1 / (x.std(0) + .1)
        self.p = [make(HIDDEN, INPUTS), zeros(HIDDEN), make(HIDDEN, HIDDEN), zeros(HIDDEN), make(OUTPUTS, HIDDEN) * np.float32(.3), zeros(OUTPUTS)]

    def forward(self, x):
        w1, b1, w2, b2, w3, b3 = self.p
        z = (x - self.shift) * self.scale
        a1 = np.maximum(z @ w1.T + b1, 0)
        a2 = np.maximum(a1 @ w2.T + b2, 0)
        o = (a2 @ w3.T + b3).reshape(-1, 2, len(PARTS))
        e = np.exp(o - o.max(2, keepdims=True))
        return z, a1, a2, e / e.sum(2, keepdims=True)

    def gradient(self, x, power, cross, own, weight):
        z, a1, a2, m = self.forward(x)
        loss = ((own - 2 * m * cross + m * m * power[:, :, None]) * weight[:, None, :]).sum()
        g = 2 * (m * power[:, :, None] - cross) * weight[:, None, :]
        g = (m * (g - (g * m).sum(2, keepdims=True))).reshape(-1, OUTPUTS)
        h2 = g @ self.p[4] * (a2 > 0)
        h1 = h2 @ self.p[2] * (a1 > 0)
        return loss, [h1.T @ z, h1.sum(0), h2.T @ a1, h2.sum(0), g.T @ a2, g.sum(0)]

    def write(self, path):
        def text(a):
            if a.ndim == 1:
                return "{ " + "\n      ".join(textwrap.wrap(", ".join(f"{v:.4f}f" for v in a), 140)) + " }"
            return "{\n    " + ",\n    ".join(text(row) for row in a) + ",\n    }"
        names = ("in_scale", "in_shift", "first", "first_bias", "second", "second_bias", "last", "last_bias")
        lines = [f"    .{n} = {text(v)},\n" for n, v in zip(names, [self.scale, self.shift, *self.p])]
        pathlib.Path(path).write_text(HEAD + '#include "dsp/separate_private.h"\n\n// clang-format off\nconst struct separate_weights separate_weights = {\n'
                                      + "".join(lines) + "};\n")


def train(samples, out, epochs, batch=8192):
    rng = np.random.default_rng(0)
    rows = np.fromfile(samples, np.float32).reshape(-1, INPUTS + 23)
    x, energy = rows[:, :INPUTS].copy(), rows[:, INPUTS + 19:]
    half = lambda first, n: np.stack([rows[:, INPUTS + first:INPUTS + first + n], rows[:, INPUTS + 9 + first:INPUTS + 9 + first + n]], 1)
    power, own, cross = half(0, 1)[:, :, 0], half(1, 4), half(5, 4)
    weight = rows[:, INPUTS + 18:INPUTS + 19] / np.maximum(energy, energy.sum(1, keepdims=True) * .03)
    mixtures = len(np.unique(energy, axis=0))
    net = Network(x, rng)
    first, second = [np.zeros_like(p) for p in net.p], [np.zeros_like(p) for p in net.p]
    steps, t = epochs * (len(x) // batch), 0
    for epoch in range(epochs):
        order, total = rng.permutation(len(x)), 0
        for i in range(0, len(x) - batch + 1, batch):               # Adam (D. Kingma, J. Ba, 2015), the rate falling as a cosine
            k = order[i:i + batch]
            loss, grads = net.gradient(x[k], power[k], cross[k], own[k], weight[k] * np.float32(len(x) / batch / mixtures))
            total, t = total + loss, t + 1
            clip = min(1, 2 / (np.sqrt(sum(float((g * g).sum()) for g in grads)) + 1e-9))
            rate = 2e-3 * (1 + np.cos(np.pi * t / steps)) + 1e-5
            for j, g in enumerate(grads):
                g = g * np.float32(clip) + (np.float32(1e-5) * net.p[j] if j % 2 == 0 else 0)
                first[j] = .9 * first[j] + .1 * g
                second[j] = .999 * second[j] + .001 * g * g
                net.p[j] = (net.p[j] - rate * (first[j] / (1 - .9 ** t)) / (np.sqrt(second[j] / (1 - .999 ** t)) + 1e-8)).astype(np.float32)
        print(epoch, round(float(total) / (len(x) // batch), 4), flush=True)
        net.write(out)


if __name__ == "__main__":
    if sys.argv[1:2] == ["samples"] and len(sys.argv) > 5:
        random.seed(1)
        make_samples(sys.argv[2], sys.argv[3], int(sys.argv[4]), sys.argv[5:])
    elif sys.argv[1:2] == ["train"] and len(sys.argv) > 3:
        train(sys.argv[2], sys.argv[3], int(sys.argv[4]) if len(sys.argv) > 4 else 14)
    else:
        sys.exit(__doc__)
