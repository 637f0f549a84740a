/* Patterns, their graphs, and what graphs are made of. */
import type { Row } from './rows';

export interface Pattern extends Row {
    name: string;
    description: string | null;
    category: string | null;
}

export interface GraphNode {
    id: string;
    type: string;
    params: Record<string, unknown>;
    x: number;
    y: number;
}

export interface GraphEdge {
    id: string;
    from_node: string;
    from_port: string;
    to_node: string;
    to_port: string;
}

export type ArgType = 'color' | 'scalar' | 'selection' | 'choice';

export interface GraphArg {
    id: string;
    name: string;
    type: ArgType;
    default: unknown;
    min?: number;
    max?: number;
    options?: string[];
    help?: string;
}

export interface GraphError {
    node: string | null;
    port: string | null;
    code: string;
    message: string;
}

export interface Graph {
    nodes: GraphNode[];
    edges: GraphEdge[];
    args: GraphArg[];
    errors?: GraphError[];
    implementation_id?: string;
    version?: number;
}

/* PUT /graph/preview: how many annotations play it, whether one is under the playhead, else why not. */
export interface GraphShown {
    shown: number;
    lit: boolean;
    note: string | null;
    spans: [number, number][]; /* where the first of them are, seconds on the track */
    errors: GraphError[];
}

export interface Port {
    id: string;
    label: string;
    type: string;
    help?: string;
    optional?: boolean;
    channels?: number;
}

export interface Param {
    id: string;
    label: string;
    type: string;
    default?: unknown;
    min?: number | null;
    max?: number | null;
    step?: number | null;
    unit?: string | null;
    help?: string | null;
    options?: (string | { value: string; label: string })[] | null;
}

export interface NodeType {
    id: string;
    category: string;
    label: string;
    help: string;
    plugin?: string | null;
    inputs: Port[];
    outputs: Port[];
    params: Param[];
}

export interface Plugin {
    name: string;
    state: 'running' | 'restarting' | 'given_up' | 'refused';
    version: string | null;
    vendor: string | null;
    help: string | null;
    nodes: string[];
    error: string | null;
    restarts: number;
}
