import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Graph, NodeType } from '../api/types';
import { addNode, arrange, bare, blocked, cardHeight, connect, copyOf, findTypes, fits, missingInputs, nodeName, paste, portKind, portOf, sameGraph, sourcesFor } from './model';
import { STARTS } from './starts';

const list = JSON.parse(fs.readFileSync(new URL('../reference/nodes.json', import.meta.url), 'utf8')) as NodeType[];
const types = new Map(list.map((t) => [t.id, t]));
const type = (id: string) => types.get(id)!;
const graph = (nodes: [string, string][], edges: [string, string, string, string][] = []): Graph => ({
    nodes: nodes.map(([id, t], i) => ({ id, type: t, params: {}, x: i * 10, y: 0 })),
    edges: edges.map(([a, p, b, q], i) => ({ id: `e${i}`, from_node: a, from_port: p, to_node: b, to_port: q })),
    args: [{ id: 'sel', name: 'Selection', type: 'selection', default: 'all' }],
});

describe('copies', () => {
    const g = graph([['clock', 'beat_clock'], ['pulse', 'beat_envelope'], ['out', 'apply_dimmer']], [['clock', 'grid_out', 'pulse', 'grid'], ['pulse', 'out', 'out', 'signal']]);
    it('carry the wires between them under names of their own', () => {
        const { graph: next, ids } = paste(g, copyOf(g, new Set(['pulse', 'out'])), 40, 40);
        expect(ids).toEqual(['pulse_2', 'out_2']);
        expect(next.nodes).toHaveLength(5);
        expect(next.edges.slice(2)).toMatchObject([{ from_node: 'pulse_2', to_node: 'out_2' }]);
        expect(new Set(next.edges.map((e) => e.id)).size).toBe(3);
        expect(paste(next, copyOf(next, new Set(ids)), 0, 0).ids).toEqual(['pulse_3', 'out_3']);
    });
    it('share nothing with what they were made of', () => {
        const { graph: next } = paste(g, copyOf(g, new Set(['pulse'])), 0, 0);
        next.nodes[3]!.params.attack = 1;
        expect(g.nodes[1]!.params).toEqual({});
    });
});

describe('a wire in the open', () => {
    const g = graph([['clock', 'beat_clock'], ['mix', 'gradient'], ['c', 'color'], ['out', 'apply_color']]);
    it('goes on to what takes its kind, and to nothing else', () => {
        const loose = { node: 'clock', port: 'grid_out', isOutput: true };
        expect(fits(g, types, loose, type('beat_envelope'))).toBe('grid');
        expect(fits(g, types, loose, type('math'))).toBeNull();
        expect(fits(g, types, loose, type('beat_clock'))).toBeNull();
        expect(fits(g, types, loose, type('view_signal'))).toBe('in');
    });
    it('finds the port of its own kind before one that merely takes it', () => {
        expect(fits(g, types, { node: 'c', port: 'out', isOutput: true }, type('gradient'))).toBe('start_color');
        expect(fits(g, types, { node: 'out', port: 'signal', isOutput: false }, type('color'))).toBe('out');
        expect(fits(g, types, { node: 'out', port: 'selection', isOutput: false }, type('color'))).toBeNull();
    });
    it('dropped on a node means a free port that fits', () => {
        expect(portOf(g, types, { node: 'c', port: 'out', isOutput: true }, 'mix')).toBe('start_color');
        const wired = connect(g, { from_node: 'c', from_port: 'out', to_node: 'mix', to_port: 'start_color' });
        expect(portOf(wired, types, { node: 'c', port: 'out', isOutput: true }, 'mix')).toBe('end_color');
        expect(portOf(g, types, { node: 'clock', port: 'grid_out', isOutput: true }, 'mix')).toBeNull();
        expect(portOf(g, types, { node: 'c', port: 'out', isOutput: true }, 'c')).toBeNull();
    });
    it('may come from anything that makes no circle, the nearest first', () => {
        const wired = connect(g, { from_node: 'mix', from_port: 'out', to_node: 'out', to_port: 'signal' });
        const from = sourcesFor(wired, types, wired.nodes[3]!, 'signal').map((s) => s.node);
        expect(from).toEqual(['c', 'mix']);
        expect(sourcesFor(wired, types, wired.nodes[1]!, 'in')).toEqual([]);
        expect(sourcesFor(wired, types, wired.nodes[1]!, 'end_color').map((s) => s.node)).toEqual(['c']);
    });
});

