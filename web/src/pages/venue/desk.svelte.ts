/*
 * What table, map, search and inspector of the patch share: the fixtures as they are seen (edits on their way included), what is carried, and the question that
 * comes up where an edit does not fit. Its parts: what is added next (adder), the modes of definitions (modes), edits on their way (echo), ways out (ways).
 * Which fixtures are chosen is in state/picked.
 */
import { asError } from '../../api/client';
import type { Fixture, Patch } from '../../api/types';
import { editFixtures, type FixtureEdits } from '../../commands/fixtures';
import { history } from '../../commands/history.svelte';
import { picked } from '../../state/picked.svelte';
import { session } from '../../state/session.svelte';
import type { Resource } from '../../state/resource.svelte';
import { toasts } from '../../state/toasts.svelte';
import { Adder } from './adder.svelte';
import { real, type Change } from './columns';
import { Echo } from './echo.svelte';
import { ModeBook } from './modes.svelte';
import { fixtureName, inPatchOrder, type Address } from './patch';
import { carried, clashes, counted, inOrder, nextFree, slotOf, troubled, type Place } from './places';
import { many, newId, taking, waysOut, why, type Asked, type Edit, type WayOut } from './ways';

/* Places in a hand: where they are if the first slot of the hand is there. */
export interface Carry {
    label: string; /* "Par 1", "6 fixtures" */
    at: (spot: Address) => Place[];
    drop: (places: Place[]) => void;
    isNew: boolean;
}

const REST_MS = 350;
const place = (c: Change) => c.universe !== undefined || c.address !== undefined || c.mode_name !== undefined;

export class Desk {
    readonly adder = new Adder(this);
    readonly modes = new ModeBook();
    private readonly echo = new Echo();
    carry = $state.raw<Carry | null>(null);
    spot = $state.raw<Address | null>(null);
    asked = $state.raw<Asked | null>(null);
    /* Places that a tool would give, before they are taken. */
    preview = $state.raw<ReadonlyMap<string, Change>>(new Map());

    constructor(
        readonly base: string,
        readonly fixtures: Resource<Fixture[]>,
        readonly patch: Resource<Patch>,
    ) {}

    /* Who may only look chooses and sorts, and changes nothing. */
    get canEdit(): boolean {
        return session.can('operator');
    }

    rows = $derived.by(() => this.echo.over(inPatchOrder(this.fixtures.data ?? [])));
    byId = $derived(new Map(this.rows.map((f) => [f.id, f])));
    picked = $derived(picked.ids.flatMap((id) => this.byId.get(id) ?? []));
    private slots = $derived.by(() => new Map((this.patch.data?.universes ?? []).flatMap((u) => u.used.map((s) => [s.fixture_id, s.channels] as const))));
    private same = (f: Pick<Fixture, 'fixture_path' | 'mode_name'>) => `${f.fixture_path}\n${f.mode_name}`;
    private widths = $derived.by(() => {
        const out = new Map<string, number>();
        for (const f of this.fixtures.data ?? []) {
            const n = this.slots.get(f.id);
            if (n) out.set(this.same(f), n);
        }
        return out;
    });
    /* Where the definition is not known, as many as another of the same has, or it had itself: the patch hears of a new mode a moment later. */
    channels = (f: Fixture): number => this.modes.channels(f) ?? this.widths.get(this.same(f)) ?? this.slots.get(f.id) ?? 0;

    places = $derived(this.rows.map((f): Place => ({ id: f.id, universe: f.universe, address: f.address, channels: this.channels(f) })));
    /* Those that stand in each other's way already. */
    trouble = $derived(new Map(troubled(this.places).map((c) => [c.id, c])));
    isPending = (id: string, key: string): boolean => this.echo.has(id, key);

    /* ---- carrying ---- */

