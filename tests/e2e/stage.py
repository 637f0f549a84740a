"""A lumad that plays to a JACK server of the test's own, with tracks on it whose samples say what they are."""
import pathlib
import tempfile

import sounds
from jackrig import RATE, Jack, wait_for_device
from lumad import Lumad


def deaf(folder):
    """The environment of a lumad that analyses nothing: its analysis programs fail at once."""
    folder = pathlib.Path(folder, "deaf")
    folder.mkdir()
    for name in ("beat", "feature", "root", "stem"):
        program = folder / f"{name}_worker"
        program.write_text("#!/bin/sh\nexit 1\n")
        program.chmod(0o755)
    return {"LUMAD_WORKERS": str(folder)}


def no_effects(d):
    """Samples pass as they are: the chain that every output begins with (a limiter) is switched off."""
    if d.call("GET", "/audio-chains").status == 200:
        d.post("/audio-chains", {"name": "None", "effects": [], "is_enabled": False})


class Stage:
    """A lumad that plays to a JACK server, with two tracks or those that are given. effects: as they are when nobody made a chain."""

    def __init__(self, period=256, tracks=None, effects=False, env=None, config="", **jack):
        self.folder = tempfile.TemporaryDirectory(prefix="lumad-stage-")
        self.jack = Jack(period, **jack)
        try:
            self.d = Lumad(config="[audio]\ndevice = system\n" + config, env={**self.jack.env, **deaf(self.folder.name), **(env or {})})
            try:
                wait_for_device(self.d)
                if not effects:
                    no_effects(self.d)
                self.tracks = tracks or [sounds.Track(12, 1), sounds.Track(4, 2)]
                self.ids = [self.d.upload(t.wav(), f"{t.key}.wav").json["id"] for t in self.tracks]
            except BaseException:
                self.d.stop(show_log=True)
                raise
        except BaseException:
            self.jack.stop()
            raise

    def load(self, which=0, **segment):
        """Standing at its beginning, without a loop and without a next track."""
        self.d.post("/host-audio/" + ("load-segment" if segment else "load-track"), {"track_id": self.ids[which], **segment})

    def seek(self, frame, **more):
        self.d.post("/host-audio/seek", {"seconds": frame / RATE, **more})

    def frame(self):
        """Where the transport stands."""
        return round(self.d.get("/host-audio")["current_time"] * RATE)

    def stop(self):
        self.d.stop()
        self.jack.stop()
        self.folder.cleanup()
