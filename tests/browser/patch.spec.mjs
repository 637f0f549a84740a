/*
 * Patching in the page: definitions found, placed and dragged onto the map of the universes, ways out of conflicts, the table as a spreadsheet, tools that put
 * fixtures in order, tables dropped and refused line by line; by mouse, by keyboard alone and by finger, and each of it undone.
 *     node tests/browser/patch.spec.mjs
 */
import path from 'node:path';

import { faults } from './axe.mjs';
import { check, folder, hasFailed, open, painted, run, seen, SHOTS, start, until } from './page.mjs';

const COL = { label: 0, universe: 1, address: 2, mode: 4, x: 5, y: 6, z: 7, rx: 8, invert: 11, curve: 14 };
const HOSTILE = `<img src=x onerror="window.hacked=1">\u202eknup\u{1f4a1}${'long '.repeat(180)}`;

await run(400, async () => {
    const lumad = start(folder('lumad-browser-'), 0);
    const port = await lumad.ready;
    const api = async (method, where, body) => {
        const r = await fetch(`http://127.0.0.1:${port}/api/v1${where}`, { method, headers: { 'Content-Type': 'application/json' }, body: body === undefined ? undefined : JSON.stringify(body) });
        return (r.headers.get('content-type') ?? '').includes('json') ? r.json() : r.text();
    };
    const club = await api('POST', '/venues', { name: 'Club' });
    await api('PUT', '/show', { venue_id: club.id });
    const under = (part) => `/venues/${club.id}/${part}`;
    const fixtures = async () => (await api('GET', under('fixtures?limit=1000'))).items;
    const stands = async () => (await fixtures()).map((f) => `${f.universe}.${f.address} ${f.label}`);
    const become = async (want, what) => {
        const isSo = await until(async () => JSON.stringify(await stands()) === JSON.stringify(want));
        check(isSo, isSo ? what : `${what}: ${(await stands()).join(', ')}`);
    };
    const field = async (label, key) => (await fixtures()).find((f) => f.label === label)?.[key];
    const values = async (key) => (await fixtures()).map((f) => Number(f[key].toFixed(3)));
    const clear = async () => api('PATCH', under('fixtures'), { delete: (await fixtures()).map((f) => f.id) });

    const context = await open();
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    const page = context.pages()[0] ?? (await context.newPage());
    const errors = [];
    page.on('pageerror', (e) => errors.push(String(e.stack ?? e)));
    page.on('console', (m) => m.type() === 'error' && !/Failed to load resource/.test(m.text()) && errors.push(m.text()));
    let asking = 0;
    let last = 0;
    page.on('request', () => asking++);
    for (const end of ['requestfinished', 'requestfailed']) page.on(end, () => { asking--; last = Date.now(); });
    const quiet = () => until(() => asking === 0 && Date.now() - last > 120);
    const shot = (name) => page.screenshot({ path: path.join(SHOTS, `patch-${name}.png`) });
    const row = (label) => page.getByRole('grid').getByRole('row').filter({ has: page.locator('[data-col="0"]', { hasText: new RegExp(`^${label}\\s*$`) }) });
    const cell = (label, col) => row(label).locator(`[data-col="${COL[col]}"]`);
    const history = async (keys) => {
        await quiet();
        await page.evaluate(() => document.activeElement?.blur());
        await page.keyboard.press(keys);
        await quiet();
    };
    const undo = () => history('Control+z');
    const redo = () => history('Control+Shift+z');
    const type = async (text, ...keys) => {
        await page.keyboard.type(text);
        for (const k of keys) await page.keyboard.press(k);
    };
    const map = page.getByRole('listbox', { name: 'Map of the universes' });
    /* Where a slot is on the map. */
    const spot = async (universe, address) => {
        const box = await map.locator(`[data-universe="${universe}"] .slots`).boundingBox();
        const width = (await map.evaluate((m) => m.clientWidth) - 34 - 8) / 64;
        const at = address - 1;
        return [box.x + 34 + ((at % 64) + 0.5) * width, box.y + Math.floor(at / 64) * 26 + 12];
    };
    const drag = async (from, to, key) => {
        await page.mouse.move(...from);
        await page.mouse.down();
        await page.mouse.move(from[0] + 9, from[1] + 3, { steps: 3 });
        const at = async () => (typeof to === 'function' ? to() : to);
        await page.mouse.move(...(await at()), { steps: 4 });
        await page.mouse.move(...(await at())); /* near its edges the map scrolls on the way */
        await painted(page);
        if (key) await page.keyboard.press(key);
        await page.mouse.up();
    };
    const asked = page.getByRole('alertdialog', { name: 'It does not fit' });

    let isThrough = false;
    try {
        /* From nothing: found, its mode looked into, several placed. */
        await page.goto(`http://127.0.0.1:${port}/#/venue/patch`);
        await page.getByRole('button', { name: 'Add fixtures' }).last().click();
        const box = page.getByLabel('Search the fixture library');
        await box.waitFor();
        await box.fill('generic dimmer');
        await page.getByRole('listbox', { name: 'Definitions found' }).getByRole('option').first().click();
        await page.getByRole('radio', { name: /^4 Channels/ }).click();
        check(await seen(page.locator('.inspector ol li').first()), 'what the channels of a mode are is seen before it is chosen');
        await page.getByLabel('How many').fill('6');
        await page.getByLabel('Start address').fill('500');
        await page.getByLabel('Label of the first').fill('Par 1');
        await page.getByLabel('x right').fill('0.5');
        check((await map.locator('.ghost').count()) >= 6, 'their places are on the map before they are there');
        await shot('placing');
        await page.getByRole('button', { name: 'Add 6' }).click();
        const six = ['1.500 Par 1', '1.504 Par 2', '1.508 Par 3', '2.1 Par 4', '2.5 Par 5', '2.9 Par 6'];
        await become(six, 'six stand in a row that goes on in the next universe');
        const inSearch = () => until(() => box.evaluate((b) => b === document.activeElement));
        check((await inSearch()) && /Added 6 fixtures from 1\.500/.test(await page.getByRole('complementary', { name: 'Definitions' }).innerText()), 'the search stays, with the keys, and says what was added');
        check((await page.getByLabel('Start address').inputValue()) === '2.13' && (await page.getByLabel('How many').inputValue()) === '1', 'one more is offered in the next free place');
        await shot('added');
        await undo();
        check(await until(async () => (await page.getByLabel('Start address').inputValue()) === '1.1' && !/Added/.test(await page.getByRole('complementary', { name: 'Definitions' }).innerText())), 'undone, its place is offered again, and nothing is said of it');
        await redo();
        await page.getByRole('button', { name: 'Done' }).first().click();
        check((await box.count()) === 0, 'Done ends it');
        check((await values('pos_x')).join() === '0,0.5,1,1.5,2,2.5', `half a metre apart: ${(await values('pos_x')).join()}`);
        await undo();
        await become([], 'one undo takes all six back');
        await redo();
        await become(six, 'redo brings them again');

        /* Filters; a definition dragged onto the map. */
        await page.getByRole('button', { name: 'Add fixtures' }).first().click();
        await box.fill('mac aura');
        await page.getByLabel('Channels', { exact: true }).fill('20-30');
        check(/^1 of /.test(await page.locator('.top [role=status]').textContent()), 'words and channels find one');
        check((await page.getByLabel('Manufacturer').locator('option').allTextContents()).join().includes('Martin (1)'), 'the filters say what they leave');
        const entry = await page.locator('[data-path] .names').first().boundingBox();
        /* Away from the edges at which it scrolls. */
        await map.evaluate((m) => (m.scrollTop += m.querySelector('[data-universe="2"]').getBoundingClientRect().top - m.getBoundingClientRect().top - 60));
        await drag([entry.x + 30, entry.y + 12], async () => spot(2, 101), 'Escape');
        await become(six, 'a drag that is abandoned places nothing');
        await drag([entry.x + 30, entry.y + 12], async () => spot(2, 101));
        await become([...six.slice(0, 6), '2.101 MAC Aura 1'], 'a definition dropped on the map stands in that slot');
        await become([...six, '2.101 MAC Aura 1'], 'with the mode that has so many channels');
        await page.getByRole('button', { name: 'Done' }).first().click();
        check((await field('MAC Aura 1', 'mode_name')) === 'Extended Mode', 'in the mode that was filtered for');

        /* Into the way of others: said in red, with the ways out. */
        await cell('Par 6', 'address').click();
        await type('110', 'Enter');
        await asked.waitFor();
        check(/Par 6 at 2\.110 to 113: MAC Aura 1 is in the way/.test(await asked.textContent()), `what is in the way is named: ${(await asked.textContent()).slice(0, 90)}`);
        check((await map.locator('.ghost.bad').count()) > 0 && (await page.locator('.cell.bad').count()) === 1, 'red on the map and in the table');
        await shot('conflict');
        await page.keyboard.press('Escape');
        check((await asked.count()) === 0 && (await stands()).includes('2.9 Par 6'), 'Esc leaves all as it was');
        const after = async (way, want, what) => {
            await cell('Par 6', 'address').click();
            await type('110', 'Enter');
            await asked.getByRole('button', { name: way }).click();
            await become(want, what);
            await undo();
            await become([...six, '2.101 MAC Aura 1'], 'and back');
        };
        await after(/^Next free place: 2\.126/, [...six.slice(0, 5), '2.101 MAC Aura 1', '2.126 Par 6'], 'it goes to the next free place');
        await after(/^Move what is in the way/, [...six.slice(0, 5), '2.110 Par 6', '2.114 MAC Aura 1'], 'or the other moves');

        /* Carried on the map, to another universe. */
        const divider = page.getByRole('separator', { name: 'Map and table' });
        await divider.focus();
        await type('', ...Array(5).fill('ArrowDown'));
        await map.evaluate((m) => (m.scrollTop = 0));
        await drag(await spot(2, 2), async () => spot(1, 33));
        await become(['1.32 Par 4', ...six.slice(0, 3), '2.5 Par 5', '2.9 Par 6', '2.101 MAC Aura 1'], 'a fixture is carried to another universe, held where it was taken');
        await undo();
        await map.focus();
        await page.keyboard.press('Home');
        await type('', 'Enter', 'ArrowUp', 'ArrowLeft', 'ArrowLeft');
        check(/Par 1 at 1\.434 to 437: free/.test(await map.locator('..').getByRole('status').textContent()), 'carried by keys it is said where to');
        await page.keyboard.press('Enter');
        await become(['1.434 Par 1', ...six.slice(1), '2.101 MAC Aura 1'], 'and put down by Enter');
        await undo();
        const from = await spot(2, 1);
        await page.mouse.move(from[0] - 2, from[1] + 60);
        await page.mouse.down();
        await page.mouse.move(...(await spot(1, 500)), { steps: 4 });
        await page.mouse.up();
        check(/6 chosen|7 chosen/.test(await page.locator('.filter [role=status]').textContent()), 'a marquee chooses what it touches');

        await divider.dblclick();

        /* The table as a spreadsheet. */
        await clear();
        await api('POST', under('fixtures/array'), { fixture_path: 'builtin:generic-dimmer', mode_name: '4 Channels', label: 'Par 1', count: 8, pos_z: 4, offset: { x: 0, y: 0, z: 0 } });
        const eight = [1, 2, 3, 4, 5, 6, 7, 8].map((n) => `1.${4 * n - 3} Par ${n}`);
        await become(eight, 'eight more, made elsewhere');
        await row('Par 8').waitFor();
        await cell('Par 1', 'x').click();
        for (let i = 0; i < 7; i++) await page.keyboard.press('Shift+ArrowDown');
        await type('-3.5 thru 3.5');
        await shot('typing');
        await page.keyboard.press('Enter');
        check(await until(async () => (await values('pos_x')).join() === '-3.5,-2.5,-1.5,-0.5,0.5,1.5,2.5,3.5'), `numbers are spread over what is chosen: ${(await values('pos_x')).join()}`);
        await page.keyboard.press('ArrowRight');
        await undo();
        check(await until(async () => (await values('pos_x')).every((v) => v === 0)), 'all of them in one step back');
        await cell('Par 2', 'label').click();
        await type('Spot 07');
        await page.keyboard.press('Escape');
        check((await stands()).join() === eight.join(), 'Esc leaves a cell as it was');
        await page.keyboard.press('F2');
        await type('Spot 07', 'Tab');
        await type('2', 'Tab');
        check(await until(async () => (await stands()).includes('2.5 Spot 07')), 'F2, Tab, and what is typed replaces');
        await undo();
        await undo();
        await become(eight, 'each cell is a step');
        await cell('Par 1', 'address').click();
        for (let i = 0; i < 3; i++) await page.keyboard.press('Shift+ArrowDown');
        await type('2.101', 'Enter');
        await become([...eight.slice(4), '2.101 Par 1', '2.105 Par 2', '2.109 Par 3', '2.113 Par 4'], 'addresses typed into many follow each other');
        await undo();
        await cell('Par 3', 'z').click();
        await type('6', 'Enter');
        await cell('Par 3', 'z').click();
        await page.keyboard.press('Shift+ArrowDown');
        await page.keyboard.press('Shift+ArrowDown');
        await page.keyboard.press('Control+d');
        check(await until(async () => (await values('pos_z')).join() === '4,4,6,6,6,4,4,4'), `filled down: ${(await values('pos_z')).join()}`);
        await cell('Par 1', 'invert').click();
        await page.keyboard.press(' ');
        check(await until(async () => (await field('Par 1', 'invert_pan')) === true), 'Space switches a flag');
        await cell('Par 1', 'z').click();
        await type('left', 'Enter');
        check((await page.locator('.cell input[aria-invalid]').count()) === 0, 'letters begin no number');
        await type('1x', 'Enter');
        check(await seen(page.getByText(/"1x" is no number/)), 'what is no number is told at the cell');
        await page.keyboard.press('Escape');

        /* Out to a spreadsheet program, and in again. */
        await cell('Par 1', 'label').click();
        await page.keyboard.press('Shift+ArrowDown');
        await page.keyboard.press('Shift+ArrowRight');
        await page.keyboard.press('Shift+ArrowRight');
        await page.keyboard.press('Control+c');
        const out = await page.evaluate(() => navigator.clipboard.readText());
        check(out.replaceAll('\r', '') === 'Par 1\t1\t1\nPar 2\t1\t5', `a range is copied as a table: ${JSON.stringify(out)}`);
        await page.evaluate(() => navigator.clipboard.writeText('Left\t3\t11\r\nRight\t3\t15\r\n'));
        await cell('Par 5', 'label').click();
        await page.keyboard.press('Control+v');
        await become([...eight.slice(0, 4), '1.25 Par 7', '1.29 Par 8', '3.11 Left', '3.15 Right'], 'a table is pasted from the cell on');
        await undo();
        await become(eight, 'in one step');
        await page.evaluate(() => navigator.clipboard.writeText('1\t1\r\nx\t2'));
        await cell('Par 5', 'universe').click();
        await page.keyboard.press('Control+v');
        check(await seen(page.getByText(/Row 2, Universe: "x" is no number/)), 'a table that cannot be read changes nothing');

        /* The mode of several: together where they fit, with the ways out where not. */
        const modes = async () => [...new Set((await fixtures()).map((f) => f.mode_name))].join();
        await cell('Par 1', 'label').click();
        await page.keyboard.press('Control+a');
        const mode = page.locator('.inspector').getByLabel('Mode', { exact: true });
        await mode.waitFor();
        await quiet();
        let sent = 0;
        page.on('request', (r) => r.method() === 'PATCH' && /\/fixtures$/.test(r.url()) && sent++);
        await mode.selectOption('1 Channel');
        check(await until(async () => (await modes()) === '1 Channel'), `eight get another mode: ${await modes()}`);
        check((await stands()).join() === eight.join() && sent === 1, `where they fit their addresses stay, and it was one request: ${sent}`);
        await quiet();
        await mode.selectOption('12 Channels');
        await asked.waitFor();
        check(/Par 1 at 1\.1 to 12: .*Par 2.*in the way/.test(await asked.textContent()), 'where they grow over each other it is said');
        await shot('modes');
        await asked.getByRole('button', { name: /^Next free place: from 1\.1/ }).click();
        await become([1, 2, 3, 4, 5, 6, 7, 8].map((n) => `1.${12 * n - 11} Par ${n}`), 'and the way out puts one behind the other');
        check((await modes()) === '12 Channels', 'in the mode that was chosen');
        await undo();
        check(await until(async () => (await stands()).join() === eight.join() && (await modes()) === '1 Channel'), 'places and modes are one step back');
        await undo();
        await cell('Par 2', 'mode').click();
        await page.keyboard.press('F2');
        const inCell = page.locator('.cell select');
        await inCell.waitFor();
        check((await inCell.locator('option').allTextContents()).includes('1 Channel (1 ch)'), 'in the table a mode is chosen in its cell');
        await inCell.selectOption('1 Channel');
        check(await until(async () => (await field('Par 2', 'mode_name')) === '1 Channel' && (await field('Par 3', 'mode_name')) === '4 Channels'), 'for what is chosen there');
        await undo();

        /* Sorted, filtered; somebody else's edit appears, what is being typed stays. */
        await page.getByRole('button', { name: 'Addr', exact: true }).click();
        await page.getByRole('button', { name: 'Addr', exact: true }).click();
        check(/Par 8/.test(await page.getByRole('grid').getByRole('row').nth(1).textContent()), 'sorted by address, the last first');
        await page.getByRole('button', { name: 'Addr', exact: true }).click();
        await page.getByLabel('Filter the table').fill('1.9 par');
        check((await page.getByRole('grid').getByRole('row').count()) === 2 && /1 of 8/.test(await page.locator('.filter [role=status]').textContent()), 'the table is filtered');
        await page.getByLabel('Filter the table').fill('');
        await cell('Par 3', 'label').click();
        await type('Mine');
        const theirs = (await fixtures()).find((f) => f.label === 'Par 5');
        await api('PATCH', `/fixtures/${theirs.id}`, { label: HOSTILE });
        check(await seen(page.getByRole('grid').getByText('<img src=x')), 'the edit of another appears, as text');
        check((await page.locator('.cell input:not([type])').inputValue()) === 'Mine', 'and what is being typed is not lost');
        await page.keyboard.press('Enter');
        check(await until(async () => (await stands()).includes('1.9 Mine')), 'it is stored beside theirs');
        await api('PATCH', `/fixtures/${theirs.id}`, { label: 'Par 5' });

        /* Put in order: seen first, then done. */
        await cell('Par 1', 'x').click();
        await page.keyboard.press('Control+a');
        await page.getByRole('button', { name: 'Circle', exact: true }).click();
        await page.getByLabel('Radius, m').fill('3');
        await page.getByText('Fronts to the centre').click();
        check((await page.locator('.cell.new').count()) >= 8 && (await page.getByRole('img', { name: /Plan/ }).count()) === 1, 'where they would go is in the table and in a plan');
        await shot('circle');
        const still = await values('pos_x');
        check(still.every((v) => v === 0), 'and nothing has moved yet');
        await page.getByRole('button', { name: 'Circle 8' }).click();
        check(await until(async () => (await fixtures()).every((f) => Math.abs(Math.hypot(f.pos_x, f.pos_y) - 3) < 0.01 || f.pos_z === 6)), 'they stand in a circle');
        check(new Set(await values('rot_z')).size === 8, 'each turned to its middle');
        await undo();
        check((await values('pos_x')).every((v) => v === 0), 'one step back');
        await page.getByRole('button', { name: 'Line', exact: true }).click();
        await page.getByRole('group', { name: 'Tools' }).waitFor();
        const to = page.getByLabel('x', { exact: true }).nth(1);
        await to.fill('7');
        await page.getByRole('button', { name: 'Line 8' }).click();
        check(await until(async () => (await values('pos_x')).join() === '0,1,2,3,4,5,6,7'), `and in a line: ${(await values('pos_x')).join()}`);

        /* Copies of several, all deleted, all back. */
        await cell('Par 1', 'label').click();
        await page.keyboard.press('Shift+ArrowDown');
        await page.getByText('Copies', { exact: true }).click();
        await page.getByLabel('How many times').fill('2');
        await page.getByLabel('z up').fill('1');
        await page.getByRole('button', { name: 'Make 4 copies' }).click();
        const names = eight.with(2, '1.9 Mine');
        await become([...names, '1.33 Par 3', '1.37 Par 4', '1.41 Par 5', '1.45 Par 6'], 'two fixtures twice more, in the next free places');
        check((await field('Par 6', 'pos_z')) === 4 || (await fixtures()).some((f) => f.pos_z === 6 && f.address === 45), 'each time further up');
        await map.focus();
        await page.keyboard.press('Delete');
        await become(names, 'what is chosen is deleted');
        await page.getByRole('button', { name: 'Undo' }).last().click();
        await become([...names, '1.33 Par 3', '1.37 Par 4', '1.41 Par 5', '1.45 Par 6'], 'and comes back by the note');
        await cell('Par 8', 'x').click();
        const lit = page.waitForRequest(/identify$/).then(() => true, () => false);
        await page.keyboard.press('i');
        check(await lit, 'I lights what is chosen');

        /* A table dropped on the patch: each bad line told, nothing taken. */
        const dropTable = (name, text) =>
            page.evaluate(([n, t]) => {
                const data = new DataTransfer();
                data.items.add(new File([t], n, { type: 'text/csv' }));
                const at = document.querySelector('[aria-label="The patch"]');
                for (const kind of ['dragover', 'drop']) at.dispatchEvent(new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true }));
            }, [name, text]);
        const before = await stands();
        await dropTable('bad.csv', 'address;mode;fixture_path;label\n401;4 Channels;builtin:generic-dimmer;A\nx;4 Channels;builtin:generic-dimmer;B\n403;5 Lamps;builtin:generic-dimmer;C\n');
        const list = page.locator('.errors li');
        await list.first().waitFor();
        const told = await list.allTextContents();
        check(told.length >= 2 && /^Line 3, address: .*x;4 Channels/.test(told[0]) && /^Line 4, mode/.test(told[1]), `each bad line is told: ${told.join(' / ')}`);
        await become(before, 'and nothing was imported');
        await page.locator('.errors').getByRole('button', { name: 'Close' }).click();
        await dropTable('good.csv', 'universe;address;mode;fixture_path;label;x\n5;1;4 Channels;builtin:generic-dimmer;"Bar; left";-1,5\n');
        await become([...before, '5.1 Bar; left'], 'a table of a spreadsheet comes in');
        await undo();
        await become(before, 'and goes again');

        /* By keyboard alone, from nothing. */
        await clear();
        await page.goto('about:blank');
        await page.goto(`http://127.0.0.1:${port}/#/venue/patch`);
        const adder = page.getByRole('button', { name: 'Add fixtures' }).last();
        await adder.waitFor();
        const tabTo = async (locator, most = 60) => {
            for (let i = 0; i < most; i++) {
                if (await locator.evaluate((el) => el === document.activeElement)) return true;
                await page.keyboard.press('Tab');
            }
            return false;
        };
        check(await tabTo(adder), 'Tab leads to adding');
        await page.keyboard.press('Enter');
        await box.waitFor();
        await type('generic dim', 'ArrowDown', 'Enter');
        await page.getByLabel('How many').waitFor();
        await until(() => page.evaluate(() => document.activeElement?.closest('#place-count') !== null));
        await type('3', 'Enter');
        const three = ['1.1 Dimmer 1', '1.2 Dimmer 2', '1.3 Dimmer 3'];
        await become(three, 'found, counted and added without a mouse');
        check(await inSearch(), 'the keys are back in the search');
        await page.keyboard.press('Enter');
        await until(() => page.evaluate(() => document.activeElement?.closest('#place-count') !== null));
        await page.keyboard.press('Enter');
        await become([...three, '1.4 Dimmer 4'], 'twice Enter adds another of them');
        await inSearch();
        await page.keyboard.press('Escape');
        check(await until(async () => (await box.count()) === 0 && (await page.evaluate(() => document.activeElement?.getAttribute('role'))) === 'grid'), 'Esc ends it, with the keys where the new ones are');
        await undo();
        await become(three, 'each is a step');
        await page.evaluate(() => document.body.focus());
        check(await tabTo(map), 'Tab leads to the map');
        await type('', 'Home', 'Enter', 'ArrowDown', 'Enter');
        await become(['1.2 Dimmer 2', '1.3 Dimmer 3', '1.65 Dimmer 1'], 'carried a row further');
        check(await tabTo(page.getByRole('grid')), 'Tab leads to the table');
        await type('', 'Control+Home', 'ArrowRight', 'ArrowRight');
        await type('65', 'Enter');
        await asked.waitFor();
        await page.keyboard.press('Enter');
        await become(['1.3 Dimmer 3', '1.65 Dimmer 1', '1.66 Dimmer 2'], 'a conflict is solved by Enter');
        check(await until(() => page.evaluate(() => document.activeElement?.getAttribute('role') === 'grid')), 'and the keys are back in the table');
        check((await faults(page)).join('; ') === '', `no serious fault of accessibility: ${(await faults(page)).join('; ')}`);

        /* By finger, on a tablet. */
        await clear();
        await api('POST', under('fixtures/array'), { fixture_path: 'builtin:generic-dimmer', mode_name: '4 Channels', label: 'Par 1', count: 20 });
        await page.setViewportSize({ width: 1024, height: 768 });
        const cdp = await context.newCDPSession(page);
        await cdp.send('Emulation.setTouchEmulationEnabled', { enabled: true, maxTouchPoints: 2 });
        await page.reload();
        await map.waitFor();
        await map.locator('.piece').first().waitFor();
        check(await page.evaluate(() => matchMedia('(pointer: coarse)').matches), 'the page knows that it is for fingers');
        const finger = (kind, x, y) => cdp.send('Input.dispatchTouchEvent', { type: kind, touchPoints: kind === 'touchEnd' ? [] : [{ x, y }] });
        const middle = async (locator) => {
            const b = await locator.boundingBox();
            return [b.x + b.width / 2, b.y + b.height / 2];
        };
        /* Down and up are sent together: whatever the machine does meanwhile, the finger was not held. */
        const tap = (at) => Promise.all([finger('touchStart', ...at), finger('touchEnd')]);
        const press = async (at) => {
            await finger('touchStart', ...at);
            await page.waitForTimeout(600);
            await finger('touchEnd');
        };
        const piece = (label) => map.getByRole('option', { name: new RegExp(`^${label},`) });
        await tap(await middle(piece('Par 1')));
        await press(await middle(piece('Par 2')));
        check(await until(async () => (await map.locator('[role=option][aria-selected=true]').count()) === 2), 'a long press chooses one more');
        const [x0, y0] = await middle(piece('Par 2'));
        await finger('touchStart', x0, y0);
        const below = (await map.locator('[data-universe="1"] .slots').boundingBox()).y + 34 * 2 + 16; /* well above the edge at which the map would scroll */
        for (let i = 1; i <= 6; i++) await finger('touchMove', x0, y0 + ((below - y0) * i) / 6);
        await finger('touchEnd');
        check(await until(async () => (await stands()).filter((s) => /1\.1(29|33) Par [12]$/.test(s)).length === 2), `what is chosen is carried by a finger: ${(await stands()).slice(-3).join(', ')}`);
        await tap(await middle(cell('Par 5', 'label')));
        await tap(await middle(cell('Par 5', 'label')));
        check(await seen(page.locator('.cell input:not([type])')), 'a second tap on a cell edits it');
        await type('Finger', 'Enter');
        check(await until(async () => (await stands()).some((s) => s.endsWith('Finger'))), 'and it is stored');
        await tap(await middle(page.getByRole('button', { name: 'Inspector' })));
        await page.getByRole('button', { name: 'Delete', exact: true }).last().waitFor();
        const small = await page.evaluate(() => [...document.querySelectorAll('.work button, aside.open button')].filter((b) => b.offsetParent && b.tabIndex >= 0 && b.getBoundingClientRect().height < 42).map((b) => b.textContent.trim() || b.getAttribute('aria-label')));
        check(small.length === 0, `buttons are big enough for fingers: ${small.join(', ')}`);
        await page.waitForTimeout(250);
        await shot('1024-touch');
        await page.keyboard.press('Escape');
        await cdp.send('Emulation.setTouchEmulationEnabled', { enabled: false });
        await page.setViewportSize({ width: 800, height: 1000 });
        await page.waitForTimeout(300);
        await shot('800');

        check((await page.evaluate(() => window.hacked)) === undefined, 'a label is text');
        check(errors.length === 0, `no errors in the page${errors.length ? `: ${errors.slice(0, 3).join(' | ')}` : ''}`);
        isThrough = true;
    } finally {
        if (hasFailed() || !isThrough) await page.screenshot({ path: path.join(SHOTS, 'patch-failed.png') }).catch(() => undefined);
        await context.close();
        if (hasFailed()) console.log(lumad.log().slice(-1500));
    }
});
