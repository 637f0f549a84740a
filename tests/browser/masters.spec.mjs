/*
 * The Show room's masters: a fader for each group by mouse, keyboard and finger, all of them back to full, other hands on the desk, the switch of the
 * photosensitive guard, a venue without groups. Pictures in both themes and narrow.
 *
 *   node tests/browser/masters.spec.mjs     (page.mjs says what it takes)
 */
import path from 'node:path';

import { check, folder, open, run, SHOTS, start, until } from './page.mjs';

await run(400, async () => {
    const lumad = start(folder('lumad-masters-'), 0, '--demo');
    const port = await lumad.ready;
    const base = `http://127.0.0.1:${port}`;
    const api = async (method, url, body) => {
        const r = await fetch(`${base}/api/v1${url}`, {
            method,
            headers: { 'Content-Type': 'application/json' },
            body: body === undefined ? undefined : JSON.stringify(body),
        });
        if (!r.ok) throw new Error(`${method} ${url}: ${r.status} ${await r.text()}`);
        return r.json();
    };
    const show = () => api('GET', '/show');
    const level = async (name) => (await show()).group_masters.find((g) => g.name === name)?.level;

    const context = await open();
    try {
        const page = context.pages()[0] ?? (await context.newPage());
        const errors = [];
        page.on('console', (m) => m.type() === 'error' && errors.push(m.text()));
        page.on('pageerror', (e) => errors.push(String(e.stack ?? e)));
        const shot = (name) => page.screenshot({ path: path.join(SHOTS, `${name}.png`) });
        await page.goto(`${base}/#/show`);

        const names = (await show()).group_masters.map((g) => g.name);
        const faders = page.getByRole('group', { name: 'Masters of groups' }).getByRole('slider');
        check(await until(async () => (await faders.count()) === names.length), `a fader for each of ${names.length} groups`);
        const first = faders.nth(0);
        const full = page.getByRole('button', { name: 'All full' });
        check(await full.isDisabled(), 'nothing to bring to full at first');

        await first.focus();
        await page.keyboard.press('ArrowLeft');
        await page.keyboard.press('ArrowLeft');
        check(await until(async () => Math.abs((await level(names[0])) - 0.9) < 1e-6), 'two keys to the left are 90 %');
        await page.keyboard.press('Shift+ArrowLeft');
        check(await until(async () => Math.abs((await level(names[0])) - 0.89) < 1e-6), 'Shift is fine');

        const box = await faders.nth(1).boundingBox();
        await page.mouse.move(box.x + box.width - 2, box.y + box.height / 2);
        await page.mouse.down();
        for (let i = 1; i <= 8; i++) await page.mouse.move(box.x + box.width * (1 - i / 16), box.y + box.height / 2);
        await page.mouse.up();
        check(await until(async () => Math.abs((await level(names[1])) - 0.5) < 0.02), 'dragged to the middle');
        check(await until(async () => (await faders.nth(1).getAttribute('aria-valuenow')) === '50'), 'and shown so');
        await faders.nth(1).dblclick();
        check(await until(async () => (await level(names[1])) === 1), 'a double click is full');

        /* Other hands: what REST sets the page shows. */
        await api('POST', '/show/group-master', { group_id: (await show()).group_masters[2].group_id, level: 0.25 });
        check(await until(async () => (await faders.nth(2).getAttribute('aria-valuenow')) === '25'), 'another hand is seen');
        await shot('masters-dark');

        await full.click();
        check(await until(async () => (await show()).group_masters.every((g) => g.level === 1)), 'all full');
        check(await until(async () => (await full.isDisabled()) && (await first.getAttribute('aria-valuenow')) === '100'), 'and shown so');

        /* The guard: one switch of the venue. */
        const venue = (await show()).venue_id;
        const guard = page.getByRole('switch', { name: 'Photosensitive guard' });
        check(!(await guard.isChecked()), 'the guard is off at first');
        await page.locator('label', { hasText: 'Photosensitive guard' }).click();
        check(await until(async () => (await api('GET', `/venues/${venue}`)).flash_guard === true), 'the switch is stored');
        const top = await page.evaluate(() => document.querySelector('.stage-canvas').getBoundingClientRect().top);
        check(top > 40 && top < 200, `and the room stands where it stood (${top})`);
        check(await until(() => guard.isChecked()), 'and shown');
        await page.keyboard.press('Control+z');
        check(await until(async () => (await api('GET', `/venues/${venue}`)).flash_guard === false), 'and undone');

        /* A strobe of the whole rig: it acts, and says so. */
        await api('PATCH', `/venues/${venue}`, { flash_guard: true });
        const strobe = await api('POST', '/patterns', { name: 'All strobe' });
        await api('PUT', `/patterns/${strobe.id}/graph`, {
            args: [],
            nodes: [
                { id: 'k', type: 'scalar', params: { value: 1 }, x: 0, y: 0 },
                { id: 's', type: 'apply_strobe', params: {}, x: 200, y: 0 },
                { id: 'd', type: 'apply_dimmer', params: {}, x: 200, y: 100 },
            ],
            edges: [
                { id: 'e1', from_node: 'k', from_port: 'out', to_node: 's', to_port: 'signal' },
                { id: 'e2', from_node: 'k', from_port: 'out', to_node: 'd', to_port: 'signal' },
            ],
        });
        const score = (await show()).score_id;
        await api('POST', `/scores/${score}/annotations`, { pattern_id: strobe.id, start_time: 0, end_time: 60, z_index: 999 });
        await api('POST', '/host-audio/seek', { seconds: 10 });
        const acts = page.getByText('Acts now: flashes are held to 3 a second.');
        check(await until(() => acts.isVisible()), 'it says that it acts');
        await shot('masters-guard');

        /* A group without fixtures has nothing to dim, and says why. */
        await api('POST', `/venues/${venue}/groups`, { name: 'nobody' });
        check(await until(async () => (await faders.count()) === names.length + 1), 'a new group has its fader');
        const nobody = page.getByTitle('nobody has no fixtures: there is nothing to dim');
        check(await until(() => nobody.isVisible()), 'one without fixtures says so');

        await page.evaluate(() => (document.documentElement.dataset.theme = 'light'));
        await shot('masters-light');
        await page.setViewportSize({ width: 420, height: 860 });
        await page.getByRole('button', { name: 'Show', exact: true }).first().click();
        await until(() => first.isVisible());
        await page.waitForTimeout(400);
        await shot('masters-narrow');
        await page.keyboard.press('Escape');
        await page.setViewportSize({ width: 1280, height: 800 });

        /* A venue without groups. */
        const bare = await api('POST', '/venues', { name: 'Bare room' });
        await api('PUT', '/show', { venue_id: bare.id, score_id: null, mode: 'off' });
        check(await until(() => page.getByText('This venue has no groups yet.').isVisible()), 'a venue without groups says what they would be');
        await shot('masters-empty');
        check(errors.length === 0, `nothing was logged as an error ${errors.join(' | ')}`);
    } finally {
        await context.close();
    }
});
