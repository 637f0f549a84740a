/* Edits of a chain of effects, and what they are called. Pure. */
import type { AudioEffect, ChainEffect, Param } from '../../api/types';
import type { ApiError } from '../../api/client';

export const MOST_EFFECTS = 16;

export const paramsOf = (kind: AudioEffect | undefined): Param[] => kind?.params ?? [];

/* An effect as it comes out of the box. */
export function fresh(kind: AudioEffect): ChainEffect {
    return { type: kind.type, bypass: false, ...Object.fromEntries(kind.params.map((p) => [p.id, p.default])) };
}

/* Where a new one belongs: a limiter stays the last word, loudness the first. */
export function added(effects: readonly ChainEffect[], kind: AudioEffect): ChainEffect[] {
    const last = effects.at(-1)?.type === 'limiter' && kind.type !== 'limiter' ? effects.length - 1 : effects.length;
    const at = kind.type === 'loudness' ? 0 : last;
    return [...effects.slice(0, at), fresh(kind), ...effects.slice(at)];
}

export const without = (effects: readonly ChainEffect[], i: number) => effects.filter((_, n) => n !== i);
export const changed = (effects: readonly ChainEffect[], i: number, change: Partial<ChainEffect>) => effects.map((e, n): ChainEffect => (n === i ? { ...e, ...change } : e));

/* From its place before that of another; to the end: as many as there are. */
export function moved(effects: readonly ChainEffect[], from: number, before: number): ChainEffect[] {
    const one = effects[from];
    if (!one || before === from || before === from + 1) return [...effects];
    const rest = without(effects, from);
    const at = before > from ? before - 1 : before;
    return [...rest.slice(0, at), one, ...rest.slice(at)];
}

/* Nothing was made for it: that is what lumad does by itself. */
export const asItComes = (kinds: readonly AudioEffect[]): ChainEffect[] => ['loudness', 'limiter'].flatMap((type) => kinds.filter((k) => k.type === type).map(fresh));

/* A parameter that stands on a few steps only is chosen, not turned. */
export function steps(p: Param): number[] | null {
    const { min, max, step } = p;
    if (min == null || max == null || !step || p.default === undefined) return null;
    const n = (max - min) / step;
    return n <= 3 && Number.isInteger(n) ? Array.from({ length: n + 1 }, (_, i) => min + i * step) : null;
}

/* What lumad has against a value, for the field it is of; paths are /effects/2/hz. */
export function problemOf(error: ApiError | null, i: number, id: string): string | undefined {
    return error?.errors.find((e) => e.path.replace(/[[\].]+/g, '/').replace(/^[/$]*/, '') === `effects/${i}/${id}`)?.message;
}
