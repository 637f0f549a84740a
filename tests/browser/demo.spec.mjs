/*
 * The page against the real daemon on its demo show: beats pass, the heads on the stage
 * change colour, a lost connection is said and found again, nothing is logged as an error.
 *
 *   node tests/browser/demo.spec.mjs        (page.mjs says what it takes)
 */
import path from 'node:path';

import { check, folder, gone, hasFailed, open, run, seen, SHOTS, start, until } from './page.mjs';

/* What the page reports of itself (web/src/state/live.ts). */
const look = (page) =>
    page.evaluate(() => {
        const l = window.__lumad;
        return {
            seq: l.frameSeq,
            position: l.position,
            at: performance.now() / 1000,
            playing: l.hostAudio?.playing ?? false,
            beat: l.hostAudio?.beat?.index ?? null,
            bpm: l.hostAudio?.beat?.bpm ?? null,
            heads: l.heads,
            dot: [...document.querySelectorAll('[data-testid=beat-dots] i')].findIndex((i) => i.classList.contains('lit')),
            bar: document.querySelector('footer .bar')?.textContent ?? '',
        };
    });
const colours = (heads) => heads.map((h) => `${h.intensity},${h.r},${h.g},${h.b}`).join(' ');

/* The stage as the screen shows it: mean light, how many pixels are bright, and a coarse
 * picture to compare. Decoded in the page: it has a PNG reader. */
async function pixels(page) {
    const png = await page.locator('.stage-canvas').screenshot();
    return page.evaluate(async (base64) => {
        const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
        const image = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
        const canvas = new OffscreenCanvas(128, 80);
        const g = canvas.getContext('2d', { willReadFrequently: true });
        g.drawImage(image, 0, 0, 128, 80);
        const { data } = g.getImageData(0, 0, 128, 80);
        let bright = 0;
        const values = [];
        for (let i = 0; i < data.length; i += 4) {
            const most = Math.max(data[i], data[i + 1], data[i + 2]);
            if (most > 70) bright++;
            values.push(data[i], data[i + 1], data[i + 2]);
        }
        return { bright, values };
    }, png.toString('base64'));
}
const difference = (a, b) => a.values.reduce((n, v, i) => n + (Math.abs(v - b.values[i]) > 24 ? 1 : 0), 0);

