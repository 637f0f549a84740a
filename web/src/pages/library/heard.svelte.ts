/* What was heard in a track, each part fetched when its step is done, and again when it changed. */
import { untrack } from 'svelte';
import { asError, get, list } from '../../api/client';
import type { Beats, Features, Marker, Roots, Stem, Track } from '../../api/types';
import { onChange } from '../../state/changes';
import { Resource } from '../../state/resource.svelte';
import { hasBeats } from '../../state/stores.svelte';
import { featuresOf } from './features';

const PAUSE_MS = 1500;

/* Not there (yet) is no error. */
async function orNull<T>(answer: Promise<T>): Promise<T | null> {
    try {
        return await answer;
    } catch (e) {
        const error = asError(e);
        if (error.status === 404 || error.status === 405) return null;
        throw error;
    }
}

export class Heard {
    readonly beats = new Resource<Beats | null>((p) => orNull(get<Beats>(p)));
    readonly roots = new Resource<Roots | null>((p) => orNull(get<Roots>(p)));
    readonly features = new Resource<Features | null>(async (p) => {
        const answer = await orNull(get<unknown>(p));
        return answer ? featuresOf(answer) : null;
    });
    readonly stems = new Resource<Stem[] | null>((p) => orNull(list<Stem>(p)));
    readonly markers = new Resource<Marker[] | null>((p) => orNull(list<Marker>(p)));
}

/* For components: follows the track until the component goes. */
export function useHeard(track: () => Track): Heard {
    const heard = new Heard();
    const when = (is: boolean, path: string) => (is ? path : null);
    const done = (t: Track, step: string) => t.analysis?.[step]?.state === 'done';
    $effect(() => {
        const t = track();
        const own = `/tracks/${t.id}`;
        const to = {
            beats: when(hasBeats(t), `${own}/beats`),
            roots: when(done(t, 'roots'), `${own}/roots`),
            features: when(done(t, 'features'), `${own}/features`),
            stems: when(done(t, 'stems'), `${own}/stems`),
            markers: `${own}/markers`,
        };
        untrack(() => {
            for (const key of Object.keys(to) as (keyof typeof to)[]) {
                /* What is being made anew is shown as it was meanwhile. */
                if (to[key] !== null || track().id !== shown) heard[key].point(to[key]);
            }
            shown = t.id;
        });
    });
    let shown = '';
    /* While a thousand tracks are analysed there is news all the time, and most of it is of others. */
    const due = new Map<object, ReturnType<typeof setTimeout>>();
    const last = new Map<object, number>();
    const again = (of: { load: () => Promise<void> }) => {
        if (due.has(of)) return;
        const wait = Math.max(0, (last.get(of) ?? -Infinity) + PAUSE_MS - performance.now());
        due.set(of, setTimeout(() => {
            due.delete(of);
            last.set(of, performance.now());
            void of.load();
        }, wait));
    };
    $effect(() => () => due.forEach((timer) => clearTimeout(timer)));
    for (const [table, of] of [['track_beats', heard.beats], ['track_roots', heard.roots], ['track_features', heard.features], ['track_stems', heard.stems], ['track_markers', heard.markers]] as const) {
        $effect(() => onChange([table], () => again(of)));
    }
    return heard;
}
