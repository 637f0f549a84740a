/* Searching the fixture definitions: all of them are in the page, so every letter answers at once. Pure. */
import type { LibraryItem } from '../../api/types';

export interface Entry {
    id: string; /* the path */
    item: LibraryItem;
    maker: string;
    model: string;
    all: string;
}
export interface Filter {
    words: string;
    maker: string; /* '': any */
    type: string;
    channels: string; /* "16", "8-20", "<12", ">30" */
}
export interface Found extends Entry {
    mode: string; /* the first that has so many channels */
}

const low = (s: string) => s.toLocaleLowerCase();
export const entries = (items: readonly LibraryItem[]): Entry[] =>
    items.map((item) => {
        const [maker, model] = [low(item.manufacturer), low(item.model)];
        return { id: item.path, item, maker, model, all: `${maker} ${model} ${low(item.path)} ${low(kindName(item.type))}` };
    });

/* "moving_head" as people say it. */
export const kindName = (type: string): string => {
    const words = type.replaceAll('_', ' ');
    return words.charAt(0).toUpperCase() + words.slice(1);
};

/* What the words stand for; null: it cannot be read. */
export function readRange(s: string): [number, number] | null {
    const t = s.replace(/\s|ch(annels)?$/gi, '');
    if (!t) return [0, Infinity];
    const [, than, n] = /^([<>])(\d+)$/.exec(t) ?? [];
    if (n) return than === '<' ? [0, Number(n) - 1] : [Number(n) + 1, Infinity];
    const [, a, b] = /^(\d+)(?:(?:-|–|\.\.|to)(\d+))?$/.exec(t) ?? [];
    return a ? [Number(a), Number(b ?? a)] : null;
}

/* An exact model stands first, then one that begins so, then a word that begins so. */
function rank(e: Entry, whole: string, words: readonly string[]): number {
    if (!whole) return 3;
    if (e.model === whole || `${e.maker} ${e.model}` === whole) return 0;
    if (e.model.startsWith(whole) || `${e.maker} ${e.model}`.startsWith(whole)) return 1;
    return words.every((w) => e.model.includes(w)) ? 2 : 3;
}

const matches = (e: Entry, words: readonly string[], f: Filter): boolean =>
    (!f.maker || e.item.manufacturer === f.maker) && (!f.type || e.item.type === f.type) && words.every((w) => e.all.includes(w));

export function search(all: readonly Entry[], f: Filter): Found[] {
    const words = low(f.words).split(/\s+/).filter(Boolean);
    const whole = words.join(' ');
    const [least, most] = readRange(f.channels) ?? [0, Infinity];
    const found: (Found & { rank: number })[] = [];
    for (const e of all) {
        if (!matches(e, words, f)) continue;
        const mode = e.item.modes.find((m) => m.channels >= least && m.channels <= most);
        if (mode) found.push({ ...e, mode: mode.name, rank: rank(e, whole, words) });
    }
    return found.sort((a, b) => a.rank - b.rank || a.maker.localeCompare(b.maker) || a.model.localeCompare(b.model, undefined, { numeric: true }));
}

/* What can be chosen of one filter while the others stand, each with how many it leaves. */
export function choices(all: readonly Entry[], f: Filter, key: 'maker' | 'type'): { value: string; count: number }[] {
    const words = low(f.words).split(/\s+/).filter(Boolean);
    const others = { ...f, [key]: '' };
    const [least, most] = readRange(f.channels) ?? [0, Infinity];
    const counts = new Map<string, number>();
    for (const e of all) {
        if (!matches(e, words, others) || !e.item.modes.some((m) => m.channels >= least && m.channels <= most)) continue;
        const value = key === 'maker' ? e.item.manufacturer : e.item.type;
        counts.set(value, (counts.get(value) ?? 0) + 1);
    }
    return [...counts].map(([value, count]) => ({ value, count })).sort((a, b) => a.value.localeCompare(b.value));
}

/* "1, 4, 12 ch", "8 to 40 ch" */
export function channelsText(item: LibraryItem): string {
    const all = [...new Set(item.modes.map((m) => m.channels))].sort((a, b) => a - b);
    return all.length <= 4 ? `${all.join(', ')} ch` : `${all[0]} to ${all.at(-1)} ch`;
}
