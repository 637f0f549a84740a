import { expect, test } from 'vitest';
import { countsText, fileName, freeName, readVenueFile } from './venuefile';

test('a name becomes a file name, whatever is in it', () => {
    expect(fileName('Club Zwölf / Saal 2')).toBe('club-zwölf-saal-2.venue.json');
    expect(fileName('../../etc/passwd')).toBe('etc-passwd.venue.json');
    expect(fileName('😀')).toBe('venue.venue.json');
    expect(fileName('x'.repeat(10_000)).length).toBe(60 + '.venue.json'.length);
});

test('a name that is taken counts on', () => {
    expect(freeName('Club', ['Hall'])).toBe('Club');
    expect(freeName('Club', ['club', 'Club 2'])).toBe('Club 3');
});

test('what is no venue is said in words', () => {
    expect(() => readVenueFile('a.json', '{')).toThrow(/not JSON/);
    for (const text of ['[]', 'null', '3', '{"format":"other"}']) expect(() => readVenueFile('a.json', text)).toThrow(/does not say/);
    expect(() => readVenueFile('a.json', ' '.repeat((8 << 20) + 1))).toThrow(/8 MiB/);
    expect(readVenueFile('Hall.venue.json', '{"format":"lumad venue","venue":{}}').name).toBe('Hall');
    expect(readVenueFile('a.json', '{"format":"lumad venue","venue":{"name":"Club"}}').name).toBe('Club');
});

test('what a venue has', () => {
    const none = { fixtures: 0, universes: 0, groups: 0, outputs: 0, scores: 0 };
    expect(countsText(none)).toBe('Empty');
    expect(countsText({ ...none, fixtures: 40, universes: 1, outputs: 2 })).toBe('40 fixtures, 1 universe, 2 outputs');
    expect(countsText(undefined)).toBe('');
});
