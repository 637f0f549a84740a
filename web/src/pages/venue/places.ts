/*
 * Where fixtures stand in their universes: what is in whose way, and the ways out of it. Pure.
 * A place is a run of slots in one universe; places are compared and returned in patch order.
 */
import type { Address } from './patch';

export const SLOTS = 512;
export const LAST_UNIVERSE = 63999;

export interface Place extends Address {
    id: string;
    channels: number; /* 0: the definition is lost, it takes no slots */
}

/* All slots of all universes in one row, from 0 on. */
export const slotOf = (a: Address): number => (a.universe - 1) * SLOTS + a.address - 1;
export const spotOf = (slot: number): Address => {
    const at = Math.min(LAST_UNIVERSE * SLOTS - 1, Math.max(0, slot));
    return { universe: Math.floor(at / SLOTS) + 1, address: (at % SLOTS) + 1 };
};
export const endOf = (p: Place): number => p.address + Math.max(1, p.channels) - 1;
export const text = (a: Address): string => `${a.universe}.${a.address}`;
export const inOrder = (places: readonly Place[]): Place[] => [...places].sort((a, b) => slotOf(a) - slotOf(b) || a.id.localeCompare(b.id));

/* "2.101", "2/101" or "101" (of `universe`). */
export function readAddress(s: string, universe: number): Address | null {
    const [, u, a] = /^\s*(?:(\d+)\s*[./:]\s*)?(\d+)\s*$/.exec(s) ?? [];
    if (!a) return null;
    const at = { universe: u ? Number(u) : universe, address: Number(a) };
    return at.universe >= 1 && at.universe <= LAST_UNIVERSE && at.address >= 1 && at.address <= SLOTS ? at : null;
}

/* Per universe, who has each slot: the last who came. */
class Ground {
    private readonly universes = new Map<number, (string | undefined)[]>();

    constructor(places: readonly Place[] = []) {
        for (const p of places) this.take(p);
    }
    take(p: Place) {
        let slots = this.universes.get(p.universe);
        if (!slots) this.universes.set(p.universe, (slots = new Array<string | undefined>(SLOTS + 1)));
        for (let a = p.address; a < p.address + p.channels && a <= SLOTS; a++) slots[a] = p.id;
    }
    /* Whether so many slots are there and free. */
    isFree(universe: number, address: number, channels: number): boolean {
        if (universe < 1 || universe > LAST_UNIVERSE || address < 1 || address + Math.max(1, channels) - 1 > SLOTS) return false;
        const slots = this.universes.get(universe);
        if (slots) for (let a = address; a < address + channels; a++) if (slots[a] !== undefined) return false;
        return true;
    }
    /* The first place from there on; behind the last universe there is none. */
    next(from: Address, channels: number): Address | null {
        let { universe, address } = from;
        for (; universe <= LAST_UNIVERSE; universe++, address = 1) {
            for (let a = Math.max(1, address); a + channels - 1 <= SLOTS; a++) if (this.isFree(universe, a, channels)) return { universe, address: a };
        }
        return null;
    }
}

export interface Clash {
    id: string;
    /* Who has slots of it, of those that stand and those that come. */
    with: string[];
    isOver: boolean; /* beyond slot 512, or no address at all */
}

/* Those of `coming` that do not fit where they want to be, among each other and with those that stay. */
export function clashes(coming: readonly Place[], staying: readonly Place[]): Clash[] {
    const all = new Map<number, Place[]>();
    for (const p of [...staying, ...coming]) {
        const here = all.get(p.universe);
        if (here) here.push(p);
        else all.set(p.universe, [p]);
    }
    const out: Clash[] = [];
    for (const p of coming) {
        const isOver = p.universe < 1 || p.universe > LAST_UNIVERSE || p.address < 1 || endOf(p) > SLOTS;
        const way = (all.get(p.universe) ?? []).filter(
            (o) => o.id !== p.id && o.address < p.address + p.channels && p.address < o.address + o.channels,
        );
        if (isOver || way.length) out.push({ id: p.id, with: way.map((o) => o.id), isOver });
    }
    return out;
}

/* Those of a patch that are in each other's way: a definition may have grown since. */
export const troubled = (places: readonly Place[]): Clash[] => clashes(places, []);

/* ---- ways out: every place that is another one then, or null where there is none ---- */

