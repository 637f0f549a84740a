/*
 * What view nodes show: the shapes of POST /graph/run, and small pictures of them. Draws what it is given; keeps nothing.
 */
import type { Graph, NodeType } from '../api/types';

interface Columns {
    min: (number | null)[];
    max: (number | null)[];
    mean: (number | null)[];
}
export interface SignalView {
    type: 'signal';
    shape: [number, number, number];
    columns: number;
    rows: (Columns & { head: number; channel: number })[];
}
export interface PathView {
    type: 'path';
    shape: [number, number, number];
    columns: number;
    rows: { head: number; u: (number | null)[]; v: (number | null)[] }[];
}
export type AudioView = { type: 'audio'; missing: true } | ({ type: 'audio'; missing?: false; columns: number } & Columns);
export interface GridView {
    type: 'grid';
    bpm: number;
    assumed: boolean;
    beats: number[];
}
export interface SelectionView {
    type: 'selection';
    expression: string;
    heads: number[];
}
export type MelView = { type: 'mel'; missing: true } | { type: 'mel'; missing?: false; bands: number; columns: number; data: string };
export type View = SignalView | PathView | AudioView | GridView | SelectionView | MelView;

/* Where a picture of a stretch of the track begins and ends, in seconds. */
export interface Span {
    start: number;
    end: number;
}

export interface ViewLook {
    line: string;
    dim: string;
    grid: string;
    audio: string;
}

export const isView = (type: NodeType | undefined) => type?.category === 'Views';
export const hasViews = (graph: Graph, types: ReadonlyMap<string, NodeType>) => graph.nodes.some((n) => isView(types.get(n.type)));

const isColor = (v: SignalView) => v.shape[2] >= 3 && v.shape[2] <= 4 && v.rows.length % v.shape[2] === 0 && v.rows[0]?.channel === 0;

/* The smallest and the largest of all that is shown; 0 when there is nothing. */
export function extent(v: SignalView): [number, number] {
    let low = Infinity;
    let high = -Infinity;
    for (const row of v.rows) {
        for (const x of row.min) if (x !== null && x < low) low = x;
        for (const x of row.max) if (x !== null && x > high) high = x;
    }
    return low <= high ? [low, high] : [0, 0];
}

const short = (x: number) => String(Number(x.toPrecision(3)));
const many = (n: number, what: string) => `${n} ${what}${n === 1 ? '' : 's'}`;

/* The picture in words: what stands below it. */
export function words(v: View): string {
    if ('missing' in v && v.missing) return 'no decoded sound';
    switch (v.type) {
        case 'signal': {
            if (!v.rows.length) return v.shape[0] ? 'no such channel' : 'no heads';
            const heads = v.shape[0] > 1 ? `, ${v.shape[0]} heads` : '';
            if (isColor(v)) return `colour${heads}`;
            const [low, high] = extent(v);
            const channels = new Set(v.rows.map((r) => r.channel)).size;
            return `${low === high ? short(low) : `${short(low)} to ${short(high)}`}${heads}${channels > 1 ? `, ${many(channels, 'channel')}` : ''}`;
        }
        case 'path':
            return `path of ${many(v.rows.length, 'head')}`;
        case 'grid':
            return `${short(v.bpm)} bpm${v.assumed ? ', assumed' : ''}`;
        case 'selection':
            return many(v.heads.length, 'head');
        case 'audio':
            return 'waveform';
        case 'mel':
            return 'spectrogram';
    }
}

type Ctx = CanvasRenderingContext2D;

/* Lowest to highest value of each column, reaching to the column before; gaps where there is nothing. */
function band(g: Ctx, c: Columns, x: (i: number) => number, y: (v: number) => number) {
    let [floor, ceiling] = [-Infinity, Infinity];
    g.beginPath();
    for (let i = 0; i < c.min.length; i++) {
        const [low, high] = [c.min[i], c.max[i]];
        if (low == null || high == null) {
            [floor, ceiling] = [-Infinity, Infinity];
            continue;
        }
        const top = y(Math.max(high, floor));
        g.rect(x(i), top, Math.max(1, x(i + 1) - x(i)), Math.max(1, y(Math.min(low, ceiling)) - top));
        [floor, ceiling] = [low, high];
    }
    g.fill();
}

