/* Short notes at the edge: what failed, or what was done and can be undone. */
import type { ApiError } from '../api/client';

export interface Toast {
    id: number;
    kind: 'error' | 'note';
    title: string;
    text: string;
    action: { label: string; run: () => void; isUndo?: boolean } | null;
}

class Toasts {
    items = $state<Toast[]>([]);
    private next = 1;

    error(what: string, e: ApiError) {
        if (e.code === 'dropped') return; /* as whoever is here wanted it */
        const text = e.status === 409 || e.status === 412 ? e.message || 'It was changed elsewhere.' : e.message;
        this.add('error', `${what} did not work`, text, null, 9000);
    }

    note(title: string, action: Toast['action'] = null) {
        this.add('note', title, '', action, 6000);
    }

    /* Its undo means the last edit: it goes when there is another. */
    noteUndo(title: string, run: () => void) {
        this.note(title, { label: 'Undo', run, isUndo: true });
    }
    dropUndo() {
        this.items = this.items.filter((t) => !t.action?.isUndo);
    }

    dismiss(id: number) {
        this.items = this.items.filter((t) => t.id !== id);
    }

    private add(kind: Toast['kind'], title: string, text: string, action: Toast['action'], ms: number) {
        const same = this.items.find((t) => t.title === title && t.text === text);
        if (same) this.dismiss(same.id);
        const id = this.next++;
        this.items = [...this.items.slice(-3), { id, kind, title, text, action }];
        setTimeout(() => this.dismiss(id), ms);
    }
}

export const toasts = new Toasts();
