/* Facts about the machine as rows of text. Pure. */

type Fact = [name: string, value: string];

/* The unit is in the key: frame_us, latency_ms, tile_bytes. */
const UNITS: Record<string, string> = { us: 'µs', ms: 'ms', hz: 'Hz', bytes: 'bytes', s: 's', db: 'dB' };

function bytes(n: number): string {
    const mega = n / 1e6;
    return mega >= 0.1 ? `${mega.toFixed(1)} MB` : `${n} bytes`;
}

function value(v: unknown, unit = ''): string {
    if (unit && typeof v === 'number') return unit === 'bytes' ? bytes(v) : `${value(v)} ${unit}`;
    if (typeof v === 'number') return Number.isInteger(v) ? String(v) : v.toFixed(2);
    if (typeof v === 'boolean') return v ? 'yes' : 'no';
    if (Array.isArray(v)) return v.map((x) => value(x)).join(', ');
    return String(v);
}

/* A flat list of an object's members, one level of nesting named "outer inner". */
export function facts(part: unknown, prefix = '', outer = ''): Fact[] {
    if (part === null || part === undefined) return [];
    if (typeof part !== 'object') return [[prefix || 'state', value(part)]];
    const out: Fact[] = [];
    for (const [key, v] of Object.entries(part)) {
        if (v === null || v === undefined || v === '') continue;
        const words = key.split('_');
        const unit = words.length > 1 ? UNITS[words.at(-1)!] : undefined;
        const name = `${prefix}${(unit ? words.slice(0, -1) : words).join(' ')}`;
        if (typeof v === 'object' && !Array.isArray(v)) out.push(...facts(v, `${name} `, unit));
        else if (Array.isArray(v) && v.some((x) => typeof x === 'object')) continue;
        else out.push([name, value(v, unit ?? outer)]);
    }
    return out;
}

export function duration(seconds: number): string {
    const s = Math.floor(seconds);
    const parts: [number, string][] = [
        [Math.floor(s / 86400), 'd'],
        [Math.floor(s / 3600) % 24, 'h'],
        [Math.floor(s / 60) % 60, 'min'],
        [s % 60, 's'],
    ];
    const from = parts.findIndex(([n]) => n > 0);
    return from < 0 ? '0 s' : parts.slice(from, from + 2).map(([n, u]) => `${n} ${u}`).join(' ');
}
