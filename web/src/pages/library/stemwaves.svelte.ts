/* The drawings of the separated parts of a track, one after the other: each may have to be made first. */
import { untrack } from 'svelte';
import { binary } from '../../api/client';
import type { Stem, StemName } from '../../api/types';
import { STEM_NAMES } from '../../state/host.svelte';
import { parseWaveform, type Waveform } from '../../timeline/waveform';

const REST_MS = 400; /* whoever only goes by needs none of them */
const AGAIN_MS = 3000; /* lumad decodes the sound meanwhile */

/* null: on its way; undefined: there is none. */
export function useStemWaves(trackId: () => string, stems: () => readonly Stem[] | null) {
    let waves = $state.raw<Partial<Record<StemName, Waveform | null>>>({});
    /* Another row of the same stem is another sound. */
    const key = $derived((stems() ?? []).map((s) => `${s.name} ${s.version} ${s.is_here}`).join());
    $effect(() => {
        const id = trackId();
        void key;
        const here = untrack(() => STEM_NAMES.filter((n) => stems()?.some((s) => s.name === n && s.is_here !== false)));
        waves = Object.fromEntries(here.map((n) => [n, null]));
        const stop = new AbortController();
        const wait = (ms: number) => new Promise((go) => setTimeout(go, ms));
        const run = async () => {
            await wait(REST_MS);
            for (const name of here) {
                for (let tries = 0; !stop.signal.aborted; tries++) {
                    try {
                        const wave = parseWaveform(await binary(`/tracks/${id}/stems/${name}/waveform`, stop.signal));
                        if (!stop.signal.aborted) waves = { ...waves, [name]: wave ?? undefined };
                        break;
                    } catch (e) {
                        const isBusy = e instanceof Error && 'status' in e && (e.status === 503 || e.status === 0);
                        if (stop.signal.aborted) return;
                        if (!isBusy || tries > 20) {
                            waves = { ...waves, [name]: undefined };
                            break;
                        }
                        await wait(AGAIN_MS);
                    }
                }
            }
        };
        if (here.length) void run();
        return () => stop.abort();
    });
    return {
        get all() {
            return waves;
        },
    };
}
