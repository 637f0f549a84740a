/*
 * The three edits a stored row can have, each with its undo. A deleted row comes back
 * with its own id (POST of a known id undeletes), so what refers to it still does.
 */
import { del, get, patch, post } from '../api/client';
import type { Row } from '../api/types';
import { toasts } from '../state/toasts.svelte';
import { history } from './history.svelte';

const READ_ONLY = ['created_at', 'updated_at', 'version', 'venue_id', 'score_id', 'warnings'];

/* The part of a row a POST accepts: its own content and id. */
function content(row: object, keep: readonly string[]): Record<string, unknown> {
    const out: Record<string, unknown> = {};
    for (const [key, value] of Object.entries(row)) {
        if (keep.includes(key) && !READ_ONLY.includes(key)) out[key] = value;
    }
    return out;
}

export interface Kind {
    label: string; /* "fixture" */
    one: (id: string) => string; /* path of one row */
    fields: readonly string[];
}

export const KINDS = {
    fixture: {
        label: 'fixture',
        one: (id: string) => `/fixtures/${id}`,
        fields: [
            'universe', 'address', 'manufacturer', 'model', 'mode_name', 'fixture_path', 'label',
            'pos_x', 'pos_y', 'pos_z', 'rot_x', 'rot_y', 'rot_z', 'invert_pan', 'invert_tilt',
            'swap_pan_tilt', 'dimmer_curve', 'dimmer_min', 'dimmer_max', 'white_mode',
        ],
    },
    output: {
        label: 'output',
        one: (id: string) => `/outputs/${id}`,
        fields: [
            'universe', 'protocol', 'destination', 'interface', 'port_address', 'priority', 'sync', 'transmit',
        ],
    },
    group: {
        label: 'group',
        one: (id: string) => `/groups/${id}`,
        fields: ['name', 'axis_lr', 'axis_fb', 'axis_ab', 'movement'],
    },
    annotation: {
        label: 'annotation',
        one: (id: string) => `/annotations/${id}`,
        fields: [
            'pattern_id', 'start_time', 'end_time', 'origin_time', 'z_index', 'blend_mode', 'args', 'seed',
        ],
    },
    track: { label: 'track', one: (id: string) => `/tracks/${id}`, fields: ['title', 'artist', 'album'] },
    pattern: {
        label: 'pattern',
        one: (id: string) => `/patterns/${id}`,
        fields: ['name', 'description', 'category'],
    },
    venue: { label: 'venue', one: (id: string) => `/venues/${id}`, fields: ['name', 'description'] },
} satisfies Record<string, Kind>;

/* after: what must follow a create to make it whole again (a group's members). */
export async function createRow<T extends Row>(
    kind: Kind,
    parent: string,
    body: object,
    after?: (row: T) => Promise<void>,
): Promise<T> {
    const row = await post<T>(parent, body);
    await after?.(row);
    history.push({
        label: `add ${kind.label}`,
        undo: () => del(kind.one(row.id)),
        redo: async () => {
            const back = await post<T>(parent, { ...content(row, kind.fields), id: row.id });
            await after?.(back);
        },
    });
    return row;
}

/* Only `change` is sent. Undo writes back those fields as they were, against the version
 * this edit made: a later edit by somebody else is never overwritten unseen. */
export async function patchRow<T extends Row>(kind: Kind, row: T, change: Partial<T>): Promise<T> {
    const before = content(row, Object.keys(change));
    let latest = await patch<T>(kind.one(row.id), change, row.version);
    const result = latest;
    history.push({
        label: `change ${kind.label}`,
        undo: async () => void (latest = await patch<T>(kind.one(row.id), before, latest.version)),
        redo: async () => void (latest = await patch<T>(kind.one(row.id), change, latest.version)),
    });
    return result;
}

export async function deleteRow<T extends Row>(
    kind: Kind,
    parent: string,
    row: T,
    after?: () => Promise<void>,
): Promise<void> {
    const body = { ...content(row, kind.fields), id: row.id };
    await del(kind.one(row.id), row.version);
    history.push({
        label: `delete ${kind.label}`,
        undo: async () => {
            await post<T>(parent, body);
            await after?.();
        },
        redo: async () => {
            const back = await get<T>(kind.one(row.id));
            await del(kind.one(row.id), back.version);
        },
    });
    toasts.note(`Deleted ${kind.label}`, { label: 'Undo', run: () => void history.undo() });
}
