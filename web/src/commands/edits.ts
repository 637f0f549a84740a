/*
 * The three edits a stored row can have, each with its undo. A deleted row comes back
 * with its own id (POST of a known id undeletes), so what refers to it still does.
 */
import { ApiError, del, get, patch, post } from '../api/client';
import type { Row } from '../api/types';
import { toasts } from '../state/toasts.svelte';
import { history, type Step } from './history.svelte';

const READ_ONLY = ['created_at', 'updated_at', 'version', 'warnings'];

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
    isKept?: boolean; /* lumad keeps a history of it: undo and redo say what they are */
}

const as = (kind: Kind, way: 'undo' | 'redo') => (kind.isKept ? `?as=${way}` : '');

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
        isKept: true,
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
    marker: { label: 'cue point', one: (id: string) => `/markers/${id}`, fields: ['name', 'color', 'start_time', 'end_time'] },
    chain: { label: 'effects', one: (id: string) => `/audio-chains/${id}`, fields: ['name', 'device', 'effects', 'is_enabled'] },
    score: { label: 'score', one: (id: string) => `/scores/${id}`, fields: ['name', 'venue_id'] },
    venue: {
        label: 'venue',
        one: (id: string) => `/venues/${id}`,
        fields: ['name', 'description', 'offset_ms', 'max_brightness', 'exit_look', 'flash_guard'],
    },
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
        isKept: kind.isKept ?? false,
        undo: () => del(kind.one(row.id) + as(kind, 'undo')),
        redo: async () => {
            const back = await post<T>(parent + as(kind, 'redo'), { ...content(row, kind.fields), id: row.id });
            await after?.(back);
        },
    });
    return row;
}

function isSame(a: unknown, b: unknown): boolean {
    if (a === b) return true;
    if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
    const x = a as Record<string, unknown>;
    const y = b as Record<string, unknown>;
    return Object.keys({ ...x, ...y }).every((key) => isSame(x[key], y[key]));
}

/* Writes values over those that an edit of ours left there. Where somebody else has changed
 * them since, theirs stay; what else was changed in the row is not in the way. */
async function replace<T extends Row>(kind: Kind, id: string, left: Values, values: Values, way: 'undo' | 'redo'): Promise<T> {
    const row = await get<T>(kind.one(id));
    if (!isSame(content(row, Object.keys(values)), left)) {
        throw new ApiError(412, 'Stale', `The ${kind.label} was changed elsewhere meanwhile; that stays as it is.`);
    }
    return patch<T>(kind.one(id) + as(kind, way), values, row.version);
}

type Values = Record<string, unknown>;
interface Turn {
    keys: string;
    change: object;
    answer: Promise<unknown>;
}
/* The edits of one row on their way: one after the other, each on the version the last one
 * made. A value that is being dragged overtakes its older self that was not sent yet. */
interface Lane {
    tail: Promise<unknown>;
    waiting: Turn | null;
    made: number;
}
const lanes = new Map<string, Lane>();

function inTurn<T extends Row>(kind: Kind, row: T, change: object): Promise<T> {
    const lane = lanes.get(row.id) ?? { tail: Promise.resolve(), waiting: null, made: 0 };
    lanes.set(row.id, lane);
    const keys = Object.keys(change).sort().join();
    if (lane.waiting?.keys === keys) {
        lane.waiting.change = change;
        return lane.waiting.answer as Promise<T>;
    }
    const send = async () => {
        if (lane.waiting === turn) lane.waiting = null;
        const latest = await patch<T>(kind.one(row.id), turn.change, Math.max(row.version, lane.made));
        lane.made = latest.version;
        return latest;
    };
    const turn: Turn = { keys, change, answer: Promise.resolve() };
    turn.answer = lane.tail.then(send, send);
    lane.waiting = turn;
    lane.tail = turn.answer;
    return turn.answer as Promise<T>;
}

const MERGE_MS = 800;
let last: { step: Step; id: string; keys: string; at: number; left: Values; change: object } | null = null;

/* Only `change` is sent. Quick repeats of one edit (a value being dragged) are one step;
 * isWhole: this one is a gesture of its own. */
export async function patchRow<T extends Row>(kind: Kind, row: T, change: Partial<T>, isWhole = false): Promise<T> {
    const names = Object.keys(change);
    const keys = names.join();
    const before = content(row, names);
    const result = await inTurn(kind, row, change);
    const left = content(result, names);
    if (!isWhole && last && last.id === row.id && last.keys === keys && performance.now() - last.at < MERGE_MS && history.done.at(-1) === last.step) {
        Object.assign(last, { left, change, at: performance.now() });
        return result;
    }
    const step = {
        label: `change ${kind.label}`,
        isKept: kind.isKept ?? false,
        undo: async () => void (edit.left = content(await replace<T>(kind, row.id, edit.left, before, 'undo'), names)),
        redo: async () => void (edit.left = content(await replace<T>(kind, row.id, edit.left, content(edit.change, names), 'redo'), names)),
    };
    const edit = { step, id: row.id, keys, at: performance.now(), left, change };
    last = edit;
    history.push(step);
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
        isKept: kind.isKept ?? false,
        undo: async () => {
            await post<T>(parent + as(kind, 'undo'), body);
            await after?.();
        },
        redo: async () => {
            const back = await get<T>(kind.one(row.id));
            await del(kind.one(row.id) + as(kind, 'redo'), back.version);
        },
    });
    toasts.noteUndo(`Deleted ${kind.label}`, () => void history.undo());
}
