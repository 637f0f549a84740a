import { expect, test } from 'vitest';
import { apply, beamDirection, eulerOf, quaternion, rotation, strobeOpen, times, toFloor } from './geometry';

function beam(rot: [number, number, number], pan: number, tilt: number): number[] {
    const out = [0, 0, 0];
    beamDirection(rotation(...rot), pan, tilt, out);
    return out.map((v) => Math.round(v * 1e6) / 1e6 + 0);
}

test('hanging, a beam goes straight down', () => {
    expect(beam([0, 0, 0], 0, 0)).toEqual([0, 0, -1]);
});
test('standing on the floor, it goes up', () => {
    expect(beam([Math.PI, 0, 0], 0, 0)).toEqual([0, 0, 1]);
});
test('positive tilt lifts it towards the audience', () => {
    expect(beam([0, 0, 0], 0, 90)).toEqual([0, -1, 0]);
});
test('positive pan turns it counter-clockwise seen from above', () => {
    expect(beam([0, 0, 0], 90, 90)).toEqual([1, 0, 0]);
});
test('rotations apply x first, then y, then z', () => {
    /* Down; x by 90 degrees turns -z to +y; z by 90 degrees turns +y to -x. */
    expect(beam([Math.PI / 2, 0, Math.PI / 2], 0, 0)).toEqual([-1, 0, 0]);
});
test('the floor ends a beam', () => {
    expect(toFloor(4, -1, 12)).toBe(4);
    expect(toFloor(4, -0.5, 12)).toBe(8);
    expect(toFloor(4, 0.3, 12)).toBe(12);
});
test('no more than three flashes a second are shown', () => {
    let flashes = 0;
    for (let i = 1; i <= 10000; i++) {
        if (strobeOpen(255, i / 1000) && !strobeOpen(255, (i - 1) / 1000)) flashes++;
    }
    expect(flashes).toBe(30);
    expect(strobeOpen(0, 0.9)).toBe(true);
});
test('angles come back from a rotation, or others that make the same', () => {
    for (const angles of [[0.4, -0.7, 1.1], [Math.PI, 0, 0.3], [0.2, Math.PI / 2, 0.5], [-2, -Math.PI / 2, 1]] as [number, number, number][]) {
        const m = rotation(...angles);
        rotation(...eulerOf(m)).forEach((v, i) => expect(v).toBeCloseTo(m[i]!, 5));
    }
});
test('a quaternion turns as its matrix does', () => {
    for (const angles of [[0.4, -0.7, 1.1], [Math.PI, 0, 0.3], [0, Math.PI, 0], [0, 0, Math.PI]] as [number, number, number][]) {
        const m = rotation(...angles);
        const [x, y, z, w] = quaternion(m);
        const back = [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y), 2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)];
        back.forEach((v, i) => expect(v).toBeCloseTo(m[i]!, 6));
    }
});
test('turning by two rotations is turning by their product', () => {
    const a = rotation(0.3, 0.1, -0.4);
    const b = rotation(-1, 0.5, 2);
    const one = apply(times(a, b), [1, 2, 3]);
    apply(a, apply(b, [1, 2, 3])).forEach((v, i) => expect(v).toBeCloseTo(one[i]!, 9));
});
