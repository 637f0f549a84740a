import { expect, test } from 'vitest';
import { chainDb, hzAt, responseDb, unitAt } from './response';

const e = (type: string, params: Record<string, unknown>) => ({ type, bypass: false, ...params });

test('a bell has its gain in the middle and none far away', () => {
    const bell = e('parametric', { hz: 1000, gain_db: 6, q: 1 });
    expect(responseDb(bell, 1000)).toBeCloseTo(6, 6);
    expect(Math.abs(responseDb(bell, 20))).toBeLessThan(0.05);
    expect(responseDb(e('parametric', { hz: 1000, gain_db: -6, q: 1 }), 700)).toBeCloseTo(-responseDb(bell, 700), 9);
});

test('shelves have half of it at their frequency, all of it beyond', () => {
    const low = e('low_shelf', { hz: 100, gain_db: 8, q: 0.71 });
    expect(responseDb(low, 100)).toBeCloseTo(4, 6);
    expect(responseDb(low, 10)).toBeCloseTo(8, 1);
    expect(Math.abs(responseDb(low, 5000))).toBeLessThan(0.01);
    const high = e('high_shelf', { hz: 5000, gain_db: -8, q: 0.71 });
    expect(responseDb(high, 5000)).toBeCloseTo(-4, 6);
    expect(responseDb(high, 23000)).toBeCloseTo(-8, 1);
});

test('passes are 3 dB down at their frequency and fall as steeply as they say', () => {
    for (const slope of [12, 24]) {
        const high = e('high_pass', { hz: 200, slope_db: slope });
        expect(responseDb(high, 200)).toBeCloseTo(-3.01, 2);
        expect(responseDb(high, 40) - responseDb(high, 20)).toBeCloseTo(slope, 0);
        expect(Math.abs(responseDb(high, 5000))).toBeLessThan(0.01);
        const low = e('low_pass', { hz: 2000, slope_db: slope });
        expect(responseDb(low, 2000)).toBeCloseTo(-3.01, 2);
        expect(Math.abs(responseDb(low, 20))).toBeLessThan(0.01);
    }
});

test('what is bypassed or no filter is flat; the rest adds up', () => {
    const bell = e('parametric', { hz: 1000, gain_db: 6, q: 1 });
    expect(responseDb({ ...bell, bypass: true }, 1000)).toBe(0);
    expect(responseDb(e('compressor', { ratio: 4 }), 1000)).toBe(0);
    expect(chainDb([bell, bell, e('limiter', {})], 1000)).toBeCloseTo(12, 6);
});

test('the axis has ten octaves', () => {
    expect(hzAt(0)).toBe(20);
    expect(hzAt(1)).toBeCloseTo(20000);
    expect(unitAt(hzAt(0.37))).toBeCloseTo(0.37);
});
