#!/usr/bin/env python3
"""Learns the numbers of daemon/dsp/drum_net.h. Needs numpy; minutes of one core for a hundred recordings, most of them to make the samples.

  make build/release/decode_worker build/release/tests/tools/drums_samples
  drums_train.py samples build/release OUT.npz FOLDER...        FOLDER/NAME/{mix.wav,drums.wav,truth.json}
  drums_train.py train OUT.npz NET.h

truth.json: {"hits":{"kick":[[s,strength 0..1]],"snare":[...],"hihat":[...],"other":[...]}}, of each note that the drums were played from. Attacks are those that drums.c finds
in the mix and in the drums alone; which of them it finds depends a little on drum_net_usual, so when that has changed much, build and make the samples once more. Sounds that
vary (sampled sets of several makes, synthesised ones with random parameters, in rooms and without) teach more than many recordings of one.
"""
import pathlib
import sys
import tempfile
import textwrap

import numpy as np

import items

DRUMS = ("kick", "snare", "hihat")
INPUTS, HIDDEN, BANDS = 52, 16, 17
NEAR = .04                                      # seconds between an attack and its hit
FAINT, OF_FAINT = .4, .3                        # strength of a hit that is hardly heard, and what it counts
EPOCHS, BATCH, RATE, NOISE, DECAY = 40, 256, 3e-3, .1, 1e-4
HEAD = '''#pragma once
/*
 * The network of dsp/drums.c: what it hears of an attack -> what was hit. In: the attack in 17 bands against what attacks of the recording have in each, the same against what they
 * have in all; then in 6 groups of bands what is left after 80 ms and 160 ms, and how much more there is than 40 ms before; all natural logarithms. Out, above 0: more likely than not.
 *
 * Fitted by logistic regression (Adam, weight decay, noise on what it hears) to about {attacks:,} attacks of {recordings} recordings, half of them drums alone. It is rendered music: the hits
 * are known because they were played from notes. tests/tools/drums_samples.c and drums_train.py make them.
 */
enum {{ DRUM_NET_IN = 52, DRUM_NET_HIDDEN = 16, DRUM_NET_OUT = 3 }};

/* One over what the square root of an attack usually has in each band: what counts there is alike. */
'''


def nearest(instants, hits):
    """Of each instant: the distance of the nearest hit, and its strength."""
    if not hits:
        return np.full(len(instants), np.inf), np.zeros(len(instants))
    at, strength = np.array(hits, float).T
    distance = np.abs(np.asarray(instants)[:, None] - at)
    k = distance.argmin(1)
    return distance[np.arange(len(k)), k], strength[k]


def labels(instants, hits):
    """Of each attack and drum: 1 if that was hit, and what it counts. Where another drum was hit, one that lumad has no name for, what was not is not known."""
    is_hit, worth = np.zeros((len(instants), len(DRUMS))), np.ones((len(instants), len(DRUMS)))
    elsewhere = nearest(instants, hits.get("other"))[0]
    for d, drum in enumerate(DRUMS):
        distance, strength = nearest(instants, hits.get(drum))
        is_hit[:, d] = distance < NEAR
        worth[:, d] = np.where(is_hit[:, d] > 0, np.where(strength < FAINT, OF_FAINT, 1), elsewhere >= NEAR)
    return is_hit, worth


def make_samples(build, out, folders):
    heard, is_hit, worth, usual = [], [], [], []
    program = f"{build}/tests/tools/drums_samples"
    with tempfile.TemporaryDirectory() as folder:
        pcm = f"{folder}/pcm"
        for path, truth in items.items(folders):
            if "hits" not in truth:
                continue
            for source in ("mix", "drums"):
                items.decode(build, path / f"{source}.wav", pcm)
                if source == "mix":
                    usual.append(np.frombuffer(items.heard(program, "usual", pcm), np.float32))
                rows = np.frombuffer(items.heard(program, "attacks", pcm), np.float32).reshape(-1, 1 + INPUTS)
                hit, count = labels(rows[:, 0], truth["hits"])
                heard.append(rows[:, 1:]), is_hit.append(hit), worth.append(count)
            print(path.name, len(heard[-2]), len(heard[-1]), flush=True)
    np.savez(out, heard=np.concatenate(heard), is_hit=np.concatenate(is_hit), worth=np.concatenate(worth), usual=np.array(usual), recordings=len(heard))


