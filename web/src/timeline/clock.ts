/*
 * Where the music is now, between the messages of the `host-audio` topic.
 *
 * A message says: the position was `current_time` at `server_time`. The far clock is
 * related to ours by the message that travelled fastest of late (the smallest
 * difference of two windows of 4 s), so a late message does not pull the playhead back.
 */
import type { HostAudio } from '../api/types';

const WINDOW_S = 4;

/* Server times are seconds; instants may also be written as RFC 3339. */
export function serverSeconds(t: number | string): number {
    return typeof t === 'number' ? t : Date.parse(t) / 1000;
}

export class HostClock {
    message: HostAudio | null = null;
    private offset = Infinity;
    private older = Infinity;
    private windowStart = 0;

    /* now: seconds of a monotonic clock of ours. */
    push(message: HostAudio, now: number) {
        const far = serverSeconds(message.server_time);
        const offset = Number.isFinite(far) ? now - far : now;
        if (now - this.windowStart > WINDOW_S) {
            this.older = this.offset;
            this.offset = offset;
            this.windowStart = now;
        } else {
            this.offset = Math.min(this.offset, offset);
        }
        this.message = message;
    }

    /* The far clock starts anew with a new connection. */
    reset() {
        this.offset = this.older = Infinity;
        this.windowStart = 0;
    }

    /* Seconds on the track; 0 when nothing is loaded. */
    position(now: number): number {
        const m = this.message;
        if (!m || !m.loaded) return 0;
        if (!m.playing) return m.current_time;
        const age = now - Math.min(this.offset, this.older) - serverSeconds(m.server_time);
        /* Without news for a second the picture stands still rather than lies. */
        let t = m.current_time + Math.min(1, Math.max(0, age || 0)) * m.rate;
        const { enabled, start, end } = m.loop;
        if (enabled && end > start && m.current_time < end && t >= end) {
            t = start + ((t - start) % (end - start));
        }
        return m.duration > 0 ? Math.min(t, m.duration) : t;
    }
}
