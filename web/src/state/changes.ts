/*
 * News of what changed. A store names its tables; it is called once per burst (an edit
 * of fifty fixtures is one refetch), and for every table after a reconnection or when
 * the daemon says "*".
 */
/* ids: of the rows, of whichever of the tables; null: any may have changed. */
type Run = (ids: ReadonlySet<string> | null) => void;
type Listener = { tables: readonly string[]; run: Run; timer: ReturnType<typeof setTimeout> | null; ids: Set<string> | null };

const BURST_MS = 40;
const listeners = new Set<Listener>();

export function onChange(tables: readonly string[], run: Run): () => void {
    const listener: Listener = { tables, run, timer: null, ids: new Set() };
    listeners.add(listener);
    return () => {
        if (listener.timer !== null) clearTimeout(listener.timer);
        listeners.delete(listener);
    };
}

/* id: of the row, where it is known. */
export function changed(table: string, id?: string) {
    for (const listener of listeners) {
        if (table !== '*' && !listener.tables.includes(table)) continue;
        if (id === undefined) listener.ids = null;
        else listener.ids?.add(id);
        listener.timer ??= setTimeout(() => {
            const { ids } = listener;
            listener.timer = null;
            listener.ids = new Set();
            listener.run(ids);
        }, BURST_MS);
    }
}
