/* The static picture of the timeline. Draws what it is given; keeps nothing. */
import type { Beats } from '../api/types';
import { countUpTo } from './beats';
import type { Block } from './hit';
import { tickStep, timeLabel } from './ticks';
import { drawWaveform, type WaveColors, type Waveform } from './waveform';

export interface Scale {
    start: number;
    pps: number;
    width: number;
    height: number;
}

export interface Look {
    ground: string;
    text: string;
    dim: string;
    beat: string;
    downbeat: string;
    select: string;
    live: string;
    wave: WaveColors;
    font: string;
    laneHeight: number;
    /* Height of ruler and waveform together. */
    waveHeight: (total: number, lanes: number) => number;
}

export const RULER = 20;

interface Ground {
    duration: number;
    wave: Waveform | null;
    beats: Beats | null;
    loop: { enabled: boolean; start: number; end: number };
    laneCount: number;
}

export function drawGround(g: CanvasRenderingContext2D, s: Scale, d: Ground, look: Look) {
    const x = (t: number) => (t - s.start) * s.pps;
    const bottom = look.waveHeight(s.height, d.laneCount);
    g.fillStyle = look.ground;
    g.fillRect(0, 0, s.width, s.height);
    const end = s.start + s.width / s.pps;
    if (d.loop.end > d.loop.start) {
        const w = Math.max(1, (d.loop.end - d.loop.start) * s.pps);
        g.fillStyle = look.select;
        /* A loop of the whole track is the line above alone: a tint of everything says nothing. */
        const isAll = d.loop.end - d.loop.start > 0.99 * d.duration;
        g.globalAlpha = d.loop.enabled ? 0.16 : 0.06;
        if (!isAll) g.fillRect(x(d.loop.start), RULER, w, s.height);
        g.globalAlpha = d.loop.enabled ? 1 : 0.4;
        g.fillRect(x(d.loop.start), RULER - 3, w, 3);
        g.globalAlpha = 1;
    }
    if (d.beats) {
        drawBeats(g, s, d.beats, look, end);
        /* Among the blocks the beats are only a hint. */
        g.fillStyle = look.ground;
        g.globalAlpha = 0.6;
        g.fillRect(0, bottom, s.width, s.height - bottom);
        g.globalAlpha = 1;
    }
    if (d.wave) {
        const box = { x: 0, y: RULER + 4, w: s.width, h: bottom - RULER - 8 };
        drawWaveform(g, d.wave, box, { start: s.start, end }, look.wave);
    }
    drawRuler(g, s, d, look, end);
}

function drawBeats(g: CanvasRenderingContext2D, s: Scale, beats: Beats, look: Look, end: number) {
    const draw = (times: readonly number[], color: string, minPixels: number, from: number) => {
        const first = countUpTo(times, s.start);
        const last = countUpTo(times, end);
        if (last <= first) return;
        /* Too many lines are a grey wall: none then. */
        if (s.width / (last - first) < minPixels && last - first > 2) return;
        g.fillStyle = color;
        for (let i = first; i < last; i++) g.fillRect(Math.round((times[i]! - s.start) * s.pps), from, 1, s.height);
    };
    draw(beats.beats, look.beat, 7, RULER);
    draw(beats.downbeats, look.downbeat, 7, RULER - 6);
}

/* Seconds along the top; the bars' numbers under them, where there is room. */
function drawRuler(g: CanvasRenderingContext2D, s: Scale, d: Ground, look: Look, end: number) {
    g.font = look.font;
    g.textBaseline = 'middle';
    g.fillStyle = look.dim;
    const step = tickStep(s.pps);
    for (let t = Math.ceil(s.start / step) * step; t <= end; t += step) {
        const x = (t - s.start) * s.pps;
        g.fillRect(Math.round(x), 0, 1, 5);
        g.fillText(timeLabel(t, step < 1 ? 1 : 0), x + 4, 9);
    }
    const bars = d.beats?.downbeats ?? [];
    const first = countUpTo(bars, s.start);
    const last = countUpTo(bars, end);
    const room = last > first ? s.width / (last - first) : 0;
    const every = [1, 2, 4, 8, 16, 32].find((n) => n * room >= 34);
    if (!every) return;
    g.fillStyle = look.downbeat;
    for (let i = first; i < last; i++) {
        if (i % every === 0) g.fillText(String(i + 1), (bars[i]! - s.start) * s.pps + 4, RULER + 7);
    }
}

