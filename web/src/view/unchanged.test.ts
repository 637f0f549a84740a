import { expect, test } from 'vitest';
import { Frame } from '../api/binary';
import { Unchanged } from './unchanged';

function frame(...levels: number[]): Frame {
    const f = new Frame();
    f.count = levels.length;
    f.intensity = Uint8Array.from(levels);
    for (const c of ['r', 'g', 'b', 'strobe'] as const) f[c] = new Uint8Array(levels.length);
    f.pan = new Float32Array(levels.length);
    f.tilt = new Float32Array(levels.length);
    return f;
}

test('the first is new, the same again is not', () => {
    const u = new Unchanged();
    expect(u.is(frame(1, 2))).toBe(false);
    expect(u.is(frame(1, 2))).toBe(true);
    expect(u.is(frame(1, 3))).toBe(false);
    expect(u.is(frame(1, 3))).toBe(true);
});
test('other heads, or none, are another frame', () => {
    const u = new Unchanged();
    u.is(frame(1, 2));
    expect(u.is(frame(1))).toBe(false);
    expect(u.is(frame())).toBe(false);
    expect(u.is(frame())).toBe(true);
});
test('a frame that is written over where it stands is seen', () => {
    const u = new Unchanged();
    const f = frame(5);
    u.is(f);
    f.pan[0] = 3;
    expect(u.is(f)).toBe(false);
});
