/*
 * The patch as a table: which rows are shown and in which order, the cell the keys are at, the range, and what is typed. The rows of the range are the
 * chosen fixtures (state/picked); its columns go from where it was begun to where it is.
 */
import { asError } from '../../api/client';
import type { Fixture } from '../../api/types';
import { picked } from '../../state/picked.svelte';
import { byColumn, CellError, COLUMNS, fillAll, fillDown, fromTsv, paste, shown, toTsv, type Book, type Change, type Column } from './columns';
import type { Desk } from './desk.svelte';
import { fixtureName } from './patch';
import { many } from './ways';

export interface Cell {
    id: string | null;
    col: number;
}
const NUMBERS = /^[-+0-9.,]$/;

export class Sheet {
    query = $state('');
    sort = $state.raw<{ key: Column['key']; dir: 1 | -1 } | null>(null);
    at = $state.raw<Cell>({ id: null, col: 0 });
    private anchor = $state.raw<Cell>({ id: null, col: 0 });
    typed = $state<string | null>(null); /* null: nothing is being typed */
    error = $state('');
    /* What is typed replaces what was there. */
    isNew = false;

    private readonly book: Book;

    constructor(private readonly desk: Desk) {
        this.book = { channels: desk.channels, modes: (f) => desk.modes.of(f)?.map((m) => m.name) ?? [] };
    }

    rows = $derived.by((): Fixture[] => {
        const words = this.query.toLocaleLowerCase().split(/\s+/).filter(Boolean);
        const has = (f: Fixture) => {
            const all = `${f.label ?? ''} ${f.manufacturer} ${f.model} ${f.mode_name} ${f.universe}.${f.address}`.toLocaleLowerCase();
            return words.every((w) => all.includes(w));
        };
        const found = words.length ? this.desk.rows.filter(has) : this.desk.rows;
        const by = COLUMNS.find((c) => c.key === this.sort?.key);
        return by ? [...found].sort(byColumn(by, this.sort!.dir)) : found;
    });
    private index = $derived(new Map(this.rows.map((f, i) => [f.id, i])));
    chosen = $derived(new Set(picked.ids));
    row = $derived(this.at.id === null ? -1 : (this.index.get(this.at.id) ?? -1));
    from = $derived(Math.min(this.at.col, this.anchor.col));
    to = $derived(Math.max(this.at.col, this.anchor.col));
    column = $derived(COLUMNS[this.at.col]!);
    /* The rows an edit is for, in the order in which they are shown. */
    range = $derived.by((): Fixture[] => {
        const at = this.rows[this.row];
        if (!at) return [];
        return this.chosen.size > 1 && this.chosen.has(at.id) ? this.rows.filter((f) => this.chosen.has(f.id)) : [at];
    });

    order(key: Column['key']) {
        const now = this.sort;
        this.sort = now?.key !== key ? { key, dir: 1 } : now.dir === 1 ? { key, dir: -1 } : null;
    }

    /* ---- where the keys are ---- */

    go(row: number, col: number, isMore = false) {
        const f = this.rows[Math.min(this.rows.length - 1, Math.max(0, row))];
        if (!f) return;
        const to = { id: f.id, col: Math.min(COLUMNS.length - 1, Math.max(0, col)) };
        this.error = '';
        if (!isMore) {
            this.at = this.anchor = to;
            picked.only(f.id);
            return;
        }
        this.at = to;
        const begin = this.anchor.id === null ? row : (this.index.get(this.anchor.id) ?? row);
        const end = this.index.get(f.id)!;
        const step = begin <= end ? 1 : -1;
        const ids: string[] = [];
        for (let i = begin; i !== end + step; i += step) ids.push(this.rows[i]!.id);
        picked.set(ids);
    }
    /* A row more or less; the keys follow. */
    toggle(id: string, col = this.at.col) {
        picked.toggle(id);
        this.at = this.anchor = { id, col };
    }
    all() {
        picked.set(this.rows.map((f) => f.id));
    }
    clear() {
        picked.set([]);
    }
    /* Chosen elsewhere: the keys go there. True when they went. */
    follow(): boolean {
        const last = picked.last;
        if (last === null || (this.at.id !== null && this.chosen.has(this.at.id)) || !this.index.has(last)) return false;
        this.at = this.anchor = { id: last, col: this.at.col };
        return true;
    }

