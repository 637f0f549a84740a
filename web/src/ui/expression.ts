/*
 * Selection expressions as text: what each part of one is, what may stand where, and what fits there in this venue. Pure. What an
 * expression picks, and what is wrong with it, lumad alone says (POST /venues/{id}/select); the words below are held against its
 * source by the test. Places are UTF-16 units, as the field counts; toUnits() makes them of the characters that lumad counts.
 */

/* --- the language: one table, for colours, completion and help --- */

export interface Word {
    text: string;
    help: string;
}

export const OPERATORS: readonly Word[] = [
    { text: '|', help: 'or: what either side picks' },
    { text: '&', help: 'and: only what both sides pick' },
    { text: '^', help: 'one of the two: not what both pick' },
    { text: '>', help: 'else: the right side where the left picks nothing' },
];
export const PREFIXES: readonly Word[] = [
    { text: '~', help: 'not: every light but these' },
    { text: '(', help: 'what is in brackets comes first' },
];
export const INDEXES: readonly Word[] = [
    { text: '[1]', help: 'the first, from left to right' },
    { text: '[1..4]', help: 'the first to the fourth' },
    { text: '[::2]', help: 'every second one' },
    { text: '[2::2]', help: 'every second one, from the second' },
];
export const ALL: Word = { text: 'all', help: 'every light; no smoke, haze, fans and lasers' };

export interface Predicate extends Word {
    values: readonly Word[];
}
export const PREDICATES: readonly Predicate[] = [
    {
        text: 'type',
        help: 'by the kind of fixture',
        values: [
            { text: 'bar', help: 'bars of several lights' },
            { text: 'par', help: 'pars, and what is like them' },
            { text: 'moving_head', help: 'moving heads' },
            { text: 'scanner', help: 'scanners: a mirror moves the beam' },
            { text: 'strobe', help: 'strobes' },
            { text: 'dimmer', help: 'dimmers' },
            { text: 'effect', help: 'effect lights' },
            { text: 'laser', help: 'lasers: not in all' },
            { text: 'smoke', help: 'smoke machines: not in all' },
            { text: 'hazer', help: 'hazers: not in all' },
            { text: 'fan', help: 'fans: not in all' },
            { text: 'other', help: 'whatever else' },
        ],
    },
    {
        text: 'has',
        help: 'by what the light can do',
        values: [
            { text: 'dimmer', help: 'can be dimmed' },
            { text: 'color', help: 'can change its colour' },
            { text: 'movement', help: 'can pan or tilt' },
            { text: 'strobe', help: 'can strobe by itself' },
            { text: 'gobo', help: 'has gobos' },
            { text: 'zoom', help: 'can zoom' },
        ],
    },
    {
        text: 'side',
        help: 'by where it is, seen from the audience',
        values: [
            { text: 'left', help: 'left of the middle of all' },
            { text: 'right', help: 'right of the middle' },
            { text: 'front', help: 'nearer to the audience' },
            { text: 'back', help: 'further upstage' },
            { text: 'below', help: 'lower than the middle' },
            { text: 'above', help: 'higher than the middle' },
        ],
    },
    {
        text: 'head',
        help: 'by its number in the fixture',
        values: [
            { text: 'odd', help: 'the first, third, fifth of a fixture' },
            { text: 'even', help: 'the second, fourth, sixth' },
        ],
    },
];

/* As names are compared, and as groups are called: "Front pars" is front_pars. */
export const snake = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]+/g, '_').replace(/^_+|_+$/g, '');

/* --- parts --- */

export type Kind = 'name' | 'all' | 'predicate' | 'value' | 'operator' | 'bracket' | 'number' | 'space' | 'stray';
export interface Token {
    kind: Kind;
    start: number;
    end: number;
    text: string;
}

const lastOf = (list: readonly Token[], fits: (t: Token) => boolean): Token | undefined => [...list].reverse().find(fits);

const SPACE = /[\s\u0085\ufeff]/u;
const WORD = /[A-Za-z0-9_][A-Za-z0-9_-]*/y;
const DIGITS = /[0-9]+/y;

