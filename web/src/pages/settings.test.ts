import { expect, test } from 'vitest';
import { duration, facts, nameOf } from './settings';

test('nested facts are named by their way, lists of things are left out', () => {
    expect(facts({ rate: 44, frame_us: { p50: 120.456 }, lost: false, outputs: [{ id: 1 }], none: null })).toEqual([
        ['rate', '44'],
        ['frame us p50', '120.46'],
        ['lost', 'no'],
    ]);
    expect(facts(null)).toEqual([]);
    expect(facts('off')).toEqual([['state', 'off']]);
});

test('devices and durations', () => {
    expect([nameOf('hw:0'), nameOf({ name: 'USB' }), nameOf(null)]).toEqual(['hw:0', 'USB', '']);
    expect([duration(5), duration(3661), duration(90000), duration(0)]).toEqual(['5 s', '1 h 1 min', '1 d 1 h', '0 s']);
});
