import { expect, test } from 'vitest';
import type { AuditLine } from '../../api/types';
import { linkTo, members, merge, placeOf, sentence } from './audit';

const line = (l: Partial<AuditLine>): AuditLine => ({ id: 1, at: '2026-03-01T12:00:00.000Z', user_name: 'jo', role: 'operator', address: '10.0.0.7', action: '', table: null, row_id: null, detail: {}, ...l });

test('a change is a sentence with what it is about', () => {
    expect(sentence(line({ action: 'POST /venues', table: 'venues', detail: { name: 'Club' } }))).toBe('Added a venue "Club"');
    expect(sentence(line({ action: 'PATCH /fixtures/{id}', table: 'fixtures', detail: { universe: 2, address: 7 } }))).toBe('Changed the fixture: universe, address');
    expect(sentence(line({ action: 'DELETE /patterns/{id}', table: 'patterns' }))).toBe('Deleted the pattern');
    expect(sentence(line({ action: 'POST /auth/users', table: 'users', detail: { name: 'vera', role: 'viewer' } }))).toBe('Added a user "vera"');
    expect(sentence(line({ action: 'POST /auth/login', table: 'login', detail: { name: 'vera' } }))).toBe('Signed in');
    expect(sentence(line({ action: 'POST /scores/{id}/annotations', table: 'score_annotations' }))).toBe('Added a block');
    expect(sentence(line({ action: 'POST /venues/{id}/outputs', table: 'outputs' }))).toBe('Added an output');
});

test('what runs the show has its own words, and how often', () => {
    expect(sentence(line({ action: 'POST /show/blackout', detail: { on: true } }))).toBe('Blackout on');
    expect(sentence(line({ action: 'POST /show/blackout', detail: { on: false } }))).toBe('Blackout off');
    expect(sentence(line({ action: 'POST /show/master', detail: { level: 0.4, times: 12 } }))).toBe('Master to 40 % (12 times)');
    expect(sentence(line({ action: 'POST /host-audio/play' }))).toBe('Played');
});

test('what is no route is said as it is', () => {
    expect(sentence(line({ action: 'sign-in failed', user_name: '' }))).toBe('Sign-in failed');
    expect(sentence(line({ action: 'lines lost', detail: { lost: 40 } }))).toMatch(/^40 lines/);
    expect(sentence(line({ action: 'create', table: 'groups', detail: { name: 'pars' } }))).toBe('Added a group "pars"');
});

test('a name of ten thousand letters is cut, and whatever it says stays text', () => {
    const text = sentence(line({ action: 'POST /venues', table: 'venues', detail: { name: `<script>${'x'.repeat(10_000)}` } }));
    expect(text.length).toBeLessThan(100);
    expect(text).toContain('<script>');
    expect(sentence(line({ action: 'POST /venues', table: 'venues', detail: { name: '\u202Eevil' } }))).toBe('Added a venue "\u2068\u202Eevil\u2069"');
});

test('it leads to the room', () => {
    expect(linkTo(line({ table: 'patterns', row_id: 'abc' }))).toEqual({ href: '#/patterns/abc', label: 'Open Patterns' });
    expect(linkTo(line({ table: 'fixtures', row_id: 'abc' }))?.href).toBe('#/venue/patch');
    expect(linkTo(line({ table: 'tracks' }))?.href).toBe('#/library');
    expect(linkTo(line({ table: null }))).toBeNull();
});

test('pieces of the log become one, the later word counts', () => {
    const a = [line({ id: 5 }), line({ id: 4, detail: { times: 1 } })];
    const b = [line({ id: 6 }), line({ id: 4, detail: { times: 3 } })];
    expect(merge(a, b).map((l) => [l.id, l.detail?.times])).toEqual([[6, undefined], [5, undefined], [4, 3]]);
    expect(members({ pos_x: 1.5, name: 'a' })).toEqual([['Pos x', '1.5'], ['Name', 'a']]);
    expect([placeOf('127.0.0.1'), placeOf(''), placeOf('10.0.0.7')]).toEqual(['this machine', 'this machine', '10.0.0.7']);
});
