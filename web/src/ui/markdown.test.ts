import { expect, test } from 'vitest';
import { parse, spans } from './markdown';

test('blocks of every kind', () => {
    const md = '# Title\n\nSome `code` and\nmore.\n\n- one\n- two\n  goes on\n\n```\nx | y\n```\n';
    expect(parse(md).map((b) => b.kind)).toEqual(['heading', 'paragraph', 'list', 'code']);
    const list = parse(md)[2]!;
    expect(list.kind === 'list' && list.items.map((i) => i[0]!.text)).toEqual(['one', 'two goes on']);
});

test('a table keeps bars in code and empty cells', () => {
    const table = parse('| a | b | c |\n|---|---|---|\n| `x|y` | | 1 \\| 2 |\n')[0]!;
    if (table.kind !== 'table') throw new Error('no table');
    expect(table.rows[0]!.map((c) => c.map((s) => s.text).join(''))).toEqual(['x|y', '', '1 | 2']);
});

test('nothing becomes markup', () => {
    expect(spans('<img src=x onerror=alert(1)>')).toEqual([{ kind: 'text', text: '<img src=x onerror=alert(1)>' }]);
    expect(spans('[text](javascript:alert(1))')[0]!.text).not.toContain('javascript');
});

test('a link within the page stays one, of any other its words stay', () => {
    expect(spans('see [Outputs](#/venue/outputs) and [there](https://example.org)')).toEqual([
        { kind: 'text', text: 'see ' },
        { kind: 'link', text: 'Outputs', href: '#/venue/outputs' },
        { kind: 'text', text: ' and there' },
    ]);
});
