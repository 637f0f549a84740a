/*
 * What to do about each warning of lumad, by its id ("audio.lost") or the part before its last dot ("output" of "output.<row id>"). A warning that lumad can raise
 * and that is not here fails warnings.test.ts. Pure.
 */
import type { Room } from '../state/ui.svelte';

/* What the button does that is more than leading somewhere. */
export type Deed = 'load-score-track';

export interface Help {
    /* In two or three words: what it is about. */
    about: string;
    todo: string;
    /* The place where it is done. */
    go?: { label: string; to: [Room, ...string[]] };
    deed?: { label: string; what: Deed };
}

export const HELP: Record<string, Help> = {
    'audio.lost': { about: 'Sound device', todo: 'Plug it in again: sound comes back by itself, in time. Or choose another output.', go: { label: 'Sound outputs', to: ['settings', 'sound'] } },
    'audio.device': { about: 'Sound device', todo: 'The light keeps time without sound. Connect the device, or choose another output.', go: { label: 'Sound outputs', to: ['settings', 'sound'] } },
    'audio.input': { about: 'Sound input', todo: 'Connect it, or choose another input. Nothing but its meters depends on it.', go: { label: 'Sound inputs', to: ['settings', 'sound'] } },
    'artnet.unheard': { about: 'Art-Net', todo: 'Switch the node on and set it to this universe, or give the output the address of its node.', go: { label: 'Outputs and nodes', to: ['venue', 'outputs'] } },
    output: { about: 'Output', todo: 'Look at the cable and the address of the output. The other outputs go on.', go: { label: 'Outputs', to: ['venue', 'outputs'] } },
    'dmx.test': { about: 'Test', todo: 'It goes over what the show says. End it where it was begun; it ends with that page at the latest.', go: { label: 'Outputs', to: ['venue', 'outputs'] } },
    sender: { about: 'Another sender', todo: 'Switch one of the two off, give them different priorities, or let lumad merge what it receives.', go: { label: 'DMX', to: ['venue', 'dmx'] } },
    sender_above: { about: 'Another sender', todo: 'That is how a desk takes over. To have the universe back, raise the priority of the output, or switch the other off.', go: { label: 'Outputs', to: ['venue', 'outputs'] } },
    patch: { about: 'Patch', todo: 'Move, re-mode or mend the fixture it names. The others are lit as ever.', go: { label: 'Patch', to: ['venue', 'patch'] } },
    parked: { about: 'Parked channels', todo: 'Free them when they need not be held any more; the fixture says which they are.', go: { label: 'Patch', to: ['venue', 'patch'] } },
    guard: { about: 'Flash guard', todo: 'Nothing, if people who are sensitive to flashes may be here. It is switched in Show.', go: { label: 'Show', to: ['show'] } },
    graph: { about: 'Score', todo: 'Mend the pattern at the node it names, or give the block other arguments. The other blocks play.', go: { label: 'Scores', to: ['scores'] } },
    'score.track': { about: 'Track', todo: 'The score is dark until its own track is loaded.', deed: { label: "Load the score's track", what: 'load-score-track' } },
    'show.track': { about: 'Track', todo: 'Look at the track: its file may be gone or broken. Add it once more, or choose another.', go: { label: 'Library', to: ['library'] } },
    'show.preview': { about: 'Preview', todo: 'Save the pattern, or end the preview where it was begun.', go: { label: 'Patterns', to: ['patterns'] } },
    'show.reload': { about: 'Show', todo: 'Is the disk full, or the memory? What was on stays on, and the change follows when there is room.' },
    'show.remember': { about: 'Disk', todo: 'Make room on the disk, then put the show on once more: it is remembered then.', go: { label: 'Show', to: ['show'] } },
    'auth.no_password': { about: 'Access', todo: 'Set the first password: until then nobody but this machine comes in.', go: { label: 'Access', to: ['settings', 'access'] } },
    'auth.unsaved': { about: 'Disk', todo: 'Make room on the disk. Who is signed in stays so until lumad is started again.' },
    audit: { about: 'Disk', todo: 'Make room on the disk: what is changed until then is not in the list of changes.' },
    library: { about: 'Fixture library', todo: 'Mend or remove the definition file it names: it is read again at once.' },
    plugin: { about: 'Plug-in', todo: 'Put a mended file in its place, or read it again.', go: { label: 'Plug-ins', to: ['settings', 'general'] } },
};

export function helpOf(id: string): Help | null {
    const dot = id.indexOf('.');
    return HELP[id] ?? (dot > 0 ? HELP[id.slice(0, dot)] : undefined) ?? null;
}

const RANK: Record<string, number> = { error: 0, warn: 1, info: 2 };
/* The gravest first, then the newest. */
export const inOrder = <T extends { level: string; since: string }>(all: readonly T[]): T[] =>
    [...all].sort((a, b) => (RANK[a.level] ?? 1) - (RANK[b.level] ?? 1) || b.since.localeCompare(a.since));
