/*
 * News of what changed. A store names its tables; it is called once per burst (an edit
 * of fifty fixtures is one refetch), and for every table after a reconnection or when
 * the daemon says "*".
 */
type Listener = { tables: readonly string[]; run: () => void; timer: ReturnType<typeof setTimeout> | null };

const BURST_MS = 40;
const listeners = new Set<Listener>();

export function onChange(tables: readonly string[], run: () => void): () => void {
    const listener: Listener = { tables, run, timer: null };
    listeners.add(listener);
    return () => {
        if (listener.timer !== null) clearTimeout(listener.timer);
        listeners.delete(listener);
    };
}

export function changed(table: string) {
    for (const listener of listeners) {
        if (listener.timer !== null) continue;
        if (table !== '*' && !listener.tables.includes(table)) continue;
        listener.timer = setTimeout(() => {
            listener.timer = null;
            listener.run();
        }, BURST_MS);
    }
}
