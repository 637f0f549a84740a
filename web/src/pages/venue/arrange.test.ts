import { expect, test } from 'vitest';
import type { Fixture } from '../../api/types';
import { arrange, settingsOf, told } from './arrange';

const fixture = (id: string, pos_x: number, pos_y = 0, pos_z = 4): Fixture => ({
    id, version: 1, venue_id: 'v', universe: 1, address: 1, manufacturer: '', model: '', mode_name: '', fixture_path: null, label: id, pos_x, pos_y, pos_z, rot_x: 0, rot_y: 0, rot_z: 0,
});
const rows = [fixture('a', -2), fixture('b', 1, 1), fixture('c', 4, 0, 6)];
const s = settingsOf(rows);
const xyz = (m: ReturnType<typeof arrange>) => [...m.values()].map((c) => [c.pos_x, c.pos_y, c.pos_z]);

test('what a tool would do, before it is done', () => {
    expect(xyz(arrange('align', rows, { ...s, axis: 'z', edge: 'low' }))).toEqual([[-2, 0, 4], [1, 1, 4], [4, 0, 4]]);
    expect(xyz(arrange('distribute', rows, { ...s, step: 2 }))).toEqual([[-1, 0, 4], [1, 1, 4], [3, 0, 6]]);
    expect(xyz(arrange('line', rows, { ...s, to: { x: 2, y: 0, z: 4 } }))).toEqual([[-2, 0, 4], [0, 0, 4], [2, 0, 4]]);
    expect(xyz(arrange('grid', rows, { ...s, centre: { x: 0, y: 0, z: 5 }, columns: 2, stepU: 2, stepV: 2 }))).toEqual([[-1, -1, 5], [1, -1, 5], [-1, 1, 5]]);
    expect(xyz(arrange('move', rows, { ...s, by: { x: 0, y: 0, z: 0.5 } }))).toEqual([[-2, 0, 4.5], [1, 1, 4.5], [4, 0, 6.5]]);
    expect(xyz(arrange('mirror', rows, { ...s, axis: 'x', about: 1 }))).toEqual([[4, 0, 4], [1, 1, 4], [-2, 0, 6]]);
});

test('a circle turns the fronts to the middle, if it is asked to', () => {
    const round = { ...s, centre: { x: 0, y: 0, z: 4 }, radius: 2 };
    expect(arrange('circle', rows, round).get('a')).toEqual({ pos_x: 2, pos_y: 0, pos_z: 4 });
    const turned = arrange('circle', rows, { ...round, isInward: true });
    expect(new Set([...turned.values()].map((c) => c.rot_z)).size).toBe(3);
});

test('in a line', () => {
    expect(told(rows, arrange('move', rows, s))).toBe('All are there already.');
    expect(told(rows, arrange('align', rows, { ...s, axis: 'z', edge: 'low' }))).toBe('1 of 3 move, at most 2 m.');
    expect(told(rows, arrange('move', rows, { ...s, turn: { x: 90, y: 0, z: 0 } }))).toBe('3 turn.');
});
