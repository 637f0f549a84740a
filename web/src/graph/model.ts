/*
 * The graph document and what may be done to it. Pure: every edit returns a new graph, so
 * undo is keeping the old one.
 */
import type { Graph, GraphEdge, GraphError, GraphNode, NodeType, Param, Port } from '../api/types';

export interface Ports {
    inputs: Port[];
    outputs: Port[];
}

/* A port's kind as it is drawn: a colour is a signal of three or four channels. */
export type PortKind = 'signal' | 'color' | 'audio' | 'grid' | 'selection' | 'any';
export function portKind(port: Port): PortKind {
    const t = port.type;
    if (t === 'audio' || t === 'grid' || t === 'selection' || t === 'any') return t;
    return t === 'color' || port.channels === 3 || port.channels === 4 ? 'color' : 'signal';
}

const ARG_KIND = { color: 'color', scalar: 'signal', selection: 'selection', choice: 'signal' } as const;

/* The ports of a node: those of its type; `pattern_args` has one output per arg. */
export function portsOf(graph: Graph, node: GraphNode, types: ReadonlyMap<string, NodeType>): Ports {
    const type = types.get(node.type);
    if (node.type === 'pattern_args') {
        return {
            inputs: [],
            outputs: graph.args.map((a) => ({ id: a.id, label: a.name || a.id, type: ARG_KIND[a.type] ?? 'signal' })),
        };
    }
    if (type) return { inputs: type.inputs, outputs: type.outputs };
    /* An unknown type still shows the ports its wires name. */
    const port = (id: string): Port => ({ id, label: id, type: 'signal' });
    return {
        inputs: [...new Set(graph.edges.filter((e) => e.to_node === node.id).map((e) => e.to_port))].map(port),
        outputs: [...new Set(graph.edges.filter((e) => e.from_node === node.id).map((e) => e.from_port))].map(port),
    };
}

/* What is wrong, with the names the page shows instead of ids. */
export function inWords(error: GraphError, graph: Graph, types: ReadonlyMap<string, NodeType>): string {
    const node = graph.nodes.find((n) => n.id === error.node);
    const type = node && types.get(node.type);
    if (!node || !type) return error.message;
    const port = portsOf(graph, node, types).inputs.find((p) => p.id === error.port);
    if (error.code === 'missing_input' && port) return `${type.label} needs a wire to "${port.label || port.id}"`;
    const rest = error.message.startsWith(node.id) ? error.message.slice(node.id.length) : '';
    return /^[:. ]/.test(rest) ? type.label + rest : error.message;
}

const NAMES: Record<PortKind, string> = { signal: 'signal', color: 'colour', audio: 'audio', grid: 'beat grid', selection: 'selection', any: 'anything' };
const family = (k: PortKind) => (k === 'color' ? 'signal' : k);

const CHANNELS: Record<number, string> = { 1: 'one value', 2: 'direction', 3: 'colour', 4: 'colour', 12: 'chroma' };
/* Where both say how many channels they have. */
function channelsFit(a: Port, b: Port): boolean {
    const [x, y] = [a.channels ?? 0, b.channels ?? 0];
    return !x || !y || x === y || (portKind(a) === 'color' && portKind(b) === 'color');
}

/* Why two ports cannot be wired, or null. */
export function blocked(
    graph: Graph,
    types: ReadonlyMap<string, NodeType>,
    from: { node: string; port: string },
    to: { node: string; port: string },
): string | null {
    const a = graph.nodes.find((n) => n.id === from.node);
    const b = graph.nodes.find((n) => n.id === to.node);
    if (!a || !b) return 'There is no such node';
    const out = portsOf(graph, a, types).outputs.find((p) => p.id === from.port);
    const into = portsOf(graph, b, types).inputs.find((p) => p.id === to.port);
    if (!out || !into) return 'There is no such port';
    const [ka, kb] = [family(portKind(out)), family(portKind(into))];
    if (ka !== kb && ka !== 'any' && kb !== 'any') return `${out.label || out.id} (${NAMES[ka]}) does not fit ${into.label || into.id} (${NAMES[kb]})`;
    if (ka === 'signal' && !channelsFit(out, into))
        return `${out.label || out.id} (${CHANNELS[out.channels ?? 0] ?? NAMES[ka]}) does not fit ${into.label || into.id} (${CHANNELS[into.channels ?? 0] ?? NAMES[kb]})`;
    return reaches(graph, to.node, from.node) ? 'That would be a circle' : null;
}

