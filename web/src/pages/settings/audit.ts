/* Lines of the audit as sentences. Pure. */
import type { AuditLine } from '../../api/types';

/* What a row of a table is called, and the room that shows it. */
const NOUNS: Record<string, string> = {
    venues: 'venue', fixtures: 'fixture', groups: 'group', fixture_groups: 'group', score_annotations: 'block', track_markers: 'cue point', track_beats: 'beats of a track', graph: 'graph', library: 'fixture library', dmx: 'DMX', outputs: 'output', patterns: 'pattern', implementations: 'graph of a pattern', scores: 'score',
    annotations: 'block', tracks: 'track', markers: 'cue point', 'audio-chains': 'effects of an output', audio_chains: 'effects of an output', branches: 'variant', revisions: 'save', users: 'user',
    tokens: 'token', sessions: 'signed-in browser', settings: 'settings', jobs: 'job', batches: 'batch', imports: 'import', plugins: 'plug-in', parks: 'parked channels', show: 'show',
};
const noun = (table: string) => NOUNS[table] ?? table.replaceAll(/[_-]/g, ' ');

/* Of a route: what is said of it where "Added", "Changed" and "Deleted" would say little. */
const ROUTES: [RegExp, string | ((d: Record<string, unknown>) => string)][] = [
    [/^POST \/show\/blackout/, (d) => (d.on === false ? 'Blackout off' : 'Blackout on')],
    [/^POST \/show\/freeze/, (d) => (d.on === false ? 'Let the look go on' : 'Froze the look')],
    [/^POST \/show\/master/, (d) => `Master to ${percent(d.level)}`],
    [/^POST \/show\/group-master\/full/, 'All group masters to full'],
    [/^POST \/show\/group-master/, (d) => `Master of a group to ${percent(d.level)}`],
    [/^PUT \/show\/autoplay/, 'Changed what starts by itself'],
    [/^POST \/show\/demo/, 'Loaded the demo show'],
    [/^PUT \/show/, 'Changed what is on the show'],
    [/^POST \/host-audio\/load-(track|segment)/, 'Loaded a track'],
    [/^POST \/host-audio\/([a-z-]+)/, (d) => deck(String(d['']))],
    [/^PUT \/host-audio\/device/, 'Chose the sound output'],
    [/^PUT \/host-audio\/input/, 'Chose the sound input'],
    [/^PUT \/host-audio\/stems/, 'Changed the stems that are heard'],
    [/^PUT \/host-audio\/metronome/, 'Changed the metronome'],
    [/^PUT \/host-audio\/calibration/, 'Click and flash'],
    [/^PATCH \/settings/, 'Changed settings'],
    [/\/identify/, 'Flashed a fixture'],
    [/\/test/, 'Tested channels'],
    [/\/park/, 'Parked channels'],
    [/\/members/, 'Changed the members of a group'],
    [/\/fixtures\/array/, 'Patched several fixtures'],
    [/\/clone/, 'Copied a fixture'],
    [/\/renumber/, 'Renumbered the patch'],
    [/\/fixtures\/move/, 'Moved fixtures'],
    [/POST .*\/patch\.csv/, 'Imported a patch'],
    [/\/batch$/, 'Changed several at once'],
    [/\/graph$/, 'Saved the graph of a pattern'],
    [/\/beats/, 'Corrected the beats of a track'],
    [/\/analyze/, 'Analysed a track'],
    [/\/(undo|redo)$/, 'Undid or redid a save'],
    [/\/restore$/, 'Restored a save'],
    [/\/retry$/, 'Tried it again'],
    [/\/cancel$/, 'Cancelled it'],
    [/\/duplicate$/, 'Duplicated it'],
    [/POST .*\/imports?/, 'Imported'],
    [/\/auth\/login/, 'Signed in'],
    [/\/auth\/logout/, 'Signed out'],
    [/\/auth\/setup/, 'Set the first password'],
    [/\/auth\/password/, 'Changed their password'],
    [/^DELETE \/auth\/sessions/, 'Signed a browser out'],
    [/^POST \/auth\/tokens/, 'Made a token'],
    [/^DELETE \/auth\/tokens/, 'Revoked a token'],
    [/^POST \/system\/backup/, 'Took a backup'],
    [/^POST \/system\/stem-model/, 'Answered for the licence of the stem model'],
];
const DECK: Record<string, string> = {
    play: 'Played', pause: 'Paused', seek: 'Sought', loop: 'Changed the loop', rate: 'Changed the rate', volume: 'Changed the volume', unload: 'Took the track off', next: 'Chose the next track',
};
const deck = (what: string) => DECK[what] ?? `Deck: ${what.replaceAll('-', ' ')}`;
const percent = (v: unknown) => (typeof v === 'number' ? `${Math.round(v * 100)} %` : 'another level');

const VERBS: Record<string, string> = { POST: 'Added', PUT: 'Set', PATCH: 'Changed', DELETE: 'Deleted', create: 'Added', insert: 'Added', update: 'Changed', change: 'Changed', delete: 'Deleted' };
/* Where the name is that of who did it. */
const NAMELESS = /\/auth\/(login|logout|setup|password)$/;
const QUIET = new Set(['times', 'lost', 'id', 'name', 'title', 'label', 'client']);

