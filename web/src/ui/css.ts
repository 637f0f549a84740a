/* Tokens for those who draw on a canvas. */
import type { Look } from '../timeline/paint';
import type { MeterColors } from '../view/meters';
import type { GridLook } from '../view/dmxgrid';
import type { StageColors } from '../view/scene';

export function token(name: string): string {
    return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

export const waveColors = () => ({
    line: token('wave-line'),
    low: token('wave-low'),
    mid: token('wave-mid'),
    high: token('wave-high'),
});

const LANE = 36;

/* Alone it takes all; above lanes at most two fifths, and never less than can be read. */
const waveHeight = (total: number, lanes: number) =>
    lanes ? Math.min(total, Math.max(104, Math.min(total * 0.4, total - lanes * LANE - 8))) : total;

/* What a picture with so many lanes needs in a view of this height. */
export const timelineHeight = (view: number, lanes: number) =>
    lanes ? Math.max(view, waveHeight(view, lanes) + lanes * LANE + 8) : view;

export const timelineLook = (): Look => ({
    ground: token('s0'),
    text: token('text'),
    dim: token('dim'),
    beat: token('beat'),
    downbeat: token('downbeat'),
    select: token('select'),
    live: token('live'),
    wave: waveColors(),
    font: `11px ${token('font')}`,
    laneHeight: LANE,
    waveHeight,
});

export const gridLook = (): GridLook => ({
    ground: token('s0'),
    cell: token('s2'),
    text: token('text'),
    dim: token('dim'),
    mark: token('line-strong'),
    select: token('text'),
    changed: token('modified'),
    origins: { own: token('select'), input: token('port-selection'), park: token('armed'), test: token('live') },
    font: `11px ${token('font')}`,
    small: `600 8px ${token('font')}`,
});

export const stageColors = (): StageColors => ({
    ground: token('stage-ground'),
    line: token('stage-line'),
    body: token('stage-body'),
    text: token('stage-text'),
    dim: token('stage-dim'),
    select: token('stage-select'),
    live: token('stage-live'),
    armed: token('stage-armed'),
    x: token('axis-x'),
    y: token('axis-y'),
    z: token('axis-z'),
    font: `12px ${token('font')}`,
});

export const meterColors = (): MeterColors => ({
    ground: token('s3'),
    ok: token('ok'),
    warm: token('armed'),
    hot: token('live'),
    text: token('text'),
    dim: token('dim'),
    line: token('line'),
    font: `10px ${token('font')}`,
});
