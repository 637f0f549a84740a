/*
 * What the stage shows: the heads of a venue, their light where the show plays on it, and, where both sides of it are looked at, what differs between them.
 */
import { untrack } from 'svelte';
import { list } from '../../api/client';
import { Frame } from '../../api/binary';
import type { Head } from '../../api/types';
import { onChange } from '../../state/changes';
import { link } from '../../state/link.svelte';
import { live } from '../../state/live';
import { Resource } from '../../state/resource.svelte';
import { show } from '../../state/stores.svelte';
import { ui } from '../../state/ui.svelte';
import { Differ, lightWords } from '../../view/differ';

const DARK = new Frame();
const TELL_MS = 500;

export interface Difference {
    head: Head;
    index: number;
    meant: string;
    sent: string;
}

/* For a component: its effects end with it. */
export class StageData {
    readonly heads = new Resource<Head[]>((p) => list<Head>(p));
    differences = $state.raw<readonly Difference[]>([]);
    private readonly differ = new Differ();
    private toldAt = 0;

    constructor(readonly venueId: () => string | null) {
        $effect(() => {
            const id = venueId();
            const path = id ? `/venues/${id}/heads` : null;
            untrack(() => this.heads.point(path));
        });
        $effect(() => onChange(['fixtures'], () => void this.heads.load()));
        $effect(() => {
            if (link.patch >= 0) untrack(() => void this.heads.load());
        });
        $effect(() => {
            const topics = !this.isPlayed ? [] : ui.stageSide === 'both' ? ['frame', 'wire'] : [ui.stageSide];
            const ends = topics.map((t) => link.subscribe(t));
            return () => ends.forEach((end) => end());
        });
        $effect(() => {
            if (this.isPlayed) live.heads = this.heads.data ?? [];
        });
        $effect(() => {
            void [ui.stageSide, this.isPlayed, this.heads.data];
            this.differ.clear();
            this.differences = [];
        });
    }

    /* The light is that of the show's venue; another one stands dark. */
    get isPlayed(): boolean {
        return show.data !== null && this.venueId() === show.data.venue_id;
    }

    get frame(): Frame {
        if (!this.isPlayed) return DARK;
        return ui.stageSide === 'frame' ? live.frame : live.wire;
    }

    /* Once per animation frame. */
    compare(nowMs: number) {
        if (ui.stageSide !== 'both' || !this.isPlayed) return;
        const heads = this.heads.data ?? [];
        const isNew = this.differ.compare(live.frame, live.wire, heads);
        if (!isNew && (nowMs - this.toldAt < TELL_MS || !this.differ.now.size)) return;
        this.toldAt = nowMs;
        this.differences = [...this.differ.now]
            .sort((a, b) => a - b)
            .map((i) => ({ head: heads[i]!, index: i, meant: lightWords(live.frame, i, heads[i]!), sent: lightWords(live.wire, i, heads[i]!) }));
    }
}
