/*
 * A value under a hand: shown at once, sent one request after the other with the newest
 * value, and let go when lumad has answered. What others set is shown when no hand is on it.
 */
import { attempt } from './attempt';

export class Held<T> {
    /* undefined: no hand is on it. */
    private hand = $state.raw<T | undefined>(undefined);
    private busy = false;

    constructor(
        private readonly what: string,
        private readonly far: () => T,
        private readonly send: (value: T) => Promise<unknown>,
    ) {}

    get value(): T {
        return this.hand === undefined ? this.far() : this.hand;
    }
    get isPending() {
        return this.hand !== undefined;
    }

    set = (value: T) => {
        this.hand = value;
        if (!this.busy) void this.run();
    };

    private async run() {
        this.busy = true;
        while (this.hand !== undefined) {
            const value = this.hand;
            const isDone = await attempt(this.what, () => this.send(value));
            if (isDone && this.hand !== value) continue;
            this.hand = undefined;
        }
        this.busy = false;
    }
}
