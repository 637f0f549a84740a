/* The lanes of what was heard in a track, below its waveform. Each draws what it is given; keeps nothing. */
import type { Beats, Chord, Features, Marker } from '../api/types';
import { countUpTo } from './beats';
import { fitted, isBright, type Scale } from './paint';
import type { TimelineRow } from './timeline';
import { drawWaveform, type Waveform } from './waveform';

const end = (s: Scale) => s.start + s.width / s.pps;
const x = (s: Scale, t: number) => (t - s.start) * s.pps;

function words(g: CanvasRenderingContext2D, text: string, left: number, right: number, y: number) {
    const from = Math.max(0, left) + 5;
    const shown = fitted(text, right - from - 3, (t) => g.measureText(t).width);
    if (shown && (shown === text || right - left > 34)) g.fillText(shown, from, y);
}

/* Every beat, the first of a bar tall and with its number; where they would be a wall, bars alone. */
export function gridRow(grid: Beats, height: number, isOpen: boolean): TimelineRow {
    return {
        height,
        paint(g, s, top, look) {
            const marks = (times: readonly number[], color: string, from: number, wide: number, least: number) => {
                const first = countUpTo(times, s.start - 0.1);
                const last = countUpTo(times, end(s));
                const room = last > first ? s.width / (last - first) : 0;
                if (room < least && last - first > 2) return;
                g.fillStyle = color;
                for (let i = first; i < last; i++) g.fillRect(Math.round(x(s, times[i]!) - wide / 2), from, wide, top + height - from);
            };
            if (isOpen) {
                g.fillStyle = look.select;
                g.globalAlpha = 0.14;
                g.fillRect(0, top, s.width, height);
                g.globalAlpha = 1;
            }
            marks(grid.beats, isOpen ? look.text : look.dim, top + height * 0.6, isOpen ? 3 : 1, 4);
            marks(grid.downbeats, isOpen ? look.select : look.text, top + height * 0.3, 3, 3);
            const first = countUpTo(grid.downbeats, s.start - 0.1);
            const last = countUpTo(grid.downbeats, end(s));
            const room = last > first ? s.width / (last - first) : 0;
            const every = [1, 2, 4, 8, 16, 32, 64].find((n) => n * room >= 30);
            if (!every) return;
            g.font = look.font;
            g.textBaseline = 'middle';
            g.fillStyle = look.text;
            for (let i = first; i < last; i++) if (i % every === 0) g.fillText(String(i + 1), x(s, grid.downbeats[i]!) + 5, top + 7);
        },
    };
}

/* The range a tempo curve is drawn in: never so small that a steady tempo looks wild. */
function tempoRange(curve: readonly (readonly [number, number])[]): [number, number] {
    const bpm = curve.map((p) => p[1]);
    const low = Math.min(...bpm);
    const high = Math.max(...bpm);
    const spare = Math.max(1, (high - low) * 0.15, high * 0.01);
    return [low - spare, high + spare];
}

export function tempoRow(curve: readonly (readonly [number, number])[], height: number): TimelineRow {
    return {
        height,
        paint(g, s, top, look) {
            if (!curve.length) return;
            const [low, high] = tempoRange(curve);
            const y = (bpm: number) => top + 4 + (1 - (bpm - low) / (high - low)) * (height - 8);
            g.beginPath();
            g.moveTo(0, y(curve[0]![1]));
            for (const [t, bpm] of curve) {
                g.lineTo(x(s, t), y(bpm));
            }
            g.lineTo(s.width, y(curve.at(-1)![1]));
            g.strokeStyle = look.wave.mid;
            g.lineWidth = 1.5;
            g.stroke();
            g.font = look.font;
            g.textBaseline = 'middle';
            g.fillStyle = look.text;
            /* Numbers where there is room for them. */
            let free = -Infinity;
            for (const [t, bpm] of curve) {
                const at = Math.max(4, x(s, t) + 4);
                if (x(s, t) > s.width || at < free) continue;
                const next = curve.find((p) => p[0] > t);
                if (next && x(s, next[0]) < 0) continue;
                const text = bpm.toFixed(1);
                g.fillText(text, at, y(bpm) > top + height / 2 ? y(bpm) - 8 : y(bpm) + 8);
                free = at + g.measureText(text).width + 24;
            }
        },
    };
}

