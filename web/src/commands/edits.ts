/*
 * The three edits a stored row can have, each with its undo, also while it is on its way. A deleted row comes
 * back with its own id (POST of a known id undeletes), so what refers to it still does.
 */
import { ApiError, asError, del, get, outbox, patch, post, request } from '../api/client';
import type { Letter } from '../api/outbox';
import type { Row } from '../api/types';
import { uuid } from '../api/uuid';
import { clashes, isSame } from '../state/clashes.svelte';
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
        fields: ['name', 'axis_lr', 'axis_fb', 'axis_ab', 'movement', 'color', 'sort_index'],
    },
    annotation: {
        label: 'annotation',
        one: (id: string) => `/annotations/${id}`,
        isKept: true,
        fields: [
            'pattern_id', 'start_time', 'end_time', 'origin_time', 'z_index', 'blend_mode', 'args', 'seed',
        ],
    },
    track: { label: 'track', one: (id: string) => `/tracks/${id}`, fields: ['title', 'artist', 'album', 'genre', 'year'] },
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

/* With an id of its own from the start: sent twice, it is made once. after: what must follow a create to make it whole again (a group's members). */
export const createRow = <T extends Row>(kind: Kind, parent: string, body: object, after?: (row: T) => Promise<void>): Promise<T> =>
    history.during(create(kind, parent, body, after));

async function create<T extends Row>(kind: Kind, parent: string, body: object, after?: (row: T) => Promise<void>): Promise<T> {
    const row = await request<T>('POST', parent, { body: { id: uuid(), ...body }, label: `add ${kind.label}` });
    await after?.(row);
    history.push({
        label: `add ${kind.label}`,
        isKept: kind.isKept ?? false,
        undo: () => del(kind.one(row.id) + as(kind, 'undo')),
        redo: async () => {
            const back = made(await post<T>(parent + as(kind, 'redo'), { ...content(row, kind.fields), id: row.id }));
            await after?.(back);
        },
    });
    return row;
}

/* Writes values over those that an edit of ours left there. Where somebody else has changed
 * them since, theirs stay; what else was changed in the row is not in the way. */
async function replace<T extends Row>(kind: Kind, id: string, left: Values, values: Values, way: 'undo' | 'redo'): Promise<T> {
    const row = await get<T>(kind.one(id));
    if (!isSame(content(row, Object.keys(values)), left)) {
        throw new ApiError(412, 'Stale', `The ${kind.label} was changed elsewhere meanwhile; that stays as it is.`);
    }
    return made(await patch<T>(kind.one(id) + as(kind, way), values, row.version));
}

type Values = Record<string, unknown>;
interface Turn {
    keys: string;
    change: object;
    answer: Promise<unknown>;
    /* Of an edit that came late: somebody else's was kept; what it was put over. */
    isTheirs: boolean;
    over: Values | null;
    letter: Letter;
}
/* The edits of one row on their way: one after the other, each on the version the last one
 * made. A value that is being dragged overtakes its older self that was not sent yet. */
interface Lane {
    /* One's own: what somebody else left may have to wait. */
    by: string | undefined;
    tail: Promise<unknown>;
    waiting: Turn | null;
    made: number;
    /* The row as our last edit left it. */
    row: object | null;
    isBusy: boolean;
}
const lanes = new Map<string, Lane>();
function laneOf(id: string): Lane {
    const by = outbox.author?.id;
    let lane = lanes.get(id);
    if (lane?.by !== by || !lane) lanes.set(id, (lane = { by, tail: Promise.resolve(), waiting: null, made: 0, row: null, isBusy: false }));
    return lane;
}
/* A version that a step made: the page may not have seen it yet when the next edit begins. */
function made<T extends Row>(row: T): T {
    const lane = laneOf(row.id);
    if (row.version > lane.made) Object.assign(lane, { made: row.version, row });
    return row;
}

