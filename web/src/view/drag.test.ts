import { expect, test } from 'vitest';
import { changed, middle, moved, snapped, turned, type Placement } from './drag';
import { beamDirection, rotation } from './geometry';

const at = (x: number, y: number, z: number, rot: Partial<Placement> = {}): Placement => ({ x, y, z, rot_x: 0, rot_y: 0, rot_z: 0, ...rot });
const beam = (p: Placement) => {
    const out = [0, 0, 0];
    beamDirection(rotation(p.rot_x, p.rot_y, p.rot_z), 0, 0, out);
    return out;
};

test('the middle is between the outermost, however many stand at one side', () => {
    expect(middle([at(0, 0, 4), at(0, 0, 4), at(0, 0, 4), at(4, 2, 4)])).toEqual({ x: 2, y: 1, z: 4 });
    expect(middle([])).toEqual({ x: 0, y: 0, z: 0 });
});
test('a drag stops on the raster, only along the axes it goes', () => {
    const { by, lines } = snapped({ x: 0.13, y: 0.13, z: 4.1 }, { x: 0.3, y: 0, z: 0 }, 0.25);
    expect(by.x).toBeCloseTo(0.37);
    expect([by.y, by.z, lines]).toEqual([0, 0, ['x']]);
    expect(snapped({ x: 0.13, y: 0, z: 0 }, { x: 0.3, y: 0, z: 0 }, 0)).toEqual({ by: { x: 0.3, y: 0, z: 0 }, lines: [] });
});
test('turned together they go round the middle, each one stays where it is', () => {
    const both = new Map([['a', at(-1, 0, 4)], ['b', at(1, 0, 4)]]);
    const round = turned(both, 'z', Math.PI / 2, { x: 0, y: 0, z: 4 });
    expect(round.get('b')).toEqual({ x: 0, y: 1, z: 4, rot_x: 0, rot_y: 0, rot_z: 1.5708 });
    expect(turned(both, 'z', Math.PI / 2, null).get('b')).toEqual({ x: 1, y: 0, z: 4, rot_x: 0, rot_y: 0, rot_z: 1.5708 });
});
test('a turn is about the axis of the room, whatever the fixture was turned by', () => {
    const p = at(0, 0, 4, { rot_x: 0.5, rot_z: 1 });
    const was = beam(p);
    const is = beam(turned(new Map([['a', p]]), 'x', 0.3, null).get('a')!);
    const [c, s] = [Math.cos(0.3), Math.sin(0.3)];
    [was[0]!, c * was[1]! - s * was[2]!, s * was[1]! + c * was[2]!].forEach((v, i) => expect(is[i]).toBeCloseTo(v, 3));
});
test('moved by as much, each keeps its turn', () => {
    expect(moved(new Map([['a', at(0, 0, 4, { rot_z: 1 })]]), { x: 0.5, y: -1, z: 0 }).get('a')).toEqual(at(0.5, -1, 4, { rot_z: 1 }));
});
test('what stands where it stood is no change', () => {
    const before = new Map([['a', at(0, 0, 4)], ['b', at(1, 0, 4)]]);
    expect([...changed(before, new Map([['a', at(0, 0, 4)], ['b', at(1, 0.1, 4)]])).keys()]).toEqual(['b']);
});
