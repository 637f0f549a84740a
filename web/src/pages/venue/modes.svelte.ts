/*
 * The definitions of what is patched: which modes they have and how many channels each takes. Asked for when somebody wants to choose one (the index is small, a
 * definition may be large), known from then on; who hears that the library has changed calls `forget`.
 */
import { get } from '../../api/client';
import type { Fixture, LibraryItem, List } from '../../api/types';

export type Mode = LibraryItem['modes'][number];
type Of = Pick<Fixture, 'fixture_path' | 'manufacturer' | 'model'>;

export class ModeBook {
    /* By path; without modes: there is no such definition. */
    private items = $state.raw<ReadonlyMap<string, readonly Mode[]>>(new Map());
    private asked = new Map<string, Promise<void>>();

    /* null: not known yet. None: the definition is missing. */
    of = (f: Of): readonly Mode[] | null => (f.fixture_path === null ? [] : (this.items.get(f.fixture_path) ?? null));
    channels = (f: Of & Pick<Fixture, 'mode_name'>): number | undefined => this.of(f)?.find((m) => m.name === f.mode_name)?.channels;

    learn(path: string, modes: readonly Mode[]) {
        this.items = new Map([...this.items, [path, modes]]);
    }

    /* Rejects where lumad does not answer: it is asked again the next time. */
    async need(all: readonly Of[]): Promise<void> {
        const those = new Map(all.flatMap((f) => (f.fixture_path === null || this.items.has(f.fixture_path) ? [] : [[f.fixture_path, f] as const])));
        await Promise.all([...those].map(([path, of]) => this.ask(path, of)));
    }
    private ask(path: string, of: Of): Promise<void> {
        const known = this.asked.get(path);
        if (known) return known;
        const answer = get<List<LibraryItem>>(`/fixture-library?limit=40&q=${encodeURIComponent(`${of.manufacturer} ${of.model}`)}`).then(
            (found) => this.learn(path, found.items.find((i) => i.path === path)?.modes ?? []),
        );
        this.asked.set(path, answer);
        void answer.catch(() => undefined).then(() => this.asked.delete(path));
        return answer;
    }

    /* What is shown stays until its new modes are there. */
    forget(rows: readonly Of[]) {
        const again = new Map(rows.flatMap((f) => (f.fixture_path !== null && this.items.has(f.fixture_path) ? [[f.fixture_path, f] as const] : [])));
        for (const [path, of] of again) void this.ask(path, of).catch(() => undefined);
    }
}
