/*
 * Sound: rate, jumps and the next track from the deck, meters that move while the demo plays, the chain of effects edited, undone and really in force,
 * cue points set, dragged, changed and undone, the calibration, by mouse, keyboard and finger.
 *
 *   node tests/browser/sound.spec.mjs     (page.mjs says what it takes)
 */
import path from 'node:path';

import { analysed, check, folder, open, run, SHOTS, start, until } from './page.mjs';

const RATE = 24000;
/* A tone: 16-bit mono. */
function tone(seconds, hz) {
    const n = Math.round(seconds * RATE);
    const data = Buffer.alloc(44 + 2 * n);
    data.write('RIFF', 0);
    data.writeUInt32LE(36 + 2 * n, 4);
    data.write('WAVEfmt ', 8);
    for (const [at, value, long] of [[16, 16, 1], [20, 1, 0], [22, 1, 0], [24, RATE, 1], [28, RATE * 2, 1], [32, 2, 0], [34, 16, 0]]) long ? data.writeUInt32LE(value, at) : data.writeUInt16LE(value, at);
    data.write('data', 36);
    data.writeUInt32LE(2 * n, 40);
    for (let i = 0; i < n; i++) data.writeInt16LE(Math.round(8000 * Math.sin((2 * Math.PI * hz * i) / RATE)), 44 + 2 * i);
    return data;
}

