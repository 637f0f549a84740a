#!/usr/bin/env python3
"""How right the analysers are, and what they cost, over a folder of items with mix.wav and truth.json (and drums.wav, bass.wav, vocals.wav, other.wav for stems).

Run by `make bench-mir CORPUS=dir`; further folders may be named, the table has a line for each and for their mean. Beside it, where they are installed: aubio (aubio-tools),
the QM DSP library (libqm-dsp-dev, built on the way), essentia.js (`npm install essentia.js` in $(BUILD)/peers). Any analysis as NAME.json in a folder is scored too:
ALSO="name=dir". `MIR_ITEMS=1` prints every item, MIR_STEMS=0 leaves the stems out, MIR_STEM_MODEL=dir separates with the model there. CPU is that of the whole
process, of lumad's workers together from decoded audio on; RSS is the larger of the two.
"""
import concurrent.futures
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import wave

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import mir_score                            # noqa: E402

BUILD = pathlib.Path(os.environ.get("BUILD_DIR", "build/release")).resolve()
PEERS = BUILD.parent / "peers"
STEMS = ("drums", "bass", "vocals", "other")
COLUMNS = ("F", "CMLt", "AMLt", "dbF", "acc1", "acc2", "bpmerr%", "const%", "meter", "root", "majmin", "chgF", "sdr", "sdr_sung", "cpu", "rss", "stem_cpu", "stem_rss")
# What the project promises (mean over music it was not tuned on); "<" = at most.
GOALS = {"F": .90, "AMLt": .97, "dbF": .82, "acc1": .90, "acc2": .98, "const%": "<.1", "root": .86, "majmin": .83, "sdr_sung": 3.5, "cpu": "<.5", "rss": "<120"}


class Cost:
    def __init__(self):
        self.cpu, self.rss = 0.0, 0.0


def run(argv, cost=None, **more):
    """Output of a program; its CPU seconds are added to the cost, its peak memory raises it."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        p = subprocess.Popen([str(a) for a in argv], stdin=subprocess.DEVNULL, stdout=out, stderr=err, **more)
        _, status, used = os.wait4(p.pid, 0)
        p.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        text = out.read().decode(errors="replace")
        if p.returncode:
            err.seek(0)
            raise RuntimeError(f"{argv[0]}: {(text[-300:] + err.read().decode(errors='replace')[-300:]).strip()}")
    if cost:
        cost.cpu += used.ru_utime + used.ru_stime
        cost.rss = max(cost.rss, used.ru_maxrss / 1024)
    return text


def result_of(text):
    return json.loads(text.strip().splitlines()[-1])["result"]


def seconds_of(wav):
    with wave.open(str(wav)) as w:
        return w.getnframes() / w.getframerate()


# --- who is asked; each: (mix.wav, scratch folder, cost) -> estimate ---

def lumad(mix, folder, cost):
    pcm, beats, chroma = folder / "mix.pcm", folder / "beats.json", folder / "chroma"
    run([BUILD / "decode_worker", "--decode", mix, "--out", pcm])
    found = result_of(run([BUILD / "beat_worker", pcm], cost))
    beats.write_text(json.dumps({k: found.get(k) for k in ("beats", "downbeats", "beats_per_bar", "bpm")}))
    if (BUILD / "root_worker").exists():
        found["chords"] = result_of(run([BUILD / "root_worker", pcm, beats, chroma], cost))["sections"]
    return found


def aubio(mix, folder, cost):
    beats = [float(l.split()[0]) for l in run(["aubiotrack", "-i", mix], cost).splitlines() if l.strip()]
    return {"beats": beats, "bpm": tempo(beats)}


def qm_dsp(mix, folder, cost):
    found = json.loads(run([PEERS / "mir_qm", mix], cost))
    return {**found, "bpm": tempo(found["beats"])}


def essentia(mix, folder, cost):
    raw = folder / "mix.f32"
    run([BUILD / "tests/bench/mir_sdr", "--mono", mix, raw])
    return json.loads(run(["node", HERE / "mir_essentia.cjs", PEERS / "node_modules", raw], cost).strip().splitlines()[-1])


def tempo(beats):
    """The median of eight intervals at a time, for those that tell beats only."""
    k = max(1, min(8, len(beats) // 4))
    spans = sorted(b - a for a, b in zip(beats, beats[k:]))
    return 60 * k / spans[len(spans) // 2] if spans else None


def prepare_peers():
    who = {"lumad": lumad}
    PEERS.mkdir(parents=True, exist_ok=True)
    if shutil.which("aubiotrack"):
        who["aubio"] = aubio
    if pathlib.Path("/usr/include/qm-dsp").is_dir() and shutil.which("g++"):
        run(["g++", "-O2", "-I/usr/include/qm-dsp", "-o", PEERS / "mir_qm", HERE / "mir_qm.cpp", "-lqm-dsp", "-lsndfile"])
        who["qm-dsp"] = qm_dsp
    if (PEERS / "node_modules/essentia.js").is_dir():
        who["essentia.js"] = essentia
    only = os.environ.get("MIR_ONLY", "").split()
    return {k: v for k, v in who.items() if not only or k in only}


# --- one item ---

def score_stems(item, truth, pcm, folder, minutes):
    cost, out = Cost(), folder / "stems"
    model = os.environ.get("MIR_STEM_MODEL")
    out.mkdir()
    run([BUILD / "stem_worker", *(["--model", model] if model else []), pcm, out], cost)
    measure = lambda truth_wav, flac: json.loads(run([BUILD / "tests/bench/mir_sdr", truth_wav, flac]))
    mix = measure(item / "mix.wav", item / "mix.wav")["truth"]
    r = mir_score.score_stems({s: measure(item / f"{s}.wav", out / f"{s}.flac") for s in STEMS}, truth.get("silent_stems", []), mix)
    r |= {"stem_cpu": cost.cpu / minutes, "stem_rss": cost.rss}
    if is_sung(item, truth):
        r["sdr_sung"] = r["sdr"]
    return r


def is_sung(item, truth):
    """A voice that sings, and no instrument in its place: the truth says so, else what the generator's sung styles are called."""
    if "sung" in truth:
        return truth["sung"]
    words = os.environ.get("MIR_SUNG", "rock pop ballad reggae cut push").split()
    return "vocals" not in truth.get("silent_stems", []) and any(w in item.name.split("_") for w in words)


