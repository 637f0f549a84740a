import { beforeEach, expect, test, vi } from 'vitest';
import { Dropped, Outbox, type Letter } from './outbox';

class Lost extends Error {}
class Busy extends Error {}
class Refused extends Error {}

let kept: string | null;
let sent: string[];
let answer: (letter: Letter, signal: AbortSignal) => Promise<unknown>;
const letter = (label: string): Letter => ({ method: 'PATCH', path: `/fixtures/${label}`, body: { label }, version: 1, label });
const box = () =>
    new Outbox({
        transmit: (l, signal) => {
            sent.push(l.label);
            return answer(l, signal);
        },
        judge: (e) => (e instanceof Lost ? 'none' : e instanceof Busy ? 'busy' : 'final'),
        load: () => kept,
        save: (text) => (kept = text),
        retryMs: 10,
    });

beforeEach(() => {
    vi.useRealTimers();
    kept = null;
    sent = [];
    answer = async (l) => `done ${l.label}`;
});

test('an edit that is answered is gone from the storage', async () => {
    const o = box();
    expect(await o.send(letter('a'))).toBe('done a');
    expect(kept).toBeNull();
    expect(o.letters).toEqual([]);
});

test('edits without an answer wait, in their order, and are sent when there is a way again', async () => {
    const o = box();
    answer = () => Promise.reject(new Lost());
    o.lost();
    const all = ['a', 'b', 'c'].map((l) => o.send(letter(l)));
    expect(sent).toEqual([]);
    expect(o.letters.map((l) => l.label)).toEqual(['a', 'b', 'c']);
    expect(JSON.parse(kept!)).toHaveLength(3);
    answer = async (l) => `done ${l.label}`;
    await o.back();
    expect(await Promise.all(all)).toEqual(['done a', 'done b', 'done c']);
    expect(sent).toEqual(['a', 'b', 'c']);
    expect(kept).toBeNull();
});

test('what is on its way when the connection goes is taken back and sent again, before what was made later', async () => {
    const o = box();
    answer = (_, signal) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Lost())));
    const first = o.send(letter('a'));
    o.lost();
    const second = o.send(letter('b'));
    await vi.waitFor(() => expect(o.letters.map((l) => l.label)).toEqual(['a', 'b']));
    answer = async (l) => l.label;
    await o.back();
    expect(await Promise.all([first, second])).toEqual(['a', 'b']);
    expect(sent).toEqual(['a', 'a', 'b']);
});

test('one that is refused is told to who made it, and keeps nobody else', async () => {
    const o = box();
    o.lost();
    const bad = o.send(letter('bad'));
    const good = o.send(letter('good'));
    answer = (l) => (l.label === 'bad' ? Promise.reject(new Refused()) : Promise.resolve('done'));
    const refused = expect(bad).rejects.toBeInstanceOf(Refused);
    await o.back();
    await refused;
    expect(await good).toBe('done');
});

test('without news of the connection it is tried again by itself; a busy lumad is asked again', async () => {
    const o = box();
    const fails: Error[] = [new Lost(), new Busy(), new Lost()];
    answer = async () => {
        const f = fails.shift();
        if (f) throw f;
        return 'done';
    };
    expect(await o.send(letter('a'))).toBe('done');
    expect(sent).toHaveLength(4);
});

test('a reload takes nothing: the next page sends what this one could not', async () => {
    const first = box();
    first.lost();
    void first.send(letter('a'));
    void first.send(letter('b'));
    const told: [string, unknown][] = [];
    const o = box();
    o.onOrphan = (l, e) => told.push([l.label, e]);
    o.resume();
    const own = o.send(letter('c'));
    await o.back();
    expect(await own).toBe('done c');
    expect(sent).toEqual(['a', 'b', 'c']);
    expect(told).toEqual([['a', null], ['b', null]]);
    expect(kept).toBeNull();
});

test('one that waits for another of its row is stored and shown like those that were sent', async () => {
    const o = box();
    o.lost();
    const first = o.send(letter('a'));
    const release = o.hold(letter('b'));
    expect(o.letters.map((l) => l.label)).toEqual(['a', 'b']);
    expect(JSON.parse(kept!)).toHaveLength(2);
    await o.back();
    await first;
    expect(o.letters).toEqual([]);
    expect(JSON.parse(kept!)).toHaveLength(1);
    release();
    expect(kept).toBeNull();
});

test('a broken storage is an empty one', () => {
    kept = '{"not a list';
    const o = box();
    o.resume();
    expect(o.letters).toEqual([]);
});

const olaf = { id: 'o', name: 'olaf' };
const vera = { id: 'v', name: 'vera' };

test('what somebody left is not sent by another, who goes on all the same, and is sent when the first one is back', async () => {
    const o = box();
    o.sign(olaf);
    o.lost();
    const left = o.send(letter('a'));
    o.sign(vera);
    await o.back();
    expect(await o.send(letter('b'))).toBe('done b');
    expect([sent, o.letters, o.strangers.map((l) => [l.label, l.by?.name])]).toEqual([['b'], [], [['a', 'olaf']]]);
    o.sign(olaf);
    expect(await left).toBe('done a');
    expect(kept).toBeNull();
});

test('what is on its way when another comes in is held, whatever it is told; sent as their own where they want it', async () => {
    const o = box();
    o.sign(olaf);
    let refuse: (e: Error) => void = () => undefined;
    answer = () => new Promise((_, reject) => (refuse = reject));
    const left = o.send(letter('a'));
    const release = o.hold(letter('b'));
    o.sign(vera);
    refuse(new Refused());
    await vi.waitFor(() => expect(o.strangers.map((l) => l.label)).toEqual(['a', 'b']));
    answer = async (l) => `done ${l.label} by ${l.by?.name}`;
    o.adopt();
    expect(await left).toBe('done a by vera');
    expect(release).not.toThrow();
    expect([o.strangers, kept]).toEqual([[], null]);
});

test('what is dropped is told to who made it, and so is what waited behind it', async () => {
    const o = box();
    o.sign(olaf);
    o.lost();
    const left = expect(o.send(letter('a'))).rejects.toBeInstanceOf(Dropped);
    const release = o.hold(letter('b'));
    o.sign(vera);
    o.drop();
    await left;
    expect(release).toThrow(Dropped);
    await o.back();
    expect([sent, kept]).toEqual([[], null]);
});

test('after a reload too: until it is known who is here nothing of anybody is sent', async () => {
    const first = box();
    first.sign(olaf);
    first.lost();
    void first.send(letter('a'));
    const o = box();
    o.resume();
    await o.back();
    o.sign(vera);
    await o.back();
    expect([sent, o.strangers.map((l) => l.by?.name)]).toEqual([[], ['olaf']]);
    o.sign(olaf);
    await vi.waitFor(() => expect(sent).toEqual(['a']));
});
