import { expect, test } from 'vitest';
import { PLAIN, readView, writeView } from './order.svelte';

test('a view goes into the address and comes back', () => {
    const view = { q: 'deep house/2', sort: 'bpm' as const, isDown: true, show: 'failed' as const };
    expect(writeView(view)).toEqual(['sort=-bpm', 'show=failed', 'q=deep house/2']);
    expect(readView(['abc', ...writeView(view)])).toEqual({ trackId: 'abc', view });
    expect(readView(writeView(view))).toEqual({ trackId: null, view });
    expect(writeView(PLAIN)).toEqual([]);
});

test('an address that says nothing of the list leaves it as it is', () => {
    expect(readView(['abc'])).toEqual({ trackId: 'abc', view: null });
    expect(readView([])).toEqual({ trackId: null, view: null });
});

test('nonsense is the plain list', () => {
    expect(readView(['sort=colour', 'show=me']).view).toEqual(PLAIN);
});
