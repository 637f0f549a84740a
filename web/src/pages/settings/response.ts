/*
 * What a chain does to each frequency: the response of lumad's filters (daemon/dsp/fx_filter.c), state variable
 * filters integrated by the trapezoidal rule, which at rest are the biquads of R. Bristow-Johnson's cookbook. Pure.
 */
import type { ChainEffect } from '../../api/types';

const RATE = 48000;
/* The poles of the fourth order Butterworth filter are those of two sections with these. */
const STEEP = [0.541196100146197, 1.3065629648763766];

interface Section {
    g: number;
    k: number;
    m: [number, number, number];
}

const number = (e: ChainEffect, id: string, fallback: number) => (typeof e[id] === 'number' ? (e[id] as number) : fallback);

function section(type: string, g: number, a: number, q: number): Section {
    switch (type) {
        case 'low_shelf':
            return { g: g / Math.sqrt(a), k: 1 / q, m: [1, (a - 1) / q, a * a - 1] };
        case 'high_shelf':
            return { g: g * Math.sqrt(a), k: 1 / q, m: [a * a, ((1 - a) * a) / q, 1 - a * a] };
        case 'parametric':
            return { g, k: 1 / (q * a), m: [1, (a * a - 1) / (q * a), 0] };
        case 'low_pass':
            return { g, k: 1 / q, m: [0, 0, 1] };
        default:
            return { g, k: 1 / q, m: [1, -1 / q, -1] };
    }
}

export const FILTERS: readonly string[] = ['low_shelf', 'high_shelf', 'parametric', 'high_pass', 'low_pass'];

function sections(e: ChainEffect): Section[] {
    const hz = number(e, 'hz', 1000);
    const g = Math.tan(Math.PI * Math.min(0.49, Math.max(1e-5, hz / RATE)));
    const isPass = e.type === 'high_pass' || e.type === 'low_pass';
    if (isPass && number(e, 'slope_db', 12) > 18) return STEEP.map((q) => section(e.type, g, 1, q));
    const a = isPass ? 1 : 10 ** (number(e, 'gain_db', 0) / 40);
    return [section(e.type, g, a, isPass ? Math.SQRT1_2 : Math.max(0.05, number(e, 'q', 1)))];
}

/* Power of m0 + (m1 s + m2) / (s^2 + k s + 1) at s = j w, w bent as the trapezoidal rule bends it. */
function power(s: Section, hz: number): number {
    const w = Math.tan((Math.PI * Math.min(hz, 0.499 * RATE)) / RATE) / s.g;
    const re = 1 - w * w;
    const im = s.k * w;
    const size = re * re + im * im;
    const up = [s.m[2], s.m[1] * w] as const;
    const real = s.m[0] + (up[0] * re + up[1] * im) / size;
    const imag = (up[1] * re - up[0] * im) / size;
    return real * real + imag * imag;
}

const LEAST = 1e-12;
/* dB at this frequency; an effect that is no filter, or is bypassed, changes none. */
export function responseDb(e: ChainEffect, hz: number): number {
    if (e.bypass || !FILTERS.includes(e.type)) return 0;
    return sections(e).reduce((sum, s) => sum + 10 * Math.log10(Math.max(LEAST, power(s, hz))), 0);
}

export const chainDb = (effects: readonly ChainEffect[], hz: number) => effects.reduce((sum, e) => sum + responseDb(e, hz), 0);
export const hzAt = (unit: number) => 20 * 1000 ** unit;
export const unitAt = (hz: number) => Math.log(hz / 20) / Math.log(1000);
