/*
 * What table, map, search and inspector of the patch share: the fixtures as they are seen (edits on their way included), what is being placed or carried, and
 * the question that comes up where it does not fit. Which fixtures are chosen is in state/picked.
 */
import { asError } from '../../api/client';
import type { Fixture, LibraryItem, Patch } from '../../api/types';
import { editFixtures, type FixtureEdits } from '../../commands/fixtures';
import { history } from '../../commands/history.svelte';
import { picked } from '../../state/picked.svelte';
import { session } from '../../state/session.svelte';
import type { Resource } from '../../state/resource.svelte';
import { toasts } from '../../state/toasts.svelte';
import { real, type Change } from './columns';
import { fixtureName, inPatchOrder, type Address } from './patch';
import {
    carried, clashes, counted, inOrder, moveOthers, nextFree, pushAlong, rowOf, slotOf, text, troubled, type Clash, type Place,
} from './places';

/* What of the library is to be patched, and how. */
export interface Adding {
    item: LibraryItem;
    mode: string;
    count: number;
    step: number | null; /* slots from one to the next; null: as many as one has */
    label: string;
    at: Address;
    offset: { x: number; y: number; z: number };
    pos: { x: number; y: number; z: number };
}

/* Places in a hand: where they are if the first slot of the hand is there. */
export interface Carry {
    label: string; /* "Par 1", "6 fixtures" */
    at: (spot: Address) => Place[];
    drop: (places: Place[]) => void;
    isNew: boolean;
}

/* An edit that does not fit. */
export interface Asked {
    label: string;
    coming: Place[];
    found: Clash[];
    changes: ReadonlyMap<string, Change>;
    create: readonly Change[];
}

export const WAYS = [
    { id: 'free', label: 'Next free place', run: nextFree },
    { id: 'others', label: 'Move what is in the way', run: moveOthers },
    { id: 'push', label: 'Renumber those behind', run: pushAlong },
] as const;
export interface WayOut {
    id: (typeof WAYS)[number]['id'];
    label: string;
    places: Place[];
    words: string; /* what comes of it */
}

const NEW = 'new:';
const REST_MS = 350;
const STRETCH = 12; /* names of those in the way that are told */
export const many = (n: number): string => `${n} ${n === 1 ? 'fixture' : 'fixtures'}`;
const place = (c: Change) => c.universe !== undefined || c.address !== undefined || c.mode_name !== undefined;

export class Desk {
    adding = $state<Adding | null>(null);
    /* The definitions are being searched. */
    isFinding = $state(false);
    carry = $state.raw<Carry | null>(null);
    spot = $state.raw<Address | null>(null);
    asked = $state.raw<Asked | null>(null);
    /* Places that a tool would give, before they are taken. */
    preview = $state.raw<ReadonlyMap<string, Change>>(new Map());
    /* Edits on their way, oldest first. */
    private echoes = $state.raw<readonly ReadonlyMap<string, Change>[]>([]);
    private known = new Map<string, number>(); /* channels of a mode */

    constructor(
        readonly base: string,
        readonly fixtures: Resource<Fixture[]>,
        readonly patch: Resource<Patch>,
    ) {}

    private echo = $derived.by(() => {
        const all = new Map<string, Change>();
        for (const layer of this.echoes) for (const [id, c] of layer) all.set(id, { ...all.get(id), ...c });
        return all;
    });
    /* Who may only look chooses and sorts, and changes nothing. */
    get canEdit(): boolean {
        return session.can('operator');
    }

    rows = $derived.by(() => {
        const all = inPatchOrder(this.fixtures.data ?? []);
        return this.echo.size ? all.map((f) => (this.echo.has(f.id) ? { ...f, ...this.echo.get(f.id) } : f)) : all;
    });
    byId = $derived(new Map(this.rows.map((f) => [f.id, f])));
    picked = $derived(picked.ids.flatMap((id) => this.byId.get(id) ?? []));
    private slots = $derived.by(() => new Map((this.patch.data?.universes ?? []).flatMap((u) => u.used.map((s) => [s.fixture_id, s.channels] as const))));
    private modes = $derived.by(() => {
        const out = new Map<string, number>();
        for (const f of this.fixtures.data ?? []) {
            const n = this.slots.get(f.id);
            if (n) out.set(this.mode(f), n);
        }
        return out;
    });
    private mode = (f: { fixture_path: string | null; mode_name: string }) => `${f.fixture_path}\n${f.mode_name}`;
    channels = (f: Fixture): number => this.modes.get(this.mode(f)) ?? this.known.get(this.mode(f)) ?? this.slots.get(f.id) ?? 0;

