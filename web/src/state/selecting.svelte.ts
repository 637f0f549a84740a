/* What a selection expression picks in a venue, asked of lumad while it is typed: the newest text only, after a moment without typing. */
import { asError, post } from '../api/client';
import type { Selected } from '../api/types';
import { onChange } from './changes';

const PAUSE_MS = 120;

export interface Wrong {
    message: string;
    start: number; /* characters, half-open */
    end: number;
}

export class Selecting {
    /* Of the text that was asked about last; the one before stays until then. */
    answer = $state.raw<Selected | null>(null);
    wrong = $state.raw<Wrong | null>(null);
    /* No answer at all says nothing about the expression. */
    failure = $state('');
    of = $state('');
}

/* For components. path: of the venue, null: there is none. */
export function useSelection(expression: () => string, venue: () => string | null): Selecting {
    const s = new Selecting();
    let tick = $state(0);
    $effect(() => onChange(['fixtures', 'fixture_groups', 'fixture_group_members'], () => tick++));
    $effect(() => {
        const text = expression();
        const id = venue();
        void tick;
        if (!id) {
            s.answer = s.wrong = null;
            return;
        }
        const gone = new AbortController();
        const timer = setTimeout(() => {
            post<Selected>(`/venues/${id}/select`, { expression: text, spatial_reference: 'global' }).then(
                (answer) => {
                    if (!gone.signal.aborted) Object.assign(s, { answer, wrong: null, failure: '', of: text });
                },
                (e: unknown) => {
                    if (gone.signal.aborted) return;
                    const p = asError(e);
                    const { start = 0, end = [...text].length } = p.errors[0] ?? {};
                    const isOurs = p.status === 422;
                    Object.assign(s, { answer: null, wrong: isOurs ? { message: p.message, start, end } : null, failure: isOurs ? '' : p.message, of: text });
                },
            );
        }, PAUSE_MS);
        return () => {
            clearTimeout(timer);
            gone.abort();
        };
    });
    return s;
}

/* Heads per fixture, in the order of the answer. */
export function perFixture(heads: readonly string[]): { id: string; n: number }[] {
    const counts = new Map<string, number>();
    for (const head of heads) {
        const id = head.slice(0, head.lastIndexOf(':'));
        counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    return [...counts].map(([id, n]) => ({ id, n }));
}
