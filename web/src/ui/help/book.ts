/*
 * The help as a book: sections in parts, entries in sections, each with an address ("nodes/beat_clock"), and the search over all of them. It is made of the
 * generated reference pages, of the guides of the rooms and of the command table. Pure.
 */
import { parse, type Block, type Span } from '../markdown';

export interface Entry {
    id: string;
    title: string;
    /* Beside the title, small: an id, a default, who may ask. */
    meta: string;
    /* The first words of it, for the list of what was found. */
    hint: string;
    blocks: Block[];
    keys?: string[]; /* the title as keys to press */
    /* What is searched, in lower case: the names of it, and all else. */
    names: string;
    text: string;
    said: string; /* the same as it is written */
}

export interface Section {
    id: string;
    part: string;
    title: string;
    intro: Block[];
    entries: Entry[];
    /* Its entries are lines of a list, not chapters. */
    isList: boolean;
}

export interface Part {
    id: string;
    label: string;
    sections: Section[];
}

export const plain = (spans: readonly Span[]) => spans.map((s) => s.text).join('');
const slug = (text: string) =>
    text
        .toLowerCase()
        .replace(/[^a-z0-9_]+/g, '-')
        .replace(/^-|-$/g, '');

function words(blocks: readonly Block[]): string {
    const cell = (row: readonly Span[][]) => row.map(plain).join(' ');
    return blocks
        .map((b) => {
            switch (b.kind) {
                case 'heading':
                case 'paragraph':
                    return plain(b.spans);
                case 'list':
                    return b.items.map(plain).join(' ');
                case 'code':
                    return b.text;
                case 'table':
                    return b.rows.map(cell).join(' ');
            }
        })
        .join(' ');
}

function entry(id: string, title: string, meta: string, blocks: Block[], keys?: string[]): Entry {
    const text = words(blocks);
    const hint = text.length > 140 ? `${text.slice(0, 139).trimEnd()}…` : text;
    return { id, title, meta, hint, blocks, names: `${title} ${keys ? '' : meta}`.toLowerCase(), text: text.toLowerCase(), said: text, ...(keys ? { keys } : {}) };
}

/* The blocks between headings of this level; what is before the first has no heading. */
function chapters(blocks: readonly Block[], level: number): { spans: Span[]; blocks: Block[] }[] {
    const out: { spans: Span[]; blocks: Block[] }[] = [{ spans: [], blocks: [] }];
    for (const b of blocks) {
        if (b.kind === 'heading' && b.level === level) out.push({ spans: b.spans, blocks: [] });
        else if (b.kind !== 'heading' || b.level > level) out.at(-1)!.blocks.push(b);
    }
    return out;
}

const paragraph = (spans: Span[]): Block => ({ kind: 'paragraph', spans });

/* A heading "Beat clock (`beat_clock`)" or "Gain: `gain`" as its name and its id. */
function nameAndId(spans: readonly Span[]): { title: string; id: string } {
    const id = spans.find((s) => s.kind === 'code')?.text ?? '';
    const title = plain(spans.filter((s) => s.kind !== 'code')).replace(/[\s:(]*\)?\s*$/, '');
    return { title: title || id, id: id || slug(title) };
}

/* Two levels: a section for each "##", an entry for each "###". */
function nested(part: string, source: string): Section[] {
    return chapters(parse(source), 2)
        .slice(1)
        .map((c) => {
            const [intro, ...rest] = chapters(c.blocks, 3);
            const title = plain(c.spans);
            const entries = rest.map((e) => {
                const { title: name, id } = nameAndId(e.spans);
                return entry(`${part}/${id}`, name, name === id ? '' : id, e.blocks);
            });
            return { id: `${part}/${slug(title)}`, part, title, intro: intro!.blocks, entries, isList: false };
        });
}

