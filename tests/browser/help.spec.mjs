/*
 * The help: loaded when it is opened, one field over everything, the keyboard alone, addresses of its own without leaving the room.
 *
 *   node tests/browser/help.spec.mjs
 */
import path from 'node:path';

import { faults } from './axe.mjs';
import { check, folder, hasFailed, open, run, seen, SHOTS, start, until } from './page.mjs';

await run(400, async () => {
    const lumad = start(folder('lumad-browser-'), 0);
    const port = await lumad.ready;
    const site = `http://127.0.0.1:${port}`;
    const context = await open();
    const page = context.pages()[0] ?? (await context.newPage());
    const errors = [];
    const scripts = [];
    page.on('pageerror', (e) => errors.push(String(e.stack ?? e)));
    page.on('console', (m) => m.type() === 'error' && errors.push(m.text()));
    page.on('request', (r) => r.resourceType() === 'script' && scripts.push(r.url()));
    const shot = async (name, sizes = [[1280, 800]]) => {
        for (const [width, height] of sizes) {
            await page.setViewportSize({ width, height });
            await page.waitForTimeout(150);
            await page.screenshot({ path: path.join(SHOTS, `help-${name}-${width}.png`) });
        }
        await page.setViewportSize({ width: 1280, height: 800 });
    };
    const help = page.getByRole('dialog', { name: 'Help' });
    const field = page.getByLabel('Search the help');
    const heading = (text) => help.getByRole('heading', { name: text, exact: true });
    const marked = () => help.locator('.marked').getAttribute('data-entry').catch(() => null);

    try {
        await page.goto(`${site}/#/venue/patch`);
        await page.getByRole('link', { name: 'Venue' }).waitFor();
        await page.waitForTimeout(300);
        check(!scripts.some((s) => /HelpDialog/.test(s)), 'the help is not loaded before it is opened');
        await page.keyboard.press('?');
        check(await seen(help), '? opens it');
        check(await seen(heading('Venue')), 'at the guide of the room');
        check(page.url().endsWith('#/help/rooms/venue'), `with an address: ${page.url()}`);
        check(await field.evaluate((e) => e === document.activeElement), 'the field has the focus');
        check((await faults(page)).length === 0, `axe: ${(await faults(page)).join(' | ')}`);
        await shot('guide', [[1280, 800], [1024, 768], [800, 1000]]);

        for (const [typed, entry] of [['beat clock', 'nodes/beat_clock'], ['allowed_hosts', 'config/server/allowed_hosts'], ['post venues', 'api/post-venues'], ['true-peak', 'effects/limiter'], ['blackout', 'keys/show/blackout-on-or-off-held-0-3-s']]) {
            await field.fill(typed);
            check(await until(async () => (await help.getByRole('option').count()) > 0 && (await help.locator(`[data-entry="${entry}"]`).count()) > 0), `"${typed}" leads to ${entry}: ${await marked()}`);
        }
        await shot('found', [[1280, 800], [800, 1000]]);
        await field.fill('fixture');
        const groups = await help.getByRole('listbox').getByRole('group').count();
        check(groups >= 4, `one question, answers from ${groups} parts`);
        const first = await marked();
        await page.keyboard.press('ArrowDown');
        await page.keyboard.press('ArrowDown');
        check((await marked()) !== first, 'the arrows go through what was found');
        check((await help.getByRole('option', { selected: true }).count()) === 1, 'one is chosen');
        await page.keyboard.press('Enter');
        check(await help.locator('.page').evaluate((e) => e === document.activeElement), 'Enter leads to the page');
        await page.keyboard.press('/');
        check(await field.evaluate((e) => e === document.activeElement), '/ leads back');
        await field.fill('zebra<script>');
        check(await seen(help.getByText('Nothing answers to that.')), 'nothing is said to be nothing');
        await page.keyboard.press('Escape');
        check((await field.inputValue()) === '' && (await help.isVisible()), 'Esc clears the question first');
        await page.keyboard.press('Escape');
        check(await until(async () => !(await help.isVisible())), 'and then closes the help');
        check(await until(() => page.url().endsWith('#/venue/patch')), `the room is where it was: ${page.url()}`);

        await page.goto(`${site}/#/help/nodes/beat_clock`);
        await page.reload();
        check(await seen(help.getByRole('heading', { name: /^Beat clock/ })), 'an address of the help can be sent to somebody');
        check((await marked()) === 'nodes/beat_clock', 'and shows what it names');
        await shot('node');
        await page.keyboard.press('Escape');
        check(await until(async () => /#\/(library|show|welcome)/.test(page.url())), `behind it is a room: ${page.url()}`);
        await page.keyboard.press('3');
        check(await until(() => page.url().endsWith('#/patterns')), 'keys work again');
        await page.keyboard.press('?');
        check(await seen(heading('Patterns')), 'the next room has its own guide');
        await page.goBack();
        check(await until(async () => !(await help.isVisible())) && page.url().endsWith('#/patterns'), 'the way back of the browser closes it');
        await page.goto(`${site}/#/help/nothing/such`);
        check(await seen(heading('No such page')), 'what is not there is said');
        check(errors.length === 0, `no errors in the page${errors.length ? `: ${errors.slice(0, 3).join(' | ')}` : ''}`);
    } finally {
        if (hasFailed()) await page.screenshot({ path: path.join(SHOTS, 'help-failed.png') }).catch(() => undefined);
        await context.close();
        if (hasFailed()) console.log(lumad.log());
    }
});