export function tokens(text: string): Token[] {
    const out: Token[] = [];
    let isIndex = false;
    let isValue = false;
    const match = (re: RegExp, at: number) => {
        re.lastIndex = at;
        return re.exec(text)?.[0] ?? '';
    };
    for (let at = 0; at < text.length; ) {
        const c = String.fromCodePoint(text.codePointAt(at)!);
        let kind: Kind = 'stray';
        let length = c.length;
        if (SPACE.test(c)) {
            while (at + length < text.length && SPACE.test(text[at + length]!)) length++;
            kind = 'space';
        } else if (isIndex && match(DIGITS, at)) {
            length = match(DIGITS, at).length;
            kind = 'number';
        } else if (!isIndex && match(WORD, at)) {
            const word = match(WORD, at);
            length = word.length;
            const isBeforeColon = /^[\s\u0085\ufeff]*:/u.test(text.slice(at + length));
            kind = isValue ? 'value' : isBeforeColon ? 'predicate' : snake(word) === ALL.text ? 'all' : 'name';
            isValue = false;
        } else if (c === ':' && !isIndex) {
            kind = lastOf(out, (t) => t.kind !== 'space')?.kind === 'predicate' ? 'predicate' : 'stray';
            isValue = kind === 'predicate';
        } else if (isIndex && (c === '.' || c === ':')) {
            kind = 'operator';
        } else if ('()[]'.includes(c)) {
            kind = 'bracket';
            isIndex = c === '[' || (isIndex && c !== ']');
        } else if ('|&^>~'.includes(c)) {
            kind = 'operator';
            isValue = false;
        }
        out.push({ kind, start: at, end: at + length, text: text.slice(at, at + length) });
        at += length;
    }
    return out;
}

/* Where the n-th character begins, in UTF-16 units. */
export function toUnits(text: string, characters: number): number {
    let at = 0;
    for (let n = 0; n < characters && at < text.length; n++) at += text.codePointAt(at)! > 0xffff ? 2 : 1;
    return at;
}

/* --- the picture: parts with their colours, and what of them is wrong --- */

export interface Part {
    kind: Kind;
    text: string;
    isUnknown: boolean; /* a name that no group of the venue has */
    isWrong: boolean;
}

/* wrong: characters, half-open; an empty span marks the place where something is missing, with a blank of its own where there is no character. */
export function parts(text: string, known: ReadonlySet<string> | null, wrong: { start: number; end: number } | null): Part[] {
    const from = wrong ? toUnits(text, wrong.start) : -1;
    const to = wrong ? Math.max(toUnits(text, wrong.end), from + 1) : -1;
    const out: Part[] = [];
    for (const t of tokens(text)) {
        const isUnknown = t.kind === 'name' && known !== null && !known.has(snake(t.text));
        const cuts = [t.start, ...[from, to].filter((c) => c > t.start && c < t.end), t.end];
        for (let i = 0; i + 1 < cuts.length; i++) {
            const [start, end] = [cuts[i]!, cuts[i + 1]!];
            out.push({ kind: t.kind, text: text.slice(start, end), isUnknown, isWrong: start >= from && end <= to });
        }
    }
    if (from >= text.length) out.push({ kind: 'space', text: '\u00a0', isUnknown: false, isWrong: true });
    return out;
}

/* --- completion --- */

export interface Known {
    name: string;
    color?: string | null;
    help?: string;
}
export interface Item {
    text: string; /* what is shown */
    insert: string;
    help: string;
    kind: Kind;
    color?: string | null;
    goesOn?: boolean; /* what was put in wants something behind it */
}
export interface Completion {
    from: number; /* what of the text an item replaces */
    to: number;
    word: string;
    items: Item[];
    wants: 'operand' | 'operator' | 'value' | 'index';
}

/* By what it begins with, then by what it contains. */
function fitting(items: readonly Item[], word: string): Item[] {
    const wanted = snake(word) || word.toLowerCase();
    if (!wanted) return [...items];
    const begins = items.filter((i) => i.text.startsWith(wanted));
    return [...begins, ...items.filter((i) => !begins.includes(i) && i.text.includes(wanted))];
}

/* What the language wants behind these parts. */
function wantsAfter(before: readonly Token[]): Completion['wants'] {
    let wants: Completion['wants'] = 'operand';
    for (const t of before) {
        if (t.kind === 'predicate') wants = 'value';
        else if (t.kind === 'name' || t.kind === 'all' || t.kind === 'value') wants = 'operator';
        else if (t.text === '[') wants = 'index';
        else if (t.text === ')' || t.text === ']') wants = 'operator';
        else if (t.kind === 'operator' && wants !== 'index') wants = 'operand';
        else if (t.text === '(') wants = 'operand';
    }
    return wants;
}

