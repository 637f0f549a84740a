/*
 * The library as the list shows it: words, an order, a filter, all in the address (#/library/<track>/sort=-bpm/show=failed/q=house), and the ids lumad answers with. While
 * a new answer is on its way the old one stays; news of tracks asks again, not more often than the list can be read.
 */
import { untrack } from 'svelte';
import { asError, get, type ApiError } from '../../api/client';
import type { TrackIndex } from '../../api/types';
import { onChange } from '../../state/changes';
import { ui } from '../../state/ui.svelte';

const SORTS = ['title', 'artist', 'album', 'bpm', 'key', 'length', 'added', 'analysis'] as const;
export type Sort = (typeof SORTS)[number];
export const SHOWS = ['all', 'unanalysed', 'failed', 'scored'] as const;
export type Show = (typeof SHOWS)[number];

export interface View {
    q: string;
    sort: Sort;
    isDown: boolean;
    show: Show;
}
export const PLAIN: View = { q: '', sort: 'title', isDown: false, show: 'all' };

/* What follows the room in the address: the track, and what differs from the plain list. */
export function readView(rest: readonly string[]): { trackId: string | null; view: View | null } {
    const view = { ...PLAIN };
    let isSaid = false;
    for (const part of rest) {
        const [, name, value] = /^(q|sort|show)=(.*)$/s.exec(part) ?? [];
        if (!name) continue;
        isSaid = true;
        if (name === 'q') view.q = value!;
        if (name === 'show') view.show = SHOWS.find((s) => s === value) ?? 'all';
        if (name === 'sort') {
            view.isDown = value!.startsWith('-');
            view.sort = SORTS.find((s) => s === value!.replace(/^-/, '')) ?? 'title';
        }
    }
    const first = rest[0];
    return { trackId: first && !/^(q|sort|show)=/.test(first) ? first : null, view: isSaid ? view : null };
}

export function writeView(v: View): string[] {
    const sort = `${v.isDown ? '-' : ''}${v.sort}`;
    return [...(sort === 'title' ? [] : [`sort=${sort}`]), ...(v.show === 'all' ? [] : [`show=${v.show}`]), ...(v.q.trim() ? [`q=${v.q.trim()}`] : [])];
}

export interface Entry {
    id: string;
    title: string;
}
const PAUSE_MS = 500; /* between two answers to news */

export class Order {
    entries = $state.raw<readonly Entry[] | null>(null);
    error = $state.raw<ApiError | null>(null);
    loading = $state(false);
    /* What the answer is to. */
    shown = $state.raw<View>(PLAIN);

    private view: View = PLAIN;
    private stop: AbortController | null = null;
    private last = 0;
    private timer: ReturnType<typeof setTimeout> | null = null;

    constructor(view: () => View) {
        $effect(() => {
            const v = view();
            untrack(() => {
                this.view = v;
                void this.load();
            });
        });
        $effect(() => onChange(['tracks', 'scores'], () => this.again()));
        $effect(() => () => {
            this.stop?.abort();
            if (this.timer) clearTimeout(this.timer);
        });
    }

    private again() {
        this.timer ??= setTimeout(() => {
            this.timer = null;
            void this.load();
        }, Math.max(0, this.last + PAUSE_MS - performance.now()));
    }

    load = async (): Promise<void> => {
        this.stop?.abort();
        const stop = (this.stop = new AbortController());
        const v = this.view;
        this.loading = this.entries === null;
        const query = new URLSearchParams({ sort: `${v.isDown ? '-' : ''}${v.sort}`, show: v.show });
        if (v.q.trim()) query.set('q', v.q.trim());
        try {
            const { ids, titles } = await get<TrackIndex>(`/tracks/index?${query}`, stop.signal);
            if (stop.signal.aborted) return;
            this.entries = ids.map((id, i) => ({ id, title: titles[i] ?? '' }));
            this.shown = v;
            this.error = null;
        } catch (e) {
            if (stop.signal.aborted) return;
            this.error = asError(e);
        }
        this.loading = false;
        this.last = performance.now();
    };
}

/* The address without a step back to what was typed half. */
export function place(trackId: string | null, v: View, isStep: boolean) {
    const rest = [...(trackId ? [trackId] : []), ...writeView(v)];
    if (isStep) return ui.go('library', ...rest);
    if (ui.room !== 'library' || ui.isAnywhere) return;
    const hash = `#/${['library', ...rest].map(encodeURIComponent).join('/')}`;
    if (hash === location.hash) return;
    history.replaceState(history.state, '', hash);
    ui.rest.library = rest;
}
