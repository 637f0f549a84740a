import { expect, test } from 'vitest';
import { bandHz, ClipLamp, FLOOR_DB, meterScale, PeakHold } from './meters';

test('the loud end of a meter gets the room, and silence none', () => {
    expect(meterScale(0)).toBe(1);
    expect(meterScale(3)).toBe(1);
    expect(meterScale(-20)).toBeCloseTo(0.5);
    expect(meterScale(-60)).toBe(0);
    expect(meterScale(FLOOR_DB)).toBe(0);
    expect(meterScale(NaN)).toBe(0);
    for (let db = -59; db < 0; db++) expect(meterScale(db + 1)).toBeGreaterThan(meterScale(db));
});

test('a peak is held for a second and a half and falls then, but never below what is', () => {
    const p = new PeakHold();
    expect(p.push(-6, 0)).toBe(-6);
    expect(p.push(-40, 1400)).toBe(-6);
    expect(p.push(-40, 1600)).toBeLessThan(-6);
    const before = p.value;
    expect(p.push(-40, 2100)).toBeCloseTo(before - 10);
    expect(p.push(-40, 60_000)).toBe(-40);
    expect(p.push(-3, 60_050)).toBe(-3);
});

test('a lamp shows what clipped since it was put out', () => {
    const lamp = new ClipLamp();
    expect(lamp.count(0)).toBe(0);
    lamp.push([5, 0]);
    expect(lamp.count(0)).toBe(0);
    lamp.push([8, 1]);
    expect([lamp.count(0), lamp.count(1)]).toEqual([3, 1]);
    lamp.reset();
    expect(lamp.count(0)).toBe(0);
    lamp.push([0, 0]);
    expect(lamp.count(0)).toBe(0);
    lamp.push([1, 0]);
    expect(lamp.count(0)).toBe(1);
});

test('bands are even parts of the ten octaves from 20 Hz to 20 kHz', () => {
    expect(bandHz(0, 32)).toBeGreaterThan(20);
    expect(bandHz(31, 32)).toBeLessThan(20000);
    expect(bandHz(20, 32) / bandHz(19, 32)).toBeCloseTo(1000 ** (1 / 32));
});
