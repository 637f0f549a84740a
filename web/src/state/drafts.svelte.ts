/*
 * What is typed and has not reached lumad yet. It outlives a reload, a form that was left and a lost connection: sessionStorage, so it is of this tab alone.
 * A key names the row and its field, "fixture.<id>.label"; of a row that is still to be made "fixture.new.<venue id>.label", and who made it calls
 * `drafts.forget('fixture.new.<venue id>.')`.
 */
import { DRAFTS_AT as AT } from './drafted';

export interface Kept {
    text: string;
    /* What the field said when the typing began. */
    base: string;
}

/* Beyond so many the oldest go. */
const MOST = 200;

interface Stored extends Kept {
    at: number;
}

function parsed(text: string | null): Stored | null {
    try {
        const v = JSON.parse(text ?? 'null') as Partial<Stored> | null;
        return typeof v?.text === 'string' && typeof v.base === 'string' ? { text: v.text, base: v.base, at: Number(v.at) || 0 } : null;
    } catch {
        return null;
    }
}

/* Without storage (switched off, full) they live as long as the page. */
function read(): Map<string, Stored> {
    const found: [string, Stored][] = [];
    try {
        for (let i = 0; i < sessionStorage.length; i++) {
            const key = sessionStorage.key(i)!;
            const v = key.startsWith(AT) ? parsed(sessionStorage.getItem(key)) : null;
            if (v) found.push([key.slice(AT.length), v]);
        }
    } catch {
        /* there is no storage: nothing was kept */
    }
    return new Map(found.sort((a, b) => a[1].at - b[1].at));
}
function write(key: string, value: Stored | null) {
    try {
        if (value) sessionStorage.setItem(AT + key, JSON.stringify(value));
        else sessionStorage.removeItem(AT + key);
    } catch {
        /* kept for as long as the page lives */
    }
}

class Drafts {
    private all = read();
    /* Rises with each change: who asks `under` in a template hears of it. */
    private turn = $state(0);
    /* Keys that an earlier page left: typed, and since then neither stored nor given up nor typed on. */
    left = $state.raw<readonly string[]>([...this.all.keys()]);
    /* The one that somebody is being led to: the room chooses its row. */
    sought = $state<string | null>(null);

    get(key: string): Kept | null {
        return this.all.get(key) ?? null;
    }

    keep(key: string, text: string, base: string) {
        const value = { text, base, at: Date.now() };
        const isNew = !this.all.has(key);
        this.settle(key);
        this.all.delete(key); /* the newest is the last */
        this.all.set(key, value);
        write(key, value);
        while (this.all.size > MOST) this.drop(this.all.keys().next().value!);
        if (isNew) this.turn++;
    }

    /* One key, or with a dot at its end all below it. */
    forget(key: string) {
        const those = key.endsWith('.') ? [...this.all.keys()].filter((k) => k.startsWith(key)) : this.all.has(key) ? [key] : [];
        for (const k of those) this.drop(k);
        if (those.length) this.turn++;
    }

    /* Is anything typed below "fixture.new.<venue id>."? A room opens that form again after a reload. */
    under(prefix: string): boolean {
        void this.turn;
        return [...this.all.keys()].some((k) => k.startsWith(prefix));
    }

    /* Is anything left below "fixture.<id>."? */
    isLeft = (prefix: string): boolean => this.left.some((k) => k.startsWith(prefix));
    /* The id of the row of this kind that is sought. */
    seeks = (kind: string): string | null => (this.sought?.startsWith(`${kind}.`) ? this.sought.split('.')[1]! : null);

    private settle(key: string) {
        if (this.left.includes(key)) this.left = this.left.filter((k) => k !== key);
    }
    private drop(key: string) {
        this.settle(key);
        this.all.delete(key);
        write(key, null);
    }
}

export const drafts = new Drafts();

/* What one field keeps; without a key it keeps nothing. */
export interface Draft {
    readonly kept: Kept | null;
    keep(text: string, base: string): void;
    forget(): void;
}
const NONE: Draft = { kept: null, keep: () => undefined, forget: () => undefined };
export const draft = (key: string | undefined): Draft =>
    key === undefined
        ? NONE
        : {
              get kept() {
                  return drafts.get(key);
              },
              keep: (text, base) => drafts.keep(key, text, base),
              forget: () => drafts.forget(key),
          };
