import { expect, test } from 'vitest';
import { typedTo } from './typeahead';

const names = ['Alpha', 'Beta', 'Bélo', 'bravo', 'Gamma'];
const to = (typed: string, at: number) => typedTo(names, (n) => n, typed, at);

test('a letter goes to the next row that begins with it, and round', () => {
    expect(to('b', -1)).toBe(1);
    expect(to('b', 1)).toBe(2);
    expect(to('b', 3)).toBe(1);
    expect(to('z', 0)).toBeNull();
});

test('a word stays where it is right and ignores case and accents', () => {
    expect(to('be', 1)).toBe(1);
    expect(to('bel', 1)).toBe(2);
    expect(to('BR', 0)).toBe(3);
    expect(to('bx', 0)).toBeNull();
});

test('a letter again and again goes on', () => {
    expect(to('bb', 1)).toBe(2);
    expect(to('bbb', 2)).toBe(3);
});
