import { describe, expect, it } from 'vitest';
import { nextRange, nextStop, readRanges, readStops, sortedStops, withEnd } from './ranges';

describe('ranges', () => {
    it('leaves out what is no pair of numbers', () => {
        expect(readRanges([[20, 200], [1], 'x', null, [1, 'b'], [2, 3, 4], [Number.NaN, 1], [1, 2]])).toEqual([[20, 200], [1, 2]]);
    });
    it('take what was typed, always go up and stay within the limits', () => {
        const typed = (r: [number, number], end: 'low' | 'high', v: number) => withEnd(r, end, v, 0, 96_000);
        expect(typed([20, 200], 'low', 50)).toEqual([50, 200]);
        expect(typed([20, 200], 'high', 500)).toEqual([20, 500]);
        expect(typed([200, 800], 'low', 5000)).toEqual([5000, 20_000]);
        expect(typed([200, 800], 'low', 50_000)).toEqual([50_000, 96_000]);
        expect(typed([200, 800], 'low', 96_000)).toEqual([95_999, 96_000]);
        expect(typed([200, 800], 'high', 100)).toEqual([25, 100]);
        expect(typed([200, 800], 'high', 0)).toEqual([0, 1]);
        expect(typed([0, 800], 'high', 0)).toEqual([0, 1]);
        expect(typed([0, 800], 'low', 800)).toEqual([800, 3200]);
    });
    it('grow upwards', () => {
        expect(nextRange([[20, 200]], 0, 96_000)).toEqual([200, 800]);
        expect(nextRange([[20, 200], [2000, 60_000]], 0, 96_000)).toEqual([60_000, 96_000]);
        expect(nextRange([[20, 96_000]], 0, 96_000)).toEqual([24_000, 96_000]);
        expect(nextRange([], 0, 96_000)).toEqual([20, 80]);
    });
});

describe('stops', () => {
    const stop = (position: number, color = '#ff0000') => ({ position, color });
    it('leave out what is none', () => {
        expect(readStops([stop(0), null, 3, { position: 1 }, { color: '#000000' }])).toEqual([stop(0)]);
    });
    it('go up', () => {
        expect(sortedStops([stop(1), stop(0.2, '#00ff00'), stop(0.2)])).toEqual([stop(0.2, '#00ff00'), stop(0.2), stop(1)]);
    });
    it('begin with two, reach both ends, then fill the widest gap', () => {
        expect(nextStop([]).map((s) => s.position)).toEqual([0, 1]);
        expect(nextStop([stop(0.5)]).map((s) => s.position)).toEqual([0.5, 1]);
        expect(nextStop([stop(0.5), stop(1)]).map((s) => s.position)).toEqual([0, 0.5, 1]);
        expect(nextStop([stop(0), stop(0.2), stop(1)]).map((s) => s.position)).toEqual([0, 0.2, 0.6, 1]);
    });
});
