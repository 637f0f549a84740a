/*
 * Where universes go and what is sent: Art-Net nodes that answer and one choice that routes to them, two outputs that meet, test patterns, channels by name, the monitor;
 * venues copied, exported, imported and deleted.     node tests/browser/outputs.spec.mjs
 *
 * Runs in a network of its own (unshare -n), so that its node answers to nobody else's lumad; where there can be none it says so, and leaves the nodes out.
 */
import { spawnSync } from 'node:child_process';
import dgram from 'node:dgram';
import fs from 'node:fs';
import path from 'node:path';

const NET = process.env.LUMAD_TEST_NET;
if (!NET) {
    /* Without addresses that come by themselves a second later (IPv6): the browser drops what it is loading when its network changes. */
    const set = 'ip link set lo up && ip link add rig0 type veth peer name rig1 && ip link set rig0 addrgenmode none && ip link set rig1 addrgenmode none && ip link set rig1 up && ip address add 10.77.0.1/24 broadcast + dev rig0 && ip address add 10.77.0.2/24 dev rig0 && ip link set rig0 up';
    const may = spawnSync('unshare', ['-n', 'sh', '-c', set]).status === 0;
    const inside = may ? ['unshare', ['-n', 'sh', '-c', `${set} && exec "$0" "$@"`, process.execPath, ...process.argv.slice(1)]] : [process.execPath, process.argv.slice(1)];
    process.exit(spawnSync(inside[0], inside[1], { stdio: 'inherit', env: { ...process.env, LUMAD_TEST_NET: may ? 'own' : 'none' } }).status ?? 1);
}

const { check, folder, hasFailed, open, run, SHOTS, start, until } = await import('./page.mjs');

/* ArtPollReply of a node with two output ports, 0:0:0 and 0:0:1. */
function pollReply(ip) {
    const d = Buffer.alloc(239);
    d.write('Art-Net\0', 0, 'latin1');
    d.writeUInt16LE(0x2100, 8);
    ip.split('.').forEach((n, i) => (d[10 + i] = d[207 + i] = Number(n)));
    d.writeUInt16LE(6454, 14);
    d.write('Stage left', 26);
    d.write('Stage left of the test', 44);
    d.write('#0001 [0001] fine', 108);
    d.writeUInt16BE(2, 172);
    d.set([0x80, 0x80], 174);
    d.set([0, 1], 190);
    d.set([2, 0, 10, 77, 0, 2], 201);
    d.set([1, 8], 211);
    return d;
}

/* Hears polls and data; `slots` has what came last to each port-address. */
async function fakeNode(ip, cast) {
    const slots = new Map();
    const ears = dgram.createSocket({ type: 'udp4', reuseAddr: true });
    const data = dgram.createSocket({ type: 'udp4', reuseAddr: true });
    await new Promise((done) => data.bind(6454, ip, done));
    await new Promise((done) => ears.bind(6454, cast, done));
    ears.on('message', (m, from) => m.readUInt16LE(8) === 0x2000 && data.send(pollReply(ip), 6454, from.address));
    data.on('message', (m) => m.readUInt16LE(8) === 0x5000 && slots.set(m[14] | (m[15] << 8), [...m.subarray(18)]));
    return { slots, close: () => [ears, data].forEach((s) => s.close()) };
}

