/*
 * The graph being looked at and changed. The page shows an edit at once; requests follow
 * one after the other, the newest document only. Every edit can be undone; quick repeats
 * of one edit (a slider being dragged) are one step.
 */
import { asError, get, put, type ApiError } from '../api/client';
import type { Graph } from '../api/types';
import { history } from '../commands/history.svelte';
import { bare, layout } from '../graph/model';
import { onChange } from './changes';
import { toasts } from './toasts.svelte';

const MERGE_MS = 800;

export class GraphStore {
    graph = $state.raw<Graph | null>(null);
    error = $state.raw<ApiError | null>(null);
    isPending = $state(false);
    /* Whose graph it is: what has the history. */
    implementation = $state<string | null>(null);

    private path: string | null = null;
    private version: number | undefined;
    private wanted: { graph: Graph; query: string } | null = null;
    private last = { label: '', at: 0 };
    private isBusy = false;

    open(patternId: string | null) {
        const path = patternId ? `/patterns/${patternId}/graph` : null;
        if (path === this.path) return;
        this.path = path;
        this.graph = null;
        this.implementation = null;
        this.error = null;
        this.wanted = null;
        this.last = { label: '', at: 0 };
        void this.load();
    }

    /* Until the returned function is called, edits made elsewhere are followed. */
    follow(): () => void {
        return onChange(['implementations', 'patterns'], () => {
            if (!this.isPending) void this.load();
        });
    }

    async load() {
        const path = this.path;
        if (!path) return;
        try {
            const g = await get<Graph>(path);
            if (path !== this.path || this.isPending) return;
            this.version = g.version;
            this.implementation = g.implementation_id ?? null;
            this.graph = layout(g);
            this.error = null;
        } catch (e) {
            if (path === this.path) this.error = asError(e);
        }
    }

    /* mayMerge: a value being dragged, where many edits are one. */
    edit(next: Graph, label: string, mayMerge = false) {
        const before = this.graph;
        const path = this.path;
        if (!before || !path) return;
        const isMore = mayMerge && label === this.last.label && performance.now() - this.last.at < MERGE_MS && history.isLast(label);
        this.last = { label, at: performance.now() };
        if (isMore) history.extend(() => this.restore(path, next, 'redo'));
        else {
            history.push({
                label,
                isKept: true,
                undo: () => this.restore(path, before, 'undo'),
                redo: () => this.restore(path, next, 'redo'),
            });
        }
        this.apply(next, `?message=${encodeURIComponent(label.charAt(0).toUpperCase() + label.slice(1))}`);
    }

    private apply(next: Graph, query: string) {
        this.graph = next;
        this.wanted = { graph: next, query };
        if (!this.isBusy) void history.during(this.send());
    }

    private async restore(path: string, graph: Graph, way: 'undo' | 'redo') {
        this.last = { label: '', at: 0 };
        if (path === this.path) {
            this.apply(graph, `?as=${way}`);
            return;
        }
        await put<Graph>(`${path}?as=${way}`, bare(graph));
    }

    private async send() {
        this.isBusy = this.isPending = true;
        while (this.wanted && this.path) {
            const path = this.path;
            const { graph: next, query } = this.wanted;
            this.wanted = null;
            try {
                const saved = await put<Graph>(path + query, bare(next), this.version);
                if (path !== this.path) continue;
                this.version = saved.version;
                if (!this.wanted) this.graph = { ...next, errors: saved.errors ?? [] };
            } catch (e) {
                const error = asError(e);
                toasts.error('Save the pattern', error);
                this.wanted = null;
                this.isPending = false;
                await this.load();
            }
        }
        this.isBusy = this.isPending = false;
    }
}
