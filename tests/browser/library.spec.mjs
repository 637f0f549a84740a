/*
 * The Library room against the real daemon: what was heard in a track in lanes, beats corrected by buttons, taps and a dragged beat and undone by name,
 * analysis by step and of many tracks, a folder and a playlist imported with what failed named, by mouse, keyboard and touch.
 *
 *   node tests/browser/library.spec.mjs        (page.mjs says what it takes)
 */
import fs from 'node:fs';
import path from 'node:path';

import { analysed, check, folder, open, run, SHOTS, start, until } from './page.mjs';

const RATE = 24000;
/* A click on each beat, the first of four higher: 16-bit mono. */
function clicks(seconds, bpm, hz) {
    const n = Math.round(seconds * RATE);
    const data = Buffer.alloc(44 + 2 * n);
    data.write('RIFF', 0);
    data.writeUInt32LE(36 + 2 * n, 4);
    data.write('WAVEfmt ', 8);
    data.writeUInt32LE(16, 16);
    data.writeUInt16LE(1, 20);
    data.writeUInt16LE(1, 22);
    data.writeUInt32LE(RATE, 24);
    data.writeUInt32LE(RATE * 2, 28);
    data.writeUInt16LE(2, 32);
    data.writeUInt16LE(16, 34);
    data.write('data', 36);
    data.writeUInt32LE(2 * n, 40);
    const gap = 60 / bpm;
    for (let i = 0; i < n; i++) {
        const t = i / RATE;
        const beat = Math.floor(t / gap);
        const since = t - beat * gap;
        const f = beat % 4 ? hz : hz * 1.5;
        data.writeInt16LE(Math.round(20000 * Math.exp(-since * 40) * Math.sin(2 * Math.PI * f * since)), 44 + 2 * i);
    }
    return data;
}

