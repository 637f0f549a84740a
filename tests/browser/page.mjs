/*
 * What the browser tests share: a scratch lumad, Chromium on its page, checks that are counted. A test is `await run(seconds, async (t) => ...)`.
 *
 *   LUMAD=path/of/lumad (build/release/lumad)   CHROMIUM=/usr/bin/chromium   SHOTS=build/screenshots   WEB=path/of/a/built/page (that of lumad)
 *
 * Ends with "N passed, N failed"; exit status 1 when something failed.
 */
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
export const LUMAD = path.resolve(process.env.LUMAD ?? path.join(ROOT, 'build/release/lumad'));
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
export const SHOTS = path.resolve(process.env.SHOTS ?? path.join(ROOT, 'build/screenshots'));

const { chromium } = createRequire(path.join(ROOT, 'web/package.json'))('playwright-core');

let passed = 0;
let failed = 0;
export function check(isTrue, what) {
    console.log(`${isTrue ? 'ok' : 'not ok'} ${passed + failed + 1} - ${what}`);
    if (isTrue) passed++;
    else failed++;
}
export const hasFailed = () => failed > 0;

/*
 * How long a state may take to come before it counts as never. Only what fails waits as long, and a busy machine of two slow processors is no failure: what the page
 * promises about time is measured, by itself, and not waited for.
 */
const WAIT_MS = 60_000;

/* Runs until the condition holds; false after the time. */
export async function until(condition, ms = WAIT_MS) {
    const end = Date.now() + ms;
    while (Date.now() < end) {
        if (await condition()) return true;
        await new Promise((resolve) => setTimeout(resolve, 60));
    }
    return false;
}

/* What a locator finds is there, or there no more; false after the time. */
export const seen = (locator) => locator.first().waitFor({ timeout: WAIT_MS }).then(() => true, () => false);
export const gone = (locator) => locator.first().waitFor({ state: 'hidden', timeout: WAIT_MS }).then(() => true, () => false);

/* What the page knows by now is laid out and drawn. */
export const painted = (page) => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));

/* All tracks analysed but for their stems, which take longest: each step that ends changes what is seen and what is sent. api: (method, path, body) */
export async function analysed(api) {
    await api('PATCH', '/settings', { stems: 'demand' });
    return until(async () => {
        const left = (await api('GET', '/jobs')).items.filter((j) => /queued|running/.test(j.state));
        for (const j of left) if (j.kind === 'stems') await api('POST', `/jobs/${j.id}/cancel`);
        return left.length === 0;
    }, 2 * WAIT_MS);
}

const temporary = [];
export function folder(prefix) {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), prefix));
    temporary.push(dir);
    return dir;
}

const running = new Set();
/* Starts lumad and waits for the line that says where it serves. What the test has written to test.conf of its folder is kept. */
export function start(data, port, ...more) {
    /* On the machine's own network only the loopback is for lighting: a test looks for no nodes. */
    const config = path.join(data, 'test.conf');
    fs.mkdirSync(data, { recursive: true });
    if (!fs.existsSync(config) || !fs.readFileSync(config, 'utf8').includes('[dmx]')) fs.appendFileSync(config, '[dmx]\ninterfaces = lo\n');
    /* Beside other tests nothing is left over for what only wants what is left over. */
    if (!fs.readFileSync(config, 'utf8').includes('[jobs]')) fs.appendFileSync(config, '[jobs]\npriority = low\n');
    if (process.env.WEB && !fs.readFileSync(config, 'utf8').includes('[server]')) fs.appendFileSync(config, `[server]\nweb = ${path.resolve(process.env.WEB)}\n`);
    const args = [...more, '--config', config, '--data', data, '--http', `127.0.0.1:${port}`, '--ready-fd', '1'];
    const child = spawn(LUMAD, args, { stdio: ['ignore', 'pipe', 'pipe'], cwd: ROOT });
    let log = '';
    child.stderr.on('data', (d) => (log = (log + d).slice(-20_000)));
    running.add(child);
    const gone = new Promise((resolve) => child.on('exit', (code) => { running.delete(child); resolve(code); }));
    const ready = new Promise((resolve, reject) => {
        let line = '';
        child.stdout.on('data', (d) => {
            line += d;
            if (!line.includes('\n')) return;
            try {
                resolve(JSON.parse(line.slice(0, line.indexOf('\n'))).http);
            } catch {
                reject(new Error(`lumad's ready line is no JSON: ${line}`));
            }
        });
        child.on('error', reject);
        void gone.then((code) => reject(new Error(`lumad ended with ${code} before it was ready\n${log}`)));
        /* The first start of the demo renders its music. */
        setTimeout(() => reject(new Error(`lumad was not ready in ${2 * WAIT_MS / 1000} s\n${log}`)), 2 * WAIT_MS).unref();
    });
    return { child, ready, gone, log: () => log };
}

/* A browser with one page of this size; more: what playwright knows besides, { hasTouch: true }. */
const opened = [];
export const open = async (viewport = { width: 1280, height: 800 }, more = {}) => {
    const context = await chromium.launchPersistentContext(folder('lumad-chromium-'), {
        executablePath: CHROMIUM,
        headless: true,
        viewport,
        timeout: WAIT_MS,
        ...more,
        args: [
            '--no-sandbox', '--enable-unsafe-swiftshader', '--disable-quic', '--no-first-run',
            '--disable-background-networking', '--disable-component-update', '--disable-sync',
            '--disable-default-apps', '--disable-extensions', '--mute-audio',
        ],
    });
    context.setDefaultTimeout(WAIT_MS);
    opened.push(context);
    return context;
};

/* seconds: after which it hangs; many times what it takes on a machine that has nothing else to do. */
export async function run(seconds, main) {
    const alarm = setTimeout(() => {
        console.log(`not ok - not done after ${seconds} s`);
        for (const child of running) child.kill('SIGKILL');
        process.exit(1);
    }, seconds * 1000);
    try {
        fs.mkdirSync(SHOTS, { recursive: true });
        await main();
    } catch (e) {
        failed++;
        console.log(`not ok - ${e instanceof Error ? e.message : e}`);
    }
    clearTimeout(alarm);
    for (const context of opened) await context.close().catch(() => undefined);
    for (const child of [...running]) {
        const gone = new Promise((resolve) => child.on('exit', resolve));
        child.kill('SIGTERM');
        await Promise.race([gone, new Promise((resolve) => setTimeout(resolve, 3000))]);
        if (running.has(child)) child.kill('SIGKILL');
    }
    for (const dir of temporary) fs.rmSync(dir, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 }); /* a browser that failed may still be writing */
    console.log(`${passed} passed, ${failed} failed`);
    process.exit(failed ? 1 : 0);
}
