/* The keys of the patch as a table, as spreadsheets have them. What begins an edit is the sheet's to say (`takes`). */
import { COLUMNS } from './columns';
import type { Desk } from './desk.svelte';
import type { Sheet } from './sheet.svelte';

/* Where a key goes from there; `page`: rows that are seen at once. */
function goal(e: KeyboardEvent, row: number, col: number, end: number, page: number): [number, number] | undefined {
    const isCtrl = e.ctrlKey || e.metaKey;
    const steps: Record<string, [number, number]> = {
        ArrowDown: [isCtrl ? end : row + 1, col], ArrowUp: [isCtrl ? 0 : Math.max(0, row - 1), col],
        ArrowRight: [row, isCtrl ? COLUMNS.length - 1 : col + 1], ArrowLeft: [row, isCtrl ? 0 : col - 1],
        Home: [isCtrl ? 0 : row, 0], End: [isCtrl ? end : row, COLUMNS.length - 1], PageDown: [row + page, col], PageUp: [row - page, col],
    };
    return steps[e.key];
}

/* True: the key was for the table. */
export function sheetKey(sheet: Sheet, desk: Desk, e: KeyboardEvent, page: number, move: (row: number, col: number, isMore: boolean) => void): boolean {
    if (sheet.typed !== null) return false;
    const { row, at } = sheet;
    const isCtrl = e.ctrlKey || e.metaKey;
    const to = goal(e, row, at.col, sheet.rows.length - 1, page);
    const tab = e.key === 'Tab' ? at.col + (e.shiftKey ? -1 : 1) : -1;
    const letter = isCtrl && !e.shiftKey && !e.altKey ? e.key.toLowerCase() : '';
    if (to && !e.altKey) move(Math.max(0, to[0]), to[1], e.shiftKey);
    else if (e.key === 'Tab' && row >= 0 && tab >= 0 && tab < COLUMNS.length) move(row, tab, false); /* from the last column Tab leaves */
    else if (letter === 'a') sheet.all();
    else if (isCtrl && e.key.toLowerCase() === 'd') {
        if (sheet.range.length > 1) sheet.fill(e.shiftKey);
        else void desk.copy(sheet.range, 1, { x: 1, y: 0, z: 0 });
    } else if (e.key === 'F2' || (e.key === 'Enter' && !isCtrl && row >= 0)) sheet.edit();
    else if (e.key === 'Backspace') sheet.edit('');
    else if (e.key === ' ' && row >= 0) {
        if (sheet.column.kind === 'flag' && !isCtrl) sheet.flip();
        else sheet.toggle(sheet.rows[row]!.id);
    } else if (e.key === 'Delete') void desk.delete(sheet.range.map((f) => f.id));
    else if (e.key === 'Escape' && sheet.chosen.size > 1) sheet.go(row, at.col);
    else if (!isCtrl && !e.altKey && sheet.takes(e.key)) sheet.edit(e.key);
    else return false;
    return true;
}
