/*
 * From where the stage is seen: around a point, with perspective or as a drawing without (the three plans). Turning, shifting and coming nearer are
 * the same calls for mouse, fingers and keys. Screen places are CSS pixels from the picture's upper left.
 */
import { OrthographicCamera, PerspectiveCamera, Vector3, type Camera } from 'three';
import type { Point } from './layout';

export const LOOKS = ['corner', 'front', 'side', 'top', 'plan-front', 'plan-side', 'plan-top'] as const;
export type Look = (typeof LOOKS)[number];

export interface Spot {
    x: number;
    y: number;
    /* Metres before the eye; at most 0: it is behind. */
    depth: number;
    /* Pixels that a metre has there. */
    scale: number;
}
export interface Ray {
    from: Vector3;
    way: Vector3;
}

/* Angles of the way from the target to the eye: round z (0 is in front, towards the audience; a quarter to the right of them), and above the floor. */
const ANGLES: Record<Look, [number, number]> = {
    corner: [-0.62, 0.42], front: [0, 0.16], side: [Math.PI / 2, 0.16], top: [0, 1.5],
    'plan-front': [0, 0], 'plan-side': [Math.PI / 2, 0], 'plan-top': [0, Math.PI / 2],
};
const FOV = 42;
const NEAREST = 0.6;
const FURTHEST = 150;
const LOWEST = -0.06;
const HIGHEST = Math.PI / 2;
const HALF = Math.tan((FOV * Math.PI) / 360);
/* What lies over the picture's edges, pixels: nothing is put below it. */
const ABOVE = 56;
const BELOW = 36;

export class Eye {
    private readonly deep = new PerspectiveCamera(FOV, 1, 0.05, 400);
    private readonly plan = new OrthographicCamera(-1, 1, 1, -1, 0.05, 600);
    private readonly target = new Vector3(0, 1, 2);
    private turn = ANGLES.corner[0];
    private rise = ANGLES.corner[1];
    private far = 12;
    private width = 1;
    private height = 1;
    look: Look = 'corner';
    /* Rises with every change. */
    version = 0;

    constructor() {
        this.place();
    }

    get isFlat(): boolean {
        return this.look.startsWith('plan');
    }
    get camera(): Camera {
        return this.isFlat ? this.plan : this.deep;
    }
    get position(): Vector3 {
        return this.camera.position;
    }
    get sight(): Vector3 {
        return this.target.clone().sub(this.position).normalize();
    }

    size(width: number, height: number) {
        this.width = width;
        this.height = height;
        this.place();
    }

    private place() {
        const cos = Math.cos(this.rise);
        const way = new Vector3(Math.sin(this.turn) * cos, -Math.cos(this.turn) * cos, Math.sin(this.rise));
        const c = this.camera;
        /* Straight down there is no up: it is upstage then. */
        c.up.set(-Math.sin(this.turn), Math.cos(this.turn), 0);
        if (Math.abs(cos) > 0.02) c.up.set(0, 0, 1);
        c.position.copy(this.target).addScaledVector(way, this.isFlat ? 250 : this.far);
        c.lookAt(this.target);
        this.deep.aspect = this.width / this.height;
        const tall = this.far * HALF;
        Object.assign(this.plan, { top: tall, bottom: -tall, right: tall * this.deep.aspect, left: -tall * this.deep.aspect });
        (this.isFlat ? this.plan : this.deep).updateProjectionMatrix();
        c.updateMatrixWorld();
        this.version++;
    }

    /* Radians to the right and up. A plan stays what it is. */
    orbit(right: number, up: number) {
        if (this.isFlat) return;
        this.turn -= right;
        this.rise = Math.min(HIGHEST - 0.02, Math.max(LOWEST, this.rise + up));
        this.place();
    }

    /* So many pixels: what is at the target's distance stays under the hand. */
    pan(dx: number, dy: number) {
        const metre = (2 * this.far * HALF) / this.height;
        const e = this.camera.matrixWorld.elements;
        this.target.x += (-dx * e[0]! + dy * e[4]!) * metre;
        this.target.y += (-dx * e[1]! + dy * e[5]!) * metre;
        this.target.z += (-dx * e[2]! + dy * e[6]!) * metre;
        this.place();
    }

