/* Addresses: what is free, and whose a slot is. Pure. */
import type { Fixture, Patch } from '../../api/types';

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
