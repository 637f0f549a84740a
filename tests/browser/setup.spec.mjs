/*
 * A room from nothing: an empty data directory becomes a venue with 40 fixtures in it, groups, an output and an analysed track; by mouse, by keyboard alone, and by finger on a tablet of
 * 1024x768. Each of the three goes the whole way; nothing is done for it behind its back.     node tests/browser/setup.spec.mjs [mouse] [keyboard] [touch]
 */
import fs from 'node:fs';
import path from 'node:path';

import { check, folder, open, run, SHOTS, start, until } from './page.mjs';

/* Twelve seconds at 128 bpm: a click on each beat over a chord. */
function music(file) {
    const rate = 44100, n = rate * 12, wav = Buffer.alloc(44 + n * 2);
    wav.write('RIFF', 0), wav.writeUInt32LE(36 + n * 2, 4), wav.write('WAVEfmt ', 8), wav.writeUInt32LE(16, 16), wav.writeUInt16LE(1, 20), wav.writeUInt16LE(1, 22);
    wav.writeUInt32LE(rate, 24), wav.writeUInt32LE(rate * 2, 28), wav.writeUInt16LE(2, 32), wav.writeUInt16LE(16, 34), wav.write('data', 36), wav.writeUInt32LE(n * 2, 40);
    for (let i = 0; i < n; i++) {
        const beat = ((i / rate) * 128) / 60, since = (beat - Math.floor(beat)) * (60 / 128);
        const click = Math.exp(-since * 90) * Math.sin(2 * Math.PI * 90 * since) * (Math.floor(beat) % 4 ? 0.5 : 0.8);
        const chord = [220, 277.18, 329.63].reduce((a, f) => a + 0.06 * Math.sin((2 * Math.PI * f * i) / rate), 0);
        wav.writeInt16LE(Math.round(32000 * Math.max(-1, Math.min(1, click + chord))), 44 + i * 2);
    }
    fs.writeFileSync(file, wav);
}

/* The three ways of doing what the page offers. */
const hands = {
    mouse: (page) => ({
        press: (what) => what.click(),
        put: async (what, text) => {
            await what.click({ clickCount: 3 });
            await page.keyboard.type(String(text));
        },
        done: () => page.keyboard.press('Enter'),
    }),
    touch: (page) => ({
        press: (what) => what.tap(),
        put: async (what, text) => {
            await what.tap();
            await what.fill(''); /* as the tablet's own keyboard does it: mark all, write over it */
            await page.keyboard.type(String(text));
        },
        done: () => page.keyboard.press('Enter'),
    }),
    keyboard: (page) => {
        /* Tab, and within lists, radios and tabs the arrows, until it is there: what cannot be reached fails. */
        const reach = async (what) => {
            await what.waitFor();
            const goal = await what.elementHandle();
            const there = () => page.evaluate((g) => g === document.activeElement || g.contains(document.activeElement), goal);
            for (const key of ['Tab', 'Shift+Tab']) {
                for (let i = 0; i < 120; i++) {
                    if (await there()) return;
                    /* A list that is one stop of Tab has its rows by arrows. */
                    const isInside = await page.evaluate((g) => {
                        const widget = document.activeElement?.closest('[role=listbox],[role=radiogroup],[role=tablist],[role=tree],[role=grid],[role=menu],[role=toolbar]');
                        return Boolean(widget && widget !== g && widget.contains(g));
                    }, goal);
                    if (isInside) {
                        for (const arrow of ['ArrowDown', 'ArrowRight']) {
                            for (let k = 0; k < 40 && !(await there()); k++) {
                                await page.keyboard.press(arrow);
                                if (await page.evaluate((g) => g.getAttribute('aria-selected') === 'true' || document.activeElement?.getAttribute('aria-activedescendant') === g.id, goal)) return;
                            }
                            if (await there()) return;
                        }
                    }
                    await page.keyboard.press(key);
                }
            }
            throw new Error(`not reached by keyboard: ${await what.evaluate((e) => e.outerHTML.slice(0, 160))}`);
        };
        return {
            press: async (what) => {
                await reach(what);
                const isText = await what.evaluate((e) => /^(INPUT|TEXTAREA)$/.test(e.tagName) && !/^(checkbox|radio|button)$/.test(e.type));
                if (!isText) await page.keyboard.press((await what.evaluate((e) => e.getAttribute('role') === 'radio' || e.type === 'checkbox')) ? 'Space' : 'Enter');
            },
            put: async (what, text) => {
                await reach(what);
                await page.keyboard.press('Control+a');
                await page.keyboard.type(String(text));
            },
            done: () => page.keyboard.press('Enter'),
        };
    },
};

