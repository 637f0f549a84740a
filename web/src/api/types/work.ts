/* Work in the background: jobs, batches, imports. */
import type { Row } from './rows';

export interface Job extends Row {
    kind: string;
    track_id: string | null;
    state: 'queued' | 'running' | 'done' | 'failed' | 'cancelled';
    progress: number | null;
    seconds_left?: number | null;
    error: string | null;
    log?: string | null;
}

/* Work on many tracks that counts as one. */
export interface Batch {
    id: string;
    kind: 'import' | 'analyze';
    name: string;
    state: 'running' | 'done' | 'cancelled';
    total: number;
    done: number;
    duplicates: number;
    failed: number;
    progress: number;
    seconds_left: number | null;
    created_at: string;
    finished_at: string | null;
}

export interface BatchItem {
    id: string;
    batch_id: string;
    position: number;
    path: string | null;
    name: string;
    track_id: string | null;
    state: 'queued' | 'importing' | 'analysing' | 'done' | 'duplicate' | 'failed' | 'cancelled';
    error: string | null;
}

/* GET /imports/browse: a folder of lumad's machine; without a path those that may be imported from. */
export interface ImportFolder {
    path: string;
    parent: string | null;
    folders: { name: string; path: string }[];
    files: number;
    libraries: { name: string; path: string; program: string }[];
}

/* GET /imports/library */
export interface ImportLibrary {
    program: string;
    path: string;
    tracks: number;
    with_beats: number;
    with_cues: number;
    playlists: { name: string; tracks: number }[];
}

/* The optional model that separates stems. */
export interface StemModel {
    state: 'missing' | 'asks' | 'off' | 'ready';
    name: string;
    licence: string;
    accepted_at: string | null;
    directory: string | null;
    place: string; // where an installation for this lumad goes
    memory_mb: number;
}
