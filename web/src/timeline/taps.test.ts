import { expect, test } from 'vitest';
import { Taps } from './taps';

test('the tempo is that of the middle tap, and needs three', () => {
    const taps = new Taps();
    taps.add(10);
    taps.add(10.5);
    expect(taps.bpm).toBeNull();
    taps.add(11.01);
    expect(taps.bpm).toBeCloseTo(118.8, 1);
});

test('a long pause or a way back begins anew; standing music is no beat', () => {
    const taps = new Taps();
    for (const t of [1, 1.5, 2, 2, 2]) taps.add(t);
    expect(taps.times).toEqual([1, 1.5, 2]);
    taps.add(9);
    expect(taps.times).toEqual([9]);
    taps.add(3);
    expect(taps.times).toEqual([3]);
});
