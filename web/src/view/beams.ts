/*
 * The light itself, a few instanced draws for any number of heads: beams in the haze, pools where they meet the floor, lenses with their glare.
 * Per head the frame gives colour and direction; both live in instanced attributes that are written only when a new frame came.
 *
 * A beam is one flat quad that turns about its own axis towards the eye, and its shader reckons how much lit haze lies behind each point of it: softer and
 * cheaper than a cone, which paints every point twice. What is dark is taken out of the picture before it costs a pixel.
 */
import {
    AdditiveBlending, BufferGeometry, CircleGeometry, DoubleSide, DynamicDrawUsage, Float32BufferAttribute, InstancedBufferAttribute,
    InstancedBufferGeometry, Mesh, NormalBlending, ShaderMaterial, Vector3, type Scene,
} from 'three';
import type { Optics } from './kinds';

const HEAD = `
attribute vec3 origin; attribute vec3 dir; attribute vec3 light; attribute vec4 shape; attribute vec2 lens;
uniform vec3 eye; uniform vec3 sight; uniform float isFlat; uniform float ray;
vec3 toEye(vec3 at) { return isFlat > 0.5 ? -sight : normalize(eye - at); }
float glow() { return max(light.r, max(light.g, light.b)); }
const vec4 NOWHERE = vec4(2.0, 2.0, 2.0, 1.0);
`;

/* x of the quad goes across, y along the beam. */
const BEAM_VERTEX = `${HEAD}
varying vec3 vLight; varying float vAlong; varying float vSide; varying float vRadius; varying float vOpen; varying vec3 vAt;
void main() {
    if (glow() * shape.z < 0.004) { gl_Position = NOWHERE; return; }
    float r = mix(lens.x, ray > 0.5 ? min(shape.y, lens.x * 2.0) : shape.y, position.y);
    vec3 at = origin + dir * (lens.y + position.y * shape.x);
    vec3 side = cross(dir, toEye(at));
    float s = length(side);
    at += (s > 1e-4 ? side / s : vec3(0.0)) * (position.x * r);
    /* Seen along the beam the quad has no width: its glare and its pool are what one sees. */
    vLight = light * shape.z * smoothstep(0.02, 0.3, s);
    vAlong = position.y; vSide = position.x * r; vRadius = r; vOpen = shape.w; vAt = at;
    gl_Position = projectionMatrix * modelViewMatrix * vec4(at, 1.0);
}`;
const BEAM_FRAGMENT = `
uniform float haze; uniform float fine; uniform float first;
varying vec3 vLight; varying float vAlong; varying float vSide; varying float vRadius; varying float vOpen; varying vec3 vAt;
float hash(vec3 p) { p = fract(p * 0.3183099 + 0.1); p *= 17.0; return fract(p.x * p.y * p.z * (p.x + p.y + p.z)); }
float noise(vec3 x) {
    vec3 i = floor(x); vec3 f = fract(x); f = f * f * (3.0 - 2.0 * f);
    return mix(mix(mix(hash(i), hash(i + vec3(1, 0, 0)), f.x), mix(hash(i + vec3(0, 1, 0)), hash(i + vec3(1, 1, 0)), f.x), f.y),
               mix(mix(hash(i + vec3(0, 0, 1)), hash(i + vec3(1, 0, 1)), f.x), mix(hash(i + vec3(0, 1, 1)), hash(i + vec3(1, 1, 1)), f.x), f.y), f.z);
}
void main() {
    float u = vSide / vRadius;
    float across = 1.0 - u * u;
    across *= across;
    /* The same light through ever wider circles, and less of it the more haze it came through. */
    float thin = sqrt(first / vRadius);
    float far = mix(1.0 - vAlong * 0.55, (1.0 - vAlong) * (1.0 - vAlong * 0.6), vOpen);
    float b = across * thin * far * haze;
    if (fine > 0.5) b *= 0.72 + 0.56 * noise(vAt * 1.7);
    /* Less than a step of the screen, other for each beam: what fades so slowly would show its steps. */
    float grain = fract(52.9829189 * fract(dot(gl_FragCoord.xy + vAt.xz * 31.0, vec2(0.06711056, 0.00583715)))) - 0.5;
    gl_FragColor = vec4(vLight * b + grain / 255.0 * step(0.001, b), 1.0);
}`;