/* Names are as long as people make them. */
const cut = (text: string) => (text.length > 60 ? `${text.slice(0, 59)}…` : text);
/* One that is written from right to left turns nothing around but itself. */
const TURNS = /[\u0590-\u08ff\u200e\u200f\u202a-\u202e\u2066-\u2069\ufb1d-\ufefc]/;
const short = (text: string) => (TURNS.test(text) ? `\u2068${cut(text)}\u2069` : cut(text));
const nameIn = (d: Record<string, unknown>) => [d.name, d.title, d.label].find((n): n is string => typeof n === 'string' && n !== '');
const upper = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

function ofRoute(method: string, path: string, line: AuditLine, d: Record<string, unknown>): string {
    const route = `${method} ${path}`;
    for (const [re, words] of ROUTES) {
        const m = re.exec(route);
        if (m) return typeof words === 'string' ? words : words({ ...d, '': m[1] ?? '' });
    }
    const parts = path.split('/').filter((p) => p && !p.startsWith('{') && !/^[0-9a-f-]{36}$/.test(p));
    const what = noun(line.table ?? parts.at(-1) ?? '');
    return `${VERBS[method] ?? method} ${article(what, method)}`;
}
const article = (what: string, method: string) => (/s$/.test(what) ? what : method === 'POST' || method === 'create' ? `${/^[aeio]/.test(what) ? 'an' : 'a'} ${what}` : `the ${what}`);

/* "Changed the fixture "Par 1": address, universe (12 times)". */
export function sentence(line: AuditLine): string {
    const d = line.detail ?? {};
    if (typeof d.lost === 'number') return `${d.lost} lines could not be kept: the disk was full`;
    const route = /^([A-Z]+) (\/\S*)$/.exec(line.action);
    const [verb = '', ...rest] = line.action.split(/[ ._-]/);
    let text = route ? ofRoute(route[1]!, route[2]!, line, d) : '';
    if (!text && VERBS[verb] && !rest.length && line.table) text = `${VERBS[verb]} ${article(noun(line.table), verb)}`;
    if (!text) text = upper(line.action.replaceAll('_', ' '));
    const name = NAMELESS.test(line.action) ? undefined : nameIn(d);
    if (name) text += ` "${short(name)}"`;
    const changed = Object.keys(d).filter((k) => !QUIET.has(k));
    if (/^Changed/.test(text) && changed.length) text += `: ${changed.slice(0, 6).map((k) => k.replaceAll('_', ' ')).join(', ')}${changed.length > 6 ? ` and ${changed.length - 6} more` : ''}`;
    if (typeof d.times === 'number' && d.times > 1) text += ` (${d.times} times)`;
    return text;
}

const ROOM_OF: Record<string, (id: string) => string> = {
    venues: () => '#/venue/patch', fixtures: () => '#/venue/patch', groups: () => '#/venue/groups', fixture_groups: () => '#/venue/groups', outputs: () => '#/venue/outputs',
    patterns: (id) => `#/patterns/${id}`, tracks: (id) => `#/library/${id}`, show: () => '#/show', settings: () => '#/settings/general', users: () => '#/settings/access/users', plugins: () => '#/settings/general',
    score_annotations: () => '#/scores', scores: () => '#/scores', branches: () => '#/patterns', track_markers: () => '#/library', track_beats: () => '#/library', tokens: () => '#/settings/access/tokens', sessions: () => '#/settings/access/browsers', audio_chains: () => '#/settings/sound',
};
const ROOM_NAMES: Record<string, string> = { library: 'Library', venue: 'Venue', patterns: 'Patterns', scores: 'Scores', show: 'Show', settings: 'Settings' };

/* To the room that shows what the line is about. */
export function linkTo(line: AuditLine): { href: string; label: string } | null {
    if (!line.table) return null;
    const href = ROOM_OF[line.table]?.(encodeURIComponent(line.row_id ?? ''))?.replace(/\/$/, '');
    const room = href?.split('/')[1];
    return href && room ? { href, label: `Open ${ROOM_NAMES[room] ?? room}` } : null;
}

/* What else the line holds, in words. */
export function members(detail: Record<string, unknown> | null): [string, string][] {
    return Object.entries(detail ?? {}).map(([key, v]) => [upper(key.replaceAll('_', ' ')), typeof v === 'string' ? v : JSON.stringify(v)]);
}

const LOOPBACK = /^(127\.|::1$|this machine$)/;
export const placeOf = (address: string) => (!address || LOOPBACK.test(address) ? 'this machine' : address);

const two = (n: number) => String(n).padStart(2, '0');
export function timeOf(iso: string): string {
    const d = new Date(iso);
    return Number.isNaN(d.getTime()) ? '' : `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
}
export function dayOf(iso: string): string {
    const d = new Date(iso);
    return Number.isNaN(d.getTime()) ? '' : `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}`;
}

/* Two pieces of the log as one, newest first; the later piece knows better what a line says by now. */
export function merge(have: readonly AuditLine[], more: readonly AuditLine[]): AuditLine[] {
    const by = new Map(have.map((l) => [l.id, l]));
    for (const l of more) by.set(l.id, l);
    return [...by.values()].sort((a, b) => b.id - a.id);
}
