import { expect, test } from 'vitest';
import type { Patch, UniverseSource } from '../../api/types';
import { lineError, numbered, owners, series, sourceText, suggest } from './patch';

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

test('a row of fixtures goes over what is in the way and into the next universe', () => {
    const at = (universe: number, address: number) => ({ universe, address });
    expect(series(null, 6, at(1, 1), 3)).toEqual([at(1, 1), at(1, 7), at(1, 13)]);
    expect(series(patch, 100, at(2, 300), 4)).toEqual([at(2, 300), at(2, 400), at(3, 1), at(3, 101)]);
    const blocked: Patch = { universes: [{ universe: 1, used: [{ fixture_id: 'b', label: '', address: 10, channels: 5 }], free: [] }], warnings: [] };
    expect(series(blocked, 6, at(1, 1), 3)).toEqual([at(1, 1), at(1, 15), at(1, 21)]);
    expect(series(null, 600, at(1, 1), 3)).toEqual([at(1, 1)]);
});
test('labels count on', () => {
    expect([0, 1, 2].map((n) => numbered('Par 9', n))).toEqual(['Par 9', 'Par 10', 'Par 11']);
    expect([0, 1].map((n) => numbered('Par', n))).toEqual(['Par', 'Par 2']);
    expect(numbered('', 3)).toBe('');
});

test('an error of a table is said by its line', () => {
    expect(lineError({ path: '/lines/7/fixture_path', message: 'is required' })).toBe('Line 7, fixture path: is required');
    expect(lineError({ path: '/lines/1', message: 'is missing' })).toBe('Line 1: is missing');
    expect(lineError({ path: '', message: 'too large' })).toBe('too large');
});

test('who else sends, in a line', () => {
    const pult: UniverseSource = {
        protocol: 'sacn', address: '10.0.0.5', name: 'Pult', port_address: null, priority: 120, packets: 9, fps: 43.6, age_ms: 20, merged: true, second_sender: true,
    };
    expect(sourceText(pult)).toBe('Pult (10.0.0.5), sACN priority 120, 44 fps, merged');
    expect(sourceText({ ...pult, protocol: 'artnet', name: '', port_address: 0, priority: null, age_ms: 1840, merged: false })).toBe(
        '10.0.0.5, Art-Net 0, silent for 1.8 s, not merged',
    );
});
