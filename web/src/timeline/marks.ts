/* Cue points and loops in their lane: which is under the pointer, and where a drag takes it. Pure. */
export interface Mark {
    id: string;
    start: number;
    end: number | null; /* null: a point */
}
export interface MarkHit {
    id: string;
    part: 'body' | 'start' | 'end';
}

const SHORTEST_S = 0.01;

/* reach: as far from an edge as still means it, seconds. The nearest edge, else the loop one is in. */
export function markAt(marks: readonly Mark[], t: number, reach: number): MarkHit | null {
    let best: MarkHit | null = null;
    let least = reach;
    for (const m of marks) {
        for (const [part, edge] of [['start', m.start], ['end', m.end]] as const) {
            if (edge === null || Math.abs(t - edge) > least) continue;
            least = Math.abs(t - edge);
            best = { id: m.id, part: m.end === null ? 'body' : part };
        }
    }
    if (best) return best;
    const inside = marks.filter((m) => m.end !== null && t > m.start && t < m.end).at(-1);
    return inside ? { id: inside.id, part: 'body' } : null;
}

/* What the mark is after its part was dragged this far. snap: to a beat that is near. */
export function movedMark(m: Mark, part: MarkHit['part'], by: number, duration: number, snap: (t: number) => number): { start: number; end: number | null } {
    const within = (t: number, low: number, high: number) => Math.min(high, Math.max(low, t));
    if (m.end === null) return { start: within(snap(m.start + by), 0, duration), end: null };
    if (part === 'start') return { start: within(snap(m.start + by), 0, m.end - SHORTEST_S), end: m.end };
    if (part === 'end') return { start: m.start, end: within(snap(m.end + by), m.start + SHORTEST_S, duration) };
    const start = within(snap(m.start + by), 0, duration - (m.end - m.start));
    return { start, end: start + (m.end - m.start) };
}
