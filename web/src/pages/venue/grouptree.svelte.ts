/*
 * The tree of groups under hands: what is open, where the cursor is, which groups are chosen (which fixtures are, state/picked knows for every view), and
 * what the keys do. Drawn by GroupTree.svelte.
 */
import type { Fixture, Group } from '../../api/types';
import { post } from '../../api/client';
import { identify } from '../../state/identify.svelte';
import { picked } from '../../state/picked.svelte';
import { attempt } from '../../state/stores.svelte';
import type { GroupEdits } from './groupedits.svelte';
import { dropOf, LOOSE, treeRows, type Target, type TreeRow } from './groups';

const some = (n: number) => (n === 1 ? '1 fixture' : `${n} fixtures`);
const someGroups = (n: number) => (n === 1 ? 'group' : `${n} groups`);

export class Tree {
    open = $state.raw<ReadonlySet<string>>(new Set([LOOSE]));
    filter = $state('');
    cursor = $state<string | null>(null);
    chosen = $state.raw<readonly string[]>([]);
    /* A click marks one more, for fingers. */
    isMarking = $state(false);
    /* What was done by key, for those who do not see it. */
    said = $state('');
    private clip = $state.raw<{ ids: readonly string[]; from: string | null } | null>(null);
    private anchor: string | null = null;

    constructor(
        readonly edits: GroupEdits,
        private readonly fixtures: () => readonly Fixture[],
        readonly canEdit: () => boolean,
    ) {}

    readonly rows = $derived.by(() => treeRows(this.edits.all, this.fixtures(), this.open, this.filter));
    readonly at = $derived(this.rows.findIndex((r) => r.id === this.cursor));
    get row(): TreeRow | null {
        return this.rows[this.at] ?? null;
    }
    get groups(): Group[] {
        return this.edits.all.filter((g) => this.chosen.includes(g.id));
    }

    /* --- choosing --- */

    toggle(row: TreeRow, isOpen = !row.isOpen) {
        const next = new Set(this.open);
        if (isOpen) next.add(row.id);
        else next.delete(row.id);
        this.open = next;
    }
    choose(id: string | null) {
        this.chosen = id === null ? [] : [id];
        if (id !== null) this.cursor = this.anchor = id;
    }
    isMarked = (row: TreeRow) => (row.fixtureId ? picked.has(row.fixtureId) : row.groupId !== null && this.chosen.includes(row.groupId));

    press(row: TreeRow, how: { one: boolean; range: boolean }) {
        this.cursor = row.id;
        const from = this.rows.findIndex((r) => r.id === this.anchor);
        if (how.range && from >= 0) {
            const to = this.rows.indexOf(row);
            this.mark(this.rows.slice(Math.min(from, to), Math.max(from, to) + 1).filter((r) => r.kind === row.kind));
            return;
        }
        this.anchor = row.id;
        const isOne = how.one || this.isMarking;
        if (row.fixtureId) {
            if (isOne) picked.toggle(row.fixtureId);
            else picked.only(row.fixtureId);
        } else if (row.groupId) {
            if (isOne) this.chosen = this.chosen.includes(row.groupId) ? this.chosen.filter((c) => c !== row.groupId) : [...this.chosen, row.groupId];
            else this.chosen = [row.groupId];
        } else {
            this.toggle(row);
        }
    }
    private mark(rows: readonly TreeRow[]) {
        const fixtures = rows.flatMap((r) => r.fixtureId ?? []);
        const groups = rows.flatMap((r) => (r.kind === 'group' ? r.id : []));
        if (fixtures.length) picked.add(fixtures);
        if (groups.length) this.chosen = [...new Set([...this.chosen, ...groups])];
    }
    private step(to: number, isRange: boolean) {
        const row = this.rows[Math.max(0, Math.min(this.rows.length - 1, to))];
        if (!row) return;
        const was = this.row;
        this.cursor = row.id;
        if (isRange && was) this.mark([was, row].filter((r) => r.kind === row.kind));
    }

    /* --- what an edit is about --- */

    /* The fixtures of the row's node that are picked, in its order; else the row's own. */
    held(row: TreeRow): { ids: string[]; from: string | null } {
        const own = row.fixtureId!;
        const brothers = row.group?.fixture_ids ?? this.rows.filter((r) => r.fixtureId && r.groupId === null).map((r) => r.fixtureId!);
        const ids = picked.has(own) ? brothers.filter((id) => picked.has(id)) : [own];
        return { ids, from: row.groupId };
    }
    heldGroups = (row: TreeRow): string[] =>
        this.chosen.includes(row.groupId ?? '') ? this.edits.all.filter((g) => this.chosen.includes(g.id)).map((g) => g.id) : row.groupId ? [row.groupId] : [];

