/*
 * What Slider and Fader have in common: a place along a track under mouse, pen or finger, 0..1 from its left end. The pointer is the track's until it is let go, so that a hand may
 * stray.
 */
export interface Dragging {
    isOff: () => boolean;
    put: (unit: number) => void;
}

export function dragged(track: HTMLElement, d: Dragging) {
    let held: number | null = null;
    const put = (e: PointerEvent) => {
        const box = track.getBoundingClientRect();
        if (box.width > 0) d.put(Math.min(1, Math.max(0, (e.clientX - box.left) / box.width)));
    };
    const down = (e: PointerEvent) => {
        if (d.isOff() || e.button !== 0 || held !== null) return;
        held = e.pointerId;
        track.setPointerCapture(e.pointerId);
        put(e);
    };
    const move = (e: PointerEvent) => {
        if (e.pointerId === held) put(e);
    };
    const up = (e: PointerEvent) => {
        if (e.pointerId === held) held = null;
    };
    track.addEventListener('pointerdown', down);
    track.addEventListener('pointermove', move);
    track.addEventListener('pointerup', up);
    track.addEventListener('pointercancel', up);
    return {
        destroy() {
            track.removeEventListener('pointerdown', down);
            track.removeEventListener('pointermove', move);
            track.removeEventListener('pointerup', up);
            track.removeEventListener('pointercancel', up);
        },
    };
}
