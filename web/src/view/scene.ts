/*
 * The stage: floor, fixtures and their light, drawn from live data. Z is up; x is to the
 * audience's right and y upstage, as in the venue's own coordinates.
 *
 * Draws only when something changed (a frame, the camera, a strobe), so a resting stage
 * costs nothing. The picture's resolution drops when it takes too long to draw.
 */
import {
    AmbientLight, BoxGeometry, Color, DirectionalLight, InstancedMesh, Matrix4, MeshLambertMaterial,
    PerspectiveCamera, Raycaster, Scene, Vector2, WebGLRenderer,
} from 'three';
import type { Frame } from '../api/binary';
import type { Head } from '../api/types';
import { Beams } from './beams';
import { Camera } from './camera';
import { Floor } from './floor';
import { beamDirection, rotation, strobeOpen, toFloor, type Mat3 } from './geometry';

/* How a beam is drawn: metres it reaches without a floor to meet, and how fast it widens.
 * Definitions seldom know their optics, so the kind of head decides. */
interface Optics {
    reach: number;
    spread: number;
    strength: number;
}
const spread = (degrees: number) => Math.tan((degrees * Math.PI) / 180);
const MOVING: Optics = { reach: 11, spread: spread(5), strength: 1 };
const WASH: Optics = { reach: 9, spread: spread(12), strength: 1 };
const PIXEL: Optics = { reach: 3.5, spread: spread(7), strength: 0.55 };
const MANY = 4; /* heads of one fixture that make it a bar of pixels */
const MAX_RATIO = 1.5;
const SLOW_MS = 28;

export interface StageColors {
    ground: string;
    line: string;
    body: string;
    select: string;
}

export class Stage {
    onPick: ((fixtureId: string | null) => void) | null = null;

    private readonly renderer: WebGLRenderer;
    private readonly scene = new Scene();
    private readonly camera: Camera;
    private readonly floor = new Floor();
    private beams: Beams | null = null;
    private bodies: InstancedMesh | null = null;
    private heads: readonly Head[] = [];
    private turns: Mat3[] = [];
    private optics: Optics[] = [];
    private fixtures: string[] = []; /* per body */
    private selected: string | null = null;
    private seq = -1;
    private isDirty = true;
    private hasStrobe = false;
    private ratio: number;
    private slow = 0;
    private lastMs = 0;
    private readonly resize: ResizeObserver;
    private colors: StageColors;

    constructor(
        private readonly canvas: HTMLCanvasElement,
        colors: StageColors,
        private readonly isCalm: boolean,
    ) {
        this.colors = colors;
        this.renderer = new WebGLRenderer({ canvas, antialias: true, powerPreference: 'low-power' });
        this.ratio = Math.min(devicePixelRatio, MAX_RATIO);
        this.camera = new Camera(new PerspectiveCamera(42, 1, 0.1, 200), canvas, () => (this.isDirty = true));
        const sun = new DirectionalLight(0xffffff, 1.4);
        sun.position.set(-3, -8, 9);
        this.scene.add(this.floor.mesh, sun, new AmbientLight(0xffffff, 0.9));
        this.setColors(colors);
        this.resize = new ResizeObserver(() => this.fit());
        this.resize.observe(canvas.parentElement ?? canvas);
        canvas.addEventListener('click', this.pick);
        this.fit();
    }

    setColors(colors: StageColors) {
        this.colors = colors;
        this.scene.background = new Color(colors.ground);
        this.floor.setColor(colors.line);
        this.paintBodies();
        this.isDirty = true;
    }

    /* Another patch. The camera is moved only if the old one could not see it. */
    setHeads(heads: readonly Head[]) {
        const isFirst = this.heads.length === 0;
        this.beams?.dispose();
        if (this.bodies) {
            this.scene.remove(this.bodies);
            this.bodies.geometry.dispose();
            (this.bodies.material as MeshLambertMaterial).dispose();
            this.bodies.dispose();
        }
        this.heads = heads;
        const origin = new Float32Array(heads.length * 3);
        heads.forEach((h, i) => origin.set([h.x, h.y, h.z], i * 3));
        this.turns = heads.map((h) => rotation(h.rot_x, h.rot_y, h.rot_z));
        const perFixture = new Map<string, number>();
        for (const h of heads) perFixture.set(h.fixture_id, (perFixture.get(h.fixture_id) ?? 0) + 1);
        this.optics = heads.map((h) => {
            if (h.capabilities.includes('movement')) return MOVING;
            return perFixture.get(h.fixture_id)! >= MANY ? PIXEL : WASH;
        });
        this.beams = new Beams(this.scene, heads.length, origin);
        this.fixtures = heads.map((h) => h.fixture_id);
        const body = new BoxGeometry(0.2, 0.2, 0.2);
        this.bodies = new InstancedMesh(body, new MeshLambertMaterial(), Math.max(1, heads.length));
        this.bodies.count = heads.length;
        const place = new Matrix4();
        heads.forEach((h, i) => {
            const m = this.turns[i]!;
            /* The body is behind the lens, in its own up. */
            const [ux, uy, uz] = [m[2] * 0.12, m[5] * 0.12, m[8] * 0.12];
            place.set(
                m[0], m[1], m[2], h.x + ux,
                m[3], m[4], m[5], h.y + uy,
                m[6], m[7], m[8], h.z + uz,
                0, 0, 0, 1,
            );
            this.bodies!.setMatrixAt(i, place);
        });
        this.scene.add(this.bodies);
        this.paintBodies();
        this.seq = -1;
        this.isDirty = true;
        if (isFirst) this.frameAll();
    }