    places = $derived(this.rows.map((f): Place => ({ id: f.id, universe: f.universe, address: f.address, channels: this.channels(f) })));
    /* Those that stand in each other's way already. */
    trouble = $derived(new Map(troubled(this.places).map((c) => [c.id, c])));
    isPending = (id: string, key: string): boolean => key in (this.echo.get(id) ?? {});

    /* ---- placing what is found ---- */

    private channelsOf = (item: LibraryItem, mode: string) => item.modes.find((m) => m.name === mode)?.channels ?? 1;

    learn(path: string | null, mode: string, channels: number) {
        this.known.set(this.mode({ fixture_path: path, mode_name: mode }), channels);
    }
    begin(item: LibraryItem, mode = item.modes[0]?.name ?? '') {
        for (const m of item.modes) this.learn(item.path, m.name, m.channels);
        const same = this.rows.filter((f) => f.model === item.model && f.manufacturer === item.manufacturer).length;
        const kept = this.adding;
        this.asked = null;
        picked.set([]);
        this.adding = {
            item, mode, count: kept?.count ?? 1, step: null, label: `${item.model} ${same + 1}`, at: { universe: 1, address: 1 },
            offset: kept?.offset ?? { x: 1, y: 0, z: 0 }, pos: kept?.pos ?? { x: 0, y: this.behind(), z: 4 },
        };
        this.suggest();
    }
    /* Metres upstage where nothing stands yet: rows that are patched one after the other do not lie inside each other on the stage. */
    private behind = (): number => (this.rows.length ? Math.round((Math.max(...this.rows.map((f) => f.pos_y)) + 1.5) * 10) / 10 : 0);
    /* The first place where all of the row fits, from the universe on that was patched last. */
    suggest() {
        const a = this.adding;
        if (!a) return;
        const universe = this.rows.at(-1)?.universe ?? 1;
        const row = this.newPlaces({ universe, address: 1 });
        const found = nextFree(row, this.places);
        if (found?.[0]) a.at = { universe: found[0].universe, address: found[0].address };
    }
    newPlaces = (at: Address): Place[] => {
        const a = this.adding;
        if (!a) return [];
        const channels = this.channelsOf(a.item, a.mode);
        return rowOf(at, channels, a.step ?? channels, a.count).map((s, i) => ({ ...s, id: `${NEW}${i}`, channels }));
    };
    add = (places: Place[] = this.newPlaces(this.adding!.at)): Promise<boolean> => {
        const a = $state.snapshot(this.adding)!;
        const create = places.map(
            (p, i): Change => ({
                manufacturer: a.item.manufacturer, model: a.item.model, fixture_path: a.item.path, mode_name: a.mode,
                label: a.count > 1 ? counted(a.label.trim(), i) : a.label.trim(), universe: p.universe, address: p.address,
                pos_x: a.pos.x + i * a.offset.x, pos_y: a.pos.y + i * a.offset.y, pos_z: a.pos.z + i * a.offset.z,
            }),
        );
        return this.propose({ label: `add ${many(create.length)}`, coming: places, changes: new Map(), create });
    };
    closeAdding() {
        this.adding = null;
        this.isFinding = false;
    }

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
    takeNew(): Carry | null {
        const a = this.adding;
        if (!a || !this.canEdit) return null;
        return {
            label: a.count === 1 ? a.item.model : `${a.count} of ${a.item.model}`,
            isNew: true,
            at: this.newPlaces,
            drop: (places) => {
                if (places[0]) a.at = { universe: places[0].universe, address: places[0].address };
                void this.add(places);
            },
        };
    }
    ghost = $derived.by((): Place[] => {
        if (this.carry && this.spot) return this.carry.at(this.spot);
        if (this.asked) return this.asked.coming;
        return this.adding ? this.newPlaces(this.adding.at) : [];
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
            this.echoes = this.echoes.filter((layer) => layer !== this.held!.changes);
        }
        this.echoes = [...this.echoes, all];
        this.held = { label, changes: all, timer: setTimeout(() => this.flush(), REST_MS) };
    }
    flush() {
        const held = this.held;
        if (!held) return;
        this.held = null;
        clearTimeout(held.timer);
        this.echoes = this.echoes.filter((layer) => layer !== held.changes);
        void this.change(held.label, held.changes);
    }

    delete(ids: readonly string[]): Promise<boolean> {
        if (!ids.length) return Promise.resolve(true);
        const label = `delete ${ids.length === 1 ? fixtureName(this.byId.get(ids[0]!)) : many(ids.length)}`;
        return this.send(label, { delete: ids }, () => toasts.noteUndo(`Deleted ${many(ids.length)}`, () => void history.undo()));
    }