    /* The chosen ones, held at a slot of one of them. */
    take(id: string, slot: number): Carry | null {
        const held = this.places.find((p) => p.id === id);
        if (!held || !this.canEdit) return null;
        const chosen = new Set(picked.has(id) ? picked.ids : [id]);
        const those = this.places.filter((p) => chosen.has(p.id));
        return {
            label: those.length === 1 ? fixtureName(this.byId.get(id)) : many(those.length),
            isNew: false,
            at: (spot) => carried(those, slotOf(spot) - (slotOf(held) + slot)),
            drop: (places) => void this.move(places),
        };
    }
    ghost = $derived.by((): Place[] => {
        if (this.carry && this.spot) return this.carry.at(this.spot);
        if (this.asked) return this.asked.coming;
        return this.adder.now ? this.adder.places(this.adder.now.at) : [];
    });
    private staying = (coming: readonly Place[]) => {
        const ids = new Set(coming.map((p) => p.id));
        return this.places.filter((p) => !ids.has(p.id));
    };
    ghostClashes = $derived(new Map(clashes(this.ghost, this.staying(this.ghost)).map((c) => [c.id, c])));

    /* ---- edits ---- */

    move = (places: readonly Place[]) =>
        this.change(`move ${many(places.length)}`, new Map(places.map((p) => [p.id, { universe: p.universe, address: p.address }])));

    /* True when it is stored, or nothing was to be. */
    change(label: string, wanted: ReadonlyMap<string, Change>): Promise<boolean> {
        const changes = real(wanted, (id) => this.byId.get(id));
        if (!changes.size) return Promise.resolve(true);
        const coming = [...changes].flatMap(([id, c]): Place[] => {
            const f = this.byId.get(id);
            if (!f || !place(c)) return [];
            const now = { ...f, ...c };
            return [{ id, universe: now.universe, address: now.address, channels: this.channels(now) }];
        });
        return this.propose({ label, coming: inOrder(coming), changes, create: [] });
    }

    private held: { label: string; changes: Map<string, Change>; timer: ReturnType<typeof setTimeout> } | null = null;
    /* Values under a hand: shown at once, sent as one edit when it rests. */
    soon(label: string, changes: ReadonlyMap<string, Change>) {
        if (this.held && this.held.label !== label) this.flush();
        const all = new Map(this.held?.changes);
        for (const [id, c] of changes) all.set(id, { ...all.get(id), ...c });
        if (this.held) {
            clearTimeout(this.held.timer);
            this.echo.drop(this.held.changes);
        }
        this.echo.show(all);
        this.held = { label, changes: all, timer: setTimeout(() => this.flush(), REST_MS) };
    }
    flush() {
        const held = this.held;
        if (!held) return;
        this.held = null;
        clearTimeout(held.timer);
        this.echo.drop(held.changes);
        void this.change(held.label, held.changes);
    }

    delete(ids: readonly string[]): Promise<boolean> {
        if (!ids.length) return Promise.resolve(true);
        const label = `delete ${ids.length === 1 ? fixtureName(this.byId.get(ids[0]!)) : many(ids.length)}`;
        return this.send(label, { delete: ids }, () => toasts.noteUndo(`Deleted ${many(ids.length)}`, () => void history.undo()), null);
    }

    /* The chosen ones again, `count` times, each time so much further; the first at `at` or in the next free place. */
    copy(rows: readonly Fixture[], count: number, offset: { x: number; y: number; z: number }, at: Address | null = null): Promise<boolean> {
        const of = new Map(this.places.map((p) => [p.id, p]));
        const block = inOrder(rows.flatMap((f) => of.get(f.id) ?? []));
        const create: Change[] = [];
        const coming: Place[] = [];
        let from = at ?? (block.at(-1) ? { universe: block.at(-1)!.universe, address: block.at(-1)!.address } : null);
        for (let k = 1; k <= count && from && block[0]; k++) {
            const wanted = carried(block, slotOf(from) - slotOf(block[0])).map((p, i) => ({ ...p, id: newId(create.length + i) }));
            const found = k === 1 && at ? wanted : nextFree(wanted, [...this.places, ...coming]);
            if (!found) break;
            found.forEach((p, i) => {
                const f = this.byId.get(block[i]!.id)!;
                const { id: _, version: __, venue_id: ___, created_at: ____, updated_at: _____, warnings: ______, channels: _______, ...own } = f;
                create.push({
                    ...own, universe: p.universe, address: p.address, label: f.label ? counted(f.label, k * block.length) : '',
                    pos_x: f.pos_x + k * offset.x, pos_y: f.pos_y + k * offset.y, pos_z: f.pos_z + k * offset.z,
                });
                coming.push(p);
            });
            const last = found.at(-1)!;
            from = { universe: last.universe, address: Math.min(512, last.address + Math.max(1, last.channels)) };
        }
        return this.propose({ label: `copy ${many(rows.length)}`, coming, changes: new Map(), create });
    }

