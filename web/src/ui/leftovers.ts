/* Where a field is that somebody typed into: the room that shows its row, by the key of its draft ("fixture.<id>.label"). */
import { tick } from 'svelte';
import { get } from '../api/client';
import type { Annotation, Fixture, Group, Marker, Output, Score } from '../api/types';
import { drafts } from '../state/drafts.svelte';
import { ui } from '../state/ui.svelte';

const inVenue = (tab: string) => (row: { venue_id: string }) => {
    ui.venueId = row.venue_id;
    ui.go('venue', tab);
};
const toScore = (s: Score) => ui.go('scores', s.track_id, s.id);

/* Some reject where the row is gone. Which of a room's rows it is, the room asks drafts.sought. */
const ROOMS: Record<string, (id: string) => Promise<void> | void> = {
    fixture: (id) => get<Fixture>(`/fixtures/${id}`).then(inVenue('patch')),
    group: (id) => get<Group & { venue_id: string }>(`/groups/${id}`).then(inVenue('groups')),
    output: (id) => get<Output & { venue_id: string }>(`/outputs/${id}`).then(inVenue('outputs')),
    venue: (id) => inVenue('patch')({ venue_id: id }),
    pattern: (id) => ui.go('patterns', id),
    track: (id) => ui.go('library', id),
    marker: (id) => get<Marker & { track_id: string }>(`/markers/${id}`).then((m) => ui.go('library', m.track_id)),
    score: (id) => get<Score>(`/scores/${id}`).then(toScore),
    annotation: (id) => get<Annotation>(`/annotations/${id}`).then((a) => get<Score>(`/scores/${a.score_id}`)).then(toScore),
};

const parts = (key: string) => key.split('.') as [string, string];
/* Those that belong to a row; what is typed into a bench or a first step is kept there, and meant to be. */
export const isLeftover = (key: string): boolean => parts(key)[0] in ROOMS;

const LOOK_MS = 100;
const LOOKS = 50;

/* Opens its room, and gives it the keys once it is there: false where it did not come. Rejects where its row is gone. */
export async function lead(key: string): Promise<boolean> {
    const [kind, id] = parts(key);
    drafts.sought = key;
    try {
        await ROOMS[kind]?.(id);
        for (let i = 0; i < LOOKS && drafts.sought === key; i++) {
            await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
            const field = document.querySelector<HTMLElement>(`[data-draft="${CSS.escape(key)}"]`);
            if (!field) continue;
            if (field.closest('.inspector')) ui.isInspectorOpen = true;
            await tick();
            await new Promise(requestAnimationFrame);
            field.scrollIntoView({ block: 'nearest' });
            field.focus({ preventScroll: true });
            return true;
        }
        if (drafts.sought !== key) return true; /* somebody is led elsewhere */
        await get(`/${kind}s/${id}`);
        return false;
    } finally {
        if (drafts.sought === key) drafts.sought = null;
    }
}
