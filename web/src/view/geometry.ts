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
export const STROBE_SHOWN_HZ = 3;
export function strobeOpen(speed: number, seconds: number): boolean {
    if (speed === 0) return true;
    const hz = Math.min(STROBE_SHOWN_HZ, 1 + (19 * speed) / 255);
    return (seconds * hz) % 1 < 0.5;
}
