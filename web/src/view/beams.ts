/*
 * The light itself, three instanced draws for any number of heads: beams (additive open
 * cones), pools where they meet the floor (additive discs) and the lenses.
 * Per head the frame gives colour and direction; both live in instanced attributes that
 * are written only when a new frame came.
 */
import {
    AdditiveBlending, BufferGeometry, CircleGeometry, CylinderGeometry, DoubleSide, DynamicDrawUsage, Float32BufferAttribute,
    InstancedBufferAttribute, InstancedBufferGeometry, Mesh, NormalBlending, ShaderMaterial, type Scene,
} from 'three';

/* The cone lies along +z, from a lens of radius r0 to 1 at z = 1; the vertex shader turns
 * z into the beam's direction. Edges fade where the surface turns away from the eye. */
const BEAM_VERTEX = `
attribute vec3 origin; attribute vec3 dir; attribute vec3 light; attribute vec3 shape;
varying vec3 vLight; varying float vAlong; varying vec3 vNormal; varying vec3 vView;
void main() {
    vec3 z = normalize(dir);
    vec3 x = normalize(abs(z.z) < 0.99 ? cross(vec3(0.0, 0.0, 1.0), z) : cross(vec3(0.0, 1.0, 0.0), z));
    vec3 y = cross(z, x);
    float radius = mix(0.07, shape.y, position.z);
    vec3 at = origin + x * position.x * radius + y * position.y * radius + z * position.z * shape.x;
    vec4 seen = modelViewMatrix * vec4(at, 1.0);
    vLight = light * shape.z; vAlong = position.z;
    vNormal = normalMatrix * (x * position.x + y * position.y);
    vView = -seen.xyz;
    gl_Position = projectionMatrix * seen;
}`;
const BEAM_FRAGMENT = `
varying vec3 vLight; varying float vAlong; varying vec3 vNormal; varying vec3 vView;
void main() {
    float facing = abs(dot(normalize(vNormal), normalize(vView)));
    float fade = pow(1.0 - vAlong, 1.6) * 0.55 + 0.06 * (1.0 - vAlong);
    gl_FragColor = vec4(vLight * fade * pow(facing, 1.7), 1.0);
}`;

const POOL_VERTEX = `
attribute vec3 origin; attribute vec3 dir; attribute vec3 light; attribute vec3 shape;
varying vec3 vLight; varying vec2 vAt;
void main() {
    float down = -dir.z;
    float reach = down > 0.02 ? origin.z / down : 1e6;
    float lit = step(reach, shape.x + 0.01) * step(0.0, origin.z);
    vec3 centre = origin + dir * reach;
    vec2 along = length(dir.xy) > 1e-3 ? normalize(dir.xy) : vec2(1.0, 0.0);
    vec2 across = vec2(-along.y, along.x);
    float radius = shape.y * min(1.0, reach / max(shape.x, 0.01));
    vec2 flat2 = along * position.x * radius / max(down, 0.25) + across * position.y * radius;
    vAt = position.xy; vLight = light * lit * shape.z;
    gl_Position = projectionMatrix * modelViewMatrix * vec4(centre.xy + flat2, 0.012, 1.0);
}`;
const POOL_FRAGMENT = `
varying vec3 vLight; varying vec2 vAt;
void main() {
    float edge = clamp(1.0 - dot(vAt, vAt), 0.0, 1.0);
    gl_FragColor = vec4(vLight * edge * edge * 0.5, 1.0);
}`;

const LENS_VERTEX = `
attribute vec3 origin; attribute vec3 dir; attribute vec3 light;
varying vec3 vLight; varying vec2 vAt;
void main() {
    vec4 seen = modelViewMatrix * vec4(origin + dir * 0.02, 1.0);
    float glow = max(light.r, max(light.g, light.b));
    seen.xy += position.xy * (0.1 + 0.09 * glow);
    vLight = light; vAt = position.xy;
    gl_Position = projectionMatrix * seen;
}`;
const LENS_FRAGMENT = `
varying vec3 vLight; varying vec2 vAt;
void main() {
    float r = length(vAt);
    float core = smoothstep(0.62, 0.48, r);
    float halo = pow(clamp(1.0 - r, 0.0, 1.0), 2.0);
    float glow = max(vLight.r, max(vLight.g, vLight.b));
    vec3 lamp = mix(vec3(0.10, 0.11, 0.13), vLight + vec3(0.25 * glow * glow), step(0.004, glow));
    gl_FragColor = vec4(lamp * core + vLight * halo, max(core, halo * glow));
}`;

function cone(): BufferGeometry {
    const g = new CylinderGeometry(1, 1, 1, 32, 1, true);
    g.rotateX(Math.PI / 2);
    g.translate(0, 0, 0.5);
    return g;
}

export class Beams {
    /* xyz per head; light is colour times intensity, 0..1. */
    readonly dir: Float32Array;
    readonly light: Float32Array;
    /* Length and end radius of the cone, strength of the light in the air. */
    readonly shape: Float32Array;

    private readonly live: InstancedBufferAttribute[];
    private readonly meshes: Mesh[] = [];

    constructor(
        private readonly scene: Scene,
        readonly count: number,
        origin: Float32Array,
    ) {
        this.dir = new Float32Array(count * 3);
        this.light = new Float32Array(count * 3);
        this.shape = new Float32Array(count * 3);
        const at = new InstancedBufferAttribute(origin, 3);
        const dir = new InstancedBufferAttribute(this.dir, 3);
        const light = new InstancedBufferAttribute(this.light, 3);
        const shape = new InstancedBufferAttribute(this.shape, 3);
        this.live = [dir, light, shape];
        for (const a of this.live) a.setUsage(DynamicDrawUsage);

        const add = (base: BufferGeometry, vertexShader: string, fragmentShader: string, isLight: boolean) => {
            const g = new InstancedBufferGeometry();
            g.index = base.index;
            g.setAttribute('position', base.getAttribute('position') as Float32BufferAttribute);
            g.setAttribute('origin', at);
            g.setAttribute('dir', dir);
            g.setAttribute('light', light);
            g.setAttribute('shape', shape);
            g.instanceCount = count;
            const material = new ShaderMaterial({
                vertexShader,
                fragmentShader,
                transparent: true,
                depthWrite: false,
                side: DoubleSide,
                blending: isLight ? AdditiveBlending : NormalBlending,
            });
            const mesh = new Mesh(g, material);
            mesh.frustumCulled = false; /* the instances are elsewhere than the geometry */
            this.meshes.push(mesh);
            scene.add(mesh);
        };
        add(new CircleGeometry(1, 28), POOL_VERTEX, POOL_FRAGMENT, true);
        add(new CircleGeometry(1, 20), LENS_VERTEX, LENS_FRAGMENT, false);
        add(cone(), BEAM_VERTEX, BEAM_FRAGMENT, true);
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
