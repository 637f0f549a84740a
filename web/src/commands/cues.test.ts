import { expect, test, vi } from 'vitest';
import type { Marker } from '../api/types';

vi.mock('../state/host.svelte', () => ({ host: {} }));
vi.mock('../state/attempt', () => ({ attempt: () => Promise.resolve(true) }));
vi.mock('./edits', () => ({ KINDS: {} }));
vi.mock('./history.svelte', () => ({ history: {} }));
const { CUE_COLORS, nextColor, nextName } = await import('./cues.svelte');

const at = (name: string, color: string | null): Marker => ({ id: name, version: 1, name, color, start_time: 0, end_time: null });

test('a new cue point has the colour that is used least, in turn', () => {
    expect(nextColor([])).toBe(CUE_COLORS[0]);
    expect(nextColor([at('a', CUE_COLORS[0]), at('b', '#123456'), at('c', null)])).toBe(CUE_COLORS[1]);
    expect(nextColor(CUE_COLORS.flatMap((c, i) => (i === 5 ? [at('x', c)] : [at('x', c), at('y', c)])))).toBe(CUE_COLORS[5]);
});

test('and the first number that is free', () => {
    expect(nextName([])).toBe('Cue 1');
    expect(nextName([at('Cue 1', null), at('Drop', null), at('Cue 3', null)])).toBe('Cue 2');
});
