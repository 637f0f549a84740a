/*
 * The bodies of fixtures: a few boxes and drums for each kind, put together to one geometry. Metres, in the fixture's own space: it hangs, light leaves
 * it downwards (-z), its front is -y. What turns with pan and tilt is marked, so that the shader turns it; kinds that are as wide as their heads lie
 * are made one metre wide and stretched.
 */
import { BoxGeometry, BufferGeometry, CylinderGeometry, Float32BufferAttribute, SphereGeometry, TorusGeometry } from 'three';
import type { Kind } from './kinds';

/* Fixed to the truss, turned by pan (the yoke), turned by pan and tilt (the head). */
type Part = 0 | 1 | 2;

interface Piece {
    geometry: BufferGeometry;
    part: Part;
    shade: number;
}

const box = (w: number, d: number, h: number, x: number, y: number, z: number, shade = 1, part: Part = 0): Piece => ({
    geometry: new BoxGeometry(w, d, h).translate(x, y, z), part, shade,
});
/* Along z; `top` and `bottom` are the radii above and below. */
const drum = (top: number, bottom: number, h: number, z: number, shade = 1, part: Part = 0, sides = 14): Piece => ({
    geometry: new CylinderGeometry(top, bottom, h, sides).rotateX(Math.PI / 2).translate(0, 0, z), part, shade,
});
/* A bracket over it: two arms and a bar, `wide` apart. */
const bracket = (wide: number, low: number, high: number, part: Part = 0): Piece[] => [
    box(0.016, 0.05, high - low, -wide / 2, 0, (low + high) / 2, 0.8, part),
    box(0.016, 0.05, high - low, wide / 2, 0, (low + high) / 2, 0.8, part),
    box(wide, 0.05, 0.016, 0, 0, high, 0.8, part),
];
const clamp = (z: number): Piece => box(0.05, 0.05, 0.07, 0, 0, z, 0.55);

const PIECES: Record<Kind, () => Piece[]> = {
    par: () => [
        drum(0.075, 0.1, 0.2, -0.02), drum(0.05, 0.075, 0.04, 0.1, 0.85), drum(0.108, 0.108, 0.025, -0.12, 0.7), ...bracket(0.24, 0, 0.2), clamp(0.235),
    ],
    lamp: () => [
        box(0.2, 0.2, 0.2, 0, 0, 0), box(0.17, 0.17, 0.05, 0, 0, 0.12, 0.85), drum(0.095, 0.095, 0.05, -0.12, 0.75),
        box(0.16, 0.008, 0.1, 0, -0.13, -0.18, 0.6), box(0.16, 0.008, 0.1, 0, 0.13, -0.18, 0.6), ...bracket(0.25, 0, 0.2), clamp(0.235),
    ],
    moving: () => [
        box(0.3, 0.24, 0.09, 0, 0, 0.32), box(0.26, 0.2, 0.02, 0, 0, 0.265, 0.75), clamp(0.395),
        box(0.05, 0.13, 0.3, -0.165, 0, 0.12, 0.85, 1), box(0.05, 0.13, 0.3, 0.165, 0, 0.12, 0.85, 1), box(0.36, 0.13, 0.05, 0, 0, 0.235, 0.85, 1),
        drum(0.075, 0.11, 0.1, 0.1, 1, 2), drum(0.11, 0.11, 0.14, -0.02, 1, 2), drum(0.11, 0.09, 0.08, -0.125, 0.75, 2),
    ],
    scanner: () => [
        box(0.16, 0.5, 0.14, 0, 0.2, 0.05), box(0.14, 0.04, 0.12, 0, -0.06, 0.05, 0.75), box(0.13, 0.012, 0.1, 0, -0.09, -0.02, 1.3, 2), clamp(0.155),
    ],
    bar: () => [box(1, 0.08, 0.08, 0, 0, 0), box(0.98, 0.05, 0.02, 0, 0, -0.045, 0.6), box(0.06, 0.05, 0.05, -0.3, 0, 0.065, 0.7), box(0.06, 0.05, 0.05, 0.3, 0, 0.065, 0.7)],
    panel: () => [box(1, 1, 0.06, 0, 0, 0.01), box(0.97, 0.97, 0.02, 0, 0, -0.03, 0.6)],
    strobe: () => [box(0.4, 0.22, 0.1, 0, 0, 0), box(0.36, 0.18, 0.02, 0, 0, -0.055, 1.35), ...bracket(0.43, 0, 0.15), clamp(0.185)],
    laser: () => [box(0.2, 0.26, 0.14, 0, 0, 0.03), box(0.12, 0.03, 0.06, 0, -0.14, 0.03, 0.7), drum(0.03, 0.03, 0.1, -0.08, 1.3), ...bracket(0.23, 0.03, 0.18), clamp(0.215)],
    hazer: () => [box(0.3, 0.44, 0.24, 0, 0, 0), box(0.2, 0.03, 0.12, 0, -0.23, 0.03, 0.6), drum(0.03, 0.03, 0.06, 0.15, 0.7), box(0.26, 0.02, 0.02, 0, 0, 0.15, 0.8)],
    fan: () => [
        { geometry: new TorusGeometry(0.2, 0.03, 6, 20).rotateX(Math.PI / 2), part: 0, shade: 1 }, drum(0.05, 0.05, 0.08, 0, 0.8),
        box(0.36, 0.02, 0.05, 0, 0, 0, 0.7), box(0.05, 0.02, 0.36, 0, 0, 0, 0.7), box(0.16, 0.16, 0.02, 0, 0, -0.24, 0.85),
    ],
    effect: () => [box(0.26, 0.22, 0.1, 0, 0, 0.07), { geometry: new SphereGeometry(0.1, 14, 8), part: 0, shade: 1.15 }, ...bracket(0.29, 0.05, 0.19), clamp(0.22)],
    other: () => [box(0.22, 0.22, 0.18, 0, 0, 0), drum(0.06, 0.06, 0.05, -0.11, 0.75), clamp(0.12)],
};

/* How far it is from its place to its outside, metres across, and along x half of its length: for the pointer. */
export const RADIUS: Record<Kind, number> = {
    par: 0.16, lamp: 0.18, moving: 0.3, scanner: 0.25, bar: 0.07, panel: 0.1, strobe: 0.2, laser: 0.18, hazer: 0.25, fan: 0.24, effect: 0.2, other: 0.18,
};

/* Kinds that are as long as their heads lie. */
export const isStretched = (kind: Kind): boolean => kind === 'bar' || kind === 'panel';

const made = new Map<Kind, BufferGeometry>();

/* position, normal, and `mark`: shade and part of each vertex. Made once, shared. */
export function shapeOf(kind: Kind): BufferGeometry {
    const known = made.get(kind);
    if (known) return known;
    const at: number[] = [];
    const normal: number[] = [];
    const mark: number[] = [];
    for (const piece of PIECES[kind]()) {
        const g = piece.geometry.toNonIndexed();
        const p = g.getAttribute('position').array;
        const n = g.getAttribute('normal').array;
        for (let i = 0; i < p.length; i++) {
            at.push(p[i]!);
            normal.push(n[i]!);
        }
        for (let i = 0; i < p.length; i += 3) mark.push(piece.shade, piece.part);
        g.dispose();
        piece.geometry.dispose();
    }
    const out = new BufferGeometry();
    out.setAttribute('position', new Float32BufferAttribute(at, 3));
    out.setAttribute('normal', new Float32BufferAttribute(normal, 3));
    out.setAttribute('mark', new Float32BufferAttribute(mark, 2));
    made.set(kind, out);
    return out;
}
