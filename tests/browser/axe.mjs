/* What axe-core finds in a page: `await faults(page)` -> ["rule: selector ...", ...], the serious and critical ones. */
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const source = fs.readFileSync(createRequire(path.join(ROOT, 'web/package.json')).resolve('axe-core/axe.min.js'), 'utf8');

export async function faults(page) {
    if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(source);
    const found = await page.evaluate(async () => {
        /* Contrast is reckoned for what stands still: colours that are about to fade have begun to, and what fades is through. */
        const frame = () => new Promise((done) => requestAnimationFrame(done));
        const moves = () => document.getAnimations().filter((a) => a.playState === 'running' && Number.isFinite(a.effect.getComputedTiming().endTime));
        for (let i = 0; i < 2 || moves().length; i++) await Promise.all([frame(), ...moves().map((a) => a.finished.catch(() => undefined))]);
        const { violations } = await window.axe.run(document, { resultTypes: ['violations'] });
        return violations
            .filter((v) => v.impact === 'serious' || v.impact === 'critical')
            .flatMap((v) => v.nodes.slice(0, 4).map((n) => `${v.id}: ${n.target.join(' ')} ${n.html.slice(0, 120)}`));
    });
    return found;
}
