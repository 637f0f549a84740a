/* Was something typed before this page was loaded? The frame asks, and loads what says so (ui/Leftovers) only then. */
export const DRAFTS_AT = 'lumad.draft.';

export function hadDrafts(): boolean {
    try {
        return Object.keys(sessionStorage).some((key) => key.startsWith(DRAFTS_AT));
    } catch {
        return false; /* no storage */
    }
}
