/*
 * What a fixture looks like, by the type of its definition and what its heads can do. Pure.
 * Where the type is missing (no definition) or says nothing, the heads decide.
 */
import type { Head } from '../api/types';

export const KINDS = ['par', 'moving', 'scanner', 'bar', 'panel', 'strobe', 'lamp', 'laser', 'hazer', 'fan', 'effect', 'other'] as const;
export type Kind = (typeof KINDS)[number];

const BY_TYPE: Record<string, Kind> = {
    moving_head: 'moving', scanner: 'scanner', bar: 'bar', par: 'par', strobe: 'strobe', dimmer: 'lamp', effect: 'effect', laser: 'laser',
    smoke: 'hazer', hazer: 'hazer', fan: 'fan',
};

/* How light leaves a head: how far it is seen in the air, the tangent of half its angle, its strength there, the radius of its lens in metres,
 * and how far before the head's place the lens is. */
export interface Optics {
    reach: number;
    spread: number;
    strength: number;
    lens: number;
    ahead: number;
}
const spread = (degrees: number) => Math.tan((degrees / 2) * (Math.PI / 180));
export const OPTICS: Record<Kind, Optics> = {
    par: { reach: 9, spread: spread(24), strength: 0.85, lens: 0.085, ahead: 0.13 },
    moving: { reach: 13, spread: spread(9), strength: 1.15, lens: 0.075, ahead: 0.17 },
    scanner: { reach: 12, spread: spread(10), strength: 1, lens: 0.06, ahead: 0.08 },
    bar: { reach: 4.5, spread: spread(20), strength: 0.5, lens: 0.035, ahead: 0.05 },
    panel: { reach: 4, spread: spread(30), strength: 0.3, lens: 0.045, ahead: 0.05 },
    strobe: { reach: 6, spread: spread(80), strength: 0.35, lens: 0.13, ahead: 0.07 },
    lamp: { reach: 9, spread: spread(26), strength: 0.8, lens: 0.08, ahead: 0.15 },
    laser: { reach: 16, spread: spread(0.4), strength: 1.6, lens: 0.02, ahead: 0.13 },
    hazer: { reach: 0, spread: 0, strength: 0, lens: 0, ahead: 0 },
    fan: { reach: 0, spread: 0, strength: 0, lens: 0, ahead: 0 },
    effect: { reach: 7, spread: spread(40), strength: 0.5, lens: 0.09, ahead: 0.1 },
    other: { reach: 8, spread: spread(24), strength: 0.8, lens: 0.07, ahead: 0.12 },
};

const MANY = 4; /* heads that make one body of many lights, and not some bodies side by side */

export function kindOf(type: string | null | undefined, heads: readonly Head[]): Kind {
    const known = BY_TYPE[type ?? ''];
    if (known === 'bar' || ((known === 'par' || !known) && heads.length >= MANY)) return isPanel(heads) ? 'panel' : 'bar';
    if (known) return known;
    const can = new Set(heads.flatMap((h) => h.capabilities));
    if (can.has('movement')) return 'moving';
    if (can.has('color')) return 'par';
    return can.has('dimmer') ? 'lamp' : 'other';
}

/* Heads in rows and columns. */
function isPanel(heads: readonly Head[]): boolean {
    const s = spanOf(heads);
    return heads.length >= 9 && s.width > 0.15 && s.height > 0.15;
}

/* A body for every head, or one for all. */
export const isPerHead = (kind: Kind, heads: number): boolean =>
    kind === 'par' || kind === 'lamp' || (kind === 'moving' && heads > 0 && heads <= MANY);

/* Between the outermost heads, metres in the fixture's own plane. Of a turned fixture too: along its own axes. */
export function spanOf(heads: readonly Head[]): { width: number; height: number } {
    const first = heads[0];
    if (!first) return { width: 0, height: 0 };
    const [cx, sx, cy, sy, cz, sz] = [
        Math.cos(first.rot_x), Math.sin(first.rot_x), Math.cos(first.rot_y), Math.sin(first.rot_y), Math.cos(first.rot_z), Math.sin(first.rot_z),
    ];
    let [lowU, highU, lowV, highV] = [Infinity, -Infinity, Infinity, -Infinity];
    for (const h of heads) {
        const [x, y, z] = [h.x - first.x, h.y - first.y, h.z - first.z];
        const u = cz * cy * x + sz * cy * y - sy * z;
        const v = (cz * sy * sx - sz * cx) * x + (sz * sy * sx + cz * cx) * y + cy * sx * z;
        [lowU, highU] = [Math.min(lowU, u), Math.max(highU, u)];
        [lowV, highV] = [Math.min(lowV, v), Math.max(highV, v)];
    }
    return { width: highU - lowU, height: highV - lowV };
}
