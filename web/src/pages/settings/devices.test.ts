import { expect, test } from 'vitest';
import type { SoundDevice } from '../../api/types';
import { choices, rateWords, stateOf, wishOf } from './devices';

const device = (over: Partial<SoundDevice>): SoundDevice => ({ name: 'USB', api: 'ALSA', active: false, lost: false, clock: false, rate: 48000, latency_ms: 12, ...over });

test('a name says which, with the interface in front where it alone does not', () => {
    const [a, b, c] = [device({}), device({ api: 'JACK' }), device({ name: 'system', api: 'JACK' })] as const;
    expect(wishOf(a, [a, b, c])).toBe('ALSA:USB');
    expect(wishOf(c, [a, b, c])).toBe('system');
    expect(wishOf(device({ clock: true }), [])).toBe('clock');
});

test('automatic comes first, the clock last and once', () => {
    const list = choices([device({ default: true }), device({ name: 'clock', clock: true })]);
    expect(list.map((c) => c.value)).toEqual(['auto', 'USB', 'clock']);
    expect(list[1]!.isDefault).toBe(true);
});

test('a lost output says what goes on', () => {
    expect(stateOf(device({ lost: true }))).toMatchObject({ isBad: true });
    expect(stateOf(device({ clock: true })).text).toMatch(/no sound/);
    expect(rateWords(44100)).toBe('44.1\u202fkHz');
});