    nameOf = (groupId: string | null) => this.edits.find(groupId)?.name ?? '';

    /* In words, for the step of undo and for who drags; null: it would change nothing. */
    words(what: { ids: readonly string[]; from: string | null } | { groups: readonly string[] }, target: Target | null, isCopy: boolean): string | null {
        const drop = target && dropOf(target, 'groups' in what ? 'groups' : 'fixtures', this.edits.all);
        if (!drop) return null;
        if ('groups' in what) return 'before' in drop ? `move ${someGroups(what.groups.length)}${drop.before ? ` before ${this.nameOf(drop.before)}` : ' to the end'}` : null;
        if (!('to' in drop)) return null;
        const n = some(what.ids.length);
        if (drop.to === null) return what.from ? `take ${n} out of ${this.nameOf(what.from)}` : null;
        if (what.from === drop.to) return `move ${n} in ${this.nameOf(drop.to)}`;
        return `${what.from === null ? 'put' : isCopy ? 'copy' : 'move'} ${n} ${what.from === null ? 'into' : 'to'} ${this.nameOf(drop.to)}`;
    }
    drop(what: { ids: readonly string[]; from: string | null } | { groups: readonly string[] }, target: Target, isCopy: boolean) {
        const drop = dropOf(target, 'groups' in what ? 'groups' : 'fixtures', this.edits.all);
        const label = this.words(what, target, isCopy);
        if (!drop || !label) return;
        if ('groups' in what) {
            if ('before' in drop) void this.edits.order(label, what.groups, drop.before);
        } else if ('to' in drop) {
            if (drop.to) this.open = new Set([...this.open, drop.to]);
            void this.edits.move(label, what.ids, what.from, drop.to, drop.at, isCopy);
        }
        this.tell(label);
    }
    private tell(label: string) {
        this.said = label.charAt(0).toUpperCase() + label.slice(1);
    }

    /* --- edits by key --- */

    takeOut(row: TreeRow) {
        const { ids, from } = this.held(row);
        if (from === null) return;
        const next = this.rows[this.at + 1] ?? this.rows[this.at - 1];
        const label = `take ${some(ids.length)} out of ${this.nameOf(from)}`;
        void this.edits.move(label, ids, from, null, 0);
        if (next) this.cursor = next.id;
        this.tell(label);
    }
    /* One place up or down; beyond the ends of its group into the next one. */
    private shift(row: TreeRow, by: 1 | -1) {
        const all = this.edits.all;
        if (row.kind === 'group') {
            const ids = this.heldGroups(row);
            const rest = all.filter((g) => !ids.includes(g.id));
            const first = all.findIndex((g) => ids.includes(g.id));
            const before = rest[all.slice(0, first).length + by] ?? null;
            if (by < 0 ? first === 0 : first === rest.length) return;
            const label = `move ${someGroups(ids.length)} ${by < 0 ? 'up' : 'down'}`;
            void this.edits.order(label, ids, before?.id ?? null);
            return this.tell(label);
        }
        if (!row.fixtureId) return;
        const { ids, from } = this.held(row);
        const at = all.findIndex((g) => g.id === from);
        const members = all[at]?.fixture_ids ?? [];
        const places = ids.map((id) => members.indexOf(id));
        const isAtEnd = by < 0 ? Math.min(...places) === 0 : Math.max(...places) === members.length - 1;
        const into = from === null ? (by < 0 ? all.at(-1) : undefined) : isAtEnd ? all[at + by] : all[at];
        if (!into) return;
        const rest = (into.fixture_ids ?? []).filter((id) => !ids.includes(id));
        const place = into.id !== from ? (by < 0 ? rest.length : 0) : Math.min(...places) + by;
        /* The place among all that are there, those that move included. */
        const stop = rest[place];
        const where = stop === undefined ? (into.fixture_ids?.length ?? 0) : into.fixture_ids!.indexOf(stop);
        const label = into.id === from ? `move ${some(ids.length)} ${by < 0 ? 'up' : 'down'} in ${into.name}` : `${from === null ? 'put' : 'move'} ${some(ids.length)} ${from === null ? 'into' : 'to'} ${into.name}`;
        this.open = new Set([...this.open, into.id]);
        this.cursor = `${into.id}/${row.fixtureId}`;
        void this.edits.move(label, ids, from, into.id, where);
        this.tell(label);
    }
    private copy(row: TreeRow, isCut: boolean) {
        if (!row.fixtureId) return;
        const { ids, from } = this.held(row);
        this.clip = { ids, from: isCut ? from : null };
        this.said = `${some(ids.length)} ${isCut ? 'to be moved' : 'copied'}: paste in a group`;
    }
    private paste(row: TreeRow) {
        if (!this.clip || row.groupId === null) return;
        const at = row.kind === 'fixture' ? row.index + 1 : (row.group?.fixture_ids?.length ?? 0);
        const label = `${this.clip.from === null ? 'copy' : 'move'} ${some(this.clip.ids.length)} to ${this.nameOf(row.groupId)}`;
        this.open = new Set([...this.open, row.groupId]);
        void this.edits.move(label, this.clip.ids, this.clip.from, row.groupId, at);
        this.clip = { ...this.clip, from: null };
        this.tell(label);
    }
    isCut = (row: TreeRow) => this.clip?.from != null && row.groupId === this.clip.from && row.fixtureId !== null && this.clip.ids.includes(row.fixtureId);

