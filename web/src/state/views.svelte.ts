/*
 * What the view nodes of the graph on the page show: the graph is run over eight seconds from where the player stands, in the venue that is looked at, soon after
 * each edit. One request at a time; while one is under way only the newest wish is kept.
 */
import { asError, post } from '../api/client';
import type { Graph } from '../api/types';
import { bare } from '../graph/model';
import type { Span, View } from '../graph/views';
import { host, lookedAt } from './stores.svelte';

const SETTLE_MS = 250;
const AGAIN_MS = 1000;
const SECONDS = 8;

interface Run {
    views: Record<string, View>;
}

class Views {
    span = $state.raw<Span>({ start: 0, end: SECONDS });
    problem = $state.raw<string | null>(null);
    private views = $state.raw<Record<string, View>>({});
    private wanted: Graph | null = null;
    private timer: ReturnType<typeof setTimeout> | undefined;
    private isBusy = false;

    of(node: string): View | undefined {
        return this.views[node];
    }

    /* null: nothing is looked at. */
    show(graph: Graph | null) {
        this.wanted = graph;
        clearTimeout(this.timer);
        if (graph) this.timer = setTimeout(() => void this.run(), SETTLE_MS);
        else {
            this.views = {};
            this.problem = null;
        }
    }

    private async run() {
        const graph = this.wanted;
        if (!graph || this.isBusy) return;
        this.isBusy = true;
        const latest = Math.max(0, host.duration - SECONDS);
        const start = host.trackId ? Math.min(Math.max(0, host.position), latest) : 0;
        const span = { start, end: start + SECONDS };
        let again = 0;
        try {
            const context = { track_id: host.trackId ?? undefined, venue_id: lookedAt() ?? undefined, ...span };
            const { views } = await post<Run>('/graph/run', { graph: bare(graph), context, views: true });
            if (this.wanted === graph) {
                this.views = views;
                this.span = span;
                this.problem = null;
            }
        } catch (e) {
            const error = asError(e);
            if (error.status === 503) again = AGAIN_MS;
            else if (this.wanted === graph) this.problem = error.message;
        }
        this.isBusy = false;
        if (this.wanted && (this.wanted !== graph || again)) this.timer = setTimeout(() => void this.run(), again);
    }
}

export const views = new Views();