    /* ---- typing ---- */

    /* Does this key begin an edit? */
    takes = (key: string): boolean => {
        const c = this.column;
        if (key.length !== 1 || this.row < 0) return false;
        return c.kind === 'text' ? key !== ' ' : c.kind === 'number' || c.kind === 'angle' || c.kind === 'whole' ? NUMBERS.test(key) : false;
    };
    edit(text: string | null = null) {
        const f = this.rows[this.row];
        if (!f || this.column.kind === 'fixed' || !this.desk.canEdit) return;
        if (this.column.kind === 'flag') return void this.flip();
        this.error = '';
        if (this.column.kind === 'mode' && !this.book.modes(f).length) return void this.learn([f], () => this.edit(text));
        this.isNew = text !== null;
        this.typed = text ?? shown(this.column, f);
    }
    /* What the cell under the keys may be, where it is one of a few. */
    options = $derived.by((): readonly { value: string; label: string }[] | null => {
        const f = this.rows[this.row];
        if (this.column.kind !== 'mode') return this.column.options ?? null;
        return (f && this.desk.modes.of(f)?.map((m) => ({ value: m.name, label: `${m.name} (${m.channels} ch)` }))) ?? null;
    });
    /* The modes of these fixtures; `go` if the keys are still there when they are known. */
    private async learn(rows: readonly Fixture[], go: () => void) {
        const { at } = this;
        try {
            await this.desk.modes.need(rows);
        } catch (e) {
            this.error = `The modes are not known: ${asError(e).message}`;
            return;
        }
        if (this.at !== at) return;
        const lost = rows.find((f) => !this.book.modes(f).length);
        if (lost) this.error = `${fixtureName(lost)}: its definition is missing.`;
        else go();
    }
    cancel() {
        this.typed = null;
        this.error = '';
    }
    /* False: it cannot be read; it stays to be mended. */
    commit(isAll = true): boolean {
        const f = this.rows[this.row];
        const typed = this.typed;
        if (!f || typed === null) return true;
        const rows = isAll ? this.range : [f];
        if (rows.length === 1 && typed.trim() === shown(this.column, f)) return this.done();
        return this.apply(() => fillAll(this.column, typed, rows, this.book), `change ${this.column.name.split(',')[0]!.toLowerCase()}`);
    }
    choose(value: string) {
        this.typed = value;
        this.commit();
    }
    flip() {
        if (!this.desk.canEdit) return;
        const c = this.column;
        const key = c.key as 'invert_pan';
        const on = !this.rows[this.row]?.[key];
        this.apply(() => new Map(this.range.map((f) => [f.id, { [key]: on }])), c.name.toLowerCase());
    }
    private done(): true {
        this.cancel();
        return true;
    }
    private apply(make: () => ReadonlyMap<string, Change>, what: string): boolean {
        try {
            const changes = make();
            void this.desk.change(`${what}${changes.size > 1 ? ` of ${many(changes.size)}` : ''}`, changes);
            return this.done();
        } catch (e) {
            if (!(e instanceof CellError)) throw e;
            this.error = e.message;
            return false;
        }
    }

    /* ---- ranges ---- */

    fill(isSeries = false) {
        this.apply(() => fillDown(COLUMNS.slice(this.from, this.to + 1), this.range, this.book, isSeries), 'fill down');
    }
    copied = (): string => toTsv(this.range.map((f) => COLUMNS.slice(this.from, this.to + 1).map((c) => shown(c, f))));
    paste(text: string) {
        const cells = fromTsv(text);
        if (!cells.length || this.row < 0 || !this.desk.canEdit) return;
        const rows = this.range.length > 1 ? this.range : this.rows.slice(this.row, this.row + Math.max(1, cells.length));
        if (cells.length > rows.length) {
            this.error = `There are ${cells.length} rows to paste, and ${rows.length} to put them into.`;
            return;
        }
        const put = () => void this.apply(() => paste(cells, rows, this.from, COLUMNS, this.book), 'paste into cells');
        const width = Math.max(...cells.map((line) => line.length));
        if (COLUMNS.slice(this.from, this.from + width).some((c) => c.kind === 'mode')) void this.learn(rows, put);
        else put();
    }
}
