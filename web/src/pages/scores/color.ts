/* The colour a block is drawn in: its own first colour argument, else one that goes with its pattern. */
import type { Annotation } from '../../api/types';

const HUES = ['#7c9cff', '#e0a34a', '#5fc79a', '#d77bc8', '#57bccf', '#c9c45a', '#e07f6a', '#a58be8'];

export function blockColor(a: Annotation): string {
    for (const value of Object.values(a.args ?? {})) {
        if (typeof value === 'string' && /^#[0-9a-f]{6}/i.test(value) && !/^#0{6}/.test(value)) return value.slice(0, 7);
    }
    let hash = 0;
    for (const c of a.pattern_id) hash = (hash * 31 + c.charCodeAt(0)) >>> 0;
    return HUES[hash % HUES.length]!;
}
