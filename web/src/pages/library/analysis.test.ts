import { expect, test } from 'vitest';
import { steps, summary } from './analysis';

test('what runs is said before what failed, and that before what is done', () => {
    const done = { state: 'done' as const };
    const failed = { state: 'failed' as const };
    expect(summary({ beats: { state: 'running' }, waveform: failed })).toEqual({ text: 'beats running', kind: 'busy' });
    expect(summary({ beats: failed, waveform: done })).toEqual({ text: 'beats failed', kind: 'failed' });
    expect(summary({ beats: done, roots: { state: 'none' } }).kind).toBe('ok');
    expect(summary({ beats: { state: 'queued' } }).text).toBe('waiting');
    expect(summary(undefined).kind).toBe('none');
});

test('a step that lumad cannot make is shown only when it is there', () => {
    const none = { state: 'none' as const };
    const shown = steps({ stems: none, beats: none, roots: { state: 'done' }, waveform: none });
    expect(shown.map((s) => [s.name, s.canRun])).toEqual([['waveform', true], ['beats', true], ['roots', false]]);
    expect(steps(null)).toEqual([]);
});
