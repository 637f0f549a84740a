/* What of the venue is under a pointer, and in a frame. */
import type { Editing } from './editing';
import type { Eye } from './eye';
import type { At } from './hands';
import { inRoom, type Thing } from './patch';
import { isStretched, RADIUS } from './shapes';

/* The fixture nearest to a place of the picture, `reach` pixels beside it too; of those under it, the one in front. */
export function fixtureAt(eye: Eye, editing: Editing, things: readonly Thing[], at: At, reach: number): string | null {
    let best: string | null = null;
    let least = Infinity;
    for (const t of things) {
        const p = editing.placeOf(t);
        const turn = editing.turnOf(t);
        const half = isStretched(t.kind) ? t.width / 2 : 0;
        const a = inRoom(p, turn, [-half, 0, 0]);
        const b = inRoom(p, turn, [half, 0, 0]);
        const [s, e] = [eye.project({ x: a[0], y: a[1], z: a[2] }), eye.project({ x: b[0], y: b[1], z: b[2] })];
        if (s.depth <= 0 || e.depth <= 0) continue;
        const [dx, dy] = [e.x - s.x, e.y - s.y];
        const k = Math.max(0, Math.min(1, ((at.x - s.x) * dx + (at.y - s.y) * dy) / (dx * dx + dy * dy || 1)));
        const radius = Math.max(1, RADIUS[t.kind] * s.scale);
        const off = Math.hypot(at.x - s.x - k * dx, at.y - s.y - k * dy) - radius;
        const rank = off > 0 ? off * 10 : (off / radius) * 4 + s.depth * 0.01;
        if (off < reach && rank < least) [least, best] = [rank, t.id];
    }
    return best;
}

/* Those whose place is in the frame. */
export function inFrame(eye: Eye, editing: Editing, things: readonly Thing[], from: At, to: At): string[] {
    const [x0, x1, y0, y1] = [Math.min(from.x, to.x), Math.max(from.x, to.x), Math.min(from.y, to.y), Math.max(from.y, to.y)];
    return things
        .filter((t) => {
            const p = eye.project(editing.placeOf(t));
            return p.depth > 0 && p.x >= x0 && p.x <= x1 && p.y >= y0 && p.y <= y1;
        })
        .map((t) => t.id);
}
