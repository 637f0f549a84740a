/*
 * The graph being looked at and changed. Edits make a draft that stays in this page until
 * it is saved (PUT graph); a draft outlives the room being left and the page being loaded again. Every edit can be undone;
 * quick repeats of one edit (a slider being dragged) are one step.
 */
import { asError, get, put, type ApiError } from '../api/client';
import type { Graph } from '../api/types';
import { history } from '../commands/history.svelte';
import { bare, layout, sameGraph } from '../graph/model';
import { onChange } from './changes';
import { drafts as typed } from './drafts.svelte';
import { toasts } from './toasts.svelte';

const MERGE_MS = 800;

const WORDS_MAX = 120;
const KEEP_MS = 250;

interface Draft {
    graph: Graph;
    saved: Graph; /* what it was made from */
    labels: string[];
}

/* Drafts of before the page was loaded again. */
const keyOf = (path: string) => `graph${path}`;
function kept(path: string): Draft | undefined {
    const text = typed.get(keyOf(path))?.text;
    if (!text) return undefined;
    const d = JSON.parse(text) as Partial<Draft>;
    return d.graph && d.saved && Array.isArray(d.labels) ? (d as Draft) : undefined;
}

/* What a save is called in the history: what was done since the last one. */
export function message(labels: readonly string[]): string {
    const said = [...new Set(labels)];
    const text = said.join(', ');
    const short = text.length <= WORDS_MAX ? text : `${said[0]} and ${said.length - 1} more`;
    return (short.charAt(0).toUpperCase() + short.slice(1)).slice(0, WORDS_MAX);
}

export class GraphStore {
    graph = $state.raw<Graph | null>(null);
    saved = $state.raw<Graph | null>(null);
    /* Somebody else saved while there is a draft here. */
    theirs = $state.raw<Graph | null>(null);
    error = $state.raw<ApiError | null>(null);
    isSaving = $state(false);
    /* Whose graph it is: what has the history. */
    readonly implementation = $derived(this.saved?.implementation_id ?? null);
    readonly isDirty = $derived(this.graph !== null && this.saved !== null && !sameGraph(this.graph, this.saved));

    private path: string | null = null;
    private last = { label: '', at: 0 };
    private timer: ReturnType<typeof setTimeout> | undefined;
    private labels: string[] = []; /* of the edits since it was saved */
    /* Of the graphs that are not open. */
    private readonly drafts = new Map<string, Draft>();

    open(patternId: string | null) {
        const path = patternId ? `/patterns/${patternId}/graph` : null;
        if (path === this.path) return;
        this.put_by();
        this.path = path;
        this.error = null;
        this.theirs = null;
        this.last = { label: '', at: 0 };
        const draft = path ? (this.drafts.get(path) ?? kept(path)) : undefined;
        if (path) this.drafts.delete(path);
        this.labels = draft?.labels ?? [];
        this.graph = draft?.graph ?? null;
        this.saved = draft?.saved ?? null;
        void this.load();
    }

    /* In a moment, for a slider is dragged; at once when the page goes. */
    private keep() {
        this.timer ??= setTimeout(this.keepNow, KEEP_MS);
    }
    private keepNow = () => {
        clearTimeout(this.timer);
        this.timer = undefined;
        if (!this.path || !this.saved) return;
        if (this.isDirty) typed.keep(keyOf(this.path), JSON.stringify({ graph: this.graph, saved: this.saved, labels: this.labels }), '');
        else typed.forget(keyOf(this.path));
    };

    private put_by() {
        if (this.timer !== undefined) this.keepNow();
        if (this.path && this.isDirty) this.drafts.set(this.path, { graph: this.graph!, saved: this.saved!, labels: this.labels });
    }

    get hasDrafts() {
        return this.isDirty || this.drafts.size > 0;
    }

    /* Until the returned function is called, edits made elsewhere are followed. */
    follow(): () => void {
        const stop = onChange(['implementations', 'patterns'], () => {
            if (!this.isSaving) void this.load();
        });
        addEventListener('pagehide', this.keepNow);
        return () => {
            stop();
            removeEventListener('pagehide', this.keepNow);
        };
    }

    async load() {
        const path = this.path;
        if (!path) return;
        try {
            const g = layout(await get<Graph>(path));
            if (path !== this.path || this.isSaving) return;
            this.error = null;
            if (!this.isDirty || sameGraph(g, this.graph!)) this.take(g);
            else if (g.version !== this.saved?.version || g.implementation_id !== this.saved?.implementation_id) {
                if (sameGraph(g, this.saved!)) this.saved = g;
                else this.theirs = g;
            }
        } catch (e) {
            if (path === this.path) this.error = asError(e);
        }
    }

    private take(g: Graph) {
        this.graph = this.saved = g;
        this.labels = [];
        this.theirs = null;
        this.keep();
    }

    /* mayMerge: a value being dragged, where many edits are one. */
    edit(next: Graph, label: string, mayMerge = false) {
        const before = this.graph;
        const path = this.path;
        if (!before || !path || next === before) return;
        const isMore = mayMerge && label === this.last.label && performance.now() - this.last.at < MERGE_MS && history.isLast(label);
        this.last = { label, at: performance.now() };
        if (isMore) history.extend(() => this.restore(path, next));
        else {
            this.labels.push(label);
            history.push({
                label,
                isKept: true,
                undo: () => this.restore(path, before),
                redo: () => this.restore(path, next),
            });
        }
        this.graph = next;
        this.keep();
    }

    private async restore(path: string, graph: Graph) {
        this.last = { label: '', at: 0 };
        if (path === this.path) {
            this.graph = { ...graph };
            this.keep();
            return;
        }
        const other = this.drafts.get(path);
        this.drafts.set(path, { graph, saved: other?.saved ?? layout(await get<Graph>(path)), labels: other?.labels ?? [] });
    }

    /* The draft becomes what is stored. Over somebody else's newer one only when that was said. */
    save = (isOver = false): Promise<boolean> => history.during(this.store(isOver));

    private async store(isOver: boolean): Promise<boolean> {
        const path = this.path;
        const graph = this.graph;
        if (!path || !graph || this.isSaving) return false;
        this.isSaving = true;
        try {
            const said = message(this.labels);
            const stored = await put<Graph>(said ? `${path}?message=${encodeURIComponent(said)}` : path, bare(graph), isOver ? undefined : this.saved?.version);
            if (path === this.path) {
                this.saved = { ...stored, ...bare(graph) };
                this.labels = [];
                this.theirs = null;
                this.keep();
            }
            return true;
        } catch (e) {
            const error = asError(e);
            if (error.status !== 412) toasts.error('Save the pattern', error);
            this.isSaving = false;
            await this.load();
            if (error.status === 412 && !this.theirs) toasts.error('Save the pattern', error);
            return false;
        } finally {
            this.isSaving = false;
        }
    }

    /* Theirs instead of the draft; the draft comes back by undo. */
    takeTheirs() {
        const theirs = this.theirs;
        if (!theirs) return;
        this.edit(theirs, 'take what was saved elsewhere');
        this.saved = theirs;
        this.theirs = null;
    }

    /* What is stored, instead of the draft. */
    revert() {
        if (this.saved) this.edit(this.saved, 'go back to what is saved');
    }
}

/* One for the page: undo reaches it wherever one is. */
export const graphs = new GraphStore();
