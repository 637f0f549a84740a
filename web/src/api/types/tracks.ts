/* Tracks: the library, what was heard in them, their beats, stems and cue points. */
import type { Row } from './rows';

export type StepState = 'none' | 'queued' | 'running' | 'done' | 'failed';

export interface AnalysisStep {
    state: StepState;
    progress?: number | null;
    stale?: boolean;
    version?: string | number | null;
    error?: string | null;
}

export type Analysis = Record<string, AnalysisStep>;

export interface Track extends Row {
    title: string | null;
    artist: string | null;
    album: string | null;
    bpm: number | null;
    duration_seconds: number | null;
    loudness_lufs?: number | null;
    true_peak_db?: number | null;
    art_hash?: string | null;
    genre?: string | null;
    year?: number | null;
    filename?: string;
    key?: string | null; /* of its chords */
    track_hash: string;
    analysis: Analysis;
}

/* GET /tracks/index */
export interface TrackIndex {
    total: number;
    ids: string[];
    titles: string[];
}

/* POST /tracks/batch */
export interface TrackBatchResult {
    updated: { id: string; version: number; before: Record<string, unknown> }[];
    deleted: string[];
    restored: string[];
}

export interface Beats {
    beats: number[];
    downbeats: number[];
    bpm: number | null;
    beats_per_bar: number;
    confidence?: number | null;
    corrected?: boolean;
    analysed?: boolean; /* the analysis found a grid as well */
    analyser?: string; /* whose it is: "lumad-beats", "operator", "rekordbox" */
    bars?: { start: number; end: number; beats: number }[];
    tempo_curve?: [number, number][] | null; /* [seconds, bpm] */
    version?: number;
}

export type GridOp =
    | { op: 'double' | 'halve' | 'shift_half' }
    | { op: 'shift'; seconds: number }
    | { op: 'set_downbeat'; at: number; whole?: boolean }
    | { op: 'set_meter'; beats_per_bar: number }
    | { op: 'set_tempo'; bpm: number; at?: number }
    | { op: 'tap'; taps: number[] }
    | { op: 'move'; from: number; to: number; reach?: number };

/* GET /tracks/{id}/roots */
export interface Chord {
    start: number;
    end: number;
    root: number | null; /* 0 = C; null: none */
    quality: string;
    label: string;
    confidence?: number | null;
}

export interface Roots {
    sections: Chord[];
    key: string | null;
    key_confidence: number | null;
    from_stems?: boolean;
}

/* GET /tracks/{id}/features, by kind; what was not analysed is not there. */
export interface Features {
    onsets?: { kick?: [number, number][]; snare?: [number, number][]; hihat?: [number, number][] };
    energy?: { bars: [number, number, number][] };
    sections?: { sections: { start: number; end: number; label: string }[] };
    loudness?: { rate: number; lufs: number[] };
    drops?: { drops: number[] };
}

export interface Stem extends Row {
    name: 'drums' | 'bass' | 'vocals' | 'other';
    analyser?: string;
    is_here?: boolean;
}

export interface Marker extends Row {
    name: string;
    color: string | null;
    start_time: number;
    end_time: number | null;
}
