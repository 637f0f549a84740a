import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { post, get } from './client';
import { door } from './door';

let asked: string[] = [];
let role = 'none';
beforeEach(() => {
    asked = [];
    role = 'none';
    vi.stubGlobal('fetch', (path: string, init: { method?: string }) => {
        asked.push(`${init.method ?? 'GET'} ${path.replace('/api/v1', '')}`);
        const isIn = role !== 'none' || path.includes('/auth/');
        return Promise.resolve(new Response(isIn ? '{"done":true}' : '{"detail":"Sign in first."}', { status: isIn ? 200 : 401, headers: { 'content-type': 'application/json' } }));
    });
});
afterEach(() => {
    door.onRefused = null;
    door.open('');
    vi.unstubAllGlobals();
});
const settle = () => new Promise((resolve) => setTimeout(resolve, 5));

test('without a session a refusal is an error like any other', async () => {
    await expect(get('/tracks')).rejects.toMatchObject({ status: 401, message: 'Sign in first.' });
    expect(door.isShut).toBe(false);
});

test('an edit that meets the end of a session is made when somebody has signed in', async () => {
    let refusals = 0;
    door.onRefused = () => void refusals++;
    const edit = post<{ done: boolean }>('/venues', { name: 'Club' });
    await settle();
    expect([refusals, door.isShut]).toEqual([1, true]);
    await expect(post('/auth/login', { password: 'x' })).resolves.toEqual({ done: true });
    role = 'operator';
    door.open();
    await expect(edit).resolves.toEqual({ done: true });
    expect(asked).toEqual(['POST /venues', 'POST /auth/login', 'POST /venues']);
});

test('what is meant for this moment is not done later', async () => {
    door.onRefused = () => undefined;
    await expect(post('/show/blackout', { on: true })).rejects.toMatchObject({ status: 401 });
    await expect(post('/host-audio/play')).rejects.toMatchObject({ status: 401 });
    role = 'operator';
    door.open();
    await settle();
    expect(asked).toEqual(['POST /show/blackout']);
});

test('behind a shut door nothing is asked, and all of it afterwards', async () => {
    door.onRefused = () => undefined;
    door.shut();
    const both = Promise.all([get('/show'), get('/tracks')]);
    await settle();
    expect(asked).toEqual([]);
    role = 'viewer';
    door.open();
    await both;
    expect(asked).toEqual(['GET /show', 'GET /tracks']);
});

test('what one wanted is not done in the name of another who comes in; what is only looked at is', async () => {
    door.onRefused = () => undefined;
    role = 'operator';
    door.open('olaf');
    door.shut();
    const act = expect(post('/venues/import', {})).rejects.toMatchObject({ status: 401 });
    const look = get('/tracks');
    const entry = post('/auth/login', { name: 'vera' });
    door.open('vera');
    await Promise.all([act, look, entry]);
    expect(asked.sort()).toEqual(['GET /tracks', 'POST /auth/login']);
});
