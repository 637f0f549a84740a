/*
 * The edits of the groups of one venue. Shown at once, sent one after the other, each on the version the last one made; where somebody else was
 * faster, the same edit is made of what they left. One gesture is one step of undo, however many groups it touched.
 */
import { ApiError, del, get, post, put, request } from '../../api/client';
import type { Group } from '../../api/types';
import { createRow, KINDS, patchRow } from '../../commands/edits';
import { history } from '../../commands/history.svelte';
import { Turns } from '../../commands/turns';
import type { Resource } from '../../state/resource.svelte';
import { attempt } from '../../state/stores.svelte';
import { toasts } from '../../state/toasts.svelte';
import { BASE, freeColor, freeName, inOrder, reordered, transfer, type MemberEdit } from './groups';

const isStale = (e: unknown) => e instanceof ApiError && e.status === 412;
const members = (id: string) => `/groups/${id}/members`;

interface Place {
    id: string;
    sort_index: number;
}
interface Done {
    id: string;
    before: string[];
    after: string[];
}

export class GroupEdits {
    /* What is on its way, over what lumad has said last. */
    private echo = $state.raw<ReadonlyMap<string, Partial<Group>>>(new Map());
    private waiting = 0;
    private readonly turns = new Turns();

    constructor(
        private readonly base: () => string,
        private readonly groups: Resource<Group[]>,
    ) {}

    /* As they will be. */
    readonly all = $derived.by(() => inOrder((this.groups.data ?? []).map((g) => (this.echo.has(g.id) ? { ...g, ...this.echo.get(g.id) } : g))));
    find = (id: string | null): Group | null => this.all.find((g) => g.id === id) ?? null;
    isPending = (id: string) => this.echo.has(id);

    move = (label: string, ids: readonly string[], from: string | null, to: string | null, at: number, isCopy = false) =>
        this.change(label, transfer(this.all, ids, from, to, at, isCopy));

    change(label: string, edits: readonly MemberEdit[]): Promise<void> {
        if (!edits.length) return Promise.resolve();
        for (const e of edits) this.show(e.id, { fixture_ids: e.edit(this.find(e.id)?.fixture_ids ?? []) });
        return this.inTurn(async () => {
            const done: Done[] = [];
            await attempt(`To ${label}`, async () => {
                for (const e of edits) done.push(await this.write(label, e));
            });
            const changed = done.filter((d) => d.before.join() !== d.after.join());
            if (!changed.length) return;
            history.push({
                label,
                undo: () => this.putBack([...changed].reverse().map((d) => ({ id: d.id, from: d.after, to: d.before }))),
                redo: () => this.putBack(changed.map((d) => ({ id: d.id, from: d.before, to: d.after }))),
            });
        });
    }

    /* Order among the groups. */
    order(label: string, ids: readonly string[], before: string | null): Promise<void> {
        const places = reordered(this.all, ids, before);
        if (!places.length) return Promise.resolve();
        const was = places.map((p) => ({ id: p.id, sort_index: this.find(p.id)?.sort_index ?? 0 }));
        for (const p of places) this.show(p.id, { sort_index: p.sort_index });
        return this.inTurn(async () => {
            if (await attempt(`To ${label}`, () => this.writePlaces(places))) {
                history.push({ label, undo: () => this.writePlaces(was, places), redo: () => this.writePlaces(places, was) });
            }
        });
    }

    /* Of the row itself: quick repeats are one step. Throws what lumad says against it. */
    async patch(group: Group, change: Partial<Group>): Promise<void> {
        const row = this.groups.data?.find((g) => g.id === group.id) ?? group;
        this.show(group.id, change);
        this.waiting++;
        try {
            /* The whole base each time: what is undone is then all of it. */
            await patchRow(KINDS.group, { ...row, movement: row.movement ? { ...BASE, ...row.movement } : null }, change);
        } finally {
            await this.rest();
        }
    }

    /* A new group behind the others, with these members; its id, null when it did not work. */
    async add(ids: readonly string[] = [], stem?: string): Promise<string | null> {
        let id: string | null = null;
        const all = this.all;
        await this.inTurn(async () => {
            await attempt('Add group', async () => {
                const body = { name: freeName(all, stem), color: freeColor(all), sort_index: Math.max(0, ...all.map((g) => g.sort_index ?? 0)) + 1 };
                const withMembers = async (row: Group) => void (ids.length && (await put(members(row.id), { fixture_ids: ids })));
                id = (await createRow<Group>(KINDS.group, `${this.base()}/groups`, body, withMembers)).id;
            });
        });
        return id;
    }

