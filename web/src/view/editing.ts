/* What is chosen and how it is being moved: tool, raster, the drag under way, and where fixtures are that lumad has not heard of yet. */
import { Vector3 } from 'three';
import { ANGLE, changed, isSame, middle, moved, snapped, turned, type Placement, type Places } from './drag';
import type { Eye } from './eye';
import { rotation, type Mat3 } from './geometry';
import { facing, gripAt, shift, turned as turnOf, type Grip, type Tool } from './handles';
import type { At, Held } from './hands';
import { AXES, type Axis, type Point } from './layout';
import type { Thing } from './patch';

export interface Edited {
    label: string;
    before: Places;
    after: Places;
}

/* How hands are used. canMove: what is chosen may be moved; isLooking: the left button only turns the view; isFraming: one finger draws a frame. */
export interface Hand {
    tool: Tool;
    step: number;
    isEach: boolean;
    canMove: boolean;
    isLooking: boolean;
    isFraming: boolean;
}

interface Drag {
    grip: Grip;
    from: At;
    to: At;
    before: Map<string, Placement>;
    after: Map<string, Placement>;
    held: Point; /* what stops on the raster */
    pivot: Point;
    words: string;
    lines: { axis: Axis; at: Point }[];
}

export class Editing implements Hand {
    tool: Tool = 'select';
    step = 0.25;
    isEach = false;
    canMove = false;
    isLooking = true;
    isFraming = false;
    /* Places not stored yet, or stored and not come back. */
    private ahead = new Map<string, Placement>();
    private turns = new Map<string, Mat3>();
    private offered = new Map<string, { at: Placement; turn: Mat3 }>();
    private things: ReadonlyMap<string, Thing> = new Map();
    private picked: string[] = [];
    private current: Drag | null = null;
    private hot: Grip | null = null;
    wasHot = false;

    constructor(
        private readonly eye: Eye,
        private readonly changedPlaces: () => void,
    ) {}

    setThings(things: ReadonlyMap<string, Thing>) {
        this.things = things;
        for (const id of this.ahead.keys()) if (!things.has(id)) this.forget(id);
    }
    setPicked(ids: readonly string[]) {
        this.picked = [...ids];
    }

    /* Where it is seen. */
    placeOf(t: Thing): Placement {
        return this.ahead.get(t.id) ?? this.offered.get(t.id)?.at ?? t.at;
    }
    turnOf(t: Thing): Mat3 {
        return this.turns.get(t.id) ?? this.offered.get(t.id)?.turn ?? t.turn;
    }
    /* Where a tool would put them: seen there, and nothing else. */
    offer(places: Places) {
        if (!places.size && !this.offered.size) return;
        this.offered = new Map([...places].map(([id, p]) => [id, { at: p, turn: rotation(p.rot_x, p.rot_y, p.rot_z) }]));
        this.changedPlaces();
    }
    private put(id: string, p: Placement) {
        this.ahead.set(id, p);
        this.turns.set(id, rotation(p.rot_x, p.rot_y, p.rot_z));
    }
    private forget(id: string) {
        this.ahead.delete(id);
        this.turns.delete(id);
    }

    /* Of what is chosen (or these) and there. */
    places(ids: readonly string[] = this.picked): Map<string, Placement> {
        const out = new Map<string, Placement>();
        for (const id of ids) {
            const t = this.things.get(id);
            if (t) out.set(id, this.ahead.get(id) ?? t.at);
        }
        return out;
    }
    get pivot(): Point | null {
        const places = this.places();
        return places.size ? middle(places.values()) : null;
    }
    get underHand(): Readonly<Drag> | null {
        return this.current;
    }
    get grip(): Grip | null {
        return this.current?.grip ?? this.hot;
    }

    /* Shown at once, and until lumad says where they are. */
    show(places: Places) {
        for (const [id, p] of places) this.put(id, p);
        this.changedPlaces();
    }
    /* lumad says where they are, or refused: what is under a hand stays there. */
    hide(ids: Iterable<string>) {
        for (const id of ids) if (!this.current?.after.has(id)) this.forget(id);
        this.changedPlaces();
    }

    gripAt(at: At, reach: number): Grip | null {
        const pivot = this.canMove ? this.pivot : null;
        return pivot && gripAt(this.eye, this.tool, pivot, at.x, at.y, reach);
    }
    /* True: a grip is under the pointer. */
    hover(at: At): boolean {
        this.wasHot = this.hot !== null;
        this.hot = this.gripAt(at, 8);
        return this.hot !== null;
    }

