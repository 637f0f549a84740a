/*
 * Where a head's beam goes. Pure; the same convention as the daemon's light model:
 * right-handed, Z up, R = Rz(rot_z) Ry(rot_y) Rx(rot_x), and in the fixture's own space
 * the beam is Rz(pan) * (0, -sin tilt, -cos tilt): hanging, it shines straight down.
 */

export type Vec3 = [number, number, number];
export type Mat3 = [number, number, number, number, number, number, number, number, number];

/* Row by row. Angles in radians. */
export function rotation(rx: number, ry: number, rz: number): Mat3 {
    const [cx, sx, cy, sy, cz, sz] = [
        Math.cos(rx), Math.sin(rx), Math.cos(ry), Math.sin(ry), Math.cos(rz), Math.sin(rz),
    ];
    return [
        cz * cy, cz * sy * sx - sz * cx, cz * sy * cx + sz * sx,
        sz * cy, sz * sy * sx + cz * cx, sz * sy * cx - cz * sx,
        -sy, cy * sx, cy * cx,
    ];
}

const RAD = Math.PI / 180;

export function times(a: Mat3, b: Mat3): Mat3 {
    const out = new Array<number>(9);
    for (let r = 0; r < 3; r++) {
        for (let c = 0; c < 3; c++) out[r * 3 + c] = a[r * 3]! * b[c]! + a[r * 3 + 1]! * b[3 + c]! + a[r * 3 + 2]! * b[6 + c]!;
    }
    return out as unknown as Mat3;
}

export const apply = (m: Mat3, v: Vec3): Vec3 => [
    m[0] * v[0] + m[1] * v[1] + m[2] * v[2],
    m[3] * v[0] + m[4] * v[1] + m[5] * v[2],
    m[6] * v[0] + m[7] * v[1] + m[8] * v[2],
];

/* The three angles that make a rotation. Where x and z turn about the same axis (y is a right angle), all of it is x. */
export function eulerOf(m: Mat3): Vec3 {
    const ry = Math.asin(Math.max(-1, Math.min(1, -m[6])));
    if (Math.abs(m[6]) > 0.999999) return [Math.atan2(-m[5], m[4]), ry, 0];
    return [Math.atan2(m[7], m[8]), ry, Math.atan2(m[3], m[0])];
}

/* As x y z w. */
export function quaternion(m: Mat3): [number, number, number, number] {
    const trace = m[0] + m[4] + m[8];
    if (trace > 0) {
        const s = 0.5 / Math.sqrt(trace + 1);
        return [(m[7] - m[5]) * s, (m[2] - m[6]) * s, (m[3] - m[1]) * s, 0.25 / s];
    }
    if (m[0] > m[4] && m[0] > m[8]) {
        const s = 2 * Math.sqrt(1 + m[0] - m[4] - m[8]);
        return [0.25 * s, (m[1] + m[3]) / s, (m[2] + m[6]) / s, (m[7] - m[5]) / s];
    }
    if (m[4] > m[8]) {
        const s = 2 * Math.sqrt(1 + m[4] - m[0] - m[8]);
        return [(m[1] + m[3]) / s, 0.25 * s, (m[5] + m[7]) / s, (m[2] - m[6]) / s];
    }
    const s = 2 * Math.sqrt(1 + m[8] - m[0] - m[4]);
    return [(m[2] + m[6]) / s, (m[5] + m[7]) / s, 0.25 * s, (m[3] - m[1]) / s];
}

/* Writes the unit direction of the beam to out[at..at+2]. Degrees. */
export function beamDirection(m: Mat3, pan: number, tilt: number, out: Float32Array | number[], at = 0) {
    const p = pan * RAD;
    const t = tilt * RAD;
    const x = Math.sin(p) * Math.sin(t);
    const y = -Math.cos(p) * Math.sin(t);
    const z = -Math.cos(t);
    out[at] = m[0] * x + m[1] * y + m[2] * z;
    out[at + 1] = m[3] * x + m[4] * y + m[5] * z;
    out[at + 2] = m[6] * x + m[7] * y + m[8] * z;
}

/* Metres from a point along a direction to the floor (z = 0), at most `reach`. */
export function toFloor(z: number, dz: number, reach: number): number {
    return dz < -1e-4 ? Math.min(reach, z / -dz) : reach;
}

/* Whether a strobing head is lit at a time, shown at no more than three flashes a second
 * (the limit for photosensitive viewers). speed: 0..255 as in the frame, 0 = open. */
const STROBE_SHOWN_HZ = 3;
export function strobeOpen(speed: number, seconds: number): boolean {
    if (speed === 0) return true;
    const hz = Math.min(STROBE_SHOWN_HZ, 1 + (19 * speed) / 255);
    return (seconds * hz) % 1 < 0.5;
}
