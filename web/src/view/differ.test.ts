import { expect, test } from 'vitest';
import { Frame } from '../api/binary';
import type { Head } from '../api/types';
import { colorName, Differ, FRAMES, lightWords } from './differ';

const head = (...capabilities: string[]) => ({ capabilities }) as Head;

function frame(seq: number, ...heads: { level: number; rgb?: [number, number, number]; pan?: number; tilt?: number }[]): Frame {
    const f = new Frame();
    f.seq = seq;
    f.patch = 1;
    f.count = heads.length;
    f.intensity = Uint8Array.from(heads, (h) => h.level);
    f.r = Uint8Array.from(heads, (h) => h.rgb?.[0] ?? 255);
    f.g = Uint8Array.from(heads, (h) => h.rgb?.[1] ?? 255);
    f.b = Uint8Array.from(heads, (h) => h.rgb?.[2] ?? 255);
    f.pan = Float32Array.from(heads, (h) => h.pan ?? 0);
    f.tilt = Float32Array.from(heads, (h) => h.tilt ?? 0);
    return f;
}
/* The same two, for so many frames on end. */
function during(d: Differ, frames: number, heads: Head[], meant: Parameters<typeof frame>[1], sent: Parameters<typeof frame>[1], from = 1) {
    for (let i = 0; i < frames; i++) d.compare(frame(from + i, meant), frame(from + i, sent), heads);
}

test('what is dark on the wire and was meant to shine is told, after some frames', () => {
    const d = new Differ();
    during(d, FRAMES - 1, [head('dimmer')], { level: 200 }, { level: 0 });
    expect(d.now.size).toBe(0);
    expect(d.compare(frame(99, { level: 200 }), frame(99, { level: 0 }), [head('dimmer')])).toBe(true);
    expect([...d.now]).toEqual([0]);
});
test('it is forgotten when it is right again', () => {
    const d = new Differ();
    during(d, FRAMES, [head('dimmer')], { level: 200 }, { level: 0 });
    during(d, 3, [head('dimmer')], { level: 200 }, { level: 200 }, 50);
    expect(d.now.size).toBe(0);
});
test('a chase that the wire has one frame later is no difference', () => {
    const d = new Differ();
    for (let i = 0; i < 60; i++) d.compare(frame(i, { level: i % 4 ? 0 : 255 }), frame(i, { level: (i - 1) % 4 ? 0 : 255 }), [head('dimmer')]);
    expect(d.now.size).toBe(0);
});
test('frames of two moments say nothing', () => {
    const d = new Differ();
    for (let i = 0; i < 60; i++) expect(d.compare(frame(i, { level: 255 }), frame(i + 1, { level: 0 }), [head('dimmer')])).toBe(false);
});
test('a lamp without colours is not blamed for the colour', () => {
    const d = new Differ();
    during(d, 30, [head('dimmer')], { level: 200, rgb: [255, 0, 0] }, { level: 200 });
    expect(d.now.size).toBe(0);
    during(d, 30, [head('dimmer', 'color')], { level: 200, rgb: [255, 0, 0] }, { level: 200 }, 100);
    expect(d.now.size).toBe(1);
});
test('pointing elsewhere is a difference for those that move', () => {
    const d = new Differ();
    during(d, 30, [head('dimmer', 'movement')], { level: 0, pan: 90 }, { level: 0, pan: 0 });
    expect(d.now.size).toBe(1);
});
test('in words', () => {
    expect(lightWords(frame(1, { level: 0 }), 0, head('dimmer'))).toBe('dark');
    expect(lightWords(frame(1, { level: 204, rgb: [255, 0, 10] }), 0, head('dimmer', 'color'))).toBe('80 % red');
    expect(lightWords(frame(1, { level: 255, pan: 90.4, tilt: -10 }), 0, head('dimmer', 'movement'))).toBe('100 %, pan 90°, tilt -10°');
    expect(colorName(10, 20, 255)).toBe('blue');
});
