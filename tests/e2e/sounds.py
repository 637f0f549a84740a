"""Tracks whose every sample says what it is, and the reading of what was heard of them.

A track is 24-bit stereo at 48 kHz: the left channel says which frame of its second a sample is, the right one which second, and of which track. Played unchanged each captured frame is
known from itself alone; explain() takes a whole recording apart into what was played from where, what was faded and what was silent, and finds anything that is none of these.
"""
import array
import collections
import functools
import io
import math
import struct
import wave

RATE, RAMP, TAIL = 48000, 240, 96       # frames a second; of a fade (5 ms); of what is left of the last sample where a track ends, or the engine was late
FULL, STEP, LOW = 1 << 23, 300, 24000 * 300
SECOND = 1 << 13                        # of the right channel; below it the track's number
KEY = 16
FRAME = 8                               # bytes of a captured frame

Piece = collections.namedtuple("Piece", "kind at n what to begin", defaults=(None,))
"""kind: `play` (n frames as they are, from what = (track, frame) on), `silence`, `in` (faded in: `to` sounds after it), `out` (faded out from `what`), `cross` (from `what` to `to`),
`tail` (the last sample dies away). begin: (track, frame) that is first heard of what is faded in."""


class Unexplained(AssertionError):
    pass


LEFT = [i * STEP - LOW for i in range(RATE)]


class Track:
    """key: 0 to 500, tells tracks apart."""

    def __init__(self, seconds, key):
        assert 0 <= key <= 500 and seconds <= 1000
        self.key, self.frames = key, int(seconds * RATE)

    def build(self, left, size, right):
        """Of one second after the other: `left` are the bytes of its left channel, right(x) those of one sample of the right one."""
        whole = bytearray()
        part = bytearray(RATE * 2 * size)
        for b in range(size):
            part[b::2 * size] = left[b::size]
        for second in range(math.ceil(self.frames / RATE)):
            for b, value in enumerate(right((second + 1) * SECOND + self.key * KEY)):
                part[size + b::2 * size] = bytes([value]) * RATE
            whole += part
        del whole[self.frames * 2 * size:]
        return whole

    @functools.cached_property
    def data(self):
        """As it is heard: the bytes of interleaved float32."""
        return memoryview(self.build(array.array("f", (x / FULL for x in LEFT)).tobytes(), 4, lambda x: struct.pack("<f", x / FULL))).toreadonly()

    def wav(self):
        left = array.array("i", LEFT).tobytes()
        three = bytearray(RATE * 3)
        for b in range(3):
            three[b::3] = left[b::4]
        out = io.BytesIO()
        with wave.open(out, "wb") as w:
            w.setnchannels(2), w.setsampwidth(3), w.setframerate(RATE)
            w.writeframesraw(self.build(three, 3, lambda x: struct.pack("<i", x)[:3]))
        return out.getvalue()

    def sample(self, frame):
        return struct.unpack_from("<ff", self.data, frame * FRAME)