/* Fifths side by side on the wheel: related chords have related colours. */
const rootHue = (root: number) => ((root * 7) % 12) * 30;

export function chordRow(chords: readonly Chord[], height: number, isNight: boolean): TimelineRow {
    return {
        height,
        paint(g, s, top, look) {
            const isLight = isBright(look.ground);
            g.font = look.font;
            g.textBaseline = 'middle';
            for (const c of chords) {
                if (c.end < s.start || c.start > end(s)) continue;
                const left = x(s, c.start);
                const w = Math.max(1, x(s, c.end) - left - 1);
                if (c.root !== null) {
                    const hue = rootHue(c.root);
                    g.fillStyle = isNight ? `hsl(8 70% ${12 + hue / 18}%)` : `hsl(${hue} 55% ${isLight ? 78 : 32}%)`;
                    g.globalAlpha = c.confidence != null ? 0.45 + 0.55 * c.confidence : 1;
                    g.fillRect(left, top + 3, w, height - 5);
                    g.globalAlpha = 1;
                }
                g.fillStyle = c.root !== null ? look.text : look.dim;
                words(g, c.root !== null ? c.label : 'N', left, left + w, top + height / 2 + 1);
            }
        },
    };
}

const LOUD: Record<string, number> = { intro: 0.25, verse: 0.4, build: 0.6, drop: 1, break: 0.3, outro: 0.2 };

export function sectionRow(sections: readonly { start: number; end: number; label: string }[], drops: readonly number[], height: number): TimelineRow {
    return {
        height,
        paint(g, s, top, look) {
            g.font = look.font;
            g.textBaseline = 'middle';
            for (const part of sections) {
                if (part.end < s.start || part.start > end(s)) continue;
                const left = x(s, part.start);
                const w = Math.max(1, x(s, part.end) - left - 1);
                g.fillStyle = look.select;
                g.globalAlpha = 0.12 + 0.4 * (LOUD[part.label] ?? 0.35);
                g.fillRect(left, top + 3, w, height - 5);
                g.globalAlpha = 1;
                g.fillStyle = look.text;
                words(g, part.label.charAt(0).toUpperCase() + part.label.slice(1), left, left + w, top + height / 2 + 1);
            }
            g.fillStyle = look.live;
            for (const t of drops) {
                const at = x(s, t);
                if (at < -8 || at > s.width + 8) continue;
                g.beginPath();
                g.moveTo(at - 5, top + 1);
                g.lineTo(at + 5, top + 1);
                g.lineTo(at, top + 9);
                g.fill();
            }
        },
    };
}

/* Loudness from this to full scale, in LUFS. */
const QUIET = -40;

export function energyRow(energy: Features['energy'], loudness: Features['loudness'], height: number): TimelineRow {
    return {
        height,
        paint(g, s, top, look) {
            g.fillStyle = look.wave.low;
            g.globalAlpha = 0.55;
            for (const [from, to, value] of energy?.bars ?? []) {
                if (to < s.start || from > end(s)) continue;
                const h = Math.max(1, value * (height - 6));
                g.fillRect(x(s, from), top + height - 1 - h, Math.max(1, x(s, to) - x(s, from) - (s.pps > 6 ? 1 : 0)), h);
            }
            g.globalAlpha = 1;
            if (!loudness?.lufs.length || !(loudness.rate > 0)) return;
            g.beginPath();
            for (let px = 0; px <= s.width; px += 2) {
                const from = Math.floor((s.start + px / s.pps) * loudness.rate);
                const to = Math.max(from + 1, Math.floor((s.start + (px + 2) / s.pps) * loudness.rate));
                let most = -Infinity;
                for (let i = Math.max(0, from); i < Math.min(loudness.lufs.length, to); i++) most = Math.max(most, loudness.lufs[i] ?? -Infinity);
                if (most === -Infinity && from >= loudness.lufs.length) break;
                const level = Math.min(1, Math.max(0, 1 - most / QUIET));
                const y = top + height - 2 - level * (height - 6);
                if (px) g.lineTo(px, y);
                else g.moveTo(px, y);
            }
            g.strokeStyle = look.wave.high;
            g.lineWidth = 1;
            g.stroke();
        },
    };
}

