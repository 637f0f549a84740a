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

export const KIND_NAMES: Record<PortKind, string> = { signal: 'signal', color: 'colour', audio: 'audio', grid: 'beat grid', selection: 'selection', any: 'anything' };
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
    if (ka !== kb && ka !== 'any' && kb !== 'any') return `${out.label || out.id} (${KIND_NAMES[ka]}) does not fit ${into.label || into.id} (${KIND_NAMES[kb]})`;
    if (ka === 'signal' && !channelsFit(out, into))
        return `${out.label || out.id} (${CHANNELS[out.channels ?? 0] ?? KIND_NAMES[ka]}) does not fit ${into.label || into.id} (${CHANNELS[into.channels ?? 0] ?? KIND_NAMES[kb]})`;
    if (!reaches(graph, to.node, from.node)) return null;
    return to.node === from.node ? 'That would be a circle: a node cannot feed itself' : `That would be a circle: ${nodeName(graph, b, types)} feeds ${nodeName(graph, a, types)} already`;
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

/* The same graph to the daemon: what it adds itself, and the order of members, aside. */
const sorted = (v: unknown): unknown =>
    Array.isArray(v) ? v.map(sorted)
    : typeof v === 'object' && v !== null ? Object.fromEntries(Object.entries(v).sort(([a], [b]) => (a < b ? -1 : 1)).map(([k, x]) => [k, sorted(x)]))
    : v;
export const sameGraph = (a: Graph, b: Graph) => a === b || JSON.stringify(sorted(bare(a))) === JSON.stringify(sorted(bare(b)));

/* What was copied: nodes with the wires between them. */
export interface Clip {
    nodes: GraphNode[];
    edges: GraphEdge[];
}
export function copyOf(graph: Graph, ids: ReadonlySet<string>): Clip {
    return {
        nodes: graph.nodes.filter((n) => ids.has(n.id)),
        edges: graph.edges.filter((e) => ids.has(e.from_node) && ids.has(e.to_node)),
    };
}

/* Under names of their own, and moved. */
export function paste(graph: Graph, clip: Clip, dx: number, dy: number): { graph: Graph; ids: string[] } {
    const taken = new Set(graph.nodes.map((n) => n.id));
    const wires = new Set(graph.edges.map((e) => e.id));
    const names = new Map<string, string>();
    const nodes = clip.nodes.map((n) => {
        const id = freeId(taken, n.id.replace(/_\d+$/, ''));
        taken.add(id);
        names.set(n.id, id);
        return { ...n, id, params: structuredClone(n.params), x: Math.round(n.x + dx), y: Math.round(n.y + dy) };
    });
    const edges = clip.edges.map((e) => {
        const id = freeId(wires, 'wire');
        wires.add(id);
        return { ...e, id, from_node: names.get(e.from_node)!, to_node: names.get(e.to_node)! };
    });
    return { graph: { ...graph, nodes: [...graph.nodes, ...nodes], edges: [...graph.edges, ...edges] }, ids: [...names.values()] };
}

/* The end of a wire that is being drawn. */
export interface Loose {
    node: string;
    port: string;
    isOutput: boolean;
}
function fitting(a: Port, b: Port): boolean {
    const [ka, kb] = [family(portKind(a)), family(portKind(b))];
    return ka === 'any' || kb === 'any' || (ka === kb && (ka !== 'signal' || channelsFit(a, b)));
}
const portAt = (graph: Graph, types: ReadonlyMap<string, NodeType>, loose: Loose) => {
    const node = graph.nodes.find((n) => n.id === loose.node);
    const ports = node && portsOf(graph, node, types);
    return (loose.isOutput ? ports?.outputs : ports?.inputs)?.find((p) => p.id === loose.port);
};

