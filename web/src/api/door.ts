/*
 * Whether lumad may be asked at all. While nobody is signed in what is asked waits here, and goes on when somebody is: an edit under way when a session
 * ends is not lost. What is meant for this moment (play, blackout) does not wait: minutes later it would come as a surprise.
 * The session (state/session) opens and shuts it. In a page it is shut until it is known who is here, for stores ask as soon as they are imported;
 * without a page, in tests, it stands open.
 */

/* What may be asked by anybody, and answers for itself. */
const ANYBODY = /^\/(auth\/(me|setup|login|logout|password)|health)(\?|$)/;
const THIS_MOMENT = /^\/(host-audio|show|cues)(\/|\?|$)|\/(identify|test)(\?|$)|^\/graph\/preview/;

class Door {
    /* The session's: it learns here that nobody is signed in any more, and shuts the door. */
    onRefused: (() => void) | null = null;
    /* Who came in last, or ''; what somebody else wanted to do does not go through in that name. */
    who = '';
    private opened: Promise<void> | null = null; /* null: open */
    private unlock: () => void = () => undefined;

    get isShut() {
        return this.opened !== null;
    }

    shut() {
        this.opened ??= new Promise((resolve) => (this.unlock = resolve));
    }

    open(who = this.who) {
        this.who = who;
        this.opened = null;
        this.unlock();
    }

    /* True when it may be asked, after a wait if need be; false: not now, and not later. */
    async pass(method: string, path: string, who: string): Promise<boolean> {
        if (ANYBODY.test(path)) return true;
        while (this.opened) {
            if (method !== 'GET' && THIS_MOMENT.test(path)) return false;
            await this.opened;
        }
        return method === 'GET' || !who || who === this.who;
    }

    /* After a 401: true when it is worth asking again, through the door. */
    refused(path: string): boolean {
        if (!this.onRefused || ANYBODY.test(path)) return false;
        this.shut();
        this.onRefused();
        return true;
    }
}

export const door = new Door();
if (typeof document !== 'undefined') door.shut();
