/*
 * The stage: the fixtures of a venue as bodies, the light of the newest frame, the floor, and what is drawn over them. Plain three.js and canvas.
 *
 *   const stage = new Stage(canvas, sheet, colors, isCalm);
 *   stage.setPatch(heads, fixtures); stage.draw(frame, now);        once per animation frame; it draws when there is something new to draw
 *   stage.on = { pick, framed, placed, ... };                       what hands did
 *
 * A picture is begun only when the graphics have finished the last one. So a slow machine gets fewer pictures and never a queue of them between a hand and
 * what it sees; how long each took tells the tuner how good the next may be.
 */
import { Color, Scene, WebGLRenderer } from 'three';
import type { Frame } from '../api/binary';
import type { Fixture, Group, Head } from '../api/types';
import { Beams } from './beams';
import { Bodies } from './bodies';
import { Editing, type Edited, type Hand } from './editing';
import { Eye, type Look } from './eye';
import { Floor } from './floor';
import { beamDirection, strobeOpen, toFloor } from './geometry';
import { Hands, type At, type How } from './hands';
import { fixtureAt, inFrame } from './hit';
import { OPTICS, type Optics } from './kinds';
import { Overlay, type Ink } from './overlay';
import { airOf, bodiesOf, inRoom, thingsOf, type Thing } from './patch';
import { paintOver, type Shown } from './over';
import { GpuClock } from './gpuclock';
import { STILL, STILL_MS, Tuner, type Quality, type Step } from './quality';
import { Unchanged } from './unchanged';

export interface StageColors extends Ink {
    body: string;
}

export interface StageEvents {
    pick: (id: string | null, how: How) => void;
    framed: (ids: string[], isMore: boolean) => void;
    placed: (e: Edited) => void;
    places: () => void; /* something stands elsewhere, or is about to */
    changed: () => void; /* the look, or the quality it has come to */
}

/* For who measures: pictures that were drawn, how long the last took the graphics, milliseconds; the step of the ladder. */
export interface StageCount {
    pictures: number;
    gpuMs: number;
    step: string;
    isSoftware: boolean;
    /* Where a fixture is in the picture. */
    at: (fixtureId: string) => At | null;
}

export class Stage {
    on: StageEvents = { pick: () => undefined, framed: () => undefined, placed: () => undefined, places: () => undefined, changed: () => undefined };
    readonly eye = new Eye();
    readonly editing: Editing;
    readonly count: StageCount;
    things: readonly Thing[] = [];

    private readonly renderer: WebGLRenderer;
    private readonly scene = new Scene();
    private readonly floor = new Floor();
    private readonly overlay: Overlay;
    private readonly hands: Hands;
    private readonly clock: GpuClock;
    private readonly tuner: Tuner;
    private readonly resize: ResizeObserver;
    private beams: Beams | null = null;
    private bodies: Bodies | null = null;
    private heads: readonly Head[] = [];
    private origin = new Float32Array(0);
    private optics: Optics[] = [];
    private air = new Float32Array(0); /* how much of a beam each head has of its own */
    private thingOf: Thing[] = []; /* of each head */
    private byId = new Map<string, Thing>();
    private colors: StageColors;
    private haze = 0.5;
    private seq = -1;
    private isDirty = true; /* the light's picture */
    private isInkDirty = true;
    private hasStrobe = false;
    private drawnAt = 0;
    private drawn: Step | null = null; /* how the picture that is seen was drawn */
    private width = 1;
    private height = 1;
    private readonly unchanged = new Unchanged();
    private isLost = false;
    private shown: Shown = { picked: new Set(), hover: null, frame: null, labels: 'none', measures: false, marks: [], heads: [], group: null, flash: new Set() };

    constructor(
        private readonly canvas: HTMLCanvasElement,
        sheet: HTMLCanvasElement,
        colors: StageColors,
        private readonly isCalm: boolean,
        quality: Quality,
    ) {
        const isSoftware = hasNoGraphics();
        this.renderer = new WebGLRenderer({ canvas, antialias: !isSoftware, powerPreference: 'high-performance' });
        this.tuner = new Tuner(quality, isSoftware);
        this.count = { pictures: 0, gpuMs: 0, step: this.tuner.step.name, isSoftware, at: (id) => this.where(id) };
        this.clock = new GpuClock(this.renderer.getContext() as WebGL2RenderingContext);
        this.colors = colors;
        this.overlay = new Overlay(sheet, this.eye, colors);
        this.editing = new Editing(this.eye, () => this.preview());
        this.scene.add(this.floor.mesh);
        this.setColors(colors);
        this.hands = new Hands(canvas, this.wishes());
        this.resize = new ResizeObserver(() => this.fit());
        this.resize.observe(canvas.parentElement ?? canvas);
        canvas.addEventListener('webglcontextlost', this.lost);
        canvas.addEventListener('webglcontextrestored', this.restored);
        this.fit();
        this.eye.show('corner', []);
    }

