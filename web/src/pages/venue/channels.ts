/* The channels of a mode as faders: coarse and fine byte as one, those of a head together. Pure. */

/* GET /fixture-library/definition, as far as it is looked at here. */
export interface ChannelRange {
    min: number;
    max: number;
    name: string;
    preset: string;
}
export interface ModeChannel {
    name: string;
    preset: string;
    group: string;
    byte: number;
    default: number;
    ranges: ChannelRange[];
}
export interface DefinitionMode {
    name: string;
    channels: ModeChannel[];
    heads: { channels: number[]; capabilities: string[] }[];
}
export interface Definition {
    path: string;
    modes: DefinitionMode[];
}

export interface ChannelFader {
    channel: number; /* from 1 */
    fine: number | null; /* the channel of its fine byte */
    name: string;
    ranges: readonly ChannelRange[];
    preset: number; /* the default of the file */
}
export interface FaderSection {
    title: string; /* '' : the whole fixture */
    faders: ChannelFader[];
}

const plain = (name: string) =>
    name
        .toLowerCase()
        .replace(/\b(fine|coarse|msb|lsb|16[ -]?bit|ultra)\b/g, '')
        .replace(/[^\p{L}\p{N}]+/gu, ' ')
        .trim();

/* Per channel the heads that list it. */
function headsOf(mode: DefinitionMode): number[][] {
    return mode.channels.map((_, i) => mode.heads.flatMap((h, n) => (h.channels.includes(i) ? [n] : [])));
}

/* For each fine byte the coarse one it belongs to: of the same heads, the same preset without Fine, else the same name without it. */
export function pairs(mode: DefinitionMode): Map<number, number> {
    const heads = headsOf(mode).map((h) => h.join());
    const out = new Map<number, number>();
    const taken = new Set<number>();
    const all = mode.channels;
    const tests: ((fine: ModeChannel, coarse: ModeChannel) => boolean)[] = [
        (f, c) => f.preset !== '' && f.preset === `${c.preset}Fine` && plain(f.name) === plain(c.name),
        (f, c) => plain(f.name) !== '' && plain(f.name) === plain(c.name),
        (f, c) => f.preset !== '' && f.preset === `${c.preset}Fine`,
    ];
    for (const fits of tests) {
        for (const [i, f] of all.entries()) {
            if (f.byte !== 1 || out.has(i)) continue;
            /* The nearest one: two heads without a list of channels may call them alike. */
            const found = all
                .map((c, k) => ({ c, k }))
                .filter(({ c, k }) => c.byte === 0 && !taken.has(k) && heads[k] === heads[i] && fits(f, c))
                .sort((a, b) => Math.abs(a.k - i) - Math.abs(b.k - i))[0];
            if (!found) continue;
            out.set(i, found.k);
            taken.add(found.k);
        }
    }
    return out;
}

/* What belongs to several heads, or to none, stands first. */
export function sections(mode: DefinitionMode | null, channels: number): FaderSection[] {
    if (!mode) {
        const faders = Array.from({ length: channels }, (_, i) => ({ channel: i + 1, fine: null, name: `Channel ${i + 1}`, ranges: [], preset: 0 }));
        return faders.length ? [{ title: '', faders }] : [];
    }
    const heads = headsOf(mode);
    const fineOf = new Map([...pairs(mode)].map(([fine, coarse]) => [coarse, fine]));
    const isFine = new Set(fineOf.values());
    const out = new Map<string, ChannelFader[]>([['', []]]);
    for (const [i, c] of mode.channels.entries()) {
        if (isFine.has(i)) continue;
        const mine = heads[i]!;
        const title = mode.heads.length > 1 && mine.length === 1 ? `Head ${mine[0]! + 1}` : '';
        const fine = fineOf.get(i);
        const fader = { channel: i + 1, fine: fine === undefined ? null : fine + 1, name: c.name || `Channel ${i + 1}`, ranges: c.ranges, preset: c.default };
        out.set(title, [...(out.get(title) ?? []), fader]);
    }
    return [...out]
        .filter(([, faders]) => faders.length)
        .map(([title, faders]) => ({ title, faders }))
        .sort((a, b) => (a.title === b.title ? 0 : a.title === '' ? -1 : b.title === '' ? 1 : Number(a.title.slice(5)) - Number(b.title.slice(5))));
}

export const maxOf = (f: ChannelFader): number => (f.fine === null ? 255 : 65535);

/* What the value means, in the words of the file. */
export function rangeAt(f: ChannelFader, value: number): string {
    const coarse = f.fine === null ? value : value >> 8;
    return f.ranges.find((r) => coarse >= r.min && coarse <= r.max)?.name ?? '';
}

/* The value of a fader out of those of single channels; undefined: neither is there. */
export function joined(f: ChannelFader, at: (channel: number) => number | undefined): number | undefined {
    const coarse = at(f.channel);
    if (f.fine === null) return coarse;
    const fine = at(f.fine);
    return coarse === undefined && fine === undefined ? undefined : ((coarse ?? 0) << 8) | (fine ?? 0);
}

export function split(f: ChannelFader, value: number): Record<number, number> {
    return f.fine === null ? { [f.channel]: value } : { [f.channel]: value >> 8, [f.fine]: value & 255 };
}

export const percent = (f: ChannelFader, value: number): string => `${Math.round((value / maxOf(f)) * 100)}`;