def score_item(item, name, ask):
    truth = json.loads((item / "truth.json").read_text())
    mix, cost = item / "mix.wav", Cost()
    minutes = seconds_of(mix) / 60
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        r = mir_score.score(truth, ask(mix, folder, cost))
        r |= {"cpu": cost.cpu / minutes, "rss": cost.rss} if cost.cpu else {}
        if name == "lumad" and (BUILD / "stem_worker").exists() and os.environ.get("MIR_STEMS") != "0" and (item / "drums.wav").exists():
            r |= score_stems(item, truth, folder / "mix.pcm", folder, minutes)
    return r


def stored(folder):
    def ask(mix, scratch, cost):
        return json.loads((pathlib.Path(folder) / f"{mix.parent.name}.json").read_text())
    return ask


# --- the table ---

def line(title, row):
    cells = []
    for c in COLUMNS:
        v = row.get(c)
        digits = 0 if c.endswith("rss") else 2 if c in ("cpu", "stem_cpu", "sdr", "sdr_sung") else 3
        cells.append("-".rjust(8) if v is None else f"{v:8.{digits}f}")
    return title[:30].ljust(30) + "".join(cells)


def mean_of(rows):
    return {c: mir_score.mean([r.get(c) for r in rows]) for c in COLUMNS}


def goals_of(row):
    """What is not reached, and by how much."""
    missed = []
    for c, goal in GOALS.items():
        v = row.get(c)
        if v is None:
            continue
        limit = float(str(goal).lstrip("<"))
        if (v > limit) if str(goal).startswith("<") else (v < limit):
            missed.append(f"{c} {v:.3f} (goal {goal})")
    return missed


def main():
    folders = [pathlib.Path(a) for a in sys.argv[1:]]
    corpora = {f: sorted(p.parent for p in f.glob("*/truth.json") if (p.parent / "mix.wav").exists()) for f in folders}
    if not folders or not all(corpora.values()):
        sys.exit("Use: make bench-mir CORPUS=dir, a folder of items NAME/{mix.wav,truth.json}. None in: " +
                 (", ".join(str(f) for f, items in corpora.items() if not items) or "no folder named"))
    who = prepare_peers()
    for pair in os.environ.get("ALSO", "").split():
        name, _, folder = pair.partition("=")
        who[name] = stored(folder)
    print(" " * 30 + "".join(c.rjust(8) for c in COLUMNS) + "   cpu: s per minute of audio, rss: MB", flush=True)
    workers = int(os.environ.get("JOBS", os.cpu_count() or 1))
    failures = 0
    for name, ask in who.items():
        means, every = [], []
        for folder, items in corpora.items():
            with concurrent.futures.ThreadPoolExecutor(workers) as pool:
                jobs = [(i, pool.submit(score_item, i, name, ask)) for i in items]
            rows = []
            for item, job in jobs:
                try:
                    rows.append(job.result())
                except (RuntimeError, OSError, KeyError, ValueError) as e:
                    failures += name == "lumad"
                    print(f"{name} {item.name}: {e}", file=sys.stderr)
                    continue
                if os.environ.get("MIR_ITEMS"):
                    print(line(f"  {name} {item.name}", rows[-1]))
            means.append(mean_of(rows))
            every += rows
            print(line(f"{name} {folder.name} ({len(rows)})", means[-1]), flush=True)
        if len(means) > 1:
            means.append(mean_of(means))
            print(line(f"{name}, mean of {len(folders)}", means[-1]), flush=True)
        if name == "lumad":
            mine = means[-1]
    print("goals:", "; ".join(goals_of(mine)) or "all reached") if "lumad" in who else None
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