export function drumRow(onsets: NonNullable<Features['onsets']>, height: number): TimelineRow {
    return {
        height,
        paint(g, s, top, look) {
            const kinds: [[number, number][] | undefined, string][] = [
                [onsets.kick, look.wave.low],
                [onsets.snare, look.wave.mid],
                [onsets.hihat, look.wave.high],
            ];
            const each = (height - 3) / kinds.length;
            kinds.forEach(([list, color], row) => {
                g.fillStyle = color;
                for (const [t, strength] of list ?? []) {
                    if (t < s.start - 0.1) continue;
                    if (t > end(s)) break;
                    const h = Math.max(2, strength * (each - 3));
                    g.globalAlpha = 0.4 + 0.6 * strength;
                    g.fillRect(Math.round(x(s, t)), top + 2 + (row + 1) * each - h - 1, s.pps > 40 ? 3 : s.pps > 12 ? 2 : 1, h);
                }
            });
            g.globalAlpha = 1;
        },
    };
}

export function markerRow(markers: readonly Marker[], height: number, picked: string | null): TimelineRow {
    return {
        height,
        marks: markers.map((m) => ({ id: m.id, start: m.start_time, end: m.end_time })),
        paint(g, s, top, look) {
            g.font = look.font;
            g.textBaseline = 'middle';
            for (const [i, m] of markers.entries()) {
                const left = x(s, m.start_time);
                if (left > s.width || (m.end_time === null && left < -200) || (m.end_time !== null && m.end_time < s.start)) continue;
                g.fillStyle = m.color ?? look.select;
                if (m.end_time !== null) {
                    g.globalAlpha = 0.35;
                    g.fillRect(left, top + 3, Math.max(2, x(s, m.end_time) - left), height - 5);
                    g.globalAlpha = 1;
                }
                g.fillRect(left, top + 2, 3, height - 3);
                /* A flag, to be taken hold of. */
                g.beginPath();
                g.moveTo(left, top + 2);
                g.lineTo(left + 9, top + 2);
                g.lineTo(left, top + 11);
                g.fill();
                if (m.id === picked) {
                    g.strokeStyle = look.select;
                    g.lineWidth = 2;
                    const wide = m.end_time !== null ? Math.max(8, x(s, m.end_time) - left) : 10;
                    g.strokeRect(left - 2, top + 2, wide + 3, height - 4);
                }
                g.fillStyle = look.text;
                const next = markers[i + 1];
                words(g, m.name, left + 6, Math.min(s.width, next ? x(s, next.start_time) : s.width), top + height / 2 + 1);
            }
        },
    };
}

/* A lane that has nothing to draw (yet) keeps its place. */
export const emptyRow = (height: number): TimelineRow => ({ height, paint: () => undefined });

/* One separated part; what is not heard of it is faint. */
export function waveRow(wave: Waveform, height: number, isHeard: boolean): TimelineRow {
    return {
        height,
        paint(g, s, top, look) {
            g.globalAlpha = isHeard ? 1 : 0.28;
            drawWaveform(g, wave, { x: 0, y: top + 2, w: s.width, h: height - 4 }, { start: s.start, end: end(s) }, look.wave);
            g.globalAlpha = 1;
        },
    };
}
