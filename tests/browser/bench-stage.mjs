/*
 * What the stage costs: 200 heads that all shine and move, drawn by the processor in a stage of 1280x720. Pictures a second at the quality it comes to by itself, script a
 * picture, and how long hands wait for it while they turn the view. Figures on standard output; exit status 1 beyond the limits.
 *
 *   node tests/browser/bench-stage.mjs      (page.mjs says what it takes; SECONDS=10 of measuring)
 *
 * Times say something on a machine that does nothing else.
 */
import path from 'node:path';

import { check, folder, open, run, SHOTS, start, until } from './page.mjs';

const SECONDS = Number(process.env.SECONDS ?? 8);
const LIMIT = { fps: 15, scriptMs: 4, inputMs: 100 };

const sorted = (list) => [...list].sort((a, b) => a - b);
const at = (list, part) => sorted(list)[Math.min(list.length - 1, Math.floor(list.length * part))] ?? 0;
const mean = (list) => list.reduce((a, b) => a + b, 0) / Math.max(1, list.length);

await run(240, async () => {
    const lumad = start(folder('lumad-bench-'), 0);
    const port = await lumad.ready;
    const api = async (method, where, body) => {
        const r = await fetch(`http://127.0.0.1:${port}/api/v1${where}`, { method, headers: { 'Content-Type': 'application/json' }, body: body && JSON.stringify(body) });
        if (!r.ok) throw new Error(`${method} ${where}: ${r.status} ${await r.text()}`);
        return r.status === 204 ? null : r.json();
    };
    const venue = await api('POST', '/venues', { name: 'Bench' });
    await api('PUT', '/show', { venue_id: venue.id });
    const add = async (type, count, y, z, universe) => {
        const item = (await api('GET', `/fixture-library?type=${type}&limit=40`)).items.find((i) => i.modes.some((m) => m.heads === 1));
        const mode = item.modes.find((m) => m.heads === 1);
        await api('POST', `/venues/${venue.id}/fixtures/array`, {
            universe, address: 1, fixture_path: item.path, manufacturer: item.manufacturer, model: item.model, mode_name: mode.name, label: `${type} 1`,
            pos_x: -8, pos_y: y, pos_z: z, count, offset: { x: 16 / (count - 1), y: 0, z: 0 },
        });
    };
    let universe = 1;
    for (let i = 0; i < 4; i++) await add('moving_head', 30, i * 1.5, 4.5 + i * 0.3, (universe += 2));
    for (let i = 0; i < 4; i++) await add('par', 20, -1 - i, 4, (universe += 2));
    const heads = (await api('GET', `/venues/${venue.id}/heads`)).items.length;
    console.log(`${heads} heads`);

    /* The page around the stage takes the rest. */
    const context = await open({ width: 1570, height: 900 });
    const page = context.pages()[0] ?? (await context.newPage());
    await page.addInitScript(() => {
        /* Every head shines and moves, thirty times a second, as if a show did it: the light comes as lumad's own message, from the page itself. */
        const Real = window.WebSocket;
        window.WebSocket = class extends Real {
            constructor(...args) {
                super(...args);
                window.__socket = this;
            }
        };
        window.__light = (heads, patch) => {
            let seq = 1_000_000;
            const buffer = new ArrayBuffer(22 + heads * 10);
            const view = new DataView(buffer);
            setInterval(() => {
                view.setUint32(0, 0x31464d4c, true);
                view.setUint32(4, seq++, true);
                view.setUint32(8, patch, true);
                view.setFloat64(12, seq / 30, true);
                view.setUint16(20, heads, true);
                for (let i = 0, o = 22; i < heads; i++, o += 10) {
                    const a = seq / 20 + i * 0.7;
                    [255, 128 + 127 * Math.sin(a), 128 + 127 * Math.sin(a + 2), 128 + 127 * Math.sin(a + 4), 0, 0].forEach((v, k) => view.setUint8(o + k, v));
                    view.setInt16(o + 6, Math.round(900 * Math.sin(a / 3)), true);
                    view.setInt16(o + 8, Math.round(400 * Math.cos(a / 2)), true);
                }
                window.__socket.dispatchEvent(new MessageEvent('message', { data: buffer.slice(0) }));
            }, 33);
        };
        /* Script of each animation frame, and how long an event waited for its turn and then for the next picture. */
        window.__script = [];
        window.__waited = [];
        window.__seen = [];
        const frame = window.requestAnimationFrame.bind(window);
        window.requestAnimationFrame = (run) =>
            frame((ms) => {
                const began = performance.now();
                run(ms);
                window.__script.push(performance.now() - began);
            });
        addEventListener('pointermove', (e) => {
            window.__waited.push(performance.now() - e.timeStamp);
            const pictures = window.__lumad?.stage?.pictures;
            const look = () => {
                if (window.__lumad.stage.pictures > pictures) window.__seen.push(performance.now() - e.timeStamp);
                else if (performance.now() - e.timeStamp < 3000) frame(look);
            };
            frame(look);
        }, true);
    });
    await page.goto(`http://127.0.0.1:${port}/#/venue/stage`);
    const stage = () => page.evaluate(() => { const { pictures, step, isSoftware } = window.__lumad.stage; return { pictures, step, isSoftware }; });
    check(await until(async () => (await page.evaluate(() => window.__lumad?.stage?.pictures ?? 0)) > 0, 20_000), 'the stage is drawn');
    const patch = await page.evaluate(() => new Promise((done) => {
        window.__socket.addEventListener('message', (e) => {
            if (e.data instanceof ArrayBuffer && new DataView(e.data).getUint32(0, true) === 0x31464d4c) done(new DataView(e.data).getUint32(8, true));
        });
        setTimeout(() => done(0), 5000);
    }));
    await page.evaluate(([n, p]) => window.__light(n, p), [heads, patch]);

    /* It may take some seconds to find what it can hold. */
    await page.waitForTimeout(6000);
    const box = await page.locator('.stage-canvas').boundingBox();
    const [cx, cy] = [box.x + box.width / 2, box.y + box.height / 2];
    const clear = () => page.evaluate(() => { window.__script = []; window.__waited = []; window.__seen = []; });
    await clear();
    const before = await stage();
    const began = Date.now();
    await page.mouse.move(cx, cy);
    await page.mouse.down({ button: 'right' });
    for (let i = 0; Date.now() - began < SECONDS * 1000; i++) {
        await page.mouse.move(cx + 120 * Math.sin(i / 9), cy + 30 * Math.cos(i / 13));
        await page.waitForTimeout(25);
    }
    await page.mouse.up({ button: 'right' });
    const seconds = (Date.now() - began) / 1000;
    const after = await stage();
    const m = await page.evaluate(() => ({ script: window.__script, waited: window.__waited, seen: window.__seen }));
    await page.screenshot({ path: path.join(SHOTS, 'bench-stage.png') });

    const fps = (after.pictures - before.pictures) / seconds;
    console.log(`quality      ${before.step} -> ${after.step}${after.isSoftware ? ', drawn by the processor' : ''}`);
    console.log(`stage        ${box.width}x${box.height}`);
    console.log(`pictures     ${fps.toFixed(1)} a second`);
    console.log(`script       ${mean(m.script).toFixed(2)} ms a frame, 95 of 100 under ${at(m.script, 0.95).toFixed(2)} ms, most ${Math.max(...m.script).toFixed(1)} ms`);
    console.log(`input        ${mean(m.waited).toFixed(1)} ms to its turn, 95 of 100 under ${at(m.waited, 0.95).toFixed(1)} ms`);
    console.log(`seen         ${mean(m.seen).toFixed(1)} ms to the next picture, 95 of 100 under ${at(m.seen, 0.95).toFixed(1)} ms`);
    check(heads >= 200, `at least 200 heads: ${heads}`);
    check(box.width >= 1280 && box.height >= 720, `the stage is at least 1280x720: ${box.width}x${box.height}`);
    check(after.isSoftware, 'the processor draws');
    check(fps >= LIMIT.fps, `at least ${LIMIT.fps} pictures a second: ${fps.toFixed(1)}`);
    check(mean(m.script) < LIMIT.scriptMs, `under ${LIMIT.scriptMs} ms of script a frame: ${mean(m.script).toFixed(2)}`);
    check(at(m.waited, 0.95) < LIMIT.inputMs, `hands wait under ${LIMIT.inputMs} ms: ${at(m.waited, 0.95).toFixed(1)}`);
    await context.close();
});
