/* What a block's new place means for its row. Moved as a whole it takes its origin along; an edge that is pulled leaves it, so that the look inside stays where it was. */
import type { Annotation } from '../../api/types';

const SAME = 1e-6; /* seconds */

export function placedAt(a: Pick<Annotation, 'start_time' | 'end_time' | 'origin_time'>, start: number, end: number): Partial<Annotation> {
    const by = start - a.start_time;
    const isMoved = Math.abs(end - a.end_time - by) < SAME && Math.abs(by) >= SAME;
    return { start_time: start, end_time: end, ...(isMoved && a.origin_time !== null ? { origin_time: a.origin_time + by } : {}) };
}
