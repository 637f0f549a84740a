/*
 * Edits that came too late: somebody else changed the row meanwhile (412). What the two did not both touch is put together without a word; where both set
 * the same member, theirs and mine are shown (ui/Clash) and whoever made the edit chooses. What is not decided yet outlives a reload. Who deletes what somebody else
 * has just changed is asked; left unanswered by a reload it stays.
 */
import { ApiError, asError, request } from '../api/client';
import { asks } from './asks.svelte';
import { attempt, KEPT } from './attempt';
import { changed } from './changes';
import { loaded } from './loaded.svelte';
import { CLASHES_AT } from './pending.svelte';

type Values = Record<string, unknown>;

export interface Late {
    method: 'PATCH' | 'PUT' | 'DELETE';
    path: string; /* with its query */
    label: string; /* "change fixture" */
    change: Values; /* of DELETE: nothing */
    base: Values; /* what was there when the edit was made */
}
export interface Clash extends Late {
    id: number;
    current: Values;
    names: string[]; /* the members both have set */
}

export function isSame(a: unknown, b: unknown): boolean {
    if (a === b) return true;
    if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
    const x = a as Values;
    const y = b as Values;
    return Object.keys({ ...x, ...y }).every((key) => isSame(x[key], y[key]));
}

/* Members that are another in `current` than when the edit was made, and another than the edit makes them. */
export const both = (late: Pick<Late, 'change' | 'base'>, current: Values): string[] =>
    Object.keys(late.change).filter((n) => !isSame(current[n], late.change[n]) && !isSame(current[n], late.base[n]));

/* "fixture_path" as it is called in words. */
export const memberWords = (name: string) => (name.charAt(0).toUpperCase() + name.slice(1)).replaceAll('_', ' ').replace(/ id$/, '');

class Clashes {
    /* The first is shown. */
    items = $state.raw<Clash[]>([]);
    private next = 1;
    private answers = new Map<number, (isMine: boolean) => void>();
    /* One question about what is to go after the other. */
    private turn: Promise<unknown> = Promise.resolve();

    /*
     * The row as it is when the matter is settled, whether the edit is in it, and what the edit was put over. `error`: what the edit was answered; another than 412 with the row
     * is thrown on.
     */
    async settle<T>(late: Late, error: ApiError): Promise<{ row: T; isMine: boolean; base: Values }> {
        for (let e = error; ; ) {
            const current = e.current;
            if (e.status !== 412 || !current || typeof current.version !== 'number') throw e;
            if (Object.entries(late.change).every(([n, v]) => isSame(current[n], v))) return { row: current as T, isMine: true, base: late.base };
            const names = both(late, current);
            if (names.length && !(await this.ask(late, current, names))) return { row: current as T, isMine: false, base: late.base };
            late = { ...late, base: Object.fromEntries(Object.keys(late.change).map((n) => [n, current[n]])) };
            try {
                const row = await request<T>(late.method, late.path, { body: late.change, version: current.version, label: late.label, base: late.base });
                return { row, isMine: true, base: late.base };
            } catch (again) {
                e = asError(again); /* somebody was faster once more */
            }
        }
    }

    /*
     * What is to be deleted was changed meanwhile; `base`: as it was seen. Asks, and deletes it where that is meant: the row as it was then. It throws where it is kept,
     * and what another error than 412 was.
     */
    async remove<T>(late: Pick<Late, 'path' | 'label' | 'base'>, error: ApiError): Promise<T> {
        for (let e = error; ; ) {
            if (e.status !== 412) throw e;
            const row = e.current ?? (await request<Values>('GET', late.path.replace(/\?.*/, '')));
            if (!(await this.mayGo(late, row))) throw new ApiError(412, 'Kept', 'It is as somebody else left it.', KEPT);
            try {
                await request('DELETE', late.path, { version: row.version as number, label: late.label, base: late.base });
                return row as T;
            } catch (again) {
                e = asError(again); /* somebody was faster once more */
            }
        }
    }

    private mayGo(late: Pick<Late, 'label' | 'base'>, row: Values): Promise<boolean> {
        const names = Object.keys(late.base).filter((n) => !isSame(row[n], late.base[n]));
        const what = late.label.replace(/^\S+ /, '');
        const question = {
            title: `The ${what} was changed elsewhere meanwhile`,
            text: `Since you saw it somebody else has ${names.length ? `changed its ${names.map((n) => memberWords(n).toLowerCase()).join(', ')}` : 'worked on it'}.`,
            yes: 'Delete all the same',
            no: 'Keep it',
        };
        const answer = this.turn.then(() => asks.ask(question));
        this.turn = answer;
        return answer;
    }

    private ask(late: Late, current: Values, names: string[]): Promise<boolean> {
        const clash = { ...late, id: this.next++, current, names };
        this.show([...this.items, clash]);
        return new Promise((resolve) => this.answers.set(clash.id, resolve));
    }

    answer(clash: Clash, isMine: boolean) {
        this.show(this.items.filter((c) => c.id !== clash.id));
        this.answers.get(clash.id)?.(isMine);
        this.answers.delete(clash.id);
    }

    /* Nobody waits for this edit any more: it was made before the page was loaded again. */
    async orphan(late: Late, error: ApiError) {
        await attempt(late.label.charAt(0).toUpperCase() + late.label.slice(1), () => (late.method === 'DELETE' ? this.remove(late, error) : this.settle(late, error)));
        changed('*');
    }

    resume() {
        let found: unknown = null;
        try {
            found = JSON.parse(sessionStorage.getItem(CLASHES_AT) ?? 'null');
            sessionStorage.removeItem(CLASHES_AT);
        } catch {
            /* nothing was kept */
        }
        if (!Array.isArray(found)) return;
        for (const c of found as Clash[]) void this.orphan(c, new ApiError(412, 'Stale', '', '', [], 0, c.current));
    }

    private show(items: Clash[]) {
        this.items = items;
        try {
            if (items.length) sessionStorage.setItem(CLASHES_AT, JSON.stringify(items));
            else sessionStorage.removeItem(CLASHES_AT);
        } catch {
            /* they are asked as long as the page lives */
        }
    }
}

export const clashes = new Clashes();
loaded.clashes = clashes;
