/*
 * The history lumad keeps of what is being looked at: a pattern's graph or a score. Undo and redo of the session come first; when
 * none of their steps is left, as after a reload, they go on here.
 */
import { asError, del, get, list, patch, request } from '../api/client';
import type { Branch, List, Place, Revision, RevisionBrief, RevisionDiff } from '../api/types';
import { history } from '../commands/history.svelte';
import { onChange } from './changes';
import { toasts } from './toasts.svelte';
import { loaded } from './loaded.svelte';

export type Kept = 'implementations' | 'scores';
const TABLES = ['implementation_branches', 'implementation_revisions', 'score_branches', 'score_revisions'];
const PAGE = 100;

/* What came with lumad began full: an undo would empty it on the running show, for nobody's edit. */
export const isShipped = (r: Pick<RevisionBrief, 'author' | 'number'>): boolean => r.author === 'lumad' && r.number === 1;

class Past {
    /* "/scores/<id>"; null: what is being looked at has no history. */
    owner = $state<string | null>(null);
    kind = $state<Kept>('scores');
    isOpen = $state(false);
    place = $state.raw<Place | null>(null);
    branches = $state.raw<Branch[]>([]);
    /* Newest first; fetched while the panel is open. */
    revisions = $state.raw<Revision[] | null>(null);
    error = $state<string | null>(null);
    words = $state('');
    hasMore = $state(false);
    private shown = PAGE;
    private turn = 0;
    private latest: Promise<void> = Promise.resolve();
    private seen = -1; /* history.edits when the place was asked for */

    /* For components: what they look at, until they go. */
    look(kind: Kept, id: string | null): () => void {
        this.kind = kind;
        this.owner = id ? `/${kind}/${id}` : null;
        this.place = this.revisions = this.error = null;
        this.branches = [];
        this.shown = PAGE;
        this.words = '';
        history.beyond = {
            label: (way) => {
                const r = way === 'undo' ? this.place?.undo : this.place?.redo;
                if (!r || (way === 'undo' && isShipped(r))) return null;
                return r.message || `save ${r.number}`;
            },
            undo: () => this.step('undo'),
            redo: () => this.step('redo'),
        };
        void this.load();
        const stop = onChange(TABLES, () => void this.load());
        return () => {
            stop();
            this.owner = null;
            history.beyond = null;
        };
    }

    toggle = () => {
        this.isOpen = !this.isOpen;
        if (this.isOpen) void this.load();
    };

    search(words: string) {
        this.words = words;
        this.shown = PAGE;
        void this.load();
    }

    more() {
        this.shown += PAGE;
        void this.load();
    }

    /* When it is through, what was asked for last is there. */
    async load(): Promise<void> {
        const mine = (this.latest = this.fetch());
        await mine;
        if (mine !== this.latest) await this.latest;
    }

    private async fetch() {
        const owner = this.owner;
        if (!owner) return;
        const turn = ++this.turn;
        const edits = history.edits;
        try {
            const [place, branches, page] = await Promise.all([
                get<Place>(`${owner}/history`),
                list<Branch>(`${owner}/branches`),
                this.isOpen ? get<List<Revision>>(`${owner}/revisions?limit=${Math.min(this.shown, 1000)}&q=${encodeURIComponent(this.words)}`) : null,
            ]);
            if (turn !== this.turn) return;
            this.place = place;
            this.seen = edits;
            this.branches = branches;
            if (page) {
                this.revisions = page.items;
                this.hasMore = page.next !== null && this.shown < 1000;
            }
            this.error = null;
        } catch (e) {
            if (turn === this.turn) this.error = asError(e).message;
        }
    }

    /* One move; what the session could undo before it is of another place now. Our own edits are no reason to be told that
     * somebody was quicker. */
    private async move<T extends Place | Branch>(act: (version: number) => Promise<T>): Promise<T> {
        await history.settled();
        if (!this.place || this.seen !== history.edits) await this.load();
        const now = await act(this.place?.version ?? 0);
        history.forgetKept();
        if ('left_out' in now && now.left_out)
            toasts.note(`${now.left_out === 1 ? 'One block stays' : `${now.left_out} blocks stay`} away: the pattern is deleted`);
        await this.load();
        return now;
    }

    private async step(way: 'undo' | 'redo'): Promise<void> {
        await this.move((version) => request<Place>('POST', `${this.owner}/${way}`, { body: {}, version }));
    }

    private async try(what: string, act: () => Promise<unknown>): Promise<boolean> {
        try {
            await act();
            return true;
        } catch (e) {
            toasts.error(what, asError(e));
            await this.load();
            return false;
        }
    }

    restore = (r: Revision) =>
        this.try('Restore', () => this.move((version) => request<Place>('POST', `${this.owner}/restore`, { body: { revision_id: r.id }, version })));

    show = (b: Branch) =>
        this.try(`Show variant ${b.name}`, () => this.move((version) => request<Place>('POST', `/branches/${b.id}/switch`, { body: {}, version })));

    nextVariant() {
        const at = this.branches.findIndex((b) => b.is_current);
        const next = this.branches[(at + 1) % this.branches.length];
        if (next && !next.is_current) void this.show(next);
    }

    /* A variant of what is live, or of an earlier save; it is live at once. */
    fork = (from?: Revision) =>
        this.try('Save as a variant', async () => {
            const made = await this.move((version) => request<Branch>('POST', `${this.owner}/branches`, { body: from ? { revision_id: from.id } : {}, version }));
            toasts.note(`Variant ${made.name} begins here`);
        });

    /* The letter the next variant gets. */
    get nextName(): string {
        const taken = new Set(this.branches.map((b) => b.name.toUpperCase()));
        if (!taken.size) taken.add('A'); /* what is there before the first save */
        for (let i = 0; i < 26; i++) if (!taken.has(String.fromCharCode(65 + i))) return String.fromCharCode(65 + i);
        return '';
    }

    rename = (b: Branch, name: string) =>
        this.try('Rename the variant', async () => {
            await patch(`/branches/${b.id}`, { name });
            await this.load();
        });

    remove = (b: Branch) =>
        this.try('Delete the variant', async () => {
            await del(`/branches/${b.id}`);
            await this.load();
        });

    name = (r: Revision, name: string) =>
        this.try('Name the save', async () => {
            await patch(`/revisions/${r.id}`, { name: name || null }, r.version);
            await this.load();
        });

    diff = (id: string, against: 'previous' | 'live') => get<RevisionDiff>(`/revisions/${id}/diff?against=${against}`);
}

export const past = new Past();
loaded.past = past;