    /* One colour for several. */
    paint(groups: readonly Group[], color: string | null): Promise<void> {
        const label = `colour of ${groups.length} groups`;
        const before = groups.map((g) => ({ id: g.id, color: g.color ?? null }));
        const after = before.map((g) => ({ id: g.id, color }));
        for (const g of groups) this.show(g.id, { color });
        const write = async (to: typeof before) => {
            for (const g of to) await request<Group>('PATCH', `/groups/${g.id}`, { body: { color: g.color }, label });
        };
        return this.inTurn(async () => {
            if (await attempt('Change colour', () => write(after))) history.push({ label, undo: () => write(before), redo: () => write(after) });
        });
    }

    /* With their members, and all of them back in one step. */
    remove(groups: readonly Group[]): Promise<void> {
        const parent = `${this.base()}/groups`;
        return this.inTurn(async () => {
            const rows: Group[] = [];
            await attempt(groups.length === 1 ? 'Delete group' : 'Delete groups', async () => {
                for (const g of groups) {
                    const row = await this.latest(g.id);
                    await request('DELETE', `/groups/${g.id}`, { version: row.version, label: 'delete group' });
                    rows.push(row);
                }
            });
            if (!rows.length) return;
            const what = rows.length === 1 ? 'group' : `${rows.length} groups`;
            history.push({
                label: `delete ${what}`,
                undo: async () => {
                    for (const { id, name, axis_lr, axis_fb, axis_ab, movement, color, sort_index, fixture_ids } of rows) {
                        await post(parent, { id, name, axis_lr, axis_fb, axis_ab, movement, color, sort_index });
                        await put(members(id), { fixture_ids: fixture_ids ?? [] });
                    }
                },
                redo: async () => {
                    for (const g of rows) await del(`/groups/${g.id}`, (await get<Group>(`/groups/${g.id}`)).version);
                },
            });
            toasts.noteUndo(`Deleted ${what}`, () => void history.undo());
        });
    }

    private show(id: string, part: Partial<Group>) {
        this.echo = new Map([...this.echo, [id, { ...this.echo.get(id), ...part }]]);
    }

    private async inTurn(edit: () => Promise<void>): Promise<void> {
        this.waiting++;
        await history.during(this.turns.run(edit).catch(() => undefined));
        await this.rest();
    }
    private async rest() {
        if (--this.waiting) return;
        await this.groups.load();
        if (!this.waiting) this.echo = new Map();
    }

    /* over: what is there unless somebody else moved them. */
    private async writePlaces(to: readonly Place[], over?: readonly Place[]) {
        if (over) {
            const rows = await Promise.all(over.map((p) => get<Group>(`/groups/${p.id}`)));
            if (rows.some((r, i) => r.sort_index !== over[i]!.sort_index)) throw new ApiError(412, 'Stale', 'The groups were moved elsewhere meanwhile; they stay where they are.');
        }
        for (const p of to) await request<Group>('PATCH', `/groups/${p.id}`, { body: { sort_index: p.sort_index }, label: 'move group' });
    }

    /* Without a connection: of what was known last; the change waits until lumad is back, and is looked at again then. */
    private async latest(id: string): Promise<Group> {
        try {
            return await get<Group>(`/groups/${id}`);
        } catch (e) {
            const known = this.groups.data?.find((g) => g.id === id);
            if (e instanceof ApiError && e.status === 0 && known) return known;
            throw e;
        }
    }

    private async write(label: string, e: MemberEdit): Promise<Done> {
        for (let isAgain = false; ; isAgain = true) {
            const row = await this.latest(e.id);
            const before = row.fixture_ids ?? [];
            const after = e.edit(before);
            try {
                if (after.join() !== before.join()) await request('PUT', members(e.id), { body: { fixture_ids: after }, version: row.version, label });
                return { id: e.id, before, after };
            } catch (error) {
                if (!isStale(error) || isAgain) throw error;
            }
        }
    }

    /* Over what the step left there; what somebody else made of it since stays. */
    private async putBack(steps: readonly { id: string; from: readonly string[]; to: readonly string[] }[]) {
        const rows = await Promise.all(steps.map((s) => get<Group>(`/groups/${s.id}`)));
        if (rows.some((r, i) => (r.fixture_ids ?? []).join() !== steps[i]!.from.join())) {
            throw new ApiError(412, 'Stale', 'The members were changed elsewhere meanwhile; they stay as they are.');
        }
        for (const [i, s] of steps.entries()) await put(members(s.id), { fixture_ids: s.to }, rows[i]!.version);
    }
}
