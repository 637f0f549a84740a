/*
 * Nothing typed is lost: a reload in the middle of a word, a network that goes silent, a daemon that is killed and started again on its port, a machine that sleeps, two who change the
 * same, an edit that was not answered before a reload, a graph that is not saved. SLOW=1: the network is away for 30 s, as in a tunnel, and the sleep is as long; else a few.
 *     node tests/browser/recover.spec.mjs
 */
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';

import { faults } from './axe.mjs';
import { check, folder, gone, hasFailed, open, run, seen, SHOTS, start, until } from './page.mjs';

const AWAY_MS = process.env.SLOW ? 30_000 : 5000;
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/* Longer than the page takes to miss its socket. */
const ASLEEP_MS = process.env.SLOW ? 30_000 : 3500;

/* Every process of the browsers this test has started stands still meanwhile, as where a lid is closed. */
async function asleep(ms, meanwhile) {
    const all = fs.readdirSync('/proc').filter((d) => /^\d+$/.test(d)).flatMap((d) => {
        try {
            const [, pid, name, parent] = /^(\d+) \((.*)\) \S (\d+)/s.exec(fs.readFileSync(`/proc/${d}/stat`, 'utf8'));
            return [{ pid: Number(pid), name, parent: Number(parent) }];
        } catch {
            return []; /* it has ended */
        }
    });
    const below = (pid) => all.filter((p) => p.parent === pid).flatMap((p) => [p, ...below(p.pid)]);
    const browser = below(process.pid).filter((p) => /^chrom/.test(p.name));
    const each = (signal) => browser.forEach(({ pid }) => process.kill(pid, signal));
    each('SIGSTOP');
    try {
        await Promise.all([pause(ms), meanwhile()]);
    } finally {
        each('SIGCONT');
    }
    return browser.length;
}

/* The network between page and lumad. Silent: nothing comes through and nobody is told, as when a tablet leaves the room. */
function network(to) {
    const pairs = new Set();
    let isSilent = false;
    const server = net.createServer((near) => {
        const far = net.connect(to, '127.0.0.1');
        const pair = [near, far];
        pairs.add(pair);
        for (const [a, b] of [[near, far], [far, near]]) {
            a.on('data', (d) => {
                if (isSilent) a.pause();
                b.write(d);
            });
            a.on('close', () => {
                pairs.delete(pair);
                b.destroy();
            });
            a.on('error', () => b.destroy());
            if (isSilent) a.pause();
        }
    });
    return {
        listen: () => new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server.address().port))),
        silence() {
            isSilent = true;
            for (const pair of pairs) for (const s of pair) s.pause();
        },
        back() {
            isSilent = false;
            for (const pair of pairs) for (const s of pair) s.resume();
        },
        /* What there is now is never heard of again, though nobody closes it: routers forget who sleeps. What comes after it is heard. */
        forget() {
            for (const pair of pairs) for (const s of pair) s.removeAllListeners('data').on('data', () => undefined);
        },
        close: () => {
            for (const pair of pairs) for (const s of pair) s.destroy();
            server.close();
        },
    };
}

