/*
 * The history in the page: what was saved in words, undo that goes on behind a reload, restore, variants with one key while it plays; by mouse, by key, in a
 * narrow window.     node tests/browser/history.spec.mjs
 */
import path from 'node:path';

import { check, folder, open, painted, run, seen, SHOTS, start, until } from './page.mjs';

const dimmer = (level) => ({
    args: [{ id: 'sel', name: 'Selection', type: 'selection', default: 'all' }],
    nodes: [
        { id: 'sel', type: 'pattern_args', params: {}, x: 0, y: 0 },
        { id: 'wave', type: 'sine_wave', params: { amplitude: level }, x: 0, y: 160 },
        { id: 'out', type: 'apply_dimmer', params: {}, x: 320, y: 0 },
    ],
    edges: [{ id: 'e', from_node: 'wave', from_port: 'out', to_node: 'out', to_port: 'signal' }],
});

await run(400, async () => {
    const lumad = start(folder('lumad-browser-'), 0, '--demo');
    const port = await lumad.ready;
    const api = async (method, where, body) => {
        const r = await fetch(`http://127.0.0.1:${port}/api/v1${where}`, {
            method, headers: { 'Content-Type': 'application/json' }, body: body === undefined ? undefined : JSON.stringify(body),
        });
        return (r.headers.get('content-type') ?? '').includes('json') ? r.json() : r.text();
    };
    const pattern = await api('POST', '/patterns', { name: 'AA history' });
    const graph = `/patterns/${pattern.id}/graph`;
    const implementation = `/implementations/${(await api('GET', graph)).implementation_id}`;
    const level = async () => (await api('GET', graph)).nodes.find((n) => n.id === 'wave')?.params.amplitude;
    const place = () => api('GET', `${implementation}/history`);

    const context = await open();
    const page = context.pages()[0] ?? (await context.newPage());
    const errors = [];
    page.on('pageerror', (e) => errors.push(String(e.stack ?? e)));
    const shot = async (name) => {
        for (const theme of ['dark', 'light', 'night']) {
            await page.evaluate((t) => (document.documentElement.dataset.theme = t), theme);
            await page.waitForTimeout(200);
            await page.screenshot({ path: path.join(SHOTS, `history-${name}-${theme}.png`) });
        }
        await page.evaluate(() => (document.documentElement.dataset.theme = 'dark'));
    };
    const keys = async (what) => {
        await page.evaluate(() => document.activeElement?.blur());
        await page.keyboard.press(what);
    };
    const panel = page.getByRole('region', { name: 'History' });
    const isLive = (variant) => until(async () => (await panel.getByRole('radio', { name: variant, exact: true }).getAttribute('aria-checked')) === 'true');

    await page.goto(`http://127.0.0.1:${port}/#/patterns/${pattern.id}`);
    await page.getByRole('button', { name: 'History' }).click();
    check(await until(() => panel.getByText('No saves yet').isVisible()), 'a pattern nobody saved says what will be here');
    await shot('empty');

    for (const l of [0.2, 0.4, 0.6]) await api('PUT', graph + (l === 0.4 ? '?message=Louder%20for%20the%20chorus' : ''), dimmer(l));
    check(await until(async () => (await panel.locator('.save').count()) === 3), 'three saves are listed as they come');
    check(await panel.getByText('Louder for the chorus').isVisible(), 'with their message');
    check(await until(async () => (await panel.getByText('just now, operator').count()) === 3), 'when, and by whom');
    await panel.locator('.save').nth(1).click();
    check(await until(() => panel.getByText(/0\.2 → 0\.4/).isVisible()), 'and what they changed, in words');
    await shot('diff');

    /* Undo with nothing in the session: lumad's. */
    await page.reload();
    check(await until(() => panel.or(page.getByRole('button', { name: 'History' })).first().isVisible()), 'the page comes back');
    await until(async () => (await page.evaluate(() => document.querySelectorAll('.svelte-flow__node').length)) === 3);
    await seen(page.getByRole('button', { name: /^Undo: / }));
    await keys('Control+z');
    check(await until(async () => (await level()) === 0.4), 'after a reload Ctrl Z undoes what was saved before');
    await keys('Control+z');
    check(await until(async () => (await level()) === 0.2), 'and the one before');
    await keys('Control+Shift+z');
    check(await until(async () => (await level()) === 0.4), 'Ctrl Shift Z goes forward');

    /* The session's own steps are the draft's. */
    await page.locator('.svelte-flow__node').filter({ hasText: 'Sine' }).first().click();
    const amplitude = page.getByLabel(/Amplitude/).first();
    check(await until(async () => Number(await amplitude.inputValue()) === 0.4), 'and the page shows it');
    await amplitude.fill('0.9');
    await amplitude.press('Enter');
    await keys('Control+s');
    check(await until(async () => (await level()) === 0.9), 'an edit is saved');
    const saved = await place();
    check(await until(() => page.getByText('not saved').isHidden()), 'and the page knows');
    await keys('Control+z');
    check(await until(() => page.getByText('not saved').isVisible()), 'undone in the session it is a draft');
    check((await place()).revision_id === saved.revision_id, 'and no save');
    await keys('Control+Shift+z');
    check(await until(() => page.getByText('not saved').isHidden()), 'and redone it is what is saved');

    /* By key: panel, variant, next variant. */
    await keys('h');
    check(await until(() => panel.isVisible()), 'H opens the history');
    await keys('Shift+V');
    check(await until(async () => (await place()).branch === 'B'), 'Shift V saves as variant B');
    check(await until(() => page.getByText('Variant B begins here').isVisible()), 'and says so');
    check(await until(() => panel.getByRole('radio', { name: 'B', exact: true }).isVisible()), 'which is shown');
    await api('PUT', graph, dimmer(0.1));
    await until(async () => (await panel.locator('.save').count()) >= 5);
    await keys('v');
    check(await until(async () => (await level()) === 0.9 && (await place()).branch === 'A'), 'V shows the next variant: A again');
    await isLive('A');
    await keys('v');
    check(await until(async () => (await level()) === 0.1), 'and B again');
    await isLive('B');
    await panel.getByRole('radio', { name: 'A', exact: true }).click();
    check(await until(async () => (await place()).branch === 'A'), 'a chip does it too');
    await isLive('A');

    /* Names and restoring. */
    await panel.locator('.save').last().click();
    const name = panel.getByLabel('Name, to keep it for good');
    await name.fill('First idea');
    await name.press('Enter');
    check(await until(() => panel.getByText('First idea').isVisible()), 'a save gets a name');
    await panel.getByRole('radio', { name: 'Against live' }).click();
    check(await until(() => panel.getByText(/0\.9 → 0\.2/).isVisible()), 'it is compared with what is live');
    await shot('variants');
    await panel.getByRole('button', { name: 'Restore' }).click();
    check(await until(async () => (await level()) === 0.2), 'restored');
    check(await until(() => panel.getByText('Restored 1: First idea').isVisible()), 'as a save of its own');

    /* Somebody else was quicker. */
    await page.route('**/undo', async (route) => {
        await api('PUT', graph, dimmer(0.77));
        await route.continue();
    }, { times: 1 });
    await panel.getByRole('button', { name: 'Undo' }).click();
    check(await until(() => page.getByText(/changed by someone else/).isVisible()), 'an undo that comes too late is told');
    check((await level()) === 0.77, 'and undoes nothing of theirs');

    /* A score. */
    const show = await api('GET', '/show');
    await page.goto(`http://127.0.0.1:${port}/#/scores`);
    await until(() => panel.isVisible());
    const notes = (await api('GET', `/scores/${show.score_id}/annotations?limit=1000`)).items;
    const first = notes[0];
    await api('PATCH', `/annotations/${first.id}`, { start_time: first.start_time + 0.5 });
    await api('POST', `/scores/${show.score_id}/batch`, { delete: [notes[1].id, notes[2].id] });
    check(await until(() => panel.getByText('2 blocks removed').isVisible()), 'the saves of a score');
    await panel.locator('.save').first().click();
    check(await until(async () => (await panel.locator('.diff .minus').count()) === 2), 'name the blocks that went');
    await shot('score');
    await keys('Control+z');
    const count = async () => (await api('GET', `/scores/${show.score_id}/annotations?limit=1000`)).items.length;
    check(await until(async () => (await count()) === notes.length), 'Ctrl Z brings them back');

    for (const [width, height] of [[800, 1000], [400, 800]]) {
        await page.setViewportSize({ width, height });
        await painted(page);
        if (!(await panel.isVisible())) {
            await page.getByRole('button', { name: 'History' }).first().click();
            await painted(page);
        }
        if (!(await panel.isVisible())) await page.getByRole('button', { name: 'History' }).first().click();
        check(await until(() => panel.isVisible()), `it opens in a window of ${width}`);
        await page.waitForTimeout(300);
        await page.screenshot({ path: path.join(SHOTS, `history-score-${width}.png`) });
    }
    check(errors.length === 0, `no error in the page ${errors.join('\n')}`);
    await context.close();
    lumad.child.kill();
    await lumad.gone;
});
