/* Edits of fixtures on their way to lumad, shown as if they were there already: layers over what it says, the oldest first. */
import type { Fixture } from '../../api/types';
import type { Change } from './columns';

type Layer = ReadonlyMap<string, Change>;

export class Echo {
    private layers = $state.raw<readonly Layer[]>([]);
    private all = $derived.by(() => {
        const all = new Map<string, Change>();
        for (const layer of this.layers) for (const [id, c] of layer) all.set(id, { ...all.get(id), ...c });
        return all;
    });

    show(layer: Layer) {
        this.layers = [...this.layers, layer];
    }
    drop(layer: Layer) {
        this.layers = this.layers.filter((l) => l !== layer);
    }
    over = (rows: Fixture[]): Fixture[] => (this.all.size ? rows.map((f) => (this.all.has(f.id) ? { ...f, ...this.all.get(f.id) } : f)) : rows);
    has = (id: string, key: string): boolean => key in (this.all.get(id) ?? {});
}
