import { beforeEach, expect, test, vi } from 'vitest';

const stored = new Map<string, string>();
let isFull = false;
vi.stubGlobal('sessionStorage', {
    get length() {
        return stored.size;
    },
    key: (i: number) => [...stored.keys()][i] ?? null,
    getItem: (k: string) => stored.get(k) ?? null,
    setItem: (k: string, v: string) => {
        if (isFull) throw new DOMException('full', 'QuotaExceededError');
        stored.set(k, v);
    },
    removeItem: (k: string) => stored.delete(k),
});

/* The module as a page that was loaded (again) has it. */
async function page() {
    vi.resetModules();
    return import('./drafts.svelte');
}
beforeEach(() => {
    stored.clear();
    isFull = false;
});

test('what is typed is there after a reload, until it is forgotten', async () => {
    (await page()).draft('fixture.1.label').keep('half a wo', 'Par 1');
    const { draft } = await page();
    expect(draft('fixture.1.label').kept).toMatchObject({ text: 'half a wo', base: 'Par 1' });
    expect(draft('fixture.2.label').kept).toBeNull();
    draft('fixture.1.label').forget();
    expect((await page()).draft('fixture.1.label').kept).toBeNull();
    expect(stored.size).toBe(0);
});

test('a form forgets all of its own, and nobody else', async () => {
    const { drafts } = await page();
    for (const key of ['fixture.new.v.label', 'fixture.new.v.address', 'fixture.new.w.label']) drafts.keep(key, 'x', '');
    expect(drafts.under('fixture.new.v.')).toBe(true);
    drafts.forget('fixture.new.v.');
    expect([drafts.under('fixture.new.v.'), drafts.under('fixture.new.w.')]).toEqual([false, true]);
});

test('without a key nothing is kept; without room it is kept as long as the page lives', async () => {
    const { draft } = await page();
    draft(undefined).keep('x', '');
    expect(stored.size).toBe(0);
    isFull = true;
    draft('a.b').keep('y', '');
    expect(draft('a.b').kept?.text).toBe('y');
    expect(stored.size).toBe(0);
});

test('of very many the oldest go; what is no draft of ours is left alone', async () => {
    stored.set('lumad.draft.broken', '{');
    stored.set('other', 'x');
    const { drafts } = await page();
    for (let i = 0; i < 210; i++) drafts.keep(`k.${i}`, 'x', '');
    expect([drafts.get('k.9'), drafts.get('k.10')?.text]).toEqual([null, 'x']);
    expect(stored.get('other')).toBe('x');
});

test('what an earlier page left is known by its rows, until it is stored, given up or typed on', async () => {
    const before = await page();
    for (const key of ['fixture.1.label', 'fixture.1.address', 'fixture.2.label', 'group.3.name']) before.drafts.keep(key, 'half', '');
    expect(before.drafts.left).toEqual([]); /* under a hand it is nothing to be told of */
    const { drafts } = await page();
    expect(drafts.left).toHaveLength(4);
    drafts.keep('fixture.1.address', 'half a', '');
    drafts.forget('fixture.2.');
    expect([drafts.isLeft('fixture.1.'), drafts.isLeft('fixture.2.'), drafts.isLeft('group.3.')]).toEqual([true, false, true]);
    expect(drafts.left).toEqual(['fixture.1.label', 'group.3.name']);
    drafts.sought = 'group.3.name';
    expect([drafts.seeks('group'), drafts.seeks('fixture')]).toEqual(['3', null]);
});
