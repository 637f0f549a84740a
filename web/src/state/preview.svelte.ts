/*
 * Preview on the rig: what is edited plays on the running show in place of what is stored
 * (PUT /graph/preview), until it is switched off or this page's socket closes. The newest
 * graph is sent, one request at a time.
 */
import { asError, put, request, type ApiError } from '../api/client';
import type { Graph, GraphShown } from '../api/types';
import { bare } from '../graph/model';
import { link } from './link.svelte';
import { toasts } from './toasts.svelte';

const PAUSE_MS = 30;

export class Preview {
    isOn = $state(false);
    /* Over the whole score instead of where blocks play it. */
    isSolo = $state(false);
    answer = $state.raw<GraphShown | null>(null);
    error = $state.raw<ApiError | null>(null);

    private pattern: string | null = null;
    private graph: Graph | null = null;
    private wanted = false;
    private isBusy = false;
    private timer: ReturnType<typeof setTimeout> | undefined;
    private client: string | null = null;
    /* The pattern that lumad shows for us. */
    private shown: string | null = null;

    start(pattern: string, graph: Graph) {
        this.isOn = true;
        this.isSolo = false;
        this.pattern = pattern;
        this.answer = this.error = null;
        this.show(graph, true);
    }

    /* The newest of the pattern that is on. */
    show(graph: Graph, isNow = false) {
        this.graph = graph;
        if (!this.isOn) return;
        this.wanted = true;
        clearTimeout(this.timer);
        if (isNow) void this.send();
        else this.timer = setTimeout(() => void this.send(), PAUSE_MS);
    }

    setSolo(on: boolean) {
        this.isSolo = on;
        if (this.graph) this.show(this.graph, true);
    }

    /* After the connection was lost the old socket's preview is gone. */
    reconnected() {
        if (this.isOn && this.graph && link.client && link.client !== this.client) this.show(this.graph, true);
    }

    async stop() {
        if (!this.isOn) return;
        clearTimeout(this.timer);
        this.isOn = this.wanted = false;
        this.answer = this.error = null;
        if (!this.isBusy) await this.end();
    }

    private async end() {
        const client = this.client;
        this.client = this.shown = null;
        if (!client || client !== link.client) return; /* it ended with its socket */
        try {
            await request('DELETE', '/graph/preview', { body: { client } });
        } catch (e) {
            toasts.error('End the preview', asError(e));
        }
    }

    private async send() {
        if (this.isBusy) return;
        this.isBusy = true;
        while (this.wanted && this.isOn && this.graph && link.client) {
            this.wanted = false;
            const isSolo = this.isSolo;
            const pattern = this.pattern;
            try {
                if (this.client === link.client && this.shown !== null && this.shown !== pattern)
                    await request('DELETE', '/graph/preview', { body: { client: this.client, pattern_id: this.shown } });
                this.client = link.client;
                this.shown = pattern;
                const answer = await put<GraphShown>('/graph/preview', {
                    client: this.client, pattern_id: pattern, graph: bare(this.graph), ...(isSolo ? { solo: true } : {}),
                });
                this.error = null;
                this.answer = answer;
                /* No block plays it: then it is seen alone. */
                if (!answer.shown && !answer.errors.length && !isSolo) this.isSolo = this.wanted = true;
            } catch (e) {
                this.error = asError(e);
                if (this.error.status === 503) {
                    await new Promise((done) => setTimeout(done, 250));
                    this.wanted = true;
                }
            }
        }
        this.isBusy = false;
        if (!this.isOn) await this.end();
    }
}

export const preview = new Preview();
