/* A request whose failure is said to whoever asked for it. */
import { asError } from '../api/client';
import { toasts } from './toasts.svelte';

/* Says what went wrong; true when it went well. */
export async function attempt(what: string, act: () => Promise<unknown>): Promise<boolean> {
    try {
        await act();
        return true;
    } catch (e) {
        toasts.error(what, asError(e));
        return false;
    }
}
