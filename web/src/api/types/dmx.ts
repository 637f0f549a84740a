/* Universes, outputs, nodes and tests. */
import type { Row } from './rows';

/* Someone else who sends one of our universes. */
export interface UniverseSource {
    protocol: 'artnet' | 'sacn';
    address: string;
    name: string;
    port_address: number | null;
    priority: number | null;
    packets: number;
    fps: number;
    age_ms: number;
    merged: boolean;
    second_sender: boolean;
}

/* GET /dmx/universes/{n} */
export interface UniverseState {
    universe: number;
    slots: number[];
    fps: number;
    outputs: (Output & { stats?: OutputStats })[];
    sources: UniverseSource[];
    origins: SlotOrigin[];
}

/* Slots that are not lumad's own; first from 1. */
export interface SlotOrigin {
    from: 'input' | 'park' | 'test';
    first: number;
    slots: number;
}

export type DmxPattern = 'full' | 'chase' | 'blink';

export interface FixtureTested {
    fixture_id: string;
    channels: { channel: number; value: number }[] | null;
    note: string | null;
}

export interface OutputTested {
    output_id: string;
    universe: number;
    pattern: DmxPattern | null;
    note: string | null;
}

/* GET /dmx/tests: what is under test now, of whomever. */
export interface DmxTest {
    client: string;
    fixture_id: string | null;
    output_id: string | null;
    pattern: DmxPattern | null;
    channels: { channel: number; value: number }[] | null;
}

export interface Output extends Row {
    venue_id: string;
    universe: number;
    protocol: 'artnet' | 'sacn' | 'enttec_pro' | 'null';
    destination: string | null;
    interface: string | null;
    port_address: number | null;
    priority: number | null;
    sync: number | null;
    transmit: 'continuous' | 'on_change' | 'preview' | null;
}

export interface OutputStats {
    packets: number;
    errors: number;
    last_error: string | null;
    fps: number;
    device: string | null; /* the USB interface that is there */
    state: 'sent' | 'looking' | 'no_node' | 'no_interface' | 'no_universe' | 'no_answer';
    targets: number; /* network addresses it goes to */
}

/* GET /dmx/nodes: an Art-Net device, or one part of it. */
export interface ArtNetNode {
    ip: string;
    bind_index: number;
    name: string;
    long_name: string;
    mac: string | null;
    bind_ip: string | null;
    interface: string | null;
    style: 'node' | 'controller' | 'media' | 'route' | 'backup' | 'config' | 'visualiser' | 'other';
    report: string;
    status: 'online' | 'silent';
    last_seen: string;
    ports: { port_address: number; direction: 'output' | 'input'; active: boolean; dmx512: boolean }[];
}
