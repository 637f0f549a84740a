/*
 * Corrections of a beat grid, from the page to lumad: one after the other, each on the version the last one made, each a step that is undone by name.
 * Undo puts back the grid that was there, or drops the correction where there was none.
 */
import { ApiError, asError, del, get, put, request } from '../api/client';
import type { Beats, GridOp } from '../api/types';
import { history } from '../commands/history.svelte';
import { Turns } from '../commands/turns';
import { Taps } from '../timeline/taps';
import { live, now } from './live';
import { toasts } from './toasts.svelte';
import { loaded } from './loaded.svelte';

/* Taps are handed in when nobody taps any more. */
const PAUSE_S = 1.6;
const MERGE_MS = 1200;

class Grid {
    /* The track that is being corrected; null: none. */
    trackId = $state<string | null>(null);
    /* What lumad was asked for and has not answered yet. */
    busy = $state(0);
    taps = $state.raw<readonly number[]>([]);
    tapBpm = $state<number | null>(null);
    /* Set by the page that shows the track: takes an answer at once. */
    onBeats: ((beats: Beats | null) => void) | null = null;

    private readonly tapping = new Taps();
    private timer: ReturnType<typeof setTimeout> | null = null;
    private readonly turns = new Turns();
    /* The version our last edit of a track left: undo refuses where somebody else went on from there. */
    private made = new Map<string, number>();
    private lastShift = -Infinity; /* when the grid was nudged last */

    open(trackId: string) {
        this.trackId = trackId;
        this.dropTaps();
    }
    close = () => {
        this.trackId = null;
        this.dropTaps();
    };

    /* Where the audience's music is at the moment of the key or the finger, not when the page gets to it. */
    tap = (event?: Event) => {
        if (!this.trackId) return;
        const at = event && event.timeStamp > 0 ? event.timeStamp / 1000 : now();
        this.tapping.add(live.clock.position(at));
        this.taps = [...this.tapping.times];
        this.tapBpm = this.tapping.bpm;
        if (this.timer) clearTimeout(this.timer);
        const gap = this.tapBpm ? 60 / this.tapBpm : 0;
        this.timer = setTimeout(() => void this.setTaps(), 1000 * Math.max(PAUSE_S, 2.5 * gap));
    };

    dropTaps = () => {
        if (this.timer) clearTimeout(this.timer);
        this.timer = null;
        this.tapping.clear();
        this.taps = [];
        this.tapBpm = null;
    };

    setTaps = async () => {
        const taps = [...this.taps];
        const id = this.trackId;
        this.dropTaps();
        if (!id) return;
        if (taps.length >= Taps.LEAST) await this.edit(id, { op: 'tap', taps }, 'tapped beats');
        else if (taps.length > 1) toasts.note(`${taps.length} taps are too few: tap at least ${Taps.LEAST} beats`);
    };

    /* What an operation is called where it can be undone. */
    edit(id: string, op: GridOp, label: string): Promise<boolean> {
        return history.during(this.turns.run(() => this.send(id, op, label)));
    }

    private async send(id: string, op: GridOp, label: string): Promise<boolean> {
        this.busy++;
        try {
            const path = `/tracks/${id}/beats`;
            const before = await this.read(id);
            const after = await request<Beats>('POST', `${path}/edit`, { body: op, ...(before ? { version: before.version } : {}) });
            this.take(id, after);
            this.remember(id, op, label, before, after);
            return true;
        } catch (e) {
            toasts.error(label.charAt(0).toUpperCase() + label.slice(1), asError(e));
            return false;
        } finally {
            this.busy--;
        }
    }

    /* The analysis counts again. */
    reset(id: string): Promise<boolean> {
        const label = 'reset of the beats';
        const act = this.turns.run(async () => {
            this.busy++;
            try {
                const before = await this.read(id);
                if (!before?.corrected) return false;
                await del(`/tracks/${id}/beats`, before.version);
                this.take(id, await this.read(id));
                history.push({ label, undo: () => this.restore(id, before), redo: () => this.restore(id, null) });
                return true;
            } catch (e) {
                toasts.error(label, asError(e));
                return false;
            } finally {
                this.busy--;
            }
        });
        return history.during(act);
    }

    private async read(id: string): Promise<Beats | null> {
        try {
            return await get<Beats>(`/tracks/${id}/beats`);
        } catch (e) {
            if (asError(e).status === 404) return null;
            throw e;
        }
    }

    private take(id: string, beats: Beats | null) {
        this.made.set(id, beats?.version ?? -1);
        if (this.trackId === id || this.trackId === null) this.onBeats?.(beats);
    }

    /* A few nudges in a row are one step. */
    private remember(id: string, op: GridOp, label: string, before: Beats | null, after: Beats) {
        const redo = () => this.restore(id, after);
        const isNudge = op.op === 'shift';
        if (isNudge && performance.now() - this.lastShift < MERGE_MS && history.isLast(label)) history.extend(redo);
        else history.push({ label, undo: () => this.restore(id, before?.corrected ? before : null), redo });
        this.lastShift = isNudge ? performance.now() : -Infinity;
    }

    /* null: without a correction. */
    private async restore(id: string, beats: Beats | null) {
        const path = `/tracks/${id}/beats`;
        const current = await this.read(id);
        if ((current?.version ?? -1) !== this.made.get(id)) {
            throw new ApiError(412, 'Stale', 'The beats were changed elsewhere meanwhile; they stay as they are.');
        }
        if (beats) {
            const { beats: times, downbeats, bpm, beats_per_bar, analyser } = beats;
            const body = { beats: times, downbeats, beats_per_bar, ...(bpm ? { bpm } : {}), ...(analyser ? { analyser } : {}) };
            this.take(id, await put<Beats>(`${path}?as=undo`, body, current?.version));
        } else if (current?.corrected) {
            await del(path, current.version);
            this.take(id, await this.read(id));
        }
    }
}

export const grid = new Grid();
loaded.grid = grid;
