import { expect, test } from 'vitest';
import { ApiError } from '../../api/client';
import type { AudioEffect } from '../../api/types';
import { added, asItComes, changed, fresh, moved, problemOf, steps, without } from './chain';

const param = (id: string, def: number) => ({ id, label: id, type: 'float', default: def, min: 0, max: 10, step: 1 });
const kinds: AudioEffect[] = [
    { type: 'gain', label: 'Gain', params: [param('gain_db', 0)] },
    { type: 'loudness', label: 'Loudness', params: [param('target_lufs', -14)] },
    { type: 'limiter', label: 'Limiter', params: [param('ceiling_db', -1)] },
];
const [gain, loudness, limiter] = kinds as [AudioEffect, AudioEffect, AudioEffect];
const types = (list: readonly { type: string }[]) => list.map((e) => e.type).join(' ');

test('as it comes: loudness, then the limiter, with their defaults', () => {
    expect(asItComes(kinds)).toEqual([{ type: 'loudness', bypass: false, target_lufs: -14 }, { type: 'limiter', bypass: false, ceiling_db: -1 }]);
});

test('a new effect stands before the limiter, loudness first', () => {
    expect(types(added(asItComes(kinds), gain))).toBe('loudness gain limiter');
    expect(types(added([fresh(gain)], loudness))).toBe('loudness gain');
    expect(types(added([fresh(gain)], limiter))).toBe('gain limiter');
});

test('moved before another, and to the end', () => {
    const all = [fresh(loudness), fresh(gain), fresh(limiter)];
    expect(types(moved(all, 0, 3))).toBe('gain limiter loudness');
    expect(types(moved(all, 2, 0))).toBe('limiter loudness gain');
    expect(types(moved(all, 1, 1))).toBe(types(all));
    expect(types(moved(all, 1, 2))).toBe(types(all));
    expect(types(moved(all, 9, 0))).toBe(types(all));
});

test('one is changed, one is taken out, the others stay as they are', () => {
    const all = asItComes(kinds);
    const next = changed(all, 1, { ceiling_db: -3 });
    expect(next[1]).toEqual({ type: 'limiter', bypass: false, ceiling_db: -3 });
    expect(next[0]).toBe(all[0]);
    expect(types(without(all, 0))).toBe('limiter');
});

test('a slope of 12 or 24 is chosen, a frequency is turned', () => {
    expect(steps({ id: 'slope_db', label: '', type: 'float', default: 12, min: 12, max: 24, step: 12 })).toEqual([12, 24]);
    expect(steps({ id: 'hz', label: '', type: 'float', default: 100, min: 20, max: 20000, step: 1 })).toBeNull();
});

test('what lumad refuses is said at its field', () => {
    const error = new ApiError(422, '', '', '', [{ path: '/effects/1/ceiling_db', message: 'must be at most 0' }]);
    expect(problemOf(error, 1, 'ceiling_db')).toBe('must be at most 0');
    expect(problemOf(error, 0, 'ceiling_db')).toBeUndefined();
    expect(problemOf(null, 0, 'x')).toBeUndefined();
});
