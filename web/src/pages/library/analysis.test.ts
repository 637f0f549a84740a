import { expect, test } from 'vitest';
import { summary } from './analysis';

test('what runs is said before what failed, and that before what is done', () => {
    const done = { state: 'done' as const };
    const failed = { state: 'failed' as const };
    expect(summary({ beats: { state: 'running' }, waveform: failed })).toEqual({ text: 'beats running', kind: 'busy' });
    expect(summary({ beats: failed, waveform: done })).toEqual({ text: 'beats failed', kind: 'failed' });
    expect(summary({ beats: done, roots: { state: 'none' } }).kind).toBe('ok');
    expect(summary({ beats: { state: 'queued' } }).text).toBe('waiting');
    expect(summary(undefined).kind).toBe('none');
});
