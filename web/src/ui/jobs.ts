/* What the jobs panel says, in words. Pure. */
import type { Batch, BatchItem, Job } from '../api/types';
import { STEPS, timeLeft } from './analysis';

export const jobLabel = (kind: string) => STEPS.find((s) => s.name === kind)?.label ?? kind.charAt(0).toUpperCase() + kind.slice(1).replaceAll('_', ' ');

const STATES = { queued: 'waiting', running: 'running', done: 'done', failed: 'failed', cancelled: 'cancelled' };
export function jobWords(j: Job): string {
    if (j.state !== 'running') return STATES[j.state];
    return [j.progress === null ? 'running' : `${Math.round(j.progress * 100)}\u202f%`, timeLeft(j.seconds_left)].filter(Boolean).join(', ');
}

/* "312 of 500 done, 4 here already, 2 failed, 12:30 left" */
export function batchWords(b: Batch): string {
    const parts = [`${b.done + b.duplicates} of ${b.total} done`];
    if (b.duplicates) parts.push(`${b.duplicates} here already`);
    if (b.failed) parts.push(`${b.failed} failed`);
    if (b.state === 'cancelled') parts.push('cancelled');
    else if (b.state === 'running' && timeLeft(b.seconds_left)) parts.push(timeLeft(b.seconds_left));
    return parts.join(', ');
}

export const itemName = (i: BatchItem) => i.name || i.path?.split(/[\\/]/).at(-1) || 'A file';

/* Of a batch's work one line is enough: what runs comes first, then what waits to be looked at. The rest is counted. */
export function sorted(jobs: readonly Job[]): { running: Job[]; failed: Job[]; queued: Job[]; over: Job[] } {
    const seen = new Set<string>();
    const failed: Job[] = [];
    for (const j of jobs) {
        const what = `${j.kind} ${j.track_id}`;
        if (!seen.has(what) && j.state === 'failed') failed.push(j);
        seen.add(what);
    }
    return {
        running: jobs.filter((j) => j.state === 'running'),
        queued: jobs.filter((j) => j.state === 'queued'),
        failed,
        over: jobs.filter((j) => (j.state === 'done' || j.state === 'cancelled')),
    };
}
