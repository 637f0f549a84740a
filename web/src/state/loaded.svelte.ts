/*
 * What only some rooms need and the frame speaks of: it puts itself here when it is loaded, so that the frame need not wait for it. null: it has not been, and
 * there is nothing to say.
 */
class Loaded {
    past = $state.raw<typeof import('./past.svelte').past | null>(null);
    grid = $state.raw<typeof import('./grid.svelte').grid | null>(null);
    clashes = $state.raw<typeof import('./clashes.svelte').clashes | null>(null);
    uploads = $state.raw<typeof import('./uploads.svelte').uploads | null>(null);
}

export const loaded = new Loaded();
