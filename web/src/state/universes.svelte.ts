/* The bytes of universes for components: the socket says changes only, so the present ones come by REST first. */
import { get } from '../api/client';
import type { UniverseState } from '../api/types';
import { link } from './link.svelte';
import { live } from './live';

const users = new Map<number, number>();

/* Until the returned function is called the bytes are in live.dmx. */
export function watchUniverse(n: number): () => void {
    users.set(n, (users.get(n) ?? 0) + 1);
    const unsubscribe = link.subscribe(`dmx/${n}`);
    void readUniverse(n).catch(() => {});
    return () => {
        unsubscribe();
        const left = (users.get(n) ?? 1) - 1;
        if (left) users.set(n, left);
        else {
            users.delete(n);
            live.dmx.delete(n);
        }
    };
}

/* One look at it; fills in the bytes where none came yet. */
export async function readUniverse(n: number): Promise<UniverseState> {
    const u = await get<UniverseState>(`/dmx/universes/${n}`);
    if (users.has(n) && !live.dmx.has(n)) live.dmx.set(n, Uint8Array.from(u.slots));
    return u;
}
