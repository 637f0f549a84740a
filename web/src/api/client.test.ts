import { expect, test, vi } from 'vitest';
import { ApiError, asError, del, outbox, patch, post, problem } from './client';
import { backoff } from './socket';
import { audioType } from './formats';

test('a problem document keeps its words and its fields', () => {
    const e = problem(422, 'Unprocessable', {
        title: 'invalid',
        detail: 'address is out of range',
        code: 'invalid',
        errors: [{ path: '/address', message: '1 to 512' }],
    });
    expect(e.message).toBe('address is out of range');
    expect(e.field('address')).toBe('1 to 512');
    expect(e.field('universe')).toBeUndefined();
});

test('ids in brackets and paths are left out of what people read', () => {
    const text = 'Sharpy 1 (4abccdb7-f451-4ee0-a49c-304a065b7e7f) is in the way; the next free address is 17';
    const e = problem(409, 'Conflict', { detail: text, errors: [{ path: '/address', message: text }] });
    expect(e.message).toBe('Sharpy 1 is in the way; the next free address is 17');
    expect(e.field('address')).toBe(e.message);
    expect(problem(422, '', { detail: '/mode_name must not be empty' }).message).toBe('Mode name must not be empty');
});

test('an answer without a body still says something', () => {
    expect(problem(502, 'Bad Gateway', null).message).toBe('Bad Gateway');
    expect(problem(500, '', '<html>').message).toBe('Error 500');
});

test('what is no answer has status 0', () => {
    expect(asError(new TypeError('Failed to fetch')).status).toBe(0);
    const own = new ApiError(409, 'conflict', 'taken');
    expect(asError(own)).toBe(own);
});

test('the pause between attempts grows and ends at four seconds', () => {
    const pauses = [0, 1, 2, 3, 10, 100].map((n) => backoff(n, 0.5));
    expect(pauses[0]).toBeCloseTo(300);
    for (let i = 1; i < pauses.length; i++) expect(pauses[i]!).toBeGreaterThanOrEqual(pauses[i - 1]!);
    expect(pauses.at(-1)).toBeCloseTo(4000);
});

test('a file is known by its name first, then by its type', () => {
    expect(audioType('Set.WAV', '')).toBe('audio/wav');
    expect(audioType('a.opus', 'application/octet-stream')).toBe('audio/ogg');
    expect(audioType('noname', 'audio/x-m4a')).toBe('audio/x-m4a');
    expect(audioType('photo.png', 'image/png')).toBeNull();
});

test('a stale edit comes back with the row as it is now', () => {
    expect(problem(412, '', { title: 'stale', current: { id: 'x', version: 9 } }).current).toEqual({ id: 'x', version: 9 });
});

test('edits wait for the connection; what works on the running show does not', async () => {
    const asked: string[] = [];
    let isThere = false;
    vi.stubGlobal('fetch', async (path: string, o: { method: string; headers: Record<string, string> }) => {
        asked.push(`${o.method} ${path} ${o.headers['If-Match'] ?? ''}`);
        if (!isThere) throw new TypeError('Failed to fetch');
        if (o.method === 'DELETE') return new Response('{"title":"not found"}', { status: 404, headers: { 'content-type': 'application/json' } });
        return new Response('{}', { headers: { 'content-type': 'application/json' } });
    });
    await expect(post('/show/master', { level: 1 })).rejects.toMatchObject({ status: 0 });
    await expect(post('/tracks/1/scores', { name: 'no id of its own' })).rejects.toMatchObject({ status: 0 });
    const edits = [patch('/fixtures/1', { label: 'x' }, 3), post('/venues', { id: 'own', name: 'y' }), del('/groups/2', 1)];
    await vi.waitFor(() => expect(outbox.letters).toHaveLength(3));
    isThere = true;
    await outbox.back();
    await Promise.all(edits); /* it was deleted by the attempt that was not answered */
    expect(asked.slice(-3)).toEqual(['PATCH /api/v1/fixtures/1 "3"', 'POST /api/v1/venues ', 'DELETE /api/v1/groups/2 "1"']);
    vi.unstubAllGlobals();
});
