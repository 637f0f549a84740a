/* The words of signing in. Pure. */
import type { Asking } from '../state/session.svelte';

export interface Words {
    title: string;
    text: string;
    act: string;
    doing: string;
}

const SIGN_IN = { act: 'Sign in', doing: 'Signing in' };

export function titleOf(asking: Asking, needsCode: boolean): Words {
    switch (asking) {
        case 'ended':
            return { title: 'Sign in again', text: 'Your session has ended. What you were doing is still here and goes on afterwards; the show was not affected.', ...SIGN_IN };
        case 'switch':
            return { title: 'Sign in as somebody else', text: 'Until then everything stays as it is.', ...SIGN_IN };
        case 'setup':
            return {
                title: 'The first password',
                text: needsCode
                    ? 'Nobody has set up this lumad yet. Its log has a line with "setup code:"; whoever can read it may set the first password and is its admin.'
                    : 'So far whoever sits at this machine may do everything, and nobody else anything. With a password other devices may come in, if http in lumad.conf lets the network in, and lumad asks here as well.',
                act: 'Set the password',
                doing: 'Setting it',
            };
        default:
            return { title: 'Sign in', text: 'What you may see and change here depends on who you are.', ...SIGN_IN };
    }
}

export const retryWords = (seconds: number) => `Too many wrong tries. The next one can be made in ${seconds} ${seconds === 1 ? 'second' : 'seconds'}.`;
