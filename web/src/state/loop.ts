/*
 * The one animation loop. Everything that draws fast data hangs on it, so a frame of the
 * page is one pass over all of them, and a page with nothing to draw sleeps.
 */
export type Draw = (nowMs: number) => void;

const draws = new Set<Draw>();
let running = 0;

function tick(nowMs: number) {
    running = requestAnimationFrame(tick);
    for (const draw of draws) draw(nowMs);
}

/* Calls `draw` once per animation frame until the returned function is called. */
export function onFrame(draw: Draw): () => void {
    draws.add(draw);
    if (!running) running = requestAnimationFrame(tick);
    return () => {
        draws.delete(draw);
        if (!draws.size) {
            cancelAnimationFrame(running);
            running = 0;
        }
    };
}

export const reducedMotion = () => matchMedia('(prefers-reduced-motion: reduce)').matches;
