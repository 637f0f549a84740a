import { expect, test } from 'vitest';
import type { Fixture } from '../../api/types';
import { byColumn, COLUMNS, fillAll, fillDown, fromTsv, paste, read, real, shown, toTsv, type Book, type Column } from './columns';

const fixture = (id: string, more: Partial<Fixture> = {}): Fixture => ({
    id, version: 1, venue_id: 'v', universe: 1, address: 1, manufacturer: 'Own', model: 'Lamp', mode_name: 'one', fixture_path: null, label: id,
    pos_x: 0, pos_y: 0, pos_z: 4, rot_x: 0, rot_y: 0, rot_z: 0, ...more,
});
const col = (key: Column['key']) => COLUMNS.find((c) => c.key === key)!;
const four: Book = { channels: () => 4, modes: (f) => (f.model === 'Lamp' ? ['one', 'Two bytes'] : ['other']) };
const a = fixture('Par 1');
const b = fixture('Par 2', { address: 5, pos_x: 1 });
const c = fixture('Par 10', { universe: 2, pos_x: -2 });

test('a cell says what people say', () => {
    expect(shown(col('rot_x'), fixture('x', { rot_x: Math.PI / 2 }))).toBe('90');
    expect(shown(col('pos_x'), fixture('x', { pos_x: -0.00001 }))).toBe('0');
    expect([shown(col('type'), a), shown(col('dimmer_curve'), a), shown(col('invert_pan'), { ...a, invert_pan: true })]).toEqual(['Own Lamp', 'Linear', 'yes']);
});

test('what is typed is read', () => {
    expect(read(col('address'), '2.101', a, four)).toEqual({ universe: 2, address: 101 });
    expect(read(col('address'), '+=4', b, four)).toEqual({ address: 9 });
    expect(read(col('pos_x'), '-1,5 m', a, four)).toEqual({ pos_x: -1.5 });
    expect(read(col('pos_x'), '-=0.5', b, four)).toEqual({ pos_x: 0.5 });
    expect(read(col('rot_z'), '180°', a, four).rot_z).toBeCloseTo(Math.PI);
    expect(read(col('invert_tilt'), 'X', a, four)).toEqual({ invert_tilt: true });
    expect(read(col('dimmer_curve'), 'sq', a, four)).toEqual({ dimmer_curve: 'square' });
    for (const [key, typed] of [['address', '513'], ['address', '1.5x'], ['universe', '1.5'], ['pos_x', 'left'], ['invert_pan', 'maybe'], ['white_mode', 'zebra'], ['type', 'x']] as const) {
        expect(() => read(col(key), typed, a, four), `${key} ${typed}`).toThrow();
    }
});

test('one text into many rows', () => {
    expect([...fillAll(col('label'), 'Spot 08', [a, b, c], four).values()].map((x) => x.label)).toEqual(['Spot 08', 'Spot 09', 'Spot 10']);
    expect([...fillAll(col('address'), '505', [a, b, c], four).values()]).toEqual([{ address: 505 }, { address: 509 }, { universe: 2, address: 1 }].map((x, i) => (i === 2 ? { address: 1 } : x)));
    expect([...fillAll(col('pos_x'), '-4 thru 4', [a, b, c], four).values()].map((x) => x.pos_x)).toEqual([-4, 0, 4]);
    expect([...fillAll(col('pos_x'), '-1..1', [a, b, c], four).values()].map((x) => x.pos_x)).toEqual([-1, 0, 1]);
    expect([...fillAll(col('pos_x'), '2', [a, b], four).values()].map((x) => x.pos_x)).toEqual([2, 2]);
});

test('fill down copies, counts labels and follows addresses', () => {
    const down = fillDown([col('label'), col('universe'), col('address'), col('pos_x')], [a, b, c], four);
    expect(down.get(b.id)).toEqual({ label: 'Par 2', address: 5, pos_x: 0 });
    expect(down.get(c.id)).toEqual({ label: 'Par 3', universe: 1, address: 9, pos_x: 0 });
    expect(fillDown([col('pos_x')], [a, b, c], four, true).get(c.id)).toEqual({ pos_x: 2 });
});

test('a mode is one of its definition, and goes to those of the same definition alone', () => {
    const lamps = [a, b].map((f) => ({ ...f, fixture_path: 'own/lamp' }));
    const bar = { ...c, model: 'Bar', fixture_path: 'own/bar' };
    expect(read(col('mode_name'), ' two BYTES ', lamps[0]!, four)).toEqual({ mode_name: 'Two bytes' });
    expect(() => read(col('mode_name'), 'other', lamps[0]!, four)).toThrow(/"other" is no mode of Lamp/);
    expect([...fillAll(col('mode_name'), 'Two bytes', [...lamps, bar], four)]).toEqual(lamps.map((f) => [f.id, { mode_name: 'Two bytes' }]));
    const down = fillDown([col('mode_name')], [{ ...lamps[0]!, mode_name: 'Two bytes' }, lamps[1]!, bar], four);
    expect([down.get(b.id), down.get(c.id)]).toEqual([{ mode_name: 'Two bytes' }, {}]);
});

test('tables of spreadsheets', () => {
    expect(fromTsv('a\t"b\tc"\r\n"d ""e"""\t\r\n')).toEqual([['a', 'b\tc'], ['d "e"', '']]);
    expect(fromTsv(toTsv([['x\ny', '1'], ['"', '']]))).toEqual([['x\ny', '1'], ['"', '']]);
    expect(fromTsv('')).toEqual([]);
});

test('a table is put in, or the first thing that is wrong is told', () => {
    const at = COLUMNS.indexOf(col('label'));
    const put = paste([['A', '3', '7'], ['B', '3', '11']], [a, b], at, COLUMNS, four);
    expect([...put.values()]).toEqual([{ label: 'A', universe: 3, address: 7 }, { label: 'B', universe: 3, address: 11 }]);
    expect([...paste([['9']], [a, b], COLUMNS.indexOf(col('pos_z')), COLUMNS, four).values()]).toEqual([{ pos_z: 9 }, { pos_z: 9 }]);
    expect(() => paste([['A', '3'], ['B', 'x']], [a, b], at, COLUMNS, four)).toThrow(/Row 2, Universe: "x"/);
});

test('what is as before is no change', () => {
    const find = (id: string) => [a, b].find((f) => f.id === id);
    expect([...real(new Map([[a.id, { address: 1, pos_x: 1e-12 }], [b.id, { address: 6, label: 'Par 2' }], ['gone', { address: 1 }]]), find)]).toEqual([[b.id, { address: 6 }]]);
});

test('sorted as people count', () => {
    expect([c, b, a].sort(byColumn(col('label'), 1)).map((f) => f.id)).toEqual(['Par 1', 'Par 2', 'Par 10']);
    expect([a, b, c].sort(byColumn(col('universe'), -1)).map((f) => f.id)).toEqual(['Par 10', 'Par 2', 'Par 1']);
});
