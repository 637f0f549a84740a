/*
 * The fast data: the newest frame, universes and transport message, outside of the
 * framework. Written by the socket, read by whoever draws, in the one animation loop.
 */
import { Frame } from '../api/binary';
import type { Head, HostAudio, Meters } from '../api/types';
import { HostClock } from '../timeline/clock';

/* Pictures that were drawn; how long the last took the graphics, milliseconds; how well it is drawn; whether by the processor. */
export interface StageCount {
    pictures: number;
    gpuMs: number;
    step: string;
    isSoftware: boolean;
    /* Where a fixture is in the picture, CSS pixels from its upper left; null: it is not there. */
    at: (fixtureId: string) => { x: number; y: number } | null;
}

const frame = new Frame();

export const live = {
    frame,
    /* The same, read back from the slots that were sent. */
    wire: new Frame(),
    /* Which of the two came last. */
    newest: frame,
    clock: new HostClock(),
    dmx: new Map<number, Uint8Array>(),
    /* The newest, while somebody looks at them. */
    meters: null as Meters | null,
    /* What the stage has drawn, while there is one. */
    stage: null as StageCount | null,
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
 *   stage      {pictures, gpuMs, step, isSoftware, at(fixture)}: what the stage has drawn; null while there is none
 *   heads      [{id, r, g, b, intensity}] of the newest frame; all 0..255
 */
export interface Diagnostics {
    readonly frameSeq: number;
    readonly hostAudio: HostAudio | null;
    readonly meters: Meters | null;
    readonly position: number;
    readonly stage: StageCount | null;
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
            return live.newest.seq;
        },
        get hostAudio() {
            return live.clock.message;
        },
        get meters() {
            return live.meters;
        },
        get stage() {
            return live.stage;
        },
        get position() {
            return live.clock.position(now());
        },
        get heads() {
            const f = live.newest;
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
