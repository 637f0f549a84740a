/* Musical position from a beat grid. Bars and beats are counted from 1, as musicians do. */
import type { Beats } from '../api/types';

export interface BeatPosition {
    index: number; /* of the last beat at or before t, -1 before the first */
    phase: number; /* 0..1 towards the next */
    bar: number; /* 1 = from the first downbeat, 0 or less before it */
    beat: number; /* in the bar, from 1 */
    perBar: number;
    bpm: number;
}

/* How many of the sorted values are <= t. */
export function countUpTo(sorted: readonly number[], t: number): number {
    let lo = 0;
    let hi = sorted.length;
    while (lo < hi) {
        const mid = (lo + hi) >> 1;
        if (sorted[mid]! <= t) lo = mid + 1;
        else hi = mid;
    }
    return lo;
}

/* Stored times are rounded; a beat a hair ahead is the beat itself. */
const HAIR = 1e-4;

export function beatAt(grid: Beats, t: number): BeatPosition | null {
    const { beats, downbeats } = grid;
    const first = beats[0];
    const second = beats[1];
    if (first === undefined || second === undefined) return null;
    const perBar = grid.beats_per_bar || 4;
    const n = countUpTo(beats, t + HAIR);
    const index = n - 1;
    let phase: number;
    let interval: number;
    if (n === 0) {
        interval = second - first;
        const back = (t - first) / interval;
        phase = back - Math.floor(back);
    } else {
        const from = beats[index]!;
        const to = beats[n];
        interval = to !== undefined ? to - from : from - beats[index - 1]!;
        const ahead = (t - from) / interval;
        phase = Math.min(1, Math.max(0, to !== undefined ? ahead : ahead - Math.floor(ahead)));
    }
    const bar = countUpTo(downbeats, t + HAIR);
    const barStart = bar > 0 ? countUpTo(beats, downbeats[bar - 1]! + HAIR) - 1 : -1;
    const beforeFirst = downbeats.length ? countUpTo(beats, downbeats[0]! + HAIR) - 1 : 0;
    const beat =
        barStart >= 0
            ? ((index - barStart) % perBar) + 1
            : ((((index - beforeFirst) % perBar) + perBar) % perBar) + 1;
    return { index, phase, bar, beat, perBar, bpm: 60 / interval };
}

/* The beat (or downbeat) to jump to from t: dir 1 forward, -1 back. Going back from just
 * behind a beat means the one before it, else a key pressed twice would not move. */
export function neighbour(times: readonly number[], t: number, dir: 1 | -1): number | null {
    if (dir > 0) return times[countUpTo(times, t + 0.01)] ?? null;
    const n = countUpTo(times, t - 0.12);
    return n > 0 ? times[n - 1]! : null;
}

export function nearest(times: readonly number[], t: number): number | null {
    const n = countUpTo(times, t);
    const a = times[n - 1];
    const b = times[n];
    if (a === undefined) return b ?? null;
    if (b === undefined) return a;
    return t - a <= b - t ? a : b;
}
