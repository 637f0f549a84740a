import { beforeEach, expect, test, vi } from 'vitest';
import { toasts } from '../state/toasts.svelte';
import { KINDS, patchRow } from './edits';
import { history } from './history.svelte';

interface Fixture { id: string; version: number; label: string; address: number }
let row: Fixture;
let sent: string[];

/* One row behind REST, with its version checked as lumad does. */
beforeEach(() => {
    vi.useFakeTimers();
    history.done = [];
    history.undone = [];
    toasts.items = [];
    row = { id: Math.random().toString(), version: 1, label: 'a', address: 1 };
    sent = [];
    vi.stubGlobal('fetch', async (_path: string, o: { method: string; body: string | null; headers: Record<string, string> }) => {
        const answer = (status: number, body: unknown) =>
            new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } });
        if (o.method === 'PATCH') {
            sent.push(o.body!);
            if (o.headers['If-Match'] !== `"${row.version}"`) return answer(412, { title: 'stale' });
            row = { ...row, ...(JSON.parse(o.body!) as Partial<Fixture>), version: row.version + 1 };
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

test('an edit on what somebody else has changed is refused', async () => {
    const stale = row;
    row = { ...row, label: 'theirs', version: 9 };
    await expect(patchRow(KINDS.fixture, stale, { label: 'mine' })).rejects.toMatchObject({ status: 412 });
    expect(history.done).toHaveLength(0);
});
