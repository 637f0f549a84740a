import { describe, expect, test } from 'vitest';
import type { Fixture, Group } from '../../api/types';
import { COLORS, dropOf, freeColor, freeName, inOrder, partOf, placed, reordered, transfer, treeRows, LOOSE } from './groups';

const group = (id: string, fixture_ids: string[], sort_index = 0, color: string | null = null) => ({ id, name: id, fixture_ids, sort_index, color }) as Group;
const fixture = (id: string) => ({ id, label: id.toUpperCase(), manufacturer: '', model: '' }) as Fixture;
const fixtures = ['a', 'b', 'c', 'd'].map(fixture);
const front = group('front', ['b', 'a'], 1);
const back = group('back', ['c'], 2);
const groups = [front, back];
/* What the edits make of the groups. */
const after = (edits: ReturnType<typeof transfer>) =>
    Object.fromEntries(groups.map((g) => [g.id, edits.filter((e) => e.id === g.id).reduce((m, e) => e.edit(m), g.fixture_ids!).join('')]));

describe('rows', () => {
    const rows = (open: string[], filter = '') => treeRows(groups, fixtures, new Set(open), filter).map((r) => r.id);
    test('groups, their fixtures in their order, and what is in none', () => {
        expect(rows([])).toEqual(['front', 'back', LOOSE]);
        expect(rows(['front', LOOSE])).toEqual(['front', 'front/b', 'front/a', 'back', LOOSE, `${LOOSE}/d`]);
        expect(treeRows(groups, fixtures.slice(0, 3), new Set()).map((r) => r.id)).toEqual(['front', 'back']);
    });
    test('what is looked for is opened', () => {
        expect(rows([], 'A')).toEqual(['front', 'front/a', 'back']); /* "back" has an a itself */
        expect(rows([], 'd')).toEqual([LOOSE, `${LOOSE}/d`]);
        expect(rows([], 'zz')).toEqual([]);
    });
    test('a member that is not in the patch is there to be taken out', () => {
        const row = treeRows([group('g', ['gone'])], fixtures, new Set(['g']))[1]!;
        expect([row.fixture, row.fixtureId, row.name]).toEqual([null, 'gone', 'Not in the patch']);
    });
});

describe('members', () => {
    test('put at a place, each once', () => {
        expect(placed(['a', 'b', 'c'], ['x'], 1).join('')).toBe('axbc');
        expect(placed(['a', 'b', 'c'], ['c', 'a'], 2).join('')).toBe('bca');
        expect(placed(['a', 'b', 'c'], ['a'], 3).join('')).toBe('bca');
        expect(placed([], ['a', 'a'], 0).join('')).toBe('a');
    });
    test('between groups, copied, taken out, put in, moved within', () => {
        expect(after(transfer(groups, ['a'], 'front', 'back', 0))).toEqual({ front: 'b', back: 'ac' });
        expect(after(transfer(groups, ['a', 'b'], 'front', 'back', 1, true))).toEqual({ front: 'ba', back: 'cab' });
        expect(after(transfer(groups, ['a'], 'front', null, 0))).toEqual({ front: 'b', back: 'c' });
        expect(after(transfer(groups, ['d'], null, 'front', 1))).toEqual({ front: 'bda', back: 'c' });
        expect(after(transfer(groups, ['a'], 'front', 'front', 0))).toEqual({ front: 'ab', back: 'c' });
    });
    test('nothing to do is no edit', () => {
        expect(transfer(groups, ['b'], 'front', 'front', 0)).toEqual([]);
        expect(transfer(groups, ['d'], null, null, 0)).toEqual([]);
    });
    test('what others put in or took out meanwhile stays so', () => {
        const [edit] = transfer(groups, ['d'], null, 'front', 1);
        expect(edit!.edit(['x', 'b', 'a', 'y']).join('')).toBe('xbday');
        expect(edit!.edit(['b']).join('')).toBe('bd');
    });
});

describe('order', () => {
    const four = ['p', 'q', 'r', 's'].map((id, i) => group(id, [], i + 1));
    const order = (before: Group[], change: { id: string; sort_index: number }[]) =>
        inOrder(before.map((g) => ({ ...g, ...change.find((c) => c.id === g.id) }))).map((g) => g.id).join('');
    test('one row is written where there is room', () => {
        for (const [ids, before, want] of [[['s'], 'q', 'psqr'], [['p'], null, 'qrsp'], [['r'], 'p', 'rpqs'], [['p', 'r'], 's', 'qprs']] as const) {
            const change = reordered(four, ids, before);
            expect(change.map((c) => c.id)).toEqual(ids);
            expect(order(four, change)).toBe(want);
        }
    });
    test('where all have the same place, all get one', () => {
        const same = ['p', 'q', 'r'].map((id) => group(id, []));
        expect(order(same, reordered(same, ['r'], 'q'))).toBe('prq');
    });
    test('it goes on for ever between the same two', () => {
        let now = four;
        for (let i = 0; i < 200; i++) {
            const [, b, c] = now;
            const change = reordered(now, [c!.id], b!.id);
            const want = [now[0]!.id, c!.id, b!.id, now[3]!.id].join('');
            now = inOrder(now.map((g) => ({ ...g, ...change.find((x) => x.id === g.id) })));
            expect(now.map((g) => g.id).join('')).toBe(want);
        }
    });
    test('where it is already is no change', () => {
        expect(reordered(four, ['q'], 'r')).toEqual([]);
        expect(reordered(four, ['q'], 'q')).toEqual([]);
        expect(reordered(four, [], 'q')).toEqual([]);
    });
});

describe('a drop', () => {
    const rows = treeRows(groups, fixtures, new Set(['front', LOOSE]));
    const on = (id: string, y: number, what: 'fixtures' | 'groups') => {
        const row = rows.find((r) => r.id === id)!;
        return dropOf({ row, part: partOf(row, y, what) }, what, groups);
    };
    test('of fixtures: onto a group, between its fixtures, out of all', () => {
        expect(on('back', 0.5, 'fixtures')).toEqual({ to: 'back', at: 1 });
        expect(on('front', 0.9, 'fixtures')).toEqual({ to: 'front', at: 0 });
        expect(on('front/a', 0.2, 'fixtures')).toEqual({ to: 'front', at: 1 });
        expect(on('front/a', 0.8, 'fixtures')).toEqual({ to: 'front', at: 2 });
        expect(on(`${LOOSE}/d`, 0.2, 'fixtures')).toEqual({ to: null, at: 0 });
        expect(on(LOOSE, 0.5, 'fixtures')).toEqual({ to: null, at: 0 });
    });
    test('of groups: between groups', () => {
        expect(on('front', 0.1, 'groups')).toEqual({ before: 'front' });
        expect(on('front/a', 0.1, 'groups')).toEqual({ before: 'back' });
        expect(on('back', 0.9, 'groups')).toEqual({ before: null });
        expect(on(LOOSE, 0.1, 'groups')).toEqual({ before: null });
    });
});

test('names and colours that are free', () => {
    expect(freeName([group('group_1', [])])).toBe('group_2');
    expect(freeName(groups, 'front')).toBe('front_2');
    expect(freeName(groups, 'side')).toBe('side');
    expect(freeColor([])).toBe(COLORS[0]!.value);
    expect(freeColor([group('x', [], 0, COLORS[0]!.value.toUpperCase())])).toBe(COLORS[1]!.value);
    expect(freeColor(COLORS.map((c) => group(c.name, [], 0, c.value)))).toBe(COLORS[0]!.value);
});
