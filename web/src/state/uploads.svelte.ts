/*
 * Files on their way in: two at a time, each can be cancelled, an error stays until read. One that the connection broke off goes on when there is one again, and after a
 * reload what was not sent yet does (shelf). What was here already is told once for all of a drop.
 */
import { ApiError, asError } from '../api/client';
import { audioType } from '../api/formats';
import { upload, type Upload } from '../api/upload';
import { link } from './link.svelte';
import { shelf } from './shelf';
import { trackName } from './tracks.svelte';
import { toasts } from './toasts.svelte';
import { loaded } from './loaded.svelte';

export interface Item {
    id: number;
    name: string;
    size: number;
    sent: number; /* 0..1 */
    state: 'waiting' | 'sending' | 'failed';
    error: string;
    tries: number; /* without an answer, while there was a connection */
}

const PARALLEL = 2;
const PAUSE_MS = 1500; /* until a connection that broke is tried again, at first */
const MOST_MS = 20_000;
const TRIES = 3;

class Uploads {
    items = $state<Item[]>([]);
    private files = new Map<number, { file: File; key: string | null }>();
    private running = new Map<number, Upload>();
    private next = 1;
    private known: string[] = [];
    /* Of all since the last time there was nothing to send, bytes. */
    private total = $state(0);
    private done = $state(0);
    private pause = 0; /* ms; 0: there is a connection */

    constructor() {
        void shelf.left().then((left) => {
            if (!left.length) return;
            for (const { key, file } of left) this.put(file, key);
            toasts.note(left.length === 1 ? `The upload of ${left[0]!.file.name} goes on` : `${left.length} uploads go on`);
            this.pump();
        });
    }

    /* 0..1 of what is being sent. */
    get progress(): number {
        const going = this.items.reduce((sum, i) => sum + (i.state === 'sending' ? i.sent * i.size : 0), 0);
        return this.total > 0 ? Math.min(1, (this.done + going) / this.total) : 0;
    }

    /* Of a folder: its audio; covers and notes beside it are no failures. */
    addAudio(files: readonly File[]): number {
        const audio = files.filter((f) => !f.name.startsWith('.') && audioType(f.name, f.type) !== null);
        if (audio.length) this.add(audio);
        else toasts.note('There are no audio files in this folder');
        return audio.length;
    }

    add(files: Iterable<File>) {
        for (const file of files) this.put(file, audioType(file.name, file.type) ? shelf.keep(file) : null);
        this.pump();
    }

    private put(file: File, key: string | null) {
        const id = this.next++;
        this.files.set(id, { file, key });
        this.items.push({ id, name: file.name, size: file.size, sent: 0, state: 'waiting', error: '', tries: 0 });
        this.total += file.size;
    }

    /* Cancels what runs, forgets what failed. */
    remove(id: number) {
        this.running.get(id)?.abort();
        const item = this.items.find((i) => i.id === id);
        if (item && item.state !== 'failed') this.total -= item.size;
        this.forget(id);
        this.settle();
    }

    retry(id: number) {
        const item = this.items.find((i) => i.id === id);
        if (!item || item.state !== 'failed') return;
        item.state = 'waiting';
        item.sent = 0;
        item.tries = 0;
        this.total += item.size;
        this.pump();
    }

    private forget(id: number) {
        const f = this.files.get(id);
        if (f) shelf.forget(f.key, f.file.size);
        this.files.delete(id);
        this.items = this.items.filter((i) => i.id !== id);
    }

    private settle() {
        if (this.items.some((i) => i.state !== 'failed')) return;
        this.total = this.done = 0;
    }

    private pump() {
        if (this.pause) return;
        for (const item of this.items) {
            if (this.running.size >= PARALLEL) return;
            if (item.state === 'waiting') void this.send(item);
        }
    }

    private async send(item: Item) {
        const f = this.files.get(item.id);
        if (!f) return;
        item.state = 'sending';
        item.sent = 0;
        const job = upload(f.file, (sent) => (item.sent = sent));
        this.running.set(item.id, job);
        try {
            const { track, isNew } = await job.done;
            if (!isNew) this.known.push(`${item.name} was here already, as "${trackName(track)}"`);
            this.done += item.size;
            this.pauseFor(0);
            this.forget(item.id);
        } catch (e) {
            this.failed(item, asError(e));
        }
        this.running.delete(item.id);
        this.settle();
        this.pump();
        if (this.running.size || !this.known.length) return;
        toasts.note(this.known.length === 1 ? this.known[0]! : `${this.known.length} files were here already`);
        this.known = [];
    }

    private failed(item: Item, e: ApiError) {
        if (e.code === 'aborted') return;
        /* A file that cannot be read any more breaks off as well, however good the connection. */
        if (e.status === 0 && link.status === 'online') item.tries++;
        if ((e.status === 0 && item.tries < TRIES) || e.status === 503) {
            item.state = 'waiting';
            item.sent = 0;
            this.pauseFor(Math.min(MOST_MS, Math.max(PAUSE_MS, this.pause * 2)));
            return;
        }
        item.state = 'failed';
        item.error = e.message;
        this.total -= item.size;
    }

    private timer: ReturnType<typeof setTimeout> | null = null;
    private pauseFor(ms: number) {
        this.pause = ms;
        if (this.timer) clearTimeout(this.timer);
        if (!ms) return;
        this.timer = setTimeout(() => {
            /* One goes ahead: when it gets through, so do the others. */
            const first = this.items.find((i) => i.state === 'waiting');
            if (first && !this.running.size) void this.send(first);
        }, ms);
    }
}

export const uploads = new Uploads();
loaded.uploads = uploads;
