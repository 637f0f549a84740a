/* Addresses: what is free, and whose a slot is. Pure. */
import type { Fixture, Patch, UniverseSource } from '../../api/types';

export interface Address {
    universe: number;
    address: number;
}

/* The first place for so many channels: from `universe` on, else in a new universe. */
export function suggest(patch: Patch | null, channels: number, universe = 1): Address {
    const known = [...(patch?.universes ?? [])].sort((a, b) => a.universe - b.universe);
    let last = universe;
    for (let u = universe; ; u++) {
        const found = known.find((k) => k.universe === u);
        last = u;
        if (!found) break;
        const gap = [...found.free].sort((a, b) => a.address - b.address).find((f) => f.channels >= channels);
        if (gap) return { universe: u, address: gap.address };
    }
    return { universe: last, address: 1 };
}

/* Where the last of `count` fixtures in a row stands: each `step` slots behind the other; what does not fit in the rest of a universe begins the next. */
export function lastOf(first: Address, channels: number, step: number, count: number): Address {
    let { universe, address } = first;
    for (let i = 1; i < count; i++) {
        address += step;
        if (address + channels - 1 > 512) {
            universe++;
            address = 1;
        }
    }
    return { universe, address };
}

/* The first place where a whole row fits; one that is longer than a universe begins behind everything. */
export function suggestRow(patch: Patch | null, channels: number, step: number, count: number, universe = 1): Address {
    const slots = step * (count - 1) + channels;
    if (slots <= 512) return suggest(patch, slots, universe);
    const used = patch?.universes.filter((u) => u.used.length).map((u) => u.universe) ?? [];
    return { universe: Math.max(universe, ...used.map((u) => u + 1)), address: 1 };
}

/* Per slot of a universe: the fixture it belongs to, or null. */
export function owners(patch: Patch | null, universe: number): (string | null)[] {
    const out = new Array<string | null>(512).fill(null);
    for (const used of patch?.universes.find((u) => u.universe === universe)?.used ?? []) {
        for (let s = used.address - 1; s < Math.min(512, used.address - 1 + used.channels); s++) out[s] = used.fixture_id;
    }
    return out;
}

export const channelsOf = (patch: Patch | null, fixtureId: string): number | null =>
    patch?.universes.flatMap((u) => u.used).find((u) => u.fixture_id === fixtureId)?.channels ?? null;

export const fixtureName = (f: Fixture | undefined | null): string =>
    f ? f.label || `${f.manufacturer} ${f.model}`.trim() || 'Fixture' : 'Fixture';

export const inPatchOrder = (fixtures: readonly Fixture[]): Fixture[] =>
    [...fixtures].sort((a, b) => a.universe - b.universe || a.address - b.address || a.id.localeCompare(b.id));

/* Someone else on one of our universes, in a line. */
export function sourceText(s: UniverseSource): string {
    const who = s.name ? `${s.name} (${s.address})` : s.address;
    const how = s.protocol === 'artnet' ? `Art-Net ${s.port_address}` : `sACN priority ${s.priority}`;
    const rate = s.age_ms > 1000 ? `silent for ${(s.age_ms / 1000).toFixed(1)} s` : `${Math.round(s.fps)} fps`;
    return `${who}, ${how}, ${rate}, ${s.merged ? 'merged' : 'not merged'}`;
}

/* The list with one entry put elsewhere. */
export function moved<T>(list: readonly T[], from: number, to: number): T[] {
    const out = [...list];
    out.splice(to, 0, ...out.splice(from, 1));
    return out;
}

/* The line of the file that an error is about, for those who look it up; nothing where it is about the whole. */
export function lineText(e: { path: string }, lines: readonly string[]): string {
    const [, line] = /^\/lines\/(\d+)/.exec(e.path) ?? [];
    return line ? (lines[Number(line) - 1] ?? '').trim() : '';
}

/* What is wrong with a table: the path "/lines/7/address" as a person says it. */
export function lineError(e: { path: string; message: string }): string {
    const [, line, column] = /^\/lines\/(\d+)(?:\/(.*))?$/.exec(e.path) ?? [];
    if (!line) return e.message;
    return `Line ${line}${column ? `, ${column.replaceAll('_', ' ')}` : ''}: ${e.message}`;
}