    identify(row: Pick<TreeRow, 'fixtureId' | 'groupId'> | null = this.row) {
        if (row?.fixtureId) void identify.run(picked.has(row.fixtureId) ? picked.ids : [row.fixtureId]);
        else if (row?.groupId) void attempt('Identify', () => post(`/groups/${row.groupId}/identify`));
    }
    async addGroup(ids: readonly string[] = [], like?: string) {
        const id = await this.edits.add(ids, like);
        if (!id) return;
        this.choose(id);
        if (ids.length) this.open = new Set([...this.open, id]);
    }
    removeGroups(groups: readonly Group[]) {
        const at = this.edits.all.findIndex((g) => groups.includes(g));
        const rest = this.edits.all.filter((g) => !groups.includes(g));
        void this.edits.remove(groups).then(() => this.choose((rest[at] ?? rest[at - 1])?.id ?? null));
    }

    /* True: the key was for the tree. */
    key(e: KeyboardEvent, page: number): boolean {
        const row = this.row;
        const isCtrl = e.ctrlKey || e.metaKey;
        const dir = e.key === 'ArrowDown' ? 1 : e.key === 'ArrowUp' ? -1 : 0;
        if (dir && e.altKey) {
            if (row && this.canEdit()) this.shift(row, dir);
            return true;
        }
        const to: Record<string, number> = { ArrowDown: this.at + 1, ArrowUp: this.at - 1, Home: 0, End: this.rows.length - 1, PageDown: this.at + page, PageUp: this.at - page };
        if (e.key in to && !e.altKey && !isCtrl) {
            this.step(to[e.key]!, e.shiftKey);
            return true;
        }
        if (!row) return false;
        if (e.key === 'ArrowRight' && !e.altKey) {
            if (row.kind !== 'fixture' && !row.isOpen) this.toggle(row, true);
            else if (row.kind !== 'fixture') this.step(this.at + 1, false);
        } else if (e.key === 'ArrowLeft' && !e.altKey) {
            if (row.kind !== 'fixture' && row.isOpen) this.toggle(row, false);
            else if (row.kind === 'fixture') this.cursor = row.groupId ?? LOOSE;
        } else if (e.key === ' ') {
            this.press(row, { one: true, range: false });
        } else if (e.key === 'Enter') {
            this.press(row, { one: false, range: false });
        } else if (isCtrl && e.key.toLowerCase() === 'a') {
            this.mark(this.rows.filter((r) => r.kind === row.kind && (r.kind !== 'fixture' || r.groupId === row.groupId)));
        } else if (e.key.toLowerCase() === 'i' && !isCtrl && !e.altKey) {
            if (this.canEdit()) this.identify(row);
        } else if (isCtrl && e.key.toLowerCase() === 'c') {
            this.copy(row, false);
        } else if (!this.canEdit()) {
            return false;
        } else if (e.altKey && e.key === 'ArrowLeft') {
            if (row.kind === 'fixture') this.takeOut(row);
        } else if (isCtrl && e.key.toLowerCase() === 'x') {
            this.copy(row, true);
        } else if (isCtrl && e.key.toLowerCase() === 'v') {
            this.paste(row);
        } else if (isCtrl && e.key.toLowerCase() === 'd') {
            if (row.group && row.kind === 'group') void this.addGroup(row.group.fixture_ids, row.name);
        } else if (e.key === 'Delete' || e.key === 'Backspace') {
            if (row.kind === 'fixture') this.takeOut(row);
            else if (row.group) this.removeGroups(this.edits.all.filter((g) => this.heldGroups(row).includes(g.id)));
        } else {
            return false;
        }
        return true;
    }
}
