import type { Graph } from '../api/types';

/* What an empty pattern can begin with. */
export const STARTS: { name: string; text: string; graph: Pick<Graph, 'nodes' | 'edges' | 'args'> }[] = [
    {
        name: 'A pulse on the beat',
        text: 'Colour, and a level that follows the beat',
        graph: {
            args: [
                { id: 'selection', name: 'Selection', type: 'selection', default: 'all' },
                { id: 'color', name: 'Colour', type: 'color', default: '#ff7a1a' },
            ],
            nodes: [
                { id: 'args', type: 'pattern_args', params: {}, x: 0, y: 0 },
                { id: 'clock', type: 'beat_clock', params: {}, x: 0, y: 170 },
                { id: 'pulse', type: 'beat_envelope', params: { attack: 0.05, decay: 0.95, sustain: 0, release: 0, sustain_level: 0 }, x: 260, y: 170 },
                { id: 'colour', type: 'apply_color', params: {}, x: 520, y: 0 },
                { id: 'level', type: 'apply_dimmer', params: {}, x: 520, y: 170 },
            ],
            edges: [
                { id: 'wire', from_node: 'clock', from_port: 'grid_out', to_node: 'pulse', to_port: 'grid' },
                { id: 'wire_2', from_node: 'args', from_port: 'color', to_node: 'colour', to_port: 'signal' },
                { id: 'wire_3', from_node: 'pulse', from_port: 'out', to_node: 'level', to_port: 'signal' },
            ],
        },
    },
    {
        name: 'A wave across the stage',
        text: 'From left to right, once per beat',
        graph: {
            args: [
                { id: 'selection', name: 'Selection', type: 'selection', default: 'all' },
                { id: 'color', name: 'Colour', type: 'color', default: '#2f7bff' },
            ],
            nodes: [
                { id: 'args', type: 'pattern_args', params: {}, x: 0, y: 0 },
                { id: 'clock', type: 'beat_clock', params: {}, x: 0, y: 190 },
                { id: 'place', type: 'get_attribute', params: { attribute: 'rel_x' }, x: 260, y: 0 },
                { id: 'beats', type: 'ramp', params: {}, x: 260, y: 190 },
                { id: 'behind', type: 'math', params: { operation: 'subtract' }, x: 520, y: 150 },
                { id: 'turn', type: 'modulo', params: { divisor: 1 }, x: 780, y: 150 },
                { id: 'back', type: 'remap', params: { in_min: 0, in_max: 1, out_min: 1, out_max: 0, clamp: true }, x: 1040, y: 150 },
                { id: 'colour', type: 'apply_color', params: {}, x: 1300, y: 0 },
                { id: 'level', type: 'apply_dimmer', params: {}, x: 1300, y: 150 },
            ],
            edges: [
                { id: 'wire', from_node: 'args', from_port: 'selection', to_node: 'place', to_port: 'selection' },
                { id: 'wire_2', from_node: 'clock', from_port: 'grid_out', to_node: 'beats', to_port: 'grid' },
                { id: 'wire_3', from_node: 'beats', from_port: 'out', to_node: 'behind', to_port: 'a' },
                { id: 'wire_4', from_node: 'place', from_port: 'out', to_node: 'behind', to_port: 'b' },
                { id: 'wire_5', from_node: 'behind', from_port: 'out', to_node: 'turn', to_port: 'in' },
                { id: 'wire_6', from_node: 'turn', from_port: 'out', to_node: 'back', to_port: 'in' },
                { id: 'wire_7', from_node: 'args', from_port: 'color', to_node: 'colour', to_port: 'signal' },
                { id: 'wire_8', from_node: 'back', from_port: 'out', to_node: 'level', to_port: 'signal' },
            ],
        },
    },
    {
        name: 'A circle for moving heads',
        text: 'Each a little behind the one before',
        graph: {
            args: [{ id: 'selection', name: 'Selection', type: 'selection', default: 'has:movement' }],
            nodes: [
                { id: 'args', type: 'pattern_args', params: {}, x: 0, y: 0 },
                { id: 'clock', type: 'beat_clock', params: {}, x: 260, y: 150 },
                { id: 'place', type: 'get_attribute', params: { attribute: 'normalized_index' }, x: 260, y: 0 },
                { id: 'circle', type: 'circle', params: {}, x: 520, y: 60 },
                { id: 'move', type: 'apply_movement', params: {}, x: 780, y: 60 },
            ],
            edges: [
                { id: 'wire', from_node: 'args', from_port: 'selection', to_node: 'place', to_port: 'selection' },
                { id: 'wire_2', from_node: 'clock', from_port: 'grid_out', to_node: 'circle', to_port: 'grid' },
                { id: 'wire_3', from_node: 'place', from_port: 'out', to_node: 'circle', to_port: 'phase' },
                { id: 'wire_4', from_node: 'circle', from_port: 'uv', to_node: 'move', to_port: 'uv' },
            ],
        },
    },
];
