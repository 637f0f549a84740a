/*
 * The fixtures that are chosen, in the order in which they were: one choice for the table, the maps, the stage and the groups. Of the venue
 * that is looked at; who shows another venue clears it.
 */
class Picked {
    ids = $state.raw<readonly string[]>([]);

    /* The newest of them: what the inspector is about. */
    get last(): string | null {
        return this.ids.at(-1) ?? null;
    }
    get size(): number {
        return this.ids.length;
    }
    has = (id: string): boolean => this.ids.includes(id);

    only = (id: string | null) => this.set(id === null ? [] : [id]);
    set = (ids: readonly string[]) => (this.ids = [...new Set(ids)]);
    add = (ids: readonly string[]) => this.set([...this.ids.filter((i) => !ids.includes(i)), ...ids]);
    toggle = (id: string) => this.set(this.has(id) ? this.ids.filter((i) => i !== id) : [...this.ids, id]);
    /* Those that are gone from the patch. */
    keep = (there: readonly string[]) => {
        const known = new Set(there);
        if (this.ids.some((id) => !known.has(id))) this.set(this.ids.filter((id) => known.has(id)));
    };
}

export const picked = new Picked();
