/*
 * Tracks, of which there may be many thousands: rows are fetched when somebody looks at them, many in one request, kept while they are worth it, and fetched again when
 * they changed. Nobody needs all of them; a list in an order is ids alone (TrackIndex).
 */
import { SvelteMap } from 'svelte/reactivity';
import { asError, get, type ApiError } from '../api/client';
import type { List, Track } from '../api/types';
import { onChange } from './changes';
import { Resource } from './resource.svelte';

const AT_ONCE = 50; /* rows a request */
const KEPT = 1200;

class Tracks {
    /* null: there is none of this id. */
    private known = new SvelteMap<string, Track | null>();
    private wanted = new Set<string>();
    /* Rows of a list that are in view: what was scrolled past need not be fetched any more. */
    private view = new Set<string>();
    /* Asked for by name, outside of lists: these stay. */
    private named = new Set<string>();
    private dirty = new Set<string>();
    private timer: ReturnType<typeof setTimeout> | null = null;
    private busy = 0;
    error = $state.raw<ApiError | null>(null);
    /* Is there any at all? null: not known yet. */
    private some = new Resource<Track[]>(async (path) => (await get<List<Track>>(path)).items);

    constructor() {
        onChange(['tracks'], (ids) => this.refresh(ids));
        onChange(['tracks'], () => void this.some.load());
        this.some.point('/tracks?limit=1');
    }

    get isEmpty(): boolean | null {
        return this.some.data ? this.some.data.length === 0 : null;
    }

    /* undefined: not known yet, it is being asked for; null: there is none. */
    find(id: string | null): Track | null | undefined {
        if (!id) return null;
        const track = this.known.get(id);
        this.named.add(id);
        if (track === undefined) this.want(id);
        return track;
    }

    /* The same of a row of a list, which says what it shows by look(). */
    row = (id: string): Track | null | undefined => this.known.get(id);

    /* What a list shows now. */
    look(ids: readonly string[]) {
        this.view = new Set(ids);
        for (const id of ids) if (!this.known.has(id)) this.want(id);
    }

    /* An answer of lumad's: newer than what is known. */
    take(track: Track) {
        this.known.set(track.id, track);
    }

    /* null: any. What is not looked at is forgotten instead. */
    refresh(ids: ReadonlySet<string> | null = null) {
        for (const id of ids ?? [...this.known.keys()]) {
            if (!this.known.has(id)) continue;
            if (this.view.has(id) || this.named.has(id)) this.dirty.add(id);
            else this.known.delete(id);
        }
        this.plan();
    }

    private want(id: string) {
        if (this.wanted.has(id)) return;
        this.wanted.add(id);
        this.plan();
    }

    private plan() {
        this.timer ??= setTimeout(() => {
            this.timer = null;
            void this.fetch();
        }, 12);
    }

    private async fetch() {
        if (this.busy >= 2) return;
        for (const id of this.wanted) if (!this.named.has(id) && !this.view.has(id)) this.wanted.delete(id);
        const ids = [...this.wanted, ...this.dirty].slice(0, AT_ONCE);
        if (!ids.length) return;
        for (const id of ids) {
            this.wanted.delete(id);
            this.dirty.delete(id);
        }
        this.busy++;
        try {
            const { items } = await get<List<Track>>(`/tracks?ids=${[...new Set(ids)].join()}`);
            const found = new Set(items.map((t) => t.id));
            for (const t of items) this.known.set(t.id, t);
            for (const id of ids) if (!found.has(id)) this.known.set(id, null);
            this.error = null;
        } catch (e) {
            this.error = asError(e);
            /* Asked for again when there is news, or a connection. */
            for (const id of ids) (this.known.has(id) ? this.dirty : this.wanted).add(id);
            this.busy--;
            return;
        }
        this.busy--;
        this.trim();
        if (this.wanted.size || this.dirty.size) this.plan();
    }

    /* The oldest first; what is shown stays. */
    private trim() {
        let over = this.known.size - KEPT;
        if (over <= 0) return;
        for (const id of this.known.keys()) {
            if (over <= 0) return;
            if (this.view.has(id) || this.named.has(id)) continue;
            this.known.delete(id);
            over--;
        }
    }
}

export const tracks = new Tracks();
export const trackName = (t: Track | null | undefined) => t?.title?.trim() || 'Untitled track';
/* null: there is none, or it is not known yet. */
export const findTrack = (id: string | null): Track | null => tracks.find(id) ?? null;

/* The best answers to some words, for who chooses one by typing. */
const FOUND = 40;
export class TrackSearch {
    found = new Resource<Track[]>(async (path) => (await get<List<Track>>(path)).items);
    private timer: ReturnType<typeof setTimeout> | null = null;

    /* null: nobody types. */
    ask(text: string | null) {
        if (this.timer) clearTimeout(this.timer);
        if (text === null) return this.found.point(null);
        this.timer = setTimeout(() => this.found.point(`/tracks?limit=${FOUND}&q=${encodeURIComponent(text.trim())}`), text ? 120 : 0);
    }
}
