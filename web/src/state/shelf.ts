/*
 * Files that wait to be uploaded, kept by the browser (IndexedDB), so that a reload of the page, or a tab that the tablet put aside, goes on where it was. Of this tab alone;
 * what a closed tab left goes after a day. More than MOST bytes are not kept: a copy is made of each.
 */
const MOST = 768 * 2 ** 20;
const OLD_MS = 24 * 3600 * 1000;
const STORE = 'files';

interface Kept {
    key: string;
    tab: string;
    at: number;
    file: File;
}

const tab = (() => {
    try {
        let id = sessionStorage.getItem('lumad.tab');
        if (!id) sessionStorage.setItem('lumad.tab', (id = `${Date.now().toString(36)}${Math.random().toString(36).slice(2)}`));
        return id;
    } catch {
        return 'none';
    }
})();

let opened: Promise<IDBDatabase | null> | null = null;
const open = () =>
    (opened ??= new Promise((resolve) => {
        try {
            const asked = indexedDB.open('lumad-uploads', 1);
            asked.onupgradeneeded = () => asked.result.createObjectStore(STORE, { keyPath: 'key' });
            asked.onsuccess = () => resolve(asked.result);
            asked.onerror = () => resolve(null);
        } catch {
            resolve(null); /* a private window may have none */
        }
    }));

async function act<T>(mode: IDBTransactionMode, what: (s: IDBObjectStore) => IDBRequest<T>): Promise<T | null> {
    const db = await open();
    if (!db) return null;
    return new Promise((resolve) => {
        try {
            const asked = what(db.transaction(STORE, mode).objectStore(STORE));
            asked.onsuccess = () => resolve(asked.result);
            asked.onerror = (e) => {
                e.preventDefault(); /* no room: it is not kept, and uploaded all the same */
                resolve(null);
            };
        } catch {
            resolve(null);
        }
    });
}

let kept = 0;
let n = 0;

export const shelf = {
    /* A key to forget it by; null: it is too much. */
    keep(file: File): string | null {
        if (kept + file.size > MOST) return null;
        kept += file.size;
        const key = `${tab} ${Date.now()} ${n++}`;
        void act('readwrite', (s) => s.put({ key, tab, at: Date.now(), file } satisfies Kept));
        return key;
    },
    forget(key: string | null, size: number) {
        if (key === null) return;
        kept -= size;
        void act('readwrite', (s) => s.delete(key));
    },
    /* What this tab had not sent, in its order. */
    async left(): Promise<{ key: string; file: File }[]> {
        const all = ((await act('readonly', (s) => s.getAll())) ?? []) as Kept[];
        for (const k of all) if (k.tab !== tab && Date.now() - k.at > OLD_MS) void act('readwrite', (s) => s.delete(k.key));
        const mine = all.filter((k) => k.tab === tab).sort((a, b) => a.at - b.at || a.key.localeCompare(b.key, 'en', { numeric: true }));
        kept += mine.reduce((sum, k) => sum + k.file.size, 0);
        return mine.map(({ key, file }) => ({ key, file }));
    },
};
