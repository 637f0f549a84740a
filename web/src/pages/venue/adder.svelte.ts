/*
 * What of the library is to be patched next. The search stays open from one to the next: what was added is said, and the same is offered again in the next free
 * place, until somebody is done or chooses something that stands already.
 */
import { tick } from 'svelte';
import type { Fixture, LibraryItem } from '../../api/types';
import { picked } from '../../state/picked.svelte';
import { ui } from '../../state/ui.svelte';
import type { Change } from './columns';
import type { Carry, Desk } from './desk.svelte';
import { inPatchOrder, type Address } from './patch';
import { counted, nextFree, rowOf, text, type Place } from './places';
import { many, newId } from './ways';

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

export class Adder {
    now = $state<Adding | null>(null);
    /* The definitions are being searched. */
    isOpen = $state(false);
    /* What was added last, while the search is open; another object each time, for who takes the keys back. */
    said = $state.raw<{ words: string } | null>(null);
    /* What is chosen because it was added. */
    private made: readonly string[] = [];
    private suggested = ''; /* address */

    constructor(private readonly desk: Desk) {}

    open() {
        this.isOpen = true;
        picked.set([]);
        ui.isInspectorOpen = false;
        ui.isListOpen = true;
    }
    /* The keys go where the new ones are. */
    async close() {
        this.now = this.said = null;
        this.isOpen = ui.isListOpen = ui.isInspectorOpen = false;
        await tick();
        const table = document.querySelector<HTMLElement>('[role="tabpanel"] [role="grid"]');
        (table ?? document.querySelector<HTMLElement>('[role="tabpanel"] [data-adds]'))?.focus({ preventScroll: true });
    }

    begin(item: LibraryItem, mode = item.modes[0]?.name ?? '') {
        this.desk.modes.learn(item.path, item.modes);
        const kept = this.now;
        this.desk.leave();
        picked.set([]);
        this.offer(item, mode, kept?.count ?? 1, kept?.pos);
    }
    private offer(item: LibraryItem, mode: string, count: number, pos: Adding['pos'] | undefined) {
        const same = this.desk.rows.filter((f) => f.model === item.model && f.manufacturer === item.manufacturer).length;
        this.now = {
            item, mode, count, step: null, label: `${item.model} ${same + 1}`, at: { universe: 1, address: 1 },
            offset: this.now?.offset ?? { x: 1, y: 0, z: 0 }, pos: pos ?? { x: 0, y: this.behind(), z: this.now?.pos.z ?? 4 },
        };
        this.suggest();
    }
    /* Metres upstage where nothing stands yet: rows that are patched one after the other do not lie inside each other on the stage. */
    private behind = (): number => {
        const { rows } = this.desk;
        return rows.length ? Math.round((Math.max(...rows.map((f) => f.pos_y)) + 1.5) * 10) / 10 : 0;
    };
    /* The first place where all of the row fits, from the universe on that was patched last. */
    suggest() {
        const a = this.now;
        if (!a) return;
        const universe = this.desk.rows.at(-1)?.universe ?? 1;
        const found = nextFree(this.places({ universe, address: 1 }), this.desk.places);
        if (found?.[0]) a.at = { universe: found[0].universe, address: found[0].address };
        this.suggested = text(a.at);
    }
    /* Where it would stand. */
    places = (at: Address): Place[] => {
        const a = this.now;
        if (!a) return [];
        const channels = a.item.modes.find((m) => m.name === a.mode)?.channels ?? 1;
        return rowOf(at, channels, a.step ?? channels, a.count).map((s, i) => ({ ...s, id: newId(i), channels }));
    };

    add = (places: Place[] = this.places(this.now!.at)): Promise<boolean> => {
        const a = $state.snapshot(this.now)!;
        const create = places.map(
            (p, i): Change => ({
                manufacturer: a.item.manufacturer, model: a.item.model, fixture_path: a.item.path, mode_name: a.mode,
                label: a.count > 1 ? counted(a.label.trim(), i) : a.label.trim(), universe: p.universe, address: p.address,
                pos_x: a.pos.x + i * a.offset.x, pos_y: a.pos.y + i * a.offset.y, pos_z: a.pos.z + i * a.offset.z,
            }),
        );
        return this.desk.propose({ label: `add ${many(create.length)}`, coming: places, changes: new Map(), create, done: (made) => this.wasAdded(made) });
    };
    /* They are there, and chosen. */
    private wasAdded(made: readonly Fixture[]) {
        const first = inPatchOrder(made)[0];
        const a = this.now;
        this.made = picked.ids;
        if (!first || !this.isOpen) return;
        this.said = { words: `Added ${many(made.length)} ${made.length > 1 ? 'from' : 'at'} ${text(first)}` };
        if (a) this.offer($state.snapshot(a).item, a.mode, 1, undefined);
    }
    /* Something else was chosen: that is what one is about now. The search stays. */
    follow() {
        if (this.now && picked.size && picked.ids !== this.made) this.now = null;
    }
    /* What was added last is undone, or deleted: nothing is said of it any more, and its place is offered again. */
    recall(there: ReadonlyMap<string, unknown>) {
        if (!this.said || this.made.some((id) => there.has(id))) return;
        this.said = null;
        if (this.now && text(this.now.at) === this.suggested) this.suggest();
    }

    carry(): Carry | null {
        const a = this.now;
        if (!a || !this.desk.canEdit) return null;
        return {
            label: a.count === 1 ? a.item.model : `${a.count} of ${a.item.model}`,
            isNew: true,
            at: this.places,
            drop: (places) => {
                if (places[0]) a.at = { universe: places[0].universe, address: places[0].address };
                void this.add(places);
            },
        };
    }
}
