/* What is known of a track, in a word. Pure. */
import type { Analysis } from '../../api/types';

export const STEPS = ['waveform', 'beats', 'roots', 'stems', 'features'] as const;

export interface Summary {
    text: string;
    kind: 'ok' | 'busy' | 'failed' | 'none';
}

export function summary(analysis: Analysis | null | undefined): Summary {
    const steps = Object.entries(analysis ?? {});
    const failed = steps.filter(([, s]) => s.state === 'failed');
    const busy = steps.filter(([, s]) => s.state === 'running' || s.state === 'queued');
    const done = steps.filter(([, s]) => s.state === 'done');
    if (busy.length) {
        const running = busy.find(([, s]) => s.state === 'running');
        return { text: running ? `${running[0]} running` : 'waiting', kind: 'busy' };
    }
    if (failed.length) return { text: `${failed.map(([name]) => name).join(', ')} failed`, kind: 'failed' };
    return done.length ? { text: 'analysed', kind: 'ok' } : { text: 'not analysed', kind: 'none' };
}
