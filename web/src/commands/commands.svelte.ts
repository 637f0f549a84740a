/*
 * The command table: the palette (Ctrl K), the keys and the help overlay are made of it. What has no key stands in `unkeyed`, which comes with the palette.
 * A command that has nothing to act on at the moment says why in `blocked`.
 */
import { neighbour } from '../timeline/beats';
import { host, masters } from '../state/stores.svelte';
import { session, type Least } from '../state/session.svelte';
import { ROOMS, ui, type Room } from '../state/ui.svelte';
import { needed } from '../state/roles';
import { toasts } from '../state/toasts.svelte';
import { picked } from '../state/picked.svelte';
import { identify } from '../state/identify.svelte';
import { loaded } from '../state/loaded.svelte';
import { CUE_KEYS, cues } from './cues.svelte';
import { history } from './history.svelte';

export const GROUPS = ['Go to', 'Transport', 'Show', 'Edit', 'Page'] as const;

export interface Command {
    id: string;
    label: string;
    group: (typeof GROUPS)[number];
    keys?: string[];
    /* Acts only after the key was held so long: nothing to be done by a passing sleeve. */
    holdMs?: number;
    /* The room's own meaning of the key comes first. */
    isLast?: boolean;
    /* Fires again while the key is held. */
    repeats?: boolean;
    blocked?: () => string | null;
    /* The least role it needs, where its group does not say. */
    needs?: Least;
    /* The event that asked for it, where there is one. */
    run: (event?: Event) => void;
}

const GROUP_NEEDS: Record<Command['group'], Least> = { 'Go to': 'viewer', Page: 'viewer', Transport: 'operator', Show: 'operator', Edit: 'operator' };

/* Why whoever is here may not do it; null: they may. */
export function refusal(c: Command): string | null {
    const least = c.needs ?? GROUP_NEEDS[c.group];
    return session.can(least) ? null : needed(least);
}

export const ROOM_LABELS: Record<Room, string> = {
    library: 'Library',
    venue: 'Venue',
    patterns: 'Patterns',
    scores: 'Scores',
    show: 'Show',
    settings: 'Settings',
};

const QUANTIZED = { none: 'at once', beat: 'on the beat', bar: 'on the bar' } as const;
const RATE_STEP = 0.005;

export const needsTrack = () => (host.loaded ? null : 'No track is loaded');

/* By the beat grid where there is one, else by seconds. */
function step(dir: 1 | -1, by: 'beat' | 'bar') {
    const at = host.position;
    const times = by === 'beat' ? host.beats?.beats : host.beats?.downbeats;
    const fallback = at + dir * (by === 'beat' ? 1 : 5);
    const target = times?.length ? neighbour(times, at, dir) : null;
    void host.seek(Math.min(host.duration, Math.max(0, target ?? fallback)));
}

/* The picture that F, + and - are for while none has the focus: the one in the room's work, else the pinned stage. It takes keys by itself. */
const CANVAS = 'main .stage-canvas, main .timeline, main .canvas[data-keys="own"], main [data-canvas], .pinned .stage-canvas';
const canvasNow = () => [...document.querySelectorAll<HTMLElement>(CANVAS)].find((c) => c.offsetWidth > 0) ?? null;
const needsCanvas = () => (canvasNow() ? null : 'No picture is shown');
const toCanvas = (key: string) => canvasNow()?.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));

/* Set by the shell and the rooms. */
export const hooks = {
    chooseFiles: () => undefined as void,
    openImport: () => undefined as void,
    /* The track whose beats can be corrected now. */
    gridOf: () => null as string | null,
};

