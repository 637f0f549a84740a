import { describe, expect, test } from 'vitest';
import type { Beats, HostAudio } from '../api/types';
import { beatAt, countUpTo, nearest, neighbour } from './beats';
import { HostClock } from './clock';
import { hitTest, lanes, type Block } from './hit';
import { darker, fitted, isBright } from './paint';
import { timeLabel, tickStep } from './ticks';
import { columns, parseWaveform } from './waveform';

const grid: Beats = {
    /* 120 bpm, upbeat at 0.5, the one at 1.0 */
    beats: Array.from({ length: 17 }, (_, i) => 0.5 + i * 0.5),
    downbeats: [1, 3, 5, 7],
    bpm: 120,
    beats_per_bar: 4,
};

describe('beats', () => {
    test('bars and beats are counted from one', () => {
        expect(beatAt(grid, 1)).toMatchObject({ index: 1, bar: 1, beat: 1, bpm: 120 });
        expect(beatAt(grid, 2.75)).toMatchObject({ index: 4, bar: 1, beat: 4 });
        expect(beatAt(grid, 2.75)!.phase).toBeCloseTo(0.5);
        expect(beatAt(grid, 3)).toMatchObject({ bar: 2, beat: 1 });
    });
    test('the upbeat is the last beat of bar zero', () => {
        expect(beatAt(grid, 0.6)).toMatchObject({ index: 0, bar: 0, beat: 4 });
        expect(beatAt(grid, 0.2)).toMatchObject({ index: -1, bar: 0, beat: 3 });
    });
    test('after the last beat the phase goes on', () => {
        const at = beatAt(grid, 8.75)!;
        expect(at.index).toBe(16);
        expect(at.phase).toBeCloseTo(0.5);
    });
    test('no grid, no beat', () => {
        expect(beatAt({ ...grid, beats: [] }, 1)).toBeNull();
    });
    test('the neighbour is another beat than the one just heard', () => {
        expect(neighbour(grid.beats, 1, 1)).toBe(1.5);
        expect(neighbour(grid.beats, 1.05, -1)).toBe(0.5);
        expect(neighbour(grid.beats, 1.4, -1)).toBe(1);
        expect(neighbour(grid.beats, 0.1, -1)).toBeNull();
    });
    test('nearest and count', () => {
        expect(nearest([1, 2, 4], 3.2)).toBe(4);
        expect(nearest([], 3)).toBeNull();
        expect(countUpTo([1, 2, 2, 3], 2)).toBe(3);
    });
});

const open = { gain_db: 0, mute: false, solo: false };
const message = (over: Partial<HostAudio>): HostAudio => ({
    type: 'host-audio',
    loaded: true,
    track_id: 't',
    score_id: null,
    playing: true,
    current_time: 10,
    duration: 60,
    rate: 1,
    state: 'playing',
    keep_pitch: true,
    loop: { enabled: false, start: 0, end: 0 },
    next: null,
    pending: null,
    beat: null,
    stems: { available: false, drums: open, bass: open, vocals: open, other: open },
    metronome: { enabled: false, db: -12 },
    calibration: { enabled: false, group_id: null },
    latency_ms: 0,
    volume_db: 0,
    seq: 1,
    server_time: 1000,
    ...over,
});

describe('host clock', () => {
    test('a late message does not pull the position back', () => {
        const c = new HostClock();
        c.push(message({ current_time: 10, server_time: 1000 }), 5);
        c.push(message({ current_time: 10.05, server_time: 1000.05 }), 5.25); /* 0.2 s late */
        expect(c.position(5.25)).toBeCloseTo(10.25);
    });
    test('paused stands still, and news that stay away stop the picture', () => {
        const c = new HostClock();
        c.push(message({ playing: false }), 5);
        expect(c.position(9)).toBe(10);
        c.push(message({}), 5);
        expect(c.position(60)).toBeCloseTo(11);
    });
    test('a loop wraps', () => {
        const c = new HostClock();
        c.push(message({ current_time: 11.9, loop: { enabled: true, start: 8, end: 12 } }), 5);
        expect(c.position(5.3)).toBeCloseTo(8.2);
    });
    test('rate counts', () => {
        const c = new HostClock();
        c.push(message({ rate: 0.5 }), 5);
        expect(c.position(5.5)).toBeCloseTo(10.25);
    });
    test('instants may be text', () => {
        const c = new HostClock();
        c.push(message({ server_time: '2026-01-01T00:00:00.000Z' }), 5);
        expect(c.position(5.5)).toBeCloseTo(10.5);
    });
});

function wave(records: number[][], per = 256): ArrayBuffer {
    const buffer = new ArrayBuffer(32 + records.length * 5);
    const v = new DataView(buffer);
    [...'LMW1'].forEach((c, i) => v.setUint8(i, c.charCodeAt(0)));
    v.setUint32(4, records.length, true);
    v.setUint32(8, 48000, true);
    v.setUint32(12, per, true);
    v.setBigUint64(16, BigInt(records.length * per), true);
    v.setFloat32(24, 0.9, true);
    v.setUint32(28, 3, true);
    records.forEach((r, i) => {
        v.setInt8(32 + i * 5, r[0]!);
        v.setInt8(33 + i * 5, r[1]!);
        for (let k = 2; k < 5; k++) v.setUint8(32 + i * 5 + k, r[k]!);
    });
    return buffer;
}

