/*
 * A pattern made from nothing in the page, on the demo show: found by typing, wired by hand
 * and from the inspector, tried on the rig (seen in the bytes), mended, undone and saved.
 *
 *   node tests/browser/graph.spec.mjs        (page.mjs says what it takes)
 */
import path from 'node:path';

import { analysed, check, folder, open, run, SHOTS, start, until } from './page.mjs';

await run(400, async () => {
    const lumad = start(folder('lumad-browser-'), 0, '--demo');
    const port = await lumad.ready;
    const api = async (method, where, body) => {
        const r = await fetch(`http://127.0.0.1:${port}/api/v1${where}`, {
            method, ...(body ? { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } } : {}),
        });
        return r.status === 204 ? null : r.json();
    };
    const slots = async () => {
        const all = [];
        for (const n of [1, 2, 3, 4]) {
            const u = await api('GET', `/dmx/universes/${n}`);
            if (u.slots) all.push(...u.slots);
        }
        return JSON.stringify(all);
    };
    /* Once all of it has come: the universes are asked for one after the other. */
    const settled = async () => {
        let was = '';
        for (let now = await slots(); now !== was; now = await slots()) {
            was = now;
            await new Promise((resolve) => setTimeout(resolve, 150));
        }
        return was;
    };
    const previews = async () => (await api('GET', '/graph/preview')).items;

    const context = await open({ width: 1440, height: 900 });
    const page = context.pages()[0] ?? (await context.newPage());
    const errors = [];
    page.on('console', (m) => m.type() === 'error' && errors.push(m.text()));
    page.on('pageerror', (e) => errors.push(String(e.stack ?? e)));
    const shot = (name) => page.screenshot({ path: path.join(SHOTS, `${name}.png`) });
    const button = (name) => page.getByRole('button', { name, exact: true });
    const node = (text) => page.locator('.svelte-flow__node').filter({ hasText: text });
    const nodes = () => page.locator('.svelte-flow__node').count();
    const wires = () => page.locator('.svelte-flow__edge').count();
    const inspector = page.getByRole('complementary', { name: 'Inspector' });

    try {
        await page.goto(`http://127.0.0.1:${port}/#/patterns`);
        await page.waitForSelector('.svelte-flow__node');
        /* The picture must stand still, so that what changes in the bytes is the edit. */
        await analysed(api);
        await api('POST', '/host-audio/pause');
        await api('POST', '/host-audio/seek', { seconds: 10 });

        /* What came with lumad is the running show's: an undo of nothing must not empty it. */
        const shipped = await nodes();
        await page.keyboard.press('Control+z');
        await new Promise((resolve) => setTimeout(resolve, 600));
        check((await page.getByRole('main').getByRole('button', { name: 'Undo', exact: true }).isDisabled()) && (await nodes()) === shipped && shipped > 0, 'a pattern that came with lumad is not undone to nothing');

        await page.getByRole('complementary', { name: 'Patterns' }).getByRole('button', { name: 'Add', exact: true }).click();
        check(await until(async () => (await nodes()) === 0 && (await page.getByText('An empty pattern').count()) === 1), 'a new pattern is empty and says how to begin');
        const id = new URL(page.url()).hash.split('/')[2];
        await shot('graph-empty');

        /* Found by typing. */
        const add = async (words, at) => {
            const had = await nodes();
            await page.locator('.svelte-flow__pane').dblclick({ position: at });
            await page.getByRole('combobox', { name: 'Search node types' }).waitFor();
            await page.keyboard.type(words);
            await page.keyboard.press('Enter');
            return until(async () => (await nodes()) === had + 1);
        };
        check(await add('number', { x: 120, y: 200 }), 'a double-click and a few letters put a node there');
        check(await until(async () => (await inspector.getByRole('heading', { name: 'Number' }).count()) === 1), 'what was just put there is in the inspector');
        await page.keyboard.press('Escape');
        await page.keyboard.press('a');
        await page.getByRole('combobox', { name: 'Search node types' }).waitFor();
        await page.keyboard.type('apply dimmer');
        await page.keyboard.press('Enter');
        check(await until(async () => (await nodes()) === 2), 'so does the key A');
        check(await until(async () => (await page.getByText(/needs a wire to/).count()) > 0), 'the missing wire is said in words');
        check(await until(async () => (await page.locator('.port.empty').count()) === 1), 'and marked at its port');

        /* Wired from the inspector, as by keyboard. */
        await inspector.getByLabel(/^Level|^Signal|^Intensity/).first().selectOption({ label: 'Number' });
        check(await until(async () => (await wires()) === 1 && (await page.locator('.port.empty').count()) === 0), 'the inspector wires them');

        /* A wire drawn into the open offers only what fits. */
        const from = await node('Number').locator('.svelte-flow__handle.source').boundingBox();
        await page.mouse.move(from.x + from.width / 2, from.y + from.height / 2);
        await page.mouse.down();
        const pane = await page.locator('.svelte-flow__pane').boundingBox();
        await page.mouse.move(pane.x + 200, pane.y + 560, { steps: 10 });
        await page.mouse.up();
        await page.getByRole('combobox', { name: 'Search node types' }).waitFor();
        const offered = await page.getByRole('option').allTextContents();
        check(offered.includes('View signal') && !offered.includes('Beat clock') && !offered.includes('Ramp'), `only nodes that fit are offered: ${offered.length}`);
        await page.keyboard.type('view signal');
        await page.keyboard.press('Enter');
        check(await until(async () => (await wires()) === 2 && (await nodes()) === 3), 'and the one chosen is wired');
        check(await until(async () => (await node('View signal').locator('figure').count()) === 1), 'a view shows what comes to it');

        /* Tried on the rig. */
        const before = await settled();
        const stored = await api('GET', `/patterns/${id}/graph`);
        check(stored.nodes.length === 0, 'nothing was saved yet');
        await button('Preview on the rig').click();
        check(await until(async () => (await previews()).some((p) => p.pattern_id === id)), 'the preview is on');
        check(await until(async () => (await slots()) !== before), 'the bytes that are sent change');
        check(await until(async () => /alone/.test(await page.locator('.rig').innerText())), 'the page says that it is live, and that no block plays it');
        await shot('graph-live');
        const lit = await settled();
        await node('Number').click();
        const value = inspector.getByLabel('Value', { exact: false }).first();
        await value.fill('0.25');
        await value.press('Enter');
        check(await until(async () => (await slots()) !== lit), 'an edit is on the rig at once');
        const dim = await settled();

        /* A broken graph leaves the light alone. */
        await node('Apply dimmer').click();
        await inspector.getByLabel(/^Level|^Signal|^Intensity/).first().selectOption({ label: 'Not wired' });
        check(await until(async () => /broken/.test(await page.locator('.rig').innerText())), 'that it is broken is said');
        check((await settled()) === dim, 'and the last good light stays');
        await page.keyboard.press('Escape');
        await page.locator('.svelte-flow__pane').click({ position: { x: 20, y: 500 } });
        await page.keyboard.press('Control+z');
        check(await until(async () => (await wires()) === 2 && /alone/.test(await page.locator('.rig').innerText())), 'undo mends it');
        await page.keyboard.press('Control+z');
        check(await until(async () => (await slots()) === lit), 'undo goes on to the rig');
        await page.keyboard.press('Control+Shift+z');
        check(await until(async () => (await slots()) === dim), 'and so does redo');

        /* Many at a time. */
        await page.keyboard.press('Control+a');
        await page.keyboard.press('Control+d');
        check(await until(async () => (await nodes()) === 6 && (await wires()) === 4), 'what is chosen can be duplicated, wires and all');
        await page.keyboard.press('Delete');
        check(await until(async () => (await nodes()) === 3 && (await wires()) === 2), 'and deleted');
        await button('Arrange').click();
        await button('Cost of each node').click();
        check(await until(async () => (await page.getByText(/of light,/).count()) === 1), 'what it costs is shown');

        /* Saved: the same light, and now it is stored. */
        await page.keyboard.press('Control+s');
        check(await until(async () => (await api('GET', `/patterns/${id}/graph`)).nodes.length === 3), 'Ctrl S saves');
        check(await until(async () => (await page.getByText('not saved').count()) === 0), 'and the page knows');
        check((await settled()) === dim, 'the light is as it was');
        await page.locator('.rig').getByRole('button', { name: 'End the preview' }).click();
        check(await until(async () => (await previews()).length === 0), 'the preview ends');
        check(await until(async () => (await slots()) === before), 'and the show is as it was before');

        /* Leaving the room ends it too, and keeps the draft. */
        await node('Number').click();
        await inspector.getByLabel('Value', { exact: false }).first().fill('0.75');
        await inspector.getByLabel('Value', { exact: false }).first().press('Enter');
        await button('Preview on the rig').click();
        check(await until(async () => (await previews()).length === 1), 'another preview is on');
        await page.goto(`http://127.0.0.1:${port}/#/venue`);
        check(await until(async () => (await previews()).length === 0), 'it ends with the room');
        await page.goto(`http://127.0.0.1:${port}/#/patterns/${id}`);
        check(await until(async () => (await page.getByText('not saved').count()) === 1), 'the draft is still there');

        /* And with the page. */
        await button('Preview on the rig').click();
        check(await until(async () => (await previews()).length === 1), 'a third one is on');
        page.on('dialog', (d) => void d.accept());
        await page.goto('about:blank');
        check(await until(async () => (await previews()).length === 0), 'it ends with the page');
        check(errors.length === 0, `nothing is logged as an error${errors.length ? `: ${errors[0]}` : ''}`);
    } finally {
        await shot('graph-last').catch(() => undefined);
        await context.close();
    }
});