/* The row as it is, at the first place from where it wants to be on where all of it fits; else one behind the other. */
export function nextFree(coming: readonly Place[], staying: readonly Place[]): Place[] | null {
    const ground = new Ground(staying);
    const order = inOrder(coming);
    const first = order[0];
    if (!first) return [];
    const fits = (by: number) => order.every((p) => ground.isFree(p.universe, p.address + by, p.channels));
    if (!troubled(order).length) {
        for (let by = 0; first.address + by <= SLOTS; by++) {
            if (fits(by)) return order.map((p) => ({ ...p, address: p.address + by }));
        }
    }
    return oneByOne(order, ground, first);
}

function oneByOne(order: readonly Place[], ground: Ground, from: Address): Place[] | null {
    const out: Place[] = [];
    let at = Math.max(0, slotOf(from));
    for (const p of order) {
        const found = ground.next(spotOf(Math.max(at, slotOf(p))), p.channels);
        if (!found) return null;
        const placed = { ...p, ...found };
        ground.take(placed);
        out.push(placed);
        at = slotOf(placed) + Math.max(1, p.channels);
    }
    return out;
}

/* Those that come stay where they want to be; who is in the way goes to the next free place behind them. */
export function moveOthers(coming: readonly Place[], staying: readonly Place[]): Place[] | null {
    const found = clashes(coming, staying);
    const own = new Set(coming.map((p) => p.id));
    if (found.some((c) => c.isOver || c.with.some((id) => own.has(id)))) return null;
    const away = new Set(found.flatMap((c) => c.with));
    const ground = new Ground([...staying.filter((p) => !away.has(p.id)), ...coming]);
    const others = oneByOne(inOrder(staying.filter((p) => away.has(p.id))), ground, inOrder(coming)[0] ?? { universe: 1, address: 1 });
    return others && [...coming, ...others];
}

/* Those that come stay where they want to be; who is in the way, and who is then in theirs, goes on by as much as it takes. The order stays. */
export function pushAlong(coming: readonly Place[], staying: readonly Place[]): Place[] | null {
    const found = clashes(coming, staying);
    const own = new Set(coming.map((p) => p.id));
    if (found.some((c) => c.isOver || c.with.some((id) => own.has(id)))) return null;
    const ground = new Ground(coming);
    const out = [...coming];
    let at = 0; /* nobody passes who was before */
    for (const p of inOrder(staying)) {
        const place = ground.next(spotOf(Math.max(slotOf(p), at)), p.channels);
        if (!place) return null;
        const now = { ...p, ...place };
        ground.take(now);
        at = slotOf(now);
        if (slotOf(now) !== slotOf(p)) out.push(now);
    }
    return out;
}

/* A row of equal ones: each `step` slots behind the other; what does not fit in the rest of a universe begins the next. */
export function rowOf(first: Address, channels: number, step: number, count: number): Address[] {
    const out: Address[] = [];
    let { universe, address } = first;
    for (let i = 0; i < count; i++) {
        if (i) {
            address += step;
            if (address + channels - 1 > SLOTS) {
                universe++;
                address = 1;
            }
        }
        out.push({ universe, address });
    }
    return out;
}

/* Places carried by so many slots; what would cross the end of a universe does not fit there. */
export const carried = (places: readonly Place[], by: number): Place[] =>
    places.map((p) => {
        const to = slotOf(p) + by;
        return to < 0 ? { ...p, address: p.address + by } : { ...p, ...spotOf(to) };
    });

/* "Par 9" and 1 -> "Par 10", "Par 09" -> "Par 10", "Par" -> "Par 2"; nothing stays nothing. As lumad counts. */
export function counted(label: string, by: number): string {
    const [, name, digits] = /^([\s\S]*?)(\d{1,9})$/.exec(label) ?? [];
    if (digits) return `${name}${String(Number(digits) + by).padStart(digits.length, '0')}`;
    return label ? (by ? `${label} ${by + 1}` : label) : '';
}

/* ---- the map ---- */

export interface Piece {
    id: string;
    row: number;
    column: number;
    width: number;
    isFirst: boolean;
    isLast: boolean;
    hasName: boolean; /* the widest piece */
}

/* A place in rows of so many slots: one that crosses the end of a row is drawn in pieces. */
export function pieces(p: Place, columns: number): Piece[] {
    const out: Piece[] = [];
    const end = Math.min(SLOTS, p.address - 1 + Math.max(1, p.channels));
    for (let slot = Math.max(0, p.address - 1); slot < end; ) {
        const row = Math.floor(slot / columns);
        const width = Math.min(end, (row + 1) * columns) - slot;
        out.push({ id: p.id, row, column: slot % columns, width, isFirst: slot === p.address - 1, isLast: slot + width === end, hasName: false });
        slot += width;
    }
    const widest = out.reduce<Piece | null>((best, x) => (!best || x.width > best.width ? x : best), null);
    if (widest) widest.hasName = true;
    return out;
}
