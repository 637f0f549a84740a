/* The way from nothing to light in one's own room: what is done, what is next, and where it is done. Pure. */
import type { Room } from '../../state/ui.svelte';

export interface Facts {
    /* null: not known yet. */
    venue: { id: string; name: string } | null | undefined;
    fixtures: number | null;
    outputs: number | null;
    hasTracks: boolean;
}

export interface Step {
    id: 'venue' | 'fixtures' | 'outputs' | 'tracks';
    title: string;
    /* What it is for. */
    text: string;
    isDone: boolean;
    /* Of a done one: what there is. */
    there: string;
    /* What stands in the way: the step before. */
    isBlocked: boolean;
    label: string;
    go: [Room, ...string[]];
}

const many = (n: number, one: string, more = `${one}s`) => (n === 1 ? `1 ${one}` : `${n} ${more}`);

export function steps(f: Facts): Step[] {
    const hasVenue = Boolean(f.venue);
    return [
        {
            id: 'venue', title: 'Name the room', text: 'A venue is a room with its fixtures, their groups and where the DMX goes.',
            isDone: hasVenue, there: f.venue?.name ?? '', isBlocked: false, label: 'Open the venue', go: ['venue', 'patch'],
        },
        {
            id: 'fixtures', title: 'Patch the fixtures', text: 'Search the library by make or model, choose the mode, take the address that is offered.',
            isDone: (f.fixtures ?? 0) > 0, there: many(f.fixtures ?? 0, 'fixture'), isBlocked: !hasVenue, label: 'Patch fixtures', go: ['venue', 'patch'],
        },
        {
            id: 'outputs', title: 'Send the DMX', text: 'Art-Net, sACN or a USB interface for each universe. Nodes that are found need one click.',
            isDone: (f.outputs ?? 0) > 0, there: many(f.outputs ?? 0, 'output'), isBlocked: !hasVenue, label: 'Add outputs', go: ['venue', 'outputs'],
        },
        {
            id: 'tracks', title: 'Add tracks', text: 'Drop audio files or a folder anywhere on this page. Beats, chords and stems are heard on arrival.',
            isDone: f.hasTracks, there: 'They are in the library', isBlocked: false, label: 'Open the library', go: ['library'],
        },
    ];
}

/* What one would do now; null: all of it is done. */
export const next = (all: readonly Step[]): Step | null => all.find((s) => !s.isDone && !s.isBlocked) ?? null;
