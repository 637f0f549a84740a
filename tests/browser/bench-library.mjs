/*
 * The library with 10,000 tracks: from each interaction to the next paint (event timing of the browser, which counts in steps of 8 ms), what a frame takes while the list
 * is scrolled, and whether memory stays.
 *
 *   node tests/browser/bench-library.mjs        (page.mjs says what it takes)   TRACKS=10000   LIMIT=100 (ms)
 *
 * Prints a table; fails where three quarters of an interaction's times are not under the limit, or when scrolling leaves memory or nodes behind.
 */
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { check, folder, open, run, SHOTS, start, until } from './page.mjs';

const TRACKS = Number(process.env.TRACKS ?? 10_000);
const LIMIT = Number(process.env.LIMIT ?? 100);
const HERE = path.dirname(fileURLToPath(import.meta.url));

await run(240, async () => {
    const data = folder('lumad-library-');
    const first = start(data, 0);
    await first.ready;
    first.child.kill('SIGTERM');
    await first.gone;
    execFileSync('python3', [path.join(HERE, 'library.py'), data, String(TRACKS)]);
    const lumad = start(data, 0);
    const port = await lumad.ready;
    const context = await open();
    try {
        const page = context.pages()[0] ?? (await context.newPage());
        const errors = [];
        page.on('console', (m) => m.type() === 'error' && errors.push(m.text()));
        page.on('pageerror', (e) => errors.push(String(e)));
        await page.addInitScript(() => {
            window.__times = [];
            new PerformanceObserver((list) => {
                for (const e of list.getEntries()) if (e.interactionId) window.__times.push({ id: e.interactionId, name: e.name, ms: e.duration });
            }).observe({ type: 'event', durationThreshold: 16, buffered: true });
        });
        const begun = Date.now();
        await page.goto(`http://127.0.0.1:${port}/#/library`);
        const list = page.getByRole('listbox', { name: 'Tracks' });
        await list.getByRole('option').first().waitFor();
        console.log(`# ${TRACKS} tracks: the first rows after ${Date.now() - begun} ms`);
        check(await until(() => page.getByText(`${TRACKS.toLocaleString('en')} tracks`).isVisible(), 5000), 'all of them are counted');
        await page.screenshot({ path: path.join(SHOTS, 'library-10000.png') });

        const figures = [];
        /* Each is repeated; what stays under 16 ms is not reported by the browser and counts as that. */
        async function measure(name, times, act, rest = 120) {
            const all = [];
            for (let i = 0; i < times; i++) {
                await page.evaluate(() => (window.__times.length = 0));
                await act(i);
                await page.waitForTimeout(rest);
                all.push(Math.max(16, ...(await page.evaluate(() => window.__times.map((t) => t.ms)))));
            }
            all.sort((a, b) => a - b);
            const q = (p) => all[Math.min(all.length - 1, Math.floor(p * all.length))];
            figures.push({ name, n: times, median: q(0.5), p75: q(0.75), worst: all.at(-1) });
        }
        const key = (k) => () => page.keyboard.press(k);
        await list.focus();
        await measure('arrow down', 30, key('ArrowDown'), 60);
        await measure('page down', 20, key('PageDown'));
        await measure('end and home', 10, (i) => page.keyboard.press(i % 2 ? 'Home' : 'End'));
        await measure('a letter typed', 12, (i) => page.keyboard.press('abcdefghijkm'[i] === 'b' ? 'n' : 'abcdefghijkm'[i]), 900);
        await measure('Ctrl A: all are marked', 5, async (i) => {
            await page.keyboard.press('Control+a');
            void i;
        }, 300);
        await page.screenshot({ path: path.join(SHOTS, 'library-10000-marked.png') });
        await measure('Esc: none is', 3, async () => {
            await page.keyboard.press('Escape');
        }, 300);
        await measure('sorted by a click', 12, (i) => page.getByRole('group', { name: 'Sort by' }).getByRole('button').nth(i % 6).click(), 400);
        await measure('filtered by a click', 6, (i) => page.getByRole('radio').nth([1, 2, 0][i % 3]).click(), 400);
        const search = page.getByLabel('Search tracks');
        await search.click();
        await measure('a letter of a search', 14, (i) => page.keyboard.press('velvet nova 12'[i] === ' ' ? 'Space' : 'velvet nova 12'[i]), 320);
        check(await until(async () => /found/.test(await page.locator('.count').innerText())), 'what was found is counted');
        await search.fill('');
        await page.waitForTimeout(500);
        await measure('Shift click over hundreds', 4, async (i) => {
            await list.evaluate((l, top) => (l.scrollTop = top), i * 8000);
            await page.waitForTimeout(150);
            await list.getByRole('option').nth(8).click({ modifiers: ['Shift'] });
        }, 300);
        await page.keyboard.press('Escape');
        await measure('a track is opened by a click', 8, async (i) => {
            await list.getByRole('option').nth(8 + (i % 3)).click();
        }, 700);
        await measure('arrow down beside an open track', 20, key('ArrowDown'), 260);
        await page.screenshot({ path: path.join(SHOTS, 'library-10000-open.png') });
        await page.close();

        /* Scrolled: the frames, and what is left behind. In a page of its own: what measures events keeps hold of what they happened to. */
        const plain = await context.newPage();
        plain.on('pageerror', (e) => errors.push(String(e)));
        await plain.goto(`http://127.0.0.1:${port}/#/library`);
        const rows = plain.getByRole('listbox', { name: 'Tracks' });
        await rows.getByRole('option').first().waitFor();
        const cdp = await context.newCDPSession(plain);
        await cdp.send('Performance.enable');
        const room = async () => {
            for (let i = 0; i < 2; i++) await cdp.send('HeapProfiler.collectGarbage');
            const { metrics } = await cdp.send('Performance.getMetrics');
            const of = (name) => metrics.find((m) => m.name === name)?.value ?? 0;
            return { heap: of('JSHeapUsedSize') / 2 ** 20, nodes: of('Nodes') };
        };
        const scroll = () =>
            rows.evaluate(
                (l) =>
                    new Promise((done) => {
                        const gaps = [];
                        let last = performance.now();
                        let top = 0;
                        const step = () => {
                            const now = performance.now();
                            gaps.push(now - last);
                            last = now;
                            top += 2200;
                            l.scrollTop = top;
                            if (top < l.scrollHeight) requestAnimationFrame(step);
                            else {
                                gaps.sort((a, b) => a - b);
                                done({ frames: gaps.length, median: gaps[gaps.length >> 1], p95: gaps[Math.floor(gaps.length * 0.95)], worst: gaps.at(-1) });
                            }
                        };
                        requestAnimationFrame(step);
                    }),
            );
        await scroll();
        await plain.waitForTimeout(1200);
        const before = await room();
        let frames;
        for (let i = 0; i < 4; i++) {
            frames = await scroll();
            await plain.waitForTimeout(600);
        }
        await plain.waitForTimeout(800);
        const after = await room();

        console.log('# interaction to next paint, ms (16 = 16 or less)   n  median  p75  worst');
        for (const f of figures) console.log(`#   ${f.name.padEnd(46)} ${String(f.n).padStart(3)}  ${String(f.median).padStart(6)}  ${String(f.p75).padStart(3)}  ${String(f.worst).padStart(5)}`);
        console.log(`# scrolled through ${TRACKS} rows in ${frames.frames} frames: median ${frames.median.toFixed(1)} ms, p95 ${frames.p95.toFixed(1)} ms, worst ${frames.worst.toFixed(1)} ms`);
        console.log(`# memory ${before.heap.toFixed(1)} -> ${after.heap.toFixed(1)} MB, nodes ${before.nodes} -> ${after.nodes}, after four more times through all rows`);
        for (const f of figures) check(f.p75 < LIMIT, `${f.name}: ${f.p75} ms is under ${LIMIT}`);
        check(frames.p95 < LIMIT, `a frame of scrolling: ${frames.p95.toFixed(1)} ms is under ${LIMIT}`);
        check(after.heap < before.heap + 8, 'memory stays while scrolling');
        check(after.nodes < before.nodes * 1.2 + 500, 'so do the nodes');
        check(errors.length === 0, `nothing is logged as an error${errors.length ? `: ${errors.slice(0, 3).join(' | ')}` : ''}`);
    } finally {
        await context.close();
    }
});
