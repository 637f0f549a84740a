import { expect, test } from 'vitest';
import type { Graph, NodeType } from '../api/types';
import { addNode, blocked, connect, inWords, layout, portsOf, remove } from './model';

const port = (id: string, type: string) => ({ id, label: id, type });
const list: NodeType[] = [
    { id: 'clock', category: 'Sources', label: 'Clock', help: '', inputs: [], outputs: [port('grid', 'grid')], params: [] },
    {
        id: 'env', category: 'Time', label: 'Envelope', help: '',
        inputs: [port('grid', 'grid'), port('rate', 'signal')], outputs: [port('out', 'signal')],
        params: [{ id: 'attack', label: 'Attack', type: 'float', default: 0.3 }],
    },
];
const types = new Map(list.map((t) => [t.id, t]));
const empty: Graph = { nodes: [], edges: [], args: [{ id: 'tint', name: 'Tint', type: 'color', default: '#ff0000' }] };
const two = addNode(addNode(empty, list[0]!, 0, 0).graph, list[1]!, 0, 0).graph;

test('a new node has a free id and the defaults', () => {
    const again = addNode(two, list[1]!, 1, 2);
    expect(again.id).toBe('env_2');
    expect(again.graph.nodes.at(-1)).toMatchObject({ params: { attack: 0.3 }, x: 1, y: 2 });
});

test('a chroma goes where a chroma is wanted, and where anything is', () => {
    const sized = (id: string, channels: number) => ({ ...port(id, 'signal'), channels });
    const heard: NodeType = { id: 'heard', category: '', label: 'Heard', help: '', inputs: [], outputs: [sized('out', 12)], params: [] };
    const taker: NodeType = { id: 'taker', category: '', label: 'Taker', help: '', inputs: [sized('color', 3), sized('chroma', 12), sized('any', 0)], outputs: [], params: [] };
    const known = new Map([heard, taker].map((t) => [t.id, t]));
    const graph = addNode(addNode(empty, heard, 0, 0).graph, taker, 0, 0).graph;
    const into = (p: string) => blocked(graph, known, { node: 'heard', port: 'out' }, { node: 'taker', port: p });
    expect(into('color')).toMatch(/chroma/);
    expect(into('chroma')).toBeNull();
    expect(into('any')).toBeNull();
});

test('only ports of one kind are wired, and never in a circle', () => {
    const at = (node: string, p: string) => ({ node, port: p });
    expect(blocked(two, types, at('clock', 'grid'), at('env', 'grid'))).toBeNull();
    expect(blocked(two, types, at('clock', 'grid'), at('env', 'rate'))).toMatch(/grid/);
    expect(blocked(two, types, at('env', 'out'), at('env', 'rate'))).toMatch(/circle: a node cannot feed itself/);
    expect(blocked(two, types, at('env', 'nope'), at('env', 'rate'))).toMatch(/no such port/);
});

test('the args node has a port per arg', () => {
    const g = { ...empty, nodes: [{ id: 'a', type: 'pattern_args', params: {}, x: 0, y: 0 }] };
    expect(portsOf(g, g.nodes[0]!, types).outputs).toEqual([{ id: 'tint', label: 'Tint', type: 'color' }]);
});

test('an input keeps one wire, and wires go with their node', () => {
    const edge = { from_node: 'clock', from_port: 'grid', to_node: 'env', to_port: 'grid' };
    const wired = connect(connect(two, edge), edge);
    expect(wired.edges).toHaveLength(1);
    expect(remove(wired, ['clock'], []).edges).toHaveLength(0);
    expect(remove(wired, [], [wired.edges[0]!.id]).nodes).toHaveLength(2);
});

test('what was never laid out gets columns, what was stays', () => {
    const wired = connect(two, { from_node: 'clock', from_port: 'grid', to_node: 'env', to_port: 'grid' });
    const laid = layout(wired);
    expect(laid.nodes[1]!.x).toBeGreaterThan(laid.nodes[0]!.x);
    expect(layout(laid)).toBe(laid);
});

test('errors are told with names', () => {
    const at = (code: string, port: string | null, message: string) => inWords({ node: 'env', port, code, message }, two, types);
    expect(at('missing_input', 'grid', 'env needs something at its input "grid"')).toBe('Envelope needs a wire to "grid"');
    expect(at('cycle', null, 'env: too deep')).toBe('Envelope: too deep');
    expect(at('other', null, 'envelopes are short')).toBe('envelopes are short');
    expect(inWords({ node: null, port: null, code: 'x', message: 'as it is' }, two, types)).toBe('as it is');
});
