/* What every room needs, fetched once and kept fresh. */
import { get, post, put } from '../api/client';
import type { Batch, Job, List, NodeType, Pattern, Score, Show, System, Venue } from '../api/types';
import { attempt } from './attempt';
import { keepList, keepNewest, keepOne, Resource } from './resource.svelte';
import { changed, onChange } from './changes';
import { link } from './link.svelte';
import { ui } from './ui.svelte';

export { attempt } from './attempt';
export { findTrack, trackName, tracks } from './tracks.svelte';
export { hasBeats, host } from './host.svelte';

export const venues = keepList<Venue>('/venues', ['venues']);
export const patterns = keepList<Pattern>('/patterns', ['patterns', 'implementations']);
export const system = keepOne<System>('/system', ['system']);
export const nodeTypes = keepList<NodeType>('/node-types', ['node_types']);
/* Jobs are kept for ever; the newest are what an operator asks about, and what runs: behind a batch that is older than those. */
const JOBS_SEEN = 100;
const runningOnes = new Set<string>();
export const jobs = new Resource<Job[]>(async (path) => {
    const { items } = await get<List<Job>>(`${path}?limit=${JOBS_SEEN}`);
    for (const j of items) runningOnes.delete(j.id);
    const older = await Promise.all([...runningOnes].map((id) => get<Job>(`${path}/${id}`).catch(() => null)));
    const running = older.filter((j) => j?.state === 'running') as Job[];
    for (const id of runningOnes) if (!running.some((j) => j.id === id)) runningOnes.delete(id);
    for (const j of items) if (j.state === 'running') runningOnes.add(j.id);
    return [...items, ...running];
});
onChange(['jobs'], () => void jobs.load());
jobs.point('/jobs');
/* The oldest of those still waits: there may be more than are seen. */
export function hasMoreJobs(): boolean {
    const oldest = jobs.data?.[JOBS_SEEN - 1];
    return oldest?.state === 'queued' || oldest?.state === 'running';
}
export const batches = keepNewest<Batch>('/batches', 50, ['batches']);
export const show = keepOne<Show>('/show', ['show', 'venues', 'scores', 'settings']);

/* The venue the rooms look at: the one chosen, while it is there; else the show's; else the first. */
export function lookedAt(): string | null {
    const chosen = venues.data === null || venues.data.some((v) => v.id === ui.venueId) ? ui.venueId : null;
    return chosen ?? show.data?.venue_id ?? venues.data?.[0]?.id ?? null;
}

const GRAND = '';

/* Masters: the echo is at once, the requests of one fader follow one after the other. */
class Masters {
    /* What hands are doing, by group ('' the grand master); absent: show what lumad says. */
    private hands = $state<Record<string, number>>({});
    private busy = new Set<string>();

    get master() {
        return this.hands[GRAND] ?? show.data?.master ?? 1;
    }
    get isPending() {
        return GRAND in this.hands;
    }
    get groups() {
        return (show.data?.group_masters ?? []).map((g) => ({
            ...g,
            level: this.hands[g.group_id] ?? g.level,
            isPending: g.group_id in this.hands,
        }));
    }
    get blackout() {
        return show.data?.blackout ?? false;
    }
    get freeze() {
        return show.data?.freeze ?? false;
    }

    setMaster = (level: number) => this.set(GRAND, level);
    setGroup = (id: string, level: number) => this.set(id, level);

    private set(key: string, level: number) {
        this.hands[key] = Math.min(1, Math.max(0, level));
        if (!this.busy.has(key)) void this.send(key);
    }

    private async send(key: string) {
        this.busy.add(key);
        while (key in this.hands) {
            const level = this.hands[key]!;
            const isDone = await attempt('Master', () =>
                key === GRAND ? post('/show/master', { level }) : post('/show/group-master', { group_id: key, level }),
            );
            if (isDone && this.hands[key] !== level) continue;
            if (isDone && show.data) show.data = this.withLevel(show.data, key, level);
            delete this.hands[key];
            if (!isDone) void show.load();
        }
        this.busy.delete(key);
    }

    private withLevel(s: Show, key: string, level: number): Show {
        if (key === GRAND) return { ...s, master: level };
        return { ...s, group_masters: s.group_masters.map((g) => (g.group_id === key ? { ...g, level } : g)) };
    }

    allGroupsFull = async () => {
        this.hands = GRAND in this.hands ? { [GRAND]: this.hands[GRAND]! } : {};
        if (await attempt('All groups to full', () => post('/show/group-master/full', {}))) await show.load();
    };

    toggleBlackout = () => this.flag('blackout', !this.blackout);
    toggleFreeze = () => this.flag('freeze', !this.freeze);

    private async flag(name: 'blackout' | 'freeze', on: boolean) {
        const words = name === 'blackout' ? 'Blackout' : 'Freeze';
        if (await attempt(words, () => post(`/show/${name}`, { on }))) await show.load();
    }
}

export const masters = new Masters();

export async function activate(change: Partial<Pick<Show, 'venue_id' | 'score_id' | 'mode'>>) {
    const s = show.data;
    const want = { venue_id: s?.venue_id ?? null, score_id: s?.score_id ?? null, mode: s?.mode ?? 'off', ...change };
    if (await attempt('Change the show', () => put('/show', want))) await show.load();
}

/* The score of a track for a venue that the show should take: the active one, else the first. */
export async function loadScore(score: Score) {
    await activate({ venue_id: score.venue_id, score_id: score.id, mode: 'score' });
}

link.onSystem = () => void system.load();

let jobTimer: ReturnType<typeof setTimeout> | null = null;
link.onJob = (m) => {
    const known = jobs.data?.find((j) => j.id === m.id);
    if (known && known.state === m.state && typeof m.progress === 'number') {
        const progress = m.progress;
        jobs.data = jobs.data!.map((j) => (j.id === m.id ? { ...j, progress } : j));
        return;
    }
    if (m.state === 'running' && typeof m.id === 'string') runningOnes.add(m.id);
    /* A job appeared, started or ended: its track changes with it. */
    changed('tracks', typeof m.track_id === 'string' ? m.track_id : undefined);
    jobTimer ??= setTimeout(() => {
        jobTimer = null;
        void jobs.load();
    }, 100);
};

/* Failures that still stand: nothing newer was tried for the same track. Newest first. */
export function failedJobs(): Job[] {
    const seen = new Set<string>();
    return (jobs.data ?? []).filter((j) => {
        const what = `${j.kind} ${j.track_id}`;
        const isNewest = !seen.has(what);
        seen.add(what);
        return isNewest && j.state === 'failed';
    });
}

export const activeJobs = () => jobs.data?.filter((j) => j.state === 'queued' || j.state === 'running') ?? [];
