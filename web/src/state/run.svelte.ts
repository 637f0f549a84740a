/*
 * What is wrong with the graph being edited, what its nodes give and what they cost: asked
 * of lumad after each edit, the newest graph only.
 */
import { asError, post, request, type ApiError } from '../api/client';
import type { Graph, GraphError } from '../api/types';
import { bare } from '../graph/model';
import type { Span, View } from '../graph/views';
import { session } from './session.svelte';

const PAUSE_MS = 120;
const AGAIN_MS = 250;

/* The answer of POST /graph/run. */
interface Ran {
    views: Record<string, View>;
    timings: { node: string; us: number }[];
    errors: GraphError[];
    compile_us: number;
    run_us: number;
}

export interface Wish {
    graph: Graph;
    context: { venue_id?: string; track_id?: string; start: number; end: number };
    /* Nodes to look at besides those of view nodes. */
    views: { node: string }[];
}

export class Runner {
    errors = $state.raw<GraphError[]>([]);
    views = $state.raw<Readonly<Record<string, View>>>({});
    /* Of the nodes that ran, microseconds for the whole stretch. */
    times = $state.raw<ReadonlyMap<string, number>>(new Map());
    total = $state.raw<{ compile: number; run: number } | null>(null);
    span = $state.raw<Span>({ start: 0, end: 0 });
    problem = $state.raw<ApiError | null>(null);

    private timer: ReturnType<typeof setTimeout> | undefined;
    private under: AbortController | null = null;

    ask(wish: Wish) {
        clearTimeout(this.timer);
        this.timer = setTimeout(() => void this.go(wish), PAUSE_MS);
    }

    stop() {
        clearTimeout(this.timer);
        this.under?.abort();
        this.under = null;
    }

    private async go(wish: Wish) {
        this.under?.abort();
        const mine = (this.under = new AbortController());
        const graph = bare(wish.graph);
        try {
            /* Quick, and never refused because somebody else's graph is run; what only shows where it plays comes with the run. */
            const { errors } = await post<{ errors: GraphError[] }>('/graph/check', { graph });
            if (this.under !== mine) return;
            if (errors.some((e) => e.code !== 'warning') || !this.errors.length) this.errors = errors;
            /* Whoever only looks sees what is wrong; to compute is not theirs. */
            if (!session.can('operator')) {
                this.errors = errors;
                return;
            }
            const ran = await request<Ran>('POST', '/graph/run', {
                body: { graph, context: wish.context, views: wish.views },
                signal: mine.signal,
            });
            if (this.under !== mine) return;
            this.errors = ran.errors;
            this.views = ran.views;
            this.times = new Map(ran.timings.map((t) => [t.node, t.us]));
            this.total = { compile: ran.compile_us, run: ran.run_us };
            this.span = { start: wish.context.start, end: wish.context.end };
            this.problem = null;
        } catch (e) {
            if (this.under !== mine) return;
            const error = asError(e);
            if (error.code === 'busy') this.timer = setTimeout(() => void this.go(wish), AGAIN_MS);
            else this.problem = error;
        }
    }
}
