/* Orbit around the rig: drag turns, right or two fingers pan, wheel or pinch zooms. */
import { MOUSE, PerspectiveCamera, Vector3 } from 'three';
import { OrbitControls } from 'three/addons/controls/OrbitControls.js';

interface Point {
    x: number;
    y: number;
    z: number;
}

export class Camera {
    /* True in the click that ends a drag. */
    wasDragged = false;
    private readonly controls: OrbitControls;
    private downAt = { x: 0, y: 0 };

    constructor(
        readonly camera: PerspectiveCamera,
        private readonly canvas: HTMLCanvasElement,
        changed: () => void,
    ) {
        camera.up.set(0, 0, 1); /* before the controls are made: they read it once */
        camera.position.set(0, -11, 4.5);
        this.controls = new OrbitControls(camera, canvas);
        this.controls.target.set(0, 1, 2);
        this.controls.maxPolarAngle = Math.PI * 0.52;
        this.controls.minDistance = 1;
        this.controls.maxDistance = 80;
        this.controls.mouseButtons = { LEFT: MOUSE.ROTATE, MIDDLE: MOUSE.PAN, RIGHT: MOUSE.PAN };
        this.controls.addEventListener('change', changed);
        canvas.addEventListener('pointerdown', this.down);
        canvas.addEventListener('pointerup', this.up);
        this.controls.update();
    }

    update() {
        this.controls.update();
    }

    aspect(ratio: number) {
        this.camera.aspect = ratio;
        this.camera.updateProjectionMatrix();
    }

    frame(points: readonly Point[]) {
        this.look('front', points);
    }

    look(from: 'front' | 'top' | 'corner', points: readonly Point[]) {
        const { centre, size } = bounds(points);
        /* A narrow picture needs more distance for the same width. */
        const half = Math.tan((this.camera.fov * Math.PI) / 360);
        const need = Math.max(size.z / 2 + 0.9, (size.x / 2 + 0.9) / Math.max(0.4, this.camera.aspect));
        const far = (need / half + size.y * 0.35) * (from === 'corner' ? 1.2 : 1);
        const way = {
            front: new Vector3(0, -1, 0.22),
            top: new Vector3(0, -0.02, 1),
            corner: new Vector3(-0.75, -0.8, 0.45),
        }[from].normalize();
        this.controls.target.copy(centre);
        this.camera.position.copy(centre).addScaledVector(way, far);
        this.controls.update();
    }

    /* Keys: what the mouse does, in steps. */
    turn(right: number, up: number, nearer: number) {
        const offset = this.camera.position.clone().sub(this.controls.target);
        offset.applyAxisAngle(this.camera.up, -right);
        const side = new Vector3().crossVectors(this.camera.up, offset).normalize();
        const angle = offset.angleTo(this.camera.up);
        const next = Math.min(Math.PI * 0.52, Math.max(0.05, angle - up));
        offset.applyAxisAngle(side, next - angle);
        offset.multiplyScalar(1 - nearer);
        this.camera.position.copy(this.controls.target).add(offset);
        this.controls.update();
    }

    dispose() {
        this.canvas.removeEventListener('pointerdown', this.down);
        this.canvas.removeEventListener('pointerup', this.up);
        this.controls.dispose();
    }

    private readonly down = (e: PointerEvent) => {
        this.downAt = { x: e.clientX, y: e.clientY };
        this.wasDragged = false;
    };
    private readonly up = (e: PointerEvent) => {
        this.wasDragged = Math.hypot(e.clientX - this.downAt.x, e.clientY - this.downAt.y) > 4;
    };
}

function bounds(points: readonly Point[]): { centre: Vector3; size: Vector3 } {
    const lo = new Vector3(-2, -1, 0); /* a small stage even when nothing is patched */
    const hi = new Vector3(2, 1, 2.5);
    for (const p of points) {
        lo.min(new Vector3(p.x, p.y, 0));
        hi.max(new Vector3(p.x, p.y, p.z));
    }
    return { centre: lo.clone().add(hi).multiplyScalar(0.5), size: hi.clone().sub(lo) };
}
