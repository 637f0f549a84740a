import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { addressOf, excerpt, find, makeBook, search, type Part } from './book';

const guides = readdirSync(new URL('../../help', import.meta.url)).filter((f) => f !== 'keys.md');
const text = (name: string) => readFileSync(new URL(`../../help/${name}`, import.meta.url), 'utf8');
const page = (name: string) => readFileSync(new URL(`../../reference/${name}.md`, import.meta.url), 'utf8');
const book: Part[] = makeBook({
    guides: guides.map((f) => [f.replace('.md', ''), text(f)]),
    nodes: page('nodes'),
    api: page('api'),
    config: page('config'),
    effects: page('effects'),
    schema: page('schema'),
    habits: text('keys.md'),
    commands: [{ group: 'Show', keys: ['B'], label: 'Blackout on or off, held 0.3 s' }],
});
const part = (id: string) => book.find((p) => p.id === id)!;
const first = (query: string) => {
    const place = search(book, query)[0]?.hits[0];
    return place ? addressOf(place) : null;
};

test('every reference page becomes entries with an address of their own', () => {
    for (const p of book) expect(p.sections.length, p.id).toBeGreaterThan(0);
    const ids = book.flatMap((p) => p.sections.flatMap((s) => s.entries.map((e) => e.id)));
    expect(new Set(ids).size).toBe(ids.length);
    expect(part('nodes').sections.flatMap((s) => s.entries).length).toBeGreaterThan(50);
    expect(part('api').sections.flatMap((s) => s.entries).length).toBeGreaterThan(100);
    expect(part('config').sections.flatMap((s) => s.entries).map((e) => e.title)).toContain('http');
});

test('every address leads back to its entry', () => {
    for (const section of book.flatMap((p) => p.sections)) {
        expect(find(book, section.id)?.section, section.id).toBe(section);
        for (const e of section.entries) expect(find(book, e.id)?.entry, e.id).toBe(e);
    }
    expect(find(book, 'nodes')?.section.part).toBe('nodes');
    expect(find(book, 'nothing/such')).toBeNull();
});

test('a node, a route, a key, an effect, a table and a guide are found by name', () => {
    expect(first('beat_clock')).toBe('nodes/beat_clock');
    expect(first('beat clock')).toBe('nodes/beat_clock');
    expect(first('post /venues')).toBe('api/post-venues');
    expect(first('allowed_hosts')).toBe('config/server/allowed_hosts');
    expect(first('limiter')).toBe('effects/limiter');
    expect(first('track_beats')).toBe('tables/track_beats');
    expect(first('held 0.3')).toBe('keys/show/blackout-on-or-off-held-0-3-s');
    expect(search(book, 'add fixture').flatMap((f) => f.hits.map(addressOf))).toContain('rooms/venue/patch');
    expect(search(book, 'test channels').flatMap((f) => f.hits.map(addressOf))).toContain('rooms/venue/testing');
});

test('every room has a guide, and what guides lead to is there', () => {
    for (const room of ['library', 'venue', 'patterns', 'scores', 'show', 'settings', 'welcome', 'access']) expect(find(book, `rooms/${room}`), room).not.toBeNull();
    const links = guides.flatMap((f) => [...text(f).matchAll(/\]\(#\/([^)]*)\)/g)].map((m) => m[1]!));
    expect(links.length).toBeGreaterThan(10);
    for (const l of links) {
        if (l.startsWith('help/')) expect(find(book, l.slice(5)), l).not.toBeNull();
        else expect(l).toMatch(/^(library|venue|patterns|scores|show|settings|welcome)(\/|$)/);
    }
});

test('what is shown of a hit has the word in it', () => {
    const words = 'machine name'.split(' ');
    for (const p of search(book, words.join(' ')).flatMap((f) => f.hits)) {
        if (!p.entry) continue;
        const shown = `${p.entry.names} ${excerpt(p.entry, words.join(' '))}`.toLowerCase();
        expect(words.some((w) => shown.includes(w)), p.entry.id).toBe(true);
    }
});

test('every word must be there, and many hits are counted', () => {
    expect(search(book, 'beat_clock zebra')).toEqual([]);
    expect(search(book, '  ')).toEqual([]);
    const api = search(book, 'venues').find((f) => f.part.id === 'api')!;
    expect(api.hits.length).toBe(12);
    expect(api.more).toBeGreaterThan(0);
});
