/* The connection: one socket for the page, its state, and who gets which message. */
import { decodeDmx, kindOf } from '../api/binary';
import { outbox } from '../api/client';
import { Socket, type Status } from '../api/socket';
import type { HostAudio, Meters } from '../api/types';
import { changed } from './changes';
import { live, now } from './live';

/* So long what is looked at waits for the edits that go out first. */
const SENT_MS = 1500;

class Link {
    status = $state<Status>('connecting');
    /* The daemon was replaced by another version while this page was open. */
    isOutdated = $state(false);
    /* A different patch number means: fetch the heads again. */
    patch = $state(-1);
    /* This socket's id, worth something as long as it is open; null: it is not. */
    client = $state<string | null>(null);
    /* How often the socket was opened. What lumad counts begins anew with a lumad that was started anew. */
    opened = 0;
    /* The topics a viewer of slow data wants, as they came. */
    onHostAudio: ((m: HostAudio) => void) | null = null;
    onJob: ((m: Record<string, unknown>) => void) | null = null;
    onSystem: (() => void) | null = null;
    /* The session's: what the socket may do; that it was closed because the session ended; that it was lost. */
    onRole: ((role: string) => void) | null = null;
    onEnded: (() => void) | null = null;
    onLost: (() => void) | null = null;

    private version: string | null = null;
    private wasLost = false;
    private isOpen = false;

    private readonly socket = new Socket(
        `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws`,
        {
            text: (m) => this.text(m),
            binary: (b) => this.binary(b),
            status: (s) => this.turn(s),
            ended: () => this.onEnded?.(),
        },
    );

    constructor() {
        for (const topic of ['host-audio', 'changes', 'jobs', 'system']) this.socket.subscribe(topic);
        /* After a sleep the timers may still take their time. */
        const again = () => this.isOpen && document.visibilityState === 'visible' && this.socket.again();
        addEventListener('online', again);
        document.addEventListener('visibilitychange', again);
    }

    /* The session's: somebody may look, or nobody may. After a pause everything is asked anew. */
    open() {
        if (this.isOpen) return;
        this.isOpen = true;
        this.socket.open();
    }
    close() {
        if (!this.isOpen) return;
        this.isOpen = false;
        this.wasLost = true;
        this.client = null;
        this.socket.stop();
        this.status = 'connecting';
    }

    subscribe(topic: string): () => void {
        return this.socket.subscribe(topic);
    }

    private turn(status: Status) {
        if (status !== 'online') this.client = null;
        if (status === 'offline') {
            this.wasLost = true;
            outbox.lost();
        }
        if (status === 'online') {
            this.opened++;
            /* First what waits goes out, then what there is comes in: nothing that was typed flickers back to what it was. */
            const sent = outbox.back();
            if (this.wasLost) {
                this.wasLost = false;
                live.clock.reset();
                void Promise.race([sent, new Promise((done) => setTimeout(done, SENT_MS))]).then(() => changed('*'));
            }
        }
        this.status = status;
        if (status === 'offline') this.onLost?.();
    }

    private text(m: Record<string, unknown>) {
        switch (m.type) {
            case 'hello':
                this.client = typeof m.client === 'string' ? m.client : null;
                if (typeof m.role === 'string') this.onRole?.(m.role);
                if (typeof m.version !== 'string') break;
                if (this.version !== null && this.version !== m.version) this.isOutdated = true;
                this.version ??= m.version;
                break;
            case 'host-audio':
                live.clock.push(m as unknown as HostAudio, now());
                this.onHostAudio?.(m as unknown as HostAudio);
                break;
            case 'meters':
                live.meters = m as unknown as Meters;
                break;
            case 'changed':
                if (typeof m.table === 'string') changed(m.table, typeof m.id === 'string' ? m.id : undefined);
                break;
            case 'job':
            case 'jobs':
                this.onJob?.(m);
                break;
            case 'system':
                this.onSystem?.();
                break;
        }
    }

    private binary(buffer: ArrayBuffer) {
        const kind = kindOf(buffer);
        if (kind === 'frame' || kind === 'wire') {
            const frame = kind === 'wire' ? live.wire : live.frame;
            if (!frame.decode(buffer)) return;
            live.newest = frame;
            if (frame.patch !== this.patch) this.patch = frame.patch;
            return;
        }
        const u = decodeDmx(buffer);
        if (u) live.dmx.set(u.universe, u.slots);
    }
}

export const link = new Link();
