/*
 * View nodes in the editor: what passes through them is drawn in their cards and drawn anew after an edit; a palette is twelve colours.     node tests/browser/views.spec.mjs
 */
import path from 'node:path';

import { check, folder, hasFailed, open, run, SHOTS, start, until } from './page.mjs';

await run(400, async () => {
    const lumad = start(folder('lumad-browser-'), 0);
    const port = await lumad.ready;
    const api = async (method, where, body) => {
        const r = await fetch(`http://127.0.0.1:${port}/api/v1${where}`, { method, headers: { 'Content-Type': 'application/json' }, body: body && JSON.stringify(body) });
        return r.json();
    };
    const pattern = await api('POST', '/patterns', { name: 'Looked at' });
    const node = (id, type, x, y, params = {}) => ({ id, type, params, x, y });
    const edge = (id, from, to) => {
        const [a, b] = [from.split('.'), to.split('.')];
        return { id, from_node: a[0], from_port: a[1], to_node: b[0], to_port: b[1] };
    };
    await api('PUT', `/patterns/${pattern.id}/graph`, {
        nodes: [
            node('clk', 'beat_clock', 0, 0), node('lfo', 'sine_wave', 250, 0), node('seen', 'view_signal', 500, 0), node('dim', 'apply_dimmer', 750, 0),
            node('round', 'circle', 250, 200), node('way', 'view_uv', 500, 200), node('wheel', 'rainbow', 250, 400), node('hues', 'view_signal', 500, 400),
            node('green', 'view_channel', 750, 400, { channel: 1 }), node('beats', 'view_signal', 750, 200), node('keys', 'chroma_palette', 0, 400),
        ],
        edges: [
            edge('a', 'clk.grid_out', 'lfo.grid'), edge('b', 'lfo.out', 'seen.in'), edge('c', 'lfo.out', 'dim.signal'), edge('d', 'clk.grid_out', 'round.grid'),
            edge('e', 'round.uv', 'way.in'), edge('f', 'lfo.out', 'wheel.in'), edge('g', 'wheel.out', 'hues.in'), edge('h', 'wheel.out', 'green.in'),
            edge('i', 'clk.grid_out', 'beats.in'),
        ],
        args: [],
    });

    const context = await open();
    const page = context.pages()[0] ?? (await context.newPage());
    const errors = [];
    page.on('pageerror', (e) => errors.push(String(e.stack ?? e)));
    await page.goto(`http://127.0.0.1:${port}/#/patterns/${pattern.id}`);
    const card = (id) => page.locator(`.svelte-flow__node[data-id="${id}"]`);
    const caption = async (id) => (await card(id).locator('figcaption').count()) ? card(id).locator('figcaption').innerText() : '';
    /* How many different colours the picture has: 1 is an empty one. */
    const colours = (id) =>
        card(id).locator('canvas').evaluate((c) => {
            const d = new Uint32Array(c.getContext('2d').getImageData(0, 0, c.width, c.height).data.buffer);
            return new Set(d).size;
        });

    check(await until(async () => (await caption('keys')) === '' && (await api('GET', `/patterns/${pattern.id}/graph`)).nodes.length === 11), 'the graph is there');
    /* The palette has no chroma yet: an error that would leave every view empty. */
    check(await until(async () => (await card('seen').getByText('Nothing to see yet').count()) === 1), 'a broken graph shows nothing');
    const graph = await api('GET', `/patterns/${pattern.id}/graph`);
    await api('PUT', `/patterns/${pattern.id}/graph`, { nodes: [...graph.nodes, node('heard', 'harmony_analysis', -250, 400), node('snd', 'audio_input', -500, 400)], args: [],
        edges: [...graph.edges, edge('j', 'heard.signal', 'keys.chroma'), edge('k', 'snd.out', 'heard.audio_in')] });
    check(await until(async () => (await caption('seen')) === '-0.995 to 0.995'), `a signal says between what it is: ${await caption('seen')}`);
    check((await colours('seen')) > 1, 'and is drawn');
    check((await caption('way')) === 'path of 1 head' && (await colours('way')) > 1, 'a direction is a path');
    check((await caption('hues')) === 'colour' && (await colours('hues')) > 8, `a colour is a stripe of colours: ${await caption('hues')}, ${await colours('hues')}`);
    check((await caption('green')) === '0 to 1', `a channel is shown alone: ${await caption('green')}`);
    check((await caption('beats')) === '120 bpm, assumed' && (await colours('beats')) > 1, `beats are lines: ${await caption('beats')}`);
    check((await card('lfo').locator('figure').count()) === 0, 'other nodes have no picture');

    await card('lfo').click();
    const field = page.getByLabel('Amplitude', { exact: true });
    await field.fill('3');
    await field.press('Enter');
    check(await until(async () => (await caption('seen')) === '-2.98 to 2.98'), 'an edit is drawn anew');

    await card('keys').click();
    const colors = page.locator('fieldset input[type="color"]');
    check((await colors.count()) === 12, 'a palette is twelve colours');
    check((await colors.nth(4).inputValue()) === '#00ff00', 'with those that it begins with');
    await colors.nth(4).fill('#123456');
    await colors.nth(4).dispatchEvent('change');
    await page.keyboard.press('Control+s');
    check(await until(async () => (await api('GET', `/patterns/${pattern.id}/graph`)).nodes.find((n) => n.id === 'keys').params.palette?.[4] === '#123456'), 'one of them is changed');
    check((await api('GET', `/patterns/${pattern.id}/graph`)).errors.every((e) => e.node !== 'keys'), 'and understood');
    await page.screenshot({ path: path.join(SHOTS, 'views.png') });
    check(errors.length === 0, `no script error: ${errors[0] ?? ''}`);
    if (hasFailed()) console.log(lumad.log());
    await context.close();
});