function reaches(graph: Graph, from: string, to: string): boolean {
    const seen = new Set<string>();
    const todo = [from];
    for (let at = todo.pop(); at !== undefined; at = todo.pop()) {
        if (at === to) return true;
        if (seen.has(at)) continue;
        seen.add(at);
        for (const e of graph.edges) if (e.from_node === at) todo.push(e.to_node);
    }
    return false;
}

function freeId(taken: ReadonlySet<string>, stem: string): string {
    for (let n = 1; ; n++) {
        const id = n === 1 ? stem : `${stem}_${n}`;
        if (!taken.has(id)) return id;
    }
}

export function addNode(graph: Graph, type: NodeType, x: number, y: number): { graph: Graph; id: string } {
    const id = freeId(new Set(graph.nodes.map((n) => n.id)), type.id);
    const params = Object.fromEntries(
        type.params.filter((p) => p.default !== undefined && p.default !== null).map((p: Param) => [p.id, p.default]),
    );
    return { graph: { ...graph, nodes: [...graph.nodes, { id, type: type.id, params, x, y }] }, id };
}

/* An input takes one wire: a new one takes the old one's place. */
export function connect(graph: Graph, edge: Omit<GraphEdge, 'id'>): Graph {
    const kept = graph.edges.filter((e) => e.to_node !== edge.to_node || e.to_port !== edge.to_port);
    const id = freeId(new Set(kept.map((e) => e.id)), 'wire');
    return { ...graph, edges: [...kept, { id, ...edge }] };
}

export function remove(graph: Graph, nodes: readonly string[], edges: readonly string[]): Graph {
    const gone = new Set(nodes);
    return {
        ...graph,
        nodes: graph.nodes.filter((n) => !gone.has(n.id)),
        edges: graph.edges.filter((e) => !edges.includes(e.id) && !gone.has(e.from_node) && !gone.has(e.to_node)),
    };
}

export function setParam(graph: Graph, node: string, param: string, value: unknown): Graph {
    return {
        ...graph,
        nodes: graph.nodes.map((n) => (n.id === node ? { ...n, params: { ...n.params, [param]: value } } : n)),
    };
}

export function move(graph: Graph, places: ReadonlyMap<string, { x: number; y: number }>): Graph {
    return {
        ...graph,
        nodes: graph.nodes.map((n) => {
            const p = places.get(n.id);
            return p ? { ...n, x: Math.round(p.x), y: Math.round(p.y) } : n;
        }),
    };
}

/* What PUT takes: the graph without what the daemon added. */
export const bare = (g: Graph) => ({ nodes: g.nodes, edges: g.edges, args: g.args });

/* Columns by distance from the sources, for a graph that was never laid out. */
export function layout(graph: Graph): Graph {
    const places = new Set(graph.nodes.map((n) => `${n.x ?? 0},${n.y ?? 0}`));
    if (graph.nodes.length < 2 || places.size > 1) return graph;
    const depth = new Map(graph.nodes.map((n) => [n.id, 0]));
    for (let round = 0; round < graph.nodes.length; round++) {
        let isMoved = false;
        for (const e of graph.edges) {
            const want = (depth.get(e.from_node) ?? 0) + 1;
            if (want > (depth.get(e.to_node) ?? 0) && want < graph.nodes.length) {
                depth.set(e.to_node, want);
                isMoved = true;
            }
        }
        if (!isMoved) break;
    }
    const rows = new Map<number, number>();
    return {
        ...graph,
        nodes: graph.nodes.map((n) => {
            const column = depth.get(n.id) ?? 0;
            const row = rows.get(column) ?? 0;
            rows.set(column, row + 1);
            return { ...n, x: column * 260, y: row * 170 };
        }),
    };
}