await run(400, async () => {
    const data = folder('lumad-browser-');
    let lumad = start(data, 0, '--demo');
    const port = await lumad.ready;

    const context = await open();
    try {
        const page = context.pages()[0] ?? (await context.newPage());
        const errors = [];
        /* Once lumad was away: the browser itself reports every refused connection, some of them late. */
        let wasAway = false;
        page.on('console', (m) => m.type() === 'error' && !(wasAway && /net::ERR_|WebSocket/.test(m.text())) && errors.push(m.text()));
        page.on('pageerror', (e) => errors.push(String(e.stack ?? e)));
        const asked = [];
        page.on('websocket', (ws) => ws.on('framesent', (f) => asked.push(String(f.payload))));
        const shot = (name) => page.screenshot({ path: path.join(SHOTS, `${name}.png`) });

        await page.goto(`http://127.0.0.1:${port}/#/show`);
        check(await until(async () => (await look(page)).seq > 0), 'frames arrive at the stage');

        check(await until(async () => (await look(page)).playing), 'the demo plays');

        /* Beats: what lumad says and what the page shows. */
        await until(async () => (await look(page)).beat !== null);
        const first = await look(page);
        check(first.bpm !== null && first.bpm > 40 && first.bpm < 250, `the tempo is known: ${first.bpm} bpm`);
        check(
            await until(async () => (await look(page)).beat >= first.beat + 3),
            'at least three beats pass',
        );
        const dots = new Set();
        const bars = new Set();
        await until(async () => {
            const now = await look(page);
            dots.add(now.dot);
            bars.add(now.bar);
            return dots.size >= 3 && bars.size >= 3;
        });
        check(dots.size >= 3 && !dots.has(-1), `the beat dots move: ${[...dots].join(' ')}`);
        check(bars.size >= 3, `bar and beat count on: ${[...bars].join(' ')}`);

        const before = await look(page);
        await page.waitForTimeout(1000);
        const after = await look(page);
        const error = after.position - before.position - (after.at - before.at);
        check(Math.abs(error) < 0.15 || after.position < before.position, `the playhead keeps time (${(error * 1000).toFixed(0)} ms off after 1 s)`);

        /* Light: what lumad says and what the screen shows. */
        check(before.heads.length >= 16, `the stage has ${before.heads.length} heads`);
        const meant = new Set();
        check(
            await until(async () => {
                const { heads } = await look(page);
                if (heads.some((h) => h.intensity > 0 && h.r + h.g + h.b > 0)) meant.add(colours(heads));
                return meant.size >= 4;
            }),
            'the colours of the heads change',
        );
        const pictures = [];
        check(
            await until(async () => {
                pictures.push(await pixels(page));
                return pictures.at(-1).bright > 10;
            }),
            `the stage is not black: ${pictures.at(-1)?.bright} of 10240 points are bright`,
        );
        check(
            await until(async () => {
                /* Each look takes the processor that draws: on end they would bring the stage down to its lowest quality. */
                await page.waitForTimeout(300);
                pictures.push(await pixels(page));
                return pictures.some((a) => difference(a, pictures.at(-1)) > 60);
            }),
            `the picture of the stage changes: ${Math.max(...pictures.map((a) => difference(a, pictures.at(-1))))} of 30720 values`,
        );
        await shot('show');

        /* The stage as it was sent, read back from the bytes: other messages, the same play of colours. */
        const wanted = (type, topic) => asked.some((t) => t.includes(`"${type}"`) && t.includes(`"${topic}"`));
        await page.getByRole('radio', { name: 'Sent' }).click();
        check(await until(() => wanted('unsubscribe', 'frame') && wanted('subscribe', 'wire')), 'the stage asks for what was sent');
        const sent = new Set();
        check(
            await until(async () => {
                const { heads } = await look(page);
                if (heads.some((h) => h.intensity > 0 && h.r + h.g + h.b > 0)) sent.add(colours(heads));
                return sent.size >= 4;
            }),
            'the colours that were sent change',
        );
        await shot('show-sent');
        await page.getByRole('radio', { name: 'Meant' }).click();
        check(await until(() => wanted('unsubscribe', 'wire')), 'the stage shows what is meant again');

        /* Blackout: a click, and the light is gone from the heads; another, and it is back. */
        const blackout = page.locator('footer .blackout');
        await blackout.click();
        check(await until(async () => (await look(page)).heads.every((h) => h.intensity === 0)), 'blackout: every head is dark');
        await blackout.click();
        check(await until(async () => (await look(page)).heads.some((h) => h.intensity > 0)), 'blackout off: there is light again');

        /* Each room opens and shows what it is for. */
        const rooms = [
            ['library', '[role=option]', 'the library lists the demo track'],
            ['venue/dmx', 'canvas[role=grid]', 'the DMX grid is there'],
            ['patterns', '.svelte-flow__node', 'a pattern shows its graph'],
            ['scores', '.timeline canvas', 'the score has a timeline'],
            ['settings', 'select', 'the settings are there'],
        ];
        for (const [hash, selector, what] of rooms) {
            await page.evaluate((h) => (location.hash = `/${h}`), hash);
            const isThere = await seen(page.locator(selector).first());
            check(isThere, what);
            await page.waitForTimeout(400);
            if (hash === 'venue/dmx') {
                await page.locator(selector).press('Home');
                const words = await page.locator('[role=status]', { hasText: '1.001' }).first().textContent().catch(() => '');
                check(/channel 1/.test(words), `a slot is told by its fixture: ${words.replace(/\s+/g, ' ').trim()}`);
            }
            await shot(hash.replace('/', '-'));
        }

        /* Lost and found. */
        await page.evaluate(() => (location.hash = '/show'));
        await until(async () => (await page.locator('.stage-canvas').count()) === 1);
        wasAway = true;
        lumad.child.kill('SIGKILL');
        await lumad.gone;
        const banner = page.getByText('Connection lost');
        check(await seen(banner), 'a lost connection is said');
        await shot('connection-lost');
        const old = await look(page);
        lumad = start(data, port, '--demo');
        await lumad.ready;
        check(await gone(banner), 'the connection is found again');
        check(await until(async () => (await look(page)).seq !== old.seq), 'frames go on arriving');
        await page.waitForTimeout(500);
        check(errors.length === 0, `no errors in the console${errors.length ? `: ${errors.slice(0, 5).join(' | ')}` : ''}`);
    } finally {
        await context.close();
        if (hasFailed()) console.log(lumad.log());
    }
});