function operands(groups: readonly Known[], hasWord: boolean): Item[] {
    return [
        ...groups.map((g): Item => ({ text: g.name, insert: g.name, help: g.help ?? 'group', kind: 'name', color: g.color ?? null })),
        { text: ALL.text, insert: ALL.text, help: ALL.help, kind: 'all' },
        ...PREDICATES.map((p): Item => ({ text: `${p.text}:`, insert: `${p.text}:`, help: p.help, kind: 'predicate', goesOn: true })),
        /* One may also begin with what it comes down to: "left" finds side:left. */
        ...(hasWord ? PREDICATES.flatMap((p) => p.values.map((v): Item => ({ text: `${p.text}:${v.text}`, insert: `${p.text}:${v.text}`, help: v.help, kind: 'value' }))) : []),
        ...(hasWord ? [] : PREFIXES.map((p): Item => ({ text: p.text, insert: p.text, help: p.help, kind: 'operator', goesOn: true }))),
    ];
}

export function complete(text: string, caret: number, groups: readonly Known[]): Completion {
    const all = tokens(text);
    const at = all.find((t) => ['name', 'all', 'value', 'predicate'].includes(t.kind) && t.text !== ':' && t.start < caret && caret <= t.end);
    const from = at?.start ?? caret;
    const before = all.filter((t) => t.end <= from);
    let to = at?.end ?? caret;
    const word = text.slice(from, caret);
    const wants = wantsAfter(before);
    let items: Item[] = [];
    if (wants === 'value') {
        const name = snake(lastOf(before, (t) => t.kind === 'predicate' && t.text !== ':')?.text ?? '');
        items = (PREDICATES.find((p) => p.text === name)?.values ?? []).map((v) => ({ text: v.text, insert: v.text, help: v.help, kind: 'value' }));
    } else if (wants === 'operand') {
        items = operands(groups, word !== '');
        /* Over "type:" goes its colon too. */
        const colon = at?.kind === 'predicate' ? all.find((t) => t.start >= to && t.kind !== 'space') : undefined;
        if (colon?.text === ':') to = colon.end;
    } else if (wants === 'operator' && !word) {
        const gap = caret > 0 && !SPACE.test(text[caret - 1]!) ? ' ' : '';
        const isTight = gap !== '';
        items = [
            ...OPERATORS.map((o): Item => ({ text: o.text, insert: `${gap}${o.text} `, help: o.help, kind: 'operator', goesOn: true })),
            ...(isTight ? INDEXES.map((i): Item => ({ text: i.text, insert: i.text, help: i.help, kind: 'number' })) : []),
        ];
    } else if (wants === 'index') {
        const open = lastOf(before, (t) => t.text === '[');
        const rest = open ? text.slice(open.end, caret) : '';
        const isClosed = /^[^[\]]*\]/.test(text.slice(caret));
        items = INDEXES.map((i) => i.text.slice(1, isClosed ? -1 : undefined))
            .map((t, i): Item => ({ text: t, insert: t.slice(rest.length), help: INDEXES[i]!.help, kind: 'number' }))
            .filter((i) => i.text.startsWith(rest) && i.insert !== '');
    }
    return { from, to, word, wants, items: wants === 'index' ? items : fitting(items, word) };
}

/* The text with an item put in, and where the caret then is. */
export function withItem(text: string, c: Completion, item: Item): { text: string; caret: number } {
    return { text: text.slice(0, c.from) + item.insert + text.slice(c.to), caret: c.from + item.insert.length };
}

/* Which item Enter takes without being asked for: the first, where a word was begun and none is finished. */
export function favourite(c: Completion): number {
    const word = snake(c.word);
    return word && c.items.length && !c.items.some((i) => i.text === word) ? 0 : -1;
}

/* --- examples, of the groups that there are --- */

export function examples(groups: readonly Known[]): Word[] {
    const [a, b] = groups.map((g) => g.name);
    return [
        ...(a && b ? [{ text: `${a} | ${b}`, help: `${a} and ${b} together` }] : []),
        ...(a ? [{ text: `all & ~${a}`, help: `every light but ${a}` }] : []),
        ...(a ? [{ text: `${a}[::2]`, help: `every second light of ${a}, from left to right` }] : []),
        { text: 'all & side:left', help: 'the left half, seen from the audience' },
        { text: 'type:moving_head > all', help: 'the moving heads; without any, every light' },
        { text: 'has:color & head:odd', help: 'the odd heads of what has colour' },
    ];
}
