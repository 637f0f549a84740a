/* Parameters that are lists. Ranges of a number, as a parameter of the type `ranges` holds them: pairs that go up. */
export type Range = [number, number];
export const MOST_RANGES = 16;

/* What is no pair of numbers is left out: the row cannot be shown. */
export const readRanges = (value: readonly unknown[]): Range[] =>
    value.filter((r): r is Range => Array.isArray(r) && r.length === 2 && r.every((x) => typeof x === 'number' && Number.isFinite(x)));

/* What was typed stands: where it passes the other end, the range moves along, as wide as it was. */
export function withEnd([low, high]: Range, end: 'low' | 'high', v: number, min: number, max: number): Range {
    const wide = low > 0 ? high / low : 4;
    const next: Range =
        end === 'low' ? [v, v < high ? high : Math.min(max, Math.round(Math.max(v, 1) * wide))] : [v > low ? low : Math.max(min, Math.round(v / wide)), v];
    if (next[0] < next[1]) return next;
    return next[1] + 1 <= max ? [next[0], next[0] + 1] : [max - 1, max];
}

/* The range to add: two octaves above the highest one, or the highest two when there is no room above. */
export function nextRange(rows: readonly Range[], min: number, max: number): Range {
    const top = Math.max(min, 20, ...rows.map((r) => r[1]));
    return top < max ? [top, Math.min(max, top * 4)] : [Math.max(min, max / 4), max];
}

/* ---- the stops of a gradient ---- */

export interface Stop {
    position: number; /* 0 to 1 */
    color: string; /* #rrggbb or #rrggbbaa */
}
export const MOST_STOPS = 16;

export const readStops = (value: readonly unknown[]): Stop[] =>
    value.filter((s): s is Stop => {
        const { position, color } = (s ?? {}) as Partial<Stop>;
        return typeof position === 'number' && typeof color === 'string';
    });

/* From 0 to 1, as lumad wants them; those at one place stay in their order. */
export const sortedStops = (stops: readonly Stop[]): Stop[] => [...stops].sort((a, b) => a.position - b.position);

/* Two to begin with; then one in the middle of the widest gap, the ends of the whole being gaps too. */
export function nextStop(stops: readonly Stop[]): Stop[] {
    if (!stops.length) return [{ position: 0, color: '#ff0000' }, { position: 1, color: '#0000ff' }];
    const first = stops[0]!;
    const last = stops.at(-1)!;
    if (last.position < 1) return [...stops, { position: 1, color: last.color }];
    if (first.position > 0) return [{ position: 0, color: first.color }, ...stops];
    let at = 0;
    for (let i = 1; i + 1 < stops.length; i++) {
        if (stops[i + 1]!.position - stops[i]!.position > stops[at + 1]!.position - stops[at]!.position) at = i;
    }
    const middle = stops.length > 1 ? (stops[at]!.position + stops[at + 1]!.position) / 2 : 1;
    return [...stops.slice(0, at + 1), { position: Number(middle.toFixed(3)), color: stops[at]!.color }, ...stops.slice(at + 1)];
}
