/*
 * The text of one field between the hand and lumad: typed, handed over, answered. What is typed is kept as a draft until lumad shows it; what others make of
 * the row meanwhile is told beside it and takes nothing away. For the components of fields, made while they are.
 */
import { untrack } from 'svelte';
import { draft } from '../state/drafts.svelte';

interface Options {
    /* What the row says. */
    shown: () => string;
    key: () => string | undefined;
    /* A form that is saved as a whole hears every key, and forgets its drafts itself. */
    oninput?: () => ((text: string) => void) | undefined;
}

export class Entry {
    text = $state('');
    /* Typed, and not yet handed over. */
    isDirty = $state(false);
    /* Typed before the page was loaded again, or the form left, and not touched since. */
    isBack = $state(false);
    /* What somebody else made of it while this was typed. */
    theirs = $state<string | null>(null);
    private last: string;
    /* What the row said when the typing began. */
    private base: string;
    private key: string | undefined;

    constructor(private readonly o: Options) {
        this.last = this.base = o.shown();
        this.key = o.key();
        this.begin();
        $effect.pre(() => {
            const shown = o.shown();
            const key = o.key();
            untrack(() => this.follow(shown, key));
        });
    }

    /* Not what lumad has. */
    get isModified(): boolean {
        return this.text !== this.o.shown();
    }

    private begin() {
        this.text = this.last;
        this.isDirty = this.isBack = false;
        this.theirs = null;
        const kept = draft(this.key).kept;
        if (!kept) return;
        if (kept.text === this.last) return draft(this.key).forget();
        this.text = kept.text;
        const tell = this.o.oninput?.();
        if (tell) return void queueMicrotask(() => tell(kept.text));
        this.isDirty = this.isBack = true;
        this.base = kept.base;
        if (kept.base !== this.last) this.theirs = this.last;
    }

    private follow(shown: string, key: string | undefined) {
        if (key !== this.key) {
            this.key = key;
            this.last = shown;
            return this.begin();
        }
        if (shown === this.last) return;
        this.last = shown;
        if (this.o.oninput?.()) {
            if (!this.isDirty) this.text = shown;
        } else if (!this.isDirty || this.text === shown) {
            this.settle(shown);
        } else {
            this.theirs = shown === this.base ? null : shown;
        }
    }

    /* This is what there is. */
    private settle(text: string) {
        this.text = text;
        this.isDirty = this.isBack = false;
        this.theirs = null;
        draft(this.key).forget();
    }

    typed() {
        if (!this.isDirty) this.base = this.last;
        this.isDirty = true;
        this.isBack = false;
        draft(this.key).keep(this.text, this.base);
        this.o.oninput?.()?.(this.text);
    }

    /* True: `text` is another than the row's, and goes to lumad now. It stays a draft until the row says so. */
    hand(text: string): boolean {
        const isWhole = this.o.oninput?.() !== undefined;
        this.isDirty = this.isBack = false;
        this.theirs = null;
        this.text = text;
        if (text === this.o.shown()) {
            if (!isWhole) this.settle(text);
            return false;
        }
        draft(this.key).keep(text, this.last);
        return true;
    }

    /* Back to what the row says. */
    giveUp() {
        if (!this.o.oninput?.()) return this.settle(this.o.shown());
        this.text = this.o.shown();
        this.isDirty = false;
    }
}
