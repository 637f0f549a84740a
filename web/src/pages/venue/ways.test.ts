import { expect, test } from 'vitest';
import { clashes, type Place } from './places';
import { newId, taking, waysOut, why, type Asked } from './ways';

const at = (id: string, address: number, channels = 4): Place => ({ id, universe: 1, address, channels });
const name = (id: string) => `Par ${id}`;
const asked = (coming: Place[], staying: Place[], create: Asked['create'] = []): Asked => ({
    label: 'change mode', coming, changes: new Map(), create, found: clashes(coming, staying),
});

test('modes that grow over each other go one behind the other', () => {
    const a = asked([at('1', 1, 12), at('2', 5, 12), at('3', 9, 12)], [at('4', 21)]);
    expect(why(a, name)).toBe('Par 1 at 1.1 to 12: Par 2, Par 3 are in the way. And 2 more.');
    const ways = waysOut(a, [at('4', 21)]);
    expect(ways.map((w) => `${w.label}: ${w.words}`)).toEqual(['Next free place: from 1.1']);
    const edit = taking({ ...a, changes: new Map(['1', '2', '3'].map((id) => [id, { mode_name: 'twelve' }])) }, ways[0]!);
    expect([...edit.changes.values()]).toEqual([1, 25, 37].map((address) => ({ mode_name: 'twelve', universe: 1, address })));
});

test('what is still to be made is named by its label, and placed by its order', () => {
    const a = asked([at(newId(0), 3)], [at('1', 1)], [{ label: 'Spot' }]);
    expect(why(a, name)).toBe('Spot at 1.3 to 6: Par 1 is in the way.');
    expect(waysOut(a, [at('1', 1)]).map((w) => w.words)).toEqual(['1.5', '1 fixture', '1 fixture']);
    expect(taking(a, waysOut(a, [at('1', 1)])[0]!).create).toEqual([{ label: 'Spot', universe: 1, address: 5 }]);
});

test('beyond the last slot there is a place, and nobody to move', () => {
    const a = asked([at('1', 510)], []);
    expect(why(a, name)).toBe('Par 1 does not fit at 1.510: it takes 4 slots.');
    expect(waysOut(a, []).map((w) => w.words)).toEqual(['2.1']);
});
