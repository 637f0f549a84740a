/* The floor as lines, one metre apart, every fifth stronger, fading with distance. A shader
 * and not line segments: no flicker far away, and no line is lost behind the camera. */
import { Color, Mesh, PlaneGeometry, ShaderMaterial } from 'three';

const VERTEX = `
varying vec2 vAt;
void main() {
    vAt = position.xy;
    gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.0);
}`;
const FRAGMENT = `
uniform vec3 color;
varying vec2 vAt;
float line(float at) {
    float width = fwidth(at);
    float near = abs(fract(at - 0.5) - 0.5) / width;
    /* Lines closer than pixels fade out instead of flickering. */
    return (1.0 - min(near, 1.0)) * clamp(1.3 - 2.0 * width, 0.0, 1.0);
}
float lines(vec2 at) {
    return max(line(at.x), line(at.y));
}
void main() {
    float fade = 1.0 - smoothstep(4.0, 26.0, length(vAt));
    gl_FragColor = vec4(color, min(1.0, 0.4 * lines(vAt) + 0.6 * lines(vAt / 5.0)) * fade);
}`;

export class Floor {
    readonly mesh: Mesh<PlaneGeometry, ShaderMaterial>;

    constructor() {
        const material = new ShaderMaterial({
            vertexShader: VERTEX,
            fragmentShader: FRAGMENT,
            uniforms: { color: { value: new Color() } },
            transparent: true,
            depthWrite: false,
        });
        this.mesh = new Mesh(new PlaneGeometry(60, 60), material);
        this.mesh.renderOrder = -1;
    }

    setColor(color: string) {
        (this.mesh.material.uniforms.color!.value as Color).set(color).convertLinearToSRGB();
    }

    dispose() {
        this.mesh.geometry.dispose();
        this.mesh.material.dispose();
    }
}