/* Where something is being put: a line, and what it says beside it. */
export function drawPut(g: CanvasRenderingContext2D, s: Scale, look: Look, t: number, text: string) {
    const at = (t - s.start) * s.pps;
    g.fillStyle = look.select;
    g.fillRect(Math.round(at) - 1, 0, 3, s.height);
    g.font = look.font;
    g.textBaseline = 'middle';
    const wide = g.measureText(text).width + 12;
    const left = Math.min(s.width - wide - 4, at + 6);
    g.fillStyle = look.ground;
    g.fillRect(left, 26, wide, 18);
    g.fillStyle = look.text;
    g.fillText(text, left + 6, 35);
}

/* The colour, this much darker. "#rrggbb" in, the same out. */
export function darker(color: string, by: number): string {
    const part = (at: number) => Math.round(parseInt(color.slice(at, at + 2), 16) * (1 - by)).toString(16).padStart(2, '0');
    return `#${part(1)}${part(3)}${part(5)}`;
}
/* A daylight theme: on bright ground the pale colours that glow in the dark would be lost. */
export function isBright(ground: string): boolean {
    const part = (at: number) => parseInt(ground.trim().slice(at, at + 2), 16) || 0;
    return 0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5) > 128;
}
/* As much of a text as there is room for, with a sign that there is more; nothing where not even a letter fits. */
export function fitted(text: string, room: number, measure: (text: string) => number): string {
    if (measure(text) <= room) return text;
    const letters = [...text];
    let low = 0;
    let high = letters.length - 1;
    while (low < high) {
        const mid = Math.ceil((low + high) / 2);
        if (measure(`${letters.slice(0, mid).join('').trimEnd()}…`) <= room) low = mid;
        else high = mid - 1;
    }
    return low > 0 ? `${letters.slice(0, low).join('').trimEnd()}…` : '';
}

interface Blocks {
    blocks: (Block & { label: string; color: string })[];
    laneCount: number;
    selected: string | null;
}

export function drawBlocks(g: CanvasRenderingContext2D, s: Scale, d: Blocks, look: Look, hidden: string | null) {
    const top = look.waveHeight(s.height, d.laneCount);
    const isLight = isBright(look.ground);
    const measure = (text: string) => g.measureText(text).width;
    g.font = look.font;
    g.textBaseline = 'middle';
    for (const b of d.blocks) {
        if (b.id === hidden) continue;
        const x = (b.start - s.start) * s.pps;
        const w = Math.max(2, (b.end - b.start) * s.pps - 1);
        if (x + w < 0 || x > s.width) continue;
        const y = top + b.lane * look.laneHeight + 2;
        const h = look.laneHeight - 4;
        const isChosen = b.id === d.selected;
        g.save();
        g.beginPath();
        g.roundRect(x, y, w, h, 4);
        g.fillStyle = look.ground;
        g.fill();
        const edge = isLight ? darker(b.color, 0.4) : b.color;
        g.fillStyle = b.color;
        g.globalAlpha = isLight ? 0.45 : isChosen ? 0.5 : 0.28; /* dark text stays readable on the darkest colour */
        g.fill();
        g.globalAlpha = 1;
        g.lineWidth = isChosen ? 2 : 1;
        g.strokeStyle = isChosen ? look.select : edge;
        g.stroke();
        g.clip();
        g.fillStyle = edge;
        g.fillRect(x, y, 4, h);
        g.fillStyle = look.text;
        const from = Math.max(x, 0) + 10;
        const label = fitted(b.label, Math.min(x + w, s.width) - from - 4, measure);
        if (label) g.fillText(label, from, y + h / 2);
        g.restore();
    }
}
