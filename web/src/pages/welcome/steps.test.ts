import { expect, test } from 'vitest';
import { next, steps, type Facts } from './steps';

const nothing: Facts = { venue: null, fixtures: null, outputs: null, hasTracks: false };

test('from nothing the room is named first; what is in it waits for it, tracks do not', () => {
    const all = steps(nothing);
    expect(all.map((s) => [s.id, s.isDone, s.isBlocked])).toEqual([
        ['venue', false, false], ['fixtures', false, true], ['outputs', false, true], ['tracks', false, false],
    ]);
    expect(next(all)?.id).toBe('venue');
});

test('each step that is done says what there is, and the next one is the first that is not', () => {
    const all = steps({ venue: { id: 'v', name: 'Cellar' }, fixtures: 40, outputs: 0, hasTracks: true });
    expect(all.map((s) => (s.isDone ? s.there : '-'))).toEqual(['Cellar', '40 fixtures', '-', 'They are in the library']);
    expect(next(all)?.go).toEqual(['venue', 'outputs']);
});

test('at the end nothing is next', () => {
    expect(next(steps({ venue: { id: 'v', name: 'x' }, fixtures: 1, outputs: 1, hasTracks: true }))).toBeNull();
});