describe('the search', () => {
    const ids = (words: string) => findTypes(list, words).map((t) => t.id);
    it('puts names that begin so first', () => {
        expect(ids('noise')[0]).toBe('noise');
        expect(ids('apply d')[0]).toBe('apply_dimmer');
        expect(ids('zzzz')).toEqual([]);
    });
    it('knows what a node is for', () => expect(ids('hue')).toContain('rainbow'));
    it('knows the words of the desk', () => {
        for (const words of ['chase', 'flash', 'blink', 'lfo', 'downbeat', 'fade', 'sparkle', 'pan']) expect(ids(words), words).not.toEqual([]);
        expect(ids('chase')).toContain('ramp');
    });
    it('is the whole catalogue without words', () => expect(ids('')).toHaveLength(list.length));
});

it('required inputs without a wire are known', () => {
    const g = graph([['clock', 'beat_clock'], ['pulse', 'beat_envelope']]);
    expect(missingInputs(g, g.nodes[1]!, types)).toEqual(['grid']);
    expect(missingInputs(connect(g, { from_node: 'clock', from_port: 'grid_out', to_node: 'pulse', to_port: 'grid' }), g.nodes[1]!, types)).toEqual([]);
});

it('nodes of one type are numbered', () => {
    const g = addNode(graph([['m', 'math']]), type('math'), 0, 0).graph;
    expect(g.nodes.map((n) => nodeName(g, n, types))).toEqual([`${type('math').label} 1`, `${type('math').label} 2`]);
});

it('twelve channels are no colour', () => {
    expect(portKind({ id: 'a', label: '', type: 'signal', channels: 12 })).toBe('signal');
    expect(portKind({ id: 'a', label: '', type: 'signal', channels: 4 })).toBe('color');
});

it('the order of members makes no other graph', () => {
    const g = graph([['a', 'scalar']]);
    const other: Graph = { version: 3, errors: [], args: g.args, edges: [], nodes: [{ y: 0, x: 0, params: {}, type: 'scalar', id: 'a' }] };
    expect(sameGraph(g, other)).toBe(true);
    expect(sameGraph(g, { ...other, nodes: [{ ...other.nodes[0]!, x: 1 }] })).toBe(false);
});

describe('starts', () => {
    for (const s of STARTS) {
        it(`${s.name}: every wire fits and nothing is missing`, () => {
            for (const e of s.graph.edges) expect(blocked({ ...s.graph, edges: s.graph.edges.filter((x) => x !== e) }, types, { node: e.from_node, port: e.from_port }, { node: e.to_node, port: e.to_port })).toBeNull();
            for (const n of s.graph.nodes) {
                expect(types.has(n.type)).toBe(true);
                expect(missingInputs(s.graph, n, types)).toEqual([]);
                for (const p of Object.keys(n.params)) expect(type(n.type).params.map((x) => x.id)).toContain(p);
            }
        });
    }
});

describe('arranged', () => {
    const g = { ...STARTS[1]!.graph, nodes: STARTS[1]!.graph.nodes.map((n) => ({ ...n, x: 0, y: 0 })) };
    const next = arrange(g, types);
    it('goes from left to right', () => {
        const x = (id: string) => next.nodes.find((n) => n.id === id)!.x;
        for (const e of next.edges) expect(x(e.to_node)).toBeGreaterThan(x(e.from_node));
    });
    it('puts no node on another', () => {
        for (const a of next.nodes)
            for (const b of next.nodes)
                if (a !== b && a.x === b.x) expect(Math.abs(a.y - b.y)).toBeGreaterThanOrEqual(Math.min(cardHeight(next, a, types), cardHeight(next, b, types)));
    });
    it('keeps everything else', () => expect(bare({ ...next, nodes: next.nodes.map((n) => ({ ...n, x: 0, y: 0 })) })).toEqual(bare(g)));
    it('gives up on no circle', () => {
        const ring = graph([['a', 'math'], ['b', 'math']], [['a', 'out', 'b', 'a'], ['b', 'out', 'a', 'a']]);
        expect(arrange(ring, types).nodes).toHaveLength(2);
    });
});
