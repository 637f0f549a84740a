/* Which patterns a list shows, and in what order: by category, then by name; those without a category last. */
import type { Pattern } from '../../api/types';

type Named = Pick<Pattern, 'name' | 'category' | 'description'>;

export function filterPatterns<P extends Named>(patterns: readonly P[], words: string): P[] {
    const wanted = words.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const text = (p: Named) => `${p.name} ${p.category ?? ''} ${p.description ?? ''}`.toLowerCase();

    return patterns
        .filter((p) => wanted.every((w) => text(p).includes(w)))
        .sort((a, b) => Number(!a.category) - Number(!b.category) || (a.category ?? '').localeCompare(b.category ?? '') || a.name.localeCompare(b.name));
}

/* The same by shelves: [category, its patterns]. */
export function shelve<P extends Named>(sorted: readonly P[]): [string, P[]][] {
    const shelves = new Map<string, P[]>();
    for (const p of sorted) {
        const name = p.category || 'No category';
        const shelf = shelves.get(name);
        if (shelf) shelf.push(p);
        else shelves.set(name, [p]);
    }
    return [...shelves];
}
