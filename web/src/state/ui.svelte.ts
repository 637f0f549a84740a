/* The page's own state: the room (in the address), theme, pinned stage, open panels. */

export const ROOMS = ['library', 'venue', 'patterns', 'scores', 'show', 'settings'] as const;
export type Room = (typeof ROOMS)[number];
export type Theme = 'dark' | 'light' | 'night';
export const THEMES: Theme[] = ['dark', 'light', 'night'];
/* Which side of the light the stage shows: what was meant, what the DMX bytes say, or the latter with marks where it is not the former. */
export const SIDES = ['frame', 'wire', 'both'] as const;
export type Side = (typeof SIDES)[number];
export type Panel = 'warnings' | 'jobs' | null;

function stored<T extends string>(key: string, allowed: readonly T[], fallback: T): T {
    const value = globalThis.localStorage?.getItem(`lumad.${key}`); /* without a page there is none */
    return allowed.find((a) => a === value) ?? fallback;
}

class Ui {
    room = $state<Room>('library');
    /* The address names no room (yet). */
    isAnywhere = $state(true);
    /* The first steps (#/welcome): not one of the six rooms. */
    isWelcome = $state(false);
    /* Nothing happens by a touch or a key until it is opened again, but blackout. */
    isLocked = $state(stored('lock', ['on', 'off'], 'off') === 'on');
    /* What follows each room in the address, a tab or an id, as it was last: a page that is
     * being left does not take the next room's for its own. */
    rest = $state<Record<Room, string[]>>({ library: [], venue: [], patterns: [], scores: [], show: [], settings: [] });
    theme = $state<Theme>(stored('theme', THEMES, 'dark'));
    isStagePinned = $state(stored('stage', ['on', 'off'], 'off') === 'on');
    isDeckOpen = $state(stored('deck', ['on', 'off'], 'off') === 'on');
    isNextOpen = $state(false);
    isMetersOpen = $state(false);
    isWhoOpen = $state(false);
    stageSide = $state<Side>(stored('side', SIDES, 'frame'));
    isPaletteOpen = $state(false);
    /* The help lies over the room and has an address of its own: #/help/nodes/beat_clock. */
    isHelpOpen = $state(false);
    helpAt = $state('');
    panel = $state<Panel>(null);
    isListOpen = $state(false);
    isInspectorOpen = $state(false);
    /* The patched venue the rooms look at; null: the show's. */
    venueId = $state<string | null>(null);

    start() {
        const read = () => {
            const [room, ...rest] = location.hash.replace(/^#\/?/, '').split('/').map(decodeURIComponent);
            this.isHelpOpen = room === 'help';
            if (this.isHelpOpen) {
                this.helpAt = rest.filter(Boolean).join('/');
                return;
            }
            this.isHelpFromHere = false;
            const known = ROOMS.find((r) => r === room);
            this.isAnywhere = !room;
            this.isWelcome = room === 'welcome';
            this.room = known ?? 'library';
            this.rest[this.room] = known ? rest.filter(Boolean) : [];
            this.isListOpen = this.isInspectorOpen = false;
        };
        addEventListener('hashchange', read);
        read();
        this.setTheme(this.theme);
    }

    /* Where the address names no room; the way back does not lead there. */
    openFirst(room: Room | 'welcome') {
        if (!this.isAnywhere) return;
        if (!this.isHelpOpen) return location.replace(`#/${room}`);
        this.isWelcome = room === 'welcome';
        if (room !== 'welcome') this.room = room;
        this.isAnywhere = false;
    }

    goWelcome = () => (location.hash = '/welcome');

    setLocked = (isLocked: boolean) => {
        this.isLocked = isLocked;
        if (isLocked) this.panel = null;
        localStorage.setItem('lumad.lock', isLocked ? 'on' : 'off');
    };

    go(room: Room, ...rest: string[]) {
        location.hash = `/${[room, ...rest].map(encodeURIComponent).join('/')}`;
    }

    /* The way back leads to the room at once, however much was read. */
    private isHelpFromHere = false;
    /* Without an address: the guide of what is shown, which the address names before the page does. */
    openHelp = (at = `rooms/${['welcome', ...ROOMS].find((r) => location.hash.startsWith(`#/${r}`)) ?? this.room}`) => {
        const address = `#/help/${at.split('/').map(encodeURIComponent).join('/')}`;
        if (this.isHelpOpen) history.replaceState(null, '', address);
        else {
            this.isHelpFromHere = true;
            location.hash = address;
        }
        this.helpAt = at;
        this.isHelpOpen = true;
    };
    closeHelp = () => {
        if (!this.isHelpOpen) return;
        this.isHelpOpen = false;
        if (this.isHelpFromHere) history.back();
        else location.replace(this.isWelcome ? '#/welcome' : `#/${[this.room, ...this.rest[this.room]].map(encodeURIComponent).join('/')}`);
    };
    toggleHelp = () => (this.isHelpOpen ? this.closeHelp() : this.openHelp());

    setTheme(theme: Theme) {
        this.theme = theme;
        document.documentElement.dataset.theme = theme;
        localStorage.setItem('lumad.theme', theme);
    }

    nextTheme = () => this.setTheme(THEMES[(THEMES.indexOf(this.theme) + 1) % THEMES.length]!);

    showSide(side: Side) {
        this.stageSide = side;
        localStorage.setItem('lumad.side', side);
    }

    openDeck = (isOpen: boolean) => {
        this.isDeckOpen = isOpen;
        localStorage.setItem('lumad.deck', isOpen ? 'on' : 'off');
    };

    toggleStage = () => {
        this.isStagePinned = !this.isStagePinned;
        localStorage.setItem('lumad.stage', this.isStagePinned ? 'on' : 'off');
    };
}

export const ui = new Ui();