    select(fixtureId: string | null) {
        this.selected = fixtureId;
        this.paintBodies();
        this.isDirty = true;
    }

    frameAll() {
        this.camera.frame(this.heads);
        this.isDirty = true;
    }

    /* View from the side named: the audience, above, or three quarters. */
    look(from: 'front' | 'top' | 'corner') {
        this.camera.look(from, this.heads);
        this.isDirty = true;
    }

    /* Keys: radians to the right and up, part of the distance nearer. */
    turn(right: number, up: number, nearer: number) {
        this.camera.turn(right, up, nearer);
    }

    /* Once per animation frame. */
    draw(frame: Frame, nowMs: number) {
        this.adapt(nowMs);
        this.camera.update();
        const isNew = frame.seq !== this.seq;
        if (!isNew && !this.isDirty && !this.hasStrobe) return;
        this.seq = frame.seq;
        this.isDirty = false;
        this.write(frame, nowMs / 1000);
        this.renderer.render(this.scene, this.camera.camera);
    }

    dispose() {
        this.resize.disconnect();
        this.canvas.removeEventListener('click', this.pick);
        this.beams?.dispose();
        this.floor.dispose();
        this.camera.dispose();
        this.renderer.dispose();
    }

    private write(f: Frame, seconds: number) {
        const b = this.beams;
        if (!b) return;
        const n = Math.min(b.count, f.count);
        this.hasStrobe = false;
        for (let i = 0; i < b.count; i++) {
            const h = this.heads[i]!;
            beamDirection(this.turns[i]!, i < n ? f.pan[i]! : 0, i < n ? f.tilt[i]! : 0, b.dir, i * 3);
            const o = this.optics[i]!;
            const length = toFloor(h.z, b.dir[i * 3 + 2]!, o.reach);
            b.shape[i * 3] = length;
            b.shape[i * 3 + 1] = 0.07 + length * o.spread;
            b.shape[i * 3 + 2] = o.strength;
            let level = i < n ? f.intensity[i]! / 255 / 255 : 0;
            const strobe = i < n ? f.strobe[i]! : 0;
            if (strobe > 0 && level > 0 && !this.isCalm) {
                this.hasStrobe = true;
                if (!strobeOpen(strobe, seconds)) level = 0;
            }
            b.light[i * 3] = level ? f.r[i]! * level : 0;
            b.light[i * 3 + 1] = level ? f.g[i]! * level : 0;
            b.light[i * 3 + 2] = level ? f.b[i]! * level : 0;
        }
        b.touch();
    }

    private paintBodies() {
        if (!this.bodies) return;
        const normal = new Color(this.colors.body);
        const chosen = new Color(this.colors.select);
        this.fixtures.forEach((id, i) => this.bodies!.setColorAt(i, id === this.selected ? chosen : normal));
        if (this.bodies.instanceColor) this.bodies.instanceColor.needsUpdate = true;
    }

    private readonly pick = (e: MouseEvent) => {
        if (!this.bodies || this.camera.wasDragged) return;
        const box = this.canvas.getBoundingClientRect();
        const ray = new Raycaster();
        const at = new Vector2(
            ((e.clientX - box.left) / box.width) * 2 - 1,
            1 - ((e.clientY - box.top) / box.height) * 2,
        );
        ray.setFromCamera(at, this.camera.camera);
        const hit = ray.intersectObject(this.bodies)[0];
        this.onPick?.(hit?.instanceId === undefined ? null : (this.fixtures[hit.instanceId] ?? null));
    };

    /* Pictures that take too long for a while: fewer pixels. */
    private adapt(nowMs: number) {
        const took = nowMs - this.lastMs;
        this.lastMs = nowMs;
        this.slow = took > SLOW_MS && took < 500 ? this.slow + 1 : Math.max(0, this.slow - 1);
        if (this.slow > 45 && this.ratio > 0.75) {
            this.ratio = Math.max(0.75, this.ratio * 0.8);
            this.slow = 0;
            this.fit();
        }
    }

    private fit() {
        const box = (this.canvas.parentElement ?? this.canvas).getBoundingClientRect();
        const w = Math.max(1, Math.floor(box.width));
        const h = Math.max(1, Math.floor(box.height));
        this.renderer.setPixelRatio(this.ratio);
        this.renderer.setSize(w, h, false);
        this.camera.aspect(w / h);
        this.isDirty = true;
    }
}
