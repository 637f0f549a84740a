/*
 * Who is here and what they may do, as users meet it: the first password with the code of the log, signing in and out, wrong passwords, a session that ends in
 * the middle of an edit, users, tokens, browsers, the audit, and a viewer who tries everything in every room and changes nothing.
 *
 *   node tests/browser/signin.spec.mjs
 */
import path from 'node:path';

import { faults } from './axe.mjs';
import { check, folder, gone, hasFailed, open, run, seen, SHOTS, start, until } from './page.mjs';

const ADMIN = 'correct horse battery';
const OLAF = 'olafs long password';
const VERA = 'veras long password';

/* Two seconds of a tone. */
function wav() {
    const n = 2 * 44100;
    const out = Buffer.alloc(44 + n * 2);
    out.write('RIFF', 0);
    out.writeUInt32LE(36 + n * 2, 4);
    out.write('WAVEfmt ', 8);
    out.writeUInt32LE(16, 16);
    for (const [value, at] of [[1, 20], [1, 22], [2, 32], [16, 34]]) out.writeUInt16LE(value, at);
    out.writeUInt32LE(44100, 24);
    out.writeUInt32LE(88200, 28);
    out.write('data', 36);
    out.writeUInt32LE(n * 2, 40);
    for (let i = 0; i < n; i++) out.writeInt16LE(Math.round(8000 * Math.sin(i / 16)), 44 + i * 2);
    return out;
}

