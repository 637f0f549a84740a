/*
 * Channels and outputs under test by this page. lumad ends them with the page's socket; so a socket that was lost takes them out here as well.
 */
import { put } from '../api/client';
import type { DmxPattern, FixtureTested, OutputTested } from '../api/types';
import { attempt } from './attempt';
import { link } from './link.svelte';

/* One thing under test: the newest wish is sent, one request after the other. */
class Lane<T> {
    private wish: { value: T } | null = null;
    private busy = false;

    constructor(private readonly send: (value: T) => Promise<void>) {}

    set(value: T) {
        this.wish = { value };
        if (!this.busy) void this.run();
    }
    private async run() {
        this.busy = true;
        while (this.wish) {
            const { value } = this.wish;
            this.wish = null;
            await this.send(value);
        }
        this.busy = false;
    }
}

/* The channels of one fixture that this page holds. */
export class FixtureTest {
    held = $state.raw<Record<number, number>>({});
    note = $state<string | null>(null);
    private client: string | null = null;

    private readonly lane = new Lane<Record<number, number>>(async (held) => {
        const client = this.client;
        if (!client || client !== link.client) return;
        const channels = Object.entries(held).map(([channel, value]) => ({ channel: Number(channel), value }));
        const isDone = await attempt('Channel test', async () => {
            this.note = (await put<FixtureTested>(`/fixtures/${this.fixtureId}/test`, { client, channels: channels.length ? channels : null })).note;
        });
        if (!isDone && this.held === held) this.held = {};
    });

    constructor(private readonly fixtureId: string) {}

    set(values: Record<number, number>) {
        if (!link.client) return;
        if (this.client !== link.client) this.held = {};
        this.client = link.client;
        this.held = { ...this.held, ...values };
        this.lane.set(this.held);
    }
    letGo(channels: readonly number[]) {
        const held = Object.fromEntries(Object.entries(this.held).filter(([c]) => !channels.includes(Number(c))));
        if (Object.keys(held).length === Object.keys(this.held).length) return;
        this.held = held;
        this.lane.set(held);
    }
    end() {
        if (!Object.keys(this.held).length) return;
        this.held = {};
        this.note = null;
        this.lane.set({});
    }
    /* The socket is another one now, or none: lumad has ended what was held. */
    follow(client: string | null) {
        if (this.client !== client) this.held = {};
    }
}

/* The patterns of outputs that this page shows. */
export class OutputTests {
    patterns = $state.raw<Record<string, DmxPattern>>({});
    note = $state<string | null>(null);
    private client: string | null = null;
    private lanes = new Map<string, Lane<DmxPattern | null>>();

    set(outputId: string, pattern: DmxPattern | null) {
        if (!link.client) return;
        if (this.client !== link.client) this.patterns = {};
        this.client = link.client;
        const { [outputId]: _, ...rest } = this.patterns;
        this.patterns = pattern ? { ...rest, [outputId]: pattern } : rest;
        const lane = this.lanes.get(outputId) ?? new Lane<DmxPattern | null>((p) => this.send(outputId, p));
        this.lanes.set(outputId, lane);
        lane.set(pattern);
    }
    end() {
        for (const id of Object.keys(this.patterns)) this.set(id, null);
    }
    follow(client: string | null) {
        if (this.client !== client) this.patterns = {};
    }

    private async send(id: string, pattern: DmxPattern | null) {
        const client = this.client;
        if (!client || client !== link.client) return;
        const isDone = await attempt('Test pattern', async () => {
            this.note = (await put<OutputTested>(`/outputs/${id}/test`, { client, pattern })).note;
        });
        if (!isDone && this.patterns[id] === pattern) {
            const { [id]: _, ...rest } = this.patterns;
            this.patterns = rest;
        }
    }
}