await run(400, async () => {
    const dir = folder('lumad-browser-');
    if (NET === 'own') fs.writeFileSync(path.join(dir, 'test.conf'), '[dmx]\n');
    const node = NET === 'own' ? await fakeNode('10.77.0.2', '10.77.0.255') : null;
    const lumad = start(dir, 0);
    const port = await lumad.ready;
    const api = async (method, where, body) => {
        const r = await fetch(`http://127.0.0.1:${port}/api/v1${where}`, { method, headers: { 'Content-Type': 'application/json' }, body: body === undefined ? undefined : JSON.stringify(body) });
        return r.status === 204 ? null : r.json();
    };
    const club = await api('POST', '/venues', { name: 'Club' });
    const under = (part) => `/venues/${club.id}/${part}`;
    const patch = (universe, address, label, more) => api('POST', under('fixtures'), { universe, address, label, ...more });
    const par = await patch(1, 1, 'Par 1', { fixture_path: 'builtin:generic-dimmer', mode_name: '4 Channels' });
    await patch(1, 30, 'Par 2', { fixture_path: 'builtin:generic-dimmer', mode_name: '4 Channels' });
    const AURA = 'Martin/Martin-MAC-Aura.qxf';
    const modes = (await api('GET', `/fixture-library/definition?path=${AURA}`)).modes;
    const mode = modes.find((m) => m.channels.some((c) => c.preset === 'PositionPanFine'));
    const aura = await patch(2, 101, 'Aura', { fixture_path: AURA, mode_name: mode.name });
    await api('PUT', '/show', { venue_id: club.id });
    const outputs = async () => (await api('GET', under('outputs'))).items.map((o) => `${o.universe}>${o.port_address ?? o.universe - 1}`).sort();
    const slots = async (n) => (await api('GET', `/dmx/universes/${n}`)).slots;
    const hasWarning = async () => (await api('GET', '/system')).warnings.some((w) => w.id === 'dmx.test');

    const context = await open();
    const page = context.pages()[0] ?? (await context.newPage());
    const errors = [];
    page.on('pageerror', (e) => errors.push(String(e.stack ?? e)));
    page.on('console', (m) => m.type() === 'error' && !/status of 4(22|09)/.test(m.text()) && errors.push(`${m.text()} ${m.location().url}`));
    const shot = async (name) => {
        for (const [width, height] of [[1280, 800], [1024, 768], [800, 1000]]) {
            await page.setViewportSize({ width, height });
            await page.waitForTimeout(250);
            await page.screenshot({ path: path.join(SHOTS, `outputs-${name}-${width}.png`) });
        }
        await page.setViewportSize({ width: 1280, height: 800 });
        await page.waitForTimeout(150);
    };
    const go = (where) => page.goto(`http://127.0.0.1:${port}/#/${where}`);
    const keys = async (what) => {
        await page.waitForTimeout(250);
        await page.evaluate(() => document.activeElement?.blur());
        await page.keyboard.press(what);
        await page.waitForTimeout(250);
    };

    try {
        /* Nodes: one choice routes a universe, and back. */
        await go('venue/outputs');
        await page.getByText('Universe 1, 2 goes nowhere yet').waitFor();
        if (node) {
            const port1 = page.getByLabel('What goes to port 0:0:0 of Stage left');
            await port1.waitFor();
            check(await page.getByText('Says: #0001 [0001] fine').isVisible(), 'a node that answers is there with what it says of itself');
            await port1.selectOption({ value: '1' });
            check(await until(async () => (await outputs()).join() === '1>0'), 'one choice routes a universe to its port');
            await api('PUT', `/fixtures/${par.id}/park`, { channels: { 2: 99 } });
            check(await until(() => node.slots.get(0)?.[1] === 99), 'the node gets it');
            await api('PUT', `/fixtures/${par.id}/park`, { channels: null });
            check(await until(async () => /[1-9]\d* fps/.test(await page.locator('.node').innerText())), 'how often is said beside the port');
            await page.getByLabel('What goes to port 0:0:1 of Stage left').selectOption({ value: '2' });
            check(await until(async () => (await outputs()).join() === '1>0,2>1'), 'the next one to the next port');
            await port1.selectOption({ value: '2' });
            check(await until(async () => (await outputs()).join() === '2>0,2>1'), 'another choice sends another universe there');
            await keys('Control+z');
            check(await until(async () => (await outputs()).join() === '1>0,2>1'), 'undo sends the first one again');
            await port1.selectOption({ label: 'Nothing' });
            check(await until(async () => (await outputs()).join() === '2>1'), 'nothing is a choice too');
            await keys('Control+z');
            check(await until(async () => (await outputs()).join() === '1>0,2>1'), 'and is undone');
        } else {
            console.log('# no network of its own here: nodes are left out');
            await api('POST', under('outputs'), { universe: 1, protocol: 'artnet', destination: '127.0.0.1' });
            await api('POST', under('outputs'), { universe: 2, protocol: 'artnet', destination: '127.0.0.1' });
        }

        /* Two universes to one port. */
        const second = (await api('GET', under('outputs'))).items.find((o) => o.universe === 2);
        await api('PATCH', `/outputs/${second.id}`, { port_address: 0 });
        await page.getByText('Universe 1 goes to port 0:0:0 too').waitFor();
        check(await page.getByText('Universe 2 goes to port 0:0:0 too').isVisible(), 'two universes to one port are said, at both of them');
        await shot('clash');
        await api('PATCH', `/outputs/${second.id}`, { port_address: null });
        await page.getByText('goes to port 0:0:0 too').first().waitFor({ state: 'detached' });

        /* A pattern, and nothing of it when the tab is left. */
        const pattern = page.getByRole('radiogroup', { name: 'Test pattern of universe 1' });
        await pattern.getByText('Full').click();
        check(await until(async () => (await slots(1)).every((v) => v === 255)), 'a test pattern fills the universe');
        if (node) check(await until(() => node.slots.get(0)?.every((v) => v === 255)), 'and the node gets it');
        check(await hasWarning(), 'the warning says that something is under test');
        await shot('pattern');
        await pattern.getByText('Full').press('ArrowRight');
        check(await until(async () => (await slots(1)).filter((v) => v).length === 1), 'by keyboard: the next one, one slot at a time');
        await page.getByRole('tab', { name: 'DMX' }).click();
        check(await until(async () => !(await hasWarning()) && (await slots(1)).every((v) => v === 0)), 'leaving the tab ends it');

        /* Channels by name, seen in the monitor at once. */
        await page.getByRole('listbox', { name: 'Fixtures' }).getByText('Aura', { exact: true }).click();
        await page.getByRole('button', { name: 'Test channels' }).click();
        const pan = page.getByRole('slider', { name: 'Pan', exact: true });
        await pan.waitFor();
        check((await pan.getAttribute('aria-valuemax')) === '65535', 'pan with its fine byte is one fader');
        check((await page.getByRole('slider', { name: /fine/i }).count()) === 0, 'and the fine byte has none of its own');
        const at = mode.channels.findIndex((c) => c.preset === 'PositionPan');
        const fine = mode.channels.findIndex((c) => c.preset === 'PositionPanFine');
        await page.getByLabel('Pan, value').fill('4660');
        await page.getByLabel('Pan, value').press('Enter');
        check(await until(async () => { const s = await slots(2); return s[100 + at] === 0x12 && s[100 + fine] === 0x34; }), 'a number typed is sent in both bytes');
        const shutter = mode.channels.find((c) => /shutter/i.test(c.name) && c.ranges.length > 2);
        const slider = page.getByRole('slider', { name: new RegExp(`${shutter.name}$`) }).first();
        await slider.press('Home');
        const end = shutter.ranges.find((r) => r.min === 0);
        check(await until(async () => ((await slider.getAttribute('aria-valuetext')) ?? '').includes(end.name)), `a range is said in the words of its file: ${end.name}`);
        await page.locator('.picker select').selectOption({ value: '2' });
        await page.locator('canvas[role=grid]').focus();
        for (let i = 0; i < 3; i++) await page.keyboard.press('ArrowDown');
        for (let i = 0; i < (100 + at) % 32; i++) await page.keyboard.press('ArrowRight');
        await page.waitForTimeout(700);
        await shot('channels');
        /* Parked by its pin it stays, and is undone. */
        await page.getByRole('button', { name: 'Park Pan at 4660' }).click();
        check(await until(async () => Object.keys((await api('GET', `/fixtures/${aura.id}/park`)).channels).length === 2), 'the pin parks both bytes');
        await keys('Control+z');
        check(await until(async () => Object.keys((await api('GET', `/fixtures/${aura.id}/park`)).channels).length === 0), 'and undo frees them');
        await page.getByLabel('Pan, value').fill('1');
        await page.getByLabel('Pan, value').press('Enter');
        check(await until(hasWarning), 'still under test');
        await go('library');
        check(await until(async () => !(await hasWarning())), 'leaving the room lets go of every channel');

        /* The monitor. */
        await go('venue/dmx');
        await page.getByText('frames a second').waitFor();
        await page.getByRole('radio', { name: 'FF' }).click();
        await page.getByRole('button', { name: 'Mark changes' }).click();
        await api('PUT', `/fixtures/${par.id}/park`, { channels: { 1: 200, 3: 10 } });
        check(await until(() => page.getByRole('button', { name: '2 changed since' }).isVisible()), 'what changed since is counted');
        await page.locator('canvas[role=grid]').focus();
        await page.keyboard.press('Home');
        check(await until(async () => /200.*hex C8.*Par 1, channel 1.*parked/s.test(await page.locator('p.at').innerText())), 'a slot is said with value, fixture and whose it is');
        await shot('monitor');
        await page.getByRole('button', { name: 'All universes' }).click();
        check(await until(async () => (await page.locator('.strips .strip').count()) === 2 && /2 of 512/.test(await page.locator('.strips .strip').first().innerText())), 'all universes at a glance');
        await shot('universes');
        await api('PUT', `/fixtures/${par.id}/park`, { channels: null });

        /* Venues: copied, out, in, gone, back. */
        const menu = async (item) => {
            await page.getByRole('button', { name: 'Venues', exact: true }).click();
            await page.getByRole('menuitem', { name: item }).click();
        };
        const names = async () => (await api('GET', '/venues')).items.map((v) => v.name).sort().join();
        await menu('Duplicate');
        check(await until(async () => (await names()) === 'Club,Club copy'), 'a venue is copied');
        await keys('Control+z');
        check(await until(async () => (await names()) === 'Club'), 'and undo takes the copy away');
        await keys('Control+Shift+z');
        check(await until(async () => (await names()) === 'Club,Club copy'), 'redo brings it back');
        const copy = (await api('GET', '/venues')).items.find((v) => v.name === 'Club copy');
        const counts = async (id) => (await api('GET', '/venue-counts')).items.find((c) => c.venue_id === id);
        check(JSON.stringify(await counts(copy.id)) === JSON.stringify({ ...(await counts(club.id)), venue_id: copy.id }), 'with all that is in it');
        const download = page.waitForEvent('download');
        await menu('Export to a file');
        const file = path.join(dir, 'club.venue.json');
        const got = await download;
        await got.saveAs(file);
        const doc = JSON.parse(fs.readFileSync(file, 'utf8'));
        check(doc.format === 'lumad venue' && doc.fixtures.length === 3 && /\.venue\.json$/.test(got.suggestedFilename()), `it goes out as ${got.suggestedFilename()}`);
        doc.venue.name = '<script>alert(1)</script>';
        fs.writeFileSync(file, JSON.stringify(doc));
        await page.setInputFiles('input[type=file][aria-label="Venue file"]', file);
        check(await until(async () => (await names()).includes('<script>')), 'and comes in from a file, by whatever name');
        await until(async () => (await page.getByLabel('Venue', { exact: true }).locator('option:checked').innerText()).includes('<script>')); /* the room is around it now */
        doc.fixtures[1].address = doc.fixtures[0].address;
        fs.writeFileSync(file, JSON.stringify(doc));
        await page.setInputFiles('input[type=file][aria-label="Venue file"]', file);
        await page.getByRole('heading', { name: 'was not imported' }).waitFor();
        check(await page.getByText('/fixtures/0/address').isVisible(), 'one that does not fit is refused, with every place in it');
        await shot('refused');
        await page.getByRole('button', { name: 'Close' }).click();
        /* Dropped on the room. */
        await page.evaluate(() => {
            const data = new DataTransfer();
            data.items.add(new File(['{"format":"lumad venue","version":1,"venue":{"name":"Dropped"}}'], 'dropped.venue.json', { type: 'application/json' }));
            for (const type of ['dragover', 'drop']) document.querySelector('main').dispatchEvent(new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true }));
        });
        check(await until(async () => (await names()).includes('Dropped')), 'a file that is dropped is imported');
        await menu('All venues');
        const list = page.getByRole('dialog', { name: 'Venues' });
        await list.getByText('Club copy').waitFor();
        check(/3 fixtures, 2 universes, 2 outputs/.test(await list.innerText()), 'the list says what each has');
        await shot('venues');
        await list.getByRole('button', { name: 'Delete Club copy' }).click();
        check(await until(async () => !(await names()).includes('Club copy')), 'one is deleted');
        await list.getByRole('button', { name: 'Close' }).click();
        await keys('Control+z');
        check(await until(async () => (await names()).includes('Club copy') && (await counts(copy.id))?.fixtures === 3), 'and undo brings it back with its fixtures');
        /* The room around the copy may still ask for what is in it when it is gone. */
        const bad = errors.filter((e) => !(/status of 404/.test(e) && e.includes(`/venues/${copy.id}/`)));
        check(!bad.length, `no error in the page${bad.length ? `: ${bad.slice(0, 3).join(' | ')}` : ''}`);
    } finally {
        if (hasFailed()) console.log(lumad.log().split('\n').slice(-15).join('\n'));
        if (errors.length) console.log(errors.slice(0, 5).join('\n'));
        await context.close();
        node?.close();
    }
});
