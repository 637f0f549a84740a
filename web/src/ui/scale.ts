/* Where a value stands between its ends. Pure. */
export type Scale = 'linear' | 'log';
export interface Range {
    min: number;
    max: number;
    step: number;
    scale: Scale;
}

export function toUnit(value: number, r: Range): number {
    const v = Math.min(r.max, Math.max(r.min, value));
    if (!(r.max > r.min)) return 0;
    return r.scale === 'log' ? Math.log(v / r.min) / Math.log(r.max / r.min) : (v - r.min) / (r.max - r.min);
}

export function fromUnit(unit: number, r: Range): number {
    const u = Math.min(1, Math.max(0, unit));
    return r.scale === 'log' ? r.min * (r.max / r.min) ** u : r.min + u * (r.max - r.min);
}

/* Within the ends, on a whole step. */
export function clampTo(value: number, r: Range): number {
    const step = r.step > 0 ? r.step : 0.001;
    const v = Math.min(r.max, Math.max(r.min, value));
    return Math.min(r.max, Math.max(r.min, Number((Math.round(v / step) * step).toFixed(6))));
}

/* Frequencies, times, ratios: what spans more than one and a half decades is turned by octaves. */
export const scaleOf = (min: number, max: number): Scale => (min > 0 && max / min > 30 ? 'log' : 'linear');
