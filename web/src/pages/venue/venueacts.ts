/* What can be done with a whole venue. Each says what did not work, and leaves a step to undo. */
import { ApiError, asError, del, get, post } from '../../api/client';
import type { Venue } from '../../api/types';
import { createRow, deleteRow, KINDS } from '../../commands/edits';
import { history } from '../../commands/history.svelte';
import { asks } from '../../state/asks.svelte';
import { toasts } from '../../state/toasts.svelte';
import { activate, attempt, show, venues } from '../../state/stores.svelte';
import { ui } from '../../state/ui.svelte';
import { fileName, freeName, readVenueFile } from './venuefile';

const names = () => (venues.data ?? []).map((v) => v.name);

async function look(v: Venue) {
    await venues.load();
    ui.venueId = v.id;
    if (!show.data?.venue_id) await activate({ venue_id: v.id });
}

export async function addVenue(name: string): Promise<boolean> {
    return attempt('Add venue', async () => look(await createRow<Venue>(KINDS.venue, '/venues', { name: name || freeName('Venue', names()) })));
}

/* It came as a whole; so it goes as a whole, and comes back with all that was in it. */
function keepStep(label: string, v: Venue) {
    history.push({
        label,
        undo: async () => {
            await del(KINDS.venue.one(v.id));
            await venues.load();
        },
        redo: async () => {
            const { name, description, offset_ms, max_brightness, exit_look, flash_guard } = v;
            await post('/venues', { id: v.id, name, description, offset_ms, max_brightness, exit_look, flash_guard });
            await venues.load();
        },
    });
}

export async function duplicateVenue(from: Venue): Promise<boolean> {
    return attempt('Duplicate venue', async () => {
        const v = await post<Venue>(`/venues/${from.id}/duplicate`, { name: freeName(`${from.name} copy`, names()) });
        keepStep('duplicate venue', v);
        await look(v);
    });
}

export async function exportVenue(v: Venue): Promise<boolean> {
    return attempt('Export venue', async () => {
        const blob = new Blob([JSON.stringify(await get<unknown>(`/venues/${v.id}/export`), null, 1)], { type: 'application/json' });
        const link = document.createElement('a');
        link.href = URL.createObjectURL(blob);
        link.download = fileName(v.name);
        link.click();
        setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    });
}

/* The reason why not, with every place in the file; null: it is here. */
export async function importVenue(file: File): Promise<ApiError | null> {
    try {
        const { body, name } = readVenueFile(file.name, await file.text());
        const v = await post<Venue>(`/venues/import?name=${encodeURIComponent(freeName(name, names()))}`, body);
        keepStep('import venue', v);
        toasts.noteUndo(`Imported "${v.name}"`, () => void history.undo());
        await look(v);
        return null;
    } catch (e) {
        return e instanceof ApiError ? e : e instanceof SyntaxError ? new ApiError(400, 'This is no file of a venue', e.message) : asError(e);
    }
}

export async function removeVenue(v: Venue): Promise<boolean> {
    const isSure =
        show.data?.venue_id !== v.id ||
        (await asks.ask({
            title: `Delete "${v.name}"?`,
            text: 'The show plays on this venue: its light goes out at once. Undo brings the venue back, and not the show.',
            yes: 'Delete venue',
        }));
    if (!isSure) return false;
    const isGone = await attempt('Delete venue', () => deleteRow(KINDS.venue, '/venues', v, () => venues.load()));
    if (isGone && ui.venueId === v.id) ui.venueId = null;
    await venues.load();
    return isGone;
}
