import { expect, test } from 'vitest';
import type { Beats } from '../../api/types';
import { barsLoop, dbText, levelText, loopBars, rateText, scaledLoop, secondsLeft, stateWords } from './words';

const grid: Beats = { beats: [], downbeats: [1, 3, 5, 7], bpm: 120, beats_per_bar: 4 };

test('a state that is nothing special has no words, a lost output says that the clock goes on', () => {
    expect(stateWords('playing')).toBeNull();
    expect(stateWords('stopped')).toBeNull();
    expect(stateWords('lost')).toMatchObject({ isBad: true });
    expect(stateWords('lost')!.text).toMatch(/clock goes on/);
});

test('rates and levels as they are read on a desk', () => {
    expect(rateText(1)).toBe('0.0\u202f%');
    expect(rateText(1.055)).toBe('+5.5\u202f%');
    expect(rateText(0.5)).toBe('\u221250.0\u202f%');
    expect(dbText(0)).toBe('0.0');
    expect(dbText(-6)).toBe('\u22126.0');
    expect(dbText(-60)).toBe('\u2212\u221e');
    expect([levelText(-120), levelText(null), levelText(-0.02), levelText(0.4), levelText(-90)]).toEqual(['\u2212\u221e', '\u2212\u221e', '0.0', '+0.4', '\u221290.0']);
});

test('a loop of bars begins with the bar the music is in', () => {
    expect(barsLoop(grid, 3.9, 1, 60)).toEqual({ start: 3, end: 5 });
    expect(barsLoop(grid, 3, 2, 60)).toEqual({ start: 3, end: 7 });
    expect(barsLoop(grid, 0.2, 1, 60)).toEqual({ start: 1, end: 3 });
    /* Beyond the last bar that is known its length goes on, up to the end of the track. */
    expect(barsLoop(grid, 7.5, 4, 60)).toEqual({ start: 7, end: 15 });
    expect(barsLoop(grid, 7.5, 4, 8)).toEqual({ start: 7, end: 8 });
    expect(barsLoop({ ...grid, downbeats: [1] }, 1, 1, 60)).toBeNull();
    expect(barsLoop(null, 1, 1, 60)).toBeNull();
});

test('loops are halved and doubled from their start, within the track', () => {
    expect(scaledLoop({ start: 2, end: 6 }, 0.5, 60)).toEqual({ start: 2, end: 4 });
    expect(scaledLoop({ start: 2, end: 6 }, 2, 60)).toEqual({ start: 2, end: 10 });
    expect(scaledLoop({ start: 2, end: 6 }, 2, 9)).toBeNull();
    expect(scaledLoop({ start: 2, end: 2.08 }, 0.5, 60)).toBeNull();
});

test('bars of a loop are counted where it has whole ones', () => {
    expect(loopBars(grid, { start: 3, end: 7 })).toBe(2);
    expect(loopBars(grid, { start: 5, end: 13 })).toBe(4);
    expect(loopBars(grid, { start: 3, end: 4 })).toBeNull();
    expect(loopBars(grid, { start: 2, end: 4 })).toBeNull();
});

test('what is left depends on the rate and the crossfade', () => {
    expect(secondsLeft(100, 80, 2, 0)).toBe(10);
    expect(secondsLeft(100, 80, 1, 8)).toBe(12);
    expect(secondsLeft(100, 101, 1, 0)).toBe(0);
});
