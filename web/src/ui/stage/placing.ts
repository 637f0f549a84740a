/*
 * Places that hands gave to fixtures, on their way to lumad: shown at once, sent as one request and one step back. Arrow keys that follow each other quickly are
 * one move. What lumad refuses goes back to where it was.
 */
import { editFixtures, type FixtureChange } from '../../commands/fixtures';
import type { Fixture } from '../../api/types';
import { attempt } from '../../state/attempt';
import { changed, type Placement, type Places } from '../../view/drag';
import type { Edited } from '../../view/editing';
import type { Thing } from '../../view/patch';
import type { Stage } from '../../view/scene';

const QUIET_MS = 450;
const COLUMNS = { x: 'pos_x', y: 'pos_y', z: 'pos_z', rot_x: 'rot_x', rot_y: 'rot_y', rot_z: 'rot_z' } as const;
const FIELDS = Object.keys(COLUMNS) as (keyof typeof COLUMNS)[];

/* Only what becomes another: what somebody else changes of a fixture meanwhile is not in the way. */
export function change(from: Placement | undefined, to: Placement): FixtureChange {
    const out: FixtureChange = {};
    for (const f of FIELDS) if (!from || Math.abs(from[f] - to[f]) > 5e-5) out[COLUMNS[f]] = to[f];
    return out;
}

/* Where a tool would put them, of what is there. */
export function offered(things: readonly Thing[], changes: ReadonlyMap<string, FixtureChange>): Map<string, Placement> {
    const out = new Map<string, Placement>();
    for (const t of things) {
        const c = changes.get(t.id);
        if (!c) continue;
        const at = { ...t.at };
        for (const f of FIELDS) at[f] = c[COLUMNS[f]] ?? at[f];
        out.set(t.id, at);
    }
    return out;
}

export class Placing {
    stage: Stage | null = null;
    base = '';
    rows: readonly Fixture[] = [];
    /* Sent or not, not come back: the version with which it does. */
    private waiting = new Map<string, number>();
    private nudged: { label: string; before: Map<string, Placement>; timer: ReturnType<typeof setTimeout> } | null = null;

    /* The fixtures as lumad has them now. */
    take(rows: readonly Fixture[]) {
        this.rows = rows;
        const known = rows.filter((f) => (this.waiting.get(f.id) ?? Infinity) <= f.version).map((f) => f.id);
        for (const id of known) this.waiting.delete(id);
        if (known.length) this.stage?.editing.hide(known);
    }

    async send(e: Edited) {
        const rows = this.rows;
        for (const id of e.after.keys()) this.waiting.set(id, Infinity);
        this.stage?.editing.show(e.after);
        const update = new Map([...e.after].map(([id, to]) => [id, change(e.before.get(id), to)]));
        const isDone = await attempt(e.label, async () => {
            const { updated } = await editFixtures(e.label, this.base, rows, { update });
            for (const f of updated) this.waiting.set(f.id, f.version);
        });
        if (isDone) return this.take(this.rows);
        for (const id of e.after.keys()) this.waiting.delete(id);
        this.stage?.editing.hide(e.after.keys());
    }

    /* By keys: shown at once, sent when the hand rests. */
    nudge(label: string, make: (places: Places) => Map<string, Placement>) {
        const editing = this.stage?.editing;
        if (!editing?.canMove) return;
        const places = editing.places();
        if (!places.size) return;
        if (this.nudged && (this.nudged.label !== label || [...places.keys()].some((id) => !this.nudged!.before.has(id)))) this.flush();
        if (this.nudged) clearTimeout(this.nudged.timer);
        this.nudged = { label, before: this.nudged?.before ?? places, timer: setTimeout(() => this.flush(), QUIET_MS) };
        const after = make(places);
        for (const id of after.keys()) this.waiting.set(id, Infinity);
        editing.show(after);
    }

    flush = () => {
        const n = this.nudged;
        const editing = this.stage?.editing;
        if (!n || !editing) return;
        clearTimeout(n.timer);
        this.nudged = null;
        const now = new Map(this.stage!.things.filter((t) => n.before.has(t.id)).map((t) => [t.id, editing.placeOf(t)]));
        const after = changed(n.before, now);
        for (const id of n.before.keys()) if (!after.has(id)) this.waiting.delete(id);
        if (after.size) void this.send({ label: n.label, before: n.before, after });
        else editing.hide(n.before.keys());
    };
    /* Esc, before it was sent. */
    abandon(): boolean {
        const n = this.nudged;
        if (!n) return false;
        clearTimeout(n.timer);
        this.nudged = null;
        for (const id of n.before.keys()) this.waiting.delete(id);
        this.stage?.editing.hide(n.before.keys());
        return true;
    }

    /* Numbers: each of what is chosen, or all of it together. */
    put(label: string, make: (places: Places) => Map<string, Placement>) {
        this.flush();
        const before = this.stage?.editing.places();
        if (!before?.size) return;
        const after = changed(before, make(before));
        if (after.size) void this.send({ label, before, after });
    }
}
