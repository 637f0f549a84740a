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

/* Places for `count` fixtures in a row: from where the first was put, each behind the other,
 * over what is in the way and on into the next universe. */
export function series(patch: Patch | null, channels: number, first: Address, count: number): Address[] {
    const out: Address[] = [first];
    while (out.length < count && channels <= 512) {
        let { universe, address } = out.at(-1)!;
        address += channels;
        for (;;) {
            const end = address + channels - 1;
            const block = patch?.universes
                .find((u) => u.universe === universe)
                ?.used.find((u) => u.address <= end && u.address + u.channels > address);
            if (end > 512) {
                universe++;
                address = 1;
            } else if (block) address = block.address + block.channels;
            else break;
        }
        out.push({ universe, address });
    }
    return out;
}

/* "Par 3" becomes "Par 4", "Par" becomes "Par 2". */
export function numbered(label: string, by: number): string {
    const found = /^(.*?)(\d+)$/.exec(label);
    if (by === 0 || !label) return label;
    return found ? `${found[1]}${Number(found[2]) + by}` : `${label} ${by + 1}`;
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

/* What is wrong with a table: the path "/lines/7/address" as a person says it. */
export function lineError(e: { path: string; message: string }): string {
    const [, line, column] = /^\/lines\/(\d+)(?:\/(.*))?$/.exec(e.path) ?? [];
    if (!line) return e.message;
    return `Line ${line}${column ? `, ${column.replaceAll('_', ' ')}` : ''}: ${e.message}`;
}
