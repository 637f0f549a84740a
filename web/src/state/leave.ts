/* Signing out, from wherever: what has not reached lumad yet would be lost with it. */
import { asks } from './asks.svelte';
import { attempt } from './attempt';
import { pending } from './pending.svelte';
import { session } from './session.svelte';

export async function signOut() {
    const n = pending.labels.length + pending.strangers.length;
    const isSure =
        n === 0 ||
        (await asks.ask({ title: 'Sign out now?', text: `${n === 1 ? 'One edit waits' : `${n} edits wait`} to be sent and would be lost.`, yes: 'Sign out' }));
    if (isSure) await attempt('Sign out', () => session.signOut());
}
