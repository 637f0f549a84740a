/* The history in words: when something was saved, and what lies between two saves. Pure. */
import type { GraphNode, NodeType, ParamChange, PastAnnotation, RevisionDiff } from '../api/types';
import { timeLabel } from '../timeline/ticks';

const MINUTE = 60_000;
const clock = (d: Date) => d.toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit' });

export function ago(instant: string, now = Date.now()): string {
    const then = new Date(instant);
    const past = now - then.getTime();
    if (past < MINUTE) return 'just now';
    if (past < 60 * MINUTE) {
        const n = Math.floor(past / MINUTE);
        return n === 1 ? 'a minute ago' : `${n} minutes ago`;
    }
    const midnight = new Date(now).setHours(0, 0, 0, 0);
    if (then.getTime() >= midnight) return `today ${clock(then)}`;
    if (then.getTime() >= midnight - 24 * 60 * MINUTE) return `yesterday ${clock(then)}`;
    return `${then.toLocaleDateString(undefined, { day: 'numeric', month: 'short', year: 'numeric' })}, ${clock(then)}`;
}

export interface Line {
    sign: '+' | '-' | '~';
    text: string;
}

export interface Names {
    types: ReadonlyMap<string, NodeType>;
    patterns: ReadonlyMap<string, string>;
}

function value(v: unknown): string {
    if (v === null || v === undefined || v === '') return 'nothing';
    if (typeof v === 'number') return String(Math.round(v * 1000) / 1000);
    const text = typeof v === 'string' ? v : JSON.stringify(v);
    return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}

const change = (name: string, from: unknown, to: unknown) => `${name} ${value(from)} → ${value(to)}`;

function paramNames(type: NodeType | undefined, params: ParamChange[]): string {
    return params.map((p) => change(type?.params.find((x) => x.id === p.param)?.label ?? p.param, p.from, p.to)).join(', ');
}

function graphLines(d: RevisionDiff, names: Names): Line[] {
    const label = (type: string, id: string) => {
        const name = names.types.get(type)?.label ?? type;
        return id === type ? name : `${name} (${id})`;
    };
    const node = (n: GraphNode) => label(n.type, n.id);
    const wire = (e: { from_node: string; to_node: string; to_port: string }) => `wire ${e.from_node} to ${e.to_node}, ${e.to_port}`;
    const lines: Line[] = [];
    for (const n of d.nodes?.added ?? []) lines.push({ sign: '+', text: node(n) });
    for (const n of d.nodes?.removed ?? []) lines.push({ sign: '-', text: node(n) });
    for (const n of d.nodes?.changed ?? []) {
        const what = n.was === n.type ? paramNames(names.types.get(n.type), n.params) : `was ${names.types.get(n.was)?.label ?? n.was}`;
        lines.push({ sign: '~', text: `${label(n.type, n.id)}: ${what || 'moved'}` });
    }
    for (const e of d.edges?.added ?? []) lines.push({ sign: '+', text: wire(e) });
    for (const e of d.edges?.removed ?? []) lines.push({ sign: '-', text: wire(e) });
    for (const a of d.args?.added ?? []) lines.push({ sign: '+', text: `argument ${a.name || a.id}` });
    for (const a of d.args?.removed ?? []) lines.push({ sign: '-', text: `argument ${a.name || a.id}` });
    for (const a of d.args?.changed ?? []) lines.push({ sign: '~', text: `argument ${a.name || a.id}: ${paramNames(undefined, a.params)}` });
    return lines;
}

const MEMBERS: Record<string, string> = {
    start_time: 'start', end_time: 'end', origin_time: 'origin', z_index: 'layer', blend_mode: 'blending', args: 'arguments', seed: 'seed',
};

function member(name: string, from: unknown, to: unknown, names: Names): string {
    const label = MEMBERS[name] ?? name;
    if (name.endsWith('_time') && typeof from === 'number' && typeof to === 'number') return `${label} ${timeLabel(from, 2)} → ${timeLabel(to, 2)}`;
    if (name === 'pattern_id') return change('pattern', names.patterns.get(String(from)) ?? 'a deleted one', names.patterns.get(String(to)) ?? 'a deleted one');
    if (name !== 'args') return change(label, from, to);
    const a = (from ?? {}) as Record<string, unknown>;
    const b = (to ?? {}) as Record<string, unknown>;
    const keys = Object.keys({ ...a, ...b }).filter((k) => JSON.stringify(a[k]) !== JSON.stringify(b[k]));
    return keys.map((k) => change(k, a[k], b[k])).join(', ');
}

function scoreLines(d: RevisionDiff, names: Names): Line[] {
    const block = (a: PastAnnotation) => `${names.patterns.get(a.pattern_id) ?? 'Deleted pattern'} at ${timeLabel(a.start_time, 1)}`;
    const lines: Line[] = [];
    for (const a of d.annotations?.added ?? []) lines.push({ sign: '+', text: `${block(a)} to ${timeLabel(a.end_time, 1)}` });
    for (const a of d.annotations?.removed ?? []) lines.push({ sign: '-', text: `${block(a)} to ${timeLabel(a.end_time, 1)}` });
    for (const c of d.annotations?.changed ?? []) {
        const what = Object.keys(c.to).map((k) => member(k, c.from[k], c.to[k], names)).filter(Boolean).join(', ');
        lines.push({ sign: '~', text: `${block(c.annotation)}: ${what}` });
    }
    return lines;
}

export const diffLines = (d: RevisionDiff, names: Names): Line[] => (d.annotations ? scoreLines(d, names) : graphLines(d, names));
