/* What was dropped on the page: files, and all that lies in folders among them. */
export interface Dropped {
    files: File[];
    hasFolder: boolean;
}

async function below(entry: FileSystemEntry): Promise<File[]> {
    if (entry.isFile) {
        return new Promise((resolve) => (entry as FileSystemFileEntry).file((f) => resolve([f]), () => resolve([])));
    }
    const reader = (entry as FileSystemDirectoryEntry).createReader();
    const files: File[] = [];
    /* A folder is read a hundred entries at a time, until none comes. */
    for (;;) {
        const part = await new Promise<FileSystemEntry[]>((resolve) => reader.readEntries(resolve, () => resolve([])));
        if (!part.length) return files;
        for (const e of part) if (!e.name.startsWith('.')) files.push(...(await below(e)));
    }
}

/* The entries must be asked for while the event lasts; what is in them may take its time. */
export function dropped(data: DataTransfer): Promise<Dropped> {
    const entries = [...data.items].flatMap((i) => (i.kind === 'file' ? [i.webkitGetAsEntry()] : []));
    const plain = [...data.files];
    if (!entries.some((e) => e?.isDirectory)) return Promise.resolve({ files: plain, hasFolder: false });
    return Promise.all(entries.flatMap((e) => (e ? [below(e)] : []))).then((found) => ({ files: found.flat(), hasFolder: true }));
}
