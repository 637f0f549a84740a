/*
 * The fixtures themselves: one instanced draw for each kind there is. Yoke and head turn in the shader, so a frame costs two numbers a body.
 */
import {
    BufferGeometry, Color, DynamicDrawUsage, InstancedBufferAttribute, InstancedBufferGeometry, Mesh, ShaderMaterial, type Scene,
} from 'three';
import type { Placement } from './drag';
import { quaternion, type Mat3, type Vec3 } from './geometry';
import type { Kind } from './kinds';
import { inRoom } from './patch';
import { shapeOf } from './shapes';

const VERTEX = `
attribute vec3 origin; attribute vec4 turn; attribute vec3 size; attribute vec2 aim; attribute vec4 tint; attribute vec2 mark;
varying vec3 vNormal; varying vec4 vTint; varying float vShade; varying vec3 vView;
vec3 turned(vec4 q, vec3 v) { return v + 2.0 * cross(q.xyz, cross(q.xyz, v) + q.w * v); }
vec3 panned(vec3 v) { float c = cos(aim.x), s = sin(aim.x); return vec3(c * v.x - s * v.y, s * v.x + c * v.y, v.z); }
/* Tilt lifts the beam (-z) towards the front (-y). */
vec3 tilted(vec3 v) { float c = cos(aim.y), s = sin(aim.y); return vec3(v.x, c * v.y + s * v.z, -s * v.y + c * v.z); }
void main() {
    vec3 at = position * size; vec3 n = normal;
    if (mark.y > 1.5) { at = tilted(at); n = tilted(n); }
    if (mark.y > 0.5) { at = panned(at); n = panned(n); }
    vec4 seen = modelViewMatrix * vec4(turned(turn, at) + origin, 1.0);
    vNormal = turned(turn, n); vTint = tint; vShade = mark.x; vView = (vec4(0.0, 0.0, 1.0, 0.0) * viewMatrix).xyz;
    gl_Position = projectionMatrix * seen;
}`;
/* Light from above and in front, and an edge towards the eye, so that what is dark stands out from the dark. */
const FRAGMENT = `
varying vec3 vNormal; varying vec4 vTint; varying float vShade; varying vec3 vView;
void main() {
    vec3 n = normalize(vNormal);
    float key = max(0.0, dot(n, normalize(vec3(-0.35, -0.8, 0.5))));
    float sky = 0.5 + 0.5 * n.z;
    float rim = pow(1.0 - abs(dot(n, normalize(vView))), 3.0);
    vec3 c = vTint.rgb * vShade * (0.34 + 0.3 * sky + 0.5 * key) + vTint.rgb * rim * 0.35;
    gl_FragColor = vec4(mix(c, vTint.rgb * (0.75 + 0.35 * key), vTint.a), 1.0);
}`;

export interface Body {
    thing: string;
    kind: Kind;
    /* Where it is within its fixture. */
    local: Vec3;
    /* Stretched to so many metres: 1 where it is not. */
    width: number;
    height: number;
    /* Whose pan and tilt it has, by the place in the frame; -1: none. */
    head: number;
}

const RAD = Math.PI / 180;

interface Batch {
    bodies: Body[];
    mesh: Mesh;
    origin: InstancedBufferAttribute;
    turn: InstancedBufferAttribute;
    aim: InstancedBufferAttribute;
    tint: InstancedBufferAttribute;
}

export class Bodies {
    private readonly batches: Batch[] = [];
    private readonly material = new ShaderMaterial({ vertexShader: VERTEX, fragmentShader: FRAGMENT });

    constructor(
        private readonly scene: Scene,
        bodies: readonly Body[],
    ) {
        const kinds = new Map<Kind, Body[]>();
        for (const b of bodies) kinds.set(b.kind, [...(kinds.get(b.kind) ?? []), b]);
        for (const [kind, of] of kinds) this.batches.push(this.batch(shapeOf(kind), of));
    }

    private batch(shape: BufferGeometry, bodies: Body[]): Batch {
        const g = new InstancedBufferGeometry();
        for (const name of ['position', 'normal', 'mark']) g.setAttribute(name, shape.getAttribute(name));
        const per = (size: number, of: (b: Body) => number[]) => {
            const a = new InstancedBufferAttribute(new Float32Array(bodies.length * size), size);
            bodies.forEach((b, i) => (a.array as Float32Array).set(of(b), i * size));
            return a;
        };
        const origin = per(3, (b) => b.local);
        const turn = per(4, () => [0, 0, 0, 1]);
        g.setAttribute('origin', origin);
        g.setAttribute('turn', turn);
        g.setAttribute('size', per(3, (b) => [b.width, b.height, 1]));
        const aim = per(2, () => [0, 0]).setUsage(DynamicDrawUsage) as InstancedBufferAttribute;
        const tint = per(4, () => [0.5, 0.5, 0.5, 0]);
        g.setAttribute('aim', aim);
        g.setAttribute('tint', tint);
        g.instanceCount = bodies.length;
        const mesh = new Mesh(g, this.material);
        mesh.frustumCulled = false;
        this.scene.add(mesh);
        return { bodies, mesh, origin, turn, aim, tint };
    }

    place(of: (thing: string) => { at: Placement; turn: Mat3 }) {
        for (const b of this.batches) {
            b.bodies.forEach((body, i) => {
                const { at, turn } = of(body.thing);
                (b.origin.array as Float32Array).set(inRoom(at, turn, body.local), i * 3);
                (b.turn.array as Float32Array).set(quaternion(turn), i * 4);
            });
            b.origin.needsUpdate = b.turn.needsUpdate = true;
        }
    }

    /* Degrees, in the order of the frame's heads. */
    aim(pan: Float32Array, tilt: Float32Array, count: number) {
        for (const b of this.batches) {
            const to = b.aim.array as Float32Array;
            b.bodies.forEach((body, i) => {
                if (body.head < 0 || body.head >= count) return;
                to[i * 2] = pan[body.head]! * RAD;
                to[i * 2 + 1] = tilt[body.head]! * RAD;
            });
            b.aim.needsUpdate = true;
        }
    }

    /* The colour of each fixture, and how much it shines by itself (0..1). */
    paint(color: (thing: string) => { color: Color; glow: number }) {
        for (const b of this.batches) {
            const to = b.tint.array as Float32Array;
            b.bodies.forEach((body, i) => {
                const { color: c, glow } = color(body.thing);
                to.set([c.r, c.g, c.b, glow], i * 4);
            });
            b.tint.needsUpdate = true;
        }
    }

    dispose() {
        for (const b of this.batches) {
            this.scene.remove(b.mesh);
            b.mesh.geometry.dispose();
        }
        this.material.dispose();
    }
}
