import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { complete, examples, favourite, INDEXES, OPERATORS, parts, PREDICATES, snake, tokens, toUnits, withItem } from './expression';

const groups = [{ name: 'front' }, { name: 'front_pars' }, { name: 'movers', color: '#ff0000' }];
const kinds = (text: string) => tokens(text).filter((t) => t.kind !== 'space').map((t) => `${t.kind} ${t.text}`);
/* The caret is where the bar is. */
const at = (marked: string) => complete(marked.replace('¦', ''), marked.indexOf('¦'), groups);
const names = (marked: string) => at(marked).items.map((i) => i.text);
const put = (marked: string, name: string) => {
    const text = marked.replace('¦', '');
    const c = at(marked);
    const { text: next, caret } = withItem(text, c, c.items.find((i) => i.text === name)!);
    return `${next.slice(0, caret)}¦${next.slice(caret)}`;
};

describe('the words are those of the daemon', () => {
    const source = readFileSync(new URL('../../../daemon/fixtures/selection.c', import.meta.url), 'utf8');
    const array = (name: string) => [...(new RegExp(`${name}\\[\\] = \\{([^}]*)\\}`).exec(source)?.[1] ?? '').matchAll(/"([a-z_]+)"/g)].map((m) => m[1]);

    test.each(PREDICATES.map((p) => [p.text, p] as const))('%s:', (name, p) => {
        expect(p.values.map((v) => v.text).sort()).toEqual(array(`${name}_values`).sort());
    });
    test('predicates and operators', () => {
        const table = /predicates\[\] = \{([\s\S]*?)\n\};/.exec(source)?.[1] ?? '';
        expect(PREDICATES.map((p) => p.text)).toEqual([...table.matchAll(/\{ "([a-z]+)"/g)].map((m) => m[1]));
        expect(OPERATORS.map((o) => o.text).sort().join('')).toBe([.../operators\[\] = "([^"]+)"/.exec(source)![1]!].sort().join(''));
    });
});

describe('parts', () => {
    test('each has its kind', () => {
        expect(kinds('front | (ALL & ~type:par)[1..4]')).toEqual([
            'name front', 'operator |', 'bracket (', 'all ALL', 'operator &', 'operator ~', 'predicate type', 'predicate :', 'value par',
            'bracket )', 'bracket [', 'number 1', 'operator .', 'operator .', 'number 4', 'bracket ]',
        ]);
        expect(kinds('a[::2] % b')).toEqual(['name a', 'bracket [', 'operator :', 'operator :', 'number 2', 'bracket ]', 'stray %', 'name b']);
        expect(kinds('type : par')).toEqual(['predicate type', 'predicate :', 'value par']);
        expect(kinds('2nd-floor')).toEqual(['name 2nd-floor']);
    });
    test('nothing is lost, whatever stands there', () => {
        for (const text of ['', ' a\u00a0| \u{1f4a1}b ]: [x', '~~~((', 'ä:ö', '[[1', ')\u202e(', 'x'.repeat(10_000)]) {
            expect(tokens(text).map((t) => t.text).join('')).toBe(text);
        }
    });
    test('characters are not UTF-16 units', () => {
        expect(toUnits('\u{1f4a1}ab', 1)).toBe(2);
        expect(toUnits('ab', 9)).toBe(2);
    });
    const wrong = (text: string, start: number, end: number) => parts(text, null, { start, end }).filter((p) => p.isWrong).map((p) => p.text);
    test('what is wrong is exactly that', () => {
        expect(wrong('front back', 6, 7)).toEqual(['b']);
        expect(wrong('\u{1f4a1}x', 0, 1)).toEqual(['\u{1f4a1}']);
        expect(wrong('front & ', 8, 8)).toEqual(['\u00a0']);
        expect(wrong('(a b', 3, 3)).toEqual(['b']);
        expect(wrong('kind:par | a', 0, 5)).toEqual(['kind', ':']);
    });
    test('a name that no group has', () => {
        const known = new Set(['front']);
        expect(parts('FRONT | frond', known, null).filter((p) => p.isUnknown).map((p) => p.text)).toEqual(['frond']);
        expect(parts('frond', null, null).some((p) => p.isUnknown)).toBe(false);
    });
});

describe('completion', () => {
    test('what may stand there', () => {
        expect(names('¦')).toEqual(['front', 'front_pars', 'movers', 'all', 'type:', 'has:', 'side:', 'head:', '~', '(']);
        expect(names('front & ¦')).toEqual(names('¦'));
        expect(names('(¦)')).toEqual(names('¦'));
        expect(names('front ¦')).toEqual(['|', '&', '^', '>']);
        expect(names('(front)¦')).toEqual([...OPERATORS, ...INDEXES].map((w) => w.text));
        expect(names('side:¦')).toEqual(['left', 'right', 'front', 'back', 'below', 'above']);
        expect(names('kind:¦')).toEqual([]);
    });
    test('by the word that was begun', () => {
        expect(names('fro¦')).toEqual(['front', 'front_pars', 'side:front']);
        expect(names('pars¦')).toEqual(['front_pars']);
        expect(names('FRONT-P¦')).toEqual(['front_pars']);
        expect(names('side:ab¦')).toEqual(['above']);
        expect(names('mov¦')).toContain('type:moving_head');
        expect(names('zzz¦')).toEqual([]);
    });
    test('it takes the place of the whole word', () => {
        expect(put('all & fr¦ | x', 'front_pars')).toBe('all & front_pars¦ | x');
        expect(put('mo¦ve', 'movers')).toBe('movers¦');
        expect(put('ty¦', 'type:')).toBe('type:¦');
        expect(put('si¦:left', 'side:')).toBe('side:¦left');
        expect(put('type:mo¦', 'moving_head')).toBe('type:moving_head¦');
        expect(put('front¦', 'front_pars')).toBe('front_pars¦');
    });
    test('operators keep their distance, indexes do not', () => {
        expect(put('(front)¦', '&')).toBe('(front) & ¦');
        expect(put('front ¦', '|')).toBe('front | ¦');
        expect(put('(front)¦', '[1..4]')).toBe('(front)[1..4]¦');
        expect(names('front[¦')).toEqual(['1]', '1..4]', '::2]', '2::2]']);
        expect(names('front[¦]')).toEqual(['1', '1..4', '::2', '2::2']);
        expect(put('front[1¦', '1..4]')).toBe('front[1..4]¦');
    });
    test('what Enter takes unasked', () => {
        expect(favourite(at('mov¦'))).toBe(0);
        expect(favourite(at('front¦'))).toBe(-1); /* it is a group already */
        expect(favourite(at('¦'))).toBe(-1);
        expect(favourite(at('zzz¦'))).toBe(-1);
    });
    test('a caret anywhere in anything gives an answer', () => {
        const text = 'a|[ (:type: \u{1f4a1}~x[1..';
        for (let i = 0; i <= text.length; i++) expect(complete(text, i, groups).from).toBeLessThanOrEqual(i);
    });
});

test('names as lumad compares them', () => {
    expect(snake('  Front Pars-2 ')).toBe('front_pars_2');
    expect(snake('ä')).toBe('');
});

test('examples are of the groups that there are', () => {
    expect(examples([]).every((e) => !e.text.includes('undefined'))).toBe(true);
    expect(examples(groups)[0]!.text).toBe('front | front_pars');
});
