/* The maps of the universes: which are there, how large they are drawn, which are seen, and what is under a point. No more of them is drawn than is seen. */
import { untrack } from 'svelte';
import { picked } from '../../state/picked.svelte';
import type { Desk } from './desk.svelte';
import type { Address } from './patch';
import { inOrder, LAST_UNIVERSE, SLOTS, slotOf, type Piece, type Place } from './places';

export const COARSE = matchMedia('(pointer: coarse)').matches;
export const GUTTER = 34; /* the numbers at the left */
const HEAD = 24;
const GAP = 10;
const EDGE = 36; /* pixels at which it scrolls by itself */

export class Atlas {
    view: HTMLElement | undefined = $state.raw();
    top = $state(0);
    height = $state(300);
    width = $state(700);
    /* Where the keys are. */
    at = $state<string | null>(null);
    /* Slots that a marquee touches, as one row of all. */
    marquee = $state.raw<[number, number] | null>(null);

    constructor(
        readonly desk: Desk,
        private readonly isSmall: () => boolean,
    ) {}

    columns = $derived.by(() => (this.isSmall() ? 128 : 64));
    row = $derived.by(() => (this.isSmall() ? (COARSE ? 22 : 16) : COARSE ? 34 : 26));
    rows = $derived(SLOTS / this.columns);
    block = $derived(HEAD + this.rows * this.row + GAP);
    slot = $derived((this.width - GUTTER - 8) / this.columns);

    byUniverse = $derived.by(() => {
        const all = new Map<number, Place[]>();
        for (const p of this.desk.places) {
            const here = all.get(p.universe);
            if (here) here.push(p);
            else all.set(p.universe, [p]);
        }
        return all;
    });
    /* Those with fixtures, those that something is to go to, and one to go on in. */
    universes = $derived.by(() => {
        const all = new Set([...this.byUniverse.keys(), ...this.desk.ghost.map((p) => p.universe)]);
        let next = 1;
        while (all.has(next)) next++;
        all.add(next);
        return [...all].filter((u) => u >= 1 && u <= LAST_UNIVERSE).sort((a, b) => a - b);
    });
    first = $derived(Math.max(0, Math.floor(this.top / this.block) - 1));
    shown = $derived(this.universes.slice(this.first, Math.ceil((this.top + this.height) / this.block) + 1));
    chosen = $derived(new Set(picked.ids));
    /* Those that are carried, or that a question is about: they are elsewhere in thought. */
    moving = $derived.by(() => {
        const isCarried = this.desk.carry && !this.desk.carry.isNew && this.desk.spot;
        return new Set(isCarried || this.desk.asked ? this.desk.ghost.map((p) => p.id) : []);
    });
    ordered = $derived.by(() => inOrder(this.desk.places));
    here = $derived.by(() => (this.at !== null && this.desk.byId.has(this.at) ? this.at : picked.last));

    used = (u: number): number => (this.byUniverse.get(u) ?? []).reduce((n, p) => n + p.channels, 0);

    private revealed = '';
    reveal(a: Address) {
        const { view, row } = this;
        const i = this.universes.indexOf(a.universe);
        if (i < 0 || !view) return;
        const y = i * this.block + HEAD + Math.floor((a.address - 1) / this.columns) * row;
        if (y - HEAD < view.scrollTop) view.scrollTop = Math.max(0, y - HEAD - 4);
        else if (y + row * 2 > view.scrollTop + view.clientHeight) view.scrollTop = y + row * 3 - view.clientHeight;
    }
    /* Chosen elsewhere, or to be placed: it comes into view, once. */
    follow() {
        const { desk } = this;
        const target = desk.asked?.coming[0] ?? (desk.adder.now ? desk.ghost[0] : desk.byId.get(picked.last ?? ''));
        const mark = target ? `${target.universe}.${target.address}.${target.id}` : '';
        if (!target || desk.carry || mark === this.revealed) return;
        this.revealed = mark;
        untrack(() => {
            /* Of many it is enough that one is seen. */
            const isSeen = picked.size > 1 && picked.ids.some((x) => this.shown.includes(desk.byId.get(x)?.universe ?? 0));
            if (!isSeen || desk.asked || desk.adder.now) this.reveal(target);
        });
    }

    hit = (x: number, y: number): Address | null => {
        const box = this.view?.getBoundingClientRect();
        if (!box || x < box.left || x > box.right || y < box.top || y > box.bottom) return null;
        const whole = y - box.top + this.view!.scrollTop;
        const universe = this.universes[Math.floor(whole / this.block)];
        if (universe === undefined) return null;
        const clamp = (v: number, max: number) => Math.min(max, Math.max(0, v));
        const row = clamp(Math.floor(((whole % this.block) - HEAD) / this.row), this.rows - 1);
        return { universe, address: row * this.columns + clamp(Math.floor((x - box.left - GUTTER) / this.slot), this.columns - 1) + 1 };
    };
    scroll = (y: number) => {
        const box = this.view?.getBoundingClientRect();
        if (!box) return;
        if (y > box.top && y < box.top + EDGE) this.view!.scrollTop -= 10;
        else if (y < box.bottom && y > box.bottom - EDGE) this.view!.scrollTop += 10;
    };
    /* Where a piece is drawn. */
    box = (p: Pick<Piece, 'row' | 'column' | 'width'>): string =>
        `top:${p.row * this.row}px;height:${this.row - 2}px;left:${GUTTER + p.column * this.slot}px;width:${Math.max(3, p.width * this.slot - 1)}px`;
    /* What of the marquee is in a universe. */
    marked = (u: number): Place[] => {
        if (!this.marquee) return [];
        const [a, b] = [Math.max(this.marquee[0], (u - 1) * SLOTS), Math.min(this.marquee[1], u * SLOTS - 1)];
        return a > b ? [] : [{ id: '', universe: u, address: (a % SLOTS) + 1, channels: b - a + 1 }];
    };
    touching = (a: number, b: number): string[] =>
        this.ordered.filter((p) => slotOf(p) <= b && slotOf(p) + Math.max(1, p.channels) - 1 >= a).map((p) => p.id);
}
