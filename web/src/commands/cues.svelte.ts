/* The cue points of the track that is loaded, as they follow each other. */
import { list } from '../api/client';
import type { Marker } from '../api/types';
import { history } from './history.svelte';
import { attempt } from '../state/attempt';
import { onChange } from '../state/changes';
import { host } from '../state/host.svelte';
import { Resource } from '../state/resource.svelte';

/* What a new one is coloured with: far from each other, and seen on all three grounds. */
export const CUE_COLORS = ['#e5484d', '#f2a33c', '#d9c73c', '#41b06a', '#3fa9d9', '#5a6fe0', '#a463d6', '#d65f9e'] as const;
/* So many have a key and a button. */
export const CUE_KEYS = 8;

export function nextColor(markers: readonly Marker[]): string {
    const used = new Map<string, number>(CUE_COLORS.map((c) => [c, 0]));
    for (const m of markers) if (m.color && used.has(m.color)) used.set(m.color, used.get(m.color)! + 1);
    return [...used].sort((a, b) => a[1] - b[1])[0]![0];
}

export function nextName(markers: readonly Marker[]): string {
    for (let n = 1; ; n++) if (!markers.some((m) => m.name === `Cue ${n}`)) return `Cue ${n}`;
}

/* Loaded with the first edit: it is not needed to see them. */
const edits = () => import('./edits');

class Cues {
    private readonly own = new Resource<Marker[]>((p) => list<Marker>(p));

    constructor() {
        onChange(['track_markers'], () => void this.own.load());
    }

    /* By the frame: the list follows the loaded track. */
    follow(trackId: string | null) {
        this.own.point(trackId ? `/tracks/${trackId}/markers` : null);
    }

    get all(): Marker[] {
        return this.own.data ?? [];
    }

    jump = (n: number) => {
        const m = this.all[n];
        if (m) void host.jump({ marker_id: m.id });
    };

    add = (trackId: string, markers: readonly Marker[], start: number, end: number | null = null): Promise<Marker | null> => {
        const body = { name: nextName(markers), color: nextColor(markers), start_time: Math.max(0, start), end_time: end };
        let made: Marker | null = null;
        return attempt('Add the cue point', async () => {
            made = await history.during(edits().then((e) => e.createRow<Marker>(e.KINDS.marker, `/tracks/${trackId}/markers`, body)));
            await this.own.load();
        }).then(() => made);
    };
    /* Where the music of the loaded track is. */
    addHere = () => (host.trackId ? this.add(host.trackId, this.all, host.position) : Promise.resolve(null));
    change = (m: Marker, change: Partial<Marker>) => attempt('Change the cue point', () => history.during(edits().then((e) => e.patchRow(e.KINDS.marker, m, change)))).then(() => this.own.load());
    remove = (trackId: string, m: Marker) => attempt('Delete the cue point', () => history.during(edits().then((e) => e.deleteRow(e.KINDS.marker, `/tracks/${trackId}/markers`, m)))).then(() => this.own.load());
}

export const cues = new Cues();
