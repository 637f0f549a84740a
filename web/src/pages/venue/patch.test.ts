import { expect, test } from 'vitest';
import type { Patch, UniverseSource } from '../../api/types';
import { lastOf, lineError, lineText, moved, owners, sourceText, suggest, suggestRow } from './patch';

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

test('a row of fixtures goes on into the next universe', () => {
    const at = (universe: number, address: number) => ({ universe, address });
    expect(lastOf(at(1, 1), 6, 6, 3)).toEqual(at(1, 13));
    expect(lastOf(at(2, 300), 100, 100, 4)).toEqual(at(3, 101));
    expect(lastOf(at(1, 503), 4, 5, 3)).toEqual(at(2, 1));
    expect(lastOf(at(1, 500), 13, 13, 1)).toEqual(at(1, 500));
});
test('a row is suggested where all of it fits', () => {
    expect(suggestRow(patch, 2, 2, 2)).toEqual({ universe: 1, address: 11 });
    expect(suggestRow(patch, 2, 3, 2)).toEqual({ universe: 1, address: 20 });
    expect(suggestRow(patch, 100, 100, 5)).toEqual({ universe: 3, address: 1 });
    expect(suggestRow(patch, 100, 100, 9)).toEqual({ universe: 2, address: 1 });
    expect(suggestRow(null, 100, 100, 9, 4)).toEqual({ universe: 4, address: 1 });
});

test('an entry is put elsewhere', () => {
    expect(moved(['a', 'b', 'c'], 0, 2)).toEqual(['b', 'c', 'a']);
    expect(moved(['a', 'b', 'c'], 2, 1)).toEqual(['a', 'c', 'b']);
});

test('an error of a table is said by its line', () => {
    expect(lineError({ path: '/lines/7/fixture_path', message: 'is required' })).toBe('Line 7, fixture path: is required');
    expect(lineError({ path: '/lines/1', message: 'is missing' })).toBe('Line 1: is missing');
    expect(lineError({ path: '', message: 'too large' })).toBe('too large');
    expect(lineText({ path: '/lines/2/address' }, ['a', ' b '])).toBe('b');
    expect([lineText({ path: '' }, ['a']), lineText({ path: '/lines/9' }, ['a'])]).toEqual(['', '']);
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
