/*
 * Where the light that was sent is not the one that was meant. A head differs when it did so for some frames on end: one frame may be a step of a chase
 * that the wire has a moment later. Pure.
 */
import type { Frame } from '../api/binary';
import type { Head } from '../api/types';

/* Frames on end: 0.3 s at the rate of the stage. Then it is told, and told for as long. */
export const FRAMES = 9;
const LIGHT = 36; /* of 255: less is the rounding of curves and mixing */
const DEGREES = 6;

export interface Difference {
    head: number;
    meant: string;
    sent: string;
}

const light = (f: Frame, i: number, c: Uint8Array) => ((c[i] ?? 0) * (f.intensity[i] ?? 0)) / 255;

export class Differ {
    private since = new Uint8Array(0);
    private seq = -1;
    /* Heads that differ, by their place in the frame. */
    readonly now = new Set<number>();

    /* Both of one moment, else nothing is said. True: `now` is another. */
    compare(meant: Frame, sent: Frame, heads: readonly Head[]): boolean {
        const n = Math.min(meant.count, sent.count, heads.length);
        if (meant.patch !== sent.patch || meant.seq !== sent.seq || meant.seq === this.seq || !n) return false;
        if (this.since.length !== n) {
            this.since = new Uint8Array(n);
            this.now.clear();
        }
        this.seq = meant.seq;
        let isNew = false;
        for (let i = 0; i < n; i++) {
            const differs = differsAt(meant, sent, i, heads[i]!);
            this.since[i] = differs ? Math.min(FRAMES, this.since[i]! + 1) : Math.max(0, this.since[i]! - 3);
            if (this.since[i] === FRAMES && !this.now.has(i)) isNew = !!this.now.add(i);
            else if (this.since[i] === 0 && this.now.delete(i)) isNew = true;
        }
        return isNew;
    }

    clear() {
        this.since.fill(0);
        this.now.clear();
    }
}

function differsAt(a: Frame, b: Frame, i: number, head: Head): boolean {
    const can = head.capabilities;
    if (can.includes('color')) {
        if (Math.abs(light(a, i, a.r) - light(b, i, b.r)) > LIGHT) return true;
        if (Math.abs(light(a, i, a.g) - light(b, i, b.g)) > LIGHT) return true;
        if (Math.abs(light(a, i, a.b) - light(b, i, b.b)) > LIGHT) return true;
    } else if (Math.abs((a.intensity[i] ?? 0) - (b.intensity[i] ?? 0)) > LIGHT) {
        return true;
    }
    if (!can.includes('movement')) return false;
    return Math.abs(a.pan[i]! - b.pan[i]!) > DEGREES || Math.abs(a.tilt[i]! - b.tilt[i]!) > DEGREES;
}

const NAMES: readonly [string, number, number, number][] = [
    ['white', 1, 1, 1], ['red', 1, 0, 0], ['orange', 1, 0.45, 0], ['yellow', 1, 0.9, 0], ['green', 0, 1, 0], ['cyan', 0, 1, 1],
    ['blue', 0, 0, 1], ['violet', 0.5, 0, 1], ['magenta', 1, 0, 1], ['pink', 1, 0.4, 0.7],
];

/* "60 % red", "dark"; where it points, for heads that move. */
export function lightWords(f: Frame, i: number, head: Head): string {
    const level = f.intensity[i] ?? 0;
    const parts: string[] = [];
    if (level < 3) parts.push('dark');
    else if (!head.capabilities.includes('color')) parts.push(`${Math.round(level / 2.55)} %`);
    else parts.push(`${Math.round(level / 2.55)} % ${colorName(f.r[i]!, f.g[i]!, f.b[i]!)}`);
    if (head.capabilities.includes('movement')) parts.push(`pan ${Math.round(f.pan[i]!)}°, tilt ${Math.round(f.tilt[i]!)}°`);
    return parts.join(', ');
}

export function colorName(r: number, g: number, b: number): string {
    const top = Math.max(r, g, b, 1);
    let best = 'white';
    let least = Infinity;
    for (const [name, x, y, z] of NAMES) {
        const d = (r / top - x) ** 2 + (g / top - y) ** 2 + (b / top - z) ** 2;
        if (d < least) [least, best] = [d, name];
    }
    return best;
}
