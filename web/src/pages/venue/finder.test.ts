import { expect, test } from 'vitest';
import type { LibraryItem } from '../../api/types';
import { channelsText, choices, entries, kindName, readRange, search, type Filter } from './finder';

const item = (manufacturer: string, model: string, type: string, ...channels: number[]): LibraryItem => ({
    path: `${manufacturer}/${model}.qxf`, manufacturer, model, type, modes: channels.map((c) => ({ name: `${c} channels`, channels: c, heads: 1 })),
});
const all = entries([
    item('Martin', 'MAC Aura XB', 'moving_head', 14, 25),
    item('Martin', 'MAC Aura', 'moving_head', 14, 25),
    item('Robe', 'Robin 600', 'moving_head', 15, 37),
    item('Stairville', 'Mini Aura Par', 'par', 3, 8),
]);
const any: Filter = { words: '', maker: '', type: '', channels: '' };
const names = (f: Partial<Filter>) => search(all, { ...any, ...f }).map((e) => e.item.model);

test('every word must be there, the exact model stands first', () => {
    expect(names({ words: 'aura' })).toEqual(['MAC Aura', 'MAC Aura XB', 'Mini Aura Par']);
    expect(names({ words: 'martin mac aura' })).toEqual(['MAC Aura', 'MAC Aura XB']);
    expect(names({ words: 'aura xb' })).toEqual(['MAC Aura XB']);
    expect(names({ words: 'moving head robe' })).toEqual(['Robin 600']);
    expect(names({ words: 'zzz' })).toEqual([]);
});

test('filters, and what each would leave', () => {
    expect(names({ type: 'par' })).toEqual(['Mini Aura Par']);
    expect(search(all, { ...any, channels: '20-30' }).map((e) => [e.item.model, e.mode])).toEqual([['MAC Aura', '25 channels'], ['MAC Aura XB', '25 channels']]);
    expect(names({ channels: '<9' })).toEqual(['Mini Aura Par']);
    expect(choices(all, { ...any, words: 'aura', maker: 'Martin' }, 'maker')).toEqual([{ value: 'Martin', count: 2 }, { value: 'Stairville', count: 1 }]);
    expect(choices(all, { ...any, channels: '>30' }, 'type')).toEqual([{ value: 'moving_head', count: 1 }]);
});

test('how many channels, as it is typed', () => {
    expect([readRange('16'), readRange('8 - 20'), readRange('<12'), readRange('>30 ch'), readRange(''), readRange('many')]).toEqual([
        [16, 16], [8, 20], [0, 11], [31, Infinity], [0, Infinity], null,
    ]);
    expect([channelsText(all[0]!.item), kindName('moving_head')]).toEqual(['14, 25 ch', 'Moving head']);
});
