/* Art-Net nodes and what goes to them. Pure. */
import type { ArtNetNode, Output, OutputStats } from '../../api/types';

export interface NodePort {
    address: number;
    isActive: boolean;
}
/* One device: all of its bind indexes. */
export interface Device {
    ip: string;
    name: string;
    longName: string;
    mac: string | null;
    style: ArtNetNode['style'];
    isOnline: boolean;
    lastSeen: string;
    report: string;
    ports: NodePort[];
}

/* Net:Sub-Net:Universe, as it stands on displays of nodes. */
export const addressText = (address: number): string => `${address >> 8}:${(address >> 4) & 15}:${address & 15}`;

export const portOf = (o: Pick<Output, 'universe' | 'port_address'>): number => o.port_address ?? o.universe - 1;

/* The list comes ordered by address and bind index. A device is named by its first part; it is there when any part of it is. */
export function devices(nodes: readonly ArtNetNode[]): Device[] {
    const out: Device[] = [];
    for (const n of nodes) {
        let d = out.at(-1);
        if (d?.ip !== n.ip) {
            d = { ip: n.ip, name: n.name || n.long_name || n.ip, longName: n.long_name, mac: n.mac, style: n.style, isOnline: false, lastSeen: n.last_seen, report: n.report, ports: [] };
            out.push(d);
        }
        d.isOnline ||= n.status === 'online';
        if (n.last_seen > d.lastSeen) d.lastSeen = n.last_seen;
        for (const p of n.ports) {
            const known = d.ports.find((k) => k.address === p.port_address);
            if (p.direction !== 'output') continue;
            if (known) known.isActive ||= p.active;
            else d.ports.push({ address: p.port_address, isActive: p.active });
        }
    }
    for (const d of out) d.ports.sort((a, b) => a.address - b.address);
    return out;
}

/* The outputs that reach a port of a node. */
export const reaching = (address: number, ip: string, outputs: readonly Output[]): Output[] =>
    outputs.filter((o) => o.protocol === 'artnet' && portOf(o) === address && (!o.destination || o.destination === 'broadcast' || o.destination === ip));

/* Their universes, ascending. */
export const universesFor = (address: number, ip: string, outputs: readonly Output[]): number[] =>
    [...new Set(reaching(address, ip, outputs).map((o) => o.universe))].sort((a, b) => a - b);

/* What an output to this port-address says when it is the universe's own number. */
export const portFor = (universe: number, address: number): number | null => (address === universe - 1 ? null : address);

const BROADCASTS = ['broadcast', 'multicast'];

/* Both may arrive at the same place: one goes to all, or to whoever asks, or to the same address. */
function meet(a: Output, b: Output): boolean {
    if (a.interface && b.interface && a.interface !== b.interface) return false;
    const [x, y] = [a.destination ?? '', b.destination ?? ''];
    return x === y || !x || !y || BROADCASTS.includes(x) || BROADCASTS.includes(y);
}

function clash(a: Output, b: Output): string {
    if (a.protocol !== b.protocol) return '';
    if (a.protocol === 'artnet' && portOf(a) === portOf(b) && meet(a, b)) {
        return a.universe === b.universe
            ? `Universe ${a.universe} is sent to port ${addressText(portOf(a))} twice: one output is enough`
            : `Universe ${b.universe} goes to port ${addressText(portOf(a))} too: what receives both flickers. Give one of them another port`;
    }
    if (a.protocol === 'sacn' && a.universe === b.universe && meet(a, b)) return `sACN universe ${a.universe} is sent there twice: one output is enough`;
    if (a.protocol === 'enttec_pro' && (a.destination ?? '') === (b.destination ?? '')) {
        return a.universe === b.universe ? 'Two outputs have this device: one is enough' : `Universe ${b.universe} goes to this device too: only one of them can`;
    }
    return '';
}

/* Outputs that get into each other's way, by id, in words. */
export function clashesOf(outputs: readonly Output[]): Map<string, string> {
    const out = new Map<string, string>();
    for (const a of outputs) {
        const text = outputs.map((b) => (a.id === b.id ? '' : clash(a, b))).find((t) => t);
        if (text) out.set(a.id, text);
    }
    return out;
}

/* How long ago, roughly; '' for just now. */
export function agoText(instant: string, now: number): string {
    const s = Math.round((now - Date.parse(instant)) / 1000);
    if (!Number.isFinite(s) || s < 5) return '';
    return s < 60 ? `${s} s ago` : s < 3600 ? `${Math.floor(s / 60)} min ago` : `${Math.floor(s / 3600)} h ago`;
}

/* What to send to a port: the universe of the same number if it is patched, else the first patched one that goes nowhere, else the one of the same number. */
export function suggestUniverse(address: number, patched: readonly number[], outputs: readonly Output[]): number {
    const own = address + 1;
    if (patched.includes(own)) return own;
    return [...patched].sort((a, b) => a - b).find((u) => !outputs.some((o) => o.universe === u)) ?? own;
}

/* The state of an output in words; empty when there is nothing to say beside its counters. */
export function stateText(stats: Pick<OutputStats, 'state' | 'targets'>, output: Pick<Output, 'protocol' | 'destination'>): { text: string; isBad: boolean } {
    const isAutomatic = output.protocol === 'artnet' && !output.destination;
    switch (stats.state) {
        case 'looking':
            return { text: 'Looking for nodes; broadcast meanwhile', isBad: false };
        case 'no_node':
            return { text: 'No node asks for this port-address: nothing is sent', isBad: true };
        case 'no_interface':
            return { text: 'The network interface is missing or down', isBad: true };
        case 'no_universe':
            return { text: 'This universe does not exist', isBad: true };
        case 'no_answer':
            return { text: 'The address does not answer', isBad: true };
        default:
            return { text: isAutomatic ? `To ${stats.targets} node${stats.targets === 1 ? '' : 's'}` : '', isBad: false };
    }
}
