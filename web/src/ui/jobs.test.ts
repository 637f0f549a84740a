import { expect, test } from 'vitest';
import type { Batch, BatchItem, Job } from '../api/types';
import { batchWords, itemName, jobLabel, jobWords, sorted } from './jobs';

const job = (j: Partial<Job>) => ({ id: '', kind: 'beats', track_id: 't', state: 'done', progress: null, error: null, version: 1, ...j }) as Job;

test('a job says how far it is and how long it takes', () => {
    expect(jobWords(job({ state: 'running', progress: 0.5, seconds_left: 61 }))).toBe('50\u202f%, 1:01 left');
    expect(jobWords(job({ state: 'running' }))).toBe('running');
    expect(jobWords(job({ state: 'queued' }))).toBe('waiting');
    expect(jobLabel('roots')).toBe('Chords');
    expect(jobLabel('decode_stems')).toBe('Decode stems');
});

test('a failure that was made good is none', () => {
    const list = [job({ state: 'done' }), job({ state: 'failed' }), job({ kind: 'stems', state: 'failed' }), job({ kind: 'stems', state: 'failed' })];
    expect(sorted(list).failed.map((j) => j.kind)).toEqual(['stems']);
});

test('a batch is one line', () => {
    const b = { total: 500, done: 308, duplicates: 4, failed: 2, state: 'running', seconds_left: 750 } as Batch;
    expect(batchWords(b)).toBe('312 of 500 done, 4 here already, 2 failed, 12:30 left');
    expect(batchWords({ ...b, failed: 0, duplicates: 0, state: 'cancelled' })).toBe('308 of 500 done, cancelled');
    expect(itemName({ name: '', path: 'C:\\Music\\a.mp3' } as BatchItem)).toBe('a.mp3');
});
