/* Playlists and libraries of DJ programs, in words. Pure. */
import type { ImportLibrary } from '../../api/types';

export const PROGRAMS: Record<string, string> = { rekordbox: 'rekordbox', traktor: 'Traktor', engine: 'Engine DJ', mixxx: 'Mixxx', playlist: 'Playlist' };

/* What can be sent as a file; databases (Engine, Mixxx) are read where they lie. */
export const isLibrary = (name: string): boolean => /\.(m3u8?|pls|xml|nml)$/i.test(name);

export function libraryWords(l: ImportLibrary): string {
    const many = (n: number, one: string, more: string) => `${n} ${n === 1 ? one : more}`;
    const parts = [many(l.tracks, 'track', 'tracks')];
    if (l.with_beats) parts.push(`${l.with_beats} with beat grids`);
    if (l.with_cues) parts.push(`${l.with_cues} with cue points`);
    /* A playlist of its own has no name in it. */
    const named = l.playlists.filter((p) => p.name).length;
    if (named) parts.push(many(named, 'playlist', 'playlists'));
    return `${parts.join(', ')}.`;
}
