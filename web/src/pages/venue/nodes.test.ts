import { expect, test } from 'vitest';
import type { ArtNetNode, Output } from '../../api/types';
import { addressText, devices, stateText, suggestUniverse, universesFor } from './nodes';

const node = (ip: string, bind_index: number, addresses: number[], more: Partial<ArtNetNode> = {}): ArtNetNode => ({
    ip, bind_index, name: `N${bind_index}`, long_name: '', mac: null, bind_ip: ip, interface: 'eth0', style: 'node', report: '', status: 'online',
    last_seen: '2026-01-01T00:00:00.000Z',
    ports: addresses.map((port_address) => ({ port_address, direction: 'output', active: false, dmx512: true })),
    ...more,
});
const output = (universe: number, more: Partial<Output> = {}): Output => ({
    id: String(universe), created_at: '', updated_at: '', version: 1, venue_id: '', universe, protocol: 'artnet', destination: null, interface: null,
    port_address: null, priority: null, sync: null, transmit: null,
    ...more,
}) as Output;

test('the parts of a device are one device', () => {
    const list = devices([node('10.0.0.9', 1, [5, 4]), node('10.0.0.9', 2, [4, 3], { status: 'silent' }), node('10.0.0.10', 1, [], { style: 'controller' })]);
    expect(list.map((d) => [d.ip, d.name, d.ports.map((p) => p.address)])).toEqual([['10.0.0.9', 'N1', [3, 4, 5]], ['10.0.0.10', 'N1', []]]);
    expect(devices([node('1.1.1.1', 1, [], { status: 'silent' })])[0]?.isOnline).toBe(false);
    const input = { port_address: 7, direction: 'input' as const, active: true, dmx512: true };
    expect(devices([node('1.1.1.1', 1, [], { ports: [input] })])[0]?.ports).toEqual([]);
});

test('a port-address as displays show it', () => {
    expect([0, 15, 16, 256, 32767].map(addressText)).toEqual(['0:0:0', '0:0:15', '0:1:0', '1:0:0', '127:15:15']);
});

test('what reaches a port', () => {
    const outputs = [output(4), output(1, { port_address: 3 }), output(7, { port_address: 3, destination: '10.0.0.8' }), output(4, { protocol: 'sacn' })];
    expect(universesFor(3, '10.0.0.9', outputs)).toEqual([1, 4]);
    expect(universesFor(3, '10.0.0.8', outputs)).toEqual([1, 4, 7]);
    expect(universesFor(2, '10.0.0.9', outputs)).toEqual([]);
});

test('what to send to a port', () => {
    expect(suggestUniverse(1, [1, 2], [])).toBe(2);
    expect(suggestUniverse(9, [2, 1], [output(1)])).toBe(2);
    expect(suggestUniverse(9, [1], [output(1)])).toBe(10);
});

test('the state of an output in words', () => {
    expect(stateText({ state: 'sent', targets: 2 }, output(1)).text).toBe('To 2 nodes');
    expect(stateText({ state: 'sent', targets: 1 }, output(1, { destination: '10.0.0.8' })).text).toBe('');
    expect(stateText({ state: 'no_node', targets: 0 }, output(1)).isBad).toBe(true);
    expect(stateText({ state: 'looking', targets: 1 }, output(1)).isBad).toBe(false);
});