def learn(x, y, worth):
    """First and last weights and biases, for x as it is heard."""
    rng = np.random.default_rng(0)
    mean, spread = x.mean(0), x.std(0) + 1e-6
    z = ((x - mean) / spread).astype(np.float32)
    p = [rng.standard_normal((INPUTS, HIDDEN)) / INPUTS ** .5, np.zeros(HIDDEN), rng.standard_normal((HIDDEN, len(DRUMS))) / HIDDEN ** .5, np.zeros(len(DRUMS))]
    p = [v.astype(np.float32) for v in p]
    first, second, t = [np.zeros_like(v) for v in p], [np.zeros_like(v) for v in p], 0
    for epoch in range(EPOCHS):
        order, rate, loss = rng.permutation(len(z)), RATE / 2 * (1 + np.cos(np.pi * epoch / EPOCHS)), 0
        for i in range(0, len(z) - BATCH + 1, BATCH):               # Adam (D. Kingma, J. Ba, 2015), the rate falling as a cosine
            k = order[i:i + BATCH]
            now = z[k] + NOISE * rng.standard_normal((BATCH, INPUTS)).astype(np.float32)
            hidden = np.maximum(0, now @ p[0] + p[1])
            out = hidden @ p[2] + p[3]
            loss += (worth[k] * np.logaddexp(0, np.where(y[k] > 0, -out, out))).mean()
            g = worth[k] * (1 / (1 + np.exp(-out)) - y[k]) / BATCH
            back = g @ p[2].T * (hidden > 0)
            t += 1
            for j, d in enumerate((now.T @ back + DECAY * p[0], back.sum(0), hidden.T @ g + DECAY * p[2], g.sum(0))):
                first[j] = .9 * first[j] + .1 * d
                second[j] = .999 * second[j] + .001 * d * d
                p[j] = (p[j] - rate * (first[j] / (1 - .9 ** t)) / (np.sqrt(second[j] / (1 - .999 ** t)) + 1e-8)).astype(np.float32)
        print(epoch, round(float(loss) / max(1, len(z) // BATCH), 4), flush=True)
    weight = p[0] / spread[:, None]
    return [weight, p[1] - mean @ weight, p[2], p[3]]


def text(numbers, indent):
    def one(v):
        s = f"{v:.4g}"
        return s + ("f" if "." in s or "e" in s else ".f")
    return "\n".join(textwrap.wrap(", ".join(map(one, numbers)), 160, initial_indent=indent, subsequent_indent=indent))


def write(path, usual, p, attacks, recordings):
    rows = lambda m: "".join(f"    {{\n{text(row, ' ' * 8)},\n    }},\n" for row in m.T)
    pathlib.Path(path).write_text(
        HEAD.format(attacks=attacks, recordings=recordings)
        + f"static const float drum_net_usual[{BANDS}] = {{ {text(usual, '').replace(chr(10), ' ')} }};\n\n"
        + f"static const float drum_net_hidden[DRUM_NET_HIDDEN][DRUM_NET_IN] = {{\n{rows(p[0])}}};\n"
        + f"static const float drum_net_hidden_bias[DRUM_NET_HIDDEN] = {{\n{text(p[1], '    ')},\n}};\n\n"
        + f"static const float drum_net_out[DRUM_NET_OUT][DRUM_NET_HIDDEN] = {{\n{rows(p[2])}}};\n"
        + f"static const float drum_net_out_bias[DRUM_NET_OUT] = {{ {text(p[3], '')} }};\n")


def train(samples, out):
    s = np.load(samples)
    usual = np.round(1 / np.median(s["usual"], axis=0), 1)
    write(out, usual, learn(s["heard"].astype(float), s["is_hit"], s["worth"]), round(len(s["heard"]), -2), int(s["recordings"]))


if __name__ == "__main__":
    if sys.argv[1:2] == ["samples"] and len(sys.argv) > 4:
        make_samples(sys.argv[2], sys.argv[3], sys.argv[4:])
    elif sys.argv[1:2] == ["train"] and len(sys.argv) == 4:
        train(sys.argv[2], sys.argv[3])
    else:
        sys.exit(__doc__)
