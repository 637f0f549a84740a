/* Whose the bytes of a universe are. Pure. */
import type { SlotOrigin, UniverseState } from '../../api/types';
import { ORIGINS, type Origin } from '../../view/dmxgrid';

/* Per slot an index of ORIGINS. */
export function originsOf(list: readonly SlotOrigin[]): Uint8Array {
    const out = new Uint8Array(512);
    for (const o of list) out.fill(Math.max(0, ORIGINS.indexOf(o.from)), o.first - 1, o.first - 1 + o.slots);
    return out;
}

const WORDS: Record<Origin, string> = { own: 'made by lumad', input: 'received', park: 'parked', test: 'under test' };
export const originText = (o: Origin): string => WORDS[o];

/* How often, and over how many outputs. */
export function sentText(u: Pick<UniverseState, 'fps' | 'outputs'>): string {
    const n = u.outputs.length;
    return `${u.fps.toFixed(1)} frames a second, ${n === 0 ? 'sent nowhere' : `to ${n} output${n === 1 ? '' : 's'}`}`;
}
