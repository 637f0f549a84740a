/*
 * Plug-ins in the Settings room: one that runs, one that is refused, one that is put right while the page is open, Reload, one that goes.
 *
 *   node tests/browser/plugins.spec.mjs     (page.mjs says what it takes)
 */
import fs from 'node:fs';
import path from 'node:path';

import { check, folder, LUMAD, open, run, SHOTS, start, until } from './page.mjs';

await run(400, async () => {
    const data = folder('lumad-data-'), plugins = folder('lumad-plugins-');
    fs.chmodSync(plugins, 0o755);
    const example = path.join(path.dirname(LUMAD), 'plugins/example.so'), at = (name) => path.join(plugins, `${name}.so`);
    const install = (name) => {
        fs.copyFileSync(example, `${at(name)}.part`);
        fs.chmodSync(`${at(name)}.part`, 0o644);
        fs.renameSync(`${at(name)}.part`, at(name));
    };
    install('example');
    fs.writeFileSync(at('text'), 'this is no shared object', { mode: 0o644 });
    fs.writeFileSync(path.join(data, 'test.conf'), `[files]\nplugin_dir = ${plugins}\n`);
    const lumad = start(data, 0);
    const base = `http://127.0.0.1:${await lumad.ready}`;

    const context = await open();
    try {
        const page = context.pages()[0] ?? (await context.newPage());
        const errors = [];
        page.on('console', (m) => m.type() === 'error' && errors.push(m.text()));
        page.on('pageerror', (e) => errors.push(String(e.stack ?? e)));
        await page.goto(`${base}/#/settings`);
        const panel = page.getByRole('region', { name: 'Plug-ins' });
        const says = (text) => until(async () => (await panel.innerText().catch(() => '')).includes(text));
        const silent = (text) => until(async () => !(await panel.innerText()).includes(text));

        check(await says('Nodes: example.mix, example.ember'), 'a plug-in that runs is listed with its nodes');
        check((await says('not used')) && (await says('cannot be loaded: file too short')), 'one that is refused is listed with the reason');
        await panel.scrollIntoViewIfNeeded();
        await page.screenshot({ path: path.join(SHOTS, 'plugins.png') });

        await panel.getByRole('button', { name: 'Reload example' }).click();
        check(await until(async () => {
            const list = (await (await fetch(`${base}/api/v1/plugins`)).json()).items;
            return list.find((p) => p.name === 'example').restarts === 1;
        }), 'Reload starts it anew');

        fs.rmSync(at('text'));
        check(await silent('cannot be loaded'), 'a file that goes leaves the list');
        fs.rmSync(at('example'));
        check(await says('There are none.'), 'and so does the last one');
        install('later');
        check(await says('later'), 'a file that comes is listed at once');
        check(errors.length === 0, `the page says nothing went wrong ${errors.join('; ')}`);
    } finally {
        await context.close();
    }
});
