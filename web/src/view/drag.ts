/* What a drag, an arrow key or a number makes of the places of what is chosen. Pure. Metres and radians. */
import { eulerOf, rotation, times, apply } from './geometry';
import { AXES, snap, tidy, type Axis, type Point } from './layout';

export interface Placement extends Point {
    rot_x: number;
    rot_y: number;
    rot_z: number;
}
export type Places = ReadonlyMap<string, Placement>;
export const FIELDS = ['x', 'y', 'z', 'rot_x', 'rot_y', 'rot_z'] as const;

export const SNAPS = [0, 0.1, 0.25, 0.5, 1] as const;
export const ANGLE = Math.PI / 12;

/* The middle between the outermost: what is turned and moved together turns and moves about it. */
export function middle(places: Iterable<Point>): Point {
    const low = { x: Infinity, y: Infinity, z: Infinity };
    const high = { x: -Infinity, y: -Infinity, z: -Infinity };
    for (const p of places) {
        for (const a of AXES) {
            low[a] = Math.min(low[a], p[a]);
            high[a] = Math.max(high[a], p[a]);
        }
    }
    if (low.x === Infinity) return { x: 0, y: 0, z: 0 };
    return { x: (low.x + high.x) / 2, y: (low.y + high.y) / 2, z: (low.z + high.z) / 2 };
}

/* The way of a drag, changed so that what it holds stops on lines of the raster; along the axes it goes at all. */
export function snapped(held: Point, by: Point, step: number): { by: Point; lines: Axis[] } {
    if (!(step > 0)) return { by, lines: [] };
    const lines = AXES.filter((a) => Math.abs(by[a]) > 1e-6);
    const out = { ...by };
    for (const a of lines) out[a] = snap(held[a] + by[a], step) - held[a];
    return { by: out, lines };
}

export function moved(places: Places, by: Point): Map<string, Placement> {
    return new Map([...places].map(([id, p]) => [id, { ...p, x: tidy(p.x + by.x), y: tidy(p.y + by.y), z: tidy(p.z + by.z) }]));
}

const about = (axis: Axis, angle: number) => rotation(axis === 'x' ? angle : 0, axis === 'y' ? angle : 0, axis === 'z' ? angle : 0);

/* Turned about an axis of the room: all about one point, or each about its own place. */
export function turned(places: Places, axis: Axis, angle: number, centre: Point | null): Map<string, Placement> {
    const q = about(axis, angle);
    return new Map(
        [...places].map(([id, p]) => {
            const [rx, ry, rz] =
                axis === 'z' ? [p.rot_x, p.rot_y, wrap(p.rot_z + angle)] : eulerOf(times(q, rotation(p.rot_x, p.rot_y, p.rot_z)));
            const at = centre ? apply(q, [p.x - centre.x, p.y - centre.y, p.z - centre.z]) : null;
            const place = at && centre ? { x: tidy(centre.x + at[0]), y: tidy(centre.y + at[1]), z: tidy(centre.z + at[2]) } : { x: p.x, y: p.y, z: p.z };
            return [id, { ...place, rot_x: tidy(rx), rot_y: tidy(ry), rot_z: tidy(rz) }];
        }),
    );
}

export const wrap = (a: number): number => Math.atan2(Math.sin(a), Math.cos(a));

export const isSame = (a: Placement, b: Placement): boolean => FIELDS.every((f) => Math.abs(a[f] - b[f]) < 5e-5);

/* Those that are elsewhere now. */
export function changed(before: Places, after: Places): Map<string, Placement> {
    return new Map([...after].filter(([id, p]) => !before.has(id) || !isSame(before.get(id)!, p)));
}