    /* ---- where it does not fit ---- */

    propose(edit: Edit): Promise<boolean> {
        if (!this.canEdit) return Promise.resolve(false);
        const found = clashes(edit.coming, this.staying(edit.coming));
        if (found.length) {
            this.asked = { ...edit, found };
            return Promise.resolve(false);
        }
        this.asked = null;
        return this.send(edit.label, { update: edit.changes, create: edit.create }, edit.done ?? null, edit);
    }
    waysOut = $derived.by((): WayOut[] => (this.asked ? waysOut(this.asked, this.staying(this.asked.coming)) : []));
    why = $derived(this.asked ? why(this.asked, (id) => fixtureName(this.byId.get(id))) : '');
    takeWay = (w: WayOut): Promise<boolean> => {
        if (!this.asked) return Promise.resolve(false);
        const edit = taking(this.asked, w);
        return this.propose({ ...edit, changes: real(edit.changes, (id) => this.byId.get(id)) });
    };
    leave = () => (this.asked = null);

    showTrouble = () => picked.set([...this.trouble.keys()]);
    /* Of those in each other's way the first stays, the others go to free places. */
    mend(): Promise<boolean> {
        const stays = new Set<string>();
        const goes = inOrder(this.places).filter((p) => {
            const clash = this.trouble.get(p.id);
            if (clash && (clash.isOver || clash.with.some((id) => stays.has(id)))) return true;
            stays.add(p.id);
            return false;
        });
        const places = nextFree(goes, this.places.filter((p) => stays.has(p.id)));
        return places ? this.move(places) : Promise.resolve(false);
    }

    /* `again`: what is asked about where somebody else took the places meanwhile. */
    private async send(label: string, edits: FixtureEdits & { update?: ReadonlyMap<string, Change> }, done: Edit['done'] | null, again: Edit | null): Promise<boolean> {
        if (!this.canEdit) return false;
        const mine = edits.update ?? new Map<string, Change>();
        const before = this.fixtures.data ?? [];
        this.echo.show(mine);
        let isDone = true;
        try {
            const r = await editFixtures(label, this.base, before, edits);
            const news = new Map([...r.updated, ...r.created].map((f) => [f.id, f]));
            const gone = new Set(r.deleted);
            const data = this.fixtures.data ?? [];
            const there = new Set(data.map((f) => f.id));
            this.fixtures.put([...data.filter((f) => !gone.has(f.id)).map((f) => news.get(f.id) ?? f), ...r.created.filter((f) => !there.has(f.id))]);
            if (gone.size) picked.set(picked.ids.filter((id) => !gone.has(id)));
            if (r.created.length) picked.set(r.created.map((f) => f.id));
            done?.(r.created);
        } catch (e) {
            isDone = false;
            const problem = asError(e);
            await Promise.all([this.fixtures.load(), this.patch.load()]);
            const found = again && problem.status === 409 ? clashes(again.coming, this.staying(again.coming)) : [];
            if (again && found.length) this.asked = { ...again, found };
            else toasts.error(label.charAt(0).toUpperCase() + label.slice(1), problem);
        }
        this.echo.drop(mine);
        void this.fixtures.load();
        void this.patch.load();
        return isDone;
    }
}
