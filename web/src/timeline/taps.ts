/* Taps on the beat, as they come: which belong together, and how fast they are. lumad makes the grid of them. Pure. */

/* A new try: nobody taps that slowly, and a seek leads elsewhere. */
const BREAK_S = 3.5;

export class Taps {
    static readonly LEAST = 4;
    static readonly MOST = 1000;
    times: number[] = [];

    add(t: number) {
        const last = this.times.at(-1);
        if (last !== undefined && (t < last || t - last > BREAK_S)) this.times = [];
        if (t === this.times.at(-1)) return; /* the music stands still */
        this.times = [...this.times.slice(1 - Taps.MOST), t];
    }

    clear() {
        this.times = [];
    }

    /* Of the middle interval; null with fewer than three taps. */
    get bpm(): number | null {
        const gaps = this.times.slice(1).map((t, i) => t - this.times[i]!);
        if (gaps.length < 2) return null;
        gaps.sort((a, b) => a - b);
        const mid = (gaps[(gaps.length - 1) >> 1]! + gaps[gaps.length >> 1]!) / 2;
        return mid > 0 ? 60 / mid : null;
    }
}
