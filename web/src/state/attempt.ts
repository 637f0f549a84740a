/* A request whose failure is said to whoever asked for it. */
import { asError } from '../api/client';
import { toasts } from './toasts.svelte';

/* Of what was asked about, and then not wanted. */
export const KEPT = 'kept';

/* Says what went wrong; true when it went well. */
export async function attempt(what: string, act: () => Promise<unknown>): Promise<boolean> {
    try {
        await act();
        return true;
    } catch (e) {
        const error = asError(e);
        if (error.code !== KEPT) toasts.error(what, error);
        return false;
    }
}
