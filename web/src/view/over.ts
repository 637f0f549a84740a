/* All that lies over the picture of the stage, in its order. */
import type { Group, Head, MovementBase } from '../api/types';
import type { Editing } from './editing';
import type { Eye } from './eye';
import { beamDirection } from './geometry';
import { arms, rings } from './handles';
import type { At } from './hands';
import { boxOf, type Point } from './layout';
import type { Overlay } from './overlay';
import type { Thing } from './patch';

export type Labels = 'none' | 'name' | 'address' | 'both';
export interface Shown {
    picked: ReadonlySet<string>;
    hover: string | null;
    frame: [At, At] | null;
    labels: Labels;
    measures: boolean;
    marks: readonly number[];
    heads: readonly number[];
    group: Group | null;
    flash: ReadonlySet<string>;
}

export function paintOver(
    o: Overlay,
    eye: Eye,
    editing: Editing,
    things: readonly Thing[],
    heads: readonly Head[],
    shown: Shown,
    headAt: (i: number) => Point & { metres: number },
) {
    o.begin();
    if (eye.look === 'plan-front') o.ground('x');
    else if (eye.look === 'plan-side') o.ground('y');
    if (shown.measures) measures(o, eye, editing, things, shown);
    if (shown.group) group(o, editing, things, heads, shown.group, headAt);
    for (const i of shown.heads) {
        const at = headAt(i);
        o.ring(at, at.metres, o.ink.select, 2);
    }
    for (const i of shown.marks) {
        const at = headAt(i);
        o.mark(at, at.metres);
    }
    names(o, editing, things, shown);
    handles(o, eye, editing);
    if (shown.frame) o.frame(...shown.frame);
    o.end();
}

function names(o: Overlay, editing: Editing, things: readonly Thing[], shown: Shown) {
    const text = (t: Thing) => {
        if (shown.labels === 'address') return t.address || t.name;
        return shown.labels === 'both' ? [t.name, t.address].filter(Boolean).join(' · ') : t.name;
    };
    const list = things.filter((t) => shown.labels !== 'none' || t.id === shown.hover || shown.flash.has(t.id));
    if (list.length) o.labels(list.map((t) => ({ at: editing.placeOf(t), text: text(t), isChosen: shown.picked.has(t.id) })));
}

function handles(o: Overlay, eye: Eye, editing: Editing) {
    const pivot = editing.canMove ? editing.pivot : null;
    if (!pivot) return;
    const drag = editing.underHand;
    const grip = editing.grip;
    if (drag) {
        for (const l of drag.lines) o.snapLine(l.at, l.axis, 40);
    }
    if (eye.project(pivot).depth > 0.1) {
        if (editing.tool === 'move') {
            o.arms(arms(eye, pivot), (a) => grip?.kind === 'axis' && grip.axis === a);
            o.knob(eye.project(pivot), grip?.kind === 'plane');
        } else if (editing.tool === 'turn') {
            o.rings(rings(eye, pivot), (a) => grip?.kind === 'ring' && grip.axis === a);
        }
    }
    if (drag?.words) o.text(drag.words, { x: drag.to.x + 18, y: drag.to.y + 22 }, o.ink.text, 'left', true);
}

const metres = (v: number) => `${v.toFixed(2)} m`;

