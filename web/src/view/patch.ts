/*
 * The venue as the stage holds it: every fixture with its heads, each head at its place within the fixture, so that a fixture that is being moved takes them
 * along before lumad has heard of it. Pure.
 */
import type { Fixture, Head } from '../api/types';
import { isSame, type Placement } from './drag';
import { apply, rotation, type Mat3, type Vec3 } from './geometry';
import { isPerHead, kindOf, spanOf, type Kind } from './kinds';
import { isStretched } from './shapes';

export interface Thing {
    id: string;
    name: string;
    address: string;
    kind: Kind;
    at: Placement;
    turn: Mat3;
    /* Of its heads: their places in the frame, and where they are in the fixture. */
    heads: readonly { index: number; local: Vec3 }[];
    /* Of a body that is as long as its heads lie. */
    width: number;
    height: number;
}

const place = (of: Pick<Fixture, 'pos_x' | 'pos_y' | 'pos_z' | 'rot_x' | 'rot_y' | 'rot_z'>): Placement => ({
    x: of.pos_x, y: of.pos_y, z: of.pos_z, rot_x: of.rot_x, rot_y: of.rot_y, rot_z: of.rot_z,
});

const back = (m: Mat3, v: Vec3): Vec3 => apply([m[0], m[3], m[6], m[1], m[4], m[7], m[2], m[5], m[8]], v);

/* Without fixtures (who only looks) they are made of their heads. */
export function thingsOf(heads: readonly Head[], fixtures: readonly Fixture[] | null): Thing[] {
    const byFixture = new Map<string, { head: Head; index: number }[]>();
    heads.forEach((head, index) => {
        const list = byFixture.get(head.fixture_id);
        if (list) list.push({ head, index });
        else byFixture.set(head.fixture_id, [{ head, index }]);
    });
    const rows = fixtures ?? [...byFixture].map(([id, of]) => fromHeads(id, of.map((h) => h.head)));
    return rows.map((row) => {
        const own = byFixture.get(row.id) ?? [];
        const all = own.map((h) => h.head);
        const kind = kindOf(all[0]?.type, all);
        const at = place(row);
        /* The heads are where they were when they were fetched: their places within the fixture are measured in that. */
        const was = own.length ? fromHeads(row.id, all) : row;
        const origin: Vec3 = isSame({ ...place(was), x: 0, y: 0, z: 0 }, { ...at, x: 0, y: 0, z: 0 }) && isNear(all, at) ? [at.x, at.y, at.z] : centre(all);
        const then = rotation(was.rot_x, was.rot_y, was.rot_z);
        const span = spanOf(all);
        return {
            id: row.id,
            name: row.label || `${row.manufacturer} ${row.model}`.trim() || 'Fixture',
            address: row.universe ? `${row.universe}.${row.address}` : '',
            kind,
            at,
            turn: rotation(at.rot_x, at.rot_y, at.rot_z),
            heads: own.map((h) => ({ index: h.index, local: back(then, [h.head.x - origin[0], h.head.y - origin[1], h.head.z - origin[2]]) })),
            ...(isStretched(kind) ? stretch(span.width, span.height, all.length) : { width: 1, height: 1 }),
        };
    });
}

/* Half a cell of heads more at each end. */
function stretch(width: number, height: number, heads: number) {
    const cell = heads > 1 ? Math.max(width, height) / Math.max(1, (height > 0.02 ? Math.sqrt(heads) : heads) - 1) : 0.2;
    return { width: Math.max(0.25, width + cell), height: height > 0.02 ? height + cell : 1 };
}

const centre = (heads: readonly Head[]): Vec3 => {
    const mean = (of: (h: Head) => number) => (heads.length ? (Math.min(...heads.map(of)) + Math.max(...heads.map(of))) / 2 : 0);
    return [mean((h) => h.x), mean((h) => h.y), mean((h) => h.z)];
};
const isNear = (heads: readonly Head[], at: Placement) => {
    const [x, y, z] = centre(heads);
    return Math.hypot(x - at.x, y - at.y, z - at.z) < 1e-3;
};

function fromHeads(id: string, heads: readonly Head[]): Fixture {
    const [x, y, z] = centre(heads);
    const h = heads[0];
    return {
        id, version: 0, venue_id: '', universe: 0, address: 0, manufacturer: '', model: '', mode_name: '', fixture_path: null, label: h?.label ?? null,
        pos_x: x, pos_y: y, pos_z: z, rot_x: h?.rot_x ?? 0, rot_y: h?.rot_y ?? 0, rot_z: h?.rot_z ?? 0,
    };
}

/* Where a point of a fixture is in the room. */
export const inRoom = (at: Placement, turn: Mat3, local: Vec3): Vec3 => {
    const v = apply(turn, local);
    return [at.x + v[0], at.y + v[1], at.z + v[2]];
};

/* Of many heads side by side so many have a beam of their own, stronger for those between: one cannot tell them apart, and each costs as much as a spot's. */
const AIR = 12;
export const airOf = (t: Thing, at: number): number => {
    const every = Math.ceil(t.heads.length / AIR);
    return at % every === Math.floor(every / 2) ? Math.min(2, Math.sqrt(every)) : 0;
};

/* The bodies that are drawn for it: one, or one for each head. */
export const bodiesOf = (t: Thing): { local: Vec3; head: number }[] =>
    isPerHead(t.kind, t.heads.length) && t.heads.length
        ? t.heads.map((h) => ({ local: h.local, head: h.index }))
        : [{ local: [0, 0, 0], head: t.heads[0]?.index ?? -1 }];
