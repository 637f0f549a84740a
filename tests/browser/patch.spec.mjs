/*
 * Patching in the page: several fixtures at once, copies, renumbering, tables dropped on it and refused line by line, groups with their order, axes and
 * movement base, expressions; and each of these undone.     node tests/browser/patch.spec.mjs
 */
import path from 'node:path';

import { check, folder, hasFailed, open, run, SHOTS, start, until } from './page.mjs';

await run(120, async () => {
    const lumad = start(folder('lumad-browser-'), 0);
    const port = await lumad.ready;
    const api = async (method, where, body) => {
        const isText = typeof body === 'string';
        const r = await fetch(`http://127.0.0.1:${port}/api/v1${where}`, {
            method,
            headers: { 'Content-Type': isText ? 'text/csv' : 'application/json' },
            body: body === undefined ? undefined : isText ? body : JSON.stringify(body),
        });
        const type = r.headers.get('content-type') ?? '';
        return type.includes('json') ? r.json() : r.text();
    };
    const club = await api('POST', '/venues', { name: 'Club' });
    await api('PUT', '/show', { venue_id: club.id });
    const under = (part) => `/venues/${club.id}/${part}`;
    const stands = async () => (await api('GET', under('fixtures?limit=1000'))).items.map((f) => `${f.universe}.${f.address} ${f.label}`);
    const become = (want) => until(async () => JSON.stringify(await stands()) === JSON.stringify(want));

    const context = await open();
    const page = context.pages()[0] ?? (await context.newPage());
    const errors = [];
    page.on('pageerror', (e) => errors.push(String(e.stack ?? e)));
    /* An edit is done when the page has asked all it had to ask. */
    let asking = 0;
    let last = 0;
    page.on('request', () => asking++);
    for (const end of ['requestfinished', 'requestfailed']) page.on(end, () => { asking--; last = Date.now(); });
    const quiet = () => until(() => asking === 0 && Date.now() - last > 200);
    const shot = async (name) => {
        for (const [width, height] of [[1280, 800], [800, 1000]]) {
            await page.setViewportSize({ width, height });
            await page.waitForTimeout(300);
            await page.screenshot({ path: path.join(SHOTS, `patch-${name}-${width}.png`) });
        }
        await page.setViewportSize({ width: 1280, height: 800 });
        await page.waitForTimeout(200);
    };
    const fill = async (label, value, nth = 0) => {
        const field = page.getByLabel(label, { exact: true }).nth(nth);
        await field.fill(String(value));
        await field.press('Enter');
    };
    const keys = async (what) => {
        await quiet();
        await page.evaluate(() => document.activeElement?.blur());
        await page.keyboard.press(what);
        await quiet();
    };
    const undo = () => keys('Control+z');
    const redo = () => keys('Control+Shift+z');

    try {
        /* Several at once. */
        await page.goto(`http://127.0.0.1:${port}/#/venue/patch`);
        await page.getByRole('button', { name: 'Add fixture' }).click();
        await page.getByLabel('Search the fixture library').fill('generic dimmer');
        await page.locator('.found .pick').first().click();
        await page.getByLabel('Mode').selectOption({ value: '4 Channels' });
        await page.getByLabel('Label', { exact: true }).fill('Par 1');
        await page.getByLabel('Address', { exact: true }).fill('500');
        await page.getByLabel('How many').fill('6');
        await page.getByLabel('Slots from one to the next').fill('4');
        await page.getByLabel('x right').first().fill('0.5');
        await shot('array');
        await page.getByRole('button', { name: 'Add 6' }).click();
        const row = ['1.500 Par 1', '1.504 Par 2', '1.508 Par 3', '2.1 Par 4', '2.5 Par 5', '2.9 Par 6'];
        check(await become(row), 'six fixtures stand in a row that goes on in the next universe');
        const x = (await api('GET', under('fixtures'))).items.map((f) => f.pos_x);
        check(x.join() === '0,0.5,1,1.5,2,2.5', `they are half a metre apart: ${x.join()}`);
        await undo();
        check(await become([]), 'one undo takes all six back');
        await redo();
        check(await become(row), 'redo brings them again');

        /* What is in the way is said at the address. */
        await page.getByRole('button', { name: 'Add', exact: true }).first().click();
        await page.getByLabel('Search the fixture library').fill('generic dimmer');
        await page.locator('.found .pick').first().click();
        await page.getByLabel('Mode').selectOption({ value: '4 Channels' });
        await page.getByLabel('Universe', { exact: true }).fill('1');
        await page.getByLabel('Address', { exact: true }).fill('498');
        await page.getByLabel('How many').fill('2');
        await page.getByRole('button', { name: 'Add 2' }).click();
        const conflict = page.getByText(/in the way/);
        check(await conflict.first().waitFor({ timeout: 4000 }).then(() => true, () => false), `a conflict is told: ${await conflict.first().textContent().catch(() => '')}`);
        check((await stands()).length === 6, `and nothing was added: ${(await stands()).join(', ')}`);
        await page.getByRole('button', { name: 'Cancel' }).click();

        /* Copies. */
        await page.getByRole('option', { name: /Par 6/ }).click();
        await page.getByText('Copies', { exact: true }).click();
        await page.locator('details').getByLabel('How many').fill('2');
        await page.locator('details').getByLabel('How many').press('Enter');
        await shot('copies');
        await page.getByRole('button', { name: 'Make 2 copies' }).click();
        check(await become([...row, '2.13 Par 7', '2.17 Par 8']), 'two copies stand in the next free place');
        await undo();
        check(await become(row), 'and go with one undo');

        /* Renumbering. */
        await page.getByRole('button', { name: 'Renumber' }).click();
        await fill('First universe', 3);
        await fill('First address', 11);
        await shot('renumber');
        await page.getByRole('button', { name: /^Pack 6/ }).click();
        check(await become(['3.11 Par 1', '3.15 Par 2', '3.19 Par 3', '3.23 Par 4', '3.27 Par 5', '3.31 Par 6']), 'the patch is packed');
        await undo();
        check(await become(row), 'and back');

        /* A group, in its order. */
        await page.evaluate(() => (location.hash = '/venue/groups'));
        await page.locator('section.list').getByRole('button', { name: 'Add' }).click();
        await page.getByLabel('Name', { exact: true }).waitFor();
        await fill('Name', 'Front pars');
        const members = async () => {
            const group = (await api('GET', under('groups'))).items[0];
            const all = (await api('GET', under('fixtures'))).items;
            return group.fixture_ids.map((id) => all.find((f) => f.id === id).label).join();
        };
        for (const name of ['Par 3', 'Par 1', 'Par 2']) {
            const before = (await members()).split(',').filter(Boolean).length;
            await page.locator('.members label', { hasText: name }).click();
            await until(async () => (await members()).split(',').filter(Boolean).length > before);
        }
        check((await members()) === 'Par 3,Par 1,Par 2', `members are in the order they were added: ${await members()}`);
        await page.getByRole('button', { name: 'Par 2: further up' }).click();
        check(await until(async () => (await members()) === 'Par 3,Par 2,Par 1'), 'one goes further up');
        await page.getByRole('button', { name: 'Sort' }).click();
        check(await until(async () => (await members()) === 'Par 1,Par 2,Par 3'), 'and all in patch order');
        await undo();
        check(await until(async () => (await members()) === 'Par 3,Par 2,Par 1'), 'undone');
        const group = async () => (await api('GET', under('groups'))).items[0];
        check((await group()).name === 'front_pars', 'a name is made fit for expressions');
        const axis = page.getByLabel('Left to right');
        check(Number(await axis.getAttribute('placeholder')) < 0, `where it is comes from positions: ${await axis.getAttribute('placeholder')}`);
        await axis.fill('0.3');
        await axis.press('Enter');
        check(await until(async () => (await group()).axis_lr === 0.3), 'an axis is set');
        await page.getByLabel('Pan range').fill('60');
        await page.getByLabel('Pan range').press('Enter');
        check(await until(async () => (await group()).movement?.pan_range === 60), 'a movement base is set');
        await undo();
        check(await until(async () => (await group()).movement === null), 'and undone');

        /* Its fixtures move together. */
        await page.getByText('Move its fixtures').click();
        await fill('z up, m', 1.5);
        await fill('Universes', 6);
        await page.getByRole('button', { name: 'Move 3' }).click();
        check(await become([...row.slice(3), '7.500 Par 1', '7.504 Par 2', '7.508 Par 3']), 'a group is moved to another universe');
        const heights = (await api('GET', under('fixtures'))).items.map((f) => f.pos_z);
        check(heights.join() === '4,4,4,5.5,5.5,5.5', `and up: ${heights.join()}`);
        await undo();
        check(await become(row), 'and back');

        /* Expressions: what is wrong is marked, what is unknown has a neighbour. */
        await page.getByLabel('Expression').fill('front_pars & (all');
        check(await page.locator('.where mark').waitFor({ timeout: 4000 }).then(() => true, () => false), 'the place of an error is marked');
        await page.getByLabel('Expression').fill('front_pras | all[1]');
        check(await page.getByText(/the nearest is "front_pars"/).waitFor({ timeout: 4000 }).then(() => true, () => false), 'an unknown name has its nearest');
        await shot('groups');

        /* A table dropped on the patch. */
        await page.evaluate(() => (location.hash = '/venue/patch'));
        await page.getByRole('region', { name: 'The patch' }).waitFor();
        const dropTable = (name, text) =>
            page.evaluate(([n, t]) => {
                const data = new DataTransfer();
                data.items.add(new File([t], n, { type: 'text/csv' }));
                const at = document.querySelector('[aria-label="The patch"]');
                for (const type of ['dragover', 'drop']) at.dispatchEvent(new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true }));
            }, [name, text]);
        await dropTable('bad.csv', 'address;mode;fixture_path;label\n1;4 Channels;builtin:generic-dimmer;A\nx;4 Channels;builtin:generic-dimmer;B\n3;5 Lamps;builtin:generic-dimmer;C\n502;4 Channels;builtin:generic-dimmer;D\n');
        const list = page.locator('.errors li');
        await list.first().waitFor({ timeout: 5000 });
        const told = await list.allTextContents();
        check(told.length === 3 && /^Line 3, address: .*x;4 Channels/.test(told[0]) && /^Line 4, mode/.test(told[1]) && /^Line 5, address.*Par 1/.test(told[2]), `each bad line is told: ${told.join(' / ')}`);
        check(await become(row), 'and nothing was imported');
        await shot('errors');
        await dropTable('good.csv', 'universe;address;mode;fixture_path;label;x\n5;1;4 Channels;builtin:generic-dimmer;"Bar; left";-1,5\n5;5;4 Channels;builtin:generic-dimmer;Bar right;1,5\n');
        check(await become([...row, '5.1 Bar; left', '5.5 Bar right']), 'a table of a spreadsheet comes in');
        check(page.url().endsWith('/venue/patch'), 'a table is not taken for a track');
        await page.getByText('Replace the patch').click();
        await dropTable('two.csv', 'address,mode,fixture_path,label\n1,4 Channels,builtin:generic-dimmer,Only\n');
        check(await become(['1.1 Only']), 'a table replaces the patch');
        check((await members()) === '', 'the group is empty');
        await shot('imported');
        await undo();
        check(await become([...row, '5.1 Bar; left', '5.5 Bar right']), 'undo brings the patch back');
        check(await until(async () => (await members()) === 'Par 3,Par 2,Par 1'), 'with its groups');
        await undo();
        check(await become(row), 'and what the first table added goes');
        /* Somebody else was faster: theirs stays. */
        await redo();
        await api('POST', under('fixtures'), { universe: 9, address: 1, fixture_path: 'builtin:generic-dimmer', mode_name: '1 Channel', label: 'Theirs' });
        await undo();
        check(await page.getByText(/changed elsewhere meanwhile/).first().waitFor({ timeout: 4000 }).then(() => true, () => false), 'an undo over the edit of another is refused');
        check((await stands()).includes('9.1 Theirs'), 'and theirs stays');
        check(errors.length === 0, `no errors in the page${errors.length ? `: ${errors.slice(0, 3).join(' | ')}` : ''}`);
    } finally {
        if (hasFailed()) await page.screenshot({ path: path.join(SHOTS, 'patch-failed.png') }).catch(() => undefined);
        await context.close();
        if (hasFailed()) console.log(lumad.log());
    }
});
