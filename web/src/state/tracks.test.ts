import { afterEach, expect, test, vi } from 'vitest';

afterEach(() => vi.unstubAllGlobals());

test('a track that could not be fetched is fetched when there is a connection again', async () => {
    let isLost = true;
    vi.stubGlobal('fetch', async (path: string) => {
        if (isLost) throw new TypeError('no connection');
        const items = path.includes('ids=') ? [{ id: 'a', title: 'Alpha' }] : [];
        return new Response(JSON.stringify({ items, next: null }), { headers: { 'content-type': 'application/json' } });
    });
    const { tracks } = await import('./tracks.svelte');
    const { changed } = await import('./changes');
    expect(tracks.find('a')).toBeUndefined();
    await vi.waitFor(() => expect(tracks.error).not.toBeNull());
    isLost = false;
    changed('*');
    await vi.waitFor(() => expect(tracks.row('a')?.title).toBe('Alpha'));
});
