/*
 * The patch with 500 heads in 21 universes: from a key or a press to the next picture in less than 100 ms, the middle of five; only what is seen is in the document.
 *     node tests/browser/heads.spec.mjs
 */
// ALONE
import path from 'node:path';

import { check, folder, hasFailed, open, painted, run, SHOTS, start } from './page.mjs';

const LIMIT_MS = 100;
const TIMES = 5;

await run(200, async () => {
    const lumad = start(folder('lumad-browser-'), 0);
    const port = await lumad.ready;
    const api = async (method, where, body) => {
        const r = await fetch(`http://127.0.0.1:${port}/api/v1${where}`, { method, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
        if (!r.ok) throw new Error(`${method} ${where}: ${r.status} ${await r.text()}`);
        return r.json();
    };
    const club = await api('POST', '/venues', { name: 'Club' });
    await api('PUT', '/show', { venue_id: club.id });
    await api('POST', `/venues/${club.id}/fixtures/array`, { fixture_path: 'builtin:generic-dimmer', mode_name: '12 Channels', label: 'Head 1', count: 500, address_step: 21 });

    const context = await open();
    try {
        const page = context.pages()[0] ?? (await context.newPage());
        const errors = [];
        page.on('pageerror', (e) => errors.push(String(e.stack ?? e)));
        const map = page.getByRole('listbox', { name: 'Map of the universes' });
        const grid = page.getByRole('grid');
        const first = grid.getByRole('row').filter({ has: page.locator('[data-col="0"]', { hasText: /^Head 1\s*$/ }) });
        const order = page.getByRole('button', { name: 'Addr', exact: true });
        await page.goto(`http://127.0.0.1:${port}/#/venue/patch`);
        await first.waitFor();
        await map.locator('.piece').first().waitFor();

        const top = async () => {
            await map.evaluate((m) => (m.scrollTop = 0));
            await grid.evaluate((g) => {
                for (let e = g; e; e = e.parentElement) e.scrollTop = 0;
                for (const e of g.querySelectorAll('*')) if (e.scrollTop) e.scrollTop = 0;
            });
            await painted(page);
        };
        /* What is done, and what brings back what was there before. */
        const piece = async () => {
            const box = await map.locator('[data-universe="1"] .slots').boundingBox();
            await page.mouse.click(box.x + box.width / 2, box.y + 12);
        };
        const acts = {
            arrow: [async () => { await top(); await first.locator('[data-col="5"]').click(); }, () => page.keyboard.press('ArrowDown')],
            all: [async () => undefined, () => page.keyboard.press('Control+a')],
            press: [top, piece],
            sort: [async () => undefined, () => order.click()],
            end: [async () => { await order.click(); await order.click(); await map.focus(); }, () => page.keyboard.press('End')],
            carry: [() => page.keyboard.press('Enter'), () => page.keyboard.press('PageUp'), () => page.keyboard.press('Escape')],
        };
        await page.evaluate(() => {
            window.__took = [];
            new PerformanceObserver((l) => window.__took.push(...l.getEntries().filter((e) => e.interactionId))).observe({ type: 'event', durationThreshold: 16, buffered: false });
        });
        /* The browser tells a moment after the picture how long it took, and nothing of what took less than 16 ms. A key that is let go and changes nothing has its
         * picture when something else draws: what began before is not counted. */
        const paint = async (act) => {
            await painted(page);
            await page.waitForTimeout(100);
            const from = await page.evaluate(() => performance.now());
            await act();
            await painted(page);
            await page.waitForTimeout(100);
            return page.evaluate((t) => Math.max(0, ...window.__took.filter((e) => e.startTime >= t).map((e) => e.duration)), from);
        };
        const times = Object.fromEntries(Object.keys(acts).map((name) => [name, []]));
        for (let i = 0; i < TIMES; i++) {
            for (const [name, [before, act, after]] of Object.entries(acts)) {
                await before();
                times[name].push(await paint(act));
                await after?.();
            }
        }
        await page.screenshot({ path: path.join(SHOTS, 'patch-500.png') });
        const middle = (all) => all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)];
        for (const [name, all] of Object.entries(times)) check(middle(all) < LIMIT_MS, `500 heads, ${name}: the next picture after ${middle(all)} ms (${all.join(', ')})`);
        check((await page.evaluate(() => document.querySelectorAll('*').length)) < 3500, 'what is not seen is not in the document');
        check(errors.length === 0, `no errors in the page${errors.length ? `: ${errors.slice(0, 3).join(' | ')}` : ''}`);
    } finally {
        await context.close();
        if (hasFailed()) console.log(lumad.log());
    }
});