await run(process.env.SLOW ? 500 : 400, async () => {
    const data = folder('lumad-recover-');
    let lumad = start(data, 0);
    const port = await lumad.ready;
    const air = network(port);
    const near = await air.listen();
    const api = async (method, where, body, headers = {}) => {
        const r = await fetch(`http://127.0.0.1:${port}/api/v1${where}`, { method, headers: { 'Content-Type': 'application/json', ...headers }, body: body && JSON.stringify(body) });
        return r.status === 204 ? null : r.json();
    };
    const p = await api('POST', '/patterns', { name: 'First', description: 'as it was' });
    const one = () => api('GET', `/patterns/${p.id}`);
    const context = await open();
    try {
        const page = context.pages()[0] ?? (await context.newPage());
        const errors = [];
        let isAway = false;
        /* An edit that comes late is answered 412, which the browser notes by itself. */
        page.on('console', (m) => m.type() === 'error' && !isAway && !/status of 412/.test(m.text()) && errors.push(m.text()));
        page.on('pageerror', (e) => errors.push(String(e.stack ?? e)));
        page.on('dialog', (d) => void d.accept().catch(() => undefined)); /* leave the page, although a graph is not saved */
        const shot = (name) => page.screenshot({ path: path.join(SHOTS, `${name}.png`) });
        await page.goto(`http://127.0.0.1:${near}/#/patterns/${p.id}`);
        const name = page.getByLabel('Name', { exact: true });
        const words = page.getByLabel('Description');
        const banner = page.getByText('Connection lost');
        const online = async () => {
            const is = await gone(banner);
            isAway = false;
            return is;
        };
        check(await seen(words), 'the pattern is open');

        /* A reload in the middle of a word. */
        await words.fill('half a sen');
        await page.reload();
        check(await seen(page.getByText('Typed before, not stored')), 'after a reload the page says what was typed and not stored');
        check((await words.inputValue()) === 'half a sen', 'and gives it back');
        check((await one()).description === 'as it was', 'nothing was stored by itself');
        /* Where it is, is shown from wherever one is; its row has a mark. */
        const line = page.getByText('1 field was typed and not stored');
        await page.evaluate(() => (location.hash = '/venue/patch'));
        check(await seen(line), 'from every room a line says so');
        await page.getByRole('button', { name: 'Show', exact: true }).click();
        check(await until(() => words.evaluate((e) => e === document.activeElement).catch(() => false)), 'it leads to the field, with the keys');
        check((await page.getByRole('img', { name: 'Typed and not stored' }).count()) === 1, 'and its row has a mark');
        const wrongThere = await faults(page);
        check(wrongThere.length === 0, `axe finds no serious fault there: ${wrongThere.slice(0, 3).join(' | ')}`);
        await shot('draft');
        await words.press('End');
        await page.keyboard.type('tence');
        await page.keyboard.press('Enter');
        check(await until(async () => (await one()).description === 'half a sentence'), 'it is typed on and stored');
        check(await until(async () => (await page.evaluate(() => Object.keys(sessionStorage).filter((k) => k.startsWith('lumad.draft.')).length)) === 0), 'and kept no longer');
        check((await line.count()) === 0 && (await page.getByRole('img', { name: 'Typed and not stored' }).count()) === 0, 'nor spoken of');

        /* The network goes silent; one types on, hands over, changes something else; it comes back. */
        await name.focus();
        await name.fill('Sec');
        isAway = true;
        air.silence();
        const since = Date.now();
        check(await seen(banner), 'a silent network is told');
        await page.keyboard.type('ond');
        check(await name.evaluate((e) => e === document.activeElement && e.value === 'Second'), 'the field keeps what is typed, and the focus');
        await page.keyboard.press('Enter');
        check(await seen(page.getByText('1 edit waits')), 'an edit waits, and the page says so');
        await words.fill('told while away');
        await page.keyboard.press('Enter');
        check(await seen(page.getByText('2 edits wait')), 'so does the next');
        await shot('waiting');
        await pause(Math.max(0, AWAY_MS - (Date.now() - since)));
        air.back();
        check(await online(), `the network is back after ${((Date.now() - since) / 1000).toFixed(0)} s, and so is the page`);
        check(await until(async () => { const r = await one(); return r.name === 'Second' && r.description === 'told while away'; }), 'both edits have reached lumad');
        check((await name.inputValue()) === 'Second' && (await words.inputValue()) === 'told while away', 'the page shows them');
        await page.evaluate(() => document.activeElement?.blur());
        await page.keyboard.press('Control+z');
        check(await until(async () => (await one()).description === 'half a sentence'), 'and they are undone like any other');

        /* lumad is killed in the middle of a word and started again on its port. */
        await name.fill('Thi');
        isAway = true;
        lumad.child.kill('SIGKILL');
        await lumad.gone;
        await name.focus();
        await page.keyboard.press('End');
        await page.keyboard.type('rd');
        await page.keyboard.press('Enter');
        check(await seen(banner), 'a daemon that is gone is told');
        check(await seen(page.getByText('1 edit waits')), 'the edit waits for it');
        await shot('gone');
        lumad = start(data, port);
        await lumad.ready;
        check(await online(), 'the page finds it again by itself');
        check(await until(async () => (await one()).name === 'Third'), 'and the edit reaches it');
        check((await name.inputValue()) === 'Third', 'the page shows it');

        /* The machine sleeps in the middle of a word. Somebody else works on; the way that was there is forgotten; then lumad is started anew meanwhile. */
        let sockets = 0;
        page.on('websocket', () => sockets++);
        const category = page.getByLabel('Category');
        for (const [how, typed, theirs, meanwhile] of [
            ['', ['Fou', 'rth'], 'Changed in the night', async () => air.forget()],
            [' in which lumad is started anew', ['Fif', 'th'], 'Changed again', async () => {
                lumad.child.kill('SIGKILL');
                await lumad.gone;
                lumad = start(data, port);
                await lumad.ready;
            }],
        ]) {
            await name.fill(typed[0]);
            const were = sockets;
            isAway = true;
            const stopped = await asleep(ASLEEP_MS, async () => {
                await meanwhile();
                await api('PATCH', `/patterns/${p.id}`, { category: theirs });
            });
            check(stopped > 2 && (await name.inputValue()) === typed[0], `after a sleep${how} the field has what was typed`);
            await name.press('End');
            await page.keyboard.type(typed[1]);
            await page.keyboard.press('Enter');
            check(await until(() => sockets > were), 'the page notices that its socket is dead, and opens another');
            check((await until(async () => (await category.inputValue()) === theirs)) && (await online()), 'what somebody else did meanwhile is shown');
            check(await until(async () => { const r = await one(); return r.name === typed.join('') && r.category === theirs; }), 'what was typed before and after reaches lumad');
            check((await name.inputValue()) === typed.join(''), 'and is shown');
        }

        /* Two change the row while one of them is away: what is not the same is put together, what is the same is asked. */
        isAway = true;
        air.silence();
        await seen(banner);
        await name.fill('Mine');
        await name.press('Enter');
        await seen(page.getByText('1 edit waits'));
        await api('PATCH', `/patterns/${p.id}`, { category: 'Theirs too' });
        air.back();
        await online();
        check(await until(async () => { const r = await one(); return r.name === 'Mine' && r.category === 'Theirs too'; }), 'what the two did not both touch is put together');
        await until(async () => (await page.evaluate(() => sessionStorage.getItem('lumad.outbox'))) === null);
        isAway = true;
        air.silence();
        await seen(banner);
        await name.fill('Mine again');
        await name.press('Enter');
        await seen(page.getByText('1 edit waits'));
        await api('PATCH', `/patterns/${p.id}`, { name: 'Theirs' });
        air.back();
        await online();
        const clash = page.getByRole('dialog', { name: /was changed elsewhere/ });
        check(await seen(clash), 'where both have set the same, the page asks');
        check(/Theirs/.test(await clash.innerText()) && /Mine again/.test(await clash.innerText()), 'it shows theirs and mine');
        await shot('theirs-or-mine');
        const wrong = await faults(page);
        check(wrong.length === 0, `axe finds no serious fault in the question${wrong.length ? `: ${wrong.slice(0, 3).join(' | ')}` : ''}`);
        await page.reload();
        check(await seen(clash), 'a reload does not answer for one');
        await clash.getByRole('button', { name: 'Take mine' }).click();
        check(await until(async () => (await one()).name === 'Mine again'), 'mine goes over theirs when that is meant');
        check(await until(async () => (await name.inputValue()) === 'Mine again'), 'and is shown');

        /* While one types, somebody else changes the same field: told beside it, and nothing taken away. */
        await name.fill('Being typed');
        await api('PATCH', `/patterns/${p.id}`, { name: 'Elsewhere' });
        check(await seen(page.getByText('Changed elsewhere to "Elsewhere"')), 'a change under the hand is told');
        check((await name.inputValue()) === 'Being typed', 'what is typed stays');
        await page.getByRole('button', { name: 'Keep mine' }).click();
        check(await until(async () => (await one()).name === 'Being typed'), 'one keeps it, or takes theirs');

        /* An edit that gets no answer, and the page is loaded again before it does. */
        isAway = true;
        await page.route('**/api/v1/patterns/*', (route) => (route.request().method() === 'PATCH' ? route.abort() : route.continue()));
        await name.fill('Over a reload');
        await name.press('Enter');
        check(await until(async () => page.evaluate(() => sessionStorage.getItem('lumad.outbox') !== null)), 'an edit without an answer is kept');
        await pause(300);
        await page.unroute('**/api/v1/patterns/*');
        await page.reload();
        isAway = false;
        check(await until(async () => (await one()).name === 'Over a reload'), 'the next page sends it');
        check(await until(async () => (await page.evaluate(() => sessionStorage.getItem('lumad.outbox'))) === null), 'once');

        await seen(page.getByText('Over a reload')); /* the page has heard of it: else that would be another's too */

        /* What somebody else changes while it is being deleted is asked about. */
        const asks = page.getByRole('dialog', { name: 'The pattern was changed elsewhere meanwhile' });
        air.silence();
        await page.getByRole('button', { name: 'Delete pattern' }).click();
        await api('PATCH', `/patterns/${p.id}`, { category: 'Worked on' });
        air.back();
        check(await seen(asks.getByText('changed its category')), 'who deletes what was just changed is asked, and told what is another');
        await shot('delete-or-keep');
        await asks.getByRole('button', { name: 'Keep it' }).click();
        check((await until(async () => (await category.inputValue()) === 'Worked on')) && (await one()).category === 'Worked on', 'and it can be kept');

        /* A graph that is not saved. */
        const nodes = page.locator('.svelte-flow__node');
        await seen(page.getByText('An empty pattern'));
        await pause(200);
        await page.keyboard.press('a');
        await seen(page.getByRole('combobox', { name: 'Search node types' }));
        await page.keyboard.type('scalar');
        await page.keyboard.press('Enter');
        check(await until(async () => (await nodes.count()) === 1), 'a node is placed');
        await pause(500);
        await page.reload();
        check(await until(async () => (await nodes.count()) === 1), 'the draft of a graph outlives a reload');
        check(((await api('GET', `/patterns/${p.id}/graph`)).nodes ?? []).length === 0, 'and is not saved by itself');
        await pause(300);
        check(errors.length === 0, `no errors in the console${errors.length ? `: ${errors.slice(0, 5).join(' | ')}` : ''}`);
    } finally {
        air.close();
        await context.close();
        if (hasFailed()) console.log(lumad.log());
    }
});
