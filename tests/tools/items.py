"""Recordings to learn from: folders of NAME/{mix.wav,drums.wav,truth.json}, music that was rendered, so that all in it is known. lumad's own programs hear them."""
import json
import pathlib
import subprocess


def items(folders):
    """Folder and truth of each."""
    for folder in folders:
        for path in sorted(pathlib.Path(folder).iterdir()):
            if (path / "truth.json").exists():
                yield path, json.loads((path / "truth.json").read_text())


def decode(build, wav, pcm):
    subprocess.run([f"{build}/decode_worker", "--decode", str(wav), "--out", str(pcm)], check=True, stdout=subprocess.DEVNULL)


def beats(build, pcm):
    """What beat_worker answers."""
    said = subprocess.run([f"{build}/beat_worker", str(pcm)], check=True, capture_output=True, text=True).stdout
    return json.loads(said.splitlines()[-1])["result"]


def heard(program, *words):
    """What one of the *_samples.c writes to stdout."""
    return subprocess.run([f"{program}", *map(str, words)], check=True, capture_output=True).stdout
