/*
 * The stage: fixtures chosen by click, frame, keys and list; moved and turned by hand, handle, number and key, each one request and one step back; what is
 * sent beside what is meant; fingers; other hands; a browser without WebGL.     node tests/browser/stage.spec.mjs
 */
import path from 'node:path';

import { faults } from './axe.mjs';
import { check, folder, hasFailed, open, run, SHOTS, start, until } from './page.mjs';

await run(400, async () => {
    const lumad = start(folder('lumad-browser-'), 0);
    const port = await lumad.ready;
    const api = async (method, where, body) => {
        const r = await fetch(`http://127.0.0.1:${port}/api/v1${where}`, { method, headers: { 'Content-Type': 'application/json' }, body: body && JSON.stringify(body) });
        const text = await r.text();
        if (!r.ok) throw new Error(`${method} ${where}: ${r.status} ${text}`);
        return text ? JSON.parse(text) : null;
    };
    const venue = await api('POST', '/venues', { name: 'Club' });
    await api('PUT', '/show', { venue_id: venue.id });
    const rows = async () => (await api('GET', `/venues/${venue.id}/fixtures?limit=1000`)).items;
    let universe = 0;
    const add = async (type, count, at, offset, label, rot = {}) => {
        const item = (await api('GET', `/fixture-library?type=${type}&limit=20`)).items.find((i) => i.modes.some((m) => m.heads === 1));
        const mode = item.modes.find((m) => m.heads === 1);
        await api('POST', `/venues/${venue.id}/fixtures/array`, {
            universe: ++universe, address: 1, fixture_path: item.path, manufacturer: item.manufacturer, model: item.model, mode_name: mode.name, label,
            pos_x: at[0], pos_y: at[1], pos_z: at[2], count, offset: { x: offset, y: 0, z: 0 }, ...rot,
        });
    };
    await add('moving_head', 4, [-3, 3, 4], 2, 'Spot 1');
    await add('par', 4, [-3, 0, 4], 2, 'Par 1', { rot_x: -0.4 });
    await add('hazer', 1, [-4.5, 3, 0.15], 1, 'Hazer');
    const named = Object.fromEntries((await rows()).map((f) => [f.label, f.id]));
    const kinds = new Set((await api('GET', `/venues/${venue.id}/heads`)).items.map((h) => h.type));
    check([...kinds].sort().join() === 'hazer,moving_head,par', `heads say what they are: ${[...kinds]}`);
    const fixture = async (label) => api('GET', `/fixtures/${named[label]}`);

    const context = await open();
    const page = context.pages()[0] ?? (await context.newPage());
    const errors = [];
    page.on('pageerror', (e) => errors.push(String(e.stack ?? e)));
    page.on('console', (m) => m.type() === 'error' && errors.push(m.text()));
    const sent = [];
    page.on('request', (r) => ['PATCH', 'POST'].includes(r.method()) && /fixtures/.test(r.url()) && sent.push(`${r.method()} ${new URL(r.url()).pathname.split('/').pop()}`));
    const shot = (name) => page.screenshot({ path: path.join(SHOTS, `stage-${name}.png`) });

    const canvas = page.locator('.stage-canvas');
    /* Where a fixture is on the page, once the picture stands still. */
    const at = async (label) => {
        const p = await page.evaluate((id) => window.__lumad.stage.at(id), named[label]);
        const box = await canvas.boundingBox();
        return { x: box.x + p.x, y: box.y + p.y };
    };
    const chosen = () => page.locator('.hidden-visually[aria-live]', { hasText: 'chosen' }).innerText().catch(() => '');
    const picks = (words) => until(async () => (await chosen()) === words);
    const drag = async (from, to, options = {}) => {
        await page.mouse.move(from.x, from.y);
        await page.mouse.down(options);
        for (let i = 1; i <= 6; i++) await page.mouse.move(from.x + ((to.x - from.x) * i) / 6, from.y + ((to.y - from.y) * i) / 6);
        await page.mouse.up(options);
    };
    const stands = (label, want) => until(async () => {
        const f = await fixture(label);
        return Object.entries(want).every(([k, v]) => Math.abs(f[k] - v) < 0.006);
    });
    const view = async (name) => {
        await page.getByRole('button', { name, exact: true }).click();
        await page.waitForTimeout(120);
    };

    try {
        await page.goto(`http://127.0.0.1:${port}/#/venue/stage`);
        check(await until(async () => (await page.evaluate(() => window.__lumad?.stage?.pictures ?? 0)) > 0 && (await at('Spot 1').catch(() => null)) !== null), 'the stage is drawn');
        await view('From above');
        await view('As a plan');

        /* ---- chosen ---- */
        const spot = await at('Spot 1');
        await page.mouse.click(spot.x, spot.y);
        check(await picks('1 chosen'), 'a click chooses');
        const two = await at('Spot 2');
        await page.keyboard.down('Shift');
        await page.mouse.click(two.x, two.y);
        await page.keyboard.up('Shift');
        check(await picks('2 chosen'), 'Shift adds');
        const pars = [await at('Par 1'), await at('Par 4')];
        await drag({ x: pars[0].x - 40, y: pars[0].y - 40 }, { x: pars[1].x + 40, y: pars[1].y + 40 });
        check(await picks('4 chosen'), 'a frame chooses what is in it');
        await canvas.focus();
        await page.keyboard.press('Control+a');
        check(await picks('9 chosen'), 'Ctrl A chooses all');
        await page.keyboard.press('Escape');
        check(await picks(''), 'Esc chooses nothing');
        await page.getByRole('button', { name: 'List of fixtures' }).click();
        await page.getByRole('listbox', { name: 'Fixtures on the stage' }).focus();
        await page.keyboard.press('ArrowDown');
        await page.keyboard.press('Shift+ArrowDown');
        check(await picks('2 chosen'), `the list chooses by keys, with Shift one more: ${await chosen()}`);
        await page.keyboard.press('Escape');
        await canvas.focus();
        await page.keyboard.press('Escape');

        /* ---- moved ---- */
        const metre = ((await at('Par 4')).x - (await at('Par 1')).x) / 6;
        const par = await at('Par 1');
        sent.length = 0;
        await drag(par, { x: par.x + metre * 0.9, y: par.y });
        check(await stands('Par 1', { pos_x: -2, pos_y: 0 }), 'dragged nearly a metre it stops on the grid, at one');
        check((await until(() => sent.length > 0)) && sent.join() === 'PATCH fixtures', `by one request: ${sent}`);
        await page.mouse.click(spot.x, spot.y);
        await canvas.focus();
        await page.keyboard.press('Control+z');
        check(await stands('Par 1', { pos_x: -3 }), 'one step back');
        sent.length = 0;
        await page.mouse.move(spot.x, spot.y);
        await page.mouse.down();
        await page.mouse.move(spot.x + 90, spot.y + 30, { steps: 5 });
        await page.keyboard.press('Escape');
        await page.mouse.up();
        await page.waitForTimeout(300);
        check(sent.length === 0 && (await stands('Spot 1', { pos_x: -3, pos_y: 3 })), 'a drag that is abandoned moves nothing');

        /* Many, by an arrow of the handles. */
        await canvas.focus();
        await page.keyboard.press('Escape');
        const spots = [await at('Spot 1'), await at('Spot 4')];
        await drag({ x: spots[0].x + 30 - 60, y: spots[0].y - 30 }, { x: spots[1].x + 30, y: spots[1].y + 30 });
        await page.getByRole('radio', { name: 'Move', exact: true }).click();
        const middle = { x: (spots[0].x + spots[1].x) / 2, y: spots[0].y };
        await page.mouse.move(middle.x, middle.y - 50);
        await page.waitForTimeout(100);
        sent.length = 0;
        await page.mouse.down();
        for (let i = 1; i <= 6; i++) await page.mouse.move(middle.x + i * 4, middle.y - 50 - (metre * 0.5 * i) / 6);
        await shot('snap');
        await page.mouse.up();
        check(await stands('Spot 1', { pos_x: -3, pos_y: 3.5 }) && (await stands('Spot 4', { pos_x: 3, pos_y: 3.5 })), 'an arrow moves all of them along its axis alone');
        check((await until(() => sent.length > 0)) && sent.join() === 'PATCH fixtures', `by one request: ${sent}`);

        /* Keys: quick ones are one move. */
        await canvas.focus();
        sent.length = 0;
        for (let i = 0; i < 3; i++) await page.keyboard.press('ArrowRight');
        check(await stands('Spot 1', { pos_x: -2.25, pos_y: 3.5 }), 'three arrow keys are three steps of the grid');
        await page.waitForTimeout(300);
        check((await until(() => sent.length > 0)) && sent.join() === 'PATCH fixtures', `in one request: ${sent}`);
        await page.keyboard.press('Control+z');
        check(await stands('Spot 4', { pos_x: 3 }), 'and one step back');

        /* Numbers. */
        const field = page.getByRole('group', { name: 'Place and turn of what is chosen' }).getByLabel('z, m');
        await field.fill('5');
        await field.press('Enter');
        check(await stands('Spot 2', { pos_z: 5, pos_y: 3.5 }), 'a number moves their middle');

        /* ---- turned ---- */
        await page.getByRole('radio', { name: 'Turn', exact: true }).click();
        await canvas.focus();
        await page.keyboard.press('Escape');
        const p3 = await at('Par 3');
        await page.mouse.click(p3.x, p3.y);
        await page.waitForTimeout(150);
        const r = 70; /* of the rings */
        sent.length = 0;
        await drag({ x: p3.x + r, y: p3.y }, { x: p3.x + r * Math.cos(0.8), y: p3.y - r * Math.sin(0.8) });
        check(await stands('Par 3', { rot_z: Math.PI / 4, rot_x: -0.4, pos_x: 1 }), 'the ring turns by steps of 15 degrees');
        check((await until(() => sent.length > 0)) && sent.join() === 'PATCH fixtures', `by one request: ${sent}`);
        await canvas.focus();
        await page.keyboard.press('ArrowRight');
        check(await stands('Par 3', { rot_z: Math.PI / 4 - Math.PI / 12 }), 'an arrow key turns it back by one');

        /* ---- other hands ---- */
        const before = await at('Par 4');
        await api('PATCH', `/fixtures/${named['Par 4']}`, { pos_x: 4.5 });
        check(await until(async () => (await at('Par 4')).x > before.x + metre), 'what somebody else moves moves here');

        /* ---- sent and meant ---- */
        await view('From the corner');
        const told = page.getByRole('region', { name: 'Sent is not meant' });
        await page.getByRole('radio', { name: 'Compare' }).click();
        check(await until(async () => /What is sent is what is meant/.test(await told.innerText().catch(() => ''))), 'as long as they are the same, it says so');
        const channels = (await api('GET', `/venues/${venue.id}/patch`)).universes.flatMap((u) => u.used).find((u) => u.fixture_id === named['Par 2']).channels;
        await api('PUT', `/fixtures/${named['Par 2']}/park`, { channels: Object.fromEntries(Array.from({ length: channels }, (_, i) => [i + 1, 255])) });
        check(await until(async () => /Par 2/.test(await told.innerText()) && /meant dark; sent/.test(await told.innerText())), `a parked head is told in words: ${(await told.innerText()).replaceAll('\n', ' ')}`);
        await shot('compare');
        await api('PUT', `/fixtures/${named['Par 2']}/park`, { channels: null });
        check(await until(async () => !/Par 2/.test(await told.innerText())), 'and no more when it is right');
        await page.getByRole('radio', { name: 'Meant' }).click();

        /* ---- how it is drawn ---- */
        await page.getByRole('button', { name: 'How the stage is drawn' }).click();
        await page.getByRole('radio', { name: 'Medium' }).click();
        await page.getByRole('radio', { name: 'Both' }).click();
        await page.getByText('Measures in metres').click();
        await page.keyboard.press('Escape');
        check(await until(async () => (await page.evaluate(() => window.__lumad.stage.step)) === 'medium'), 'the quality that was chosen');
        const found = await faults(page);
        check(found.length === 0, `no serious fault for assistive tools: ${found.join(' | ')}`);
        for (const [w, h] of [[1280, 800], [1024, 768], [800, 1000]]) {
            await page.setViewportSize({ width: w, height: h });
            await page.waitForTimeout(400);
            await shot(`${w}`);
            const bare = await page.evaluate(() => [...document.querySelectorAll('.bars .btn')].filter((b) => b.getClientRects().length).filter((b) => {
                const { left, right } = b.getBoundingClientRect();
                return !b.innerText.trim() || left < 0 || right > innerWidth || b.scrollWidth > b.clientWidth;
            }).map((b) => b.getAttribute('aria-label')));
            check(bare.length === 0, `every tool has its word, ${w} wide: ${bare.join(', ')}`);
        }
        await page.setViewportSize({ width: 1280, height: 800 });
        await page.reload();
        await until(async () => (await page.evaluate(() => window.__lumad?.stage?.pictures ?? 0)) > 0);
        check((await page.evaluate(() => window.__lumad.stage.step)) === 'medium', 'is kept in this browser');

        /* ---- fingers ---- */
        const cdp = await context.newCDPSession(page);
        const touch = (type, ...points) => cdp.send('Input.dispatchTouchEvent', { type, touchPoints: points.map(([x, y], id) => ({ x, y, id })) });
        await until(async () => (await at('Spot 1').catch(() => null)) !== null);
        const far = async () => {
            const [a, b] = [await at('Spot 1'), await at('Spot 4')];
            return Math.hypot(a.x - b.x, a.y - b.y);
        };
        const box = await canvas.boundingBox();
        const [mx, my] = [box.x + box.width / 2, box.y + box.height * 0.8];
        const [wide, was] = [await far(), await at('Spot 1')];
        await touch('touchStart', [mx, my]);
        for (let i = 1; i <= 5; i++) await touch('touchMove', [mx + i * 20, my]);
        await touch('touchEnd');
        const turned = await at('Spot 1');
        check(Math.hypot(turned.x - was.x, turned.y - was.y) > 20, 'one finger turns the view');
        await touch('touchStart', [mx - 40, my], [mx + 40, my]);
        for (let i = 1; i <= 5; i++) await touch('touchMove', [mx - 40 - i * 12, my], [mx + 40 + i * 12, my]);
        await touch('touchEnd');
        check((await far()) > wide * 1.15, 'two come nearer');
        await page.getByRole('button', { name: 'Fit', exact: true }).click();
        await page.waitForTimeout(150);
        const tap = await at('Hazer');
        await touch('touchStart', [tap.x, tap.y]);
        await touch('touchEnd');
        check(await picks('1 chosen'), 'a tap chooses');

        /* ---- graphics that go away, and none at all ---- */
        await page.evaluate(() => {
            window.__away = document.querySelector('.stage-canvas').getContext('webgl2').getExtension('WEBGL_lose_context');
            window.__away.loseContext();
        });
        check(await until(async () => (await page.getByText('The picture is gone for now').count()) === 1), 'a picture that the graphics took away is said');
        const pictures = () => page.evaluate(() => window.__lumad.stage.pictures);
        const drawn = await pictures();
        await page.evaluate(() => window.__away.restoreContext());
        check(await until(async () => (await pictures()) > drawn && (await page.getByText('The picture is gone for now').count()) === 0), 'and it comes back');
        await page.addInitScript(() => {
            const real = HTMLCanvasElement.prototype.getContext;
            HTMLCanvasElement.prototype.getContext = function (kind, ...more) {
                return kind.startsWith('webgl') ? null : real.call(this, kind, ...more);
            };
        });
        await page.reload();
        check(await until(async () => (await page.getByText('This browser cannot draw in 3D').count()) === 1), 'without WebGL it says so');
        await page.getByRole('tab', { name: 'Patch' }).click();
        check(await until(async () => (await page.getByText('Par 1').count()) > 0), 'and everything else works');
        check(errors.length === 0, `no script error: ${errors[0] ?? ''}`);
    } finally {
        await page.screenshot({ path: path.join(SHOTS, 'stage-last.png') }).catch(() => undefined);
        if (hasFailed()) console.log(lumad.log());
        await context.close();
    }
});
