import { expect, test } from 'vitest';
import { decodeDmx, Frame, kindOf } from './binary';

function frame(heads: number[][], seq = 7, magic = 'LMF1'): ArrayBuffer {
    const buffer = new ArrayBuffer(22 + heads.length * 10);
    const v = new DataView(buffer);
    [...magic].forEach((c, i) => v.setUint8(i, c.charCodeAt(0)));
    v.setUint32(4, seq, true);
    v.setUint32(8, 3, true);
    v.setFloat64(12, 12.5, true);
    v.setUint16(20, heads.length, true);
    heads.forEach((h, n) => {
        const at = 22 + n * 10;
        for (let i = 0; i < 6; i++) v.setUint8(at + i, h[i]!);
        v.setInt16(at + 6, h[6]!, true);
        v.setInt16(at + 8, h[7]!, true);
    });
    return buffer;
}

test('a frame is read field by field', () => {
    const f = new Frame();
    expect(f.decode(frame([[255, 10, 20, 30, 40, 50, -900, 455]]))).toBe(true);
    expect([f.seq, f.patch, f.time, f.count]).toEqual([7, 3, 12.5, 1]);
    expect([f.intensity[0], f.r[0], f.g[0], f.b[0], f.strobe[0], f.speed[0]]).toEqual([
        255, 10, 20, 30, 40, 50,
    ]);
    expect(f.pan[0]).toBeCloseTo(-90);
    expect(f.tilt[0]).toBeCloseTo(45.5);
});

test('the light read back from the wire has a name of its own and the same shape', () => {
    const f = new Frame();
    const sent = frame([[255, 10, 20, 30, 40, 50, -900, 455]], 7, 'LMW1');
    expect(kindOf(sent)).toBe('wire');
    expect(f.decode(sent)).toBe(true);
    expect(f.pan[0]).toBeCloseTo(-90);
});

test('a frame cut short changes nothing', () => {
    const f = new Frame();
    f.decode(frame([[1, 2, 3, 4, 5, 6, 7, 8]], 1));
    const whole = frame([[9, 9, 9, 9, 9, 9, 9, 9], [9, 9, 9, 9, 9, 9, 9, 9]], 2);
    expect(f.decode(whole.slice(0, whole.byteLength - 1))).toBe(false);
    expect([f.seq, f.count, f.intensity[0]]).toEqual([1, 1, 1]);
});

test('a smaller patch keeps the buffers', () => {
    const f = new Frame();
    f.decode(frame([[1, 0, 0, 0, 0, 0, 0, 0], [2, 0, 0, 0, 0, 0, 0, 0]]));
    const before = f.intensity;
    f.decode(frame([[3, 0, 0, 0, 0, 0, 0, 0]]));
    expect(f.intensity).toBe(before);
    expect(f.count).toBe(1);
});

test('a universe has its number and 512 slots', () => {
    const buffer = new ArrayBuffer(6 + 512);
    const v = new DataView(buffer);
    [...'LMD1'].forEach((c, i) => v.setUint8(i, c.charCodeAt(0)));
    v.setUint16(4, 258, true);
    v.setUint8(6 + 511, 200);
    expect(kindOf(buffer)).toBe('dmx');
    expect(decodeDmx(buffer)?.universe).toBe(258);
    expect(decodeDmx(buffer)?.slots[511]).toBe(200);
    expect(decodeDmx(buffer.slice(0, 100))).toBeNull();
});

test('anything else is unknown', () => {
    expect(kindOf(new ArrayBuffer(2))).toBe('unknown');
    expect(kindOf(new ArrayBuffer(64))).toBe('unknown');
});
