import { expect, test } from 'vitest';
import type { Job } from '../api/types';
import { steps, stepWords, summary, timeLeft } from './analysis';

test('steps stand in the order they are made; what lumad does not tell of is not shown', () => {
    const found = steps({ beats: { state: 'done' }, waveform: { state: 'none' }, decode: { state: 'running' }, extra: { state: 'none' } });
    expect(found.map((s) => s.name)).toEqual(['waveform', 'beats', 'decode']);
    expect(found.map((s) => s.canRun)).toEqual([true, true, false]);
    expect(found[2]!.label).toBe('Decode');
});

test('the most urgent is what the list says', () => {
    expect(summary(undefined)).toEqual({ text: 'not analysed', kind: 'none' });
    expect(summary({ beats: { state: 'done' }, waveform: { state: 'done' } })).toEqual({ text: 'analysed', kind: 'ok' });
    expect(summary({ beats: { state: 'done' }, stems: { state: 'none' } })).toEqual({ text: '1 of 2 analysed', kind: 'ok' });
    expect(summary({ beats: { state: 'failed' }, roots: { state: 'failed' } }).text).toBe('beats, chords failed');
    expect(summary({ beats: { state: 'failed' }, stems: { state: 'running' } })).toEqual({ text: 'stems running', kind: 'busy' });
    expect(summary({ beats: { state: 'queued' } })).toEqual({ text: 'waiting', kind: 'busy' });
});

test('a step is told in a sentence', () => {
    const job = { progress: 0.421, seconds_left: 74.2 } as Job;
    expect(stepWords({ state: 'running' }, job)).toBe('running, 42\u202f%, 1:15 left');
    expect(stepWords({ state: 'running' })).toBe('running');
    expect(stepWords({ state: 'failed', error: 'no memory' })).toBe('failed: no memory');
    expect(stepWords(undefined)).toBe('not analysed yet');
    expect(timeLeft(null)).toBe('');
    expect(timeLeft(0.4)).toBe('nearly done');
});
