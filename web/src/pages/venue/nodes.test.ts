import { expect, test } from 'vitest';
import type { ArtNetNode, Output } from '../../api/types';
import { addressText, agoText, clashesOf, devices, portFor, stateText, suggestUniverse, universesFor } from './nodes';

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

test('two universes to one port are said of both, with the port', () => {
    const found = clashesOf([output(1), output(2, { port_address: 0 }), output(3)]);
    expect([...found.keys()]).toEqual(['1', '2']);
    expect(found.get('1')).toContain('Universe 2 goes to port 0:0:0 too');
    expect(found.get('2')).toContain('Universe 1 goes to port 0:0:0 too');
});

test('what cannot meet is no clash', () => {
    const to = (destination: string | null, more: Partial<Output> = {}) => output(1, { id: `${destination}${more.universe ?? ''}`, destination, ...more });
    expect(clashesOf([to('10.0.0.1'), to('10.0.0.2', { universe: 2, port_address: 0 })]).size).toBe(0);
    expect(clashesOf([to('10.0.0.1'), to('10.0.0.1', { universe: 2, port_address: 0 })]).size).toBe(2);
    expect(clashesOf([to('10.0.0.1'), to('broadcast', { universe: 2, port_address: 0 })]).size).toBe(2);
    expect(clashesOf([to(null, { interface: 'eth0' }), to('broadcast', { interface: 'eth1', universe: 2, port_address: 0 })]).size).toBe(0);
    expect(clashesOf([output(1), output(1, { id: 'b', protocol: 'sacn' })]).size).toBe(0);
});

test('the same output twice, and one USB device for two', () => {
    expect(clashesOf([output(1), output(1, { id: 'b' })]).get('b')).toContain('twice');
    expect(clashesOf([output(4, { protocol: 'sacn' }), output(4, { id: 'b', protocol: 'sacn', destination: 'multicast' })]).size).toBe(2);
    expect(clashesOf([output(1, { protocol: 'enttec_pro' }), output(2, { protocol: 'enttec_pro' })]).get('1')).toContain('only one of them can');
    expect(clashesOf([output(1, { protocol: 'null' }), output(1, { id: 'b', protocol: 'null' })]).size).toBe(0);
});

test('a port of the own number is left to itself; times in words', () => {
    expect([portFor(3, 2), portFor(3, 5)]).toEqual([null, 5]);
    const now = Date.parse('2026-01-01T01:00:00.000Z');
    expect(['2026-01-01T00:59:58.000Z', '2026-01-01T00:59:20.000Z', '2026-01-01T00:50:00.000Z', 'never'].map((t) => agoText(t, now))).toEqual(['', '40 s ago', '10 min ago', '']);
});
