import { expect, test } from 'vitest';
import { isLibrary, libraryWords } from './imports';

test('what can be sent is told by its name', () => {
    expect(['a.M3U', 'b.m3u8', 'c.xml', 'd.nml', 'e.pls'].every(isLibrary)).toBe(true);
    expect(['m.db', 'mixxxdb.sqlite', 'a.mp3', 'xml'].some(isLibrary)).toBe(false);
});

test('a library is told in a sentence', () => {
    expect(libraryWords({ program: 'rekordbox', path: '/x', tracks: 1, with_beats: 1, with_cues: 0, playlists: [{ name: 'a', tracks: 1 }] })).toBe('1 track, 1 with beat grids, 1 playlist.');
    expect(libraryWords({ program: 'playlist', path: '/x.m3u', tracks: 3, with_beats: 0, with_cues: 0, playlists: [{ name: '', tracks: 3 }] })).toBe('3 tracks.');
});
