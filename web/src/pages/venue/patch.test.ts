import { expect, test } from 'vitest';
import type { Patch } from '../../api/types';
import { owners, suggest } from './patch';

const patch: Patch = {
    universes: [
        {
            universe: 1,
            used: [{ fixture_id: 'a', label: 'A', address: 1, channels: 10 }],
            free: [{ address: 11, channels: 4 }, { address: 20, channels: 493 }],
        },
        { universe: 2, used: [], free: [] },
    ],
    warnings: [],
};

test('the first gap that is wide enough', () => {
    expect(suggest(patch, 4)).toEqual({ universe: 1, address: 11 });
    expect(suggest(patch, 5)).toEqual({ universe: 1, address: 20 });
});
test('no gap: the next universe that has room, at last a new one', () => {
    expect(suggest(patch, 500)).toEqual({ universe: 3, address: 1 });
    expect(suggest(null, 500)).toEqual({ universe: 1, address: 1 });
    expect(suggest(patch, 10, 7)).toEqual({ universe: 7, address: 1 });
});
test('slots know their fixture', () => {
    const o = owners(patch, 1);
    expect([o[0], o[9], o[10]]).toEqual(['a', 'a', null]);
    expect(owners(patch, 9).every((x) => x === null)).toBe(true);
});
