/* The keys of the map: from fixture to fixture, and the chosen ones carried. */
import { picked } from '../../state/picked.svelte';
import type { Atlas } from './atlas.svelte';
import { inOrder, nextFree, SLOTS, slotOf, spotOf, type Place } from './places';

/* What is to be placed, else what is chosen, is in the hand of the keys. */
function begin({ desk, here }: Atlas) {
    const carry = desk.adder.now ? desk.adder.carry() : here ? desk.take(here, 0) : null;
    const from = desk.adder.now ? desk.adder.now.at : desk.byId.get(here ?? '');
    if (!carry || !from) return;
    desk.carry = carry;
    desk.spot = { universe: from.universe, address: from.address };
}

function carryKey(map: Atlas, e: KeyboardEvent): boolean {
    const { desk, columns } = map;
    const carry = desk.carry!;
    const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns, PageUp: -SLOTS, PageDown: SLOTS }[e.key];
    if (by && desk.spot) {
        desk.spot = spotOf(slotOf(desk.spot) + by * (e.shiftKey && Math.abs(by) === 1 ? 8 : 1));
        map.reveal(desk.spot);
    } else if (e.key.toLowerCase() === 'n' && desk.spot) {
        const free = nextFree(desk.ghost, desk.places.filter((p) => carry.isNew || !map.moving.has(p.id)));
        const first = inOrder(desk.ghost)[0];
        if (!free?.[0] || !first) return true;
        desk.spot = spotOf(slotOf(desk.spot) + slotOf(free[0]) - slotOf(first));
        map.reveal(desk.spot);
    } else if (e.key === 'Enter') {
        const places = desk.ghost;
        desk.carry = desk.spot = null;
        carry.drop(places);
    } else if (e.key === 'Escape') desk.carry = desk.spot = null;
    else return false;
    return true;
}

/* The one that an arrow leads to. */
function next(map: Atlas, key: string): Place | null {
    const { ordered, columns } = map;
    const i = ordered.findIndex((p) => p.id === map.here);
    const p = ordered[i];
    const goal = p ? slotOf(p) + (key === 'ArrowDown' ? columns : -columns) : 0;
    switch (key) {
        case 'ArrowRight':
            return ordered[i + 1] ?? null;
        case 'ArrowLeft':
            return ordered[Math.max(0, i - 1)] ?? null;
        case 'ArrowDown':
            return (p && ordered.find((o) => slotOf(o) >= goal)) ?? ordered.at(-1) ?? null;
        case 'ArrowUp':
            return (p && ordered.filter((o) => slotOf(o) <= goal).at(-1)) ?? ordered[0] ?? null;
        case 'Home':
            return ordered[0] ?? null;
        default:
            return ordered.at(-1) ?? null;
    }
}

/* True: the key was for the map. */
export function mapKey(map: Atlas, e: KeyboardEvent): boolean {
    const { desk } = map;
    if (desk.carry) return carryKey(map, e);
    const letter = e.ctrlKey || e.metaKey ? e.key.toLowerCase() : '';
    if (/^(Arrow(Left|Right|Up|Down)|Home|End)$/.test(e.key)) {
        const to = next(map, e.key);
        if (!to) return true;
        map.at = to.id;
        if (e.shiftKey) picked.add([to.id]);
        else picked.only(to.id);
        map.reveal(to);
    } else if (e.key === ' ' && map.here) picked.toggle((map.at = map.here));
    else if (letter === 'a') picked.set(map.ordered.map((x) => x.id));
    else if (letter === 'd' && picked.size) void desk.copy(desk.picked, 1, { x: 1, y: 0, z: 0 });
    else if (e.key === 'Enter') begin(map);
    else if (e.key === 'Delete' && picked.size) void desk.delete(picked.ids);
    else if (e.key === 'Escape' && picked.size) picked.set([]);
    else return false;
    return true;
}
