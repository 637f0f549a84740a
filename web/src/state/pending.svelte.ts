/* The edits that wait for a connection, as the frame shows them, and what becomes of those that a reload left without anybody. */
import { ApiError, asError, outbox } from '../api/client';
import type { Letter } from '../api/outbox';
import { changed } from './changes';
import type { Late } from './clashes.svelte';
import { toasts } from './toasts.svelte';

const sentence = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

/* Where clashes keep what is not decided. */
export const CLASHES_AT = 'lumad.clashes';
function hasClashes(): boolean {
    try {
        return sessionStorage.getItem(CLASHES_AT) !== null;
    } catch {
        return false; /* no storage */
    }
}

/* Loaded with the first edit; a question that a reload left open is asked at once. */
const clashes = () => import('./clashes.svelte').then((m) => m.clashes);

class Pending {
    /* "change fixture", oldest first. */
    labels = $state.raw<readonly string[]>([]);
    /* Those that somebody else left. */
    strangers = $state.raw<readonly Letter[]>([]);

    /* Once, before anything is sent. */
    start() {
        outbox.onChange = () => {
            this.labels = outbox.letters.map((l) => l.label);
            this.strangers = outbox.strangers;
        };
        outbox.onOrphan = (letter, error) => {
            if (error === null) return changed('*');
            const e = asError(error);
            const isLate = e instanceof ApiError && e.status === 412 && /^(PATCH|PUT|DELETE)$/.test(letter.method) && letter.base;
            if (!isLate) return toasts.error(sentence(letter.label), e);
            const late = { method: letter.method as Late['method'], path: letter.path, label: letter.label, change: (letter.body ?? {}) as Record<string, unknown>, base: letter.base! };
            void clashes().then((c) => c.orphan(late, e));
        };
        outbox.resume();
        if (hasClashes()) void clashes().then((c) => c.resume());
    }

    adopt = () => outbox.adopt();
    drop = () => outbox.drop();
}

export const pending = new Pending();
