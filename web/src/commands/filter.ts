/* Which entries of the palette answer to what was typed, best first. Pure. */

/* Lower is better; null: no match. Every word must occur; at the start of a word counts more. */
export function score(label: string, query: string): number | null {
    const text = label.toLowerCase();
    let total = 0;
    for (const word of query.toLowerCase().split(/\s+/).filter(Boolean)) {
        const at = text.indexOf(word);
        if (at < 0) return null;
        const starts = at === 0 || /[^a-z0-9]/.test(text[at - 1]!);
        total += (starts ? 0 : 100) + at;
    }
    return total;
}

export function filter<T extends { label: string }>(items: readonly T[], query: string, limit = 120): T[] {
    return items
        .map((item, i) => ({ item, i, s: score(item.label, query) }))
        .filter((x): x is { item: T; i: number; s: number } => x.s !== null)
        .sort((a, b) => a.s - b.s || a.i - b.i)
        .slice(0, limit)
        .map((x) => x.item);
}
