/* A drag onto the map of the universes, begun anywhere: it follows the pointer, scrolls the map at its edges, ends with the button, and Esc leaves all as it was. */
import type { Carry, Desk } from './desk.svelte';
import type { Address } from './patch';

const NEAR = 5; /* pixels that are no drag yet */

/* The map that is seen: which slot is under a point, and how to show more of it. */
export interface Ground {
    hit: (x: number, y: number) => Address | null;
    scroll: (y: number) => void;
}
export const ground: { map: Ground | null } = { map: null };

/* `take` is asked once the pointer has really moved. `onend`: whether it was a drag. */
export function startCarry(e: PointerEvent, desk: Desk, take: () => Carry | null, onend: (wasDrag: boolean) => void = () => undefined) {
    const { clientX, clientY, pointerId } = e;
    let at = { x: clientX, y: clientY };
    let carry: Carry | null = null;
    let frame = 0;
    const find = () => {
        if (carry) desk.spot = ground.map?.hit(at.x, at.y) ?? null;
    };
    const scroll = () => {
        ground.map?.scroll(at.y);
        find();
        frame = requestAnimationFrame(scroll);
    };
    const move = (m: PointerEvent) => {
        if (m.pointerId !== pointerId) return;
        at = { x: m.clientX, y: m.clientY };
        if (!carry) {
            if (Math.hypot(at.x - clientX, at.y - clientY) < NEAR) return;
            carry = take();
            if (!carry) return stop();
            desk.carry = carry;
            getSelection()?.removeAllRanges();
            frame = requestAnimationFrame(scroll);
        }
        m.preventDefault();
        find();
    };
    const stop = () => {
        cancelAnimationFrame(frame);
        removeEventListener('dragstart', none);
        removeEventListener('pointermove', move);
        removeEventListener('pointerup', drop);
        removeEventListener('pointercancel', leave);
        removeEventListener('keydown', key, true);
        if (desk.carry === carry) desk.carry = desk.spot = null;
    };
    const drop = (m: PointerEvent) => {
        if (m.pointerId !== pointerId) return;
        const held = carry;
        const spot = held && ground.map?.hit(m.clientX, m.clientY);
        stop();
        if (held && spot) held.drop(held.at(spot));
        onend(held !== null);
    };
    const leave = () => {
        const wasDrag = carry !== null;
        stop();
        onend(wasDrag);
    };
    const key = (k: KeyboardEvent) => {
        if (k.key !== 'Escape' || !carry) return;
        k.preventDefault();
        k.stopPropagation();
        leave();
    };
    /* The browser would carry text off. */
    const none = (d: Event) => d.preventDefault();
    addEventListener('dragstart', none);
    addEventListener('pointermove', move);
    addEventListener('pointerup', drop);
    addEventListener('pointercancel', leave);
    addEventListener('keydown', key, true);
}