/* The port of a node of this type that the wire could go on to: one of the same kind before one that merely takes it. */
export function fits(graph: Graph, types: ReadonlyMap<string, NodeType>, loose: Loose, type: NodeType): string | null {
    const from = portAt(graph, types, loose);
    if (!from) return null;
    const ports = loose.isOutput ? type.inputs : type.id === 'pattern_args' ? portsOf(graph, { id: '', type: type.id, params: {}, x: 0, y: 0 }, types).outputs : type.outputs;
    const kind = portKind(from);
    const good = ports.filter((p) => fitting(p, from));
    return (good.find((p) => portKind(p) === kind && !p.optional) ?? good.find((p) => portKind(p) === kind) ?? good[0])?.id ?? null;
}

/* The port of a node that is there which the wire means when it is dropped on the node itself: a free one that fits, else one that would give its wire up. */
export function portOf(graph: Graph, types: ReadonlyMap<string, NodeType>, loose: Loose, nodeId: string): string | null {
    const node = graph.nodes.find((n) => n.id === nodeId);
    const from = portAt(graph, types, loose);
    if (!node || !from || nodeId === loose.node) return null;
    const all = portsOf(graph, node, types);
    const good = (loose.isOutput ? all.inputs : all.outputs).filter((p) => {
        const [a, b] = loose.isOutput ? [loose, { node: nodeId, port: p.id }] : [{ node: nodeId, port: p.id }, loose];
        return blocked(graph, types, a, b) === null;
    });
    const isFree = (p: Port) => !loose.isOutput || !graph.edges.some((e) => e.to_node === nodeId && e.to_port === p.id);
    const kind = portKind(from);
    return (good.find((p) => isFree(p) && portKind(p) === kind) ?? good.find(isFree) ?? good[0])?.id ?? null;
}

/* The outputs that may be wired to an input, nearest to the left first. */
export function sourcesFor(graph: Graph, types: ReadonlyMap<string, NodeType>, node: GraphNode, port: string): { node: string; port: string; label: string }[] {
    const all = graph.nodes.flatMap((n) =>
        portsOf(graph, n, types).outputs
            .filter((p) => blocked(graph, types, { node: n.id, port: p.id }, { node: node.id, port }) === null)
            .map((p) => {
                const outputs = portsOf(graph, n, types).outputs.length;
                const name = nodeName(graph, n, types);
                return { node: n.id, port: p.id, label: outputs > 1 ? `${name}: ${p.label || p.id}` : name, far: Math.hypot(n.x - node.x, n.y - node.y) };
            }),
    );
    return all.sort((a, b) => a.far - b.far).map(({ node: id, port: from, label }) => ({ node: id, port: from, label }));
}

/* Its type's name, and its number where there are several. */
export function nodeName(graph: Graph, node: GraphNode, types: ReadonlyMap<string, NodeType>): string {
    const label = types.get(node.type)?.label ?? node.type;
    const alike = graph.nodes.filter((n) => n.type === node.type);
    return alike.length > 1 ? `${label} ${alike.indexOf(node) + 1}` : label;
}

export function disconnect(graph: Graph, node: string, port: string): Graph {
    return { ...graph, edges: graph.edges.filter((e) => e.to_node !== node || e.to_port !== port) };
}

/* Required inputs without a wire: marked before lumad says so. */
export function missingInputs(graph: Graph, node: GraphNode, types: ReadonlyMap<string, NodeType>): string[] {
    return portsOf(graph, node, types).inputs
        .filter((p) => !p.optional && types.has(node.type) && !graph.edges.some((e) => e.to_node === node.id && e.to_port === p.id))
        .map((p) => p.id);
}