const POOL_VERTEX = `${HEAD}
varying vec3 vLight; varying vec2 vAt;
void main() {
    float down = -dir.z;
    float reach = down > 0.05 ? origin.z / down : 1e6;
    if (glow() * shape.z < 0.004 || origin.z <= 0.0 || reach > shape.x + lens.y + 0.02) { gl_Position = NOWHERE; return; }
    vec3 centre = origin + dir * reach;
    vec2 along = length(dir.xy) > 1e-3 ? normalize(dir.xy) : vec2(1.0, 0.0);
    vec2 across = vec2(-along.y, along.x);
    float radius = shape.y * 1.25;
    vec2 flat2 = along * position.x * radius / max(down, 0.25) + across * position.y * radius;
    /* The wider the circle, the less of the light on each part of it. */
    vAt = position.xy; vLight = light * min(1.0, 0.1 + 0.4 / shape.y);
    gl_Position = projectionMatrix * modelViewMatrix * vec4(centre.xy + flat2, 0.012, 1.0);
}`;
const POOL_FRAGMENT = `
varying vec3 vLight; varying vec2 vAt;
void main() {
    float edge = clamp(1.0 - dot(vAt, vAt), 0.0, 1.0);
    gl_FragColor = vec4(vLight * (edge * edge * 0.42 + smoothstep(0.3, 0.75, edge) * 0.16), 1.0);
}`;

/* The glass, and around it the glare: wide where the beam goes to the eye. */
const LENS_VERTEX = `${HEAD}
varying vec3 vLight; varying vec2 vAt; varying float vCore;
void main() {
    if (lens.x <= 0.0) { gl_Position = NOWHERE; return; }
    vec3 at = origin + dir * (lens.y + 0.012);
    float facing = dot(dir, toEye(at));
    float g = glow();
    float seen = facing > -0.05 ? 1.0 : 0.0;
    float size = lens.x * (1.0 + g * (1.2 + 5.0 * pow(max(facing, 0.0), 6.0)));
    vec4 view = modelViewMatrix * vec4(at, 1.0);
    vCore = lens.x / size;
    view.xy += position.xy * size;
    vLight = light; vAt = position.xy;
    gl_Position = seen > 0.5 || g > 0.1 ? projectionMatrix * view : NOWHERE;
}`;
const LENS_FRAGMENT = `
varying vec3 vLight; varying vec2 vAt; varying float vCore;
void main() {
    float r = length(vAt);
    float core = 1.0 - smoothstep(vCore * 0.8, vCore, r);
    float halo = pow(clamp(1.0 - r, 0.0, 1.0), 2.5);
    float glow = max(vLight.r, max(vLight.g, vLight.b));
    vec3 lamp = mix(vec3(0.05, 0.055, 0.065), vLight * 1.15 + vec3(0.4 * glow * glow), step(0.004, glow));
    gl_FragColor = vec4(lamp * core + vLight * halo * 0.8, max(core, halo * glow * 0.7));
}`;

function quad(): BufferGeometry {
    const g = new BufferGeometry();
    g.setAttribute('position', new Float32BufferAttribute([-1, 0, 0, 1, 0, 0, 1, 1, 0, -1, 1, 0], 3));
    g.setIndex([0, 1, 2, 0, 2, 3]);
    return g;
}

export class Beams {
    /* xyz per head; light is colour times intensity, 0..1. */
    readonly dir: Float32Array;
    readonly light: Float32Array;
    /* Length of the beam from the lens on, its radius there, strength of the light in the air, 1: it ends in the air. */
    readonly shape: Float32Array;