function drawSignal(g: Ctx, v: SignalView, width: number, height: number, look: ViewLook) {
    const [low, high] = extent(v);
    const from = Math.min(low, 0);
    const to = Math.max(high, from + 1e-6, low === high ? low * 1.25 : 0);
    const x = (i: number) => (i / v.columns) * width;
    const y = (value: number) => height - 1 - ((value - from) / (to - from)) * (height - 2);
    g.fillStyle = look.dim;
    g.fillRect(0, Math.round(y(0)), width, 1);
    g.fillStyle = look.line;
    g.globalAlpha = v.rows.length > 1 ? Math.max(0.15, 1 / Math.sqrt(v.rows.length)) : 1;
    for (const row of v.rows) band(g, row, x, y);
    g.globalAlpha = 1;
}

/* A stripe for each head. */
function drawColors(g: Ctx, v: SignalView, width: number, height: number) {
    const c = v.shape[2];
    const heads = v.rows.length / c;
    const byte = (x: number | null | undefined) => Math.round(Math.min(1, Math.max(0, x ?? 0)) * 255);
    for (let h = 0; h < heads; h++) {
        const [top, bottom] = [(h / heads) * height, ((h + 1) / heads) * height];
        for (let x = 0; x < width; x++) {
            const i = Math.floor((x / width) * v.columns);
            const at = (k: number) => v.rows[h * c + k]?.mean[i];
            g.fillStyle = `rgba(${byte(at(0))},${byte(at(1))},${byte(at(2))},${c === 4 ? (at(3) ?? 0) : 1})`;
            g.fillRect(x, top, 1, Math.max(1, bottom - top - (heads < height / 4 ? 1 : 0)));
        }
    }
}

function drawPath(g: Ctx, v: PathView, width: number, height: number, look: ViewLook) {
    let most = 1;
    for (const row of v.rows) for (const list of [row.u, row.v]) for (const x of list) if (x !== null) most = Math.max(most, Math.abs(x));
    const scale = (Math.min(width, height) / 2 - 2) / most;
    g.fillStyle = look.dim;
    g.fillRect(0, Math.round(height / 2), width, 1);
    g.fillRect(Math.round(width / 2), 0, 1, height);
    g.strokeStyle = look.line;
    g.globalAlpha = v.rows.length > 1 ? Math.max(0.25, 1 / Math.sqrt(v.rows.length)) : 1;
    for (const row of v.rows) {
        let isDrawing = false;
        g.beginPath();
        row.u.forEach((u, i) => {
            const w = row.v[i];
            if (u === null || w == null) {
                isDrawing = false;
                return;
            }
            const [px, py] = [width / 2 + u * scale, height / 2 - w * scale];
            if (isDrawing) g.lineTo(px, py);
            else g.moveTo(px, py);
            isDrawing = true;
        });
        g.stroke();
        const [u, w] = [row.u[0], row.v[0]];
        g.fillStyle = look.line;
        if (u != null && w != null) g.fillRect(width / 2 + u * scale - 2, height / 2 - w * scale - 2, 4, 4);
    }
    g.globalAlpha = 1;
}

/* One square a point of the screen; of several columns or bands in it the first. Louder is brighter. */
function drawMel(g: Ctx, v: Extract<MelView, { data: string }>, width: number, height: number, look: ViewLook) {
    const bytes = atob(v.data);
    g.fillStyle = look.audio;
    for (let x = 0; x < width; x++)
        for (let y = 0; y < height; y++) {
            const [i, b] = [Math.floor((x / width) * v.columns), Math.floor(((height - 1 - y) / height) * v.bands)];
            g.globalAlpha = bytes.charCodeAt(i * v.bands + b) / 255;
            g.fillRect(x, y, 1, 1);
        }
    g.globalAlpha = 1;
}

export function drawView(g: Ctx, v: View, span: Span, width: number, height: number, look: ViewLook) {
    g.clearRect(0, 0, width, height);
    if ('missing' in v && v.missing) return;
    if (v.type === 'signal' && isColor(v)) drawColors(g, v, width, height);
    else if (v.type === 'signal') drawSignal(g, v, width, height, look);
    else if (v.type === 'path') drawPath(g, v, width, height, look);
    else if (v.type === 'mel') drawMel(g, v as Extract<MelView, { data: string }>, width, height, look);
    else if (v.type === 'audio') {
        const c = v as Extract<AudioView, { columns: number }>;
        g.fillStyle = look.audio;
        band(g, c, (i) => (i / c.columns) * width, (value) => height / 2 - (value * height) / 2);
    } else if (v.type === 'grid') {
        g.fillStyle = look.grid;
        for (const beat of v.beats) g.fillRect(Math.round(((beat - span.start) / (span.end - span.start)) * width), 0, 1, height);
    }
}