    /* ---- what is there ---- */

    /* Another patch, or another place in it. The eye is moved only by the first that has something. */
    setPatch(heads: readonly Head[], fixtures: readonly Fixture[] | null) {
        const isFirst = this.things.length === 0;
        this.heads = heads;
        this.things = thingsOf(heads, fixtures);
        this.byId = new Map(this.things.map((t) => [t.id, t]));
        this.thingOf = new Array<Thing>(heads.length);
        this.air = new Float32Array(heads.length);
        for (const t of this.things) {
            t.heads.forEach((h, i) => {
                this.thingOf[h.index] = t;
                this.air[h.index] = airOf(t, i);
            });
        }
        this.beams?.dispose();
        this.bodies?.dispose();
        this.origin = new Float32Array(heads.length * 3);
        this.optics = heads.map((_, i) => OPTICS[this.thingOf[i]?.kind ?? 'other']);
        this.beams = new Beams(this.scene, heads.length, this.origin, this.optics);
        this.bodies = new Bodies(this.scene, this.things.flatMap((t) => bodiesOf(t).map((b) => ({ thing: t.id, kind: t.kind, width: t.width, height: t.height, ...b }))));
        this.editing.setThings(this.byId);
        this.place();
        this.paint();
        this.seq = -1;
        if (isFirst && this.things.length) this.fitAll();
        this.dirty();
    }

    setColors(colors: StageColors) {
        this.colors = colors;
        this.overlay.ink = colors;
        this.scene.background = new Color(colors.ground);
        this.floor.setColor(colors.line);
        this.paint();
        this.dirty();
    }

    setPicked(ids: readonly string[]) {
        this.shown.picked = new Set(ids);
        this.editing.setPicked(ids);
        this.paint();
        this.dirty();
    }

    /* What is pointed at: "<fixture>:<head>", and the group whose axes and movement base are shown. */
    setSpot(heads: readonly string[], group: Group | null) {
        const at = new Map(this.heads.map((h, i) => [h.id, i]));
        this.shown.heads = heads.map((id) => at.get(id)).filter((i) => i !== undefined);
        this.shown.group = group;
        this.inkDirty();
    }
    /* Fixtures that are being identified. */
    setFlash(ids: readonly string[]) {
        this.shown.flash = new Set(ids);
        this.paint();
        this.dirty();
    }
    /* Heads whose sent light is not the meant one. */
    setMarks(heads: readonly number[]) {
        this.shown.marks = heads;
        this.inkDirty();
    }
    setOptions(o: { labels: Shown['labels']; measures: boolean; quality: Quality; haze: number }) {
        Object.assign(this.shown, { labels: o.labels, measures: o.measures });
        this.haze = o.haze;
        this.tuner.set(o.quality);
        this.tell();
        this.dirty();
    }

    setTool(hand: Hand) {
        Object.assign(this.editing, hand);
        this.inkDirty();
    }

    /* ---- from where ---- */

    look(from: Look) {
        this.eye.show(from, this.extent());
        this.dirty();
        this.on.changed();
    }
    fitAll() {
        this.eye.frame(this.extent());
        this.dirty();
    }
    /* What is chosen in the middle, or all. */
    fitPicked() {
        const at = this.things.filter((t) => this.shown.picked.has(t.id)).map((t) => this.editing.placeOf(t));
        if (!at.length) return this.fitAll();
        this.eye.frame(at.flatMap((p) => [{ ...p, x: p.x - 1, z: p.z - 1 }, { ...p, x: p.x + 1, z: p.z + 0.5 }]));
        this.dirty();
    }
    orbit(right: number, up: number) {
        if (this.eye.isFlat) this.eye.pan(right * 200, up * 200);
        else this.eye.orbit(right, up);
        this.dirty();
    }
    shift(dx: number, dy: number) {
        this.eye.pan(dx, dy);
        this.dirty();
    }
    zoom(by: number) {
        this.eye.zoom(by);
        this.dirty();
    }
    private extent() {
        return this.things.map((t) => this.editing.placeOf(t));
    }

    /* Esc: true where something was being done. */
    abandon(): boolean {
        const was = this.hands.abandon();
        return this.editing.abandon() || was;
    }

    /* ---- once per animation frame ---- */