    /* By a factor (below 1: nearer); what is at this place of the picture stays there. */
    zoom(by: number, x = this.width / 2, y = this.height / 2) {
        const was = this.far;
        this.far = Math.min(FURTHEST, Math.max(NEAREST, this.far * by));
        const part = 1 - this.far / was;
        const metre = (2 * was * HALF) / this.height;
        const e = this.camera.matrixWorld.elements;
        const [u, v] = [(x - this.width / 2) * metre * part, (this.height / 2 - y) * metre * part];
        this.target.x += e[0]! * u + e[4]! * v;
        this.target.y += e[1]! * u + e[5]! * v;
        this.target.z += e[2]! * u + e[6]! * v;
        this.place();
    }

    /* All of these in the picture, from a side. */
    show(look: Look, points: readonly Point[]) {
        this.look = look;
        [this.turn, this.rise] = ANGLES[look];
        this.frame(points);
    }

    /* All of these in the picture, from where it is seen now. A small stage even when there are none. */
    frame(points: readonly Point[]) {
        const low = new Vector3(Infinity, Infinity, 0);
        const high = new Vector3(-Infinity, -Infinity, 0);
        for (const p of points) {
            low.set(Math.min(low.x, p.x), Math.min(low.y, p.y), Math.min(low.z, p.z));
            high.set(Math.max(high.x, p.x), Math.max(high.y, p.y), Math.max(high.z, p.z));
        }
        if (!points.length) {
            low.set(-3, -1.5, 0);
            high.set(3, 1.5, 3);
        }
        this.target.copy(low).add(high).multiplyScalar(0.5);
        this.far = 10;
        this.place();
        /* Every corner of what is to be seen, with a margin. */
        const e = this.camera.matrixWorld.elements;
        const aspect = this.width / this.height;
        let need = 2;
        for (let i = 0; i < 8; i++) {
            const d = new Vector3(i & 1 ? high.x + 0.6 : low.x - 0.6, i & 2 ? high.y + 0.6 : low.y - 0.6, i & 4 ? high.z + 0.6 : low.z - 0.15).sub(this.target);
            const right = Math.abs(d.x * e[0]! + d.y * e[1]! + d.z * e[2]!);
            const up = Math.abs(d.x * e[4]! + d.y * e[5]! + d.z * e[6]!);
            const near = this.isFlat ? 0 : d.x * e[8]! + d.y * e[9]! + d.z * e[10]!;
            need = Math.max(need, near + Math.max(up / this.free, right / aspect) / HALF);
        }
        this.far = Math.min(FURTHEST, need * 1.04);
        this.place();
        this.centre(low, high);
        this.pan(0, (ABOVE - BELOW) / 2);
    }

    /* The part of the height that is free. */
    private get free(): number {
        return Math.max(0.4, 1 - (ABOVE + BELOW) / this.height);
    }

    /* With perspective the middle of the box is not the middle of its picture. */
    private centre(low: Vector3, high: Vector3) {
        for (let turn = 0; turn < 3 && !this.isFlat; turn++) {
            let [x0, x1, y0, y1] = [Infinity, -Infinity, Infinity, -Infinity];
            for (let i = 0; i < 8; i++) {
                const p = this.project({ x: i & 1 ? high.x + 0.4 : low.x - 0.4, y: i & 2 ? high.y + 0.4 : low.y - 0.4, z: i & 4 ? high.z + 0.4 : low.z });
                [x0, x1] = [Math.min(x0, p.x), Math.max(x1, p.x)];
                [y0, y1] = [Math.min(y0, p.y), Math.max(y1, p.y)];
            }
            this.pan(this.width / 2 - (x0 + x1) / 2, this.height / 2 - (y0 + y1) / 2);
            this.far = Math.min(FURTHEST, this.far * Math.max(0.6, Math.max((x1 - x0) / (this.width * 0.94), (y1 - y0) / (this.height * this.free * 0.94))));
            this.place();
        }
    }

    /* Where a point is in the picture. */
    project(p: Point): Spot {
        const c = this.camera;
        const v = new Vector3(p.x, p.y, p.z).applyMatrix4(c.matrixWorldInverse);
        const depth = -v.z;
        const scale = this.height / (2 * (this.isFlat ? this.far : Math.max(0.01, depth)) * HALF);
        return { x: this.width / 2 + v.x * scale, y: this.height / 2 - v.y * scale, depth, scale };
    }

    ray(x: number, y: number): Ray {
        const c = this.camera;
        const [u, v] = [(x / this.width) * 2 - 1, 1 - (y / this.height) * 2];
        const near = new Vector3(u, v, -1).unproject(c);
        const way = new Vector3(u, v, 1).unproject(c).sub(near).normalize();
        return { from: near, way };
    }
}
