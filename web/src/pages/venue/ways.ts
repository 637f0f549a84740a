/* An edit of the patch that does not fit: what is in whose way, in words, and the ways out of it. Pure; where things fit is places.ts. */
import type { Fixture } from '../../api/types';
import type { Change } from './columns';
import { moveOthers, nextFree, pushAlong, text, type Clash, type Place } from './places';

export interface Edit {
    label: string;
    coming: Place[]; /* where what it moves, changes or makes would stand, in patch order */
    changes: ReadonlyMap<string, Change>;
    create: readonly Change[];
    done?: (made: readonly Fixture[]) => void; /* once it is stored */
}
export interface Asked extends Edit {
    found: Clash[];
}

/* What is still to be made has no id: "new:0" is the first of them. */
const NEW = 'new:';
export const newId = (i: number): string => `${NEW}${i}`;
const newIndex = (id: string): number | null => (id.startsWith(NEW) ? Number(id.slice(NEW.length)) : null);

const WAYS = [
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

const STRETCH = 12; /* names of those in the way that are told */
export const many = (n: number): string => `${n} ${n === 1 ? 'fixture' : 'fixtures'}`;

export const waysOut = (a: Edit, staying: readonly Place[]): WayOut[] =>
    WAYS.flatMap((w): WayOut[] => {
        const places = w.run(a.coming, staying);
        const first = places?.[0];
        if (!places || !first) return [];
        const at = a.coming.length > 1 ? `from ${text(first)}` : text(first);
        return [{ id: w.id, label: w.label, places, words: w.id === 'free' ? at : many(places.length - a.coming.length) }];
    });

/* The edit as it is on that way. */
export function taking(a: Edit, w: WayOut): Edit {
    const changes = new Map(a.changes);
    const create = a.create.map((c) => ({ ...c }));
    for (const p of w.places) {
        const to = { universe: p.universe, address: p.address };
        const i = newIndex(p.id);
        if (i === null) changes.set(p.id, { ...changes.get(p.id), ...to });
        else Object.assign(create[i] ?? {}, to);
    }
    return { ...a, coming: w.places, changes, create };
}

/* What is in whose way, in a line. */
export function why(a: Asked, named: (id: string) => string): string {
    const name = (id: string) => {
        const i = newIndex(id);
        return i === null ? named(id) : String(a.create[i]?.label || 'The new one');
    };
    const [first] = a.found;
    const p = a.coming.find((x) => x.id === first?.id);
    if (!first || !p) return '';
    const more = a.found.length > 1 ? ` And ${a.found.length - 1} more.` : '';
    if (first.isOver) return `${name(first.id)} does not fit at ${text(p)}: it takes ${p.channels} slots.${more}`;
    const way = first.with.map(name);
    const list = way.slice(0, STRETCH).join(', ') + (way.length > STRETCH ? ` and ${way.length - STRETCH} more` : '');
    return `${name(first.id)} at ${text(p)} to ${p.address + p.channels - 1}: ${list} ${way.length === 1 ? 'is' : 'are'} in the way.${more}`;
}