function inTurn<T extends Row>(kind: Kind, row: T, change: object): Turn {
    const lane = laneOf(row.id);
    const keys = Object.keys(change).sort().join();
    if (lane.waiting?.keys === keys) {
        lane.waiting.change = lane.waiting.letter.body = change;
        return lane.waiting;
    }
    const letter: Letter = { method: 'PATCH', path: kind.one(row.id), body: change, version: row.version, label: `change ${kind.label}`, base: content(row, Object.keys(change)) };
    const release = lane.isBusy ? outbox.hold(letter) : null;
    const send = async () => {
        if (lane.waiting === turn) lane.waiting = null;
        release?.();
        const from = lane.made > row.version && lane.row ? lane.row : row;
        const base = content(from, Object.keys(turn.change));
        const late = { method: 'PATCH', path: letter.path, label: letter.label, change: turn.change as Values, base } as const;
        let latest: T;
        try {
            latest = await request<T>('PATCH', late.path, { body: late.change, version: Math.max(row.version, lane.made), label: late.label, base, by: letter.by });
        } catch (e) {
            const error = asError(e);
            /* The same was set once more meanwhile: that is what it is about. */
            if (error.status === 412 && error.current && lane.waiting?.keys === keys) {
                turn.isTheirs = true;
                return error.current as unknown as T;
            }
            const settled = await clashes.settle<T>(late, error);
            latest = settled.row;
            turn.isTheirs = !settled.isMine;
            turn.over = settled.base;
        }
        if (turn.isTheirs) return latest;
        lane.made = latest.version;
        lane.row = latest;
        return latest;
    };
    const turn: Turn = { keys, change, answer: Promise.resolve(), isTheirs: false, over: null, letter };
    turn.answer = lane.tail.then(send, send);
    lane.waiting = turn;
    lane.tail = turn.answer;
    lane.isBusy = true;
    const over = () => void (lane.tail === turn.answer && (lane.isBusy = false));
    turn.answer.then(over, over);
    return turn;
}

const MERGE_MS = 800;
let last: { step: Step; id: string; keys: string; at: number; left: Values; change: object } | null = null;

/* Only `change` is sent. What somebody else changed meanwhile is kept where it is another member, and asked about where it is the same (state/clashes); the
 * answer is the row as it is then. Quick repeats of one edit (a value being dragged) are one step; isWhole: this one is a gesture of its own. */
export const patchRow = <T extends Row>(kind: Kind, row: T, change: Partial<T>, isWhole = false): Promise<T> => history.during(write(kind, row, change, isWhole));

async function write<T extends Row>(kind: Kind, row: T, change: Partial<T>, isWhole: boolean): Promise<T> {
    const names = Object.keys(change);
    const keys = names.join();
    const turn = inTurn(kind, row, change);
    const result = (await turn.answer) as T;
    if (turn.isTheirs) return result;
    const before = turn.over ?? content(row, names);
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

export const deleteRow = <T extends Row>(kind: Kind, parent: string, row: T, after?: () => Promise<void>): Promise<void> =>
    history.during(remove(kind, parent, row, after));

/* Behind one's own edits of the row. As it was when it went: where somebody else has changed it meanwhile it is asked, and undo brings theirs back. */
async function removed<T extends Row>(kind: Kind, row: T): Promise<T> {
    const lane = laneOf(row.id);
    const letter: Letter = { method: 'DELETE', path: kind.one(row.id), label: `delete ${kind.label}`, version: row.version, base: content(row, kind.fields) };
    const release = lane.isBusy ? outbox.hold(letter) : null;
    await lane.tail.catch(() => undefined);
    release?.();
    const seen = lane.made > row.version && lane.row ? (lane.row as T) : row;
    const { path, label, by } = letter;
    const base = content(seen, kind.fields);
    try {
        await request('DELETE', path, { version: seen.version, label, base, by });
        return seen;
    } catch (e) {
        return clashes.remove<T>({ path, label, base }, asError(e));
    }
}

async function remove<T extends Row>(kind: Kind, parent: string, row: T, after?: () => Promise<void>): Promise<void> {
    const gone = await removed(kind, row);
    const body = { ...content(gone, kind.fields), id: row.id };
    history.push({
        label: `delete ${kind.label}`,
        isKept: kind.isKept ?? false,
        undo: async () => {
            made(await post<T>(parent + as(kind, 'undo'), body));
            await after?.();
        },
        redo: async () => {
            const back = await get<T>(kind.one(row.id));
            await del(kind.one(row.id) + as(kind, 'redo'), back.version);
        },
    });
    toasts.noteUndo(`Deleted ${kind.label}`, () => void history.undo());
}
