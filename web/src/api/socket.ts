/*
 * The WebSocket: subscriptions counted per topic, found again after a loss with a
 * growing pause. A socket that is open but silent is lost as well: `host-audio` comes
 * 20 times a second, so three quiet seconds mean the far end is gone. So is one that
 * slept with its machine: the far end gave it up, and what came meanwhile is missing.
 */

export type Status = 'connecting' | 'online' | 'offline';

export interface Handlers {
    text(message: Record<string, unknown>): void;
    binary(buffer: ArrayBuffer): void;
    status(status: Status): void;
    /* lumad closed it because the session it was opened in has ended. */
    ended(): void;
}

const SESSION_ENDED = 4401;

const SILENCE_MS = 3000;
const MAX_FPS = 30;

/* Pause before the n-th attempt (from 0): 0.3 s growing to 4 s, spread by a fifth so
 * that many tablets do not come back in the same instant. */
export function backoff(attempt: number, random: number): number {
    return Math.min(4000, 300 * 1.7 ** attempt) * (0.9 + 0.2 * random);
}

export class Socket {
    private ws: WebSocket | null = null;
    private topics = new Map<string, number>();
    private attempt = 0;
    private timer: ReturnType<typeof setTimeout> | undefined;
    private watch: ReturnType<typeof setInterval> | undefined;
    private heard = 0;

    constructor(
        private readonly url: string,
        private readonly handlers: Handlers,
    ) {}

    open() {
        clearTimeout(this.timer);
        this.handlers.status(this.attempt === 0 ? 'connecting' : 'offline');
        const ws = new WebSocket(this.url, 'lumad.v1');
        ws.binaryType = 'arraybuffer';
        this.ws = ws;
        this.heard = performance.now();
        ws.onopen = () => {
            this.attempt = 0;
            this.heard = performance.now();
            if (this.topics.size) this.send('subscribe', [...this.topics.keys()]);
            this.handlers.status('online');
        };
        ws.onmessage = (e: MessageEvent<string | ArrayBuffer>) => {
            this.heard = performance.now();
            if (typeof e.data !== 'string') return this.handlers.binary(e.data);
            let message: unknown;
            try {
                message = JSON.parse(e.data);
            } catch {
                return; /* not ours: a broken text frame changes nothing */
            }
            if (typeof message === 'object' && message !== null) {
                this.handlers.text(message as Record<string, unknown>);
            }
        };
        ws.onclose = (e) => {
            this.lost(ws);
            if (e.code === SESSION_ENDED) this.handlers.ended();
        };
        clearInterval(this.watch);
        /* While a machine sleeps the day goes on, and on many the page's own clock does not. */
        const lag = () => Date.now() - performance.now();
        /* From one look to the next: over hours the two part by seconds also where nobody sleeps. */
        let before = lag();
        this.watch = setInterval(() => {
            const since = lag() - before;
            before += since;
            if (performance.now() - this.heard > SILENCE_MS || since > SILENCE_MS) this.lost(ws);
        }, 500);
    }

    /* No socket and no try at one, until open(). */
    stop() {
        clearTimeout(this.timer);
        clearInterval(this.watch);
        const ws = this.ws;
        this.ws = null;
        this.attempt = 0;
        if (!ws) return;
        ws.onopen = ws.onmessage = ws.onclose = null;
        ws.close();
    }

    /* Something says that there may be a way again (the network is back, the machine woke up): tries at once instead of at the end of the pause. */
    again() {
        if (this.ws || !this.watch) return;
        this.attempt = Math.min(this.attempt, 1);
        this.open();
    }

    /* Wants a topic until the returned function is called. */
    subscribe(topic: string): () => void {
        const users = this.topics.get(topic) ?? 0;
        this.topics.set(topic, users + 1);
        if (users === 0) this.send('subscribe', [topic]);
        let isHeld = true;
        return () => {
            if (!isHeld) return;
            isHeld = false;
            const left = (this.topics.get(topic) ?? 1) - 1;
            if (left > 0) {
                this.topics.set(topic, left);
            } else {
                this.topics.delete(topic);
                this.send('unsubscribe', [topic]);
            }
        };
    }

    private send(type: 'subscribe' | 'unsubscribe', topics: string[]) {
        if (this.ws?.readyState !== WebSocket.OPEN) return;
        this.ws.send(
            JSON.stringify(type === 'subscribe' ? { type, topics, max_fps: MAX_FPS } : { type, topics }),
        );
    }

    private lost(ws: WebSocket) {
        if (ws !== this.ws) return; /* an older socket's last words */
        clearInterval(this.watch);
        ws.onopen = ws.onmessage = ws.onclose = null;
        ws.close();
        this.ws = null;
        this.handlers.status('offline');
        this.timer = setTimeout(() => this.open(), backoff(this.attempt++, Math.random()));
    }
}
