/* Whether a frame shows what the last one did: most of the time nothing changes, and what does not change is not drawn again. Pure. */
import type { Frame } from '../api/binary';

const BYTES = ['intensity', 'r', 'g', 'b', 'strobe'] as const;
const ANGLES = ['pan', 'tilt'] as const;

export class Unchanged {
    private count = -1;
    private readonly bytes = BYTES.map(() => new Uint8Array(0));
    private readonly angles = ANGLES.map(() => new Float32Array(0));

    /* True: it is as the one before. */
    is(f: Frame): boolean {
        let isSame = f.count === this.count;
        if (!isSame) {
            this.count = f.count;
            BYTES.forEach((_, k) => (this.bytes[k] = new Uint8Array(f.count)));
            ANGLES.forEach((_, k) => (this.angles[k] = new Float32Array(f.count)));
        }
        BYTES.forEach((name, k) => (isSame = take(f[name], this.bytes[k]!, f.count) && isSame));
        ANGLES.forEach((name, k) => (isSame = take(f[name], this.angles[k]!, f.count) && isSame));
        return isSame;
    }
}

function take(from: Uint8Array | Float32Array, to: Uint8Array | Float32Array, n: number): boolean {
    let isSame = true;
    for (let i = 0; i < n; i++) {
        if (to[i] === from[i]) continue;
        isSame = false;
        to[i] = from[i]!;
    }
    return isSame;
}
