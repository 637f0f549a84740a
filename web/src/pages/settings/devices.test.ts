import { expect, test } from 'vitest';
import type { SoundDevice } from '../../api/types';
import { choices, rateWords, stateOf, wanted, wishOf } from './devices';

const device = (over: Partial<SoundDevice>): SoundDevice => ({ name: 'USB', api: 'ALSA', active: false, lost: false, clock: false, rate: 48000, latency_ms: 12, ...over });

test('a wish has the interface in front, and is found without it where the name is enough', () => {
    const [a, b, c] = [device({}), device({ api: 'JACK' }), device({ name: 'system', api: 'JACK' })] as const;
    expect(wishOf(a)).toBe('ALSA:USB');
    expect(wishOf(device({ clock: true }))).toBe('clock');
    expect(wanted('system', [a, b, c])).toBe('JACK:system');
    expect(wanted('USB', [a, b, c])).toBe('USB');
    expect(wanted('auto', [a, b, c])).toBe('auto');
});

test('automatic comes first, the clock last and once', () => {
    const list = choices([device({ default: true }), device({ name: 'clock', clock: true })]);
    expect(list.map((c) => c.value)).toEqual(['auto', 'ALSA:USB', 'clock']);
    expect(list[1]!.isDefault).toBe(true);
});

test('a lost output says what goes on', () => {
    expect(stateOf(device({ lost: true }))).toMatchObject({ isBad: true });
    expect(stateOf(device({ clock: true })).text).toMatch(/no sound/);
    expect(rateWords(44100)).toBe('44.1\u202fkHz');
});
