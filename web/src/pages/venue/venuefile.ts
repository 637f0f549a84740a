/* A venue as a file. Pure. */
import type { VenueCounts } from '../../api/types';

const FORMAT = 'lumad venue';
const MAX_BYTES = 8 << 20;

/* "Club Zwölf / Saal 2" -> "club-zwölf-saal-2.venue.json" */
export function fileName(name: string): string {
    const plain = name
        .toLowerCase()
        .replace(/[^\p{L}\p{N}]+/gu, '-')
        .replace(/^-+|-+$/g, '');
    return `${[...plain].slice(0, 60).join('') || 'venue'}.venue.json`;
}

/* The name, or the first of "Name 2", "Name 3" that nobody has. */
export function freeName(name: string, taken: readonly string[]): string {
    const has = new Set(taken.map((t) => t.toLowerCase()));
    if (!has.has(name.toLowerCase())) return name;
    let n = 2;
    while (has.has(`${name} ${n}`.toLowerCase())) n++;
    return `${name} ${n}`;
}

/* Throws a SyntaxError in words when it cannot be one; lumad looks at the rest. */
export function readVenueFile(file: string, text: string): { body: Record<string, unknown>; name: string } {
    if (text.length > MAX_BYTES) throw new SyntaxError(`${file} is larger than 8 MiB.`);
    let body: unknown;
    try {
        body = JSON.parse(text);
    } catch {
        throw new SyntaxError(`${file} is not JSON: it is damaged, or it is something else.`);
    }
    if (typeof body !== 'object' || body === null || (body as Record<string, unknown>).format !== FORMAT) {
        throw new SyntaxError(`${file} does not say that it is a venue of lumad. Export one here to see what such a file has in it.`);
    }
    const venue = (body as { venue?: { name?: unknown } }).venue;
    const name = typeof venue?.name === 'string' && venue.name.trim() ? venue.name : file.replace(/(\.venue)?\.json$/i, '');
    return { body: body as Record<string, unknown>, name };
}

/* What it has, in a line. */
export function countsText(c: Omit<VenueCounts, 'venue_id'> | undefined): string {
    if (!c) return '';
    const of = (n: number, word: string) => (n ? [`${n} ${word}${n === 1 ? '' : 's'}`] : []);
    const parts = [...of(c.fixtures, 'fixture'), ...of(c.universes, 'universe'), ...of(c.groups, 'group'), ...of(c.outputs, 'output'), ...of(c.scores, 'score')];
    return parts.join(', ') || 'Empty';
}
