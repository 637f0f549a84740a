/* Sound devices in words. Pure. */
import type { SoundDevice } from '../../api/types';

export const AUTO = 'auto';
export const CLOCK = 'clock';
/* What it is chosen by: its name, with the interface in front. */
export const wishOf = (d: SoundDevice) => (d.clock ? CLOCK : d.api ? `${d.api}:${d.name}` : d.name);

/* The one that is wanted, as the list names it: a wish may leave the interface out where the name alone says which. */
export function wanted(wish: string, all: readonly SoundDevice[]): string {
    const named = all.filter((d) => !d.clock && d.name === wish);
    return named.length === 1 ? wishOf(named[0]!) : wish;
}

export interface Choice {
    value: string;
    title: string;
    text: string;
    isDefault: boolean;
}

export function choices(all: readonly SoundDevice[]): Choice[] {
    return [
        { value: AUTO, title: 'Automatic', text: "The system's default output, also when that changes; without any, the clock", isDefault: false },
        ...all.filter((d) => !d.clock).map((d) => ({ value: wishOf(d), title: d.name, text: d.api, isDefault: d.default ?? false })),
        { value: CLOCK, title: 'No sound, clock only', text: 'The show runs on the clock of the machine', isDefault: false },
    ];
}

/* What the output in use is doing, and whether that is bad. */
export function stateOf(d: SoundDevice): { text: string; isBad: boolean } {
    if (d.lost) return { text: 'lost: the show goes on by the clock, and sound returns when the output does', isBad: true };
    if (d.clock) return { text: 'no sound, the clock of the machine', isBad: false };
    return { text: 'in use', isBad: false };
}

export const rateWords = (hz: number) => `${Number((hz / 1000).toFixed(1))}\u202fkHz`;
