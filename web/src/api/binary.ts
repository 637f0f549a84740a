/*
 * The binary messages of the socket, decoded into buffers that are used again and
 * again: at 30 frames a second nothing here allocates unless the patch grows.
 */

const MAGIC_FRAME = 0x31464d4c; /* "LMF1" */
const MAGIC_WIRE = 0x31574d4c; /* "LMW1": the same shape, read back from the slots */
const MAGIC_DMX = 0x31444d4c; /* "LMD1" */
const FRAME_HEADER = 22;
const FRAME_HEAD = 10;

export type BinaryKind = 'frame' | 'wire' | 'dmx' | 'unknown';

export function kindOf(buffer: ArrayBuffer): BinaryKind {
    if (buffer.byteLength < 4) return 'unknown';
    const magic = new DataView(buffer).getUint32(0, true);
    if (magic === MAGIC_FRAME) return 'frame';
    if (magic === MAGIC_WIRE) return 'wire';
    return magic === MAGIC_DMX ? 'dmx' : 'unknown';
}

/* The newest state of all heads. rgb is the hue (its largest part is 255); the light
 * one sees is intensity times hue. Pan and tilt are degrees, 0 in the middle. */
export class Frame {
    seq = 0;
    patch = -1;
    time = 0;
    count = 0;
    intensity = new Uint8Array(0);
    r = new Uint8Array(0);
    g = new Uint8Array(0);
    b = new Uint8Array(0);
    strobe = new Uint8Array(0);
    speed = new Uint8Array(0);
    pan = new Float32Array(0);
    tilt = new Float32Array(0);

    /* False: not a whole frame, nothing was changed. */
    decode(buffer: ArrayBuffer): boolean {
        const kind = kindOf(buffer);
        if ((kind !== 'frame' && kind !== 'wire') || buffer.byteLength < FRAME_HEADER) return false;
        const view = new DataView(buffer);
        const count = view.getUint16(20, true);
        if (buffer.byteLength < FRAME_HEADER + count * FRAME_HEAD) return false;
        if (count > this.intensity.length) this.grow(count);
        this.seq = view.getUint32(4, true);
        this.patch = view.getUint32(8, true);
        this.time = view.getFloat64(12, true);
        this.count = count;
        for (let i = 0, at = FRAME_HEADER; i < count; i++, at += FRAME_HEAD) {
            this.intensity[i] = view.getUint8(at);
            this.r[i] = view.getUint8(at + 1);
            this.g[i] = view.getUint8(at + 2);
            this.b[i] = view.getUint8(at + 3);
            this.strobe[i] = view.getUint8(at + 4);
            this.speed[i] = view.getUint8(at + 5);
            this.pan[i] = view.getInt16(at + 6, true) / 10;
            this.tilt[i] = view.getInt16(at + 8, true) / 10;
        }
        return true;
    }

    private grow(n: number) {
        this.intensity = new Uint8Array(n);
        this.r = new Uint8Array(n);
        this.g = new Uint8Array(n);
        this.b = new Uint8Array(n);
        this.strobe = new Uint8Array(n);
        this.speed = new Uint8Array(n);
        this.pan = new Float32Array(n);
        this.tilt = new Float32Array(n);
    }
}

export interface Universe {
    universe: number;
    slots: Uint8Array;
}

/* null: not a whole universe. The slots are a view into the message. */
export function decodeDmx(buffer: ArrayBuffer): Universe | null {
    if (kindOf(buffer) !== 'dmx' || buffer.byteLength < 6 + 512) return null;
    return {
        universe: new DataView(buffer).getUint16(4, true),
        slots: new Uint8Array(buffer, 6, 512),
    };
}
