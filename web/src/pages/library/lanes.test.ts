import { expect, test } from 'vitest';
import type { Analysis, Beats, Job } from '../../api/types';
import { featuresOf } from './features';
import { lanesOf, type LaneData } from './lanes';

const none: LaneData = { beats: null, roots: null, features: null, markers: null, picked: null, isGridOpen: false, isNight: false };
const lane = (d: Partial<LaneData>, analysis: Analysis, id: string, jobs: Job[] = []) => lanesOf({ ...none, ...d }, analysis, jobs).find((l) => l.id === id);

test('each lane says why it is empty', () => {
    expect(lane({}, {}, 'chords')).toMatchObject({ kind: 'missing', text: 'Not analysed yet.' });
    expect(lane({}, { roots: { state: 'failed', error: 'no audio' } }, 'chords')).toMatchObject({ kind: 'failed', text: 'Chords failed: no audio' });
    const job = { kind: 'features', state: 'running', progress: 0.5, seconds_left: 20 } as Job;
    expect(lane({}, { features: { state: 'running' } }, 'drums', [job])).toMatchObject({ kind: 'busy', progress: 0.5, text: 'Features running, 50\u202f%, 0:20 left' });
    expect(lane({ roots: { sections: [], key: null, key_confidence: null } }, { roots: { state: 'done' } }, 'chords')).toMatchObject({ kind: 'none' });
    expect(lane({ features: { onsets: { kick: [] } } }, { features: { state: 'done' } }, 'drums')?.text).toBe('No drums were heard.');
});

test('what is there is drawn, also while it is made anew', () => {
    const beats = { beats: [0, 1], downbeats: [0], bpm: 60, beats_per_bar: 4 } as Beats;
    expect(lane({ beats }, { beats: { state: 'running' } }, 'beats')?.kind).toBe('shown');
    expect(lane({}, {}, 'markers')).toBeUndefined();
});

test('features come as rows or by kind', () => {
    expect(featuresOf({ items: [{ kind: 'energy', data: { bars: [[0, 2, 0.5]] } }] }).energy?.bars).toEqual([[0, 2, 0.5]]);
    expect(featuresOf({ energy: { bars: [] } }).energy?.bars).toEqual([]);
    expect(featuresOf(null)).toEqual({});
});
