import { expect, test } from 'vitest';
import { carried, clashes, counted, moveOthers, nextFree, pieces, pushAlong, readAddress, rowOf, slotOf, spotOf, troubled, type Place } from './places';

const place = (id: string, universe: number, address: number, channels = 4): Place => ({ id, universe, address, channels });
const where = (places: readonly Place[] | null) => places?.map((p) => `${p.id} ${p.universe}.${p.address}`).join(', ') ?? null;
const patch = [place('a', 1, 1), place('b', 1, 5), place('c', 1, 9), place('z', 2, 1, 500)];

test('slots in one row', () => {
    expect(slotOf({ universe: 2, address: 1 })).toBe(512);
    expect(spotOf(512)).toEqual({ universe: 2, address: 1 });
    expect(spotOf(-3)).toEqual({ universe: 1, address: 1 });
});

test('addresses as they are typed', () => {
    expect(readAddress('101', 3)).toEqual({ universe: 3, address: 101 });
    expect(readAddress(' 2.7 ', 3)).toEqual({ universe: 2, address: 7 });
    expect([readAddress('2.513', 1), readAddress('0', 1), readAddress('x', 1), readAddress('64000.1', 1)]).toEqual([null, null, null, null]);
});

test('what is in the way is named', () => {
    expect(clashes([place('n', 1, 3)], patch)).toEqual([{ id: 'n', with: ['a', 'b'], isOver: false }]);
    expect(clashes([place('n', 1, 510)], patch)).toEqual([{ id: 'n', with: [], isOver: true }]);
    expect(clashes([place('n', 1, 13), place('m', 1, 14)], patch).map((c) => c.with)).toEqual([['m'], ['n']]);
    expect(clashes([place('n', 1, 13)], patch)).toEqual([]);
    expect(troubled(patch)).toEqual([]);
    expect(troubled([...patch, place('d', 1, 12)]).map((c) => c.id)).toEqual(['c', 'd']);
    expect(clashes([place('dark', 1, 1, 0)], patch)).toEqual([]);
});

test('the next free place is behind, and in the next universe that has one', () => {
    expect(where(nextFree([place('n', 1, 3)], patch))).toBe('n 1.13');
    expect(where(nextFree([place('n', 1, 510)], patch))).toBe('n 2.501');
    expect(where(nextFree([place('n', 1, 510, 13)], patch))).toBe('n 3.1');
    /* A row keeps its gaps, where it fits as a whole. */
    expect(where(nextFree([place('n', 1, 5), place('m', 1, 15)], patch))).toBe('n 1.13, m 1.23');
    expect(where(nextFree([place('n', 1, 500), place('m', 1, 510)], patch))).toBe('n 1.500, m 2.501');
});

test('who is in the way moves, and nobody else', () => {
    expect(where(moveOthers([place('n', 1, 3)], patch))).toBe('n 1.3, a 1.13, b 1.17');
    expect(moveOthers([place('n', 1, 510)], patch)).toBeNull();
});

test('those behind go on by as much as it takes', () => {
    expect(where(pushAlong([place('n', 1, 5)], patch))).toBe('n 1.5, b 1.9, c 1.13');
    expect(where(pushAlong([place('n', 1, 3)], [...patch, place('d', 1, 40)]))).toBe('n 1.3, a 1.7, b 1.11, c 1.15');
    /* Over the end of a universe, in order. */
    expect(where(pushAlong([place('n', 2, 1, 20)], patch))).toBe('n 2.1, z 3.1');
});

test('a row of equal ones', () => {
    expect(rowOf({ universe: 1, address: 503 }, 4, 5, 3)).toEqual([{ universe: 1, address: 503 }, { universe: 1, address: 508 }, { universe: 2, address: 1 }]);
});

test('carried along', () => {
    expect(where(carried([place('a', 1, 510, 2), place('b', 2, 1)], 3))).toBe('a 2.1, b 2.4');
    expect(clashes(carried([place('a', 1, 1)], -5), [])[0]?.isOver).toBe(true);
});

test('labels count on as lumad counts them', () => {
    expect([counted('Par 9', 1), counted('Spot 09', 1), counted('Bar', 0), counted('Bar', 1), counted('', 3), counted('7', 5)]).toEqual([
        'Par 10', 'Spot 10', 'Bar', 'Bar 2', '', '12',
    ]);
});

test('the map draws what crosses a row in pieces, and the name on the widest', () => {
    expect(pieces(place('a', 1, 62, 10), 64).map((p) => [p.row, p.column, p.width, p.isFirst, p.isLast, p.hasName])).toEqual([
        [0, 61, 3, true, false, false],
        [1, 0, 7, false, true, true],
    ]);
    expect(pieces(place('a', 1, 510, 10), 64)).toHaveLength(1);
});