async function setUp(way) {
    const data = folder('lumad-browser-');
    const lumad = start(data, 0);
    const port = await lumad.ready;
    const api = async (where) => (await fetch(`http://127.0.0.1:${port}/api/v1${where}`)).json();
    const context = await open(way === 'touch' ? { width: 1024, height: 768 } : { width: 1280, height: 800 }, way === 'touch' ? { hasTouch: true, isMobile: true } : {});
    const page = context.pages()[0] ?? (await context.newPage());
    const errors = [];
    page.on('pageerror', (e) => errors.push(String(e.stack ?? e)));
    page.on('console', (m) => m.type() === 'error' && errors.push(m.text()));
    const hand = hands[way](page);
    const shot = (name) => page.screenshot({ path: path.join(SHOTS, `setup-${way}-${name}.png`) });
    const is = async (condition, what, ms) => {
        const isSo = await until(condition, ms);
        check(isSo, `${way}: ${what}`);
        if (!isSo) await shot('wrong');
        if (!isSo) throw new Error(`${way}: no way on from: ${what}`);
    };
    const button = (name, within = page) => within.getByRole('button', { name, exact: typeof name === 'string' });

    /* The room has a name. */
    await page.goto(`http://127.0.0.1:${port}/`);
    await hand.put(page.getByPlaceholder('Name of the room'), 'Cellar');
    await hand.press(button('Begin'));
    await is(async () => (await api('/show')).venue_id !== null, 'the room has its name, and the show plays in it');
    const venue = (await api('/show')).venue_id;
    const fixtures = async () => (await api(`/venues/${venue}/fixtures?limit=1000`)).items;
    await hand.press(button('Patch fixtures'));

    /* On a tablet lists and inspectors are drawers. */
    const away = async () => {
        const veil = button('Close drawer');
        if (await veil.isVisible()) await veil.tap({ position: { x: 500, y: 300 } }).catch(() => veil.tap());
    };

    /* 40 fixtures of three kinds, found by words. */
    const patch = async (words, mode, label, many) => {
        const before = (await fixtures()).length;
        await hand.press(button('Add fixtures').last());
        await hand.put(page.getByLabel('Search the fixture library'), words);
        const first = page.getByRole('listbox', { name: 'Definitions found' }).getByRole('option').first();
        await until(async () => {
            const text = ((await first.textContent().catch(() => '')) ?? '').toLowerCase();
            return words.split(' ').every((w) => text.includes(w));
        });
        await page.waitForTimeout(250);
        if (way === 'keyboard') {
            await page.keyboard.press('ArrowDown');
            await page.keyboard.press('Enter');
        } else await hand.press(first);
        await hand.press(page.getByRole('radio', { name: mode }).first());
        await hand.put(page.getByLabel('How many'), many);
        await hand.put(page.getByLabel('Label of the first'), label);
        await page.waitForTimeout(200);
        await hand.press(button(new RegExp(`^Add ${many}$`)));
        await is(async () => (await fixtures()).length === before + many, `${many} of "${words}" are patched`);
        await away();
    };
    const tab = async (name) => {
        await away();
        await hand.press(page.getByRole('tab', { name }));
    };
    /* What was just patched is chosen: it becomes a group. */
    const group = async (name, many) => {
        await tab('Groups');
        await hand.press(button('Group', page.getByRole('region', { name: 'Groups', exact: true })));
        await is(async () => (await api(`/venues/${venue}/groups`)).items.some((g) => g.fixture_ids.length === many), `${many} fixtures are a group`);
        await page.waitForTimeout(200);
        await hand.put(page.getByLabel('Name', { exact: true }), name);
        await hand.done();
        await is(async () => (await api(`/venues/${venue}/groups`)).items.some((g) => g.name === name), `which is called ${name}`);
    };
    await patch('generic dimmer', /^4 Channels/, 'Par 1', 24);
    await shot('patch');
    await group('pars', 24);
    await tab('Patch');
    await patch('martin mac aura', /^Standard/, 'Aura 1', 12);
    await group('movers', 12);
    await shot('groups');
    await tab('Patch');
    await patch('generic rgb', /^RGB/, 'Wash 1', 4);
    check((await fixtures()).length === 40, `${way}: 40 fixtures stand in the room`);

    /* Where the DMX goes: to this machine. */
    await tab('Outputs');
    await hand.press(button('Art-Net'));
    const outputs = async () => (await api(`/venues/${venue}/outputs`)).items;
    await is(async () => (await outputs()).length === 1, 'there is an output');
    await hand.put(page.getByLabel('Destination').first(), '127.0.0.1');
    await hand.done();
    await is(async () => (await outputs())[0].destination === '127.0.0.1', 'it has its address');
    await shot('outputs');

    /* A track, and what is heard in it. */
    const wav = path.join(folder('lumad-music-'), 'Twelve seconds.wav');
    music(wav);
    await page.evaluate(() => (location.hash = '/welcome'));
    await hand.press(button('Open the library'));
    const chooser = page.waitForEvent('filechooser');
    await hand.press(button('Add tracks').first());
    await (await chooser).setFiles(wav);
    await is(async () => (await api('/tracks')).items.length === 1, 'the track is in the library');
    const heard = async () => (await api('/tracks')).items[0];
    await is(async () => {
        const { analysis, bpm } = await heard();
        return ['waveform', 'beats', 'roots'].every((k) => analysis[k].state === 'done') && Math.abs(bpm - 128) < 0.5;
    }, 'its waveform, beats (128 a minute) and chords are there', 120_000);
    await shot('library');
    check(errors.length === 0, `${way}: nothing is logged as an error: ${errors.slice(0, 3).join(' | ')}`);
    await context.close();
    lumad.child.kill();
}

await run(900, async () => {
    const ways = process.argv.slice(2);
    for (const way of ['mouse', 'keyboard', 'touch']) if (!ways.length || ways.includes(way)) await setUp(way);
});