/* Node types for a search: those whose name begins with the words first, then names, then the rest that speaks of them. */
/* What people at a desk look for, and what makes it here. */
const ALSO: Readonly<Record<string, string>> = {
    ramp: 'chase run sawtooth counter clock bars time lfo',
    modulo: 'chase repeat wrap sawtooth loop',
    get_attribute: 'chase position place order index across spread fan',
    remap: 'scale range fade',
    beat_envelope: 'downbeat bar flash blink pulse hit kick pump adsr chase',
    step_sequencer: 'chase rhythm pattern gate blink downbeat bar',
    sine_wave: 'lfo oscillator swell breathe fade wave',
    noise: 'random flicker fire sparkle',
    random_select_mask: 'sparkle twinkle glitter',
    smooth: 'fade slew lag',
    falloff: 'fade soft edge width',
    ramp_between: 'fade crossfade build in out',
    color: 'green red blue white amber colour picker rgb',
    scalar: 'constant value level',
    apply_strobe: 'flash blink shutter',
    apply_dimmer: 'intensity brightness fade output',
    apply_color: 'rgb output wash',
    apply_position: 'pan tilt move output',
    apply_movement: 'pan tilt move output',
    audio_level: 'volume vu meter loudness',
    frequency_amplitude: 'bass treble mids equaliser spectrum band',
    stem_splitter: 'vocals drums bass',
    drum_onsets: 'kick snare hit',
    circle: 'orbit round movers',
    orbit: 'circle round',
    gradient: 'mix crossfade blend',
    threshold: 'gate switch',
};

export function findTypes(all: readonly NodeType[], words: string, may: (t: NodeType) => boolean = () => true): NodeType[] {
    const q = words.trim().toLowerCase();
    const rank = (t: NodeType) => {
        const label = t.label.toLowerCase();
        if (!q || label.startsWith(q)) return 0;
        if (label.includes(q) || t.id.replaceAll('_', ' ').includes(q)) return 1;
        return q.split(/\s+/).every((w) => `${label} ${t.category} ${t.help} ${ALSO[t.id] ?? ''}`.toLowerCase().includes(w)) ? 2 : 3;
    };
    return all.map((t, i) => ({ t, i, r: rank(t) })).filter((x) => x.r < 3 && may(x.t)).sort((a, b) => a.r - b.r || a.i - b.i).map((x) => x.t);
}

const CARD = { wide: 260, head: 44, row: 24, gap: 28 };
export const cardHeight = (graph: Graph, node: GraphNode, types: ReadonlyMap<string, NodeType>) => {
    const p = portsOf(graph, node, types);
    return CARD.head + Math.max(p.inputs.length, p.outputs.length) * CARD.row + Math.min(5, Object.keys(node.params ?? {}).length) * 20 + (types.get(node.type)?.category === 'Views' ? 110 : 0);
};

/* Tidied up: columns by the longest way from the sources, each node at about the height of what feeds it. */
export function arrange(graph: Graph, types: ReadonlyMap<string, NodeType>): Graph {
    const depth = depths(graph);
    /* A source stands just before what it feeds, not at the far left. */
    for (const n of graph.nodes) {
        if (graph.edges.some((e) => e.to_node === n.id)) continue;
        const after = graph.edges.filter((e) => e.from_node === n.id).map((e) => depth.get(e.to_node) ?? 1);
        if (after.length) depth.set(n.id, Math.max(0, Math.min(...after) - 1));
    }
    const columns: GraphNode[][] = [];
    for (const n of graph.nodes) (columns[depth.get(n.id) ?? 0] ??= []).push(n);
    const at = new Map<string, { x: number; y: number }>();
    columns.forEach((column, c) => {
        const wanted = (n: GraphNode) => {
            const from = graph.edges.filter((e) => e.to_node === n.id && at.has(e.from_node)).map((e) => at.get(e.from_node)!.y);
            return from.length ? from.reduce((a, b) => a + b, 0) / from.length : n.y;
        };
        let y = -Infinity;
        for (const { n, w } of column.map((n) => ({ n, w: wanted(n) })).sort((a, b) => a.w - b.w)) {
            y = c === 0 ? Math.max(y, 0) : Math.max(y, w, 0);
            at.set(n.id, { x: c * CARD.wide, y });
            y += cardHeight(graph, n, types) + CARD.gap;
        }
    });
    return move(graph, at);
}

function depths(graph: Graph): Map<string, number> {
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
    return depth;
}

/* Columns by distance from the sources, for a graph that was never laid out. */
export function layout(graph: Graph): Graph {
    const places = new Set(graph.nodes.map((n) => `${n.x ?? 0},${n.y ?? 0}`));
    if (graph.nodes.length < 2 || places.size > 1) return graph;
    const depth = depths(graph);
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
