/* What is under the pointer, and which lane a block is drawn in. Pure. */

export interface Block {
    id: string;
    start: number;
    end: number;
    lane: number;
}

export interface Hit {
    id: string;
    part: 'start' | 'body' | 'end';
}

/* `handle` in seconds: how near to an edge means the edge. A block narrower than three
 * handles has none, so that it can always be grabbed. */
export function hitTest(blocks: readonly Block[], lane: number, t: number, handle: number): Hit | null {
    for (let i = blocks.length - 1; i >= 0; i--) {
        const b = blocks[i]!;
        if (b.lane !== lane || t < b.start || t >= b.end) continue;
        if (b.end - b.start > 3 * handle) {
            if (t - b.start < handle) return { id: b.id, part: 'start' };
            if (b.end - t < handle) return { id: b.id, part: 'end' };
        }
        return { id: b.id, part: 'body' };
    }
    return null;
}

export interface Placed {
    id: string;
    start: number;
    end: number;
    z: number;
}

/* One lane per z where blocks do not overlap; overlapping blocks of one z get lanes of
 * their own. Lanes are numbered from the top of the stack down: what covers is above. */
export function lanes(items: readonly Placed[]): { blocks: Block[]; count: number } {
    const byZ = new Map<number, Placed[]>();
    for (const item of items) {
        const same = byZ.get(item.z);
        if (same) same.push(item);
        else byZ.set(item.z, [item]);
    }
    const blocks: Block[] = [];
    let base = 0;
    for (const z of [...byZ.keys()].sort((a, b) => b - a)) {
        const ends: number[] = [];
        for (const item of byZ.get(z)!.sort((a, b) => a.start - b.start || a.id.localeCompare(b.id))) {
            let lane = ends.findIndex((end) => end <= item.start + 1e-9);
            if (lane < 0) lane = ends.length;
            ends[lane] = item.end;
            blocks.push({ id: item.id, start: item.start, end: item.end, lane: base + lane });
        }
        base += ends.length;
    }
    return { blocks, count: base };
}
