/*
 * Edits on their way to lumad. One that gets no answer (the connection is lost, lumad is being started again) waits and is sent when there is a way again, in
 * the order in which they were made. Whoever made it waits with it. All of them lie in sessionStorage until they are answered, so that a reload takes
 * none: what is found there at the start is sent again, and `onOrphan` hears how that went, for nobody else is waiting.
 *
 * Only what may be sent twice comes here: If-Match on PATCH, PUT and DELETE, the client's own id on POST. It knows nothing of HTTP: `transmit` does.
 *
 * An edit is of whoever was signed in when it was made. When another comes in, what the first one left is not sent: it lies here (`strangers`) until the first
 * one is back, or until the other one sends it as their own or drops it.
 */
export interface Author {
    id: string;
    name: string;
}
export interface Letter {
    method: string;
    path: string;
    body?: unknown;
    /* If-Match. */
    version?: number | undefined;
    /* "change fixture": for people. */
    label: string;
    /* What the row said of the members in the body when the edit was made. */
    base?: Record<string, unknown> | undefined;
    /* Absent: nobody has to sign in here. */
    by?: Author | undefined;
}
/* An edit that was dropped instead of sent: whoever made it is not here to hear of it. */
export class Dropped extends Error {
    override message = 'It was dropped before it was sent.';
}

/* `none`: no answer at all; `busy`: not now, nothing was done; `final`: that is the answer. */
export type Verdict = 'none' | 'busy' | 'final';

export interface Options {
    transmit: (letter: Letter, signal: AbortSignal) => Promise<unknown>;
    /* Of what transmit threw. */
    judge: (error: unknown) => Verdict;
    /* An error that only says: it was done by an earlier attempt, of which the answer was lost. */
    isDone?: (error: unknown, letter: Letter, tries: number) => boolean;
    load: () => string | null;
    save: (text: string | null) => void;
    retryMs?: number;
}

interface Entry {
    id: number;
    letter: Letter;
    tries: number;
    resolve: (answer: unknown) => void;
    reject: (error: unknown) => void;
    isOrphan: boolean;
}

const BUSY_TRIES = 8;
/* A letter longer than this is not kept over a reload. */
const LONGEST = 500_000;

export class Outbox {
    onChange: (() => void) | null = null;
    onOrphan: ((letter: Letter, error: unknown) => void) | null = null;
    private waiting: Entry[] = [];
    private flying = new Map<Entry, AbortController>();
    /* Those that whoever made them sends when their turn comes: stored and shown with the others. */
    private held: { id: number; letter: Letter; isDropped: boolean }[] = [];
    /* Who is signed in; null: nobody has to be; undefined: not known yet, and what somebody made waits until it is. */
    author: Author | null | undefined = undefined;
    /* How often something was dropped. */
    drops = 0;
    private next = 1;
    private isLost = false;
    private isFlushing = false;
    private timer: ReturnType<typeof setTimeout> | undefined;

    constructor(private readonly o: Options) {}

    /* Those that wait, oldest first. */
    get letters(): Letter[] {
        return this.waiting.some((e) => !this.isStrange(e)) ? this.all((e) => !this.isStrange(e)) : [];
    }

    /* Those that somebody else left, oldest first. */
    get strangers(): Letter[] {
        return this.all((e) => this.isStrange(e));
    }

    sign(author: Author | null) {
        this.author = author;
        for (const [entry, stop] of this.flying) if (this.isStrange(entry)) stop.abort();
        this.changed();
        if (!this.isLost) void this.flush();
    }

    /* What somebody else left is of whoever is here now. */
    adopt() {
        for (const letter of this.strangers) letter.by = this.author ?? undefined;
        this.changed();
        if (!this.isLost) void this.flush();
    }

    drop() {
        this.drops++;
        for (const entry of this.held.filter((h) => this.isStrange(h))) entry.isDropped = true;
        const gone = this.waiting.filter((e) => this.isStrange(e));
        this.waiting = this.waiting.filter((e) => !gone.includes(e));
        this.changed();
        for (const entry of gone) entry.reject(new Dropped());
    }

    /* An edit that waits for another of the same row, and is not sent yet. Until the returned function is called it is as safe as one that was;
     * which throws where it was dropped meanwhile. */
    hold(letter: Letter): () => void {
        letter.by ??= this.author ?? undefined;
        const entry = { id: this.next++, letter, isDropped: false };
        this.held.push(entry);
        this.changed();
        return () => {
            this.held = this.held.filter((h) => h !== entry);
            this.changed();
            if (entry.isDropped) throw new Dropped();
        };
    }

