/* Waveforms, fetched once per track and version, three at a time, previews kept for 500 tracks. */
import { binary } from '../api/client';
import type { Track } from '../api/types';
import { parseWaveform, type Waveform } from '../timeline/waveform';

const KEEP = 500;
const PARALLEL = 3;
const previews = new Map<string, Promise<Waveform | null>>();
const waiting: (() => void)[] = [];
let running = 0;

async function slot<T>(act: () => Promise<T>): Promise<T> {
    if (running >= PARALLEL) await new Promise<void>((go) => waiting.push(go));
    running++;
    try {
        return await act();
    } finally {
        running--;
        waiting.shift()?.();
    }
}

export const hasWave = (t: Track) => t.analysis?.waveform?.state === 'done';

/* null: there is none (yet). */
export function preview(t: Track): Promise<Waveform | null> {
    const key = `${t.id} ${t.analysis?.waveform?.version ?? ''}`;
    const known = previews.get(key);
    if (known) return known;
    const found = slot(() => binary(`/tracks/${t.id}/waveform?level=preview`)).then(parseWaveform, () => {
        previews.delete(key); /* another time perhaps */
        return null;
    });
    previews.set(key, found);
    if (previews.size > KEEP) previews.delete(previews.keys().next().value!);
    return found;
}

export const full = async (trackId: string, signal: AbortSignal) =>
    parseWaveform(await binary(`/tracks/${trackId}/waveform?level=full`, signal));
