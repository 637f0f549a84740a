/*
 * The chain of one output (or of all that have none) while it is edited: what the hand does is shown at once, the
 * newest goes to lumad one request after the other, and each edit leaves a step to undo. Where there is no chain
 * yet the first edit makes one of what lumad does by itself.
 */
import { asError, type ApiError } from '../../api/client';
import type { AudioChain, ChainEffect } from '../../api/types';
import { createRow, deleteRow, KINDS, patchRow } from '../../commands/edits';
import { history } from '../../commands/history.svelte';
import { attempt } from '../../state/attempt';
import { toasts } from '../../state/toasts.svelte';

type Change = Partial<Pick<AudioChain, 'effects' | 'is_enabled'>>;
interface Edit {
    change: Change;
    label: string;
    isWhole: boolean;
}

export class ChainEdit {
    row = $state.raw<AudioChain | null>(null);
    problem = $state.raw<ApiError | null>(null);
    /* Under the hand, not answered yet. */
    private draft = $state.raw<Change>({});
    private waiting: Edit | null = null;
    private isBusy = false;
    private last = '';

    constructor(
        readonly device: string | null,
        private readonly fallback: () => ChainEffect[],
    ) {}

    get effects(): ChainEffect[] {
        return this.draft.effects ?? this.row?.effects ?? this.fallback();
    }
    get isEnabled(): boolean {
        return this.draft.is_enabled ?? this.row?.is_enabled ?? true;
    }

    /* What lumad has; not while a hand of ours is on it. */
    take(row: AudioChain | null) {
        if (!this.isBusy) this.row = row;
    }

    /* isWhole: a gesture of its own and not one of many of a drag. */
    set(change: Change, label: string, isWhole = false) {
        this.draft = { ...this.draft, ...change };
        this.waiting = { change: { ...this.waiting?.change, ...change }, label, isWhole: isWhole || label !== this.last };
        this.last = label;
        if (!this.isBusy) void history.during(this.run());
    }

    private async run() {
        this.isBusy = true;
        try {
            while (this.waiting) {
                const { change, label, isWhole } = this.waiting;
                this.waiting = null;
                this.row = this.row
                    ? await patchRow<AudioChain>({ ...KINDS.chain, label }, this.row, change, isWhole)
                    : await createRow<AudioChain>(KINDS.chain, '/audio-chains', { name: this.device ?? 'Every output', device: this.device, effects: this.effects, is_enabled: this.isEnabled });
            }
            this.problem = null;
        } catch (e) {
            this.waiting = null;
            this.problem = asError(e);
            if (!this.problem.errors.length) toasts.error('Change the effects', this.problem);
        }
        this.draft = {};
        this.isBusy = false;
    }

    /* As it comes: what was made is taken away, and undo brings it back. */
    async reset() {
        const row = this.row;
        if (row && (await attempt('Take the chain away', () => deleteRow(KINDS.chain, '/audio-chains', row)))) this.row = null;
    }
}
