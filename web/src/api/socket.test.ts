import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { backoff, Socket, type Status } from './socket';

class FakeSocket {
    static made: FakeSocket[] = [];
    static readonly OPEN = 1;
    readyState = 1;
    binaryType = '';
    onopen: (() => void) | null = null;
    onmessage: ((e: { data: string }) => void) | null = null;
    onclose: ((e: { code: number }) => void) | null = null;
    isClosed = false;
    constructor() {
        FakeSocket.made.push(this);
    }
    send() {}
    close() {
        this.isClosed = true;
    }
}

const said: Status[] = [];
const open = () => {
    const socket = new Socket('ws://there/ws', { text: () => undefined, binary: () => undefined, status: (s) => said.push(s), ended: () => undefined });
    socket.open();
    const ws = FakeSocket.made.at(-1)!;
    ws.onopen?.();
    return { socket, ws };
};
/* lumad talks for so long. */
const talk = (ws: FakeSocket, ms: number) => {
    for (let t = 0; t < ms; t += 100) {
        vi.advanceTimersByTime(100);
        ws.onmessage?.({ data: '{}' });
    }
};

beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal('WebSocket', FakeSocket);
    said.length = FakeSocket.made.length = 0;
});
afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
});

test('a socket on which lumad talks is kept, a silent one is lost and another opened', () => {
    const { ws } = open();
    talk(ws, 20_000);
    expect([said, ws.isClosed]).toEqual([['connecting', 'online'], false]);
    vi.advanceTimersByTime(3600);
    expect([said.at(-1), ws.isClosed]).toEqual(['offline', true]);
    vi.advanceTimersByTime(400);
    expect(FakeSocket.made.length).toBe(2);
});

test('a socket that slept with its machine is lost, although the page has felt no silence', () => {
    const { ws } = open();
    talk(ws, 1000);
    vi.setSystemTime(Date.now() + 3_600_000);
    talk(ws, 600);
    expect([said.at(-1), ws.isClosed]).toEqual(['offline', true]);
    vi.advanceTimersByTime(400);
    const next = FakeSocket.made.at(-1)!;
    next.onopen?.();
    talk(next, 20_000);
    expect([FakeSocket.made.length, said.at(-1)]).toEqual([2, 'online']);
});

test('two clocks that part little by little are no sleep', () => {
    const { ws } = open();
    for (let i = 0; i < 100; i++) {
        talk(ws, 500);
        vi.setSystemTime(Date.now() + 100);
    }
    expect([said.at(-1), FakeSocket.made.length]).toEqual(['online', 1]);
});

test('the pause before a try grows to four seconds', () => {
    expect(backoff(0, 0.5)).toBe(300);
    expect(backoff(20, 0.5)).toBe(4000);
});
