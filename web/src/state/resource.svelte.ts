/*
 * Something fetched, kept fresh by `changes`. While a refetch is under way, and while
 * the connection is lost, the last known state stays.
 */
import { untrack } from 'svelte';
import { asError, get, list, type ApiError } from '../api/client';
import type { List } from '../api/types';
import { onChange } from './changes';

export class Resource<T> {
    data = $state.raw<T | null>(null);
    error = $state.raw<ApiError | null>(null);
    /* True only while there is nothing to show yet. */
    loading = $state(false);

    private key: string | null = null;
    private asked = 0;
    private shown = 0; /* of those asked for: older answers come too late */

    constructor(private readonly fetcher: (path: string) => Promise<T>) {}

    /* Another path: what was there is another thing's data and goes. */
    point(path: string | null) {
        if (path === this.key) return;
        this.key = path;
        this.shown = ++this.asked;
        this.data = null;
        this.error = null;
        this.loading = false;
        if (path !== null) void this.load();
    }

    /* What lumad answered to an edit: what was asked for before it is older, however late it comes. Whoever puts it there loads behind it. */
    put(data: T) {
        this.shown = ++this.asked;
        this.data = data;
        this.loading = false;
    }

    /* When it is through, what is there is no older than this call. */
    async load(): Promise<void> {
        const path = this.key;
        if (path === null) return;
        const turn = ++this.asked;
        this.loading = this.data === null;
        try {
            const data = await this.fetcher(path);
            if (turn < this.shown) return;
            this.data = data;
            this.error = null;
        } catch (e) {
            if (turn < this.shown) return;
            this.error = asError(e);
        }
        this.shown = turn;
        this.loading = false;
    }
}

/* For components: follows `path` and the tables until the component goes. */
function follow<T>(r: Resource<T>, path: () => string | null, tables: readonly string[]) {
    $effect(() => {
        const p = path();
        untrack(() => r.point(p));
    });
    $effect(() => onChange(tables, () => void r.load()));
    return r;
}

export const useOne = <T>(path: () => string | null, tables: readonly string[]) =>
    follow(new Resource<T>((p) => get<T>(p)), path, tables);

export const useList = <T>(path: () => string | null, tables: readonly string[]) =>
    follow(new Resource<T[]>((p) => list<T>(p)), path, tables);

/* For the whole life of the page. */
export function keepOne<T>(path: string, tables: readonly string[]): Resource<T> {
    const r = new Resource<T>((p) => get<T>(p));
    onChange(tables, () => void r.load());
    r.point(path);
    return r;
}

export function keepNewest<T>(path: string, limit: number, tables: readonly string[]): Resource<T[]> {
    const r = new Resource<T[]>(async (p) => (await get<List<T>>(`${p}?limit=${limit}`)).items);
    onChange(tables, () => void r.load());
    r.point(path);
    return r;
}

export function keepList<T>(path: string, tables: readonly string[]): Resource<T[]> {
    const r = new Resource<T[]>((p) => list<T>(p));
    onChange(tables, () => void r.load());
    r.point(path);
    return r;
}
