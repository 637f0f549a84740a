import { beforeEach, expect, test, vi } from 'vitest';
import { asks } from '../state/asks.svelte';
import { clashes } from '../state/clashes.svelte';
import { toasts } from '../state/toasts.svelte';
import { deleteRow, KINDS, patchRow } from './edits';
import { history } from './history.svelte';

interface Fixture { id: string; version: number; label: string; address: number }
let row: Fixture;
let sent: string[];
let isGone: boolean;

/* One row behind REST, with its version checked as lumad does. */
beforeEach(() => {
    vi.useFakeTimers();
    history.done = [];
    history.undone = [];
    toasts.items = [];
    row = { id: Math.random().toString(), version: 1, label: 'a', address: 1 };
    sent = [];
    isGone = false;
    vi.stubGlobal('fetch', async (_path: string, o: { method: string; body: string | null; headers: Record<string, string> }) => {
        const answer = (status: number, body: unknown) =>
            new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } });
        if (o.method === 'PATCH') {
            sent.push(o.body!);
            if (o.headers['If-Match'] !== `"${row.version}"`) return answer(412, { title: 'stale', current: row });
            row = { ...row, ...(JSON.parse(o.body!) as Partial<Fixture>), version: row.version + 1 };
        }
        if (o.method === 'DELETE') {
            if (o.headers['If-Match'] !== `"${row.version}"`) return answer(412, { title: 'stale', current: row });
            isGone = true;
            return new Response(null, { status: 204 });
        }
        if (o.method === 'POST') {
            row = { ...row, ...(JSON.parse(o.body!) as Partial<Fixture>), version: row.version + 1 };
            isGone = false;
        }
        return answer(200, row);
    });
});
const later = () => vi.advanceTimersByTime(5000);

test('two edits of one row are undone and redone one after the other', async () => {
    await patchRow(KINDS.fixture, row, { label: 'b' });
    later();
    await patchRow(KINDS.fixture, row, { label: 'c' });
    await history.undo();
    expect(row.label).toBe('b');
    await history.undo();
    expect(row.label).toBe('a');
    await history.redo();
    await history.redo();
    expect(row.label).toBe('c');
});

test('what an undo has just put back can be deleted, before the page was told of it', async () => {
    const shown = row;
    await patchRow(KINDS.fixture, row, { label: 'b' });
    await history.undo();
    await deleteRow(KINDS.fixture, '/fixtures', shown);
    expect(isGone).toBe(true);
});

test('what somebody else made of the same field is not undone; another field is no hindrance', async () => {
    await patchRow(KINDS.fixture, row, { label: 'b' });
    row = { ...row, address: 7, version: row.version + 1 };
    await history.undo();
    expect(row).toMatchObject({ label: 'a', address: 7 });
    later();
    await patchRow(KINDS.fixture, row, { label: 'b' });
    row = { ...row, label: 'theirs', version: row.version + 1 };
    await history.undo();
    expect(row.label).toBe('theirs');
    expect(toasts.items.at(-1)?.kind).toBe('error');
});

test('a drag is sent in turn, overtakes itself, and is one step', async () => {
    const from = row;
    await Promise.all([2, 3, 4, 5].map((address) => patchRow(KINDS.fixture, from, { address })));
    expect(row.address).toBe(5);
    expect(sent).toHaveLength(1);
    expect(history.done).toHaveLength(1);
    await patchRow(KINDS.fixture, row, { address: 9 }, true);
    expect(history.done).toHaveLength(2);
    const stale = row;
    await Promise.all([patchRow(KINDS.fixture, stale, { address: 6 }), patchRow(KINDS.fixture, stale, { label: 'x' })]);
    expect(row).toMatchObject({ address: 6, label: 'x' });
});

