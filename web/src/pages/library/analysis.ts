/* What is known of a track, in a word. Pure. */
import type { Analysis, AnalysisStep } from '../../api/types';

/* What lumad can be asked to make (again). */
const STEPS: readonly string[] = ['waveform', 'beats'];

/* The steps to be shown: what can be made, and what is there. In the order of the table, then as they come. */
export function steps(analysis: Analysis | null | undefined): { name: string; step: AnalysisStep; canRun: boolean }[] {
    const rest = Object.keys(analysis ?? {}).filter((name) => !STEPS.includes(name));
    return [...STEPS, ...rest].flatMap((name) => {
        const step = analysis?.[name];
        const canRun = STEPS.includes(name);
        return step && (canRun || step.state !== 'none') ? [{ name, step, canRun }] : [];
    });
}

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
