import { describe, expect, it } from 'vitest';
import { filterPatterns, shelve } from './gallery';

const list = [
    { name: 'Zebra', category: 'Beat', description: 'stripes' },
    { name: 'Mine', category: null, description: '' },
    { name: 'Wave', category: 'Space', description: 'a slow one' },
    { name: 'Apple', category: 'Space', description: 'fast' },
];
const names = (words: string) => filterPatterns(list, words).map((p) => p.name);

describe('the list of patterns', () => {
    it('goes by category and name, what has no category last', () => expect(names('')).toEqual(['Zebra', 'Apple', 'Wave', 'Mine']));
    it('finds every word anywhere', () => {
        expect(names('space slow')).toEqual(['Wave']);
        expect(names('STRIPES')).toEqual(['Zebra']);
        expect(names('nothing')).toEqual([]);
    });
    it('stands on shelves', () => expect(shelve(filterPatterns(list, '')).map(([c, l]) => [c, l.length])).toEqual([['Beat', 1], ['Space', 2], ['No category', 1]]));
});