    draw(frame: Frame, nowMs: number) {
        this.drawInk();
        if (this.isLost) return;
        if (frame.seq !== this.seq) {
            this.seq = frame.seq;
            if (!this.unchanged.is(frame)) this.isDirty = true;
        }
        const isNew = this.isDirty || this.hasStrobe;
        const step = this.tuner.step;
        const isStill = !isNew && nowMs - this.drawnAt > STILL_MS && step.ratio < STILL.ratio && this.drawn !== STILL;
        if ((!isNew && !isStill) || !this.clock.isFree(nowMs) || nowMs - this.drawnAt < step.restMs) return;
        if (isNew) {
            const took = this.clock.took;
            this.count.gpuMs = took;
            /* What a still picture took says nothing of one that moves. */
            if (took > 0 && this.drawn !== STILL && this.tuner.report(took, nowMs)) this.tell();
        }
        this.paintLight(frame, nowMs, isNew ? this.tuner.step : STILL);
    }

    private paintLight(frame: Frame, nowMs: number, step: Step) {
        if (step !== this.drawn) this.fitPixels(step);
        this.drawnAt = nowMs;
        this.isDirty = false;
        this.write(frame, nowMs / 1000);
        this.beams?.look(this.haze, step.isFine, step.beams);
        this.beams?.seen(this.eye.position, this.eye.sight, this.eye.isFlat);
        this.renderer.render(this.scene, this.eye.camera);
        this.clock.begun(nowMs);
        this.count.pictures++;
    }

    private drawInk() {
        if (!this.isInkDirty) return;
        this.isInkDirty = false;
        paintOver(this.overlay, this.eye, this.editing, this.things, this.heads, this.shown, (i) => this.headAt(i));
    }

    private headAt(i: number) {
        return { x: this.origin[i * 3]!, y: this.origin[i * 3 + 1]!, z: this.origin[i * 3 + 2]!, metres: Math.max(0.1, (this.optics[i]?.lens ?? 0.1) * 1.5) };
    }

    private write(f: Frame, seconds: number) {
        const b = this.beams;
        if (!b) return;
        const n = Math.min(b.count, f.count);
        this.hasStrobe = false;
        for (let i = 0; i < b.count; i++) {
            const t = this.thingOf[i];
            if (!t) continue;
            const o = this.optics[i]!;
            const isHere = i < n;
            beamDirection(this.editing.turnOf(t), isHere ? f.pan[i]! : 0, isHere ? f.tilt[i]! : 0, b.dir, i * 3);
            const reach = o.reach;
            const length = Math.max(0.01, toFloor(this.origin[i * 3 + 2]!, b.dir[i * 3 + 2]!, reach + o.ahead) - o.ahead);
            b.shape[i * 4] = length;
            b.shape[i * 4 + 1] = o.lens + length * o.spread;
            b.shape[i * 4 + 2] = o.strength * this.air[i]!;
            b.shape[i * 4 + 3] = length >= reach - 0.01 ? 1 : 0;
            let level = isHere ? f.intensity[i]! / 65025 : 0;
            const strobe = isHere ? f.strobe[i]! : 0;
            if (strobe > 0 && level > 0 && !this.isCalm) {
                this.hasStrobe = true;
                if (!strobeOpen(strobe, seconds)) level = 0;
            }
            b.light[i * 3] = level ? f.r[i]! * level : 0;
            b.light[i * 3 + 1] = level ? f.g[i]! * level : 0;
            b.light[i * 3 + 2] = level ? f.b[i]! * level : 0;
        }
        b.touch();
        this.bodies?.aim(f.pan, f.tilt, n);
    }

    /* Where everything stands, with what is being moved where it is being moved to. */
    private place() {
        for (const t of this.things) {
            const at = this.editing.placeOf(t);
            const turn = this.editing.turnOf(t);
            for (const h of t.heads) this.origin.set(inRoom(at, turn, h.local), h.index * 3);
        }
        this.beams?.moved();
        this.bodies?.place((id) => {
            const t = this.byId.get(id)!;
            return { at: this.editing.placeOf(t), turn: this.editing.turnOf(t) };
        });
    }
    private preview() {
        this.place();
        this.dirty();
        this.on.places();
    }

    private paint() {
        const of = (css: string) => new Color().setStyle(css).convertLinearToSRGB();
        const [body, chosen, flash] = [of(this.colors.body), of(this.colors.select), of(this.colors.armed)];
        this.bodies?.paint((id) => {
            if (this.shown.flash.has(id)) return { color: flash, glow: 0.9 };
            if (this.shown.picked.has(id)) return { color: chosen, glow: 0.45 };
            return { color: body, glow: this.shown.hover === id ? 0.45 : 0 };
        });
    }

    private dirty() {
        this.isDirty = this.isInkDirty = true;
    }
    private inkDirty() {
        this.isInkDirty = true;
    }

