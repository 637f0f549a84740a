/* A patch in words: whose a slot is, what fixtures are called, what is wrong with a table. Pure; where things fit is places.ts. */
import type { Fixture, Patch, UniverseSource } from '../../api/types';

export interface Address {
    universe: number;
    address: number;
}

/* Per slot of a universe: the fixture it belongs to, or null. */
export function owners(patch: Patch | null, universe: number): (string | null)[] {
    const out = new Array<string | null>(512).fill(null);
    for (const used of patch?.universes.find((u) => u.universe === universe)?.used ?? []) {
        for (let s = used.address - 1; s < Math.min(512, used.address - 1 + used.channels); s++) out[s] = used.fixture_id;
    }
    return out;
}

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