def read(left, right):
    """(key, frame) of a sample as it is, None for one that is of no track."""
    a, b = left * FULL, right * FULL
    if a != int(a) or b != int(b) or (a + LOW) % STEP:
        return None
    second, key = divmod(int(b), SECOND)
    frame = (int(a) + LOW) // STEP
    return (key // KEY, (second - 1) * RATE + frame) if key % KEY == 0 and 0 <= frame < RATE and second >= 1 else None


def same(a, at, b, to):
    """How many frames of the buffers are the same bytes from these places on."""
    n = min(len(a) - at * FRAME, len(b) - to * FRAME) // FRAME
    done, step = 0, 1 << 16
    while done < n:
        step = min(step, n - done)
        if a[(at + done) * FRAME:(at + done + step) * FRAME] == b[(to + done) * FRAME:(to + done + step) * FRAME]:
            done += step
        elif step == 1:
            break
        else:
            step //= 2
    return done


def silent(data, at, n):
    """How many frames are 0, or minus 0."""
    done, step = 0, 1 << 12
    while done < n:
        step = min(step, n - done)
        if int.from_bytes(data[(at + done) * FRAME:(at + done + step) * FRAME], "little") & int.from_bytes(b"\xff\xff\xff\x7f" * (2 * step), "little"):
            if step == 1:
                break
            step //= 2
        else:
            done += step
    return done


class Reader:
    """loops: of each key the (start, end) that were ever set; a fade may run through the end of one."""

    def __init__(self, heard, tracks, loops=()):
        self.heard, self.data, self.n = heard, heard.data, heard.frames
        self.tracks, self.loops = {t.key: t for t in tracks}, loops
        self.pieces = []

    def sample(self, i):
        return struct.unpack_from("<ff", self.data, i * FRAME)

    def known(self, i):
        """(key, frame) when frame i of the recording is of a track, as it is. So must be the one behind it: within a fade some may look as if they were."""
        if i + 1 >= self.n:
            return None
        here, behind = read(*self.sample(i)), read(*self.sample(i + 1))
        if not here or here[0] not in self.tracks or not 0 <= here[1] < self.tracks[here[0]].frames:
            return None
        return here if behind == (here[0], here[1] + 1) or self.is_end(here) else None

    def is_end(self, what):
        return what[1] + 1 == self.tracks[what[0]].frames or any(what[1] + 1 == end for _, end in self.loops)

    def forward(self, what, n):
        """Ways on from there, n frames: straight, and round each loop whose end is near. Silence behind the end of the track."""
        key, frame = what
        track = self.tracks[key]
        yield [track.sample(f) if f < track.frames else (0, 0) for f in range(frame, frame + n)]
        for start, end in self.loops:
            if frame < end < frame + n and end - start > 0:
                yield [track.sample(f if f < end else start + (f - end) % (end - start)) for f in range(frame, frame + n)]

    def backward(self, what, n):
        """(beginning, samples) of the ways there, n frames long, that end in front of it."""
        key, frame = what
        track = self.tracks[key]
        if frame >= n:
            yield (key, frame - n), [track.sample(f) for f in range(frame - n, frame)]
        for start, end in self.loops:
            if start <= frame < start + n:
                begin = end - (n - (frame - start))
                if begin >= 0:
                    yield (key, begin), [track.sample(f if f < end else start + (f - end)) for f in range(begin, begin + n)]

    def is_mix(self, i, old, new):
        for k in range(RAMP):
            g = (k + 1) / RAMP
            for got, a, b in zip(self.sample(i + k), old[k], new[k]):
                if abs(got - (a * (1 - g) + b * g)) > 4e-7:
                    return False
        return True

    def is_tail(self, i):
        end = self.sample(i - 1)
        return i + TAIL < self.n and all(abs(got - want * (TAIL - 1 - k) / TAIL) < 4e-7 for k in range(TAIL) for got, want in zip(self.sample(i + k), end))

    def fade(self, i, last):
        """The piece of RAMP frames that begins at i. `last`: what would have come, None after silence."""
        if i + RAMP >= self.n:
            return None                                         # the recording ends in it
        nothing = [(0, 0)] * RAMP
        after = self.known(i + RAMP)
        ways_in = list(self.backward(after, RAMP)) if after else [(None, nothing)]
        ways_out = list(self.forward(last, RAMP)) if last else [nothing]
        for new, samples in ways_in:
            for old in ways_out:
                if (new or last) and new != last and self.is_mix(i, old, samples):
                    return Piece("cross" if new and last else "in" if new else "out", i, RAMP, last, after, new)
        raise Unexplained(self.tell(i, last))

    def tell(self, i, last):
        rows = [f"{k - i:+5d}: {self.sample(k)} {read(*self.sample(k))}" for k in [*range(max(0, i - 2), min(self.n, i + 6)), *range(i + 236, min(self.n, i + 244))]]
        return f"frame {i} of the recording, {self.heard.at_ns(i) / 1e9:.6f} s; expected {last}; xruns {self.heard.xruns}:\n" + "\n".join(rows)

    def run(self):
        i, last = 0, None
        while i < self.n:
            if last and self.is_tail(i):
                self.pieces.append(Piece("tail", i, TAIL, last, None))
                i, last = i + TAIL, None
                continue
            what = self.known(i)
            if what:
                n = same(self.data, i, self.tracks[what[0]].data, what[1])
                self.pieces.append(Piece("play", i, n, what, None))
                i, last = i + n, (what[0], what[1] + n)
                continue
            n = silent(self.data, i, self.n - i)
            if n and (not last or n > RAMP or i + n == self.n):
                self.pieces.append(Piece("silence", i, n, last, None))
                i, last = i + n, None
                continue
            piece = self.fade(i, last)
            if not piece:
                break
            self.pieces.append(piece)
            i, last = i + piece.n, piece.to
        return self.pieces


def explain(heard, tracks, loops=()):
    """The pieces of a recording in their order; Unexplained when there is a sample that is none of them."""
    return Reader(heard, tracks, loops).run()


def brief(pieces):
    """As a test compares and a log shows them: kinds and places."""
    return [(p.kind, p.what, p.begin) if p.kind == "cross" else (p.kind, p.begin if p.kind == "in" else p.what, p.n) for p in pieces]
