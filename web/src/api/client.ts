/*
 * REST. Every answer that is not a success becomes an ApiError which carries the
 * problem document: `detail` for people, `errors[]` for fields, `status` for code.
 */
import { door } from './door';
import { Dropped, Outbox, type Author, type Letter } from './outbox';
import type { List } from './types';

export const BASE = '/api/v1';

export interface FieldError {
    path: string;
    message: string;
    /* Of an expression: what of it is wrong, in characters. */
    start?: number;
    end?: number;
}

export class ApiError extends Error {
    /* Seconds until it may be tried again, where lumad says so. */
    retryAfter: number | null = null;

    constructor(
        /* 0: no answer at all (connection lost, request abandoned). */
        readonly status: number,
        readonly title: string,
        readonly detail: string,
        readonly code = '',
        readonly errors: FieldError[] = [],
        readonly more = 0, /* errors beyond these */
        /* Of 412: the row as it is now. */
        readonly current: Record<string, unknown> | null = null,
    ) {
        super(detail || title);
    }

    /* The message for one field; paths may be written `name`, `/name` or `$.name`. */
    field(name: string): string | undefined {
        return this.errors.find((e) => e.path.replace(/^[/$.]+/, '') === name)?.message;
    }
}

function isRecord(value: unknown): value is Record<string, unknown> {
    return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/* An id beside a name, and the path of a member, are for programs. */
const plain = (text: string) =>
    text
        .replace(/ \([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\)/g, '')
        .replace(/^\/([a-z_]+) /, (_, member: string) => `${member.charAt(0).toUpperCase()}${member.slice(1).replaceAll('_', ' ')} `);

export function problem(status: number, statusText: string, body: unknown): ApiError {
    const p = isRecord(body) ? body : {};
    const text = (key: string) => (typeof p[key] === 'string' ? (p[key] as string) : '');
    const errors = Array.isArray(p.errors)
        ? p.errors.filter(isRecord).map((e) => ({
              path: String(e.path ?? ''),
              message: plain(String(e.message ?? '')),
              ...(typeof e.start === 'number' && typeof e.end === 'number' ? { start: e.start, end: e.end } : {}),
          }))
        : [];
    const title = text('title') || statusText || `Error ${status}`;
    const detail = plain(text('detail')) || errors.map((e) => e.message).join('; ');
    return new ApiError(status, title, detail, text('code'), errors, typeof p.more === 'number' ? p.more : 0, isRecord(p.current) ? p.current : null);
}

export function asError(e: unknown): ApiError {
    if (e instanceof ApiError) return e;
    if (e instanceof Dropped) return new ApiError(0, 'Dropped', e.message, 'dropped');
    return new ApiError(0, 'No answer', 'lumad does not answer. While it runs, the show goes on without this page.');
}

interface Options {
    body?: unknown;
    csv?: Blob; /* instead: sent as it is */
    /* Version the edit was made against; sent as If-Match. */
    version?: number | undefined;
    signal?: AbortSignal;
    /* Of an edit, for when it has to wait or comes too late: what it is, and what was there before. */
    label?: string;
    base?: Record<string, unknown>;
    /* Who made it; absent: whoever is signed in. */
    by?: Author | undefined;
}

export const gone = () => new ApiError(401, 'Signed out', 'Who asked for it is not signed in on this page any more; it was not done.');

/* To lumad, through the door: what meets the end of a session is sent again when somebody has signed in. */
async function send(path: string, init: RequestInit & { method: string }): Promise<Response> {
    const { who } = door;
    for (;;) {
        if (!(await door.pass(init.method, path, who))) throw gone();
        let response: Response;
        try {
            response = await fetch(BASE + path, init);
        } catch (e) {
            throw asError(e);
        }
        if (response.status !== 401 || !door.refused(path)) return response;
    }
}

async function once<T>(method: string, path: string, options: Options): Promise<T> {
    const headers: Record<string, string> = { Accept: 'application/json' };
    if (options.body !== undefined) headers['Content-Type'] = 'application/json';
    if (options.csv) headers['Content-Type'] = 'text/csv';
    if (options.version !== undefined) headers['If-Match'] = `"${options.version}"`;
    const response = await send(path, {
        method,
        headers,
        body: options.csv ?? (options.body === undefined ? null : JSON.stringify(options.body)),
        signal: options.signal ?? null,
    });
    const isJson = /json/.test(response.headers.get('content-type') ?? '');
    const body: unknown = isJson ? await response.json().catch(() => null) : null;
    if (!response.ok) {
        const error = problem(response.status, response.statusText, body);
        error.retryAfter = Number(response.headers.get('retry-after')) || null;
        throw error;
    }
    return body as T;
}

/* What works on the running show is worth nothing later: it is done now or not at all. */
const LIVE = /^\/(host-audio|show|graph|auth|system)(\/|$)|\/(test|identify|preview|analyze|undo|redo|restore|switch)$/;
/* Stored, and safe to be sent twice. */
function isEdit(method: string, path: string, options: Options): boolean {
    if (options.signal || options.csv || LIVE.test(path.replace(/\?.*/, ''))) return false;
    if (method === 'POST') return isRecord(options.body) && typeof options.body.id === 'string';
    return method === 'PATCH' || method === 'PUT' || method === 'DELETE';
}

const WORDS: Record<string, string> = { POST: 'add', PATCH: 'change', PUT: 'change', DELETE: 'delete' };
const PLACE = 'lumad.outbox';
const isGone = (e: unknown, letter: Letter, tries: number) => tries > 0 && letter.method === 'DELETE' && e instanceof ApiError && e.status === 404;

/* Edits that wait for a connection; state/pending shows them, state/link says how it is. */
export const outbox = new Outbox({
    transmit: ({ method, path, body, version }, signal) => once(method, path, { body, version, signal }),
    judge: (e) => {
        const status = asError(e).status;
        return status === 0 || status === 502 || status === 504 ? 'none' : status === 503 ? 'busy' : 'final';
    },
    isDone: isGone,
    load: () => sessionStorage.getItem(PLACE),
    save: (text) => {
        try {
            if (text === null) sessionStorage.removeItem(PLACE);
            else sessionStorage.setItem(PLACE, text);
        } catch {
            /* no room, or no storage: they wait as long as the page lives */
        }
    },
});

export async function request<T>(method: string, path: string, options: Options = {}): Promise<T> {
    if (!isEdit(method, path, options)) return once<T>(method, path, options);
    const letter: Letter = { method, path, label: options.label ?? `${WORDS[method]} ${path.split('/')[1]}` };
    if (options.body !== undefined) letter.body = options.body;
    if (options.version !== undefined) letter.version = options.version;
    if (options.base) letter.base = options.base;
    if (options.by) letter.by = options.by;
    return (await outbox.send(letter)) as T;
}

export const get = <T>(path: string, signal?: AbortSignal) =>
    request<T>('GET', path, signal ? { signal } : {});
export const post = <T>(path: string, body: unknown = {}) => request<T>('POST', path, { body });
export const put = <T>(path: string, body: unknown, version?: number) =>
    request<T>('PUT', path, { body, version });
export const patch = <T>(path: string, body: unknown, version?: number) =>
    request<T>('PATCH', path, { body, version });
export const del = (path: string, version?: number) => request<void>('DELETE', path, { version });

/* A whole list, however many pages it comes in. */
export async function list<T>(path: string, signal?: AbortSignal): Promise<T[]> {
    const items: T[] = [];
    let cursor: string | null = null;
    do {
        const q: string = (path.includes('?') ? '&' : '?') + 'limit=1000';
        const c: string = cursor ? `&cursor=${encodeURIComponent(cursor)}` : '';
        const page: List<T> | T[] = await get<List<T> | T[]>(path + q + c, signal);
        if (Array.isArray(page)) return page; /* a fixed table, never paged */
        items.push(...page.items);
        if (page.next === cursor) break; /* no way on */
        cursor = page.next;
    } while (cursor);
    return items;
}

async function fetched(path: string, signal?: AbortSignal): Promise<Response> {
    const response = await send(path, { method: 'GET', signal: signal ?? null });
    if (!response.ok) {
        throw problem(response.status, response.statusText, await response.json().catch(() => null));
    }
    return response;
}
export const binary = async (path: string, signal?: AbortSignal): Promise<ArrayBuffer> => (await fetched(path, signal)).arrayBuffer();
export const text = async (path: string): Promise<string> => (await fetched(path)).text();
