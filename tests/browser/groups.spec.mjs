/*
 * Groups in the page: made, filled, ordered and coloured by mouse, by keyboard alone and by finger, each of it undone; where they are and what they move
 * about; expressions completed, coloured, wrong in one place, and shown.     node tests/browser/groups.spec.mjs
 */
import path from 'node:path';

import { faults } from './axe.mjs';
import { check, folder, hasFailed, open, run, seen, SHOTS, start, until } from './page.mjs';

const HOSTILE = `<img src=x onerror="window.hacked=1">\u202egnp.\u{1f4a1}${'long '.repeat(30)}`;

await run(400, async () => {
    const lumad = start(folder('lumad-browser-'), 0);
    const port = await lumad.ready;
    const api = async (method, where, body) => {
        const r = await fetch(`http://127.0.0.1:${port}/api/v1${where}`, { method, headers: { 'Content-Type': 'application/json' }, body: body === undefined ? undefined : JSON.stringify(body) });
        return (r.headers.get('content-type') ?? '').includes('json') ? r.json() : r.text();
    };
    const club = await api('POST', '/venues', { name: 'Club' });
    const under = (part) => `/venues/${club.id}/${part}`;
    const LABELS = ['Par 1', 'Par 2', 'Par 3', 'Par 4', 'Par 5', HOSTILE];
    for (const [i, label] of LABELS.entries())
        await api('POST', under('fixtures'), { universe: 1, address: 1 + 4 * i, fixture_path: 'builtin:generic-dimmer', mode_name: i === 4 ? '4 Channels' : '1 Channel', label, pos_x: i - 2, pos_y: i % 2, pos_z: 3 });
    await api('PUT', '/show', { venue_id: club.id, score_id: null, mode: 'off' });
    const all = (await api('GET', under('fixtures'))).items;
    const short = (f) => (f?.label === HOSTILE ? 'Evil' : (f?.label ?? '?').replace('Par ', ''));
    const groups = async () => (await api('GET', under('groups'))).items;
    /* "front:3,1 back:" as lumad has it. */
    const says = async () => (await groups()).map((g) => `${g.name}:${g.fixture_ids.map((id) => short(all.find((f) => f.id === id))).join()}`).join(' ');
    /* The same in the tree: where the next key or drag begins. A group that is closed shows none of its fixtures. */
    const shows = async () => {
        const rows = await tree.getByRole('treeitem').evaluateAll((all) => all.map((r) => ({ isGroup: r.ariaLevel === '1', isOpen: r.ariaExpanded === 'true', name: r.querySelector('.name').textContent.trim() })));
        const said = [];
        for (const r of rows) {
            if (r.isGroup) said.push({ ...r, holds: [] });
            else said.at(-1)?.holds.push(r.name.startsWith('<img') ? 'Evil' : r.name.replace('Par ', ''));
        }
        return said.filter((g) => g.name !== 'In no group');
    };
    const isShown = async (want) => {
        const [said, wanted] = [await shows(), want.split(' ').filter(Boolean)];
        return said.length === wanted.length && said.every((g, i) => (g.isOpen ? wanted[i] === `${g.name}:${g.holds}` : wanted[i].startsWith(`${g.name}:`)));
    };
    const become = async (want, what) => {
        const isSo = await until(async () => (await says()) === want && (await isShown(want)));
        check(isSo, isSo ? what : `${what}: ${await says()}, shown as ${(await shows()).map((g) => `${g.name}:${g.isOpen ? g.holds : '..'}`).join(' ')}, is not ${want}`);
    };

    const context = await open();
    const page = context.pages()[0] ?? (await context.newPage());
    const errors = [];
    const listen = (p) => {
        p.on('pageerror', (e) => errors.push(String(e.stack ?? e)));
        p.on('console', (m) => m.type() === 'error' && !/Failed to load resource/.test(m.text()) && errors.push(m.text()));
    };
    listen(page);
    const shot = (name, p = page) => p.screenshot({ path: path.join(SHOTS, `groups-${name}.png`) });
    const tree = page.getByRole('tree');
    /* A row: of a group, or of a fixture beneath it. */
    const row = (name, at = 0) => tree.getByRole('treeitem').filter({ has: page.locator('.name', { hasText: name }) }).nth(at);
    const middle = async (locator, y = 0.5) => {
        const b = await locator.boundingBox();
        return [b.x + Math.min(b.width / 2, 120), b.y + b.height * y];
    };
    const drag = async (from, to, y = 0.5, keys = []) => {
        await page.mouse.move(...(await middle(from)));
        await page.mouse.down();
        const [x1, y1] = await middle(to, y);
        for (const k of keys) if (k !== 'Escape') await page.keyboard.down(k);
        await page.mouse.move(x1, y1 - 12, { steps: 4 });
        await page.mouse.move(x1, y1, { steps: 3 });
        if (keys.includes('Escape')) await page.keyboard.press('Escape');
        await page.mouse.up();
        for (const k of keys) if (k !== 'Escape') await page.keyboard.up(k);
    };
    const undo = async () => {
        await page.evaluate(() => document.activeElement?.blur());
        await page.keyboard.press('Control+z');
    };
    const rename = async (name) => {
        await page.getByLabel('Name', { exact: true }).fill(name);
        await page.getByLabel('Name', { exact: true }).press('Enter');
    };

    try {
        /* --- with the mouse --- */
        await page.goto(`http://127.0.0.1:${port}/#/venue/groups`);
        await page.getByText('No groups yet').waitFor();
        await shot('empty');
        await page.getByRole('button', { name: 'Add a group' }).click();
        await become('group_1:', 'the empty room makes the first group');
        await rename('Front pars');
        await become('front_pars:', 'a name is made fit for expressions');
        await drag(row('Par 3'), row('front_pars'));
        await become('front_pars:3', 'a fixture is dropped on a group');
        await drag(row('Par 1'), row('Par 3'), 0.15);
        await become('front_pars:1,3', 'and before another');
        await row('Par 2').click();
        await row('Par 4').click({ modifiers: ['Control'] });
        await drag(row('Par 4'), row('Par 1'), 0.85);
        await become('front_pars:1,2,4,3', 'two at once, in their order');
        await undo();
        await become('front_pars:1,3', 'one undo takes both out');
        await page.keyboard.press('Control+Shift+z');
        await become('front_pars:1,2,4,3', 'redo puts them back');
        await page.getByRole('region', { name: 'Groups', exact: true }).getByRole('button', { name: 'Add', exact: true }).click();
        await until(async () => (await page.getByLabel('Name', { exact: true }).inputValue()) === 'group_1');
        await rename('back');
        await page.getByRole('button', { name: 'Select none' }).click();
        await drag(row('Par 4'), row('back'), 0.5, ['Alt']);
        await become('front_pars:1,2,4,3 back:4', 'Alt copies to another group');
        await drag(row('Par 2'), row('back'));
        await become('front_pars:1,4,3 back:4,2', 'without it a fixture moves');
        await drag(row('Par 3'), row('Par 1'), 0.1);
        await become('front_pars:3,1,4 back:4,2', 'order within a group');
        await drag(row('Par 3'), row('back'), 0.5, ['Escape']);
        await page.waitForTimeout(200);
        await become('front_pars:3,1,4 back:4,2', 'Esc abandons a drag');
        await drag(row('Par 3'), row('In no group'));
        await become('front_pars:1,4 back:4,2', 'out of its group');
        await drag(row('back'), row('front_pars'), 0.1);
        await become('back:4,2 front_pars:1,4', 'groups change places');
        await undo();
        await become('front_pars:1,4 back:4,2', 'and back');

        /* Colours are everywhere. */
        await row('front_pars').click();
        await page.getByRole('button', { name: /^Colour/ }).click();
        await page.getByRole('button', { name: 'Teal' }).click();
        check(await until(async () => (await groups())[0].color === '#12a594'), 'a colour is chosen');
        check(await until(async () => (await api('GET', '/show')).group_masters[0].color === '#12a594'), 'and shown with the masters');
        await undo();
        check(await until(async () => (await groups())[0].color !== '#12a594'), 'and undone');

        /* Where it is, and what its movements are about. */
        const axis = page.getByLabel('Left to right', { exact: true });
        check(Number(await axis.getAttribute('placeholder')) < 0, `where it is comes from positions: ${await axis.getAttribute('placeholder')}`);
        const was = await axis.getAttribute('placeholder');
        await api('PATCH', `/fixtures/${all[0].id}`, { pos_x: 2 });
        check(await until(async () => Number(await axis.getAttribute('placeholder')) > Number(was)), 'and follows them');
        await api('PATCH', `/fixtures/${all[0].id}`, { pos_x: all[0].pos_x });
        check(await until(async () => (await axis.getAttribute('placeholder')) === was), 'there and back');
        await axis.fill('0.3');
        await axis.press('Enter');
        check(await until(async () => (await groups())[0].axis_lr === 0.3), 'an axis is set by hand');
        await page.getByRole('button', { name: 'Compute' }).click();
        check(await until(async () => (await groups())[0].axis_lr === null), 'and computed again');
        await page.getByLabel('Pan range').fill('60');
        await page.getByLabel('Pan range').press('Enter');
        check(await until(async () => (await groups())[0].movement?.pan_range === 60), 'a movement base is set');
        await page.getByRole('button', { name: 'Default' }).click();
        check(await until(async () => (await groups())[0].movement === null), 'and as usual again');

        /* Light it up. */
        const lit = until(async () => (await api('GET', '/dmx/universes/1')).slots[0] === 255);
        await page.getByRole('button', { name: 'Identify', exact: true }).click();
        check(await lit, 'a group is lit for a moment');

        /* --- expressions --- */
        const field = page.getByLabel('Expression', { exact: true });
        const bench = page.getByRole('region', { name: 'Expression bench' });
        check((await field.inputValue()) === 'front_pars', 'the bench shows the group that is chosen');
        await field.fill('');
        await field.pressSequentially('fro');
        await page.getByRole('listbox', { name: /suggestions/ }).waitFor();
        await shot('completion');
        await page.keyboard.press('Enter');
        check((await field.inputValue()) === 'front_pars', `Enter takes what was begun: ${await field.inputValue()}`);
        await page.keyboard.press('Control+z');
        check((await field.inputValue()) === 'fro', `the field's own undo takes it back: ${await field.inputValue()}`);
        await field.fill('');
        await field.pressSequentially('front_pars | si');
        await page.keyboard.press('ArrowDown');
        await page.keyboard.press('ArrowUp');
        await page.keyboard.press('Tab');
        await field.pressSequentially('ri');
        await page.keyboard.press('Enter');
        check((await field.inputValue()) === 'front_pars | side:right', `two completions by key: ${await field.inputValue()}`);
        check(await until(async () => /7 heads of 4 fixtures/.test(await bench.textContent())), 'what it picks is counted');
        check((await bench.getByRole('list', { name: 'What it picks' }).getByRole('button').count()) === 4, 'and named');
        await field.fill('front_pars & back)');
        check(await until(async () => (await page.locator('.picture .wrong').allTextContents()).join('') === ')'), `what is wrong is marked: ${await page.locator('.picture .wrong').allTextContents()}`);
        await shot('wrong');
        await field.fill('front_pars & \u{1f4a1}');
        check(await until(async () => (await page.locator('.picture .wrong').allTextContents()).join('') === '\u{1f4a1}'), 'also where characters are wide');
        await field.fill('front_prs > all[::2]');
        check(await seen(page.getByText(/the nearest is "front_pars"/)), 'an unknown name has its nearest');
        check((await page.locator('.picture .unknown').textContent()) === 'front_prs', 'and is marked in the text');
        await bench.getByRole('button', { name: 'Group', exact: true }).click();
        check(await until(async () => (await groups()).length === 3), 'a group is made of what it picks');
        await undo();
        check(await until(async () => (await groups()).length === 2), 'and goes with one undo');
        await bench.getByRole('button', { name: /^all & side:left/ }).click();
        check((await field.inputValue()) === 'all & side:left', 'an example is tried');
        await bench.getByRole('button', { name: 'Select', exact: true }).click();
        check(await seen(page.getByText(/fixtures selected/)), 'its fixtures are selected');
        await shot('bench');
        await page.getByRole('button', { name: 'Select none' }).click();

        /* --- somebody else --- */
        const evil = all.find((f) => f.label === HOSTILE).id;
        const back = (await groups())[1];
        await api('PUT', `/groups/${back.id}/members`, { fixture_ids: [...back.fixture_ids, evil] });
        if ((await row('back').getAttribute('aria-expanded')) === 'false') await row('back').dblclick();
        const theirs = tree.locator('.fixture', { hasText: 'onerror' });
        check(await until(async () => (await theirs.count()) === 1 && (await theirs.boundingBox())?.height < 60), 'what others do appears, a hostile name in one line');
        check((await page.evaluate(() => window.hacked)) === undefined, 'and as text');

        /* --- by keyboard alone --- */
        await become('front_pars:1,4 back:4,2,Evil', 'before the keys');
        await page.getByLabel('Find a group or fixture').focus();
        await page.keyboard.press('Tab');
        check(await tree.evaluate((t) => t === document.activeElement), 'Tab comes to the tree');
        const press = async (...keys) => {
            for (const k of keys) await page.keyboard.press(k);
        };
        await press('Home', 'ArrowRight', 'Home', 'ArrowDown', 'ArrowDown', 'Alt+ArrowUp');
        await become('front_pars:4,1 back:4,2,Evil', 'Alt and up: a place up');
        await press('Alt+ArrowDown', 'Alt+ArrowDown');
        await become('front_pars:1 back:4,2,Evil', 'beyond the end of a group into the next');
        await press('Control+z');
        await become('front_pars:1,4 back:4,2,Evil', 'undone from there');
        await press('Home', 'ArrowDown', 'Control+x', 'End', 'Home', 'ArrowDown', 'ArrowDown', 'ArrowDown', 'Control+v');
        await become('front_pars:4 back:4,2,Evil,1', 'cut and pasted into another group');
        await press('Home', 'ArrowDown', 'Alt+ArrowLeft');
        await become('front_pars: back:4,2,Evil,1', 'Alt and left: out of the group');
        await press('Home', 'Alt+ArrowDown');
        await become('back:4,2,Evil,1 front_pars:', 'a group goes a place down');
        await press('End', 'Home', 'ArrowDown', 'Delete');
        await become('back:2,Evil,1 front_pars:', 'Delete takes out');
        await press('Home', 'F2');
        await page.keyboard.type('rear');
        await page.keyboard.press('Enter');
        await become('rear:2,Evil,1 front_pars:', 'F2 renames');
        await shot('tree');
        for (const [w, h] of [[1024, 768], [800, 1000]]) {
            await page.setViewportSize({ width: w, height: h });
            await page.waitForTimeout(300);
            await shot(`tree-${w}`);
        }
        await page.setViewportSize({ width: 1024, height: 768 });

        /* --- with a finger --- */
        const touch = await context.newCDPSession(page);
        await touch.send('Emulation.setTouchEmulationEnabled', { enabled: true });
        const finger = (type, x, y) => touch.send('Input.dispatchTouchEvent', { type, touchPoints: type === 'touchEnd' ? [] : [{ x, y }] });
        const carry = async (from, to, y, ms) => {
            const [x0, y0] = await middle(from);
            const [x1, y1] = await middle(to, y);
            const down = finger('touchStart', x0, y0);
            if (ms) await down.then(() => page.waitForTimeout(ms)); /* else all is sent together: what the machine does meanwhile makes no long press of it */
            await Promise.all([down, ...[1, 2, 3, 4, 5].map((i) => finger('touchMove', x0 + ((x1 - x0) * i) / 5, y0 + ((y1 - y0) * i) / 5))]);
            await finger('touchEnd');
        };
        await row('rear').scrollIntoViewIfNeeded();
        await carry(row('Par 2'), row('front_pars'), 0.5, 0);
        await page.waitForTimeout(200);
        await become('rear:2,Evil,1 front_pars:', 'a finger that moves at once carries nothing');
        await carry(row('Par 2'), row('front_pars'), 0.5, 600);
        await become('rear:Evil,1 front_pars:2', 'a long press carries');
        await carry(row('front_pars'), row('rear'), 0.1, 600);
        await become('front_pars:2 rear:Evil,1', 'a group too');
        await touch.send('Emulation.setTouchEmulationEnabled', { enabled: false });

        /* --- elsewhere, and by who may only look --- */
        await page.setViewportSize({ width: 1280, height: 800 });
        await row('front_pars').click();
        for (const theme of ['dark', 'light', 'night']) {
            await page.evaluate((t) => (document.documentElement.dataset.theme = t), theme);
            await page.waitForTimeout(250);
            const found = await faults(page);
            check(found.length === 0, `nothing that keeps somebody out, ${theme}${found.length ? `: ${found.slice(0, 3).join(' | ')}` : ''}`);
            await shot(theme);
        }
        /* Several groups at once. */
        await row('rear').click({ modifiers: ['Control'] });
        await page.getByRole('button', { name: /^Colour/ }).click();
        await page.getByRole('button', { name: 'Green' }).click();
        check(await until(async () => (await groups()).every((g) => g.color === '#5eb130')), 'one colour for both');
        await undo();
        check(await until(async () => new Set((await groups()).map((g) => g.color)).size === 2), 'and each its own again, in one step');
        await page.getByRole('button', { name: 'Delete 2' }).click();
        await become('', 'both are deleted');
        await undo();
        await become('front_pars:2 rear:Evil,1', 'and come back in one step, with their fixtures');
        await page.keyboard.press('Escape');
        await page.evaluate(() => (location.hash = '/venue/patch'));
        check(await seen(page.locator('[role=gridcell] .dots').first()), 'the table of the patch shows the colours of groups');
        await page.evaluate(() => (location.hash = '/show'));
        const master = page.locator('.master', { hasText: 'front_pars' }).locator('.dot');
        await master.waitFor();
        const front = (await groups())[0];
        await api('PATCH', `/groups/${front.id}`, { color: '#00ff00', name: 'a_name_as_long_as_a_name_may_be_which_is_sixty_four_letters_long' });
        check(await until(async () => (await page.locator('.master .dot').evaluateAll((all) => all.map((d) => getComputedStyle(d).backgroundColor))).includes('rgb(0, 255, 0)')), 'and so do the masters, as soon as it changes');
        await shot('masters');
        const viewer = await context.newPage();
        listen(viewer);
        await viewer.route('**/api/v1/auth/me', (r) => r.fulfill({ json: { needs_setup: false, role: 'viewer', via: 'session', user: { id: club.id, name: 'Guest', role: 'viewer' }, expires_at: null } }));
        await viewer.goto(`http://127.0.0.1:${port}/#/venue/groups`);
        await viewer.getByRole('treeitem').first().waitFor();
        await until(() => viewer.getByRole('button', { name: 'Add', exact: true }).isDisabled());
        check(await viewer.getByRole('button', { name: 'Add', exact: true }).isDisabled(), 'a viewer adds nothing');
        await viewer.getByRole('treeitem').first().click();
        await viewer.keyboard.press('Delete');
        check(await viewer.getByLabel('Name', { exact: true }).isDisabled(), 'and changes nothing');
        await viewer.getByLabel('Expression', { exact: true }).fill('all[1]');
        check(await seen(viewer.getByText('1 head of 1 fixture')), 'but can try an expression');
        check((await groups()).length === 2, 'the groups are as they were');
        await shot('viewer', viewer);
        check(errors.length === 0, `no errors in the page${errors.length ? `: ${errors.slice(0, 3).join(' | ')}` : ''}`);
    } catch (e) {
        await page.screenshot({ path: path.join(SHOTS, 'groups-failed.png') }).catch(() => undefined);
        throw e;
    } finally {
        if (hasFailed()) await page.screenshot({ path: path.join(SHOTS, 'groups-failed.png') }).catch(() => undefined);
        await context.close();
        if (hasFailed()) console.log(lumad.log());
    }
});
