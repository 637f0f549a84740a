/*
 * Every room, tab and panel, as a screen reader's and an attacker's eye sees it: axe-core finds no serious fault in any of the three themes, nothing is logged as an error, names
 * that are meant to break a page are text and break no layout, at three sizes. A picture of each is kept.     node tests/browser/rooms.spec.mjs
 */
import path from 'node:path';

import { faults } from './axe.mjs';
import { check, folder, open, run, SHOTS, start, until } from './page.mjs';

/* The rooms and what is in them; `open`: what must be pressed to see it. */
const PLACES = [
    ['library', '#/library'],
    ['track', '#/library/TRACK'],
    ['stage', '#/venue/stage'],
    ['patch', '#/venue/patch'],
    ['groups', '#/venue/groups'],
    ['outputs', '#/venue/outputs'],
    ['dmx', '#/venue/dmx'],
    ['patterns', '#/patterns'],
    ['pattern', '#/patterns/PATTERN'],
    ['scores', '#/scores'],
    ['show', '#/show'],
    ['settings', '#/settings'],
    ['sound', '#/settings/sound'],
    ['access', '#/settings/access'],
];
const SIZES = [[1280, 800], [1024, 768], [800, 1000]];
const THEMES = ['dark', 'light', 'night'];

const HOSTILE = [
    '<script>window.__broken = 1</script>',
    '"><img src=x onerror="window.__broken = 2">',
    '\u202Eright to left \u05E9\u05DC\u05D5\u05DD\u202C \u0645\u0631\u062D\u0628\u0627',
    'x'.repeat(10_000),
    '\u{1F3B8}\u{1F469}\u200D\u{1F680}\u{1F1E9}\u{1F1EA} e\u0301\u0301\u0301\u0301\u0301\u0301',
    '{{constructor.constructor("window.__broken = 3")()}} ${window.__broken = 4}',
];

await run(600, async () => {
    const lumad = start(folder('lumad-browser-'), 0, '--demo');
    const port = await lumad.ready;
    const base = `http://127.0.0.1:${port}`;
    const api = async (method, where, body) => {
        const r = await fetch(`${base}/api/v1${where}`, { method, headers: { 'Content-Type': 'application/json' }, body: body && JSON.stringify(body) });
        return r.status === 204 ? null : r.json();
    };
    const context = await open();
    const page = context.pages()[0] ?? (await context.newPage());
    const errors = [];
    page.on('pageerror', (e) => errors.push(String(e.stack ?? e)));
    page.on('console', (m) => m.type() === 'error' && errors.push(m.text()));

    const tracks = async () => (await api('GET', '/tracks')).items;
    await until(async () => (await tracks()).length > 0);
    const track = (await tracks())[0];
    const pattern = (await api('GET', '/patterns')).items[0];
    const address = (hash) => `${base}/${hash.replace('TRACK', track.id).replace('PATTERN', pattern.id)}`;
    let asking = 0;
    page.on('request', () => asking++);
    for (const end of ['requestfinished', 'requestfailed']) page.on(end, () => asking--);
    const settle = async () => {
        await until(() => asking <= 0);
        await page.waitForTimeout(200);
    };
    const wide = () => page.evaluate(() => document.documentElement.scrollWidth > innerWidth + 1 || document.body.scrollWidth > innerWidth + 1);

    /* Axe in each theme at the size of a laptop; pictures and layout at all three. */
    for (const [name, hash] of PLACES) {
        await page.goto(address(hash));
        await settle();
        for (const theme of THEMES) {
            await page.evaluate((t) => (document.documentElement.dataset.theme = t), theme);
            const found = await faults(page);
            check(found.length === 0, `${name}, ${theme}: axe finds nothing serious${found.length ? `: ${found.join(' | ')}` : ''}`);
        }
    }
    await page.reload();

    const pictures = async (kind, sizes) => {
        for (const [width, height] of sizes) {
            await page.setViewportSize({ width, height });
            for (const [name, hash] of PLACES) {
                await page.goto(address(hash));
                await settle();
                await page.screenshot({ path: path.join(SHOTS, `${kind}-${name}-${width}.png`) });
                check(!(await wide()), `${kind}, ${name}, ${width}: nothing is wider than the window`);
            }
        }
        await page.setViewportSize({ width: 1280, height: 800 });
    };
    await pictures('rooms', SIZES);

    /* The same with names that are meant to do harm, everywhere a name can stand. */
    const show = await api('GET', '/show');
    const fixtures = (await api('GET', `/venues/${show.venue_id}/fixtures`)).items;
    for (const [i, name] of HOSTILE.entries()) {
        await api('POST', '/venues', { name, description: name });
        await api('POST', '/patterns', { name, description: name });
        await api('POST', `/tracks/${track.id}/scores`, { name, venue_id: show.venue_id });
        await api('POST', `/tracks/${track.id}/markers`, { name, start_time: i + 1 });
        if (fixtures[i]) await api('PATCH', `/fixtures/${fixtures[i].id}`, { label: name });
    }
    await api('PATCH', `/tracks/${track.id}`, { title: HOSTILE[0], artist: HOSTILE[4], album: HOSTILE[2] });
    check((await api('GET', `/tracks/${track.id}`)).title === HOSTILE[0], 'lumad keeps such names as they are');
    await pictures('hostile', [SIZES[0], SIZES[2]]);
    check((await page.evaluate(() => window.__broken)) === undefined, 'no name was run as a script');
    await page.goto(address('#/venue/patch'));
    await settle();
    check((await page.getByText('<script>window.__broken').count()) > 0 || (await page.locator('input').evaluateAll((all) => all.some((i) => i.value.includes('<script>')))), 'such a name is shown as it is');
    check(errors.length === 0, `nothing is logged as an error: ${errors.slice(0, 3).join(' | ')}`);
    await context.close();
});