/* One section of which each "##" is an entry. */
function flat(part: string, title: string, source: string): Section[] {
    const [intro, ...rest] = chapters(parse(source), 2);
    const entries = rest.map((e) => {
        const { title: name, id } = nameAndId(e.spans);
        return entry(`${part}/${id}`, name, name === id ? '' : id, e.blocks);
    });
    return [{ id: part, part, title, intro: intro!.blocks, entries, isList: false }];
}

/* A section for each "##", an entry for each line of its tables; what else there is stays text. */
function tabular(part: string, source: string, line: (cells: Span[][], section: string) => Entry | null): Section[] {
    return chapters(parse(source), 2)
        .map((c) => {
            const title = plain(c.spans).replace(/^\[(.*)\]$/, '$1');
            const entries = c.blocks.flatMap((b) => (b.kind === 'table' ? b.rows : [])).flatMap((row) => line(row, title) ?? []);
            const intro = c.blocks.filter((b) => b.kind !== 'table');
            return { id: title ? `${part}/${slug(title)}` : part, part, title: title || 'About', intro, entries, isList: true };
        })
        .filter((s) => s.intro.length || s.entries.length);
}

const routeLine = (cells: Span[][]): Entry | null => {
    const [method, path, role, body, answer, doc] = cells.map(plain);
    if (!method || !path || cells.length < 6) return null;
    const meta = [role === 'none' ? 'anybody' : role, body ? `body ${body}` : '', answer ? `answers ${answer}` : ''].filter(Boolean).join(', ');
    return { ...entry(`api/${slug(`${method} ${path}`)}`, `${method} ${path}`, meta, doc ? [paragraph(cells[5]!)] : []), names: `${method} ${path}`.toLowerCase() };
};

const keyLine = (cells: Span[][], section: string): Entry | null => {
    const [key, value, def] = cells.map(plain);
    if (!key || cells.length < 4) return null;
    const meta = [value, def === '' ? '' : def === 'empty' ? 'empty as it comes' : `as it comes ${def}`].filter(Boolean).join(', ');
    return { ...entry(`config/${slug(section)}/${slug(key)}`, key, meta, [paragraph(cells[3]!)]), names: `${section} ${key}`.toLowerCase() };
};

export interface Pressed {
    group: string;
    keys: string[];
    label: string;
}

/* Keys by group: those of the command table, then the hand's habits of each place. */
function keyParts(commands: readonly Pressed[], habits: string): Section[] {
    const groups = [...new Set(commands.map((c) => c.group))];
    const own = groups.map((group): Section => {
        const entries = commands
            .filter((c) => c.group === group)
            .map((c) => ({
                ...entry(`keys/${slug(group)}/${slug(c.label)}`, c.keys.join(', '), '', [paragraph([{ kind: 'text', text: c.label }])], c.keys),
                names: `${c.label} ${c.keys.join(' ')}`.toLowerCase(),
            }));
        return { id: `keys/${slug(group)}`, part: 'keys', title: group, intro: [], entries, isList: true };
    });
    const others = tabular('keys', habits, (cells, section) =>
        cells.length < 2 ? null : entry(`keys/${slug(section)}/${slug(plain(cells[0]!))}`, plain(cells[0]!), '', [paragraph(cells[1]!)]),
    ).filter((s) => s.id !== 'keys');
    return [...own, ...others];
}

/* A guide: its title, then entries. */
function guide(name: string, source: string): Section {
    const blocks = parse(source);
    const head = blocks[0];
    const title = head?.kind === 'heading' ? plain(head.spans) : name;
    const [intro, ...rest] = chapters(blocks.slice(1), 2);
    const id = `rooms/${name}`;
    const entries = rest.map((e) => entry(`${id}/${slug(plain(e.spans))}`, plain(e.spans), '', e.blocks));
    return { id, part: 'rooms', title, intro: intro!.blocks, entries, isList: false };
}

