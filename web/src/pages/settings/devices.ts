/* Sound devices in words. Pure. */
import type { SoundDevice } from '../../api/types';

export const AUTO = 'auto';
export const CLOCK = 'clock';
/* The name an output is chosen by: with its interface in front, where two have the same one. */
export const wishOf = (d: SoundDevice, all: readonly SoundDevice[]) => (d.clock ? CLOCK : all.some((o) => o !== d && o.name === d.name) && d.api ? `${d.api}:${d.name}` : d.name);

export interface Choice {
    value: string;
    title: string;
    text: string;
    isDefault: boolean;
}

export function choices(all: readonly SoundDevice[]): Choice[] {
    return [
        { value: AUTO, title: 'Automatic', text: "The system's default output, also when that changes; without any, the clock", isDefault: false },
        ...all.filter((d) => !d.clock).map((d) => ({ value: wishOf(d, all), title: d.name, text: d.api, isDefault: d.default ?? false })),
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
