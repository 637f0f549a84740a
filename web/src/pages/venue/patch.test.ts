import { expect, test } from 'vitest';
import type { Patch, UniverseSource } from '../../api/types';
import { lineError, lineText, owners, sourceText } from './patch';

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

test('slots know their fixture', () => {
    const o = owners(patch, 1);
    expect([o[0], o[9], o[10]]).toEqual(['a', 'a', null]);
    expect(owners(patch, 9).every((x) => x === null)).toBe(true);
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
