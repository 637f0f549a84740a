import { expect, test } from 'vitest';
import { clampTo, fromUnit, scaleOf, toUnit } from './scale';

const hz = { min: 20, max: 20000, step: 1, scale: 'log' as const };
const db = { min: -24, max: 24, step: 0.1, scale: 'linear' as const };

test('a frequency is turned by octaves, a gain by decibels', () => {
    expect(scaleOf(20, 20000)).toBe('log');
    expect(scaleOf(-24, 24)).toBe('linear');
    expect(scaleOf(0.1, 2)).toBe('linear');
    expect(toUnit(Math.sqrt(20 * 20000), hz)).toBeCloseTo(0.5);
    expect(toUnit(0, db)).toBe(0.5);
});

test('there and back, and never beyond the ends', () => {
    for (const v of [20, 33, 1000, 20000]) expect(fromUnit(toUnit(v, hz), hz)).toBeCloseTo(v);
    expect(toUnit(5, hz)).toBe(0);
    expect(fromUnit(7, db)).toBe(24);
    expect(clampTo(99, db)).toBe(24);
    expect(clampTo(0.1234, db)).toBe(0.1);
    expect(clampTo(19.4, hz)).toBe(20);
});
