/*
 * How well the stage is drawn. A picture is made of steps of a ladder; by itself the stage stands as high on it as the machine holds, and goes down
 * before hands are kept waiting. Pure.
 */
export const QUALITIES = ['auto', 'low', 'medium', 'high'] as const;
export type Quality = (typeof QUALITIES)[number];

export interface Step {
    name: string;
    /* Pixels of the picture for one of the page, at most. */
    ratio: number;
    /* Grain in the haze, and no bands in its fall-off. */
    isFine: boolean;
    /* Light in the air as wide as it is, or a ray of it: from where to where, in its colour, for next to no pixels. */
    beams: 'wide' | 'ray';
    /* Least time between two pictures: the rest belongs to the hands. */
    restMs: number;
}
/* From what any machine can draw to the best. */
export const LADDER: readonly Step[] = [
    { name: 'lowest', ratio: 0.4, isFine: false, beams: 'ray', restMs: 45 },
    { name: 'very low', ratio: 0.4, isFine: false, beams: 'wide', restMs: 40 },
    { name: 'low', ratio: 0.55, isFine: false, beams: 'wide', restMs: 30 },
    { name: 'reduced', ratio: 0.75, isFine: false, beams: 'wide', restMs: 20 },
    { name: 'medium', ratio: 1, isFine: false, beams: 'wide', restMs: 0 },
    { name: 'good', ratio: 1, isFine: true, beams: 'wide', restMs: 0 },
    { name: 'high', ratio: 1.5, isFine: true, beams: 'wide', restMs: 0 },
    { name: 'best', ratio: 2, isFine: true, beams: 'wide', restMs: 0 },
];
/* Where nothing moves for a while a weak machine has time for one good picture. */
export const STILL: Step = { name: 'still', ratio: 1, isFine: false, beams: 'wide', restMs: 0 };
export const STILL_MS = 900;

const FIXED: Record<Exclude<Quality, 'auto'>, number> = { low: 2, medium: 4, high: 7 };
const FIRST = { weak: 2, strong: 6 };

/* A picture every 66 ms are the 15 a second that are promised; it goes down before that. */
const SLOW_MS = 54;
const VERY_SLOW_MS = 110;
const QUICK_MS = 24;
const MOST_MS = 250; /* more is a page that was away */
const QUICK_FOR_MS = 4000;
const SETTLE = 3; /* pictures after a change that say nothing */
const LATE = 3; /* slow ones on end before it goes down: a single one was something else */
const AGAIN_MS = 30_000; /* before a step that was too much is tried again; doubled each time it was */

export class Tuner {
    private at: number;
    private mean = 0;
    private pictures = 0;
    private quickSince = 0;
    private wait = AGAIN_MS;
    private notBefore = 0;
    private late = 0; /* slow ones on end */
    private hasClimbed = false;

    /* isWeak: there is no graphics hardware; it begins low, and may climb. */
    constructor(
        private quality: Quality,
        private readonly isWeak: boolean,
    ) {
        this.at = quality === 'auto' ? (isWeak ? FIRST.weak : FIRST.strong) : FIXED[quality];
    }

    get step(): Step {
        return LADDER[this.at]!;
    }
    get index(): number {
        return this.at;
    }

    set(quality: Quality) {
        if (quality === this.quality) return;
        this.quality = quality;
        this.at = quality === 'auto' ? (this.isWeak ? FIRST.weak : FIRST.strong) : FIXED[quality];
        this.reset(0);
    }

    /* A picture took so long. True: the step is another one now. */
    report(took: number, nowMs: number): boolean {
        if (this.quality !== 'auto') return false;
        const ms = Math.min(took, MOST_MS);
        if (++this.pictures <= SETTLE) {
            this.mean = ms;
            return false;
        }
        this.mean += (ms - this.mean) * 0.2;
        this.late = ms > SLOW_MS ? this.late + 1 : 0;
        if (this.mean > SLOW_MS && this.late >= LATE && this.at > 0) {
            this.at = Math.max(0, this.at - (this.mean > VERY_SLOW_MS ? 2 : 1));
            if (this.hasClimbed) this.wait *= 2;
            this.hasClimbed = false;
            this.notBefore = nowMs + this.wait;
            this.reset(nowMs);
            return true;
        }
        if (this.mean > QUICK_MS) this.quickSince = nowMs;
        const isBetterAllowed = this.at < LADDER.length - 1 && nowMs >= this.notBefore;
        if (isBetterAllowed && nowMs - this.quickSince > QUICK_FOR_MS) {
            this.at++;
            this.hasClimbed = true;
            this.reset(nowMs);
            return true;
        }
        return false;
    }

    private reset(nowMs: number) {
        this.late = 0;
        this.pictures = 0;
        this.mean = 0;
        this.quickSince = nowMs;
    }
}
