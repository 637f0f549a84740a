/* Edits of many tracks, each one request, one transaction and one step of undo. */
import { post } from '../../api/client';
import type { Track, TrackBatchResult } from '../../api/types';
import { history } from '../../commands/history.svelte';
import { toasts } from '../../state/toasts.svelte';
import { tracks } from '../../state/tracks.svelte';

export type Tags = Partial<Pick<Track, 'title' | 'artist' | 'album' | 'genre' | 'year'>>;

const count = (n: number) => (n === 1 ? '1 track' : `${n.toLocaleString('en')} tracks`);
const batch = async (body: object, ids: readonly string[]) => {
    const answer = await post<TrackBatchResult>('/tracks/batch', body);
    tracks.refresh(new Set(ids));
    return answer;
};

/* The step puts back what was there, and only where nobody changed it since. */
export function setTags(ids: readonly string[], change: Tags): Promise<void> {
    const act = async () => {
        const { updated } = await batch({ update: ids.map((id) => ({ id, ...change })) }, ids);
        const touched = updated.filter((u) => Object.entries(change).some(([name, value]) => u.before[name] !== value));
        if (!touched.length) return;
        const all = touched.map((u) => u.id);
        history.push({
            label: `${Object.keys(change).join(', ')} of ${count(touched.length)}`,
            undo: async () => void (await batch({ update: touched.map((u) => ({ id: u.id, ...u.before, was: change })) }, all)),
            redo: async () => void (await batch({ update: touched.map((u) => ({ id: u.id, ...change, was: u.before })) }, all)),
        });
    };
    return history.during(act());
}

/* They can be brought back for a week; undo does. */
export function deleteTracks(ids: readonly string[]): Promise<void> {
    const act = async () => {
        const { deleted } = await batch({ delete: ids }, ids);
        if (!deleted.length) return;
        history.push({
            label: `delete ${count(deleted.length)}`,
            undo: async () => void (await batch({ restore: deleted }, deleted)),
            redo: async () => void (await batch({ delete: deleted }, deleted)),
        });
        toasts.noteUndo(`Deleted ${count(deleted.length)}`, () => void history.undo());
    };
    return history.during(act());
}