export interface Sources {
    guides: readonly [name: string, text: string][];
    nodes: string;
    api: string;
    config: string;
    effects: string;
    schema: string;
    habits: string;
    commands: readonly Pressed[];
}

export function makeBook(s: Sources): Part[] {
    return [
        { id: 'rooms', label: 'Guides', sections: s.guides.map(([name, text]) => guide(name, text)) },
        { id: 'keys', label: 'Keys', sections: keyParts(s.commands, s.habits) },
        { id: 'nodes', label: 'Nodes', sections: nested('nodes', s.nodes) },
        { id: 'effects', label: 'Effects', sections: flat('effects', 'Effects of an output', s.effects) },
        { id: 'api', label: 'API', sections: tabular('api', s.api, routeLine) },
        { id: 'config', label: 'Configuration', sections: tabular('config', s.config, keyLine) },
        { id: 'tables', label: 'Tables', sections: flat('tables', 'Tables of the database', s.schema) },
    ];
}

export interface Place {
    section: Section;
    entry: Entry | null;
}

/* Where an address leads; half an address leads to what begins with it. */
export function find(book: readonly Part[], at: string): Place | null {
    const sections = book.flatMap((p) => p.sections);
    for (const section of sections) {
        if (section.id === at) return { section, entry: null };
        const found = section.entries.find((e) => e.id === at);
        if (found) return { section, entry: found };
    }
    const section = sections.find((s) => s.part === at || s.id.startsWith(`${at}/`));
    return section ? { section, entry: null } : null;
}

export interface Found {
    part: Part;
    hits: Place[];
    more: number;
}

/* Lower is better; null: not every word is there. Names count before what is said about them, whole names before parts. */
function rank(names: string, text: string, query: readonly string[]): number | null {
    let total = 0;
    for (const word of query) {
        const at = names.indexOf(word);
        if (at >= 0) {
            const isStart = at === 0 || !/[a-z0-9]/.test(names[at - 1]!);
            const isEnd = !/[a-z0-9]/.test(names[at + word.length] ?? ' ');
            total += (isStart ? 0 : 20) + (isEnd ? 0 : 5) + Math.min(10, at / 10);
        } else if (text.includes(word)) total += 100;
        else return null;
    }
    return total + names.length / 1000;
}

/* What answers to all words, by part; the part with the best hit first. */
export function search(book: readonly Part[], text: string, limit = 12): Found[] {
    const query = text.toLowerCase().split(/\s+/).filter(Boolean);
    if (!query.length) return [];
    const out = book.map((part) => {
        const hits: { place: Place; score: number }[] = [];
        for (const section of part.sections) {
            const own = section.intro.length || section.part === 'rooms' ? rank(section.title.toLowerCase(), words(section.intro).toLowerCase(), query) : null;
            if (own !== null) hits.push({ place: { section, entry: null }, score: own });
            for (const e of section.entries) {
                const score = rank(e.names, e.text, query);
                if (score !== null) hits.push({ place: { section, entry: e }, score });
            }
        }
        hits.sort((a, b) => a.score - b.score);
        return { best: hits[0]?.score ?? Infinity, found: { part, hits: hits.slice(0, limit).map((h) => h.place), more: Math.max(0, hits.length - limit) } };
    });
    return out
        .filter((o) => o.found.hits.length)
        .sort((a, b) => a.best - b.best)
        .map((o) => o.found);
}

/* What is said around the first word that is not in the name. */
export function excerpt(e: Entry, query: string, length = 120): string {
    const word = query
        .toLowerCase()
        .split(/\s+/)
        .filter((w) => w && !e.names.includes(w))
        .find((w) => e.text.includes(w));
    const at = word ? e.text.indexOf(word) : -1;
    if (at < length / 2) return e.hint;
    const from = e.said.lastIndexOf(' ', at - 24) + 1;
    return `…${e.said.slice(from, from + length)}`;
}

export const addressOf = (p: Place) => p.entry?.id ?? p.section.id;
