/*
 * Edits of many fixtures of a venue as one: one request, all of it or nothing, one step back. Undo looks at what is there first: where somebody else has changed
 * the same members since, theirs stay.
 */
import { ApiError, asError, list, request } from '../api/client';
import type { Fixture } from '../api/types';
import { uuid } from '../api/uuid';
import { KINDS } from './edits';
import { history } from './history.svelte';
import { Turns } from './turns';

export type FixtureChange = Partial<Omit<Fixture, 'id' | 'version' | 'venue_id'>>;
export interface FixtureEdits {
    create?: readonly FixtureChange[];
    /* By id: only what becomes another. */
    update?: ReadonlyMap<string, FixtureChange>;
    delete?: readonly string[];
}
export interface FixturesEdited {
    created: Fixture[];
    updated: Fixture[];
    deleted: string[];
}

type Values = Record<string, unknown>;
type Rows = ReadonlyMap<string, Fixture>;
const FIELDS: readonly string[] = KINDS.fixture.fields;

const path = (base: string) => `${base}/fixtures`;
const part = (f: object, names: readonly string[]): Values => Object.fromEntries(names.map((n) => [n, (f as Values)[n] ?? null]));
const whole = (f: Fixture): Values => ({ id: f.id, ...Object.fromEntries(FIELDS.filter((n) => n in f).map((n) => [n, (f as unknown as Values)[n]])) });
const isSame = (a: object, b: object, names: readonly string[]) => names.every((n) => JSON.stringify((a as Values)[n] ?? null) === JSON.stringify((b as Values)[n] ?? null));
const fresh = async (base: string): Promise<Rows> => new Map((await list<Fixture>(path(base))).map((f) => [f.id, f]));

interface Wire {
    create: Values[];
    update: Map<string, Values>;
    delete: string[];
}
const send = (base: string, w: Wire, rows: Rows) =>
    request<FixturesEdited>('PATCH', path(base), {
        body: {
            ...(w.create.length ? { create: w.create } : {}),
            ...(w.update.size ? { update: [...w.update].map(([id, change]) => ({ id, version: rows.get(id)!.version, ...change })) } : {}),
            ...(w.delete.length ? { delete: w.delete } : {}),
        },
    });

const late = (names: string[]) =>
    new ApiError(412, 'Stale', `${names.length === 1 ? `${names[0]} was` : `${names.length} fixtures were`} changed elsewhere meanwhile; that stays as it is, and nothing was changed here.`);

/* Values over those that are expected there; what else was changed in a row is not in the way. */
async function over(base: string, w: Wire, expected: ReadonlyMap<string, Values>): Promise<FixturesEdited> {
    for (let tries = 0; ; tries++) {
        const rows = await fresh(base);
        const wrong: string[] = [];
        for (const [id, values] of expected) {
            const row = rows.get(id);
            const names = Object.keys(values);
            if (!row) wrong.push('One of them');
            else if (!isSame(row, values, names) && !isSame(row, w.update.get(id) ?? {}, names)) wrong.push(row.label || row.model);
        }
        if (wrong.length) throw late(wrong);
        try {
            return await send(base, w, rows);
        } catch (e) {
            if (asError(e).status !== 412 || tries) throw e;
        }
    }
}

/* What our own edits made of rows: whoever asks for the next one may not have heard of it yet. */
const made = new Map<string, Fixture>();
const newest = (f: Fixture): Fixture => {
    const mine = made.get(f.id);
    return mine && mine.version > f.version ? mine : f;
};

/* Each is made on the versions that the one before left. */
const turns = new Turns();

/* `rows`: the fixtures as they were when the edit was made. */
export const editFixtures = (label: string, base: string, rows: readonly Fixture[], edits: FixtureEdits): Promise<FixturesEdited> =>
    history.during(turns.run(() => edit(label, base, new Map(rows.map((f) => [f.id, newest(f)])), edits)));

async function edit(label: string, base: string, rows: Rows, edits: FixtureEdits): Promise<FixturesEdited> {
    const gone = (edits.delete ?? []).flatMap((id) => rows.get(id) ?? []);
    const before = new Map([...(edits.update ?? [])].flatMap(([id, change]) => (rows.has(id) ? [[id, part(rows.get(id)!, Object.keys(change))] as const] : [])));
    const w: Wire = {
        create: (edits.create ?? []).map((f) => ({ id: uuid(), ...f })),
        update: new Map([...before.keys()].map((id) => [id, { ...edits.update!.get(id) }])),
        delete: gone.map((f) => f.id),
    };
    if (!w.create.length && !w.update.size && !w.delete.length) return { created: [], updated: [], deleted: [] };
    let result: FixturesEdited;
    try {
        result = await send(base, w, rows);
    } catch (e) {
        if (asError(e).status !== 412) throw e;
        result = await over(base, w, before);
    }
    const took = (r: FixturesEdited) => new Map(r.updated.map((f) => [f.id, part(f, Object.keys(w.update.get(f.id) ?? {}))]));
    /* Also of an undo and a redo: an edit right behind them is on what they made. */
    const learn = (r: FixturesEdited) => {
        for (const f of r.updated) made.set(f.id, f);
        return r;
    };
    let left = took(learn(result));
    let added = result.created.map(whole);
    history.push({
        label,
        undo: () =>
            turns.run(async () => {
                const now = await fresh(base);
                added = added.map((f) => (now.has(f.id as string) ? whole(now.get(f.id as string)!) : f));
                learn(await over(base, { create: gone.map(whole), update: before, delete: added.map((f) => f.id as string) }, left));
            }),
        redo: () => turns.run(async () => void (left = took(learn(await over(base, { create: added, update: w.update, delete: w.delete }, before))))),
    });
    return result;
}
