/*
 * Where fixtures go when many are put in order: places in, places out, in the order given. Pure. Metres, right-handed: x to the right of who
 * watches, y upstage, z up; angles in radians. Nothing is moved that was not asked for: align on x leaves y and z as they are.
 * Results are whole tenths of a millimetre, so that what looks the same is the same.
 */

export interface Point {
    x: number;
    y: number;
    z: number;
}
export type Axis = keyof Point;
export const AXES: readonly Axis[] = ['x', 'y', 'z'];
/* The two axes of a drawing: from above, from the front, from the side. */
export type Plane = 'top' | 'front' | 'side';
const PLANES: Record<Plane, readonly [Axis, Axis]> = { top: ['x', 'y'], front: ['x', 'z'], side: ['y', 'z'] };
/* low: left, downstage, floor. first and last: like the first or last of those that are chosen. */
export type Edge = 'low' | 'middle' | 'high' | 'first' | 'last';

/* + 0: there is no -0. */
export const tidy = (v: number): number => Math.round(v * 1e4) / 1e4 + 0;
const tidied = (p: Point): Point => ({ x: tidy(p.x), y: tidy(p.y), z: tidy(p.z) });

export interface Box {
    low: Point;
    high: Point;
    centre: Point;
}

/* Of no points: the origin. */
export function boxOf(points: readonly Point[]): Box {
    const low = { x: Infinity, y: Infinity, z: Infinity };
    const high = { x: -Infinity, y: -Infinity, z: -Infinity };
    for (const p of points) {
        for (const a of AXES) {
            low[a] = Math.min(low[a], p[a]);
            high[a] = Math.max(high[a], p[a]);
        }
    }
    if (!points.length) for (const a of AXES) low[a] = high[a] = 0;
    return { low, high, centre: { x: (low.x + high.x) / 2, y: (low.y + high.y) / 2, z: (low.z + high.z) / 2 } };
}

export function align(points: readonly Point[], axis: Axis, edge: Edge): Point[] {
    const box = boxOf(points);
    const at = {
        low: box.low[axis],
        middle: box.centre[axis],
        high: box.high[axis],
        first: points[0]?.[axis] ?? 0,
        last: points.at(-1)?.[axis] ?? 0,
    }[edge];
    return points.map((p) => tidied({ ...p, [axis]: at }));
}

/* Places along an axis in their order there (of equals, as they were given), each with its rank. */
function ranks(points: readonly Point[], axis: Axis): number[] {
    const order = points.map((_, i) => i).sort((a, b) => points[a]![axis] - points[b]![axis] || a - b);
    const out = new Array<number>(points.length);
    order.forEach((of, rank) => (out[of] = rank));
    return out;
}

/* Equal distances between neighbours. Without a step the outermost stay where they are; with one the middle of all does. */
export function distribute(points: readonly Point[], axis: Axis, step: number | null = null): Point[] {
    if (points.length < 2) return points.map(tidied);
    const { low, high, centre } = boxOf(points);
    const by = step ?? (high[axis] - low[axis]) / (points.length - 1);
    const from = step === null ? low[axis] : centre[axis] - (step * (points.length - 1)) / 2;
    const rank = ranks(points, axis);
    return points.map((p, i) => tidied({ ...p, [axis]: from + by * rank[i]! }));
}

/* A straight row, both ends taken; one alone stands at the beginning. */
export function line(count: number, from: Point, to: Point): Point[] {
    return Array.from({ length: count }, (_, i) => {
        const part = count > 1 ? i / (count - 1) : 0;
        return tidied({ x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part, z: from.z + (to.z - from.z) * part });
    });
}

export interface Circle {
    centre: Point;
    radius: number;
    plane: Plane;
    /* Where the first stands, and how far round it goes: counter-clockwise when the arc is positive. 0 is the plane's first axis. */
    from: number;
    arc: number;
}

/* The angle of each: a whole turn leaves no two in one place, a part of one takes both its ends. */
export function angles(count: number, from: number, arc: number): number[] {
    const isWhole = Math.abs(Math.abs(arc) - 2 * Math.PI) < 1e-9;
    const parts = isWhole ? count : Math.max(1, count - 1);
    return Array.from({ length: count }, (_, i) => from + (arc * i) / parts);
}

export function circle(count: number, c: Circle): Point[] {
    const [u, v] = PLANES[c.plane];
    return angles(count, c.from, c.arc).map((a) =>
        tidied({ ...c.centre, [u]: c.centre[u] + c.radius * Math.cos(a), [v]: c.centre[v] + c.radius * Math.sin(a) }),
    );
}

/* The turn about z with which a fixture on a circle (seen from above) has its front to the centre. A fixture's front is where tilt lifts the beam to. */
export function inward(angle: number, rotX = 0): number {
    const turn = angle - Math.PI / 2 + (Math.cos(rotX) < 0 ? Math.PI : 0);
    return tidy(Math.atan2(Math.sin(turn), Math.cos(turn)));
}

export interface Grid {
    centre: Point;
    plane: Plane;
    columns: number;
    /* Between columns and between rows. */
    step: [number, number];
}

/* Row by row, the first at the plane's low corner; the last row may be short, and stands at its left. */
export function grid(count: number, g: Grid): Point[] {
    const [u, v] = PLANES[g.plane];
    const columns = Math.max(1, Math.min(count, Math.round(g.columns)));
    const rows = Math.ceil(count / columns);
    return Array.from({ length: count }, (_, i) =>
        tidied({
            ...g.centre,
            [u]: g.centre[u] + g.step[0] * ((i % columns) - (columns - 1) / 2),
            [v]: g.centre[v] + g.step[1] * (Math.floor(i / columns) - (rows - 1) / 2),
        }),
    );
}

/* To the other side of a plane across the axis. */
export const mirror = (points: readonly Point[], axis: Axis, about = 0): Point[] =>
    points.map((p) => tidied({ ...p, [axis]: 2 * about - p[axis] }));

export interface Turn {
    rot_x: number;
    rot_y: number;
    rot_z: number;
}

/* The rotation that goes with it: the beam at rest becomes its own mirror image. */
export function mirrorTurn(t: Turn, axis: Axis): Turn {
    if (axis === 'x') return { rot_x: tidy(t.rot_x), rot_y: tidy(-t.rot_y), rot_z: tidy(-t.rot_z) };
    if (axis === 'y') return { rot_x: tidy(-t.rot_x), rot_y: tidy(t.rot_y), rot_z: tidy(-t.rot_z) };
    return { rot_x: tidy(t.rot_x), rot_y: tidy(Math.PI - t.rot_y), rot_z: tidy(t.rot_z) };
}

/* The nearest line of the raster. A step of 0 has none. */
export const snap = (v: number, step: number): number => (step > 0 ? tidy(Math.round(v / step) * step) : tidy(v));
