/* Groups as a tree: its rows, what a drop or a key does to members and order. Pure. */
import type { Fixture, Group, MovementBase } from '../../api/types';
import { fixtureName } from './patch';

/* What movements are about where the group says nothing (daemon/fixtures/patch.h). Degrees. */
export const BASE: MovementBase = { pan: 0, tilt: 0, pan_range: 90, tilt_range: 45, rotation_deg: 0 };

/* Marks that can be told apart on all three grounds; a new group takes the first that is free. */
export const COLORS: readonly { value: string; name: string }[] = [
    { value: '#e5484d', name: 'Red' },
    { value: '#f2700d', name: 'Orange' },
    { value: '#e2b203', name: 'Yellow' },
    { value: '#5eb130', name: 'Green' },
    { value: '#12a594', name: 'Teal' },
    { value: '#0090d4', name: 'Blue' },
    { value: '#6f62e8', name: 'Violet' },
    { value: '#b14fd0', name: 'Purple' },
    { value: '#e64f97', name: 'Pink' },
    { value: '#a1785c', name: 'Brown' },
];
export function freeColor(groups: readonly Group[]): string {
    const taken = new Map(COLORS.map((c) => [c.value, 0]));
    for (const g of groups) {
        const color = g.color?.slice(0, 7).toLowerCase() ?? '';
        if (taken.has(color)) taken.set(color, taken.get(color)! + 1);
    }
    return [...taken].reduce((best, c) => (c[1] < best[1] ? c : best))[0];
}

export function freeName(groups: readonly Group[], stem = 'group'): string {
    const names = new Set(groups.map((g) => g.name));
    if (stem !== 'group' && !names.has(stem)) return stem;
    let n = stem === 'group' ? 1 : 2;
    while (names.has(`${stem}_${n}`)) n++;
    return `${stem}_${n}`;
}

/* --- rows --- */

/* The node of fixtures that are in no group. */
export const LOOSE = 'loose';

export interface TreeRow {
    id: string; /* unique in the tree: a fixture may be in several groups */
    kind: 'group' | 'loose' | 'fixture';
    groupId: string | null; /* of a fixture: where it is here; null: in none */
    group: Group | null;
    fixtureId: string | null;
    fixture: Fixture | null; /* null: it is not in the patch (any more) */
    index: number; /* among its brothers */
    of: number;
    count: number; /* of fixtures beneath it */
    isOpen: boolean;
    name: string;
}

export function treeRows(groups: readonly Group[], fixtures: readonly Fixture[], open: ReadonlySet<string>, filter = ''): TreeRow[] {
    const wanted = filter.trim().toLowerCase();
    const byId = new Map(fixtures.map((f) => [f.id, f]));
    const used = new Set(groups.flatMap((g) => g.fixture_ids ?? []));
    const loose = fixtures.filter((f) => !used.has(f.id)).map((f) => f.id);
    const fits = (name: string) => !wanted || name.toLowerCase().includes(wanted);
    const out: TreeRow[] = [];
    const branch = (kind: 'group' | 'loose', group: Group | null, name: string, ids: readonly string[], index: number, of: number) => {
        const nodeId = group?.id ?? LOOSE;
        const isNamed = fits(name);
        const children = ids
            .map((id, i) => ({ id, i, fixture: byId.get(id) ?? null }))
            .map((c) => ({ ...c, name: c.fixture ? fixtureName(c.fixture) : 'Not in the patch' }))
            .filter((c) => isNamed || fits(c.name));
        if (!isNamed && !children.length) return;
        const isOpen = open.has(nodeId) || (wanted !== '' && !isNamed);
        out.push({ id: nodeId, kind, groupId: group?.id ?? null, group, fixtureId: null, fixture: null, index, of, count: ids.length, isOpen, name });
        if (!isOpen) return;
        for (const c of children) {
            out.push({
                id: `${nodeId}/${c.id}`, kind: 'fixture', groupId: group?.id ?? null, group, fixtureId: c.id, fixture: c.fixture,
                index: c.i, of: ids.length, count: 0, isOpen: false, name: c.name,
            });
        }
    };
    const all = groups.length + (loose.length ? 1 : 0);
    groups.forEach((g, i) => branch('group', g, g.name, g.fixture_ids ?? [], i, all));
    if (loose.length) branch('loose', null, 'In no group', loose, groups.length, all);
    return out;
}

/* --- members --- */

/* `ids` in their order at place `at` of `members`; those that were in it move there. */
export function placed(members: readonly string[], ids: readonly string[], at: number): string[] {
    const moving = new Set(ids);
    const before = members.slice(0, at).filter((m) => !moving.has(m));
    const after = members.slice(at).filter((m) => !moving.has(m));
    return [...before, ...moving, ...after];
}

export interface MemberEdit {
    id: string;
    edit: (members: readonly string[]) => string[];
}

