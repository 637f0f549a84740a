import { afterEach, expect, it, vi } from 'vitest';
import { history } from '../commands/history.svelte';
import type { Graph } from '../api/types';
import { GraphStore, message } from './graph.svelte';

const graph = (value: number, version: number): Graph => ({
    nodes: [{ id: 'n', type: 'scalar', params: { value }, x: 0, y: 0 }, { id: 'd', type: 'apply_dimmer', params: {}, x: 260, y: 0 }],
    edges: [], args: [], errors: [], implementation_id: 'i', version,
});
const changed = (g: Graph, value: number): Graph => ({ ...g, nodes: g.nodes.map((n) => (n.id === 'n' ? { ...n, params: { value } } : n)) });

/* What lumad has, and what it was asked. */
let stored = graph(1, 1);
const asked: { method: string; path: string; match: string | null; value: unknown }[] = [];
vi.stubGlobal('fetch', async (path: string, o: { method: string; headers: Record<string, string>; body: string | null }) => {
    const answer = (status: number, body: unknown) => new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json' } });
    if (o.method !== 'PUT') return answer(200, stored);
    const sent = JSON.parse(o.body!) as Graph;
    asked.push({ method: o.method, path: decodeURIComponent(path), match: o.headers['If-Match'] ?? null, value: sent.nodes[0]?.params.value });
    if (o.headers['If-Match'] && o.headers['If-Match'] !== `"${stored.version}"`) return answer(412, { title: 'Stale', status: 412 });
    stored = { ...stored, ...sent, version: stored.version! + 1 };
    return answer(200, stored);
});

async function opened(id: string) {
    stored = graph(1, 1);
    asked.length = 0;
    const store = new GraphStore();
    store.open(id);
    await vi.waitFor(() => expect(store.graph).not.toBeNull());
    return store;
}
afterEach(() => {
    history.done = [];
    history.undone = [];
});

it('keeps edits in the page until they are saved, under a name that says what was done', async () => {
    const store = await opened('a');
    store.edit(changed(store.graph!, 0.5), 'Number: Value', true);
    store.edit(changed(store.graph!, 0.4), 'Number: Value', true);
    expect([store.isDirty, asked.length, history.done.length]).toEqual([true, 0, 1]);
    expect(await store.save()).toBe(true);
    expect(asked).toEqual([{ method: 'PUT', path: '/api/v1/patterns/a/graph?message=Number: Value', match: '"1"', value: 0.4 }]);
    expect([store.isDirty, stored.version]).toEqual([false, 2]);
});

it('undo is a draft again, and back at what is saved it is none', async () => {
    const store = await opened('b');
    store.edit(changed(store.graph!, 0.5), 'edit');
    await history.undo();
    expect([store.isDirty, store.graph!.nodes[0]!.params.value]).toEqual([false, 1]);
    await history.redo();
    expect([store.isDirty, store.graph!.nodes[0]!.params.value]).toEqual([true, 0.5]);
});

it('never saves over what somebody else saved meanwhile, unless that is meant', async () => {
    const store = await opened('c');
    store.edit(changed(store.graph!, 0.5), 'edit');
    stored = graph(0.9, 7);
    expect(await store.save()).toBe(false);
    expect(store.theirs?.nodes[0]!.params.value).toBe(0.9);
    expect(store.graph!.nodes[0]!.params.value).toBe(0.5);
    expect(await store.save(true)).toBe(true);
    expect([store.theirs, stored.nodes[0]!.params.value]).toEqual([null, 0.5]);
});

it('what is saved elsewhere is followed where nothing was edited, and can be taken where something was', async () => {
    const store = await opened('d');
    stored = graph(0.3, 2);
    await store.load();
    expect(store.graph!.nodes[0]!.params.value).toBe(0.3);
    store.edit(changed(store.graph!, 0.5), 'edit');
    stored = graph(0.8, 3);
    await store.load();
    store.takeTheirs();
    expect([store.graph!.nodes[0]!.params.value, store.isDirty]).toEqual([0.8, false]);
    await history.undo();
    expect([store.graph!.nodes[0]!.params.value, store.isDirty]).toEqual([0.5, true]);
});

it('a draft is there again when one comes back', async () => {
    const store = await opened('e');
    store.edit(changed(store.graph!, 0.5), 'edit');
    store.open('f');
    expect(store.hasDrafts).toBe(true);
    await vi.waitFor(() => expect(store.graph).not.toBeNull());
    expect(store.isDirty).toBe(false);
    store.open('e');
    expect([store.isDirty, store.graph!.nodes[0]!.params.value]).toEqual([true, 0.5]);
});

it('names of saves stay short', () => {
    expect(message(['add Noise', 'connect', 'connect'])).toBe('Add Noise, connect');
    expect(message([])).toBe('');
    const long = message(Array.from({ length: 40 }, (_, i) => `change number ${i}`));
    expect(long).toBe('Change number 0 and 39 more');
});
