/*
 * The fast data: the newest frame, universes and transport message, outside of the
 * framework. Written by the socket, read by whoever draws, in the one animation loop.
 */
import { Frame } from '../api/binary';
import type { Head, HostAudio, Meters } from '../api/types';
import { HostClock } from '../timeline/clock';

export const live = {
    frame: new Frame(),
    clock: new HostClock(),
    dmx: new Map<number, Uint8Array>(),
    /* The newest, while somebody looks at them. */
    meters: null as Meters | null,
    /* In the order of the frame's heads. */
    heads: [] as Head[],
};

/* Seconds of the monotonic clock the transport is measured on. */
export const now = () => performance.now() / 1000;

/*
 * window.__lumad: a view of the live data for tests and for diagnosis at the console.
 * Read only; nothing in the page depends on it.
 *   frameSeq   sequence number of the newest frame, 0 before the first
 *   hostAudio  newest host-audio message, or null
 *   meters     newest message of the meters, null while none are shown
 *   position   where the page believes the music is now, in seconds
 *   heads      [{id, r, g, b, intensity}] of the newest frame; all 0..255
 */
export interface Diagnostics {
    readonly frameSeq: number;
    readonly hostAudio: HostAudio | null;
    readonly meters: Meters | null;
    readonly position: number;
    readonly heads: { id: string; r: number; g: number; b: number; intensity: number }[];
}

declare global {
    interface Window {
        __lumad: Diagnostics;
    }
}

export function exposeDiagnostics() {
    window.__lumad = {
        get frameSeq() {
            return live.frame.seq;
        },
        get hostAudio() {
            return live.clock.message;
        },
        get meters() {
            return live.meters;
        },
        get position() {
            return live.clock.position(now());
        },
        get heads() {
            const f = live.frame;
            return Array.from({ length: f.count }, (_, i) => ({
                id: live.heads[i]?.id ?? String(i),
                r: f.r[i] ?? 0,
                g: f.g[i] ?? 0,
                b: f.b[i] ?? 0,
                intensity: f.intensity[i] ?? 0,
            }));
        },
    };
}
