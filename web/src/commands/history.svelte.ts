/*
 * Undo. Every edit that reached lumad leaves a step here; undo and redo are requests
 * themselves and can fail (somebody else changed the row): then the step is gone and the
 * reason is shown, because guessing on would overwrite the other's work.
 */
import { asError } from '../api/client';
import { toasts } from '../state/toasts.svelte';

export interface Step {
    label: string;
    undo: () => Promise<void>;
    redo: () => Promise<void>;
    /* It is of something lumad keeps a history of, which may move under it. */
    isKept?: boolean;
}

/* What lies before the session: lumad's own history of what is being looked at. Without a step of the session left, undo asks it. */
export interface Beyond {
    label: (way: 'undo' | 'redo') => string | null; /* null: nothing there */
    undo: () => Promise<void>;
    redo: () => Promise<void>;
}

const DEPTH = 200;

class History {
    done = $state.raw<Step[]>([]);
    undone = $state.raw<Step[]>([]);
    beyond = $state.raw<Beyond | null>(null);
    /* Rises with each edit and each step: what was known of lumad's history before is old. */
    edits = 0;
    private steps: Promise<void> = Promise.resolve();
    private work: Promise<unknown> = Promise.resolve();
    private age = 0;

    push(step: Step) {
        this.edits++;
        this.done = [...this.done.slice(1 - DEPTH), step];
        this.undone = [];
        toasts.dropUndo();
    }

    /* An edit on its way: an undo asked for meanwhile waits for it, and then is its. Where it fails there is nothing to undo: that takes no other with it. */
    during<T>(edit: Promise<T>): Promise<T> {
        this.under++;
        const own = { hasFailed: false };
        this.flying.push(own);
        const end = edit.catch(() => (own.hasFailed = true)).finally(() => (this.flying = this.flying.filter((e) => e !== own)));
        this.work = Promise.allSettled([this.work, end]).finally(() => this.under--);
        return edit;
    }
    /* Those that no undo was asked for yet. */
    private flying: { hasFailed: boolean }[] = [];
    /* Edits, undos or redos that are on their way: what is undone or redone right behind the first one is that one. */
    get isWorking(): boolean {
        return this.under > 0;
    }
    private under = 0;

    /* Every edit that was begun has reached lumad, or failed. */
    settled = (): Promise<unknown> => this.work;

    isLast(label: string): boolean {
        return this.done.at(-1)?.label === label;
    }

    /* The newest step goes further: it still undoes to where it began. */
    extend(redo: () => Promise<void>) {
        this.edits++;
        const last = this.done.at(-1);
        if (last) this.done = [...this.done.slice(0, -1), { ...last, redo }];
    }

    /* What undo or redo would do; null: nothing. */
    next(way: 'undo' | 'redo'): string | null {
        const step = (way === 'undo' ? this.done : this.undone).at(-1);
        return step ? step.label : (this.beyond?.label(way) ?? null);
    }

    /* The history was moved by other means: steps of it lead from where nothing is any more. */
    forgetKept() {
        this.done = this.done.filter((s) => !s.isKept);
        this.undone = this.undone.filter((s) => !s.isKept);
        toasts.dropUndo();
    }

    /* Another is here: the steps were somebody else's, and so is what they wait for. */
    forget() {
        this.age++;
        this.done = this.undone = [];
        this.flying = [];
        this.work = this.steps = Promise.resolve();
        toasts.dropUndo();
    }

    undo = () => this.ask('undo');
    redo = () => this.ask('redo');

    /* One after the other: whoever presses twice means two steps, however slow the first is. */
    private ask(way: 'undo' | 'redo'): Promise<void> {
        const { age } = this;
        this.under++;
        const meant = way === 'undo' ? this.flying.pop() : undefined;
        return (this.steps = this.steps.then(() => this.move(way, age, meant)).finally(() => this.under--));
    }

    private async move(way: 'undo' | 'redo', age: number, meant?: { hasFailed: boolean }) {
        await this.work;
        if (age !== this.age || meant?.hasFailed) return;
        const step = (way === 'undo' ? this.done : this.undone).at(-1);
        if (!step) return this.moveBeyond(way);
        toasts.dropUndo();
        try {
            this.edits++;
            await step[way]();
            if (age !== this.age) return;
            if (way === 'undo') {
                this.done = this.done.slice(0, -1);
                this.undone = [...this.undone, step];
            } else {
                this.undone = this.undone.slice(0, -1);
                this.done = [...this.done, step];
            }
            toasts.note(`${way === 'undo' ? 'Undone' : 'Redone'}: ${step.label}`);
        } catch (e) {
            const error = asError(e);
            if (age !== this.age) return toasts.error(`${way === 'undo' ? 'Undo' : 'Redo'} of "${step.label}"`, error);
            /* Without an answer it is still to be done. */
            if (error.status !== 0 && way === 'undo') this.done = this.done.slice(0, -1);
            else if (error.status !== 0) this.undone = this.undone.slice(0, -1);
            toasts.error(`${way === 'undo' ? 'Undo' : 'Redo'} of "${step.label}"`, error);
        }
    }

    private async moveBeyond(way: 'undo' | 'redo') {
        const label = this.beyond?.label(way);
        if (!this.beyond || label == null) return;
        try {
            await this.beyond[way]();
            toasts.note(`${way === 'undo' ? 'Undone' : 'Redone'}: ${label}`);
        } catch (e) {
            toasts.error(`${way === 'undo' ? 'Undo' : 'Redo'} of "${label}"`, asError(e));
        }
    }
}

export const history = new History();
