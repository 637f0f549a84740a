/* What the palette offers: every command, by group, which also says what undo would undo; then tracks and patterns by name. Loaded with it. */
import { findTrack, host, patterns, trackName } from '../state/stores.svelte';
import { TrackSearch } from '../state/tracks.svelte';
import { ui } from '../state/ui.svelte';
import { commands, GROUPS, type Command } from './commands.svelte';
import { history } from './history.svelte';
import { unkeyed } from './unkeyed';

/* Tracks that answer to what is typed into the palette; there may be too many to have them all. */
const found = new TrackSearch();
/* null: it is closed. */
export const searchPalette = (query: string | null) =>
    found.ask(query === null ? null : query.split(/\s+/).filter((word) => !/^(load|track)$/i.test(word)).join(' '));

/* The palette also says what undo would undo, and offers tracks and every pattern. */
export function paletteCommands(): Command[] {
    const current = findTrack(host.trackId)?.id;
    const load = (found.found.data ?? []).map(
        (t): Command => ({
            id: `load.${t.id}`,
            label: `Load track ${trackName(t)}${t.artist ? ` - ${t.artist}` : ''}`,
            group: 'Transport',
            ...(t.id === current ? { blocked: () => 'Loaded' } : {}),
            run: () => void host.load(t.id),
        }),
    );
    const all = [...commands, ...unkeyed()].sort((a, b) => GROUPS.indexOf(a.group) - GROUPS.indexOf(b.group));
    const named = all.map((c) => {
        const label = c.id === 'undo' || c.id === 'redo' ? history.next(c.id) : null;
        return label ? { ...c, label: `${c.label}: ${label}` } : c;
    });
    const open = (patterns.data ?? []).map(
        (p): Command => ({ id: `pattern.${p.id}`, label: `Open pattern ${p.name}`, group: 'Go to', run: () => ui.go('patterns', p.id) }),
    );
    return [...named, ...load, ...open];
}