    begin(grip: Grip | null, fixture: string | null, at: At): boolean {
        const before = this.places();
        const pivot = this.pivot;
        if (!this.canMove || !pivot || !before.size) return false;
        /* From a handle, it is the newest of those chosen that stops on the raster. */
        const held = (fixture && before.get(fixture)) || [...before.values()].at(-1)!;
        this.current = {
            grip: grip ?? { kind: 'plane', axis: facing(this.eye) },
            from: at, to: at, before, after: before, held, pivot, words: '', lines: [],
        };
        return true;
    }

    drag(to: At, held: Held) {
        const d = this.current;
        if (!d) return;
        d.to = to;
        if (d.grip.kind === 'ring') this.turn(d, held);
        else this.shift(d, held);
        for (const [id, p] of d.after) this.put(id, p);
        this.changedPlaces();
    }

    private shift(d: Drag, held: Held) {
        /* From the pivot the handles stand on; from the fixture itself where that was taken. */
        const by = shift(this.eye, d.grip.kind === 'axis' ? d.pivot : d.held, d.grip, d.from, d.to);
        if (!by) return;
        if (held.shift && d.grip.kind === 'plane') {
            const most = AXES.reduce((a, b) => (Math.abs(by[a]) >= Math.abs(by[b]) ? a : b));
            for (const a of AXES) if (a !== most) by[a] = 0;
        }
        const s = snapped(d.held, by, held.ctrl ? 0 : this.step);
        d.after = moved(d.before, s.by);
        const at = { x: d.held.x + s.by.x, y: d.held.y + s.by.y, z: d.held.z + s.by.z };
        d.lines = s.lines.map((axis) => ({ axis, at }));
        d.words = AXES.filter((a) => Math.abs(by[a]) > 1e-6 || d.grip.axis !== a)
            .filter((a) => d.grip.kind === 'plane' ? a !== d.grip.axis : a === d.grip.axis)
            .map((a) => `${a} ${at[a].toFixed(2)} (${s.by[a] >= 0 ? '+' : ''}${s.by[a].toFixed(2)} m)`)
            .join('   ');
    }

    private turn(d: Drag, held: Held) {
        const angle = turnOf(this.eye, d.pivot, d.grip.axis, d.from, d.to);
        if (angle === null) return;
        const by = held.ctrl || !(this.step > 0) ? angle : Math.round(angle / ANGLE) * ANGLE;
        d.after = turned(d.before, d.grip.axis, by, this.isEach || d.before.size === 1 ? null : d.pivot);
        d.words = `${d.grip.axis} ${by >= 0 ? '+' : ''}${((by * 180) / Math.PI).toFixed(1)}°`;
    }

    /* null: nothing is elsewhere than it was. */
    drop(): Edited | null {
        const d = this.current;
        this.current = null;
        if (!d) return null;
        const after = changed(d.before, d.after);
        if (!after.size) {
            for (const id of d.before.keys()) this.forget(id);
            return null;
        }
        const n = after.size === 1 ? 'fixture' : `${after.size} fixtures`;
        return { label: `${d.grip.kind === 'ring' ? 'turn' : 'move'} ${n}`, before: d.before, after };
    }

    abandon(): boolean {
        const d = this.current;
        this.current = null;
        if (!d) return false;
        for (const [id, p] of d.before) {
            const t = this.things.get(id);
            if (t && isSame(t.at, p)) this.forget(id);
            else this.put(id, p);
        }
        this.changedPlaces();
        return true;
    }

    /* The room's axes that the arrow keys go along, as it is seen: to the right, and up. */
    keyAxes(): { right: Point; up: Point } {
        const e = this.eye.camera.matrixWorld.elements;
        const right = axisOf(new Vector3(e[0], e[1], e[2]), ['x', 'y']);
        const flatUp: Axis[] = facing(this.eye) === 'z' ? ['x', 'y'] : ['z'];
        const v = new Vector3(e[4], e[5], e[6]);
        return { right, up: axisOf(v, flatUp) };
    }
}

/* The axis that a direction is nearest to, with its sign. */
function axisOf(v: Vector3, among: Axis[]): Point {
    const a = among.reduce((x, y) => (Math.abs(v[x]) >= Math.abs(v[y]) ? x : y));
    return { x: 0, y: 0, z: 0, [a]: Math.sign(v[a]) || 1 };
}
