/* Files on their way in: two at a time, each can be cancelled, an error stays until read. What was here already is told once for all of a drop. */
import { asError } from '../api/client';
import { audioType, upload, type Upload } from '../api/upload';
import { trackName, tracks } from './stores.svelte';
import { toasts } from './toasts.svelte';

export interface Item {
    id: number;
    name: string;
    sent: number; /* 0..1 */
    state: 'waiting' | 'sending' | 'failed';
    error: string;
}

const PARALLEL = 2;

class Uploads {
    items = $state<Item[]>([]);
    private files = new Map<number, File>();
    private running = new Map<number, Upload>();
    private next = 1;
    private known: string[] = [];

    /* Of a folder: its audio; covers and notes beside it are no failures. */
    addAudio(files: readonly File[]): number {
        const audio = files.filter((f) => !f.name.startsWith('.') && audioType(f.name, f.type) !== null);
        if (audio.length) this.add(audio);
        else toasts.note('There are no audio files in this folder');
        return audio.length;
    }

    add(files: Iterable<File>) {
        for (const file of files) {
            const id = this.next++;
            this.files.set(id, file);
            this.items.push({ id, name: file.name, sent: 0, state: 'waiting', error: '' });
        }
        this.pump();
    }

    /* Cancels what runs, forgets what failed. */
    remove(id: number) {
        this.running.get(id)?.abort();
        this.files.delete(id);
        this.items = this.items.filter((i) => i.id !== id);
    }

    retry(id: number) {
        const item = this.items.find((i) => i.id === id);
        if (!item || item.state !== 'failed') return;
        item.state = 'waiting';
        item.sent = 0;
        this.pump();
    }

    private pump() {
        for (const item of this.items) {
            if (this.running.size >= PARALLEL) return;
            if (item.state === 'waiting') void this.send(item);
        }
    }

    private async send(item: Item) {
        const file = this.files.get(item.id);
        if (!file) return;
        item.state = 'sending';
        const job = upload(file, (sent) => (item.sent = sent));
        this.running.set(item.id, job);
        try {
            const { track, isNew } = await job.done;
            if (!isNew) this.known.push(`${item.name} was here already, as "${trackName(track)}"`);
            this.files.delete(item.id);
            this.items = this.items.filter((i) => i.id !== item.id);
            void tracks.load();
        } catch (e) {
            item.state = 'failed';
            item.error = asError(e).message;
        }
        this.running.delete(item.id);
        this.pump();
        if (this.running.size || !this.known.length) return;
        toasts.note(this.known.length === 1 ? this.known[0]! : `${this.known.length} files were here already`);
        this.known = [];
    }
}

export const uploads = new Uploads();
