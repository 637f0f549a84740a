/*
 * Level meters on a canvas. A picture is kept by the one who draws it: `Ballistics` holds
 * peaks for a second and a half and lets them fall, whatever the rate of messages.
 */

export const FLOOR_DB = -120;
const HOLD_MS = 1500;
const FALL_DB_PER_S = 20;

/* IEC 60268-18 in short: the loud end gets the room. 0 = bottom, 1 = full scale. */
const POINTS: readonly (readonly [number, number])[] = [[-60, 0], [-40, 0.2], [-20, 0.5], [-10, 0.7], [0, 1]];
export function meterScale(db: number): number {
    if (!(db > -60)) return 0;
    if (db >= 0) return 1;
    const i = POINTS.findIndex(([d]) => d >= db);
    const [d1, y1] = POINTS[i]!;
    const [d0, y0] = POINTS[i - 1]!;
    return y0 + ((db - d0) / (d1 - d0)) * (y1 - y0);
}
export const MARKS = [-60, -40, -20, -10, -6, -3, 0];

/* A peak that is held, then falls. */
export class PeakHold {
    value = FLOOR_DB;
    private until = 0;
    private last = 0;

    push(db: number, nowMs: number): number {
        const seconds = Math.max(0, nowMs - this.last) / 1000;
        this.last = nowMs;
        if (db >= this.value) {
            this.value = db;
            this.until = nowMs + HOLD_MS;
        } else if (nowMs > this.until) this.value = Math.max(db, this.value - seconds * FALL_DB_PER_S);
        return this.value;
    }
}

/* Clips that are news since somebody looked at the lamp and put it out. */
export class ClipLamp {
    private known: number[] | null = null;
    private now: number[] = [];

    push(clips: readonly number[]) {
        this.now = [...clips];
        /* Less than before: lumad was started anew, and counts from nothing. */
        if (!this.known || clips.some((n, i) => n < (this.known?.[i] ?? 0))) this.known = [...clips];
    }
    count = (channel: number) => (this.now[channel] ?? 0) - (this.known?.[channel] ?? this.now[channel] ?? 0);
    reset() {
        this.known = [...this.now];
    }
}

export interface MeterColors {
    ground: string;
    ok: string;
    warm: string;
    hot: string;
    text: string;
    dim: string;
    line: string;
    font: string;
}

export interface Box {
    x: number;
    y: number;
    w: number;
    h: number;
}

const WARM_DB = -9;
const HOT_DB = -1;

/* One channel, lying: RMS full, peak pale over it, the held peak a line. */
export function drawBar(g: CanvasRenderingContext2D, box: Box, peak: number, rms: number, held: number, c: MeterColors) {
    g.fillStyle = c.ground;
    g.fillRect(box.x, box.y, box.w, box.h);
    const zones: [number, number, string][] = [[-60, WARM_DB, c.ok], [WARM_DB, HOT_DB, c.warm], [HOT_DB, 0, c.hot]];
    for (const [from, to, color] of zones) {
        const x0 = meterScale(from);
        const fill = (level: number, alpha: number) => {
            const x1 = Math.min(meterScale(to), meterScale(level));
            if (x1 <= x0) return;
            g.globalAlpha = alpha;
            g.fillRect(box.x + x0 * box.w, box.y, (x1 - x0) * box.w, box.h);
            g.globalAlpha = 1;
        };
        g.fillStyle = color;
        fill(peak, 0.5);
        fill(rms, 1);
    }
    if (held > -60) {
        g.fillStyle = held >= HOT_DB ? c.hot : held >= WARM_DB ? c.warm : c.text;
        g.fillRect(box.x + Math.min(box.w - 2, meterScale(held) * box.w - 1), box.y, 2, box.h);
    }
}

/* The marks below bars: dB. */
export function drawMarks(g: CanvasRenderingContext2D, box: Box, c: MeterColors) {
    g.font = c.font;
    g.textBaseline = 'top';
    g.fillStyle = c.dim;
    for (const db of MARKS) {
        const x = box.x + meterScale(db) * box.w;
        g.fillRect(Math.min(box.x + box.w - 1, x), box.y, 1, 4);
        const text = db === 0 ? '0' : `\u2212${-db}`;
        const w = g.measureText(text).width;
        g.fillText(text, Math.max(box.x, Math.min(box.x + box.w - w, x - w / 2)), box.y + 5);
    }
}

const LOW_DB = -72;
const WARM_BAND_DB = -12;
export const bandHz = (i: number, bands: number) => 20 * 1000 ** ((i + 0.5) / bands);
const HZ_MARKS = [50, 100, 200, 500, 1000, 2000, 5000, 10000];

const FOOT = 14;

/* What does not move: lines of level, and the frequencies below. */
export function drawBandGround(g: CanvasRenderingContext2D, box: Box, c: MeterColors) {
    g.fillStyle = c.ground;
    g.fillRect(box.x, box.y, box.w, box.h);
    const h = box.h - FOOT;
    g.fillStyle = c.line;
    for (const db of [-60, -48, -36, -24, -12]) g.fillRect(box.x, Math.round(box.y + (db / LOW_DB) * h), box.w, 1);
    g.font = c.font;
    g.fillStyle = c.dim;
    g.textBaseline = 'bottom';
    for (const hz of HZ_MARKS) {
        const x = box.x + (Math.log(hz / 20) / Math.log(1000)) * box.w;
        const text = hz >= 1000 ? `${hz / 1000} k` : String(hz);
        g.fillText(text, x - g.measureText(text).width / 2, box.y + box.h);
    }
}

/* The bands, over it: as few fills as there are colours. */
export function drawBands(g: CanvasRenderingContext2D, box: Box, bands: readonly number[], held: readonly number[], c: MeterColors) {
    const h = box.h - FOOT;
    const each = box.w / bands.length;
    const up = (db: number) => Math.max(0, Math.min(1, 1 - db / LOW_DB)) * h;
    g.clearRect(box.x, box.y, box.w, h);
    const fill = (color: string, which: (db: number) => boolean) => {
        g.fillStyle = color;
        g.beginPath();
        bands.forEach((db, i) => which(db) && g.rect(box.x + i * each + 1, box.y + h - up(db), Math.max(1, each - 2), up(db)));
        g.fill();
    };
    fill(c.ok, (db) => db <= WARM_BAND_DB);
    fill(c.warm, (db) => db > WARM_BAND_DB);
    g.fillStyle = c.dim;
    g.beginPath();
    held.forEach((db, i) => up(db) > 1 && g.rect(box.x + i * each + 1, box.y + h - up(db), Math.max(1, each - 2), 1));
    g.fill();
}
