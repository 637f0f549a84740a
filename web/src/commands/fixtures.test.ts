import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Fixture } from '../api/types';
import { outbox } from '../api/client';
import { editFixtures } from './fixtures';
import { history } from './history.svelte';

type Row = Fixture & { version: number };
/* lumad's versions only rise. */
let now = 0;
const fixture = (id: string, more: Partial<Fixture> = {}): Row => ({
    id, version: ++now, venue_id: 'v', universe: 1, address: 1, manufacturer: '', model: 'Lamp', mode_name: 'one', fixture_path: 'x', label: id,
    pos_x: 0, pos_y: 0, pos_z: 0, rot_x: 0, rot_y: 0, rot_z: 0, ...more,
});
let rows = new Map<string, Row>();
let sent: { create?: Fixture[]; update?: Row[]; delete?: string[] }[] = [];
const json = (body: unknown, status = 200) => new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } });

/* lumad's side of PATCH /venues/{id}/fixtures. */
beforeEach(() => {
    rows = new Map(['a', 'b'].map((id) => [id, fixture(id)]));
    sent = [];
    history.done = [];
    history.undone = [];
    vi.stubGlobal('sessionStorage', { getItem: () => null, setItem: () => undefined, removeItem: () => undefined, length: 0 });
    vi.stubGlobal('fetch', async (_: string, init: RequestInit) => {
        if (init.method !== 'PATCH') return json({ items: [...rows.values()], next: null });
        const body = JSON.parse(init.body as string) as (typeof sent)[number];
        if (body.update?.some((u) => rows.get(u.id)?.version !== u.version)) return json({ detail: 'stale' }, 412);
        sent.push(body);
        const deleted = (body.delete ?? []).filter((id) => rows.delete(id));
        const put = (f: Row) => (rows.set(f.id, { ...rows.get(f.id), ...f, version: ++now }), rows.get(f.id)!);
        const updated = (body.update ?? []).map((u) => put(u));
        const created = (body.create ?? []).map((f) => put({ ...fixture(f.id), ...f }));
        return json({ created, updated, deleted });
    });
});
afterEach(() => vi.unstubAllGlobals());
const all = () => [...rows.values()];

test('many edits are one request and one step', async () => {
    const was = all().map((f) => f.version);
    await editFixtures('move 2 fixtures', '/venues/v', all(), { update: new Map([['a', { address: 9 }], ['b', { pos_x: 2 }]]) });
    expect(sent).toEqual([{ update: [{ id: 'a', version: was[0], address: 9 }, { id: 'b', version: was[1], pos_x: 2 }] }]);
    expect(history.done.map((s) => s.label)).toEqual(['move 2 fixtures']);
    await history.undo();
    expect([rows.get('a')!.address, rows.get('b')!.pos_x]).toEqual([1, 0]);
    await history.redo();
    expect([rows.get('a')!.address, rows.get('b')!.pos_x]).toEqual([9, 2]);
});

test('what was added goes and comes back with its id, what was deleted the other way', async () => {
    const { created } = await editFixtures('add 1 fixture', '/venues/v', all(), { create: [{ label: 'new' }], delete: ['a'] });
    expect([...rows.keys()]).toEqual(['b', created[0]!.id]);
    await history.undo();
    expect([...rows.keys()].sort()).toEqual(['a', 'b']);
    await history.redo();
    expect([...rows.keys()]).toEqual(['b', created[0]!.id]);
});

test('another member of the row was changed elsewhere: both stay', async () => {
    const old = all();
    rows.set('a', fixture('a', { label: 'theirs' }));
    await editFixtures('move', '/venues/v', old, { update: new Map([['a', { address: 9 }]]) });
    expect(rows.get('a')).toMatchObject({ label: 'theirs', address: 9 });
});

test('the same member was changed elsewhere: theirs stays, and it is said', async () => {
    const old = all();
    rows.set('a', fixture('a', { address: 77 }));
    await expect(editFixtures('move', '/venues/v', old, { update: new Map([['a', { address: 9 }], ['b', { address: 3 }]]) })).rejects.toThrow(/a was changed elsewhere/);
    expect([rows.get('a')!.address, rows.get('b')!.address]).toEqual([77, 1]);
    expect(history.done).toEqual([]);
});

test('undo leaves what somebody else did since', async () => {
    await editFixtures('move', '/venues/v', all(), { update: new Map([['a', { address: 9 }]]) });
    rows.set('a', { ...rows.get('a')!, version: ++now, address: 50 });
    await history.undo();
    expect(rows.get('a')!.address).toBe(50);
});

test('edits follow each other, each on what the last one left', async () => {
    const old = all();
    await Promise.all([
        editFixtures('x', '/venues/v', old, { update: new Map([['a', { pos_x: 1 }]]) }),
        editFixtures('y', '/venues/v', old, { update: new Map([['a', { pos_y: 2 }]]) }),
    ]);
    expect(rows.get('a')).toMatchObject({ pos_x: 1, pos_y: 2 });
});

test('who comes in does not wait for what another left; where that is dropped, nothing that was to follow it is sent', async () => {
    outbox.sign({ id: 'o', name: 'olaf' });
    outbox.lost();
    const old = all();
    const left = ['x', 'y'].map((label) => expect(editFixtures('one', '/venues/v', old, { update: new Map([['a', { label }]]) })).rejects.toThrow('dropped'));
    await Promise.resolve();
    outbox.sign({ id: 'v', name: 'vera' });
    await outbox.back();
    await editFixtures('two', '/venues/v', all(), { update: new Map([['b', { label: 'mine' }]]) });
    outbox.drop();
    await Promise.all(left);
    expect(sent.map((s) => s.update?.map((u) => u.label))).toEqual([['mine']]);
    outbox.author = undefined;
});
