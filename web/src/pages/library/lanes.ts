/* The lanes of the track page, as a table: what each shows, how high it is and which step makes it. Pure. */
import type { Analysis, Beats, Features, Job, Marker, Roots, StemName } from '../../api/types';
import { chordRow, drumRow, emptyRow, energyRow, gridRow, markerRow, sectionRow, tempoRow, waveRow } from '../../timeline/rows';
import type { TimelineRow } from '../../timeline/timeline';
import type { Waveform } from '../../timeline/waveform';
import { STEPS, stepWords } from '../../ui/analysis';

/* wave null: it is not drawn yet; undefined: it cannot be. */
export interface StemLane {
    name: StemName;
    wave: Waveform | null | undefined;
    isHeard: boolean;
}

export interface LaneData {
    stems?: readonly StemLane[];
    beats: Beats | null;
    roots: Roots | null;
    features: Features | null;
    markers: Marker[] | null;
    picked: string | null;
    isGridOpen: boolean;
    isNight: boolean;
}

interface LaneKind {
    id: string;
    label: string;
    height: number;
    step: string | null;
    /* null: it is not there. */
    row: (d: LaneData, height: number) => TimelineRow | null;
    /* It was looked for, and there is none. */
    isNone?: (d: LaneData) => boolean;
}

const LANES: readonly LaneKind[] = [
    {
        id: 'beats', label: 'Bars, beats', height: 32, step: 'beats',
        row: (d, h) => (d.beats?.beats.length ? gridRow(d.beats, h, d.isGridOpen) : null),
        isNone: (d) => d.beats !== null,
    },
    { id: 'tempo', label: 'Tempo', height: 34, step: 'beats', row: (d, h) => (d.beats?.tempo_curve?.length ? tempoRow(d.beats.tempo_curve, h) : null), isNone: (d) => d.beats !== null },
    { id: 'chords', label: 'Chords', height: 26, step: 'roots', row: (d, h) => (d.roots?.sections.some((c) => c.root !== null) ? chordRow(d.roots.sections, h, d.isNight) : null), isNone: (d) => d.roots !== null },
    {
        id: 'sections', label: 'Sections', height: 26, step: 'features',
        row: (d, h) => (d.features?.sections?.sections.length ? sectionRow(d.features.sections.sections, d.features.drops?.drops ?? [], h) : null),
        isNone: (d) => d.features?.sections !== undefined,
    },
    {
        id: 'energy', label: 'Energy, loudness', height: 42, step: 'features',
        row: (d, h) => (d.features?.energy?.bars.length || d.features?.loudness?.lufs.length ? energyRow(d.features.energy, d.features.loudness, h) : null),
        isNone: (d) => d.features?.energy !== undefined,
    },
    {
        id: 'drums', label: 'Kick, snare, hat', height: 45, step: 'features',
        row: (d, h) => (d.features?.onsets && [d.features.onsets.kick, d.features.onsets.snare, d.features.onsets.hihat].some((l) => l?.length) ? drumRow(d.features.onsets, h) : null),
        isNone: (d) => d.features?.onsets !== undefined,
    },
    { id: 'markers', label: 'Cue points', height: 28, step: null, row: (d, h) => (d.markers?.length ? markerRow(d.markers, h, d.picked) : null) },
];

export interface Lane {
    id: string;
    label: string;
    height: number;
    row: TimelineRow;
    /* What to say in place of the picture; "" where it is. */
    text: string;
    kind: 'shown' | 'missing' | 'busy' | 'failed' | 'none';
    progress: number | null;
    step: string | null;
    /* Of a separated part: it can be muted and heard alone. */
    stem?: StemName;
}

const STEM_HEIGHT = 38;
const STEM_LABELS: Record<StemName, string> = { drums: 'Drums', bass: 'Bass', vocals: 'Vocals', other: 'Other' };

function stemLane({ name, wave, isHeard }: StemLane): Lane {
    return {
        id: `stem-${name}`, label: STEM_LABELS[name], height: STEM_HEIGHT, step: null, progress: null, stem: name,
        row: wave ? waveRow(wave, STEM_HEIGHT, isHeard) : emptyRow(STEM_HEIGHT),
        kind: wave ? 'shown' : wave === null ? 'busy' : 'none',
        text: wave ? '' : wave === null ? 'Is being drawn' : 'Its sound is not on this machine.',
    };
}

const NONE: Record<string, string> = { beats: 'No beat was found.', tempo: 'No tempo without beats.', chords: 'No chords were found.', sections: 'No sections were found.', energy: 'No bars without beats.', drums: 'No drums were heard.' };

/* Cue points have a lane only where there are some. */
export function lanesOf(d: LaneData, analysis: Analysis | null | undefined, jobs: readonly Job[]): Lane[] {
    const known = LANES.flatMap((k): Lane[] => {
        const row = k.row(d, k.height);
        const base = { id: k.id, label: k.label, height: k.height, step: k.step, progress: null };
        if (row) return [{ ...base, row, text: '', kind: 'shown' }];
        if (!k.step) return [];
        const step = analysis?.[k.step];
        const job = jobs.find((j) => j.kind === k.step && (j.state === 'running' || j.state === 'queued'));
        const empty = { ...base, row: emptyRow(k.height) };
        const name = STEPS.find((s) => s.name === k.step)?.label ?? k.step;
        if (step?.state === 'running' || step?.state === 'queued') {
            return [{ ...empty, text: `${name} ${stepWords(step, job)}`, kind: 'busy', progress: step.state === 'running' ? (job?.progress ?? step.progress ?? null) : null }];
        }
        if (step?.state === 'failed') return [{ ...empty, text: `${name} ${stepWords(step)}`, kind: 'failed' }];
        if (k.isNone?.(d)) return [{ ...empty, text: NONE[k.id] ?? 'Nothing was found.', kind: 'none' }];
        return [{ ...empty, text: 'Not analysed yet.', kind: 'missing' }];
    });
    return [...known, ...(d.stems ?? []).map(stemLane)];
}