/* The room as far as it is used, and between two that are chosen. */
function measures(o: Overlay, eye: Eye, editing: Editing, things: readonly Thing[], shown: Shown) {
    if (!things.length) return;
    const b = boxOf(things.map((t) => editing.placeOf(t)));
    const [x0, x1, y0, y1] = [b.low.x, b.high.x, b.low.y, b.high.y];
    const isFront = eye.look.endsWith('front');
    const isSide = eye.look.endsWith('side');
    const out = 0.7;
    const floor = Math.floor;
    if (!isSide) {
        o.ruler('x', floor(x0) - 1, Math.ceil(x1) + 1, { x: 0, y: isFront ? b.centre.y : y0 - out * 2, z: isFront ? -0.25 : 0 });
        if (x1 - x0 > 0.05) o.measure({ x: x0, y: y0 - out, z: 0 }, { x: x1, y: y0 - out, z: 0 }, metres(x1 - x0));
    }
    if (!isFront) {
        o.ruler('y', floor(y0) - 1, Math.ceil(y1) + 1, { x: x1 + out * 2, y: 0, z: isSide ? -0.25 : 0 });
        if (y1 - y0 > 0.05) o.measure({ x: x1 + out, y: y0, z: 0 }, { x: x1 + out, y: y1, z: 0 }, metres(y1 - y0));
    }
    if (!eye.look.endsWith('top') && b.high.z > 0.05) o.measure({ x: x0 - out, y: isSide ? y0 - out : y0, z: 0 }, { x: x0 - out, y: isSide ? y0 - out : y0, z: b.high.z }, metres(b.high.z));
    const chosen = things.filter((t) => shown.picked.has(t.id)).map((t) => editing.placeOf(t));
    const [p, q] = chosen;
    if (p && q && chosen.length === 2) o.measure(p, q, metres(Math.hypot(p.x - q.x, p.y - q.y, p.z - q.z)), o.ink.select);
}

const WAYS = [
    { key: 'lr', axis: 'x', low: 'left', high: 'right' },
    { key: 'fb', axis: 'y', low: 'front', high: 'back' },
    { key: 'ab', axis: 'z', low: 'below', high: 'above' },
] as const;
const REST: MovementBase = { pan: 0, tilt: 0, pan_range: 90, tilt_range: 45, rotation_deg: 0 };
const CONES = 6;
const LONG = 2; /* metres */

function group(o: Overlay, editing: Editing, things: readonly Thing[], heads: readonly Head[], g: Group, headAt: (i: number) => Point & { metres: number }) {
    const mine = things.filter((t) => g.fixture_ids?.includes(t.id));
    if (!mine.length) return;
    const c = boxOf(mine.map((t) => editing.placeOf(t))).centre;
    for (const t of mine) o.ring(editing.placeOf(t), 0.3, g.color || o.ink.select, 1.5, true);
    for (const w of WAYS) {
        const v = g.axes?.[w.key] ?? 0;
        if (Math.abs(v) < 0.02) continue;
        o.arrow(c, { ...c, [w.axis]: c[w.axis] + v * LONG }, o.ink[w.axis], `${v < 0 ? w.low : w.high} ${Math.round(Math.abs(v) * 100)} %`);
    }
    const base = { ...REST, ...g.movement };
    const moving = mine.flatMap((t) => t.heads.filter((h) => heads[h.index]?.capabilities.includes('movement')).map((h) => ({ t, i: h.index })));
    const every = Math.ceil(moving.length / CONES);
    moving.filter((_, i) => i % every === 0).forEach(({ t, i }) => cone(o, editing, t, headAt(i), base));
}

/* Where the heads can be sent by a pattern: the edge of its circle. */
function cone(o: Overlay, editing: Editing, t: Thing, from: Point, b: MovementBase) {
    const turn = (b.rotation_deg * Math.PI) / 180;
    const at = (u: number, v: number): Point => {
        const d = [0, 0, 0];
        const pan = b.pan + b.pan_range * (u * Math.cos(turn) - v * Math.sin(turn));
        const tilt = b.tilt + b.tilt_range * (u * Math.sin(turn) + v * Math.cos(turn));
        beamDirection(editing.turnOf(t), pan, tilt, d);
        return { x: from.x + d[0]! * LONG, y: from.y + d[1]! * LONG, z: from.z + d[2]! * LONG };
    };
    const edge = Array.from({ length: 36 }, (_, k) => at(Math.cos((k * Math.PI) / 18), Math.sin((k * Math.PI) / 18)));
    o.cone(from, edge, at(0, 0), o.ink.armed);
}
