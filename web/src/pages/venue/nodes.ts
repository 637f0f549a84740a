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
            d = { ip: n.ip, name: n.name || n.long_name || n.ip, longName: n.long_name, mac: n.mac, style: n.style, isOnline: false, report: n.report, ports: [] };
            out.push(d);
        }
        d.isOnline ||= n.status === 'online';
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

/* The universes that reach a port of a node, ascending. */
export function universesFor(address: number, ip: string, outputs: readonly Output[]): number[] {
    const reaches = (o: Output) => o.protocol === 'artnet' && portOf(o) === address && (!o.destination || o.destination === 'broadcast' || o.destination === ip);
    return [...new Set(outputs.filter(reaches).map((o) => o.universe))].sort((a, b) => a - b);
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
