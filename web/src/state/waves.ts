/* Waveforms, fetched once per track and version, three at a time; previews are kept for 400 tracks. Who does not look any more does not wait, and is not waited for. */
import { binary } from '../api/client';
import type { Track } from '../api/types';
import { parseWaveform, type Waveform } from '../timeline/waveform';

const KEEP = 400;
const PARALLEL = 3;
/* In the order of use: what was looked at last is forgotten last. */
const previews = new Map<string, Waveform>();
const waiting: { go: () => void; signal: AbortSignal }[] = [];
let running = 0;

/* Who came last is looked at now: they go first. */
function next() {
    while (running < PARALLEL) {
        const w = waiting.pop();
        if (!w) return;
        if (w.signal.aborted) continue;
        running++;
        w.go();
    }
}

export const hasWave = (t: Track) => t.analysis?.waveform?.state === 'done';

const keyOf = (t: Track) => `${t.id} ${t.analysis?.waveform?.version ?? ''}`;

/* What is there already, at once. */
export function knownPreview(t: Track): Waveform | null {
    const key = keyOf(t);
    const wave = previews.get(key);
    if (!wave) return null;
    previews.delete(key);
    previews.set(key, wave);
    return wave;
}

/* null: there is none (yet), or nobody wants it any more. */
export async function preview(t: Track, signal: AbortSignal): Promise<Waveform | null> {
    const known = knownPreview(t);
    if (known) return known;
    const hasTurn = await new Promise<boolean>((decide) => {
        waiting.push({ go: () => decide(true), signal });
        signal.addEventListener('abort', () => decide(false), { once: true });
        next();
    });
    if (!hasTurn) return null;
    try {
        if (signal.aborted) return null;
        const wave = knownPreview(t) ?? parseWaveform(await binary(`/tracks/${t.id}/waveform?level=preview`, signal));
        if (wave) previews.set(keyOf(t), wave);
        if (previews.size > KEEP) previews.delete(previews.keys().next().value!);
        return wave;
    } catch {
        return null; /* another time perhaps */
    } finally {
        running--;
        next();
    }
}

export const full = async (trackId: string, signal: AbortSignal) =>
    parseWaveform(await binary(`/tracks/${trackId}/waveform?level=full`, signal));
