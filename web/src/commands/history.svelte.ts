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
}

const DEPTH = 200;

class History {
    done = $state.raw<Step[]>([]);
    undone = $state.raw<Step[]>([]);
    private busy = false;
    private work: Promise<unknown> = Promise.resolve();

    push(step: Step) {
        this.done = [...this.done.slice(1 - DEPTH), step];
        this.undone = [];
        toasts.dropUndo();
    }

    /* An edit that takes several requests: an undo asked for meanwhile waits for it, and then is its. */
    during<T>(edit: Promise<T>): Promise<T> {
        this.work = Promise.allSettled([this.work, edit]);
        return edit;
    }

    isLast(label: string): boolean {
        return this.done.at(-1)?.label === label;
    }

    /* The newest step goes further: it still undoes to where it began. */
    extend(redo: () => Promise<void>) {
        const last = this.done.at(-1);
        if (last) this.done = [...this.done.slice(0, -1), { ...last, redo }];
    }

    undo = () => this.move('undo');
    redo = () => this.move('redo');

    private async move(way: 'undo' | 'redo') {
        if (this.busy) return;
        this.busy = true;
        await this.work;
        const step = (way === 'undo' ? this.done : this.undone).at(-1);
        if (!step) {
            this.busy = false;
            return;
        }
        toasts.dropUndo();
        try {
            await step[way]();
            if (way === 'undo') {
                this.done = this.done.slice(0, -1);
                this.undone = [...this.undone, step];
            } else {
                this.undone = this.undone.slice(0, -1);
                this.done = [...this.done, step];
            }
            toasts.note(`${way === 'undo' ? 'Undone' : 'Redone'}: ${step.label}`);
        } catch (e) {
            if (way === 'undo') this.done = this.done.slice(0, -1);
            else this.undone = this.undone.slice(0, -1);
            toasts.error(`${way === 'undo' ? 'Undo' : 'Redo'} of "${step.label}"`, asError(e));
        }
        this.busy = false;
    }
}

export const history = new History();
