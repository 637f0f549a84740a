import { expect, test } from 'vitest';
import { LADDER, Tuner } from './quality';

/* Draws for so long at what a picture of the step costs; the clock goes on. */
function draw(t: Tuner, seconds: number, cost: (step: number) => number, from = 0): number {
    let now = from;
    while (now < from + seconds * 1000) {
        const ms = cost(t.index);
        now += Math.max(16, ms);
        t.report(ms, now);
    }
    return now;
}

test('a weak machine goes down until fifteen pictures a second are held, and stays there', () => {
    const cost = (step: number) => LADDER[step]!.ratio ** 2 * 120 + 10;
    const t = new Tuner('auto', false);
    const now = draw(t, 8, cost);
    expect(cost(t.index)).toBeLessThan(66);
    const held = t.index;
    draw(t, 20, cost, now);
    expect(t.index).toBe(held);
});
test('one long picture changes nothing', () => {
    const t = new Tuner('auto', false);
    draw(t, 1, () => 30);
    const before = t.index;
    t.report(200, 1100);
    expect(t.index).toBe(before);
});
test('a strong one climbs to the best', () => {
    const t = new Tuner('auto', true);
    draw(t, 60, () => 8);
    expect(t.step.name).toBe('best');
});
test('what was too much is tried again, later and later', () => {
    const t = new Tuner('auto', false);
    let tries = 0;
    let was = t.index;
    let now = 0;
    while (now < 180_000) {
        const ms = t.index >= 4 ? 90 : 10;
        now += Math.max(16, ms);
        t.report(ms, now);
        if (t.index > was && t.index === 4) tries++;
        was = t.index;
    }
    expect(tries).toBeGreaterThan(0);
    expect(tries).toBeLessThan(5);
});
test('a quality that was chosen stays, however slow it is', () => {
    const t = new Tuner('high', false);
    draw(t, 5, () => 300);
    expect(t.step.name).toBe('best');
    t.set('low');
    expect(t.step.name).toBe('low');
});
