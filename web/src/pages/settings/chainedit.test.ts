import { beforeEach, expect, test, vi } from 'vitest';
import type { AudioChain, ChainEffect } from '../../api/types';
import { history } from '../../commands/history.svelte';
import { toasts } from '../../state/toasts.svelte';
import { ChainEdit } from './chainedit.svelte';

const limiter = (ceiling: number): ChainEffect => ({ type: 'limiter', bypass: false, ceiling_db: ceiling });
let chain: AudioChain | null;
let gone: AudioChain | null;
let sent: string[];
let refuse = '';

/* The chain of one output behind REST, with its version checked as lumad does. */
beforeEach(() => {
    history.done = [];
    history.undone = [];
    toasts.items = [];
    chain = gone = null;
    sent = [];
    refuse = '';
    vi.stubGlobal('fetch', async (_path: string, o: { method: string; body: string | null; headers: Record<string, string> }) => {
        const answer = (status: number, body: unknown) => new Response(status === 204 ? null : JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } });
        if (o.method !== 'GET') sent.push(o.method);
        const body = o.body ? (JSON.parse(o.body) as Partial<AudioChain>) : {};
        if (refuse && o.method !== 'GET') return answer(422, { title: 'invalid', errors: [{ path: '/effects/0/ceiling_db', message: refuse }] });
        if (o.method === 'POST') chain = { id: gone?.id ?? Math.random().toString(), version: 1, name: '', device: null, effects: [], is_enabled: true, ...body };
        else if (!chain) return answer(404, { title: 'not found' });
        else if (o.method === 'PATCH') {
            if (o.headers['If-Match'] !== `"${chain.version}"`) return answer(412, { title: 'stale' });
            chain = { ...chain, ...body, version: chain.version + 1 };
        } else if (o.method === 'DELETE') {
            gone = chain;
            chain = null;
            return answer(204, null);
        }
        return answer(o.method === 'POST' ? 201 : 200, chain);
    });
});
const ceiling = () => chain?.effects[0]?.ceiling_db;

test('the first edit makes a chain of what lumad does by itself; a drag sends its newest value and is one step', async () => {
    const edit = new ChainEdit(null, () => [limiter(-1)]);
    expect(edit.effects).toEqual([limiter(-1)]);
    for (let i = 1; i <= 20; i++) edit.set({ effects: [limiter(-1 - i)] }, 'limiter ceiling');
    expect(edit.effects).toEqual([limiter(-21)]);
    await history.settled();
    expect(ceiling()).toBe(-21);
    expect(sent.length).toBeLessThan(4);
    expect(edit.row?.version).toBe(chain?.version);
    edit.set({ effects: [{ ...limiter(-21), bypass: true }] }, 'bypass of limiter', true);
    await history.settled();
    expect(history.next('undo')).toBe('change bypass of limiter');
    await history.undo();
    expect(chain?.effects[0]?.bypass).toBe(false);
    while (history.done.length) await history.undo();
    expect(chain).toBeNull();
});

test('what lumad refuses is shown at its field, and what it has comes back', async () => {
    const edit = new ChainEdit(null, () => [limiter(-1)]);
    edit.set({ effects: [limiter(-3)] }, 'limiter ceiling');
    await history.settled();
    refuse = 'must be at most 0';
    edit.set({ effects: [limiter(7)] }, 'limiter ceiling');
    await history.settled();
    expect(edit.problem?.field('effects/0/ceiling_db')).toBe('must be at most 0');
    expect(edit.effects).toEqual([limiter(-3)]);
    refuse = '';
    edit.set({ effects: [limiter(-4)] }, 'limiter ceiling');
    await history.settled();
    expect(edit.problem).toBeNull();
    expect(ceiling()).toBe(-4);
});

test('as it comes takes the chain away, undo brings it back', async () => {
    const edit = new ChainEdit('USB', () => [limiter(-1)]);
    edit.set({ is_enabled: false }, 'effects off', true);
    await history.settled();
    expect(chain).toMatchObject({ device: 'USB', is_enabled: false });
    await edit.reset();
    expect(chain).toBeNull();
    expect(edit.effects).toEqual([limiter(-1)]);
    await history.undo();
    expect(chain).toMatchObject({ device: 'USB', is_enabled: false, effects: [limiter(-1)] });
});