    private tell() {
        if (this.count.step === this.tuner.step.name) return;
        this.count.step = this.tuner.step.name;
        this.on.changed();
    }

    private fit() {
        const box = (this.canvas.parentElement ?? this.canvas).getBoundingClientRect();
        [this.width, this.height] = [Math.max(1, Math.floor(box.width)), Math.max(1, Math.floor(box.height))];
        this.drawn = null;
        this.eye.size(this.width, this.height);
        this.overlay.size(this.width, this.height);
        this.dirty();
    }
    /* So many pixels of the picture. It is empty after that: only right before one is drawn. */
    private fitPixels(step: Step) {
        this.renderer.setPixelRatio(Math.min(devicePixelRatio, step.ratio));
        this.renderer.setSize(this.width, this.height, false);
        this.drawn = step;
    }

    /* ---- hands ---- */

    private where(id: string): At | null {
        const t = this.byId.get(id);
        const p = t && this.eye.project(this.editing.placeOf(t));
        return p && p.depth > 0 ? { x: p.x, y: p.y } : null;
    }

    private wishes() {
        const e = this.editing;
        const moved = () => this.dirty();
        return {
            orbit: (dx: number, dy: number) => (this.eye.orbit(dx * 0.006, dy * 0.006), moved()),
            pan: (dx: number, dy: number) => (this.eye.pan(dx, dy), moved()),
            zoom: (by: number, at: At) => (this.eye.zoom(by, at.x, at.y), moved()),
            isFlat: () => this.eye.isFlat,
            isLooking: () => e.isLooking,
            isFraming: () => e.isFraming,
            grip: (at: At, reach: number) => e.gripAt(at, reach),
            fixture: (at: At, reach: number) => fixtureAt(this.eye, e, this.things, at, reach),
            canMove: () => e.canMove,
            pick: (id: string | null, how: How) => this.on.pick(id, how),
            frame: (from: At, to: At) => {
                this.shown.frame = [from, to];
                this.inkDirty();
            },
            framed: (from: At, to: At, isMore: boolean) => {
                this.shown.frame = null;
                this.on.framed(inFrame(this.eye, e, this.things, from, to), isMore);
                this.inkDirty();
            },
            begin: (grip: Parameters<Editing['begin']>[0], fixture: string | null, at: At) => {
                if (fixture && !this.shown.picked.has(fixture)) this.on.pick(fixture, 'only');
                if (fixture && !this.shown.picked.has(fixture)) this.setPicked([fixture]);
                return e.begin(grip, fixture, at);
            },
            drag: (to: At, held: { shift: boolean; ctrl: boolean }) => e.drag(to, held),
            drop: () => {
                const done = e.drop();
                if (done) this.on.placed(done);
                this.dirty();
            },
            abandon: () => {
                this.shown.frame = null;
                e.abandon();
                this.dirty();
            },
            hover: (at: At | null) => this.hover(at),
        };
    }

    private hover(at: At | null) {
        const isGrip = at !== null && this.editing.hover(at);
        const id = at && !isGrip ? fixtureAt(this.eye, this.editing, this.things, at, 6) : null;
        this.canvas.style.cursor = isGrip ? 'grab' : id ? 'pointer' : 'default';
        if (isGrip || this.editing.wasHot) this.inkDirty();
        if (id === this.shown.hover) return;
        this.shown.hover = id;
        this.paint();
        this.dirty();
    }

    private readonly lost = (e: Event) => {
        e.preventDefault();
        this.isLost = true;
        this.on.changed();
    };
    private readonly restored = () => {
        this.isLost = false;
        this.clock.reset();
        this.dirty();
        this.on.changed();
    };
    /* The graphics took the picture away (driver, sleep); it comes back by itself when they do. */
    get isAway(): boolean {
        return this.isLost;
    }

    dispose() {
        this.hands.dispose();
        this.resize.disconnect();
        this.canvas.removeEventListener('webglcontextlost', this.lost);
        this.canvas.removeEventListener('webglcontextrestored', this.restored);
        this.beams?.dispose();
        this.bodies?.dispose();
        this.floor.dispose();
        this.clock.reset();
        this.renderer.dispose();
    }
}

/* Drawn by the processor: known before the context is made, for its smoothing cannot be changed later. */
function hasNoGraphics(): boolean {
    const gl = document.createElement('canvas').getContext('webgl2');
    if (!gl) throw new Error('no WebGL');
    const info = gl.getExtension('WEBGL_debug_renderer_info');
    const name = String(gl.getParameter(info ? info.UNMASKED_RENDERER_WEBGL : gl.RENDERER));
    gl.getExtension('WEBGL_lose_context')?.loseContext();
    return /swiftshader|llvmpipe|softpipe|software|basic render/i.test(name);
}
