/*
 * Who is here and what they may do. It opens the door of the API and the socket when somebody may look, and asks to sign in over what is there when nobody
 * may: at the start, when a session ends, when a request is refused. What was asked meanwhile waits at the door and goes on.
 */
import { get, outbox, post } from '../api/client';
import { door } from '../api/door';
import { history } from '../commands/history.svelte';
import type { Me, Role } from '../api/types';
import { link } from './link.svelte';
import { toasts } from './toasts.svelte';

const RANK: Record<Role, number> = { none: 0, viewer: 1, operator: 2, admin: 3 };
export type Least = Exclude<Role, 'none'>;

/* Why the page asks: nobody came in yet; the session ended under somebody's hands; another shall come in; the first password. */
export type Asking = 'sign-in' | 'ended' | 'switch' | 'setup';

/* Of what signing in answers; a note: it could not be stored. */
interface Entry {
    note?: string;
}

const nameStored = () => localStorage.getItem('lumad.name') ?? '';

class Session {
    /* null: not known yet. Who was here last stays while the page asks who goes on. */
    me = $state.raw<Me | null>(null);
    asking = $state<Asking | null>(null);
    private checking: Promise<void> | null = null;

    start() {
        door.onRefused = () => this.ended();
        link.onEnded = () => this.ended();
        link.onLost = () => void this.check();
        link.onRole = (role) => role !== this.me?.role && void this.check();
        /* Another tab may have signed in, or out. */
        document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && void this.check());
        addEventListener('focus', () => this.asking && this.asking !== 'switch' && void this.check());
        void this.check();
    }

    /* Whether whoever is here may do it. Until that is known nothing is refused on suspicion. */
    can(least: Least): boolean {
        return this.me === null || RANK[this.me.role] >= RANK[least];
    }

    /* The same as a number. */
    get level(): number {
        return RANK[this.me?.role ?? 'admin'];
    }
    get role(): Role {
        return this.me?.role ?? 'none';
    }
    get name(): string {
        return this.me?.user?.name ?? '';
    }
    get lastName(): string {
        return this.name || nameStored();
    }
    /* Who sits at this machine before there is a password. */
    get isByLoopback() {
        return this.me?.via === 'loopback';
    }
    /* For people, also where nobody has a name. */
    get who(): string {
        return this.name || (this.isByLoopback ? 'This machine' : 'Nobody');
    }
    /* Signed in with a password, so they can sign out. */
    get isBySignIn() {
        return this.me?.via === 'session';
    }
    get needsSetup() {
        return this.me?.needs_setup ?? false;
    }

    check(): Promise<void> {
        this.checking ??= this.ask().finally(() => (this.checking = null));
        return this.checking;
    }

    private async ask() {
        let me: Me;
        try {
            me = await get<Me>('/auth/me');
        } catch {
            /* No answer, or none that says anything: what was known holds, and the socket tries on. */
            if (!this.asking) this.admit();
            return;
        }
        this.take(me);
    }

    private take(me: Me) {
        if (me.role !== 'none') {
            const isOther = this.me !== null && (this.me.role !== me.role || this.me.user?.id !== me.user?.id);
            if (this.me?.user && this.me.user.id !== me.user?.id) history.forget();
            this.me = me;
            if (me.user) localStorage.setItem('lumad.name', me.user.name);
            if (this.asking === 'sign-in' || this.asking === 'ended') this.asking = null;
            /* The socket is as good as the session it was opened in. */
            if (isOther) link.close();
            this.admit();
            return;
        }
        door.shut();
        link.close();
        /* Somebody was here: what they look at stays, with what they may do with it. */
        if (this.me && this.me.role !== 'none' && !me.needs_setup) {
            this.asking = 'ended';
            return;
        }
        this.me = me;
        this.asking = me.needs_setup ? 'setup' : 'sign-in';
    }

    private admit() {
        if (this.me) outbox.sign(this.me.user);
        door.open(this.me?.user?.id);
        link.open();
    }

    private ended() {
        door.shut();
        link.close();
        this.asking ??= 'ended';
        void this.check();
    }

    /* These throw what lumad says. */
    async signIn(name: string, password: string) {
        await this.enter(await post<Entry>('/auth/login', { name, password }));
    }

    /* The first password; whoever sits at the machine needs no code. */
    async setUp(name: string, password: string, code: string) {
        await this.enter(await post<Entry>('/auth/setup', { name, password, ...(code ? { code } : {}) }));
    }

    private async enter(entry: Entry) {
        if (entry?.note) toasts.note(entry.note);
        this.take(await get<Me>('/auth/me'));
        if (this.role !== 'none') this.asking = null;
    }

    async changePassword(old: string, password: string) {
        await post('/auth/password', { old, new: password });
        await this.check();
    }

    /* The page begins anew: nothing of whoever was here is left in it. */
    async signOut() {
        await post('/auth/logout');
        sessionStorage.clear();
        location.reload();
    }

    switchUser = () => (this.asking = 'switch');
    askSetUp = () => (this.asking = 'setup');
    /* Where somebody is in anyway. */
    dismiss = () => {
        if (this.role !== 'none' && (this.asking === 'switch' || this.asking === 'setup')) this.asking = null;
    };
}

export const session = new Session();
