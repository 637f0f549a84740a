/* Where letters typed in a list lead. Pure. */
const plain = (text: string) => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase().trimStart();

/* The next row, from `at` on and round, whose text begins with what was typed; the same letter again and again goes from one to the next. null: none does. */
export function typedTo<T>(items: readonly T[], textOf: (item: T) => string, typed: string, at: number): number | null {
    const all = plain(typed);
    if (!all) return null;
    const isRepeat = [...all].every((c) => c === all[0]);
    const find = (word: string, from: number) => {
        for (let i = 0; i < items.length; i++) {
            const k = (from + i) % items.length;
            if (plain(textOf(items[k]!)).startsWith(word)) return k;
        }
        return null;
    };
    /* A word that goes on may still mean the row one is on; a letter alone means the next. */
    const here = Math.max(0, at);
    const found = all.length > 1 ? find(all, here) : null;
    if (found !== null) return found;
    return all.length === 1 || isRepeat ? find(all[0]!, at + 1) : null;
}
