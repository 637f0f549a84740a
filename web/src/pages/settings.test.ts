import { expect, test } from 'vitest';
import { duration, facts } from './settings';

test('nested facts are named by their way, lists of things are left out', () => {
    expect(facts({ rate: 44, rate_hz: 44, frame_us: { p50: 120.456 }, tile_bytes: 2922824, lost: false, outputs: [{ id: 1 }], none: null })).toEqual([
        ['rate', '44'],
        ['rate', '44 Hz'],
        ['frame p50', '120.46 µs'],
        ['tile', '2.9 MB'],
        ['lost', 'no'],
    ]);
    expect(facts(null)).toEqual([]);
    expect(facts('off')).toEqual([['state', 'off']]);
});

test('devices and durations', () => {
    expect([duration(5), duration(3661), duration(90000), duration(0)]).toEqual(['5 s', '1 h 1 min', '1 d 1 h', '0 s']);
});
