/*
 * Edits one after the other, each on what the one before left. Whoever signs in does not wait for what somebody else left behind; where that was dropped, what
 * was to follow it is not done either.
 */
import { outbox } from '../api/client';
import { Dropped } from '../api/outbox';

export class Turns {
    private tail: Promise<unknown> = Promise.resolve();
    private by: string | undefined;

    run<T>(edit: () => Promise<T>): Promise<T> {
        const by = outbox.author?.id;
        const { drops } = outbox;
        if (by !== this.by) this.tail = Promise.resolve();
        this.by = by;
        const turn = this.tail.then(() => {
            if (drops !== outbox.drops && by !== outbox.author?.id) throw new Dropped();
            return edit();
        });
        this.tail = turn.catch(() => undefined);
        return turn;
    }
}
