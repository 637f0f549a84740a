/* Scores, and the history of graphs and scores. */
import type { GraphArg, GraphEdge, GraphNode } from './graphs';
import type { Row } from './rows';

export interface Score extends Row {
    track_id: string;
    venue_id: string;
    name: string;
}

export interface Annotation extends Row {
    score_id: string;
    pattern_id: string;
    start_time: number;
    end_time: number;
    origin_time: number | null;
    z_index: number;
    blend_mode: string;
    args: Record<string, unknown>;
    seed: number;
}

/* The history of a graph or a score. A list has no content; one that is fetched by its id has. */
export interface Revision extends Row {
    number: number;
    branch: string;
    name: string | null;
    message: string;
    author: string;
    previous_id: string | null;
    created_at: string;
}

export interface RevisionBrief {
    id: string;
    number: number;
    name: string | null;
    message: string;
    author: string;
    created_at: string;
}

export interface Branch extends Row {
    name: string;
    revision_id: string | null;
    tip_id: string | null;
    is_current: boolean;
}

/* Where a graph or a score stands in its history; `version` changes with every save and every move. */
export interface Place {
    branch_id: string | null;
    branch: string | null;
    revision_id: string | null;
    number: number | null;
    undo: RevisionBrief | null;
    redo: RevisionBrief | null;
    version: number;
    left_out?: number; /* blocks that could not come back: their pattern is deleted */
}

export interface ParamChange {
    param: string;
    from: unknown;
    to: unknown;
}

export type PastAnnotation = Omit<Annotation, 'score_id' | keyof Row> & { id: string };

interface Changed<T, C> {
    added: T[];
    removed: T[];
    changed: C[];
}
export interface RevisionDiff {
    summary: string;
    nodes?: Changed<GraphNode, { id: string; type: string; was: string; params: ParamChange[]; moved: boolean }>;
    edges?: Changed<GraphEdge, never>;
    args?: Changed<GraphArg, { id: string; name: string; params: ParamChange[] }>;
    annotations?: Changed<PastAnnotation, { id: string; annotation: PastAnnotation; from: Record<string, unknown>; to: Record<string, unknown> }>;
}
