/*
 * Edits of a whole patch (rows of fixtures, copies, renumbering, a table read in) as one step each. The patch as a table before and after is what undo
 * and redo put back: removed fixtures return with their ids, groups and parked channels. Where the patch is not as this step left it, somebody else
 * has changed it, and it stays as it is.
 */
import { ApiError, request, text } from '../api/client';
import { history } from './history.svelte';

const path = (base: string) => `${base}/patch.csv`;

async function putBack(base: string, to: string, from: string) {
    if ((await text(path(base))) !== from) {
        throw new ApiError(412, 'Stale', 'The patch was changed elsewhere meanwhile; it stays as it is.');
    }
    await request('POST', `${path(base)}?replace=true`, { csv: new Blob([to]) });
}

export const patchStep = <T>(label: string, base: string, edit: () => Promise<T>): Promise<T> => history.during(step(label, base, edit));

async function step<T>(label: string, base: string, edit: () => Promise<T>): Promise<T> {
    const before = await text(path(base));
    const result = await edit();
    const after = await text(path(base));
    if (before !== after) {
        history.push({ label, undo: () => putBack(base, before, after), redo: () => putBack(base, after, before) });
    }
    return result;
}
