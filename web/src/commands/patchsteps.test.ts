import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { history } from './history.svelte';
import { patchStep } from './patchsteps';

let table = 'a';
const sent: string[] = [];

beforeEach(() => {
    table = 'a';
    sent.length = 0;
    history.done = [];
    history.undone = [];
    vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
        if (init.method === 'POST') {
            sent.push(url);
            table = await (init.body as Blob).text();
            return new Response('{"items":[],"next":null}', { headers: { 'content-type': 'application/json' } });
        }
        return new Response(table, { headers: { 'content-type': 'text/csv' } });
    });
});
afterEach(() => vi.unstubAllGlobals());

test('undo puts the patch back as a whole, redo does it again', async () => {
    await patchStep('add 3 fixtures', '/venues/v', async () => void (table = 'a b c'));
    expect(history.done.at(-1)?.label).toBe('add 3 fixtures');
    await history.undo();
    expect(table).toBe('a');
    expect(sent).toEqual(['/api/v1/venues/v/patch.csv?replace=true']);
    await history.redo();
    expect(table).toBe('a b c');
});

test('an undo asked for while it is on its way is its', async () => {
    const edit = patchStep('renumber', '/venues/v', async () => void (table = 'b'));
    const undone = history.undo();
    await edit;
    await undone;
    expect(table).toBe('a');
    expect(history.undone.map((s) => s.label)).toEqual(['renumber']);
});

test('what somebody else did since stays', async () => {
    await patchStep('renumber', '/venues/v', async () => void (table = 'b'));
    table = 'somebody else';
    await history.undo();
    expect(table).toBe('somebody else');
    expect(sent).toEqual([]);
});

test('nothing changed, or refused: no step', async () => {
    await patchStep('renumber', '/venues/v', async () => undefined);
    await expect(patchStep('import', '/venues/v', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(history.done).toEqual([]);
});
