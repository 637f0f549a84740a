import { beforeAll, expect, test, vi } from 'vitest';
import type { HostAudio } from '../api/types';

/* The page's surroundings, as far as the connection asks for them. */
beforeAll(() => {
    vi.stubGlobal('location', { protocol: 'http:', host: 'test' });
    vi.stubGlobal('addEventListener', () => undefined);
    vi.stubGlobal('document', { addEventListener: () => undefined, visibilityState: 'visible' });
    vi.stubGlobal('localStorage', { getItem: () => null, setItem: () => undefined });
    vi.stubGlobal('WebSocket', { OPEN: 1 });
    vi.stubGlobal('fetch', async () => new Response('{}', { status: 404 }));
});

const says = (seq: number, playing: boolean) => ({ seq, playing, track_id: null, loop: { enabled: false, start: 0, end: 0 } }) as unknown as HostAudio;

test('what is older is not taken, and a lumad that was started anew is believed from its first word', async () => {
    const { host } = await import('./host.svelte');
    const { link } = await import('./link.svelte');
    link.opened++;
    host.push(says(14, true));
    host.push(says(13, false));
    expect(host.playing).toBe(true);
    link.opened++;
    host.push(says(2, false));
    expect(host.playing).toBe(false);
    host.push(says(1, true));
    expect(host.playing).toBe(false);
});
