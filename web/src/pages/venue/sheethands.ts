/* Mouse and fingers on the patch as a table: a press chooses, a drag chooses a range, a long press of a finger one more, a second tap on a cell edits it. */
import { COLUMNS } from './columns';
import type { Sheet } from './sheet.svelte';

const LONG_MS = 450;
const STILL = 6; /* pixels that a finger may move and be a tap */

export class SheetHands {
    private held: ReturnType<typeof setTimeout> | null = null;
    private isDragging = false;

    constructor(
        private readonly sheet: Sheet,
        private readonly onopen: () => void, /* the inspector of the row */
    ) {}

    private where = (e: Event): { row: number; col: number } | null => {
        const cell = (e.target as Element).closest<HTMLElement>('[data-row]');
        return cell ? { row: Number(cell.dataset.row), col: Number(cell.dataset.col) } : null;
    };
    letGo = () => {
        if (this.held !== null) clearTimeout(this.held);
        this.held = null;
        this.isDragging = false;
    };

    down = (e: PointerEvent) => {
        const { sheet } = this;
        const at = this.where(e);
        if (!at || e.button !== 0 || (e.target as Element).closest('input, select')) return;
        const f = sheet.rows[at.row];
        if (!f) return;
        this.letGo();
        if (sheet.typed !== null && !sheet.commit()) return;
        if (e.pointerType === 'touch') {
            this.held = setTimeout(() => {
                this.held = null;
                sheet.toggle(f.id, Math.max(0, at.col));
                navigator.vibrate?.(10);
            }, LONG_MS);
            return;
        }
        if (at.col < 0 || e.ctrlKey || e.metaKey) return sheet.toggle(f.id, Math.max(0, at.col));
        this.isDragging = true;
        const isRange = e.shiftKey && sheet.row >= 0;
        if (!isRange && sheet.at.id === f.id && sheet.at.col === at.col) return; /* a second press: what is chosen stays */
        sheet.go(at.row, at.col, isRange);
    };
    over = (e: PointerEvent) => {
        const { sheet } = this;
        if (e.pointerType === 'touch' || !this.isDragging || e.buttons !== 1) return;
        const at = this.where(e);
        const f = at && sheet.rows[at.row];
        if (at && f && (f.id !== sheet.at.id || Math.max(0, at.col) !== sheet.at.col)) sheet.go(at.row, Math.max(0, at.col), true);
    };
    move = (e: PointerEvent) => {
        if (e.pointerType === 'touch' && Math.abs(e.movementX) + Math.abs(e.movementY) > STILL) this.letGo();
    };
    up = (e: PointerEvent) => {
        const { sheet } = this;
        const at = this.where(e);
        const isTap = this.held !== null && at !== null;
        this.letGo();
        if (!isTap || e.pointerType !== 'touch') return;
        const f = sheet.rows[at.row]!;
        if (at.col < 0) sheet.toggle(f.id);
        else if (sheet.at.id === f.id && sheet.at.col === at.col && sheet.chosen.has(f.id)) sheet.edit();
        else if (sheet.chosen.size > 1 && sheet.chosen.has(f.id)) sheet.at = { id: f.id, col: at.col };
        else sheet.go(at.row, at.col);
    };
    twice = (e: MouseEvent) => {
        const at = this.where(e);
        if (!at) return;
        if (at.col >= 0 && COLUMNS[at.col]!.kind !== 'fixed') this.sheet.edit();
        else this.onopen();
    };

    copy = (e: ClipboardEvent) => {
        if (this.sheet.typed !== null || !this.sheet.range.length) return;
        e.preventDefault();
        e.clipboardData?.setData('text/plain', this.sheet.copied());
    };
    paste = (e: ClipboardEvent) => {
        const text = e.clipboardData?.getData('text/plain');
        if (this.sheet.typed !== null || !text) return;
        e.preventDefault();
        this.sheet.paste(text);
    };
}
