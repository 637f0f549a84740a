import { expect, test, vi } from 'vitest';

vi.stubGlobal('localStorage', { getItem: () => null, setItem: () => undefined });
const { readLook } = await import('./look.svelte');

test('what is kept comes back', () => {
    const kept = { quality: 'low', haze: 0.2, labels: 'address', measures: true, step: 0.5, isEach: true };
    expect(readLook(JSON.stringify(kept))).toEqual(kept);
});
test('what cannot be is as at first', () => {
    const first = readLook(null);
    expect(first.quality).toBe('auto');
    for (const text of ['', 'null', '[]', '{', '{"quality":"ultra","haze":7,"labels":3,"measures":"yes","step":0.3,"isEach":1}']) expect(readLook(text), text).toEqual(first);
});
