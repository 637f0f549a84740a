/* Facts about the machine as rows of text. Pure. */

type Fact = [name: string, value: string];

function value(v: unknown): string {
    if (typeof v === 'number') return Number.isInteger(v) ? String(v) : v.toFixed(2);
    if (typeof v === 'boolean') return v ? 'yes' : 'no';
    if (Array.isArray(v)) return v.map(value).join(', ');
    return String(v);
}

/* A flat list of an object's members, one level of nesting named "outer inner". */
export function facts(part: unknown, prefix = ''): Fact[] {
    if (part === null || part === undefined) return [];
    if (typeof part !== 'object') return [[prefix || 'state', value(part)]];
    const out: Fact[] = [];
    for (const [key, v] of Object.entries(part)) {
        if (v === null || v === undefined || v === '') continue;
        const name = `${prefix}${key.replaceAll('_', ' ')}`;
        if (typeof v === 'object' && !Array.isArray(v)) out.push(...facts(v, `${name} `));
        else if (Array.isArray(v) && v.some((x) => typeof x === 'object')) continue;
        else out.push([name, value(v)]);
    }
    return out;
}

/* A device as text, or as an object with a name. */
export function nameOf(device: unknown): string {
    if (typeof device === 'string') return device;
    const name = (device as { name?: unknown } | null)?.name;
    return typeof name === 'string' ? name : '';
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
