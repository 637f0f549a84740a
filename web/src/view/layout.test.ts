import { expect, test } from 'vitest';
import { align, angles, boxOf, circle, distribute, grid, inward, line, mirror, mirrorTurn, snap, type Point } from './layout';
import { beamDirection, rotation } from './geometry';

const at = (x: number, y = 0, z = 0): Point => ({ x, y, z });
const xs = (points: Point[]) => points.map((p) => p.x);

test('align moves along its axis only', () => {
    const row = [at(1, 5, 2), at(3, 6, 4), at(0, 7, 3)];
    expect(align(row, 'x', 'low')).toEqual([at(0, 5, 2), at(0, 6, 4), at(0, 7, 3)]);
    expect(xs(align(row, 'x', 'middle'))).toEqual([1.5, 1.5, 1.5]);
    expect(xs(align(row, 'x', 'high'))).toEqual([3, 3, 3]);
    expect(align(row, 'z', 'first').map((p) => p.z)).toEqual([2, 2, 2]);
    expect(align(row, 'z', 'last').map((p) => p.z)).toEqual([3, 3, 3]);
    expect(align([], 'x', 'low')).toEqual([]);
});

test('distribute keeps the ends and the order in the room, not the order of the list', () => {
    expect(xs(distribute([at(4), at(0), at(1), at(0.5)], 'x'))).toEqual([4, 0, 2.6667, 1.3333]);
});
test('with a step the middle stays', () => {
    expect(xs(distribute([at(0), at(1), at(5)], 'x', 1))).toEqual([1.5, 2.5, 3.5]);
});
test('those in one place are spread in the order they were given', () => {
    expect(xs(distribute([at(2), at(2), at(2)], 'x', 0.5))).toEqual([1.5, 2, 2.5]);
    expect(xs(distribute([at(2)], 'x', 0.5))).toEqual([2]);
});

test('a line takes both its ends', () => {
    expect(line(3, at(0, 0, 4), at(1, 2, 4))).toEqual([at(0, 0, 4), at(0.5, 1, 4), at(1, 2, 4)]);
    expect(line(1, at(2), at(3))).toEqual([at(2)]);
    expect(line(0, at(2), at(3))).toEqual([]);
});

test('a whole circle has no two in one place, an arc has both its ends', () => {
    expect(circle(4, { centre: at(1, 0, 3), radius: 2, plane: 'top', from: 0, arc: 2 * Math.PI })).toEqual([
        at(3, 0, 3), at(1, 2, 3), at(-1, 0, 3), at(1, -2, 3),
    ]);
    expect(angles(3, 0, Math.PI)).toEqual([0, Math.PI / 2, Math.PI]);
    expect(angles(1, 1, Math.PI)).toEqual([1]);
});
test('a circle stands in the plane it is drawn in', () => {
    expect(circle(2, { centre: at(0, 1, 3), radius: 1, plane: 'front', from: Math.PI / 2, arc: -Math.PI })).toEqual([at(0, 1, 4), at(0, 1, 2)]);
    expect(circle(1, { centre: at(0, 1, 3), radius: 1, plane: 'side', from: 0, arc: 1 })).toEqual([at(0, 2, 3)]);
});
test('inward: the front looks to the centre, hanging or standing', () => {
    for (const rx of [0, Math.PI]) {
        for (const a of [0, 1, 2.5, -2]) {
            const out = [0, 0, 0];
            beamDirection(rotation(rx, 0, inward(a, rx)), 0, 90, out);
            expect(out[0]).toBeCloseTo(-Math.cos(a), 3);
            expect(out[1]).toBeCloseTo(-Math.sin(a), 3);
        }
    }
});

test('a grid is filled row by row around its centre', () => {
    expect(grid(5, { centre: at(0, 0, 3), plane: 'top', columns: 3, step: [1, 2] })).toEqual([
        at(-1, -1, 3), at(0, -1, 3), at(1, -1, 3), at(-1, 1, 3), at(0, 1, 3),
    ]);
    expect(grid(2, { centre: at(0, 4, 1), plane: 'front', columns: 9, step: [1, 1] })).toEqual([at(-0.5, 4, 1), at(0.5, 4, 1)]);
});

test('mirrored, place and beam are the image of what they were', () => {
    expect(mirror([at(1, 2, 3)], 'x', 0.5)).toEqual([at(0, 2, 3)]);
    const turn = { rot_x: 0.4, rot_y: -0.7, rot_z: 1.1 };
    for (const [i, axis] of (['x', 'y', 'z'] as const).entries()) {
        const [was, is] = [[0, 0, 0], [0, 0, 0]];
        const m = mirrorTurn(turn, axis);
        beamDirection(rotation(turn.rot_x, turn.rot_y, turn.rot_z), 0, 0, was);
        beamDirection(rotation(m.rot_x, m.rot_y, m.rot_z), 0, 0, is);
        was[i] = -was[i]!;
        is.forEach((v, k) => expect(v).toBeCloseTo(was[k]!, 3));
    }
});

test('the raster; without a step there is none', () => {
    expect(snap(0.37, 0.25)).toBe(0.25);
    expect(snap(-0.1, 0.25)).toBe(0);
    expect(snap(1.23456789, 0)).toBe(1.2346);
});
test('the box of nothing is the origin', () => {
    expect(boxOf([])).toEqual({ low: at(0), high: at(0), centre: at(0) });
    expect(boxOf([at(1, 2, 3), at(3, 0, 5)]).centre).toEqual(at(2, 1, 4));
});