    /* The chosen ones again, `count` times, each time so much further; the first at `at` or in the next free place. */
    copy(rows: readonly Fixture[], count: number, offset: { x: number; y: number; z: number }, at: Address | null = null): Promise<boolean> {
        const of = new Map(this.places.map((p) => [p.id, p]));
        const block = inOrder(rows.flatMap((f) => of.get(f.id) ?? []));
        const create: Change[] = [];
        const coming: Place[] = [];
        let from = at ?? (block.at(-1) ? { universe: block.at(-1)!.universe, address: block.at(-1)!.address } : null);
        for (let k = 1; k <= count && from && block[0]; k++) {
            const wanted = carried(block, slotOf(from) - slotOf(block[0])).map((p, i) => ({ ...p, id: `${NEW}${create.length + i}` }));
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

    private propose(edit: Omit<Asked, 'found'>): Promise<boolean> {
        if (!this.canEdit) return Promise.resolve(false);
        const found = clashes(edit.coming, this.staying(edit.coming));
        if (found.length) {
            this.asked = { ...edit, found };
            return Promise.resolve(false);
        }
        this.asked = null;
        return this.send(edit.label, { update: edit.changes, create: edit.create }, null, edit);
    }
    waysOut = $derived.by((): WayOut[] => {
        const a = this.asked;
        if (!a) return [];
        const staying = this.staying(a.coming);
        return WAYS.flatMap((w) => {
            const places = w.run(a.coming, staying);
            const first = places?.[0];
            if (!places || !first) return [];
            const others = places.length - a.coming.length;
            return [{ id: w.id, label: w.label, places, words: w.id === 'free' ? text(first) : many(others) }];
        });
    });
    /* What is in whose way, in a line. */
    why = $derived.by((): string => {
        const a = this.asked;
        if (!a) return '';
        const name = (id: string) => (id.startsWith(NEW) ? String(a.create[Number(id.slice(NEW.length))]?.label || 'The new one') : fixtureName(this.byId.get(id)));
        const [first] = a.found;
        if (!first) return '';
        const p = a.coming.find((x) => x.id === first.id)!;
        const more = a.found.length > 1 ? ` And ${a.found.length - 1} more.` : '';
        if (first.isOver) return `${name(first.id)} does not fit at ${text(p)}: it takes ${p.channels} slots.${more}`;
        const way = first.with.map(name);
        const list = way.slice(0, STRETCH).join(', ') + (way.length > STRETCH ? ` and ${way.length - STRETCH} more` : '');
        return `${name(first.id)} at ${text(p)} to ${p.address + p.channels - 1}: ${list} ${way.length === 1 ? 'is' : 'are'} in the way.${more}`;
    });
    takeWay = (w: WayOut): Promise<boolean> => {
        const a = this.asked;
        if (!a) return Promise.resolve(false);
        const changes = new Map(a.changes);
        const create = a.create.map((c) => ({ ...c }));
        for (const p of w.places) {
            const to = { universe: p.universe, address: p.address };
            if (p.id.startsWith(NEW)) Object.assign(create[Number(p.id.slice(NEW.length))] ?? {}, to);
            else changes.set(p.id, { ...changes.get(p.id), ...to });
        }
        return this.propose({ label: a.label, coming: w.places, changes: real(changes, (id) => this.byId.get(id)), create });
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

    private async send(label: string, edits: FixtureEdits & { update?: ReadonlyMap<string, Change> }, done: (() => void) | null = null, again?: Omit<Asked, 'found'>): Promise<boolean> {
        if (!this.canEdit) return false;
        const mine = edits.update ?? new Map<string, Change>();
        const before = this.fixtures.data ?? [];
        this.echoes = [...this.echoes, mine];
        let isDone = true;
        try {
            const r = await editFixtures(label, this.base, before, edits);
            const news = new Map([...r.updated, ...r.created].map((f) => [f.id, f]));
            const gone = new Set(r.deleted);
            const data = this.fixtures.data ?? [];
            const there = new Set(data.map((f) => f.id));
            this.fixtures.data = [...data.filter((f) => !gone.has(f.id)).map((f) => news.get(f.id) ?? f), ...r.created.filter((f) => !there.has(f.id))];
            if (gone.size) picked.set(picked.ids.filter((id) => !gone.has(id)));
            if (r.created.length) {
                picked.set(r.created.map((f) => f.id));
                this.closeAdding();
            }
            done?.();
        } catch (e) {
            isDone = false;
            const problem = asError(e);
            await Promise.all([this.fixtures.load(), this.patch.load()]);
            const found = again && problem.status === 409 ? clashes(again.coming, this.staying(again.coming)) : [];
            if (again && found.length) this.asked = { ...again, found };
            else toasts.error(label.charAt(0).toUpperCase() + label.slice(1), problem);
        }
        this.echoes = this.echoes.filter((layer) => layer !== mine);
        void this.fixtures.load();
        void this.patch.load();
        return isDone;
    }
}