    send(letter: Letter): Promise<unknown> {
        letter.by ??= this.author ?? undefined;
        return new Promise((resolve, reject) => {
            const entry: Entry = { id: this.next++, letter, tries: 0, resolve, reject, isOrphan: false };
            /* Behind those that wait already. */
            if (this.isLost || !this.maySend(entry) || this.waiting.some((e) => this.maySend(e))) {
                this.wait(entry);
                if (!this.isLost) void this.flush();
            } else {
                void this.fly(entry);
            }
        });
    }

    /* The way is gone: what is on it may never be answered. */
    lost() {
        this.isLost = true;
        clearTimeout(this.timer);
        for (const stop of this.flying.values()) stop.abort();
    }

    /* There is a way again. */
    async back(): Promise<void> {
        this.isLost = false;
        await this.flush();
    }

    /* What was not answered when the page was left. Before the first send(). */
    resume() {
        let found: unknown = null;
        try {
            found = JSON.parse(this.o.load() ?? 'null');
        } catch {
            /* unreadable: nothing was kept */
        }
        if (!Array.isArray(found)) return;
        for (const letter of found as Letter[]) {
            if (typeof letter?.method !== 'string' || typeof letter.path !== 'string') continue;
            const entry: Entry = {
                id: this.next++, letter, tries: 1, isOrphan: true,
                resolve: () => this.onOrphan?.(letter, null),
                reject: (e) => this.onOrphan?.(letter, e),
            };
            this.waiting.push(entry);
        }
        this.changed();
    }

    private isStrange({ letter }: { letter: Letter }): boolean {
        return !!this.author && letter.by !== undefined && letter.by.id !== this.author.id;
    }
    private maySend(entry: Entry): boolean {
        return !this.isStrange(entry) && (this.author !== undefined || entry.letter.by === undefined);
    }

    private all(isMeant: (entry: { letter: Letter }) => boolean): Letter[] {
        return [...this.waiting, ...this.held].filter(isMeant).sort((a, b) => a.id - b.id).map((e) => e.letter);
    }

    private wait(entry: Entry) {
        this.waiting.push(entry);
        this.waiting.sort((a, b) => a.id - b.id);
        this.changed();
    }

    private async fly(entry: Entry) {
        const verdict = await this.attempt(entry);
        if (verdict === 'final') return;
        this.wait(entry);
        if (!this.isLost) this.later();
    }

    /* Sends it; settles it when there is an answer. */
    private async attempt(entry: Entry): Promise<Verdict> {
        const stop = new AbortController();
        this.flying.set(entry, stop);
        this.store();
        let verdict: Verdict = 'final';
        try {
            const answer = await this.o.transmit(entry.letter, stop.signal);
            this.done(entry);
            entry.resolve(answer);
        } catch (e) {
            /* Refused for want of whoever made it. */
            verdict = this.isStrange(entry) ? 'none' : this.o.judge(e);
            if (verdict === 'busy' && ++entry.tries > BUSY_TRIES) verdict = 'final';
            if (verdict === 'none') entry.tries++;
            if (verdict === 'final') {
                this.done(entry);
                if (this.o.isDone?.(e, entry.letter, entry.tries)) entry.resolve(null);
                else entry.reject(e);
            } else {
                this.flying.delete(entry);
            }
        }
        return verdict;
    }

    private done(entry: Entry) {
        this.flying.delete(entry);
        this.waiting = this.waiting.filter((e) => e !== entry);
        this.changed();
    }

    private later() {
        clearTimeout(this.timer);
        this.timer = setTimeout(() => void this.flush(), this.o.retryMs ?? 1000);
    }

    private async flush() {
        if (this.isFlushing) return;
        this.isFlushing = true;
        clearTimeout(this.timer);
        while (!this.isLost) {
            const entry = this.waiting.find((e) => this.maySend(e));
            if (!entry) break;
            const verdict = await this.attempt(entry);
            if (verdict === 'final' || this.isStrange(entry)) continue;
            if (!this.isLost) this.later();
            break;
        }
        this.isFlushing = false;
    }

    private changed() {
        this.store();
        this.onChange?.();
    }

    private store() {
        const all = [...new Set([...this.flying.keys(), ...this.waiting, ...this.held])].sort((a, b) => a.id - b.id).map((e) => e.letter);
        if (!all.length) return this.o.save(null);
        const kept = all.filter((l) => JSON.stringify(l).length <= LONGEST);
        this.o.save(JSON.stringify(kept));
    }
}
