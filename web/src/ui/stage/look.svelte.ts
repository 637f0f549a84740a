/* How the stage is seen in this browser: quality, haze, names, measures, the raster on which drags stop. Kept in the browser. */
import { SNAPS } from '../../view/drag';
import type { Labels } from '../../view/over';
import { QUALITIES, type Quality } from '../../view/quality';

const KEY = 'lumad.stagelook';
export const LABELS: readonly Labels[] = ['none', 'name', 'address', 'both'];

interface Stored {
    quality: Quality;
    haze: number;
    labels: Labels;
    measures: boolean;
    step: number;
    isEach: boolean;
}
const FIRST: Stored = { quality: 'auto', haze: 0.5, labels: 'none', measures: false, step: 0.25, isEach: false };

/* What is not what it should be is as it was at first. */
export function readLook(text: string | null): Stored {
    let o: Partial<Record<keyof Stored, unknown>> = {};
    try {
        o = (JSON.parse(text ?? '{}') as typeof o) ?? {};
    } catch {
        /* not ours */
    }
    const one = <T>(all: readonly T[], v: unknown, first: T) => all.find((a) => a === v) ?? first;
    return {
        quality: one(QUALITIES, o.quality, FIRST.quality),
        haze: typeof o.haze === 'number' && o.haze >= 0 && o.haze <= 1 ? o.haze : FIRST.haze,
        labels: one(LABELS, o.labels, FIRST.labels),
        measures: o.measures === true,
        step: one<number>(SNAPS, o.step, FIRST.step),
        isEach: o.isEach === true,
    };
}

class StageLook {
    now = $state.raw<Stored>(readLook(localStorage.getItem(KEY)));

    set = (change: Partial<Stored>) => {
        this.now = { ...this.now, ...change };
        localStorage.setItem(KEY, JSON.stringify(this.now));
    };
}

export const stageLook = new StageLook();