describe('waveform', () => {
    test('records are read and companding is undone', () => {
        const w = parseWaveform(wave([[-127, 127, 255, 0, 128]]))!;
        const l = w.levels[0]!;
        expect([l.min[0], l.max[0], l.low[0], l.mid[0]]).toEqual([-1, 1, 1, 0]);
        expect(l.high[0]).toBeCloseTo((128 / 255) ** 2);
        expect(w.duration).toBeCloseTo(256 / 48000);
        expect(w.peak).toBeCloseTo(0.9);
    });
    test('a file cut short or of another kind is refused', () => {
        const good = wave([[0, 0, 0, 0, 0]]);
        expect(parseWaveform(good.slice(0, 36))).toBeNull();
        expect(parseWaveform(new ArrayBuffer(64))).toBeNull();
    });
    test('a single peak survives every zoom', () => {
        const records = Array.from({ length: 1000 }, (_, i) => (i === 777 ? [-90, 100, 0, 0, 0] : [0, 0, 0, 0, 0]));
        const w = parseWaveform(wave(records))!;
        for (const n of [1, 3, 40, 1000]) {
            const c = columns(w, 0, w.duration / n, n);
            expect(Math.max(...c.max)).toBeCloseTo(100 / 127);
            expect(Math.min(...c.min)).toBeCloseTo(-90 / 127);
        }
    });
    test('outside of the track is silence', () => {
        const w = parseWaveform(wave([[-127, 127, 255, 255, 255]]))!;
        const c = columns(w, -1, 0.1, 30);
        expect(c.max[0]).toBe(0);
        expect(c.max[29]).toBe(0);
        expect(c.max[10]).toBe(1);
    });
});

describe('ticks and hits', () => {
    test('labels', () => {
        expect(timeLabel(83.44, 1)).toBe('1:23.4');
        expect(timeLabel(59.99, 1)).toBe('0:59.9');
        expect(timeLabel(3600, 0)).toBe('1:00:00');
        expect(timeLabel(-1, 1)).toBe('0:00.0');
    });
    test('ticks keep their distance', () => {
        for (const pps of [0.1, 1, 10, 100, 1000]) expect(tickStep(pps) * pps).toBeGreaterThanOrEqual(70);
    });
    const blocks: Block[] = [
        { id: 'a', start: 0, end: 10, lane: 0 },
        { id: 'b', start: 5, end: 6, lane: 1 },
    ];
    test('the edges of a block are its handles', () => {
        expect(hitTest(blocks, 0, 5, 0.3)).toEqual({ id: 'a', part: 'body' });
        expect(hitTest(blocks, 0, 9.9, 0.3)).toEqual({ id: 'a', part: 'end' });
        expect(hitTest(blocks, 1, 5.1, 0.3)).toEqual({ id: 'b', part: 'start' });
        expect(hitTest(blocks, 1, 9, 0.3)).toBeNull();
    });
    test('a block too small for handles can still be moved', () => {
        expect(hitTest([{ id: 'c', start: 1, end: 1.2, lane: 0 }], 0, 1.1, 0.3)).toEqual({ id: 'c', part: 'body' });
    });
});

describe('lanes', () => {
    const item = (id: string, start: number, end: number, z: number) => ({ id, start, end, z });
    test('what covers is above; neighbours share a lane, overlaps do not', () => {
        const { blocks, count } = lanes([
            item('low', 0, 10, 0),
            item('next', 10, 20, 0),
            item('overlap', 5, 12, 0),
            item('top', 3, 4, 7),
        ]);
        const lane = Object.fromEntries(blocks.map((b) => [b.id, b.lane]));
        expect(lane).toEqual({ top: 0, low: 1, next: 1, overlap: 2 });
        expect(count).toBe(3);
    });
    test('no blocks, no lanes', () => {
        expect(lanes([])).toEqual({ blocks: [], count: 0 });
    });
});

test('a label is cut where its block ends', () => {
    const measure = (t: string) => [...t].length * 10;
    expect(fitted('Chorus', 60, measure)).toBe('Chorus');
    expect(fitted('Chorus', 59, measure)).toBe('Chor…');
    expect(fitted('A b c', 40, measure)).toBe('A b…');
    expect(fitted('A b c', 30, measure)).toBe('A…');
    expect(fitted('Chorus', 20, measure)).toBe('C…');
    expect(fitted('Chorus', 19, measure)).toBe('');
    expect(fitted('', -5, measure)).toBe('');
});
test('colours for a bright ground', () => {
    expect(darker('#7c9cff', 0.5)).toBe('#3e4e80');
    expect([isBright('#e9ebee'), isBright(' #0b0d10'), isBright('')]).toEqual([true, false, false]);
});