test('what somebody else has changed beside it is kept, and the edit is made', async () => {
    const stale = row;
    row = { ...row, address: 7, version: 9 };
    expect(await patchRow(KINDS.fixture, stale, { label: 'mine' })).toMatchObject({ label: 'mine', address: 7 });
    expect(clashes.items).toHaveLength(0);
    expect(history.done).toHaveLength(1);
    later();
    await history.undo();
    expect(row).toMatchObject({ label: 'a', address: 7 });
});

test('where both have set the same it is asked: theirs stays, or mine goes over it', async () => {
    const stale = row;
    row = { ...row, label: 'theirs', version: 9 };
    const one = patchRow(KINDS.fixture, stale, { label: 'mine' });
    await vi.waitFor(() => expect(clashes.items).toHaveLength(1));
    expect(clashes.items[0]).toMatchObject({ names: ['label'], current: { label: 'theirs' }, change: { label: 'mine' } });
    clashes.answer(clashes.items[0]!, false);
    expect(await one).toMatchObject({ label: 'theirs' });
    expect(row.label).toBe('theirs');
    expect(history.done).toHaveLength(0);

    const other = { ...row, version: 3, label: 'older' };
    const two = patchRow(KINDS.fixture, other, { label: 'mine' });
    await vi.waitFor(() => expect(clashes.items).toHaveLength(1));
    /* While it is asked a third one is quicker: nothing is new about the same member, so it is not asked again. */
    row = { ...row, address: 3, version: 10 };
    clashes.answer(clashes.items[0]!, true);
    expect(await two).toMatchObject({ label: 'mine', address: 3 });
    expect(history.done).toHaveLength(1);
});

test('of two edits of the same that both come late only the newer one is asked about', async () => {
    const stale = row;
    row = { ...row, label: 'theirs', version: 9 };
    const one = patchRow(KINDS.fixture, stale, { label: 'mine' });
    await Promise.resolve();
    await Promise.resolve(); /* the first is on its way */
    const two = patchRow(KINDS.fixture, stale, { label: 'mine again' });
    await vi.waitFor(() => expect(clashes.items).toHaveLength(1));
    expect(clashes.items[0]!.change).toEqual({ label: 'mine again' });
    clashes.answer(clashes.items[0]!, true);
    expect([(await one).label, (await two).label, row.label]).toEqual(['theirs', 'mine again', 'mine again']);
    expect(clashes.items).toHaveLength(0);
});

test('an edit that was made already is not asked about', async () => {
    const stale = row;
    row = { ...row, label: 'mine', version: 9 };
    expect(await patchRow(KINDS.fixture, stale, { label: 'mine' })).toMatchObject({ version: 9 });
    expect(clashes.items).toHaveLength(0);
});

test('a row is deleted behind the edits of it that are on their way', async () => {
    const seen = { ...row, universe: 1 };
    void patchRow(KINDS.fixture, seen, { label: 'b' });
    await deleteRow(KINDS.fixture, '/fixtures', seen);
    expect([isGone, asks.current]).toEqual([true, null]);
    await history.undo();
    expect([isGone, row.label]).toEqual([false, 'b']);
});

test('what somebody else has just changed is deleted when that is meant, and undo brings theirs back', async () => {
    const seen = row;
    row = { ...row, label: 'theirs', version: 9 };
    const kept = deleteRow(KINDS.fixture, '/fixtures', seen);
    await vi.waitFor(() => expect(asks.current?.text).toMatch(/changed its label\./));
    asks.answer(false);
    await expect(kept).rejects.toMatchObject({ code: 'kept' });
    expect([isGone, history.done.length]).toEqual([false, 0]);

    const gone = deleteRow(KINDS.fixture, '/fixtures', seen);
    await vi.waitFor(() => expect(asks.current).not.toBeNull());
    row = { ...row, address: 7, version: 10 }; /* once more, while it is asked */
    asks.answer(true);
    await vi.waitFor(() => expect(asks.current?.text).toMatch(/label, address/));
    asks.answer(true);
    await gone;
    expect(isGone).toBe(true);
    await history.undo();
    expect(row).toMatchObject({ label: 'theirs', address: 7 });
});
