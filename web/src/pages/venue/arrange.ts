/* The geometry tools of the patch: what each asks for, and where the fixtures go by it (view/layout has the mathematics). Pure. */
import type { Fixture } from '../../api/types';
import { align, angles, boxOf, circle, distribute, grid, inward, line, mirror, mirrorTurn, tidy, type Axis, type Edge, type Plane, type Point } from '../../view/layout';
import { toDegrees, toRadians, type Change } from './columns';

export const TOOLS = [
    { value: 'align', label: 'Align' }, { value: 'distribute', label: 'Spread' }, { value: 'line', label: 'Line' },
    { value: 'circle', label: 'Circle' }, { value: 'grid', label: 'Grid' }, { value: 'mirror', label: 'Mirror' }, { value: 'move', label: 'Move' },
] as const;
export type Tool = (typeof TOOLS)[number]['value'];

/* What all the tools ask for; degrees and metres. */
export interface Settings {
    axis: Axis;
    edge: Edge;
    step: number | null; /* null: the outermost stay */
    from: Point;
    to: Point;
    centre: Point;
    radius: number;
    plane: Plane;
    start: number;
    arc: number;
    isInward: boolean;
    columns: number;
    stepU: number;
    stepV: number;
    about: number;
    isTurned: boolean;
    by: Point;
    turn: Point; /* degrees */
}

export const point = (f: Fixture): Point => ({ x: f.pos_x, y: f.pos_y, z: f.pos_z });

/* Settings that change little of what is there: from the first to the last, around the middle of all. */
export function settingsOf(rows: readonly Fixture[]): Settings {
    const points = rows.map(point);
    const { low, high, centre } = boxOf(points);
    const round = (p: Point): Point => ({ x: tidy(p.x), y: tidy(p.y), z: tidy(p.z) });
    const wide = Math.max(high.x - low.x, high.y - low.y);
    const columns = Math.max(1, Math.ceil(Math.sqrt(rows.length)));
    return {
        axis: 'x', edge: 'middle', step: null, from: round(points[0] ?? centre), to: round(points.at(-1) ?? centre), centre: round(centre),
        radius: Math.max(1, tidy(wide / 2)), plane: 'top', start: 0, arc: 360, isInward: false, columns, stepU: 1, stepV: 1, about: 0, isTurned: true,
        by: { x: 0, y: 0, z: 0 }, turn: { x: 0, y: 0, z: 0 },
    };
}

/* Every fixture that would be elsewhere, in the order given. */
export function arrange(tool: Tool, rows: readonly Fixture[], s: Settings): Map<string, Change> {
    const points = rows.map(point);
    const n = rows.length;
    const turned = new Map<number, Change>();
    const to = ((): Point[] => {
        switch (tool) {
            case 'align':
                return align(points, s.axis, s.edge);
            case 'distribute':
                return distribute(points, s.axis, s.step);
            case 'line':
                return line(n, s.from, s.to);
            case 'circle': {
                const [from, arc] = [toRadians(s.start), toRadians(s.arc)];
                if (s.isInward && s.plane === 'top') angles(n, from, arc).forEach((a, i) => turned.set(i, { rot_z: inward(a, rows[i]!.rot_x) }));
                return circle(n, { centre: s.centre, radius: s.radius, plane: s.plane, from, arc });
            }
            case 'grid':
                return grid(n, { centre: s.centre, plane: s.plane, columns: s.columns, step: [s.stepU, s.stepV] });
            case 'mirror':
                if (s.isTurned) rows.forEach((f, i) => turned.set(i, { ...mirrorTurn(f, s.axis) }));
                return mirror(points, s.axis, s.about);
            case 'move':
                rows.forEach((f, i) =>
                    turned.set(i, { rot_x: f.rot_x + toRadians(s.turn.x), rot_y: f.rot_y + toRadians(s.turn.y), rot_z: f.rot_z + toRadians(s.turn.z) }),
                );
                return points.map((p) => ({ x: tidy(p.x + s.by.x), y: tidy(p.y + s.by.y), z: tidy(p.z + s.by.z) }));
        }
    })();
    return new Map(rows.map((f, i) => [f.id, { pos_x: to[i]!.x, pos_y: to[i]!.y, pos_z: to[i]!.z, ...turned.get(i) }]));
}

/* "3 of 6 move, at most 1.5 m", for people. */
export function told(rows: readonly Fixture[], changes: ReadonlyMap<string, Change>): string {
    let moved = 0;
    let turned = 0;
    let most = 0;
    for (const f of rows) {
        const c = changes.get(f.id);
        if (!c) continue;
        const far = Math.hypot((c.pos_x ?? f.pos_x) - f.pos_x, (c.pos_y ?? f.pos_y) - f.pos_y, (c.pos_z ?? f.pos_z) - f.pos_z);
        if (far > 1e-4) moved++;
        most = Math.max(most, far);
        if (['rot_x', 'rot_y', 'rot_z'].some((k) => k in c && Math.abs(toDegrees(c[k as 'rot_x']!) - toDegrees(f[k as 'rot_x'])) > 0.01)) turned++;
    }
    if (!moved && !turned) return 'All are there already.';
    const parts = [moved ? `${moved} of ${rows.length} move, at most ${Number(most.toFixed(2))} m` : '', turned ? `${turned} turn` : ''];
    const text = parts.filter(Boolean).join('; ');
    return `${text}.`;
}
