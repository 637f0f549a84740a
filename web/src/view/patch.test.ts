import { expect, test } from 'vitest';
import type { Fixture, Head } from '../api/types';
import { kindOf } from './kinds';
import { airOf, bodiesOf, inRoom, thingsOf } from './patch';

const head = (fixture: string, index: number, x: number, more: Partial<Head> = {}): Head => ({
    id: `${fixture}:${index}`, fixture_id: fixture, index, x, y: 0, z: 4, rot_x: 0, rot_y: 0, rot_z: 0, capabilities: ['dimmer', 'color'], label: null,
    pan_max: null, tilt_max: null, ...more,
});
const row = (id: string, x: number, more: Partial<Fixture> = {}): Fixture => ({
    id, version: 1, venue_id: 'v', universe: 2, address: 7, manufacturer: 'M', model: 'Bar', mode_name: '', fixture_path: null, label: null,
    pos_x: x, pos_y: 0, pos_z: 4, rot_x: 0, rot_y: 0, rot_z: 0, ...more,
});
const bar = [0, 1, 2, 3, 4].map((i) => head('b', i, 1 + (i - 2) * 0.2));

test('a fixture takes its heads along, moved and turned', () => {
    const [t] = thingsOf(bar, [row('b', 1)]);
    expect(t!.heads[0]!.local[0]).toBeCloseTo(-0.4);
    const [moved] = thingsOf(bar, [row('b', 3, { rot_z: Math.PI / 2 })]);
    const at = inRoom(moved!.at, moved!.turn, moved!.heads[0]!.local);
    expect(at[0]).toBeCloseTo(3);
    expect(at[1]).toBeCloseTo(-0.4);
});
test('without fixtures they are made of their heads', () => {
    const [t] = thingsOf(bar, null);
    expect([t!.id, t!.at.x, t!.heads.length]).toEqual(['b', 1, 5]);
});
test('a fixture without heads is there all the same', () => {
    const [t] = thingsOf([], [row('x', 0, { label: 'Lost' })]);
    expect([t!.name, t!.address, t!.kind, bodiesOf(t!).length]).toEqual(['Lost', '2.7', 'other', 1]);
});
test('what it looks like: by the definition, else by what its heads can do', () => {
    expect(kindOf('hazer', [head('h', 0, 0)])).toBe('hazer');
    expect(kindOf('par', bar)).toBe('bar');
    expect(kindOf(undefined, [head('m', 0, 0, { capabilities: ['dimmer', 'movement'] })])).toBe('moving');
    expect(kindOf('other', [head('d', 0, 0, { capabilities: ['dimmer'] })])).toBe('lamp');
    expect(kindOf(undefined, [])).toBe('other');
});
test('a bar is as long as its heads lie, and a body for each head of a spider', () => {
    const [t] = thingsOf(bar, [row('b', 1)]);
    expect(t!.width).toBeCloseTo(1);
    expect(bodiesOf(t!)).toHaveLength(1);
    const spider = [0, 1].map((i) => head('s', i, i, { type: 'moving_head', capabilities: ['movement'] }));
    expect(bodiesOf(thingsOf(spider, null)[0]!)).toHaveLength(2);
});
test('of very many heads some shine through the air for all', () => {
    const many = Array.from({ length: 144 }, (_, i) => head('p', i, i * 0.05));
    const [t] = thingsOf(many, null);
    const lit = t!.heads.filter((_, i) => airOf(t!, i) > 0).length;
    expect(lit).toBe(12);
    expect(bar.every((_, i) => airOf(thingsOf(bar, null)[0]!, i) === 1)).toBe(true);
});
