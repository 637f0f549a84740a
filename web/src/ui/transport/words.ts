/* What the transport says and reckons. Pure. */
import type { Beats, TransportState } from '../../api/types';
import { countUpTo } from '../../timeline/beats';

export interface StateWords {
    text: string;
    help: string;
    isBad: boolean;
}

const STATES: Partial<Record<TransportState, StateWords>> = {
    starting: { text: 'Starting', help: 'The sound output is being opened', isBad: false },
    seeking: { text: 'Seeking', help: 'The jump is on its way', isBad: false },
    lost: {
        text: 'Sound lost, the clock goes on',
        help: 'The sound output does not answer. Light and position go on by the clock of the machine; sound returns when the output does. Settings, Sound shows it.',
        isBad: true,
    },
};
export const stateWords = (state: TransportState): StateWords | null => STATES[state] ?? null;

/* Tenths of a percent from the original speed. */
export function rateText(rate: number): string {
    const percent = Math.round((rate - 1) * 1000) / 10;
    return `${percent > 0 ? '+' : percent < 0 ? '\u2212' : ''}${Math.abs(percent).toFixed(1)}\u202f%`;
}

const signed = (db: number) => {
    const text = Math.abs(db).toFixed(1);
    return text === '0.0' ? text : `${db < 0 ? '\u2212' : '+'}${text}`;
};
export const dbText = (db: number) => (db <= -60 ? '\u2212\u221e' : signed(db));

/* A level on a meter: silence has no number. */
export const levelText = (db: number | null | undefined) => (db == null || !(db > -119) ? '\u2212\u221e' : signed(db));

export interface Span {
    start: number;
    end: number;
}

/* Where bar i (from 0) begins; beyond the last known one the last bar's length goes on. */
function barStart(bars: readonly number[], i: number): number {
    const last = bars.length - 1;
    if (i <= last) return bars[i]!;
    return bars[last]! + (i - last) * (bars[last]! - bars[last - 1]!);
}

/* So many bars from the one the music is in; shorter where the track ends. null: there are none. */
export function barsLoop(grid: Beats | null, t: number, bars: number, duration: number): Span | null {
    const all = grid?.downbeats ?? [];
    if (all.length < 2) return null;
    const first = Math.min(all.length - 1, Math.max(0, countUpTo(all, t + 1e-4) - 1));
    const start = all[first]!;
    const end = Math.min(duration, barStart(all, first + bars));
    return end - start > 0.05 ? { start, end } : null;
}

/* Half or twice as long, from where it begins. null: shorter than a loop may be, or beyond the end. */
export function scaledLoop(loop: Span, factor: number, duration: number): Span | null {
    const end = loop.start + (loop.end - loop.start) * factor;
    return end - loop.start < 0.05 || end > duration + 1e-3 ? null : { start: loop.start, end: Math.min(end, duration) };
}

/* How many whole bars a loop has; null: none, or no whole number of them. */
export function loopBars(grid: Beats | null, loop: Span): number | null {
    const all = grid?.downbeats ?? [];
    if (all.length < 2) return null;
    const first = all.findIndex((t) => Math.abs(t - loop.start) < 0.02);
    if (first < 0) return null;
    for (let n = 1; n <= 256; n++) {
        const end = barStart(all, first + n);
        if (Math.abs(end - loop.end) < 0.02) return n;
        if (end > loop.end) return null;
    }
    return null;
}

/* Seconds of the wall until the track takes leave, at this speed. */
export const secondsLeft = (duration: number, position: number, rate: number, crossfade: number) => Math.max(0, (duration - crossfade - position) / (rate || 1));
