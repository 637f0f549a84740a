/* What is known of a track, in words. Pure. */
import type { Analysis, AnalysisStep, Job } from '../api/types';
import { timeLabel } from '../timeline/ticks';

export interface StepInfo {
    name: string;
    label: string; /* in lists and menus */
    what: string; /* what it finds */
}

/* What lumad can be asked to make (again), in the order it is made. */
export const STEPS: readonly StepInfo[] = [
    { name: 'waveform', label: 'Waveform', what: 'the picture of the sound' },
    { name: 'beats', label: 'Beats', what: 'beats, bars and tempo' },
    { name: 'stems', label: 'Stems', what: 'drums, bass, vocals and the rest, apart' },
    { name: 'roots', label: 'Chords', what: 'chords and key' },
    { name: 'features', label: 'Features', what: 'drums, energy, loudness and sections' },
];

/* In the order of the table; what else lumad tells of (a step of its own making) follows when something is there. */
export function steps(analysis: Analysis | null | undefined): { name: string; label: string; step: AnalysisStep; canRun: boolean }[] {
    const known = STEPS.map((s) => s.name);
    const rest = Object.keys(analysis ?? {}).filter((name) => !known.includes(name));
    return [...known, ...rest].flatMap((name) => {
        const step = analysis?.[name];
        const info = STEPS.find((s) => s.name === name);
        const label = info?.label ?? name.charAt(0).toUpperCase() + name.slice(1).replaceAll('_', ' ');
        return step && (info || step.state !== 'none') ? [{ name, label, step, canRun: info !== undefined }] : [];
    });
}

export interface Summary {
    text: string;
    kind: 'ok' | 'busy' | 'failed' | 'none';
}

export function summary(analysis: Analysis | null | undefined): Summary {
    const all = steps(analysis);
    const named = (state: AnalysisStep['state']) => all.filter((s) => s.step.state === state).map((s) => s.label.toLowerCase());
    const running = named('running');
    const failed = named('failed');
    if (running.length) return { text: `${running[0]} running`, kind: 'busy' };
    if (named('queued').length) return { text: 'waiting', kind: 'busy' };
    if (failed.length) return { text: `${failed.join(', ')} failed`, kind: 'failed' };
    const done = named('done');
    if (!done.length) return { text: 'not analysed', kind: 'none' };
    return done.length === all.length ? { text: 'analysed', kind: 'ok' } : { text: `${done.length} of ${all.length} analysed`, kind: 'ok' };
}

/* 75 -> "1:15 left"; nothing where nobody knows. */
export const timeLeft = (seconds: number | null | undefined): string =>
    seconds === null || seconds === undefined || !Number.isFinite(seconds) ? '' : seconds < 1.5 ? 'nearly done' : `${timeLabel(Math.ceil(seconds))} left`;

/* One step in a sentence: for titles, lanes and those who do not see the ring. */
export function stepWords(step: AnalysisStep | undefined, job?: Job): string {
    switch (step?.state) {
        case 'running': {
            const progress = job?.progress ?? step.progress;
            return ['running', progress != null ? `${Math.round(progress * 100)}\u202f%` : '', timeLeft(job?.seconds_left)].filter(Boolean).join(', ');
        }
        case 'queued':
            return job?.error ? `waits to be tried again: ${job.error}` : 'waiting its turn';
        case 'failed':
            return `failed${step.error ? `: ${step.error}` : ''}`;
        case 'done':
            return 'done';
        default:
            return 'not analysed yet';
    }
}
