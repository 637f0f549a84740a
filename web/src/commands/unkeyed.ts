/*
 * The commands that have no key: the palette alone offers them, and they are loaded with it. Where one means nothing (signing out where nobody signed in) it is
 * not in the list at all.
 */
import { STEM_NAMES } from '../state/host.svelte';
import { signOut } from '../state/leave';
import { session } from '../state/session.svelte';
import { host, lookedAt, masters, venues } from '../state/stores.svelte';
import { ui, type Side, type Theme } from '../state/ui.svelte';
import { hooks, needsTrack, ROOM_LABELS, type Command } from './commands.svelte';

const needsStems = () => (host.stems.available ? null : 'The stems are not there');
const needsStage = () => (document.querySelector('.stage-canvas') ? null : 'No stage is shown');

/* Parts of rooms, by their address. */
const PLACES: readonly [label: string, room: 'venue' | 'settings', ...rest: string[]][] = [
    ['Venue, patch: fixtures and universes', 'venue', 'patch'],
    ['Venue, stage: where the lights hang', 'venue', 'stage'],
    ['Venue, groups', 'venue', 'groups'],
    ['Venue, outputs: Art-Net, sACN, USB interfaces, nodes', 'venue', 'outputs'],
    ['Venue, DMX: what is sent and what is received', 'venue', 'dmx'],
    ['Sound: devices, effects, calibration', 'settings', 'sound'],
    ['Settings, general: this browser, the machine, plug-ins', 'settings', 'general'],
    ['Users', 'settings', 'access', 'users'],
    ['Tokens of programs', 'settings', 'access', 'tokens'],
    ['Audit: who did what', 'settings', 'audit'],
];

const GUIDES = ['library', 'venue', 'patterns', 'scores', 'show', 'settings'] as const;
const PAGES: readonly [label: string, at: string][] = [
    ['first steps', 'rooms/welcome'],
    ...GUIDES.map((room): [string, string] => [ROOM_LABELS[room], `rooms/${room}`]),
    ['users, roles and passwords', 'rooms/access'],
    ['keys', 'keys'],
    ['nodes', 'nodes'],
    ['effects of an output', 'effects'],
    ['API', 'api'],
    ['configuration', 'config'],
    ['tables of the database', 'tables'],
];

const THEMES: Record<Theme, string> = { dark: 'dark', light: 'light', night: 'red night' };
const SIDES: Record<Side, string> = { frame: 'the light as it is meant', wire: 'the light as it is sent', both: 'compare what is sent with what is meant' };

const ALWAYS: readonly Command[] = [
    { id: 'welcome', label: 'First steps: the demo show, set up my room', group: 'Go to', run: ui.goWelcome },
    ...PLACES.map(([label, room, ...rest]): Command => ({ id: `go.${[room, ...rest].join('.')}`, label, group: 'Go to', run: () => ui.go(room, ...rest) })),
    {
        id: 'rate.pitch', label: 'Keep the pitch, or let it go along with the rate', group: 'Transport',
        blocked: needsTrack, run: () => host.setRate(host.rate, !host.keepPitch),
    },
    {
        id: 'next.cancel', label: 'Take the next track off', group: 'Transport',
        blocked: () => (host.next ? null : 'No track is queued'), run: () => void host.cancelNext(),
    },
    ...STEM_NAMES.map((name): Command => ({
        id: `stem.${name}`, label: `Mute or unmute the ${name}`, group: 'Transport',
        blocked: needsStems, run: () => host.setStem(name, { mute: !host.stems[name].mute }),
    })),
    { id: 'stem.mix', label: 'All stems as they are', group: 'Transport', blocked: needsStems, run: host.openStems },
    { id: 'freeze', label: 'Freeze on or off', group: 'Show', run: () => void masters.toggleFreeze() },
    { id: 'groups-full', label: 'All groups to full', group: 'Show', run: () => void masters.allGroupsFull() },
    { id: 'lock', label: 'Lock this page', group: 'Show', needs: 'viewer', run: () => ui.setLocked(true) },
    { id: 'upload', label: 'Add tracks from files', group: 'Edit', run: () => hooks.chooseFiles() },
    { id: 'import', label: 'Import a folder, playlist or DJ library', group: 'Edit', run: () => hooks.openImport() },
    { id: 'jobs', label: 'Jobs and uploads', group: 'Page', run: () => void (ui.panel = ui.panel === 'jobs' ? null : 'jobs') },
    { id: 'meters', label: 'Meters', group: 'Page', run: () => void (ui.isMetersOpen = !ui.isMetersOpen) },
    { id: 'stage', label: 'Pin or unpin the stage', group: 'Page', run: ui.toggleStage },
    ...Object.entries(SIDES).map(([side, words]): Command => ({
        id: `stage.${side}`, label: `Stage: ${words}`, group: 'Page', blocked: needsStage, run: () => ui.showSide(side as Side),
    })),
    ...Object.entries(THEMES).map(([theme, words]): Command => ({
        id: `theme.${theme}`, label: `Theme: ${words}`, group: 'Page',
        blocked: () => (ui.theme === theme ? 'It is so' : null), run: () => ui.setTheme(theme as Theme),
    })),
    ...PAGES.map(([label, at]): Command => ({ id: `help.${at}`, label: `Help: ${label}`, group: 'Page', run: () => ui.openHelp(at) })),
];

/* Of whoever is here. */
function own(): Command[] {
    if (session.needsSetup) return [{ id: 'me.setup', label: 'Set the first password', group: 'Page', run: session.askSetUp }];
    if (!session.isBySignIn) return [];
    return [
        { id: 'me.password', label: 'Change the password', group: 'Page', run: () => ui.go('settings', 'access') },
        { id: 'me.browsers', label: 'Signed-in browsers', group: 'Page', run: () => ui.go('settings', 'access', 'browsers') },
        { id: 'me.switch', label: 'Sign in as somebody else', group: 'Page', run: session.switchUser },
        { id: 'me.out', label: `Sign out ${session.name}`, group: 'Page', run: () => void signOut() },
    ];
}

export function unkeyed(): Command[] {
    const rooms = (venues.data ?? []).map((v): Command => ({
        id: `venue.${v.id}`, label: `Look at venue ${v.name}`, group: 'Go to',
        blocked: () => (ui.room === 'venue' && lookedAt() === v.id ? 'It is open' : null),
        run: () => {
            ui.venueId = v.id;
            ui.go('venue');
        },
    }));
    return [...ALWAYS, ...own(), ...rooms];
}
