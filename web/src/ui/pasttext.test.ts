import { expect, test } from 'vitest';
import type { NodeType, PastAnnotation } from '../api/types';
import { ago, diffLines } from './pasttext';

const names = {
    types: new Map([['math', { id: 'math', label: 'Math', params: [{ id: 'b', label: 'B' }] } as unknown as NodeType]]),
    patterns: new Map([['p', 'Wash']]),
};

test('when it was, as people say it', () => {
    const now = new Date(2026, 4, 3, 15, 0).getTime();
    const at = (...t: [number, number, number, number, number]) => ago(new Date(...t).toISOString(), now);
    expect(ago(new Date(now - 20_000).toISOString(), now)).toBe('just now');
    expect(at(2026, 4, 3, 14, 59)).toBe('a minute ago');
    expect(at(2026, 4, 3, 14, 18)).toBe('42 minutes ago');
    expect(at(2026, 4, 3, 9, 5)).toMatch(/^today .*9.05/);
    expect(at(2026, 4, 2, 23, 5)).toMatch(/^yesterday /);
    expect(at(2026, 3, 12, 23, 5)).toMatch(/2026/);
    expect(ago(new Date(now + 5000).toISOString(), now)).toBe('just now'); /* a clock that is a little ahead */
});

test('a graph: nodes, wires and arguments', () => {
    const none = { added: [], removed: [], changed: [] };
    const lines = diffLines(
        {
            summary: '',
            nodes: {
                added: [{ id: 'm', type: 'math', params: {}, x: 0, y: 0 }],
                removed: [{ id: 'old', type: 'gone_type', params: {}, x: 0, y: 0 }],
                changed: [
                    { id: 'math', type: 'math', was: 'math', params: [{ param: 'b', from: 0.5, to: 0.1 + 0.2 }], moved: true },
                    { id: 'q', type: 'math', was: 'math', params: [], moved: true },
                ],
            },
            edges: { ...none, removed: [{ id: 'e', from_node: 'a', from_port: 'x', to_node: 'b', to_port: 'in' }] },
            args: { ...none, changed: [{ id: 'level', name: 'Level', params: [{ param: 'default', from: 1, to: null }] }] },
        },
        names,
    );
    expect(lines.map((l) => `${l.sign} ${l.text}`)).toEqual([
        '+ Math (m)',
        '- gone_type (old)',
        '~ Math: B 0.5 → 0.3',
        '~ Math (q): moved',
        '- wire a to b, in',
        '~ argument Level: default 1 → nothing',
    ]);
});

test('a score: blocks by pattern and time', () => {
    const a = { id: 'x', pattern_id: 'p', start_time: 4, end_time: 8, args: {} } as unknown as PastAnnotation;
    const lines = diffLines(
        {
            summary: '',
            annotations: {
                added: [a],
                removed: [{ ...a, pattern_id: 'dead' }],
                changed: [{ id: 'x', annotation: a, from: { start_time: 2, args: { sel: 'all' } }, to: { start_time: 4, args: { sel: 'left' } } }],
            },
        },
        names,
    );
    expect(lines[0]!.text).toMatch(/^Wash at 0:04/);
    expect(lines[1]!.text).toMatch(/^Deleted pattern at/);
    expect(lines[2]!.text).toMatch(/^Wash at .*: start .* → .*, sel all → left$/);
});
