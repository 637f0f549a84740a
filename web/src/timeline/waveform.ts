/*
 * The waveform file, little-endian: "LMW1", u32 buckets, u32 sample_rate,
 * u32 frames_per_bucket, u64 total_frames, f32 peak, u32 bands (3), then per bucket
 * i8 min, i8 max (mono mix, value / 127), u8 low, u8 mid, u8 high (RMS of the band,
 * (v / 255)^2 = relative to full scale).
 *
 * Coarser levels are built once, each a quarter of the one below, so drawing costs the
 * width of the canvas and not the length of the track.
 */

const HEADER = 32;
const RECORD = 5;
const STEP = 4;

export interface Level {
    seconds: number; /* per bucket */
    count: number;
    min: Float32Array;
    max: Float32Array;
    low: Float32Array;
    mid: Float32Array;
    high: Float32Array;
}

export interface Waveform {
    duration: number;
    peak: number;
    levels: Level[]; /* finest first */
}

function level(count: number, seconds: number): Level {
    return {
        seconds,
        count,
        min: new Float32Array(count),
        max: new Float32Array(count),
        low: new Float32Array(count),
        mid: new Float32Array(count),
        high: new Float32Array(count),
    };
}

/* null: not a waveform, or one cut short. */
export function parseWaveform(buffer: ArrayBuffer): Waveform | null {
    if (buffer.byteLength < HEADER) return null;
    const v = new DataView(buffer);
    if (v.getUint32(0, false) !== 0x4c4d5731 /* "LMW1" */) return null;
    const count = v.getUint32(4, true);
    const rate = v.getUint32(8, true);
    const per = v.getUint32(12, true);
    const frames = Number(v.getBigUint64(16, true));
    if (!rate || !per || v.getUint32(28, true) !== 3) return null;
    if (buffer.byteLength < HEADER + count * RECORD) return null;
    const fine = level(count, per / rate);
    for (let i = 0, at = HEADER; i < count; i++, at += RECORD) {
        fine.min[i] = v.getInt8(at) / 127;
        fine.max[i] = v.getInt8(at + 1) / 127;
        fine.low[i] = (v.getUint8(at + 2) / 255) ** 2;
        fine.mid[i] = (v.getUint8(at + 3) / 255) ** 2;
        fine.high[i] = (v.getUint8(at + 4) / 255) ** 2;
    }
    const levels = [fine];
    while (levels.at(-1)!.count > 64) levels.push(coarser(levels.at(-1)!));
    return { duration: frames / rate, peak: v.getFloat32(24, true), levels };
}

function coarser(fine: Level): Level {
    const out = level(Math.ceil(fine.count / STEP), fine.seconds * STEP);
    for (let i = 0; i < out.count; i++) {
        const from = i * STEP;
        reduce(fine, from, Math.min(fine.count, from + STEP), out, i);
    }
    return out;
}

function reduce(l: Level, from: number, to: number, out: Level, at: number) {
    let min = Infinity;
    let max = -Infinity;
    let low = 0;
    let mid = 0;
    let high = 0;
    for (let i = from; i < to; i++) {
        min = Math.min(min, l.min[i]!);
        max = Math.max(max, l.max[i]!);
        /* RMS values add as squares. */
        low += l.low[i]! ** 2;
        mid += l.mid[i]! ** 2;
        high += l.high[i]! ** 2;
    }
    const n = Math.max(1, to - from);
    out.min[at] = to > from ? min : 0;
    out.max[at] = to > from ? max : 0;
    out.low[at] = Math.sqrt(low / n);
    out.mid[at] = Math.sqrt(mid / n);
    out.high[at] = Math.sqrt(high / n);
}

/* Columns of `per` seconds each from `start`, `count` of them. Beyond the end: silence. */
export function columns(w: Waveform, start: number, per: number, count: number): Level {
    const out = level(count, per);
    let l = w.levels[0]!;
    for (const next of w.levels) if (next.seconds <= per) l = next;
    for (let x = 0; x < count; x++) {
        const from = Math.floor((start + x * per) / l.seconds);
        const to = Math.max(from + 1, Math.floor((start + (x + 1) * per) / l.seconds));
        if (to > 0 && from < l.count) reduce(l, Math.max(0, from), Math.min(l.count, to), out, x);
    }
    return out;
}

export interface WaveColors {
    line: string;
    low: string;
    mid: string;
    high: string;
}

/* Draws into x..x+w, y..y+h: the outline (min to max) behind, and over it the three
 * bands as mirrored bars, the deepest behind. `w` and `start`, `end` in the same scale. */
export function drawWaveform(
    g: CanvasRenderingContext2D,
    wave: Waveform,
    box: { x: number; y: number; w: number; h: number },
    span: { start: number; end: number },
    colors: WaveColors,
) {
    const n = Math.max(1, Math.floor(box.w));
    const cols = columns(wave, span.start, (span.end - span.start) / n, n);
    const middle = box.y + box.h / 2;
    /* A quiet master is drawn as large as a loud one; silence stays silent. */
    const gain = wave.peak > 0.05 ? Math.min(4, 1 / wave.peak) : 1;
    const half = (box.h / 2) * gain;
    const clamp = (v: number) => Math.min(box.h / 2, v);

    g.fillStyle = colors.line;
    for (let x = 0; x < n; x++) {
        const up = clamp(cols.max[x]! * half);
        const down = clamp(-cols.min[x]! * half);
        g.fillRect(box.x + x, middle - up, 1, Math.max(1, up + down));
    }
    /* Bands are RMS; 1.6 brings a sine's RMS near its peak. */
    const bands: [Float32Array, string][] = [
        [cols.low, colors.low],
        [cols.mid, colors.mid],
        [cols.high, colors.high],
    ];
    for (const [values, color] of bands) {
        g.fillStyle = color;
        for (let x = 0; x < n; x++) {
            const v = clamp(values[x]! * 1.6 * half);
            if (v >= 0.5) g.fillRect(box.x + x, middle - v, 1, 2 * v);
        }
    }
}
