/* Who looks at meters has the topic; nobody does while the page is behind others or the meter out of sight. */
import { live } from './live';
import { link } from './link.svelte';
import { onFrame } from './loop';
import type { Meters } from '../api/types';

/* Calls `draw` for each new message while `element` is seen, until the returned function is called. */
export function watchMeters(element: Element, draw: (m: Meters, nowMs: number) => void): () => void {
    let release: (() => void) | null = null;
    let isSeen = false;
    const turn = () => {
        const isWanted = isSeen && document.visibilityState === 'visible';
        if (isWanted && !release) {
            const leave = link.subscribe('meters');
            let shown: Meters | null = live.meters;
            const stop = onFrame((ms) => {
                if (!live.meters || live.meters === shown) return;
                shown = live.meters;
                draw(shown, ms);
            });
            release = () => {
                stop();
                leave();
            };
        } else if (!isWanted && release) {
            release();
            release = null;
        }
    };
    const observer = new IntersectionObserver(([entry]) => {
        isSeen = entry?.isIntersecting ?? false;
        turn();
    });
    observer.observe(element);
    document.addEventListener('visibilitychange', turn);
    return () => {
        observer.disconnect();
        document.removeEventListener('visibilitychange', turn);
        isSeen = false;
        turn();
    };
}
