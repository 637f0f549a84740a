/* Mouse and fingers on the map: a press chooses, a drag of what is chosen carries it, a drag over empty ground is a marquee; a long press of a finger chooses more. */
import { picked } from '../../state/picked.svelte';
import type { Atlas } from './atlas.svelte';
import { startCarry } from './carrying';
import type { Address } from './patch';
import { slotOf } from './places';

const LONG_MS = 450;
const STILL = 8; /* pixels that a finger may move and be a tap */

export class MapHands {
    private last: string | null = null; /* from where a range goes */

    constructor(private readonly map: Atlas) {}

    idOf = (e: Event): string | null => (e.target as Element).closest<HTMLElement>('[data-id]')?.dataset.id ?? null;

    down = (e: PointerEvent) => {
        const { map } = this;
        if (e.button !== 0 || e.offsetX > map.view!.clientWidth) return;
        const id = this.idOf(e);
        const spot = map.hit(e.clientX, e.clientY);
        if (!id) return e.pointerType === 'touch' ? this.tap(e, () => spot && this.ground(spot)) : this.frame(e, spot);
        if (e.pointerType === 'touch') return this.finger(e, id, spot);
        const wasChosen = map.chosen.has(id);
        const isMore = e.ctrlKey || e.metaKey;
        if (isMore || e.shiftKey) return this.pick(id, isMore, e.shiftKey);
        if (!wasChosen) this.pick(id, false, false);
        startCarry(e, map.desk, () => map.desk.take(id, this.grab(id, spot)), (was) => !was && wasChosen && this.pick(id, false, false));
    };

    private pick(id: string, isMore: boolean, isRange: boolean) {
        const { ordered } = this.map;
        this.map.at = id;
        if (isRange && this.last) {
            const [a, b] = [this.last, id].map((x) => ordered.findIndex((p) => p.id === x)) as [number, number];
            const range = ordered.slice(Math.min(a, b), Math.max(a, b) + 1).map((p) => p.id);
            return picked.add(a > b ? range.reverse() : range);
        }
        this.last = id;
        if (isMore) picked.toggle(id);
        else picked.only(id);
    }
    /* How far from its first slot it was taken. */
    private grab = (id: string, spot: Address | null) => (spot ? slotOf(spot) - slotOf(this.map.desk.byId.get(id)!) : 0);

    /* What is chosen already is carried; over the rest a finger scrolls. */
    private finger(e: PointerEvent, id: string, spot: Address | null) {
        const { desk, chosen } = this.map;
        let isLong = false;
        const timer = setTimeout(() => {
            isLong = true;
            picked.toggle(id);
            navigator.vibrate?.(10);
        }, LONG_MS);
        const stop = () => clearTimeout(timer);
        if (!chosen.has(id)) return this.tap(e, () => isLong || this.pick(id, chosen.size > 1, false), stop);
        const take = () => {
            stop();
            return isLong ? null : desk.take(id, this.grab(id, spot));
        };
        startCarry(e, desk, take, (was) => {
            stop();
            if (!was && !isLong) this.pick(id, false, false);
        });
    }
    /* A finger that did not move. */
    private tap(e: PointerEvent, run: () => unknown, over: () => void = () => undefined) {
        const end = (u: PointerEvent) => {
            removeEventListener('pointerup', end);
            removeEventListener('pointercancel', end);
            over();
            if (u.type === 'pointerup' && Math.hypot(u.clientX - e.clientX, u.clientY - e.clientY) < STILL) run();
        };
        addEventListener('pointerup', end);
        addEventListener('pointercancel', end);
    }
    /* Empty ground: what is to be placed goes there; else nothing is chosen any more. */
    private ground(spot: Address) {
        const { adder } = this.map.desk;
        if (adder.now) adder.now.at = spot;
        else picked.set([]);
    }
    private frame(e: PointerEvent, from: Address | null) {
        const { map } = this;
        if (!from) return;
        const before = e.shiftKey || e.ctrlKey ? picked.ids : [];
        const move = (m: PointerEvent) => {
            const to = map.hit(m.clientX, m.clientY);
            if (!to || (!map.marquee && Math.hypot(m.clientX - e.clientX, m.clientY - e.clientY) < 5)) return;
            const [a, b] = [slotOf(from), slotOf(to)].sort((x, y) => x - y) as [number, number];
            map.marquee = [a, b];
            picked.set([...before, ...map.touching(a, b)]);
        };
        const end = (u: PointerEvent) => {
            removeEventListener('pointermove', move);
            removeEventListener('pointerup', end);
            removeEventListener('pointercancel', end);
            if (!map.marquee && u.type === 'pointerup') this.ground(from);
            map.marquee = null;
        };
        addEventListener('pointermove', move);
        addEventListener('pointerup', end);
        addEventListener('pointercancel', end);
    }
}
