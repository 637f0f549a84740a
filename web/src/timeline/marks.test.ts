import { expect, test } from 'vitest';
import { markAt, movedMark, type Mark } from './marks';

const point: Mark = { id: 'p', start: 10, end: null };
const loop: Mark = { id: 'l', start: 20, end: 30 };
const plain = (t: number) => t;

test('the nearest edge is meant, else the loop one is in', () => {
    expect(markAt([point, loop], 10.3, 0.5)).toEqual({ id: 'p', part: 'body' });
    expect(markAt([point, loop], 19.8, 0.5)).toEqual({ id: 'l', part: 'start' });
    expect(markAt([point, loop], 30.4, 0.5)).toEqual({ id: 'l', part: 'end' });
    expect(markAt([point, loop], 25, 0.5)).toEqual({ id: 'l', part: 'body' });
    expect(markAt([point, loop], 12, 0.5)).toBeNull();
    expect(markAt([loop, { id: 'q', start: 25, end: null }], 25.1, 0.5)).toEqual({ id: 'q', part: 'body' });
});

test('a point and a loop stay within the track, and a loop keeps its length or its other end', () => {
    expect(movedMark(point, 'body', -20, 60, plain)).toEqual({ start: 0, end: null });
    expect(movedMark(loop, 'body', 100, 60, plain)).toEqual({ start: 50, end: 60 });
    expect(movedMark(loop, 'start', 100, 60, plain)).toEqual({ start: 29.99, end: 30 });
    expect(movedMark(loop, 'end', 100, 60, plain)).toEqual({ start: 20, end: 60 });
    expect(movedMark(loop, 'end', -100, 60, plain).end).toBeCloseTo(20.01);
});

test('they snap', () => {
    expect(movedMark(point, 'body', 0.8, 60, Math.round)).toEqual({ start: 11, end: null });
});