export const commands: Command[] = [
    ...ROOMS.map(
        (room, i): Command => ({
            id: `go.${room}`,
            label: ROOM_LABELS[room],
            group: 'Go to',
            keys: [String(i + 1)],
            run: () => ui.go(room),
        }),
    ),
    {
        id: 'play', label: 'Play or pause', group: 'Transport', keys: ['Space'],
        blocked: needsTrack, run: () => void host.toggle(),
    },
    {
        id: 'start', label: 'To the start', group: 'Transport', keys: ['Home'],
        blocked: needsTrack, run: () => void host.seek(0),
    },
    {
        id: 'end', label: 'To the end', group: 'Transport', keys: ['End'],
        blocked: needsTrack, run: () => void host.seek(host.duration),
    },
    {
        id: 'beat.back', label: 'One beat back', group: 'Transport', keys: ['ArrowLeft'], repeats: true,
        blocked: needsTrack, run: () => step(-1, 'beat'),
    },
    {
        id: 'beat.on', label: 'One beat on', group: 'Transport', keys: ['ArrowRight'], repeats: true,
        blocked: needsTrack, run: () => step(1, 'beat'),
    },
    {
        id: 'bar.back', label: 'One bar back', group: 'Transport', keys: ['Shift+ArrowLeft'], repeats: true,
        blocked: needsTrack, run: () => step(-1, 'bar'),
    },
    {
        id: 'bar.on', label: 'One bar on', group: 'Transport', keys: ['Shift+ArrowRight'], repeats: true,
        blocked: needsTrack, run: () => step(1, 'bar'),
    },
    {
        id: 'loop', label: 'Loop the selection or the track', group: 'Transport', keys: ['L'],
        blocked: needsTrack, run: () => void host.toggleLoop(),
    },
    {
        id: 'cue.add', label: 'Cue point here', group: 'Transport', keys: ['C'],
        blocked: needsTrack, run: () => void cues.addHere(),
    },
    ...Array.from({ length: CUE_KEYS }, (_, i): Command => ({
        id: `cue.${i + 1}`, label: `Jump to cue point ${i + 1}`, group: 'Transport', keys: [`Shift+${i + 1}`],
        blocked: () => needsTrack() ?? (cues.all[i] ? null : 'There is no such cue point'), run: () => cues.jump(i),
    })),
    {
        id: 'quantize', label: 'Jumps at once, on the beat, on the bar', group: 'Transport', keys: ['Q'], needs: 'viewer',
        run: () => {
            const all = ['none', 'beat', 'bar'] as const;
            host.setQuantize(all[(all.indexOf(host.quantize) + 1) % all.length]!);
            toasts.note(`Jumps happen ${QUANTIZED[host.quantize]}`);
        },
    },
    {
        id: 'rate.down', label: 'Slower', group: 'Transport', keys: [','], repeats: true,
        blocked: needsTrack, run: () => host.setRate(host.rate - RATE_STEP),
    },
    {
        id: 'rate.up', label: 'Faster', group: 'Transport', keys: ['.'], repeats: true,
        blocked: needsTrack, run: () => host.setRate(host.rate + RATE_STEP),
    },
    {
        id: 'rate.one', label: 'Original speed', group: 'Transport', keys: ['R'],
        blocked: needsTrack, run: () => host.setRate(1),
    },
    {
        id: 'next', label: 'Choose the next track', group: 'Transport', keys: ['N'],
        blocked: needsTrack,
        run: () => {
            ui.openDeck(true);
            setTimeout(() => (ui.isNextOpen = true));
        },
    },
    {
        id: 'click', label: 'Metronome on or off', group: 'Transport', keys: ['K'],
        run: () => host.setMetronome({ enabled: !host.metronome.enabled }),
    },
    {
        id: 'blackout', label: 'Blackout on or off', group: 'Show', keys: ['B'], holdMs: 300,
        run: () => void masters.toggleBlackout(),
    },
    {
        id: 'master', label: 'Master level', group: 'Show', keys: ['M'],
        run: () => {
            const field = document.getElementById('master');
            field?.focus();
            if (field instanceof HTMLInputElement) field.select();
        },
    },
    {
        id: 'identify', label: 'Identify the chosen fixtures', group: 'Show', keys: ['I'], isLast: true,
        blocked: () => (picked.size ? null : 'No fixture is chosen'), run: () => void identify.run(picked.ids),
    },
    {
        id: 'undo', label: 'Undo', group: 'Edit', keys: ['Ctrl+Z'],
        blocked: () => (history.next('undo') === null && !history.isWorking ? 'Nothing to undo' : null), run: () => void history.undo(),
    },
    {
        id: 'redo', label: 'Redo', group: 'Edit', keys: ['Ctrl+Shift+Z'],
        blocked: () => (history.next('redo') === null && !history.isWorking ? 'Nothing to redo' : null), run: () => void history.redo(),
    },
    {
        id: 'history', label: 'History of the pattern or score', group: 'Edit', keys: ['H'], needs: 'viewer',
        blocked: () => (loaded.past?.owner ? null : 'Only a pattern or a score has a history'), run: () => loaded.past?.toggle(),
    },
    {
        id: 'variant', label: 'Next variant', group: 'Edit', keys: ['V'],
        blocked: () => (loaded.past?.owner && loaded.past.branches.length > 1 ? null : 'There is one variant only'), run: () => void loaded.past?.nextVariant(),
    },
    {
        id: 'variant.save', label: 'Save as a variant', group: 'Edit', keys: ['Shift+V'],
        blocked: () => (loaded.past?.owner ? null : 'Only a pattern or a score has variants'), run: () => void loaded.past?.fork(),
    },
    {
        id: 'grid', label: 'Correct the beats', group: 'Edit', keys: ['G'],
        blocked: () => (hooks.gridOf() ? null : 'No track is shown'),
        run: () => {
            const id = hooks.gridOf();
            if (loaded.grid?.trackId) loaded.grid.close();
            else if (id) loaded.grid?.open(id);
        },
    },
    {
        id: 'tap', label: 'Tap the beat, while the beats are corrected', group: 'Edit', keys: ['T'],
        blocked: () => (!loaded.grid?.trackId ? 'The beats are not being corrected' : host.trackId !== loaded.grid.trackId ? 'The track is not loaded' : null),
        run: (e) => loaded.grid?.tap(e),
    },
    { id: 'fit', label: 'Fit: show all of the picture', group: 'Page', keys: ['F'], isLast: true, blocked: needsCanvas, run: () => void toCanvas('f') },
    { id: 'zoom.in', label: 'Nearer', group: 'Page', keys: ['+'], repeats: true, isLast: true, blocked: needsCanvas, run: () => void toCanvas('+') },
    { id: 'zoom.out', label: 'Farther', group: 'Page', keys: ['-'], repeats: true, isLast: true, blocked: needsCanvas, run: () => void toCanvas('-') },
    { id: 'warnings', label: 'Warnings', group: 'Page', keys: ['W'], run: () => void (ui.panel = ui.panel === 'warnings' ? null : 'warnings') },
    {
        id: 'palette', label: 'Search and commands', group: 'Page', keys: ['Ctrl+K'],
        run: () => void (ui.isPaletteOpen = !ui.isPaletteOpen),
    },
    {
        id: 'help', label: 'Help: rooms, keys, nodes, API, configuration', group: 'Page', keys: ['?'],
        run: ui.toggleHelp,
    },
    { id: 'deck', label: 'Deck: cue points, rate, loop, next track, stems', group: 'Page', keys: ['D'], run: () => ui.openDeck(!ui.isDeckOpen) },
];
