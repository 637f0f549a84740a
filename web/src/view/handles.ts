/*
 * The handles on what is chosen: three arrows to move along an axis, a knob to move in a plane, three rings to turn about an axis. They are as big on the
 * screen wherever they stand in the room. Here is where they are, which of them a pointer is on, and what a drag means; overlay.ts draws them.
 */
import { Vector3 } from 'three';
import type { Eye } from './eye';
import { AXES, type Axis, type Point } from './layout';

export type Tool = 'select' | 'move' | 'turn';
export type Grip = { kind: 'axis' | 'ring'; axis: Axis } | { kind: 'plane'; axis: Axis };

const UNIT: Record<Axis, Vector3> = { x: new Vector3(1, 0, 0), y: new Vector3(0, 1, 0), z: new Vector3(0, 0, 1) };
const ARM = 84; /* pixels */
const RING = 70;
const RING_POINTS = 48;

export interface Line2 {
    axis: Axis;
    points: { x: number; y: number }[];
    /* Seen so much from the side that it cannot be used. */
    isEdge: boolean;
}

/* The axis across which the eye looks most: a free drag stays in the plane across it. */
export function facing(eye: Eye): Axis {
    const s = eye.sight;
    /* From any usual height things are moved over the floor. */
    if (Math.abs(s.z) > 0.2) return 'z';
    return Math.abs(s.y) >= Math.abs(s.x) ? 'y' : 'x';
}

export function arms(eye: Eye, at: Point): Line2[] {
    const from = eye.project(at);
    return AXES.map((axis) => {
        const to = eye.project({ ...at, [axis]: at[axis] + ARM / from.scale });
        return { axis, points: [from, to], isEdge: Math.hypot(to.x - from.x, to.y - from.y) < ARM * 0.3 };
    });
}

export function rings(eye: Eye, at: Point): Line2[] {
    const radius = RING / eye.project(at).scale;
    const sight = eye.isFlat ? eye.sight : new Vector3(at.x, at.y, at.z).sub(eye.position).normalize();
    return AXES.map((axis) => {
        const [u, v] = AXES.filter((a) => a !== axis) as [Axis, Axis];
        const points = Array.from({ length: RING_POINTS + 1 }, (_, i) => {
            const a = (i / RING_POINTS) * 2 * Math.PI;
            return eye.project({ ...at, [u]: at[u] + radius * Math.cos(a), [v]: at[v] + radius * Math.sin(a) });
        });
        return { axis, points, isEdge: Math.abs(sight.dot(UNIT[axis])) < 0.18 };
    });
}

function distance(x: number, y: number, a: { x: number; y: number }, b: { x: number; y: number }): number {
    const [dx, dy] = [b.x - a.x, b.y - a.y];
    const t = Math.max(0, Math.min(1, ((x - a.x) * dx + (y - a.y) * dy) / (dx * dx + dy * dy || 1)));
    return Math.hypot(x - a.x - t * dx, y - a.y - t * dy);
}
function onLine(x: number, y: number, line: Line2): number {
    let best = Infinity;
    for (let i = 1; i < line.points.length; i++) best = Math.min(best, distance(x, y, line.points[i - 1]!, line.points[i]!));
    return best;
}

/* The grip under a place of the picture; `reach` pixels around count (a finger is wide). */
export function gripAt(eye: Eye, tool: Tool, at: Point, x: number, y: number, reach: number): Grip | null {
    if (tool === 'select') return null;
    const centre = eye.project(at);
    if (centre.depth <= 0) return null;
    if (tool === 'move' && Math.hypot(x - centre.x, y - centre.y) < Math.max(10, reach * 0.8)) return { kind: 'plane', axis: facing(eye) };
    let best: Grip | null = null;
    let least = reach;
    for (const line of tool === 'move' ? arms(eye, at) : rings(eye, at)) {
        if (line.isEdge) continue;
        const d = onLine(x, y, line);
        if (d < least) [least, best] = [d, { kind: tool === 'move' ? 'axis' : 'ring', axis: line.axis }];
    }
    return best;
}

const vector = (p: Point) => new Vector3(p.x, p.y, p.z);

/* Where the ray of the pointer meets the plane through a point, across the axis; null: beside it, or so flat that it says nothing. */
function onPlane(eye: Eye, at: Point, axis: Axis, x: number, y: number): Vector3 | null {
    const { from, way } = eye.ray(x, y);
    const slope = way.dot(UNIT[axis]);
    if (Math.abs(slope) < 0.02) return null;
    const t = (at[axis] - from[axis]) / slope;
    return t < 0 ? null : from.clone().addScaledVector(way, t);
}

/* The place on the line along the axis that is nearest to the pointer's ray. */
function onAxis(eye: Eye, at: Point, axis: Axis, x: number, y: number): number | null {
    const { from, way } = eye.ray(x, y);
    const u = UNIT[axis];
    const w = vector(at).sub(from);
    const b = u.dot(way);
    const d = 1 - b * b;
    if (d < 1e-3) return null;
    return at[axis] + (b * w.dot(way) - w.dot(u)) / d;
}

/* How far a drag from one place of the picture to another moves what is at a point. */
export function shift(eye: Eye, at: Point, grip: Grip, from: { x: number; y: number }, to: { x: number; y: number }): Point | null {
    const none = { x: 0, y: 0, z: 0 };
    if (grip.kind === 'axis') {
        const a = onAxis(eye, at, grip.axis, from.x, from.y);
        const b = onAxis(eye, at, grip.axis, to.x, to.y);
        return a === null || b === null ? null : { ...none, [grip.axis]: b - a };
    }
    const a = onPlane(eye, at, grip.axis, from.x, from.y);
    const b = onPlane(eye, at, grip.axis, to.x, to.y);
    if (!a || !b || b.distanceTo(a) > 60) return null;
    return { ...none, x: b.x - a.x, y: b.y - a.y, z: b.z - a.z, [grip.axis]: 0 };
}

/* Radians about the axis, counter-clockwise seen from its end. */
export function turned(eye: Eye, at: Point, axis: Axis, from: { x: number; y: number }, to: { x: number; y: number }): number | null {
    const a = onPlane(eye, at, axis, from.x, from.y);
    const b = onPlane(eye, at, axis, to.x, to.y);
    if (!a || !b) return null;
    const [u, v] = { x: ['y', 'z'], y: ['z', 'x'], z: ['x', 'y'] }[axis] as [Axis, Axis];
    const angle = (p: Vector3) => Math.atan2(p[v] - at[v], p[u] - at[u]);
    const d = angle(b) - angle(a);
    return Math.atan2(Math.sin(d), Math.cos(d));
}
