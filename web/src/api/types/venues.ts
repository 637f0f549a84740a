/* Venues, fixtures, groups and the patch. */
import type { Row } from './rows';

/* GET /venue-counts */
export interface VenueCounts {
    venue_id: string;
    fixtures: number;
    universes: number;
    groups: number;
    outputs: number;
    scores: number;
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

export interface LibraryItem {
    path: string;
    manufacturer: string;
    model: string;
    type: string;
    modes: { name: string; channels: number; heads: number }[];
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