/* To a group (null: to none) at a place of it, from a group (null: from none, or from the list of fixtures). An edit says what is meant, so that
 * it also holds for members which somebody else has changed meanwhile: the place is kept beside the fixture that stood there. */
export function transfer(groups: readonly Group[], ids: readonly string[], from: string | null, to: string | null, at: number, isCopy = false): MemberEdit[] {
    const out: MemberEdit[] = [];
    const target = groups.find((g) => g.id === to);
    if (target) {
        const moving = new Set(ids);
        const behind = (target.fixture_ids ?? []).slice(at).find((m) => !moving.has(m)) ?? null;
        out.push({
            id: target.id,
            edit: (members) => {
                const place = behind === null ? members.length : members.indexOf(behind);
                return placed(members, ids, place < 0 ? members.length : place);
            },
        });
    }
    if (from !== null && from !== to && !isCopy) out.push({ id: from, edit: (members) => members.filter((m) => !ids.includes(m)) });
    const isChange = (e: MemberEdit) => {
        const members = groups.find((g) => g.id === e.id)?.fixture_ids ?? [];
        return e.edit(members).join() !== members.join();
    };
    return out.filter(isChange);
}

/* --- order of groups --- */

/* `ids` before the group `before` (null: behind all): which groups get which place. Few of them where there is room between; all where there is none. */
export function reordered(groups: readonly Group[], ids: readonly string[], before: string | null): { id: string; sort_index: number }[] {
    const moving = groups.filter((g) => ids.includes(g.id));
    const rest = groups.filter((g) => !ids.includes(g.id));
    /* Before itself: before what stands behind it. */
    let stop = before === null ? groups.length : groups.findIndex((g) => g.id === before);
    while (ids.includes(groups[stop]?.id ?? '')) stop++;
    const found = rest.findIndex((g) => g.id === groups[stop]?.id);
    const at = found < 0 ? rest.length : found;
    const next = [...rest.slice(0, at), ...moving, ...rest.slice(at)];
    if (!moving.length || next.every((g, i) => g === groups[i])) return [];
    const low = rest[at - 1]?.sort_index ?? null;
    const high = rest[at]?.sort_index ?? null;
    const n = moving.length;
    const index = (i: number) => {
        if (low === null && high === null) return i;
        if (low === null) return high! - n + i;
        if (high === null) return low + i + 1;
        return low + ((high - low) * (i + 1)) / (n + 1);
    };
    const whole = [...(low === null ? [] : [low]), ...moving.map((_, i) => index(i)), ...(high === null ? [] : [high])];
    const hasRoom = whole.every((v, i) => !i || v > whole[i - 1]!);
    if (hasRoom) return moving.map((g, i) => ({ id: g.id, sort_index: index(i) }));
    return next.map((g, i) => ({ id: g.id, sort_index: i + 1, was: g.sort_index })).filter((c) => c.sort_index !== c.was).map(({ id, sort_index }) => ({ id, sort_index }));
}

export const inOrder = (groups: readonly Group[]): Group[] =>
    [...groups].sort((a, b) => (a.sort_index ?? 0) - (b.sort_index ?? 0) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));

/* --- where a drag points to --- */

export interface Target {
    row: TreeRow;
    /* A line before the row, a line behind it, or the row itself. */
    part: 'before' | 'after' | 'into';
}

/* What a drop there means, or null: nothing. */
export type Drop = { to: string | null; at: number } | { before: string | null } | null;

export function dropOf(target: Target, what: 'fixtures' | 'groups', groups: readonly Group[]): Drop {
    const { row, part } = target;
    if (what === 'groups') {
        if (row.kind === 'loose' || row.groupId === null) return { before: null };
        const at = groups.findIndex((g) => g.id === row.groupId);
        const isBehind = row.kind === 'fixture' || part !== 'before';
        return { before: (isBehind ? groups[at + 1]?.id : row.groupId) ?? null };
    }
    if (row.groupId === null) return { to: null, at: 0 };
    if (row.kind === 'group') return { to: row.groupId, at: row.isOpen && part === 'after' ? 0 : (row.group?.fixture_ids?.length ?? 0) };
    return { to: row.groupId, at: row.index + (part === 'before' ? 0 : 1) };
}

/* Which part of a row a point is on: groups are dropped between rows, fixtures between fixtures and onto groups. */
export function partOf(row: TreeRow, y: number, what: 'fixtures' | 'groups'): Target['part'] {
    if (what === 'groups') return row.kind === 'group' && y < 0.5 ? 'before' : 'after';
    if (row.kind !== 'fixture') return row.isOpen && row.kind === 'group' && y > 0.75 ? 'after' : 'into';
    return row.groupId === null ? 'into' : y < 0.5 ? 'before' : 'after';
}
