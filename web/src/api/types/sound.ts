/* The player, its meters, chains of effects, and the devices of lumad's machine. */
import type { Param } from './graphs';
import type { Row } from './rows';

export type TransportState = 'stopped' | 'starting' | 'playing' | 'pausing' | 'seeking' | 'lost';
export type Quantize = 'none' | 'beat' | 'bar';
export type StemName = 'drums' | 'bass' | 'vocals' | 'other';

export interface StemLevel {
    gain_db: number;
    mute: boolean;
    solo: boolean;
}

/* What of the loaded track is heard. Available: its stems are files on this machine; they are decoded when somebody listens. */
export interface HostStems extends Record<StemName, StemLevel> {
    available: boolean;
    decoding?: number | null; /* 0..1; null: not now */
    problem?: string | null;
}

export interface HostAudio {
    type: 'host-audio';
    loaded: boolean;
    track_id: string | null;
    score_id: string | null;
    playing: boolean;
    state: TransportState;
    current_time: number;
    duration: number;
    rate: number;
    keep_pitch: boolean;
    loop: { enabled: boolean; start: number; end: number };
    /* What follows at the end of this track. */
    next: { track_id: string; crossfade_seconds: number } | null;
    /* A jump that waits for its beat: where it happens and where it leads, seconds on the track. */
    pending: { at: number; seconds: number } | null;
    beat: { index: number; phase: number; bar: number; bpm: number | null } | null;
    stems: HostStems;
    metronome: { enabled: boolean; db: number };
    calibration: { enabled: boolean; group_id: string | null };
    latency_ms: number | null;
    volume_db: number;
    seq: number;
    /* Seconds since the epoch or since boot; only differences are used. */
    server_time: number | string;
}

/* The topic `meters`: dBFS per channel, -120 is silence. */
export interface Levels {
    peak: number[];
    rms: number[];
    true_peak: number[];
    clips: number[]; /* since lumad runs */
}

export interface Meters extends Levels {
    type: 'meters';
    lufs: number | null; /* momentary, 400 ms */
    lufs_short: number | null; /* 3 s */
    lufs_integrated: number | null;
    bands: number[];
    channel_bands?: number[][];
    input: Levels | null;
    seq: number;
}

/* GET /audio-effects: what a chain can be made of. */
export interface AudioEffect {
    type: string;
    label: string;
    help?: string | null;
    params: Param[];
}

/* One place of a chain: its parameters stand beside type and bypass. */
export type ChainEffect = { type: string; bypass: boolean } & Record<string, unknown>;

export interface AudioChain extends Row {
    name: string;
    device: string | null; /* null: every output that has none of its own */
    effects: ChainEffect[];
    is_enabled: boolean;
}

/* GET /host-audio/chain: the one that sounds; chain_id null: none was made, lumad does it by itself. */
export interface HostChain {
    chain_id: string | null;
    name: string;
    device: string;
    is_enabled: boolean;
    effects: ChainEffect[];
    latency_ms: number;
}

/* A sound output or input. What is only known of the one in use is absent in others. */
export interface SoundDevice {
    name: string;
    api: string;
    active: boolean;
    lost: boolean;
    clock: boolean;
    default?: boolean;
    rate: number;
    latency_ms: number;
    channels?: number;
    period?: number; /* frames; 0: not known */
    underruns?: number;
    callbacks?: number;
}

/* GET /host-audio/device: what is wanted ("auto", "clock", "JACK:system"), what plays, why not, what there is. */
export interface AudioDevice {
    device: string;
    is_stored?: boolean; /* chosen here, and stronger than the configuration */
    why?: string | null;
    active: SoundDevice;
    devices: SoundDevice[];
}

/* GET /host-audio/input; device null: none. */
export interface AudioInput {
    device: string | null;
    why?: string | null;
    active: SoundDevice | null;
    devices: SoundDevice[];
}
