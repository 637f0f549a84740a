import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const css = readFileSync(new URL('./tokens.css', import.meta.url), 'utf8');

function theme(name: string): Record<string, string> {
    const body = new RegExp(`\\[data-theme='${name}'\\]\\s*\\{([^}]*)\\}`).exec(css)?.[1] ?? '';
    return Object.fromEntries([...body.matchAll(/--([\w-]+):\s*(#[0-9a-f]{6})\b/g)].map((m) => [m[1]!, m[2]!]));
}

function luminance(hex: string): number {
    const [r, g, b] = [1, 3, 5].map((i) => {
        const v = parseInt(hex.slice(i, i + 2), 16) / 255;
        return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}

function contrast(a: string, b: string): number {
    const [hi, lo] = [luminance(a), luminance(b)].sort((x, y) => y - x);
    return (hi! + 0.05) / (lo! + 0.05);
}

const PAIRS: [string, string][] = [
    ...['text', 'dim'].flatMap((t) => ['s0', 's1', 's2', 's3'].map((s): [string, string] => [t, s])),
    ...['select', 'live', 'armed', 'ok', 'modified'].flatMap((t) => ['s1', 's2'].map((s): [string, string] => [t, s])),
    ['on-select', 'select'],
    ['on-live', 'live'],
    ['on-armed', 'armed'],
];

test.each(['dark', 'light', 'night'])('%s: text can be read on every surface', (name) => {
    const t = theme(name);
    expect(Object.keys(t).length).toBeGreaterThan(25);
    const weak = PAIRS.map(([a, b]) => ({ pair: `${a} on ${b}`, ratio: contrast(t[a]!, t[b]!) })).filter(
        (p) => !(p.ratio >= 4.5),
    );
    expect(weak).toEqual([]);
});