await run(400, async () => {
    const music = folder('lumad-music-');
    fs.mkdirSync(path.join(music, 'Friday'));
    fs.writeFileSync(path.join(music, 'Friday', 'one.wav'), clicks(12, 120, 900));
    fs.writeFileSync(path.join(music, 'Friday', 'two.wav'), clicks(12, 96, 700));
    fs.writeFileSync(path.join(music, 'Friday', 'one again.wav'), clicks(12, 120, 900));
    fs.writeFileSync(path.join(music, 'Friday', 'broken.mp3'), 'this is no music');
    const data = folder('lumad-browser-');
    fs.writeFileSync(path.join(data, 'test.conf'), `[library]\nimport_folders = ${music}\n`);
    const lumad = start(data, 0, '--demo');
    const port = await lumad.ready;

    const context = await open();
    try {
        const page = context.pages()[0] ?? (await context.newPage());
        const errors = [];
        page.on('console', (m) => m.type() === 'error' && errors.push(`${m.text()} ${m.location().url}`));
        page.on('pageerror', (e) => errors.push(String(e.stack ?? e)));
        const shot = (name) => page.screenshot({ path: path.join(SHOTS, `${name}.png`) });
        const api = (method, route, body) =>
            page.evaluate(
                async ([m, r, b]) => {
                    const answer = await fetch(`/api/v1${r}`, { method: m, headers: { 'Content-Type': 'application/json' }, body: b === undefined ? undefined : JSON.stringify(b) });
                    return answer.status === 204 ? null : answer.json();
                },
                [method, route, body],
            );
        await page.goto(`http://127.0.0.1:${port}/#/library`);
        await page.getByRole('listbox', { name: 'Tracks' }).getByRole('option').first().waitFor();
        const demo = (await api('GET', '/tracks')).items[0];
        await analysed(api);
        await page.goto(`http://127.0.0.1:${port}/#/library/${demo.id}`);
        const grid = () => api('GET', `/tracks/${demo.id}/beats`);
        const first = await grid();
        const bpmIs = (bpm) => until(async () => Math.abs((await grid()).bpm - bpm) < 0.01);
        const toast = (text) => until(() => page.getByText(text).first().isVisible());

        /* --- the page of a track --- */
        check(await until(() => page.getByText('Bars, beats').isVisible()), 'there is a lane of bars and beats');
        check(await until(() => page.getByText(`${first.beats.length} beats`.split(' ')[0]).first().isVisible()), 'the beats are counted');
        await shot('library-track');

        /* --- corrections, by buttons --- */
        await page.getByRole('button', { name: 'Correct beats' }).click();
        const bar = page.getByRole('region', { name: 'Correct the beats' });
        await bar.waitFor();
        await bar.getByRole('button', { name: /×2/ }).click();
        check(await bpmIs(first.bpm * 2), 'twice the tempo');
        await bar.getByRole('button', { name: 'Undo twice the tempo' }).click();
        check(await bpmIs(first.bpm), 'undone by its name');
        check((await grid()).analyser === first.analyser, 'the grid is whose it was');
        await page.keyboard.press('Control+Shift+Z');
        check(await bpmIs(first.bpm * 2), 'and done again');
        await bar.getByRole('button', { name: /÷2/ }).click();
        check(await bpmIs(first.bpm), 'half of it is what it was');
        const before = (await grid()).beats[10];
        for (let i = 0; i < 3; i++) await bar.getByRole('button', { name: '5 ms later' }).click();
        check(await until(async () => Math.abs((await grid()).beats[10] - before - 0.015) < 1e-4), 'three nudges are 15 ms');
        await page.keyboard.press('Control+Z');
        check(await until(async () => Math.abs((await grid()).beats[10] - before) < 1e-4), 'and one step back');
        await bar.getByLabel('Beats a bar').fill('3');
        await page.keyboard.press('Enter');
        check(await until(async () => (await grid()).beats_per_bar === 3), 'a waltz');
        await page.keyboard.press('Control+Z');
        check(await until(async () => (await grid()).beats_per_bar === 4), 'and back');

        /* The one is the beat at the playhead: one that is none so far. */
        const one = first.beats.find((t, i) => i > 16 && !first.downbeats.includes(t));
        await until(() => page.evaluate(() => window.__lumad.hostAudio?.loaded));
        await api('POST', '/host-audio/pause');
        await api('POST', '/host-audio/seek', { seconds: one + 0.01 });
        await until(async () => Math.abs((await page.evaluate(() => window.__lumad.position)) - one) < 0.05);
        await bar.getByRole('button', { name: /This is the one/ }).click();
        check(await until(async () => (await grid()).downbeats.some((t) => Math.abs(t - one) < 1e-3)), 'this beat is the one');
        await page.keyboard.press('Control+Z');
        check(await until(async () => !(await grid()).downbeats.some((t) => Math.abs(t - one) < 1e-3)), 'and is not');

        /* --- taps: what the page takes for the position is the music's --- */
        await api('POST', '/host-audio/play');
        await until(async () => (await page.evaluate(() => window.__lumad.hostAudio?.playing)));
        const half = (60 / first.bpm) * 2;
        const taps = await page.evaluate(
            ([beats, gap]) =>
                new Promise((resolve) => {
                    /* On every second beat, as exactly as a page can. */
                    const from = window.__lumad.position + 0.3;
                    const mine = beats.filter((t, i) => t > from && i % 2 === 0 && t < from + 9 * gap);
                    let i = 0;
                    const look = () => {
                        if (i >= mine.length) return resolve(mine.length);
                        if (window.__lumad.position >= mine[i]) {
                            i++;
                            dispatchEvent(new KeyboardEvent('keydown', { key: 't', code: 'KeyT', bubbles: true, cancelable: true }));
                        }
                        requestAnimationFrame(look);
                    };
                    look();
                }),
            [first.beats, half],
        );
        check(taps >= 8, `${taps} taps on every second beat`);
        check(await until(() => bar.getByText(/of at least 4/).isVisible()), 'the taps are counted');
        check(await until(async () => Math.abs((await grid()).bpm - first.bpm / 2) < 1.2), 'the grid follows the taps when they end');
        await toast(/./);
        await page.keyboard.press('Control+Z');
        check(await bpmIs(first.bpm), 'tapped beats are undone');
        await api('POST', '/host-audio/pause');

        /* --- a dragged beat --- */
        await api('POST', '/host-audio/seek', { seconds: 0 });
        const line = page.locator('.timeline');
        for (let i = 0; i < 9; i++) await page.getByRole('button', { name: 'Zoom in' }).click();
        await line.scrollIntoViewIfNeeded();
        const wave = await line.boundingBox();
        const names = await page.locator('.names .name').nth(1).boundingBox();
        const lane = names.y + names.height * 0.7;
        /* Somewhere in the lane there is a beat: try until one moves. */
        let moved = false;
        for (let x = 40; x < wave.width - 60 && !moved; x += 12) {
            const was = (await grid()).version;
            await page.mouse.move(wave.x + x, lane);
            if ((await page.locator('.timeline canvas.top').evaluate((c) => c.style.cursor)) !== 'ew-resize') continue;
            await page.mouse.down();
            await page.mouse.move(wave.x + x + 6, lane, { steps: 3 });
            await page.mouse.up();
            moved = await until(async () => (await grid()).version > was);
        }
        check(moved, 'a beat is dragged in its lane');
        check(await until(() => bar.getByRole('button', { name: 'Undo moved beat' }).isVisible()), 'and can be undone');
        await shot('library-correct');
        await page.keyboard.press('Control+Z');
        check(await until(async () => Math.abs((await grid()).beats[3] - first.beats[3]) < 1e-4), 'it is back');
        /* The same by a finger, a little beside it. */
        const cdp = await context.newCDPSession(page);
        let at = null;
        for (let x = 60; x < wave.width - 80 && at === null; x += 5) {
            await page.mouse.move(wave.x + x, lane);
            if ((await page.locator('.timeline canvas.top').evaluate((c) => c.style.cursor)) === 'ew-resize') at = wave.x + x;
        }
        const was = (await grid()).version;
        const touches = (x) => [{ x, y: lane }];
        await cdp.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: touches(at) });
        for (const by of [4, 8, 12]) await cdp.send('Input.dispatchTouchEvent', { type: 'touchMove', touchPoints: touches(at + by) });
        await cdp.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
        check(await until(async () => (await grid()).version > was), 'a finger drags a beat');
        const dragged = (await grid()).version;
        await page.keyboard.press('Control+Z');
        check(await until(async () => (await grid()).version > dragged && (await grid()).beats.every((t, i) => Math.abs(t - first.beats[i]) < 1e-4)), 'and it is undone');
        /* Escape abandons a drag. */
        const kept = (await grid()).version;
        await page.mouse.move(at, lane);
        await page.mouse.down();
        await page.mouse.move(at + 20, lane, { steps: 4 });
        await page.keyboard.press('Escape');
        await page.mouse.up();
        await page.waitForTimeout(600);
        check((await grid()).version === kept, 'Esc abandons a drag');
        await page.keyboard.press('g');
        check(await until(async () => !(await bar.isVisible())), 'G ends it');

        /* --- import of a folder of lumad's machine --- */
        await page.getByRole('button', { name: 'Import', exact: true }).click();
        const dialog = page.getByRole('dialog', { name: 'Import folder or playlist' });
        await dialog.getByRole('button', { name: path.basename(music) }).click();
        await dialog.getByRole('button', { name: 'Friday' }).click();
        check(await until(() => dialog.getByText('4 audio files in this folder').isVisible()), 'what is in the folder is said');
        await shot('library-import');
        await dialog.getByRole('button', { name: 'Import this folder' }).click();
        check(await until(async () => !(await dialog.isVisible())), 'the import begins');
        const batch = async () => (await api('GET', '/batches')).items[0];
        check(await until(async () => (await api('GET', '/tracks')).items.length >= 3), 'the tracks come');
        await page.getByRole('button', { name: /^Jobs/ }).click();
        const panel = page.getByRole('region', { name: 'Jobs' });
        check(await until(() => panel.getByText('Import: Friday').isVisible()), 'one row for all of them');
        await until(async () => (await batch()).duplicates + (await batch()).failed >= 2, 60_000);
        await panel.getByRole('button', { name: 'Show what failed of Friday' }).click();
        check(await until(() => panel.getByText('broken.mp3').first().isVisible()), 'the bad file is named');
        check(await until(() => panel.getByRole('heading', { name: 'Here already' }).isVisible()), 'so is what came twice');
        await shot('library-jobs');
        await page.keyboard.press('Escape');

        /* --- many tracks at once --- */
        const list = page.getByRole('listbox', { name: 'Tracks' });
        await page.getByRole('button', { name: 'Mark several tracks' }).click();
        await list.getByRole('option').nth(1).click();
        await list.getByRole('option').nth(2).click();
        const many = page.getByRole('toolbar', { name: 'Marked tracks' });
        check(await many.getByText('2 tracks marked').isVisible(), 'two tracks are marked');
        await many.getByRole('button', { name: 'Analyse' }).click();
        await page.keyboard.press('ArrowDown');
        await page.keyboard.press('ArrowDown');
        await page.keyboard.press('Enter');
        check(await until(async () => (await batch()).kind === 'analyze' && (await batch()).total === 2), 'they are analysed as a batch');

        /* --- by finger --- */
        await page.setViewportSize({ width: 1024, height: 768 });
        await page.getByRole('button', { name: 'Tracks', exact: true }).click();
        await list.getByRole('option').first().click();
        await page.getByRole('button', { name: 'Correct beats' }).click();
        const size = await bar.getByRole('button', { name: /This is the one/ }).boundingBox();
        check(size.height >= 44 && size.width >= 44, 'buttons are large enough for a finger');
        await shot('library-touch');
        check(errors.length === 0, `nothing is logged as an error${errors.length ? `: ${errors.slice(0, 3).join(' | ')}` : ''}`);
    } finally {
        await context.close();
    }
});
