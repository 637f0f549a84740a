/*
 * The list of the Library against the real daemon, by mouse, by keyboard alone and by touch: files and folders dropped anywhere (what is here already, what is no music, a reload in
 * the middle), search, orders and filters kept in the address, several marked, tags of many as one step of undo, delete with undo, stems beside their switches.
 *
 *   node tests/browser/tracks.spec.mjs        (page.mjs says what it takes)
 */
import { execFileSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { check, folder, open, run, SHOTS, start, until } from './page.mjs';

const HERE = path.dirname(fileURLToPath(import.meta.url));
const HOSTILE = '<img src=x onerror=alert(1)> \u202Egnol \u{1F3B6} ' + 'long '.repeat(150);

/* A WAV of a tone, each another file. */
function tone(seconds, hz) {
    const rate = 8000;
    const n = Math.round(seconds * rate);
    const b = Buffer.alloc(44 + 2 * n);
    b.write('RIFF', 0);
    b.writeUInt32LE(36 + 2 * n, 4);
    b.write('WAVEfmt ', 8);
    b.writeUInt32LE(16, 16);
    b.writeUInt16LE(1, 20);
    b.writeUInt16LE(1, 22);
    b.writeUInt32LE(rate, 24);
    b.writeUInt32LE(rate * 2, 28);
    b.writeUInt16LE(2, 32);
    b.writeUInt16LE(16, 34);
    b.write('data', 36);
    b.writeUInt32LE(2 * n, 40);
    for (let i = 0; i < n; i++) b.writeInt16LE(Math.round(9000 * Math.sin((2 * Math.PI * hz * i) / rate)), 44 + 2 * i);
    return b;
}

await run(400, async () => {
    const data = folder('lumad-tracks-');
    const first = start(data, 0);
    await first.ready;
    first.child.kill('SIGTERM');
    await first.gone;
    execFileSync('python3', [path.join(HERE, 'library.py'), data, '400']);
    const lumad = start(data, 0);
    const port = await lumad.ready;
    const context = await open();
    try {
        const page = context.pages()[0] ?? (await context.newPage());
        const errors = [];
        const watch = (p) => {
            p.on('console', (m) => m.type() === 'error' && errors.push(`${m.text()} ${m.location().url}`));
            p.on('pageerror', (e) => errors.push(String(e.stack ?? e)));
        };
        watch(page);
        const shot = (name) => page.screenshot({ path: path.join(SHOTS, `${name}.png`) });
        const api = (method, route, body) =>
            page.evaluate(
                async ([m, r, b]) => {
                    const answer = await fetch(`/api/v1${r}`, { method: m, headers: { 'Content-Type': 'application/json' }, body: b === undefined ? undefined : JSON.stringify(b) });
                    return answer.status === 204 ? null : answer.json();
                },
                [method, route, body],
            );
        const index = async (query = '') => api('GET', `/tracks/index${query}`);
        await page.goto(`http://127.0.0.1:${port}/#/library`);
        await api('PATCH', '/settings', { stems: 'demand' });
        const list = page.getByRole('listbox', { name: 'Tracks' });
        await list.getByRole('option').first().waitFor();
        const titles = () => list.getByRole('option').evaluateAll((all) => all.map((o) => [o.offsetTop, o.querySelectorAll(':scope > .clip, .names > .clip')[0]?.textContent.trim()]).sort((a, b) => a[0] - b[0]).map((x) => x[1]));
        const firstTitle = async () => (await titles())[0];
        const selected = () => list.evaluate((l) => document.getElementById(l.getAttribute('aria-activedescendant'))?.getAttribute('aria-posinset'));

        /* --- orders, filters and words, in the address --- */
        check(await until(() => page.getByText('400 tracks').isVisible()), 'all tracks are counted');
        check((await list.getByRole('option').count()) < 40, 'only what is seen is in the document');
        await page.getByRole('button', { name: 'BPM' }).click();
        check(await until(async () => page.url().endsWith('sort%3Dbpm')), 'the order is in the address');
        const byBpm = (await index('?sort=bpm')).titles[0];
        check(await until(async () => (await firstTitle()) === byBpm), 'the slowest is the first');
        await page.getByRole('button', { name: 'BPM' }).click();
        const down = (await index('?sort=-bpm')).titles[0];
        check(await until(async () => (await firstTitle()) === down), 'and turned round the fastest');
        await page.getByRole('radio', { name: 'Failed' }).click();
        check(await until(() => page.getByText('40 found').isVisible()), 'what failed is found');
        check((await page.getByRole('img', { name: /Waveform: failed: The file is cut off/ }).count()) > 0, 'each says why');
        await page.reload();
        await list.getByRole('option').first().waitFor();
        check(await until(() => page.getByText('40 found').isVisible()), 'a reload shows the same');
        await shot('tracks-failed');
        await page.getByRole('radio', { name: 'All' }).click();
        await page.getByLabel('Search tracks').fill('velvet');
        const found = (await index('?q=velvet')).total;
        check(await until(() => page.getByText(`${found} found`).isVisible()), 'search as one types');
        await page.getByLabel('Search tracks').fill('nothing like this');
        check(await until(() => page.getByText('Nothing found').isVisible()), 'nothing found is said');
        await page.getByRole('button', { name: 'Show all' }).click();
        await page.getByRole('button', { name: 'Title' }).click();
        check(await until(() => page.getByText('400 tracks').isVisible()), 'and all come back');

        /* --- by keyboard alone --- */
        await page.getByLabel('Search tracks').focus();
        await page.keyboard.press('ArrowDown');
        check(await until(async () => list.evaluate((l) => l === document.activeElement)), 'down leads from the words into the list');
        await page.keyboard.press('End');
        check(await until(async () => (await selected()) === '400'), 'End is the last');
        await page.keyboard.press('Home');
        await page.keyboard.press('ArrowDown');
        check(await until(async () => (await selected()) === '2'), 'Home and down the second');
        await page.keyboard.press('v');
        const velvet = (await index()).titles.findIndex((t) => t.startsWith('Velvet')) + 1;
        check(await until(async () => (await selected()) === String(velvet)), 'a letter goes to the first that begins with it');
        await page.keyboard.press('Shift+ArrowDown');
        await page.keyboard.press('Shift+ArrowDown');
        const bar = page.getByRole('toolbar', { name: 'Marked tracks' });
        check(await until(() => bar.getByText('3 tracks marked').isVisible()), 'Shift and arrows mark');
        await page.keyboard.press('Control+a');
        check(await until(() => bar.getByText('400 tracks marked').isVisible()), 'Ctrl A marks all that are found');
        await shot('tracks-marked');
        await page.keyboard.press('Escape');
        check(await until(async () => !(await bar.isVisible())), 'Esc marks none');

        /* --- tags of many: one step --- */
        await page.keyboard.press('Home');
        await until(() => list.evaluate((l) => l.scrollTop === 0));
        await list.getByRole('option').nth(1).click({ modifiers: ['Control'] });
        await list.getByRole('option').nth(3).click({ modifiers: ['Shift'] });
        check(await until(() => bar.getByText('3 tracks marked').isVisible()), 'Ctrl and Shift with a click mark three');
        const artist = page.getByRole('complementary', { name: 'Inspector' }).getByLabel('Artist');
        await artist.fill('Everybody');
        await page.keyboard.press('Enter');
        const by = async (name) => (await index(`?q=${encodeURIComponent(name)}`)).total;
        check(await until(async () => (await by('Everybody')) === 3), 'the artist of three is changed');
        await list.focus();
        await page.keyboard.press('Control+z');
        check(await until(async () => (await by('Everybody')) === 0), 'and back in one step');
        await page.keyboard.press('Control+Shift+Z');
        check(await until(async () => (await by('Everybody')) === 3), 'and again');

        /* --- delete with undo --- */
        await page.keyboard.press('Delete');
        check(await until(() => page.getByText('397 tracks').isVisible()), 'three are deleted');
        await page.getByRole('button', { name: 'Undo' }).last().click();
        check(await until(() => page.getByText('400 tracks').isVisible()), 'and brought back');
        check((await by('Everybody')) === 3, 'with what was known of them');

        /* --- files dropped anywhere --- */
        const files = { 'low.wav': tone(1.2, 110), 'high.wav': tone(1, 880), 'again.wav': tone(1, 880), 'note.mp3': Buffer.from('this is no music') };
        const dropFiles = async (of) => {
            const names = Object.entries(of).map(([name, bytes]) => [name, bytes.toString('base64')]);
            const dt = await page.evaluateHandle((all) => {
                const d = new DataTransfer();
                for (const [name, text] of all) d.items.add(new File([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))], name, { type: name.endsWith('wav') ? 'audio/wav' : 'audio/mpeg' }));
                return d;
            }, names);
            await page.dispatchEvent('body', 'dragover', { dataTransfer: dt });
            check(await page.getByText('Drop audio files').isVisible(), 'the page says that files may be dropped');
            await page.dispatchEvent('body', 'drop', { dataTransfer: dt });
        };
        await dropFiles(files);
        check(await until(async () => (await index()).total === 402), 'two new tracks');
        check(await until(() => page.getByText('was here already').isVisible()), 'the same sound again is said');
        const uploads = page.getByRole('region', { name: 'Uploads' });
        check(await until(() => uploads.getByText('1 failed').isVisible()), 'what is no music failed');
        await uploads.getByRole('button', { name: 'Show the files' }).click();
        check(await until(() => uploads.getByText('note.mp3').isVisible()), 'and is named');
        await shot('tracks-uploads');
        await uploads.getByRole('button', { name: 'Dismiss', exact: true }).click();
        check(await until(async () => !(await uploads.isVisible())), 'it can be dismissed');
        check(await until(() => page.getByText('402 tracks').isVisible()), 'the list has them');

        /* --- a reload in the middle of uploads --- */
        await page.route('**/api/v1/tracks?filename=*', (route) => setTimeout(() => void route.abort().catch(() => undefined), 20_000));
        await dropFiles({ 'later.wav': tone(1.4, 330), 'latest.wav': tone(1.5, 340) });
        check(await until(() => uploads.getByText('Uploading 2 files').isVisible()), 'they are on their way');
        await page.waitForTimeout(400);
        await page.unrouteAll({ behavior: 'ignoreErrors' });
        await page.reload();
        check(await until(async () => (await index()).total === 404), 'after a reload they go on');

        /* --- stems: drawings, and switches beside them --- */
        const sound = (await index('?q=high')).ids[0];
        const parts = { drums: tone(1, 90), bass: tone(1, 60), vocals: tone(1, 500), other: tone(1, 1500) };
        const stems = path.join(data, 'stems', sound, 'a');
        fs.mkdirSync(stems, { recursive: true });
        for (const [name, bytes] of Object.entries(parts)) fs.writeFileSync(path.join(stems, `${name}.wav`), bytes);
        const sql = Object.entries(parts)
            .map(([name, bytes]) => `INSERT INTO track_stems (id, track_id, name, format, hash, file_path, analyser, analyser_version) VALUES ('${crypto.randomUUID()}', '${sound}', '${name}', 'wav', '${crypto.createHash('sha256').update(bytes).digest('hex')}', 'stems/${sound}/a/${name}.wav', 'lumad-stems', 99)`)
            .join(';');
        execFileSync('python3', ['-c', 'import sqlite3, sys; c = sqlite3.connect(sys.argv[1], timeout=20); c.executescript(sys.argv[2]); c.commit(); c.close()', path.join(data, 'lumad.db'), sql]);
        await api('POST', '/host-audio/load-track', { track_id: sound });
        await page.goto(`http://127.0.0.1:${port}/#/library/${sound}`);
        await page.reload();
        const mute = page.getByRole('main').getByRole('button', { name: 'Mute drums' });
        check(await until(() => mute.isEnabled().catch(() => false)), 'the stems of the loaded track can be mixed');
        await mute.click();
        const drums = async () => (await api('GET', '/host-audio')).stems.drums;
        check(await until(async () => (await drums()).mute), 'muted beside its drawing');
        await page.getByRole('main').getByRole('button', { name: 'Solo bass' }).click();
        check(await until(async () => (await api('GET', '/host-audio')).stems.bass.solo), 'and one alone');
        check(await until(async () => !(await page.getByText('Is being drawn').first().isVisible())), 'each is drawn');
        await page.getByRole('main').locator('.wave.panel').scrollIntoViewIfNeeded();
        await shot('tracks-stems');
        await api('POST', '/host-audio/unload');

        /* --- hostile names --- */
        const odd = (await index('?q=low')).ids[0];
        await api('PATCH', `/tracks/${odd}`, { title: HOSTILE.slice(0, 900), artist: HOSTILE.slice(0, 300) });
        await page.goto(`http://127.0.0.1:${port}/#/library/q=onerror`);
        check(await until(async () => (await list.getByRole('option').count()) === 1 && (await list.getByText('<img src=x').first().isVisible())), 'a hostile name is text');
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
        check(!overflow, 'and breaks no layout');
        await shot('tracks-hostile');

        /* --- a track is opened; its neighbours by arrows --- */
        await page.goto(`http://127.0.0.1:${port}/#/library`);
        await list.getByRole('option').first().waitFor();
        await page.getByLabel('Search tracks').fill('');
        await until(() => page.getByText('404 tracks').isVisible());
        await list.focus();
        await page.keyboard.press('Home');
        await page.keyboard.press('Enter');
        const heading = page.getByRole('main').getByRole('heading', { level: 1 });
        const names = (await index()).titles;
        check(await until(async () => (await heading.innerText()).startsWith(names[0].slice(0, 20))), 'Enter opens the page of a track');
        check(await until(async () => list.evaluate((l) => l === document.activeElement)), 'the list keeps the keys');
        await page.keyboard.press('ArrowDown');
        check(await until(async () => (await heading.innerText()) === names[1]), 'an arrow shows the next one');
        await shot('tracks-open');

        /* --- somebody else changes and deletes what one looks at --- */
        const here = (await index()).ids[1];
        await api('PATCH', `/tracks/${here}`, { title: 'AAA renamed elsewhere' });
        check(await until(async () => (await heading.innerText()) === 'AAA renamed elsewhere'), 'a change from elsewhere appears');
        check(await until(async () => (await titles()).includes('AAA renamed elsewhere')), 'also in the list');
        await api('POST', '/tracks/batch', { delete: [here] });
        check(await until(() => page.getByText('This track is not there').isVisible()), 'that it was deleted is said');

        /* --- by finger, 1024 x 768 and 800 wide --- */
        const touch = await context.newPage();
        watch(touch);
        await touch.setViewportSize({ width: 1024, height: 768 });
        const cdp = await context.newCDPSession(touch);
        await cdp.send('Emulation.setTouchEmulationEnabled', { enabled: true, maxTouchPoints: 5 });
        await cdp.send('Emulation.setEmulatedMedia', { features: [{ name: 'pointer', value: 'coarse' }] });
        await touch.goto(`http://127.0.0.1:${port}/#/library`);
        const rows = touch.getByRole('listbox', { name: 'Tracks' });
        await rows.getByRole('option').first().waitFor();
        const tap = async (locator, dx = null) => {
            const b = await locator.boundingBox();
            const point = { x: b.x + (dx ?? b.width / 2), y: b.y + b.height / 2 };
            await cdp.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: [point] });
            await cdp.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
        };
        await tap(rows.getByRole('option').nth(1), 22);
        await tap(rows.getByRole('option').nth(2), 22);
        check(await until(() => touch.getByRole('toolbar', { name: 'Marked tracks' }).getByText('2 tracks marked').isVisible()), 'a finger marks by the boxes');
        await touch.screenshot({ path: path.join(SHOTS, 'tracks-touch-1024.png') });
        await tap(touch.getByRole('button', { name: 'Mark none' }));
        await touch.setViewportSize({ width: 800, height: 1000 });
        await touch.waitForTimeout(300);
        const wide = await touch.evaluate(() => document.documentElement.scrollWidth <= innerWidth);
        check(wide, 'at 800 pixels nothing hangs over');
        await touch.screenshot({ path: path.join(SHOTS, 'tracks-touch-800.png') });
        await tap(rows.getByRole('option').nth(4));
        check(await until(() => touch.getByRole('main').getByRole('heading', { level: 1 }).isVisible()), 'a tap opens a track');
        await touch.screenshot({ path: path.join(SHOTS, 'tracks-touch-open.png') });
        const small = await touch.getByRole('main').locator('button:visible').evaluateAll((all) => all.filter((b) => b.getBoundingClientRect().height < 43.5 && !b.matches('.link, .ms')).map((b) => b.innerText || b.ariaLabel));
        check(small.length === 0, `buttons are large enough for a finger${small.length ? `: ${small.slice(0, 5).join(', ')}` : ''}`);
        const expected = /422|415|ERR_FAILED|status of 4(15|22)/;
        const bad = errors.filter((e) => !expected.test(e));
        check(bad.length === 0, `nothing is logged as an error${bad.length ? `: ${bad.slice(0, 3).join(' | ')}` : ''}`);
    } finally {
        await context.close();
    }
});