await run(400, async () => {
    const lumad = start(folder('lumad-sound-'), 0, '--demo');
    const port = await lumad.ready;
    const base = `http://127.0.0.1:${port}`;
    const api = async (method, url, body) => {
        const r = await fetch(`${base}/api/v1${url}`, { method, headers: { 'Content-Type': 'application/json' }, body: body === undefined ? undefined : JSON.stringify(body) });
        if (!r.ok) throw new Error(`${method} ${url}: ${r.status} ${await r.text()}`);
        return r.status === 204 ? null : r.json();
    };
    const host = () => api('GET', '/host-audio');
    await fetch(`${base}/api/v1/tracks?filename=second.wav`, { method: 'POST', headers: { 'Content-Type': 'audio/wav' }, body: tone(6, 440) });
    /* Lanes that come move those below them. */
    await analysed(api);

    const context = await open({ width: 1400, height: 900 });
    try {
        const page = context.pages()[0] ?? (await context.newPage());
        const errors = [];
        page.on('console', (m) => m.type() === 'error' && errors.push(`${m.text()} ${m.location().url}`));
        page.on('pageerror', (e) => errors.push(String(e.stack ?? e)));
        /* lumad has an edit a moment before the page knows that it has. */
        const press = async (keys) => {
            await page.waitForTimeout(400);
            await page.keyboard.press(keys);
        };
        const shot = (name) => page.screenshot({ path: path.join(SHOTS, `${name}.png`) });
        await page.goto(`${base}/#/library`);
        await until(() => page.evaluate(() => window.__lumad?.hostAudio?.playing));
        const demo = (await host()).track_id;
        await api('POST', '/host-audio/loop', { enabled: false });
        await page.goto(`${base}/#/library/${demo}`);

        /* --- the deck --- */
        const deck = page.getByRole('region', { name: 'Deck' });
        await page.getByRole('button', { name: 'Deck' }).click();
        check(await until(() => deck.isVisible()), 'the deck opens');
        const rate = deck.getByRole('slider', { name: 'Rate' });
        await rate.focus();
        await page.keyboard.press('Shift+ArrowRight');
        await page.keyboard.press('Shift+ArrowRight');
        check(await until(async () => Math.abs((await host()).rate - 1.002) < 1e-6), 'two fine steps of the rate');
        for (let i = 0; i < 4; i++) await deck.getByRole('button', { name: 'Faster' }).click();
        check(await until(async () => Math.abs((await host()).rate - 1.022) < 1e-6), 'four clicks faster');
        check(await until(() => page.getByText('+2.2').first().isVisible()), 'and it is said');
        await deck.locator('label', { hasText: 'Keep pitch' }).click();
        check(await until(async () => (await host()).keep_pitch === false), 'the pitch goes along');
        await rate.dblclick();
        check(await until(async () => (await host()).rate === 1), 'a double click is the original speed');

        /* --- meters --- */
        const peak = () => page.evaluate(() => window.__lumad.meters?.peak?.[0] ?? null);
        check(await until(async () => ((await peak()) ?? -120) > -60), 'the meters show that it plays');
        const seen = new Set();
        await until(async () => (seen.add(await peak()), seen.size >= 4));
        check(seen.size >= 4, 'and move');
        await page.getByRole('button', { name: 'Meters' }).click();
        const panel = page.getByRole('dialog', { name: 'Meters' });
        check(await until(async () => /\d/.test(await panel.locator('dd').first().innerText())), 'the loudness is told');
        await shot('sound-meters');
        await page.keyboard.press('Escape');

        /* --- cue points --- */
        const markers = async () => (await api('GET', `/tracks/${demo}/markers`)).items;
        await api('POST', '/host-audio/pause');
        await api('POST', '/host-audio/seek', { seconds: 30.5 });
        await until(async () => Math.abs((await page.evaluate(() => window.__lumad.position)) - 30.5) < 0.05);
        await page.locator('h1').click();
        await page.keyboard.press('c');
        check(await until(async () => (await markers()).length === 1 && Math.abs((await markers())[0].start_time - 30.5) < 0.05), 'C sets a cue point at the playhead');
        await press('Control+Z');
        check(await until(async () => (await markers()).length === 0), 'undone');
        await press('Control+Shift+Z');
        check(await until(async () => (await markers()).length === 1), 'and done again');
        /* What was undone is told over the colours. */
        const note = page.getByRole('button', { name: 'Dismiss' });
        await until(async () => (await note.count()) === 0 || (await note.last().click({ timeout: 500 }).catch(() => undefined), false));
        const own = page.getByRole('region', { name: 'Cue points of this track' });
        await own.getByRole('button', { name: 'Cue 1' }).click();
        await own.getByLabel('Name').fill('Drop');
        await page.keyboard.press('Enter');
        await own.getByRole('radio').nth(3).click();
        check(await until(async () => (await markers())[0].name === 'Drop' && (await markers())[0].color === '#41b06a'), 'it has a name and a colour');
        await page.locator('.timeline').scrollIntoViewIfNeeded();
        /* Its flag in the lane. */
        const lane = await page.locator('.names .name').filter({ hasText: 'Cue points' }).boundingBox();
        const view = await page.locator('.timeline canvas.top').boundingBox();
        const length = (await host()).duration;
        const at = view.x + ((await markers())[0].start_time / length) * view.width;
        await page.mouse.move(at + 1, lane.y + lane.height / 2);
        await page.mouse.down();
        await page.keyboard.down('Control');
        await page.mouse.move(at + 61, lane.y + lane.height / 2, { steps: 4 });
        await page.mouse.up();
        await page.keyboard.up('Control');
        const there = 30.5 + (60 / view.width) * length;
        check(await until(async () => Math.abs((await markers())[0].start_time - there) < 0.6), 'it is dragged in its lane');
        await press('Control+Z');
        check(await until(async () => Math.abs((await markers())[0].start_time - 30.5) < 0.05), 'and back');
        await own.getByRole('button', { name: 'Make a loop' }).click();
        check(await until(async () => (await markers())[0].end_time > 31), 'a loop of it');
        await shot('sound-cues');

        /* --- jumps --- */
        await api('POST', '/host-audio/seek', { seconds: 5 });
        await page.locator('h1').click();
        await page.keyboard.press('Shift+Digit1');
        check(await until(async () => Math.abs((await host()).current_time - 30.5) < 0.1), 'Shift 1 jumps to it');
        await deck.getByRole('radio', { name: 'Bar' }).click();
        await api('POST', '/host-audio/seek', { seconds: 5 });
        await api('POST', '/host-audio/play');
        await until(() => page.evaluate(() => window.__lumad.hostAudio?.playing));
        /* Seconds ahead of where playing alone would be. */
        const from = { at: Date.now(), is: (await host()).current_time };
        const ahead = async () => (await host()).current_time - from.is - (Date.now() - from.at) / 1000;
        await deck.getByRole('button', { name: 'Jump to Drop' }).click();
        let waits = false;
        await until(async () => (waits = Boolean((await host()).pending)) || (await ahead()) > 10);
        check(waits || (await ahead()) > 10, 'with Bar the jump waits');
        check(await until(async () => (await ahead()) > 10), 'and happens');
        await deck.getByRole('radio', { name: 'Off' }).click();

        /* --- loop and next track --- */
        await deck.getByRole('button', { name: '2', exact: true }).click();
        check(await until(async () => { const l = (await host()).loop; return l.enabled && l.end - l.start > 3 && l.end - l.start < 5; }), 'a loop of two bars');
        await deck.getByRole('button', { name: '×2' }).or(deck.getByRole('button', { name: 'Double the loop' })).first().click();
        check(await until(async () => { const l = (await host()).loop; return l.end - l.start > 7; }), 'doubled');
        await api('POST', '/host-audio/loop', { enabled: false });
        await page.locator('h1').click();
        await page.keyboard.press('n');
        const chooser = page.getByRole('dialog', { name: 'Choose the next track' });
        await chooser.getByRole('searchbox').fill('second');
        await chooser.getByRole('radio', { name: 'Crossfade' }).click();
        await shot('sound-next');
        await chooser.getByRole('button', { name: /second/i }).click();
        check(await until(async () => (await host()).next?.crossfade_seconds === 8), 'the next track comes with a crossfade');
        await deck.getByRole('button', { name: 'Take the next track off' }).click();
        check(await until(async () => (await host()).next === null), 'and is taken off');

        /* --- effects --- */
        await page.goto(`${base}/#/settings/sound`);
        const force = () => api('GET', '/host-audio/chain');
        await page.getByRole('button', { name: 'Add an effect' }).click();
        await page.getByRole('menuitem', { name: /Parametric/ }).click();
        const eq = page.getByRole('group', { name: 'Parametric EQ' });
        const gain = eq.getByRole('slider', { name: 'Gain' });
        const box = await gain.boundingBox();
        await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
        await page.mouse.down();
        for (let i = 1; i <= 6; i++) await page.mouse.move(box.x + box.width * (0.5 + i / 24), box.y + box.height / 2);
        await page.mouse.up();
        const inForce = async () => (await force()).effects.find((e) => e.type === 'parametric')?.gain_db ?? null;
        check(await until(async () => Math.abs((await inForce()) - 12) < 1), 'a dragged gain is in force');
        check(await until(() => page.getByRole('img', { name: /1[12]\.\d dB at 1000 Hz/ }).isVisible()), 'and in the curve');
        await shot('sound-effects');
        await press('Control+Z');
        check(await until(async () => (await inForce()) === 0), 'one undo takes back the whole drag');
        const grip = eq.getByRole('button', { name: /Place of/ });
        await grip.focus();
        await page.keyboard.press('ArrowUp');
        check(await until(async () => (await force()).effects[0].type === 'parametric'), 'moved up by key');
        await eq.locator('label', { hasText: 'On' }).click();
        check(await until(async () => (await force()).effects[0].bypass === true), 'bypassed');
        await page.getByRole('button', { name: 'As it comes' }).click();
        check(await until(async () => (await force()).effects.map((e) => e.type).join() === 'loudness,limiter'), 'as it comes');
        await press('Control+Z');
        check(await until(async () => (await force()).effects.length === 3), 'undone: the chain is back');

        /* --- calibration --- */
        await api('POST', '/host-audio/pause');
        const venue = (await api('GET', '/show')).venue_id;
        const offset = async () => (await api('GET', `/venues/${venue}`)).offset_ms;
        const room = page.getByRole('region', { name: 'Calibration' });
        await room.getByRole('button', { name: 'Click and flash' }).click();
        check(await until(async () => (await host()).calibration.enabled), 'a group clicks and flashes');
        check(await until(() => page.getByRole('button', { name: 'Calibrating' }).isVisible()), 'and the bar says so');
        await room.getByRole('button', { name: 'Light 1 ms later' }).click();
        check(await until(async () => (await offset()) === 1), 'the light is a millisecond later');
        await shot('sound-calibration');
        await press('Control+Z');
        check(await until(async () => (await offset()) === 0), 'undone');
        await room.getByRole('button', { name: 'Stop' }).click();
        check(await until(async () => !(await host()).calibration.enabled), 'and it stops');

        /* --- narrow, light, by finger --- */
        await page.setViewportSize({ width: 1024, height: 768 });
        await page.evaluate(() => localStorage.setItem('lumad.theme', 'light'));
        await page.reload();
        await page.getByRole('group', { name: 'Parametric EQ' }).waitFor();
        await shot('sound-light');
        check(errors.length === 0, `nothing is logged as an error${errors.length ? `: ${errors.slice(0, 3).join(' | ')}` : ''}`);
    } finally {
        await context.close();
    }
});
