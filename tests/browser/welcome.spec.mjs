/*
 * The first run: from nothing the page says how to begin; the demo show is loaded and plays; a room is set up step by step; each empty room says what is next.
 * Then the frame: keys, palette, undo with its name, warnings with what to do, the lock, the bar on a narrow page, and all of it under a finger.
 *     node tests/browser/welcome.spec.mjs
 */
import path from 'node:path';

import { faults } from './axe.mjs';
import { check, folder, hasFailed, open, run, seen, SHOTS, start, until } from './page.mjs';

await run(400, async () => {
    const lumad = start(folder('lumad-welcome-'), 0);
    const port = await lumad.ready;
    const api = async (method, where, body) => {
        const r = await fetch(`http://127.0.0.1:${port}/api/v1${where}`, { method, headers: { 'Content-Type': 'application/json' }, body: body && JSON.stringify(body) });
        return r.status === 204 ? null : r.json();
    };
    const context = await open();
    try {
        const page = context.pages()[0] ?? (await context.newPage());
        const errors = [];
        page.on('console', (m) => m.type() === 'error' && errors.push(m.text()));
        page.on('pageerror', (e) => errors.push(String(e.stack ?? e)));
        const shot = (name) => page.screenshot({ path: path.join(SHOTS, `${name}.png`) });
        const fine = async (what) => {
            const found = await faults(page);
            check(found.length === 0, `axe finds no serious fault in ${what}${found.length ? `: ${found.slice(0, 3).join(' | ')}` : ''}`);
        };
        const go = async (hash) => {
            await page.evaluate((h) => (location.hash = h), hash);
            await page.waitForTimeout(150);
        };
        const url = () => new URL(page.url()).hash;

        /* Nothing is there: how to begin, and a button for each way. */
        await page.goto(`http://127.0.0.1:${port}/`);
        check(await seen(page.getByRole('heading', { name: 'Welcome to lumad' })), 'an empty lumad says how to begin');
        check(url() === '#/welcome', 'the welcome has an address of its own');
        await page.waitForTimeout(200);
        await shot('welcome');
        await fine('the welcome');

        /* Each empty room says the next step, with a button. */
        for (const [room, button] of [['library', 'Add tracks'], ['venue', 'Add venue'], ['patterns', /Add/], ['scores', 'Open the library'], ['show', 'First steps']]) {
            await go(`/${room}`);
            check(await seen(page.getByRole('main').getByRole('button', { name: button }).or(page.getByRole('complementary').getByRole('button', { name: button }))), `${room}, empty, says the next step`);
        }

        /* The way to one's own room, by keyboard alone. */
        await go('/welcome');
        const name = page.getByPlaceholder('Name of the room');
        await name.focus();
        await page.keyboard.type('Cellar');
        await page.keyboard.press('Enter');
        check(await seen(page.getByText('1 of 4 done')), 'the room has its name, and the step its tick');
        check((await api('GET', '/venues')).items[0]?.name === 'Cellar', 'lumad has the venue');
        check((await api('GET', '/show')).venue_id !== null, 'the show plays in it');
        const patch = page.getByRole('button', { name: 'Patch fixtures' });
        await patch.focus();
        await page.keyboard.press('Enter');
        check(await until(() => url() === '#/venue/patch'), 'the next step leads to the patch');

        const venue = (await api('GET', '/venues')).items[0];
        await api('POST', `/venues/${venue.id}/fixtures`, { universe: 1, address: 1, manufacturer: 'Generic', model: 'Dimmer', mode_name: '1 Channel', fixture_path: 'builtin:generic-dimmer', label: 'House light' });
        await api('POST', `/venues/${venue.id}/outputs`, { universe: 1, protocol: 'artnet', destination: '127.0.0.1' });
        await page.getByRole('link', { name: 'lumad' }).click();
        check(await seen(page.getByText('3 of 4 done')), 'what is done elsewhere is ticked');
        await page.waitForTimeout(250);
        await shot('welcome-half');

        /* Undo says what it undoes; the palette too; another client's change appears. */
        await api('PATCH', `/venues/${venue.id}`, { name: 'Hall' });
        check(await seen(page.getByText('Hall', { exact: true })), "another client's change appears");
        await page.keyboard.press('Control+k');
        await page.keyboard.type('undo');
        check(await seen(page.getByRole('option', { name: /Undo: add venue/ })), 'the palette names what undo would undo');
        await page.keyboard.press('Escape');
        check(await seen(page.getByRole('button', { name: 'Undo: add venue' })), 'so does the button for who has no keys');
        await page.keyboard.press('Control+k');
        await page.keyboard.type('sign out');
        check(await seen(page.getByText('Nothing answers to that')), 'where nobody signed in nobody signs out');
        for (const [words, label] of [['help conf', 'Help: configuration'], ['outp', 'Venue, outputs'], ['lock pa', 'Lock this page'], ['hal', 'Look at venue Hall'], ['theme red', 'Theme: red night']]) {
            await page.getByRole('combobox').fill(words);
            check(await seen(page.getByRole('option', { name: label })), `the palette knows: ${label}`);
        }
        await page.keyboard.press('Enter');
        check((await page.locator('html').getAttribute('data-theme')) === 'night', 'and does it');
        await page.keyboard.press('Control+k');
        await seen(page.getByRole('combobox'));
        await Promise.all([page.keyboard.press('Escape'), page.keyboard.press('Control+k')]); /* sent together: the second comes before the dialog says that it closed */
        check(await seen(page.getByRole('combobox')), 'closed and opened in one breath it is open');
        await page.keyboard.type('theme dark');
        await page.keyboard.press('Enter');

        /* Keys: rooms, master, blackout that is held. */
        await page.keyboard.press('2');
        check(await until(() => url().startsWith('#/venue')), '2 goes to the venue');
        await page.keyboard.press('m');
        await page.keyboard.type('40');
        await page.keyboard.press('Enter');
        check(await until(async () => Math.abs((await api('GET', '/show')).master - 0.4) < 0.001), 'M, a number, Enter: the master');
        await Promise.all([page.keyboard.down('b'), page.keyboard.up('b')]); /* sent together: a touch, however slow the machine */
        await page.waitForTimeout(400);
        check((await api('GET', '/show')).blackout === false, 'B that is only touched does nothing');
        await page.keyboard.down('b');
        await page.waitForTimeout(450);
        await page.keyboard.up('b');
        check(await until(async () => (await api('GET', '/show')).blackout === true), 'B that is held is blackout');
        await api('POST', '/show/blackout', { on: false });
        await api('POST', '/show/master', { level: 1 });

        /* A warning says what to do and leads there. */
        const fixture = (await api('GET', `/venues/${venue.id}/fixtures`)).items[0];
        await api('PUT', `/fixtures/${fixture.id}/park`, { channels: { 1: 200 } });
        const warnings = page.getByRole('button', { name: /^Warnings \d+/ });
        await until(async () => (await warnings.getAttribute('aria-label')) !== 'Warnings 0');
        await warnings.click();
        const parked = page.locator('[data-warning=parked]');
        check(await seen(parked), 'the warning is in the centre, with its id');
        check(/Free them/.test(await parked.innerText()), 'it says what to do');
        await shot('warnings');
        await fine('the warnings');
        await parked.getByRole('button', { name: 'Patch' }).click();
        check(await until(() => url() === '#/venue/patch'), 'its button leads there');

        /* The lock: nothing by a touch, opened when held; blackout stays. */
        await page.getByRole('button', { name: 'Lock this page' }).click();
        const lock = page.getByRole('button', { name: 'Locked. Hold to open' });
        check(await seen(lock), 'the page is locked');
        await page.keyboard.press('1');
        await page.mouse.click(300, 24);
        await lock.hover();
        await Promise.all([page.mouse.down(), page.mouse.up()]); /* a touch, and not held */
        await page.waitForTimeout(200);
        check(url() === '#/venue/patch' && (await lock.isVisible()), 'keys and touches change nothing while it is');
        await shot('locked');
        await fine('the lock');
        await page.getByRole('button', { name: 'BLACKOUT' }).last().hover();
        await page.mouse.down();
        await page.waitForTimeout(450);
        await page.mouse.up();
        check(await until(async () => (await api('GET', '/show')).blackout === true), 'blackout is within reach, held');
        await api('POST', '/show/blackout', { on: false });
        await lock.hover();
        await page.mouse.down();
        await page.waitForTimeout(1000);
        await page.mouse.up();
        check(await until(async () => (await lock.count()) === 0), 'held, it opens');

        /* The bar at every width: blackout on the line of play. */
        for (const [width, height] of [[800, 1000], [1024, 768], [1280, 800], [1920, 1080]]) {
            await page.setViewportSize({ width, height });
            await page.waitForTimeout(120);
            const boxes = await page.evaluate(() => ['footer .play', 'footer .blackout'].map((s) => document.querySelector(s).getBoundingClientRect().toJSON()));
            const middle = boxes.map((b) => b.top + b.height / 2);
            check(Math.abs(middle[0] - middle[1]) < 8 && boxes[1].right <= width && boxes[1].width > 80, `blackout stands on the line of play at ${width} px`);
            const wide = await page.evaluate(() => document.documentElement.scrollWidth);
            check(wide <= width, `nothing is wider than the window at ${width} px`);
        }

        /* The demo show, beside what is there. */
        await page.setViewportSize({ width: 1024, height: 768 });
        await go('/welcome');
        await shot('welcome-1024');
        await page.getByRole('button', { name: 'Load the demo show' }).click();
        await page.waitForTimeout(300);
        await shot('welcome-loading');
        check(await until(() => url() === '#/show', 90_000), 'the demo show is made, and the page goes to Show');
        check(await until(async () => (await page.evaluate(() => window.__lumad.hostAudio?.playing)) === true), 'it plays');
        check(await until(async () => (await page.evaluate(() => window.__lumad.heads.some((h) => h.intensity > 0)))), 'there is light');
        check((await api('GET', '/show/autoplay')).enabled === false, 'what starts by itself is as it was');
        check((await api('GET', '/venues')).items.length === 2, 'the own venue is still there');
        await page.setViewportSize({ width: 800, height: 1000 });
        await page.waitForTimeout(300);
        await shot('show-800');

        /* Under a finger, on a tablet across: everything is large enough and nothing lies over another. */
        const tablet = await open({ width: 1024, height: 768 }, { hasTouch: true });
        const touch = tablet.pages()[0] ?? (await tablet.newPage());
        touch.on('pageerror', (e) => errors.push(String(e.stack ?? e)));
        await touch.goto(`http://127.0.0.1:${port}/#/welcome`);
        await touch.getByRole('button', { name: 'Open the venue' }).waitFor();
        for (const [width, height] of [[1024, 768], [800, 1000]]) {
            await touch.setViewportSize({ width, height });
            await touch.waitForTimeout(250);
            const bad = await touch.evaluate(() => {
                const all = [...document.querySelectorAll('header button, header a, nav a, footer button')].filter((e) => e.checkVisibility());
                const boxes = all.map((e) => ({ what: e.getAttribute('aria-label') ?? e.textContent.trim(), box: e.getBoundingClientRect() }));
                const small = boxes.filter(({ box, what }) => box.width && (box.height < 40 || box.width < 32) && what !== 'lumad').map((b) => `${b.what} ${Math.round(b.box.width)}x${Math.round(b.box.height)}`);
                const over = boxes.flatMap((a, i) => boxes.slice(i + 1).filter((b) => a.box.left < b.box.right - 1 && b.box.left < a.box.right - 1 && a.box.top < b.box.bottom - 1 && b.box.top < a.box.bottom - 1).map((b) => `${a.what} / ${b.what}`));
                return [...small, ...over];
            });
            check(bad.length === 0, `at ${width} px every button is large enough for a finger, and none lies over another${bad.length ? `: ${bad.slice(0, 6).join(' | ')}` : ''}`);
            await touch.screenshot({ path: path.join(SHOTS, `touch-${width}.png`) });
        }
        await touch.getByRole('link', { name: 'Venue' }).tap();
        check(await until(() => new URL(touch.url()).hash.startsWith('#/venue')), 'a tap goes to a room');
        await touch.getByRole('button', { name: /^Warnings/ }).tap();
        check(await seen(touch.getByRole('heading', { name: 'Warnings' })), 'a tap opens the warnings');
        await touch.locator('footer .blackout').tap();
        check(await until(async () => (await api('GET', '/show')).blackout === true), 'a tap is blackout');
        await api('POST', '/show/blackout', { on: false });
        await tablet.close();
        check(errors.length === 0, `no errors in the console${errors.length ? `: ${errors.slice(0, 5).join(' | ')}` : ''}`);
    } finally {
        await context.close();
        if (hasFailed()) console.log(lumad.log());
    }
});
