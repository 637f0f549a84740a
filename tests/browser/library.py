"""A library of many tracks in a data directory that a lumad has made and left: rows, drawings, pictures, keys, some that failed. library.py DATA COUNT"""
import math
import pathlib
import sqlite3
import struct
import sys
import uuid
import zlib

data, count = pathlib.Path(sys.argv[1]), int(sys.argv[2])
WORDS = "Amber Basin Cinder Delta Ember Fjord Glass Harbour Indigo Juniper Kite Lumen Mirror Nova Onyx Pulse Quartz River Solar Tundra Umbra Velvet Willow Xenon Yonder Zephyr".split()
KEYS = [f"{k} {m}" for k in ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B") for m in ("major", "minor")]
NOW = 1_790_000_000_000


def picture(n):
    """A PNG of 64 x 64 in one colour with a darker half."""
    rows = b"".join(b"\0" + bytes((40 + n * 13 % 200, 90 + n * 29 % 150, 60 + n * 53 % 180)) * 32 + bytes((20 + n * 7 % 90, 30, 60)) * 32 for _ in range(64))
    part = lambda kind, body: struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", struct.pack(">IIBBBBB", 64, 64, 8, 2, 0, 0, 0)) + part(b"IDAT", zlib.compress(rows)) + part(b"IEND", b"")


def drawing(n):
    buckets = 500
    out = [b"LMW1" + struct.pack("<IIIQfI", buckets, 48000, 20000, buckets * 20000, 0.9, 3)]
    for i in range(buckets):
        v = abs(math.sin(i / 40 + n) * math.sin(i / 7 + n * 3))
        out.append(struct.pack("<bbBBB", -int(v * 120), int(v * 120), int(v * 140), int(v * 100), int(v * 60)))
    return b"".join(out)


pictures = []
(data / "art").mkdir(exist_ok=True)
for n in range(24):
    name = f"{n:064x}"
    (data / "art" / name).write_bytes(picture(n))
    pictures.append(name)
drawings = [drawing(n) for n in range(12)]
db = sqlite3.connect(data / "lumad.db")
with db:
    for i in range(count):
        track = str(uuid.UUID(int=(i * 0x9E3779B97F4A7C15F39CC0605CEDC835 + 1) % 2**128, version=4))
        title = f"{WORDS[i * 7 % 26]} {WORDS[i * 11 % 25]} {i}"
        db.execute("INSERT INTO tracks (id, title, artist, album, genre, year, bpm, duration_seconds, track_hash, filename, format, sample_rate, channels, size_bytes, art_hash, created_at)"
                   " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'wav', 48000, 2, 1000000, ?, ?)",
                   (track, title, f"{WORDS[i % 26]} & {WORDS[i // 26 % 26]}" if i % 9 else "", f"{WORDS[i // 12 % 26]} Vol. {i // 300}", "House" if i % 3 else "Techno", 1990 + i % 35,
                    None if i % 17 == 0 else 90 + i * 37 % 900 / 10, 120 + i * 13 % 400, f"{i:064x}", f"{title}.wav", pictures[i % 24] if i % 5 else None, NOW + i * 60000))
        made = lambda table, columns, values: db.execute(
            f"INSERT INTO {table} (id, track_id, analyser, analyser_version, {columns}) VALUES (?, ?, 'lumad-{table[6:]}', 99, {', '.join('?' * len(values))})",
            (str(uuid.uuid4()), track, *values))
        if i % 10:
            made("track_waveforms", "preview, detail", (drawings[i % 12], drawings[i % 12]))
            made("track_beats", "beats, downbeats, bpm", ("[0.5, 1.0, 1.5, 2.0, 2.5]", "[0.5, 2.5]", 120.0))
        if i % 4:
            made("track_roots", "key", (KEYS[i % 24],))
            made("track_features", "kind, data", ("energy", '{"bars": [[0.5, 2.5, 0.6]]}'))
        if i % 10 == 0:
            db.execute("INSERT INTO jobs (id, kind, track_id, state, error) VALUES (?, 'waveform', ?, 'failed', 'The file is cut off')", (str(uuid.uuid4()), track))
print(db.execute("SELECT count(*) FROM tracks WHERE deleted_at IS NULL").fetchone()[0])
