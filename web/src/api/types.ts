/* The shapes of the API as the page uses them. Names are the contract's. */

export interface Row {
    id: string;
    created_at?: string;
    updated_at?: string;
    version: number;
}

export interface List<T> {
    items: T[];
    next: string | null;
}

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

export interface Warning {
    id: string;
    level: string; /* "error": the show is affected; "warn": it goes on; "info": nothing is wrong */
    message: string;
    since: string;
}

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

/* GET /venue-counts */
export interface VenueCounts {
    venue_id: string;
    fixtures: number;
    universes: number;
    groups: number;
    outputs: number;
    scores: number;
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

export interface System {
    version: string;
    uptime_s: number;
    warnings: Warning[];
    audio?: unknown;
    dmx?: unknown;
    sync?: unknown;
    jobs?: unknown;
}

export interface Venue extends Row {
    name: string;
    description?: string | null;
    offset_ms?: number;
    max_brightness?: number;
    exit_look?: 'hold' | 'blackout' | null;
    flash_guard?: boolean;
}

export interface Fixture extends Row {
    venue_id: string;
    universe: number;
    address: number;
    manufacturer: string;
    model: string;
    mode_name: string;
    fixture_path: string | null;
    label: string | null;
    pos_x: number;
    pos_y: number;
    pos_z: number;
    rot_x: number;
    rot_y: number;
    rot_z: number;
    invert_pan?: boolean;
    invert_tilt?: boolean;
    swap_pan_tilt?: boolean;
    dimmer_curve?: string;
    white_mode?: string;
    channels?: number;
    warnings?: string[];
}

export interface Head {
    id: string;
    fixture_id: string;
    index: number;
    x: number;
    y: number;
    z: number;
    rot_x: number;
    rot_y: number;
    rot_z: number;
    capabilities: string[];
    type?: string; /* of its definition: "moving_head", "bar", "hazer" */
    label: string | null;
    pan_max: number | null;
    tilt_max: number | null;
}

/* Degrees; what is left out has the default. */
export interface MovementBase {
    pan: number;
    tilt: number;
    pan_range: number;
    tilt_range: number;
    rotation_deg: number;
}

export interface Group extends Row {
    venue_id: string;
    name: string;
    axis_lr: number | null;
    axis_fb: number | null;
    axis_ab: number | null;
    /* Where it is in the room: its own axes, the others from positions. */
    axes?: { lr: number; fb: number; ab: number } | null;
    movement: Partial<MovementBase> | null;
    color?: string | null;
    /* Place in lists: a fraction, so that moving one writes one row. */
    sort_index?: number;
    fixture_ids?: string[];
}

/* POST /venues/{id}/select: heads as "<fixture>:<head>". */
export interface Selected {
    heads: string[];
    warnings: string[];
    took_us?: number;
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

export interface LibraryItem {
    path: string;
    manufacturer: string;
    model: string;
    type: string;
    modes: { name: string; channels: number; heads: number }[];
}

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
interface Changed<T, C> {
    added: T[];
    removed: T[];
    changed: C[];
}
export type PastAnnotation = Omit<Annotation, 'score_id' | keyof Row> & { id: string };
export interface RevisionDiff {
    summary: string;
    nodes?: Changed<GraphNode, { id: string; type: string; was: string; params: ParamChange[]; moved: boolean }>;
    edges?: Changed<GraphEdge, never>;
    args?: Changed<GraphArg, { id: string; name: string; params: ParamChange[] }>;
    annotations?: Changed<PastAnnotation, { id: string; annotation: PastAnnotation; from: Record<string, unknown>; to: Record<string, unknown> }>;
}

export type ShowMode = 'off' | 'score' | 'live';
export interface Show {
    venue_id: string | null;
    score_id: string | null;
    track_id?: string | null;
    mode: ShowMode;
    blackout: boolean;
    freeze: boolean;
    master: number;
    /* Of the active venue, in its order. */
    group_masters: GroupMaster[];
}

export interface GroupMaster {
    group_id: string;
    name: string;
    color?: string | null;
    level: number;
    heads: number;
}

export interface Autoplay {
    enabled: boolean;
    venue_id: string | null;
    score_id: string | null;
    repeat: 'once' | 'loop';
    resume?: boolean;
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

export interface SettingRow {
    key: string;
    label: string;
    type: string;
    default?: unknown;
    min?: number | null;
    max?: number | null;
    unit?: string | null;
    options?: (string | { value: string; label: string })[] | null;
    help?: string | null;
    group?: string | null;
}

export interface PatchUniverse {
    universe: number;
    used: { fixture_id: string; label: string; address: number; channels: number }[];
    free: { address: number; channels: number }[];
}
export interface Patch {
    universes: PatchUniverse[];
    warnings: unknown[];
}

/* Who may do what; each may all that the ones before may. */
export type Role = 'none' | 'viewer' | 'operator' | 'admin';
/* GET /auth/me */
export interface Me {
    needs_setup: boolean; /* no password was set yet */
    role: Role;
    via: 'loopback' | 'session' | 'token' | null;
    user: { id: string; name: string; role: Role } | null;
    expires_at: string | null;
}
export interface User {
    id: string;
    name: string;
    role: Role;
    created_at: string;
    updated_at: string;
}
export interface Token {
    id: string;
    name: string;
    role: Role;
    user_name: string;
    created_at: string;
    last_used_at: string | null;
    expires_at: string | null;
}
/* A browser that is signed in. */
export interface SignedIn {
    id: string;
    user_name: string;
    address: string;
    user_agent: string;
    created_at: string;
    last_used_at: string;
    is_this: boolean;
}
export interface AuditLine {
    id: number;
    at: string;
    user_name: string;
    role: string;
    address: string;
    action: string;
    table: string | null;
    row_id: string | null;
    detail: Record<string, unknown> | null;
}
