import { expect, test } from 'vitest';
import { Eye, LOOKS } from './eye';
import { gripAt, shift, turned } from './handles';

const eye = (look: (typeof LOOKS)[number]) => {
    const e = new Eye();
    e.size(1000, 600);
    e.show(look, [{ x: -4, y: 0, z: 4 }, { x: 4, y: 3, z: 4 }]);
    return e;
};
const POINT = { x: 1, y: 2, z: 3 };

test.each(LOOKS)('%s: all of it is in the picture, below the tools', (look) => {
    const e = eye(look);
    for (const p of [{ x: -4, y: 0, z: 4 }, { x: 4, y: 3, z: 4 }, { x: 0, y: 0, z: 0 }]) {
        const s = e.project(p);
        expect(s.x).toBeGreaterThan(0);
        expect(s.x).toBeLessThan(1000);
        expect(s.y).toBeGreaterThan(50);
        expect(s.y).toBeLessThan(600);
    }
});
test.each(LOOKS)('%s: the ray through a point of the picture meets what is there', (look) => {
    const e = eye(look);
    const s = e.project(POINT);
    const { from, way } = e.ray(s.x, s.y);
    const t = way.x * (POINT.x - from.x) + way.y * (POINT.y - from.y) + way.z * (POINT.z - from.z);
    expect(from.x + way.x * t).toBeCloseTo(POINT.x, 3);
    expect(from.y + way.y * t).toBeCloseTo(POINT.y, 3);
    expect(from.z + way.z * t).toBeCloseTo(POINT.z, 3);
});
test('right is right, from the front and from above; upstage is up on the plan', () => {
    for (const look of ['front', 'plan-front', 'top', 'plan-top'] as const) {
        const e = eye(look);
        expect(e.project({ ...POINT, x: 2 }).x).toBeGreaterThan(e.project(POINT).x);
    }
    const plan = eye('plan-top');
    expect(plan.project({ ...POINT, y: 3 }).y).toBeLessThan(plan.project(POINT).y);
    expect(plan.project({ ...POINT, z: 9 }).x).toBeCloseTo(plan.project(POINT).x, 4);
});
test('zoom keeps what is under the pointer; a plan does not turn', () => {
    for (const look of ['plan-top', 'plan-side'] as const) {
        const e = eye(look);
        const s = e.project(POINT);
        e.zoom(0.5, s.x, s.y);
        expect(e.project(POINT).x).toBeCloseTo(s.x, 3);
        expect(e.project(POINT).y).toBeCloseTo(s.y, 3);
        const version = e.version;
        e.orbit(1, 1);
        expect(e.version).toBe(version);
    }
});
test('a drag along an axis goes along that axis, as far as the hand', () => {
    const e = eye('corner');
    const [from, to] = [e.project(POINT), e.project({ ...POINT, x: 2.5 })];
    const by = shift(e, POINT, { kind: 'axis', axis: 'x' }, from, to)!;
    expect(by.x).toBeCloseTo(1.5, 3);
    expect([by.y, by.z]).toEqual([0, 0]);
});
test('a free drag stays in its plane', () => {
    const e = eye('corner');
    const by = shift(e, POINT, { kind: 'plane', axis: 'z' }, e.project(POINT), e.project({ x: 0, y: 3, z: 3 }))!;
    expect(by.x).toBeCloseTo(-1, 3);
    expect(by.y).toBeCloseTo(1, 3);
    expect(by.z).toBe(0);
});
test('a ring turns by the angle that the hand goes round', () => {
    const e = eye('plan-top');
    const at = (a: number) => e.project({ ...POINT, x: POINT.x + Math.cos(a), y: POINT.y + Math.sin(a) });
    expect(turned(e, POINT, 'z', at(0.2), at(1.2))).toBeCloseTo(1, 3);
});
test('grips are found with the reach of the pointer, and none where one only chooses', () => {
    const e = eye('plan-top');
    const s = e.project(POINT);
    expect(gripAt(e, 'move', POINT, s.x + 60, s.y + 4, 8)).toEqual({ kind: 'axis', axis: 'x' });
    expect(gripAt(e, 'move', POINT, s.x + 60, s.y + 18, 8)).toBeNull();
    expect(gripAt(e, 'move', POINT, s.x + 60, s.y + 18, 22)).toEqual({ kind: 'axis', axis: 'x' });
    expect(gripAt(e, 'turn', POINT, s.x, s.y - 70, 8)).toEqual({ kind: 'ring', axis: 'z' });
    expect(gripAt(e, 'select', POINT, s.x, s.y, 22)).toBeNull();
});