    private readonly live: InstancedBufferAttribute[];
    private readonly at: InstancedBufferAttribute;
    private readonly meshes: Mesh[] = [];
    private readonly air: Mesh;
    private readonly uniforms = {
        eye: { value: new Vector3() },
        sight: { value: new Vector3() },
        isFlat: { value: 0 },
        haze: { value: 0.5 },
        fine: { value: 1 },
        ray: { value: 0 },
        first: { value: 0.09 },
    };

    constructor(
        private readonly scene: Scene,
        readonly count: number,
        origin: Float32Array,
        optics: readonly Optics[],
    ) {
        this.dir = new Float32Array(count * 3);
        this.light = new Float32Array(count * 3);
        this.shape = new Float32Array(count * 4);
        const lens = new Float32Array(count * 2);
        optics.forEach((o, i) => lens.set([o.lens, o.ahead], i * 2));
        const dir = new InstancedBufferAttribute(this.dir, 3);
        const light = new InstancedBufferAttribute(this.light, 3);
        const shape = new InstancedBufferAttribute(this.shape, 4);
        this.live = [dir, light, shape];
        for (const a of this.live) a.setUsage(DynamicDrawUsage);
        this.at = new InstancedBufferAttribute(origin, 3);
        const per = { origin: this.at, lens: new InstancedBufferAttribute(lens, 2), dir, light, shape };

        const add = (base: BufferGeometry, vertexShader: string, fragmentShader: string, isLight: boolean) => {
            const g = new InstancedBufferGeometry();
            g.index = base.index;
            g.setAttribute('position', base.getAttribute('position') as Float32BufferAttribute);
            for (const [name, attribute] of Object.entries(per)) g.setAttribute(name, attribute);
            g.instanceCount = count;
            const material = new ShaderMaterial({
                vertexShader, fragmentShader,
                uniforms: this.uniforms,
                transparent: true,
                depthWrite: false,
                side: DoubleSide,
                blending: isLight ? AdditiveBlending : NormalBlending,
            });
            const mesh = new Mesh(g, material);
            mesh.frustumCulled = false; /* the instances are elsewhere than the geometry */
            mesh.renderOrder = this.meshes.length + 1;
            this.meshes.push(mesh);
            scene.add(mesh);
            return mesh;
        };
        add(new CircleGeometry(1, 24), POOL_VERTEX, POOL_FRAGMENT, true);
        add(new CircleGeometry(1, 16), LENS_VERTEX, LENS_FRAGMENT, false);
        this.air = add(quad(), BEAM_VERTEX, BEAM_FRAGMENT, true);
    }

    /* How they are seen: with so much haze (0..1), with grain or without, wide or as rays. */
    look(haze: number, isFine: boolean, beams: 'wide' | 'ray') {
        this.uniforms.haze.value = haze * 1.1;
        this.uniforms.fine.value = isFine ? 1 : 0;
        this.uniforms.ray.value = beams === 'ray' ? 1 : 0;
        this.air.visible = haze > 0;
    }

    /* From where; `sight`: the direction in which a picture without perspective looks. */
    seen(eye: Vector3, sight: Vector3, isFlat: boolean) {
        this.uniforms.eye.value.copy(eye);
        this.uniforms.sight.value.copy(sight);
        this.uniforms.isFlat.value = isFlat ? 1 : 0;
    }

    /* The origins were written. */
    moved() {
        this.at.needsUpdate = true;
    }

    /* What was written to the arrays goes to the GPU with the next picture. */
    touch() {
        for (const a of this.live) a.needsUpdate = true;
    }

    dispose() {
        for (const m of this.meshes) {
            this.scene.remove(m);
            m.geometry.dispose();
            (m.material as ShaderMaterial).dispose();
        }
    }
}