await run(400, async () => {
    const lumad = start(folder('lumad-browser-'), 0);
    const port = await lumad.ready;
    const site = `http://127.0.0.1:${port}`;
    const code = /setup code: ([A-Z0-9]{4}-[A-Z0-9]{4})/.exec(lumad.log())?.[1];
    check(!!code, `the log has the setup code: ${code}`);

    const [mine, theirs] = await Promise.all([open(), open({ width: 1024, height: 768 })]);
    const page = mine.pages()[0] ?? (await mine.newPage());
    const other = theirs.pages()[0] ?? (await theirs.newPage());
    const errors = [];
    const asked = []; /* what the second page asks of lumad, and what it is answered */
    for (const p of [page, other]) {
        p.on('pageerror', (e) => errors.push(String(e.stack ?? e)));
        /* The browser reports every refused request by itself; refusals are what this file is about. */
        p.on('console', (m) => m.type() === 'error' && !/status of (401|403|409|422|429)|WebSocket|ERR_FAILED/.test(m.text()) && errors.push(`${m.text()} ${m.location().url}`));
    }
    other.on('response', (r) => r.url().includes('/api/v1/') && asked.push({ method: r.request().method(), path: new URL(r.url()).pathname.replace('/api/v1', ''), status: r.status() }));
    const shot = async (p, name, sizes = [[1280, 800]]) => {
        const size = p.viewportSize();
        for (const [width, height] of sizes) {
            await p.setViewportSize({ width, height });
            await p.waitForTimeout(150);
            await p.screenshot({ path: path.join(SHOTS, `signin-${name}-${width}.png`) });
        }
        await p.setViewportSize(size);
    };
    /* Something to look at in every room. */
    const furnish = async (p) => {
        const make = async (where, body) => (await api(p, 'POST', where, body)).body;
        const venue = await make('/venues', { name: 'Club' });
        const ids = [];
        for (const n of [1, 2, 3]) ids.push((await make(`/venues/${venue.id}/fixtures`, { universe: 1, address: n * 4, fixture_path: 'builtin:generic-dimmer', mode_name: '1 Channel', label: `Par ${n}` })).id);
        const group = await make(`/venues/${venue.id}/groups`, { name: 'pars' });
        await api(p, 'PUT', `/groups/${group.id}/members`, { fixture_ids: ids });
        await make(`/venues/${venue.id}/outputs`, { universe: 1, protocol: 'sacn', destination: '127.0.0.1' });
        const pattern = await make('/patterns', { name: 'Pulse' });
        const track = await p.evaluate(async (base64) => {
            const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
            return (await fetch('/api/v1/tracks?filename=tone.wav', { method: 'POST', headers: { 'Content-Type': 'audio/wav' }, body: bytes })).json();
        }, wav().toString('base64'));
        const score = await make(`/tracks/${track.id}/scores`, { name: 'First', venue_id: venue.id });
        await make(`/scores/${score.id}/annotations`, { pattern_id: pattern.id, start_time: 0, end_time: 1 });
        await api(p, 'PUT', '/show', { venue_id: venue.id, score_id: score.id, mode: 'score' });
        return { venue, track, score, pattern };
    };
    const api = (p, method, where, body) =>
        p.evaluate(async ([m, w, b]) => {
            const r = await fetch(`/api/v1${w}`, { method: m, headers: b === undefined ? {} : { 'Content-Type': 'application/json' }, ...(b === undefined ? {} : { body: JSON.stringify(b) }) });
            return { status: r.status, body: await r.json().catch(() => null) };
        }, [method, where, body]);
    const whoami = (p) => p.getByRole('button', { name: /^Who is signed in/ });
    const dialog = (p) => p.getByRole('dialog', { name: /^(Sign in|The first password)/ });

    try {
        /* ---- the first password, from another device, by keyboard alone ---- */
        await other.setExtraHTTPHeaders({ 'X-Forwarded-For': '192.0.2.7' });
        await other.goto(site);
        check(await seen(dialog(other)), 'another device is asked for the first password');
        check(asked.every((a) => a.path === '/auth/me'), `nothing else was asked of lumad: ${asked.map((a) => a.path).join(' ')}`);
        check((await other.getByLabel('Code').evaluate((e) => e === document.activeElement)), 'the code has the focus');
        await shot(other, 'setup', [[1280, 800], [800, 1000]]);
        await other.keyboard.type('AAAA-AAAA');
        await other.keyboard.press('Tab');
        await other.keyboard.press('Tab');
        await other.keyboard.type(ADMIN);
        await other.keyboard.press('Enter');
        check(await seen(dialog(other).getByRole('alert')), `a wrong code is refused: ${await dialog(other).getByRole('alert').textContent().catch(() => '')}`);
        await other.keyboard.press('Escape');
        check(await dialog(other).isVisible(), 'Esc leads nowhere');
        await other.getByLabel('Code').fill(code.toLowerCase());
        await other.keyboard.press('Enter');
        check(await gone(dialog(other)), 'with the code of the log it is set');
        check(await seen(whoami(other)), 'and somebody is in');
        check(/admin/.test(await whoami(other).getAttribute('aria-label')), `as admin: ${await whoami(other).getAttribute('aria-label')}`);
        check(await seen(other.getByRole('link', { name: 'Venue' })) && (await until(async () => asked.some((a) => a.path === '/venues' && a.status === 200))), 'and the page goes on');
        await other.setExtraHTTPHeaders({});
        const { track, score, pattern: { id: pattern } } = await furnish(other);
        check(!!track.id && !!score.id && !!pattern, 'and admin may do everything');

        /* ---- at the machine itself nothing is exempt any more; wrong passwords, and their delay ---- */
        await page.goto(`${site}/#/settings/access`);
        check(await seen(dialog(page)), 'at the machine one signs in as well');
        check((await faults(page)).length === 0, `axe: ${(await faults(page)).join(' | ')}`);
        await shot(page, 'sign-in', [[1280, 800], [800, 1000]]);
        await page.getByLabel('Name').fill('admin');
        for (let i = 0; i < 9 && !(await page.getByText(/Too many wrong tries/).isVisible()); i++) {
            await page.getByLabel('Password', { exact: true }).fill('wrong password');
            await page.keyboard.press('Enter');
            await until(async () => (await dialog(page).getByRole('alert').count()) > 0 && (await page.getByRole('button', { name: /Sign(ing)? in/ }).textContent()).trim() === 'Sign in');
        }
        const told = page.getByText(/Too many wrong tries/);
        check(await seen(told), `after some wrong passwords one has to wait: ${await dialog(page).getByRole('alert').textContent().catch(() => '')}`);
        await shot(page, 'wrong');
        check(await until(() => page.getByRole('button', { name: 'Sign in' }).isEnabled()), 'for a moment');
        await page.getByLabel('Password', { exact: true }).fill(ADMIN);
        await page.keyboard.press('Enter');
        check(await gone(dialog(page)), 'the right one opens the page');

        /* ---- users ---- */
        await page.getByRole('heading', { name: 'Users' }).waitFor();
        for (const [name, role, password] of [['olaf', 'operator', OLAF], ['vera', 'viewer', VERA]]) {
            const users = page.locator('[data-part=users]');
            await users.getByLabel('Name', { exact: true }).fill(name);
            await users.getByLabel('Role', { exact: true }).selectOption(role);
            await users.getByLabel('Password', { exact: true }).fill(password);
            await users.getByRole('button', { name: 'Add the user' }).click();
            check(await seen(page.getByLabel(`Role of ${name}`)), `${name} is a user`);
        }
        check(await page.getByLabel('Role of admin').isDisabled() && await page.getByRole('button', { name: 'Remove admin' }).isDisabled(), 'the last admin stays one');

        const vera = page.getByLabel('Role of vera', { exact: true });
        await vera.selectOption('operator');
        const back = page.getByRole('button', { name: 'Undo: role of vera' });
        check(await seen(back) && (await vera.inputValue()) === 'operator', 'another role');
        await back.click();
        check(await until(async () => (await vera.inputValue()) === 'viewer'), 'is taken back by undo');

        /* ---- tokens ---- */
        const tokens = page.locator('[data-part=tokens]');
        await tokens.getByLabel('What it is for').fill('Stream deck <b>');
        await tokens.getByLabel('Role').selectOption('operator');
        await tokens.getByLabel('Term').selectOption('30');
        await tokens.getByRole('button', { name: 'Make a token' }).click();
        const secret = page.getByLabel('The token');
        check(await seen(secret), 'a token is shown once');
        const token = await secret.inputValue();
        await tokens.getByRole('button', { name: 'Copy' }).click();
        check(await seen(tokens.getByRole('button', { name: 'Copied' })), 'and copied');
        check((await faults(page)).length === 0, `axe, access: ${(await faults(page)).join(' | ')}`);
        await shot(page, 'access', [[1280, 800], [1024, 768], [800, 1000]]);
        const withToken = async () => (await fetch(`${site}/api/v1/auth/me`, { headers: { Authorization: `Bearer ${token}` } })).json();
        check((await withToken()).role === 'operator', 'it is good for what it says');
        await tokens.getByRole('button', { name: 'Done' }).click();
        check(!(await page.content()).includes(token), 'then it is nowhere any more');
        await tokens.getByRole('button', { name: 'Revoke Stream deck <b>' }).click();
        await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
        check(await gone(tokens.getByText('Stream deck <b>')), 'a token is revoked');
        check((await withToken()).role !== 'operator', 'and good for nothing');

        /* ---- signing out; an operator; their session ends in the middle of an edit ---- */
        await other.keyboard.press('Control+k');
        await other.keyboard.type('sign out');
        check((await other.getByRole('option', { name: /Sign out/ }).count()) === 1, 'the palette knows the way out');
        await other.keyboard.press('Escape');
        await whoami(other).click();
        await other.getByRole('button', { name: 'Sign out' }).click();
        check(await seen(dialog(other)), 'signing out asks who comes next');
        const signIn = async (name, password) => {
            await dialog(other).getByLabel('Name').fill(name);
            await dialog(other).getByLabel('Password', { exact: true }).fill(password);
            await other.keyboard.press('Enter');
            await gone(dialog(other));
        };
        const endOlaf = async () => {
            const { body } = await api(page, 'GET', '/auth/sessions');
            for (const s of (body.items ?? body).filter((x) => x.user_name === 'olaf')) await api(page, 'DELETE', `/auth/sessions/${s.id}`);
        };
        await signIn('olaf', OLAF);
        check(await until(async () => /olaf, operator/.test((await whoami(other).getAttribute('aria-label').catch(() => '')) ?? '')), 'an operator is in');
        await other.setViewportSize({ width: 1280, height: 800 });
        await other.goto(`${site}/#/patterns/${pattern}`);
        const field = other.getByLabel('Name', { exact: true }).first();
        await field.waitFor();
        await field.fill('Half a na');
        await endOlaf();
        check(await seen(dialog(other)), 'a session that is ended asks to sign in over what is there');
        check(await until(async () => (await field.inputValue()) === 'Half a na'), 'what was typed is still there');
        await shot(other, 'ended');
        check((await dialog(other).getByLabel('Name').inputValue()) === 'olaf', 'whoever was here need not type the name');
        await dialog(other).getByLabel('Password', { exact: true }).fill(OLAF);
        await other.keyboard.press('Enter');
        check(await gone(dialog(other)), 'signed in again');
        await field.focus();
        await other.keyboard.press('End');
        await other.keyboard.type('me');
        await other.keyboard.press('Enter');
        check(await until(async () => /^Half a na(me)?$/.test((await api(page, 'GET', `/patterns/${pattern}`)).body?.name ?? '')), `and the edit goes on: ${(await api(page, 'GET', `/patterns/${pattern}`)).body?.name}`);
        check(await until(() => other.evaluate(() => window.__lumad?.frameSeq !== undefined)), 'the light is followed again');

        /* ---- another one signs in where an edit was not sent ---- */
        const nameNow = async () => (await api(page, 'GET', `/patterns/${pattern}`)).body?.name;
        await other.route('**/api/v1/patterns/*', (route) => (route.request().method() === 'PATCH' ? route.abort() : route.continue()));
        await field.fill('By olaf');
        await field.press('Enter');
        check(await seen(other.getByText('edit waits to be sent')), 'an edit that is not answered waits');
        await endOlaf();
        check(await seen(dialog(other)), 'its session ends');
        await signIn('vera', VERA);
        await other.unroute('**/api/v1/patterns/*');
        const left = other.getByText(/1 edit of olaf was not sent, and waits until olaf signs in here again/);
        check(await seen(left), 'another one is told whose edit waits');
        check((await other.getByRole('button', { name: 'Drop it' }).isVisible()) && (await other.getByRole('button', { name: /^Send it as/ }).count()) === 0, 'a viewer can drop it, and not send it');
        check((await faults(other)).length === 0, `axe: ${(await faults(other)).join(' | ')}`);
        await shot(other, 'left', [[1280, 800], [800, 1000]]);
        await other.waitForTimeout(1300);
        check((await nameNow()) !== 'By olaf', 'it is not sent by itself');
        await other.reload();
        check(await seen(left), 'nor lost with a reload');
        await other.getByRole('note').getByRole('button', { name: 'Sign in as somebody else' }).click();
        await signIn('olaf', OLAF);
        check((await gone(left)) && (await until(async () => (await nameNow()) === 'By olaf')), 'and goes out when its maker is back');

        /* ---- browsers, and an admin's settings are not an operator's ---- */
        await other.goto(`${site}/#/settings/general`);
        check(await seen(other.getByText(/an operator\. Settings/)), 'an operator is told what is for admins');
        check(await until(async () => (await other.locator('[data-needs=admin] input:not(:disabled), [data-needs=admin] select:not(:disabled)').count()) === 0), 'and none of it can be touched');
        await other.goto(`${site}/#/settings/access/browsers`);
        check(await seen(other.getByText('This browser', { exact: true })), 'a browser sees itself');

        /* ---- a viewer tries everything ---- */
        await other.getByRole('note').getByRole('button', { name: 'Sign in as somebody else' }).click();
        await signIn('vera', VERA);
        check(await until(async () => /vera, viewer/.test((await whoami(other).getAttribute('aria-label').catch(() => '')) ?? '')), 'a viewer is in');
        check(await seen(other.getByText(/looking on as a viewer/)), 'and is told why nothing can be changed, and who can');
        asked.length = 0;
        const MAY = /^(\/venues\/[^/]+\/select|\/graph\/(run|check)|\/patterns\/[^/]+\/picture)$/;
        const rooms = [`library/${track.id}`, 'venue/stage', 'venue/patch', 'venue/groups', 'venue/outputs', 'venue/dmx', `patterns/${pattern}`, `scores/${track.id}/${score.id}`, 'show', 'settings/general', 'settings/sound', 'settings/access', 'settings/audit'];
        for (const room of rooms) {
            await other.goto(`${site}/#/${room}`);
            await other.waitForTimeout(250);
            await shot(other, `viewer-${room.replaceAll('/', '-').replace(/-[0-9a-f]{8}-.*/, '')}`);
            const free = await other.evaluate(() => {
                /* Every button that can be pressed is pressed, and every field that takes text is given some. */
                const pressed = [];
                for (const el of document.querySelectorAll('.middle button:not(:disabled), .bar button:not(:disabled)')) {
                    if (!el.isConnected || /Sign out|Change the password|Make a token/.test(`${el.getAttribute('aria-label') ?? ''} ${el.textContent}`)) continue;
                    pressed.push(el.getAttribute('aria-label') ?? el.textContent.trim());
                    el.click();
                }
                return pressed;
            });
            for (const key of ['Delete', 'Space', 'b', 'c', 'Control+z', 'Control+d']) await other.keyboard.press(key);
            await other.keyboard.press('Escape');
            await other.waitForTimeout(60);
            const tried = asked.filter((a) => a.method !== 'GET' && !MAY.test(a.path));
            check(tried.length === 0, `${room}: ${free.length} controls that look, and none that changes${tried.length ? `: ${tried.map((a) => `${a.method} ${a.path} ${a.status}`).join(', ')} by ${free.join(', ')}` : ''}`);
            asked.length = 0;
        }
        await other.goto(`${site}/#/library`);
        const tone = other.locator('.middle [role=option]', { hasText: 'tone' });
        await tone.first().waitFor();
        await other.getByRole('searchbox').first().fill('zzz');
        check(await until(async () => (await tone.count()) === 0), 'searching works for a viewer');
        await other.evaluate(() => {
            const data = new DataTransfer();
            data.items.add(new File(['x'], 'a.wav', { type: 'audio/wav' }));
            for (const type of ['dragover', 'drop']) document.body.dispatchEvent(new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true }));
        });
        check(await seen(other.getByText(/Adding tracks: operators and admins/)), 'a file that is dropped is refused with the reason');
        check(asked.every((a) => a.method === 'GET'), 'and not sent');

        /* ---- the audit ---- */
        await page.goto(`${site}/#/settings/audit`);
        const lines = page.getByRole('listbox', { name: /^Audit/ }).getByRole('option');
        check(await seen(lines), 'the audit has lines');
        check((await faults(page)).length === 0, `axe, audit: ${(await faults(page)).join(' | ')}`);
        await shot(page, 'audit', [[1280, 800], [1024, 768], [800, 1000]]);
        const all = (await lines.allTextContents()).join('\n');
        check(/vera/.test(all) && /olaf/.test(all), 'of everybody who changed something');
        check(![ADMIN, OLAF, VERA, token, code].some((s) => all.includes(s)), 'and no secret in them');
        await page.evaluate(async () => {
            for (let i = 0; i < 110; i++) await fetch('/api/v1/patterns', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ name: `P ${i}` }) });
        });
        const list = page.getByRole('listbox', { name: /^Audit/ });
        check(await seen(page.getByText('100+ lines')), 'what others do appears by itself');
        await list.evaluate((e) => (e.scrollTop = e.scrollHeight));
        check(await seen(page.getByText(/^1[1-9]\d lines$/)), 'scrolling on brings older lines');
        check((await lines.count()) < 60, 'of all of them only those are in the page that are seen');
        await list.evaluate((e) => (e.scrollTop = 0));
        await page.getByLabel('Search the audit').fill('olaf pattern');
        check(await until(async () => { const t = await lines.allTextContents(); return t.length > 0 && t.every((x) => /olaf/i.test(x)); }), 'it is searched by words');
        await lines.first().click();
        check(await seen(page.getByRole('complementary', { name: 'One line' })), 'a line is read whole');
        await shot(page, 'audit-line');
        await page.getByRole('complementary', { name: 'One line' }).getByRole('link', { name: 'Open Patterns' }).click();
        check(await until(() => page.url().includes(`/patterns/${pattern}`)), 'and leads to what it is about');

        /* ---- one's own password; it ends the other browsers ---- */
        await page.goto(`${site}/#/settings/access/you`);
        await page.getByLabel('Your password').fill('not mine at all');
        await page.getByLabel('New password', { exact: true }).fill('another long one');
        await page.getByRole('button', { name: 'Change the password' }).click();
        check(await seen(page.locator('[data-part=you]').getByRole('alert')), `a wrong old password: ${await page.locator('[data-part=you]').getByRole('alert').textContent().catch(() => '')}`);
        await page.getByLabel('Your password').fill(ADMIN);
        await page.getByRole('button', { name: 'Change the password' }).click();
        check(await seen(page.getByText(/Your password is changed/)), 'the right one changes it');
        check((await api(page, 'GET', '/auth/me')).body.role === 'admin', 'and whoever changed it stays in');

        /* ---- a new lumad, at the machine itself: no code is asked for, and until then nobody has to sign in ---- */
        const fresh = start(folder('lumad-browser-'), 0);
        const there = `http://127.0.0.1:${await fresh.ready}`;
        await page.goto(there);
        check(await seen(whoami(page)) && !(await dialog(page).isVisible()), 'at the machine of a new lumad nobody is asked');
        await whoami(page).click();
        await page.getByRole('dialog', { name: /^Who is/ }).getByRole('button', { name: 'Set the first password' }).click();
        await shot(page, 'first');
        check((await dialog(page).getByLabel('Code').count()) === 0, 'for the first password no code is needed there');
        await page.keyboard.press('Escape');
        check(await gone(dialog(page)), 'and it can wait');
        await whoami(page).click();
        await page.getByRole('dialog', { name: /^Who is/ }).getByRole('button', { name: 'Set the first password' }).click();
        await dialog(page).getByLabel('Name').fill('boss');
        await dialog(page).getByLabel('New password').fill(ADMIN);
        await page.keyboard.press('Enter');
        check(await gone(dialog(page)), 'it is set');
        check(await until(async () => /boss, admin/.test((await whoami(page).getAttribute('aria-label')) ?? '')), 'and whoever set it is in');

        check(errors.length === 0, `no errors in the pages${errors.length ? `: ${errors.slice(0, 3).join(' | ')}` : ''}`);
    } finally {
        if (hasFailed()) {
            await page.screenshot({ path: path.join(SHOTS, 'signin-failed.png') }).catch(() => undefined);
            await other.screenshot({ path: path.join(SHOTS, 'signin-failed-other.png') }).catch(() => undefined);
        }
        await Promise.all([mine.close(), theirs.close()]);
        if (hasFailed()) console.log(lumad.log());
    }
});
