/* The columns of the patch as a table: how each is shown, read from what is typed, and filled down. Pure. */
import type { Fixture } from '../../api/types';
import { counted, LAST_UNIVERSE, readAddress, SLOTS } from './places';

export type Change = Partial<Omit<Fixture, 'id' | 'version'>>;
type Kind = 'text' | 'whole' | 'number' | 'angle' | 'flag' | 'choice' | 'mode' | 'fixed';
type Key =
    | 'label' | 'universe' | 'address' | 'type' | 'mode_name' | 'pos_x' | 'pos_y' | 'pos_z' | 'rot_x' | 'rot_y' | 'rot_z'
    | 'invert_pan' | 'invert_tilt' | 'swap_pan_tilt' | 'dimmer_curve' | 'white_mode';

export interface Column {
    key: Key;
    title: string; /* in the head of the table */
    name: string; /* in words */
    kind: Kind;
    width: number; /* pixels */
    min?: number;
    max?: number;
    options?: readonly { value: string; label: string }[];
}

/* What the definitions of fixtures say: how many channels one takes, and the names of the modes it may have. */
export interface Book {
    channels: (f: Fixture) => number;
    modes: (f: Fixture) => readonly string[];
}

const metres = { kind: 'number', width: 66, min: -10000, max: 10000 } as const;
const degrees = { kind: 'angle', width: 62 } as const;
const flag = { kind: 'flag', width: 52 } as const;
export const CURVES = [{ value: 'linear', label: 'Linear' }, { value: 'square', label: 'Square' }, { value: 's', label: 'S-curve' }];
export const WHITES = [
    { value: 'bright', label: 'Bright' }, { value: 'extract', label: 'Extract' }, { value: 'add', label: 'Add' }, { value: 'off', label: 'Off' },
];

export const COLUMNS: readonly Column[] = [
    { key: 'label', title: 'Label', name: 'Label', kind: 'text', width: 148 },
    { key: 'universe', title: 'Univ', name: 'Universe', kind: 'whole', width: 52, min: 1, max: LAST_UNIVERSE },
    { key: 'address', title: 'Addr', name: 'Address', kind: 'whole', width: 56, min: 1, max: SLOTS },
    { key: 'type', title: 'Fixture', name: 'Fixture', kind: 'fixed', width: 168 },
    { key: 'mode_name', title: 'Mode', name: 'Mode', kind: 'mode', width: 104 },
    { key: 'pos_x', title: 'x m', name: 'x, to the right, metres', ...metres },
    { key: 'pos_y', title: 'y m', name: 'y, upstage, metres', ...metres },
    { key: 'pos_z', title: 'z m', name: 'z, up, metres', ...metres },
    { key: 'rot_x', title: 'rx °', name: 'Rotation about x, degrees', ...degrees },
    { key: 'rot_y', title: 'ry °', name: 'Rotation about y, degrees', ...degrees },
    { key: 'rot_z', title: 'rz °', name: 'Rotation about z, degrees', ...degrees },
    { key: 'invert_pan', title: 'Inv P', name: 'Invert pan', ...flag },
    { key: 'invert_tilt', title: 'Inv T', name: 'Invert tilt', ...flag },
    { key: 'swap_pan_tilt', title: 'Swap', name: 'Swap pan and tilt', ...flag },
    { key: 'dimmer_curve', title: 'Curve', name: 'Dimmer curve', kind: 'choice', width: 80, options: CURVES },
    { key: 'white_mode', title: 'White', name: 'White', kind: 'choice', width: 80, options: WHITES },
];

const DEG = 180 / Math.PI;
const trim = (v: number, digits: number): string => String(Number(v.toFixed(digits)) + 0);
export const toRadians = (degrees: number): number => degrees / DEG;
export const toDegrees = (radians: number): number => Number((radians * DEG).toFixed(3)) + 0;

/* What a cell says. */
export function shown(c: Column, f: Fixture): string {
    if (c.key === 'type') return `${f.manufacturer} ${f.model}`.trim();
    const v = f[c.key];
    if (c.kind === 'angle') return trim(Number(v ?? 0) * DEG, 2);
    if (c.kind === 'number') return trim(Number(v ?? 0), 3);
    if (c.kind === 'flag') return v ? 'yes' : '';
    if (c.kind === 'choice') return c.options?.find((o) => o.value === v)?.label ?? c.options?.[0]?.label ?? '';
    return v == null ? '' : String(v);
}

/* What rows are sorted by; places sort as one number. */
export function rank(c: Column, f: Fixture): string | number {
    if (c.key === 'universe') return f.universe * 1000 + f.address;
    if (c.key === 'address') return f.address * 100000 + f.universe;
    if (c.kind === 'number' || c.kind === 'angle') return Number(f[c.key as 'pos_x']);
    return shown(c, f).toLocaleLowerCase();
}
const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });
export function byColumn(c: Column, dir: 1 | -1) {
    return (a: Fixture, b: Fixture): number => {
        const [x, y] = [rank(c, a), rank(c, b)];
        const order = typeof x === 'number' && typeof y === 'number' ? x - y : collator.compare(String(x), String(y));
        return dir * order || a.universe - b.universe || a.address - b.address || a.id.localeCompare(b.id);
    };
}

export class CellError extends Error {}
const wrong = (c: Column, typed: string, want: string) => new CellError(`${c.name}: "${typed.slice(0, 40)}" is ${want}.`);

const readNumber = (s: string): number => {
    const t = s.trim().replace(/\s*(°|m|deg)$/i, '').replace(',', '.').replace('−', '-');
    return t === '' ? NaN : Number(t);
};

function number(c: Column, typed: string, before: number): number {
    const [, sign, by] = /^\s*([+-])\s*=\s*(.+)$/.exec(typed) ?? [];
    const v = by ? before + (sign === '-' ? -1 : 1) * readNumber(by) : readNumber(typed);
    if (!Number.isFinite(v)) throw wrong(c, typed, 'no number');
    if ((c.min !== undefined && v < c.min) || (c.max !== undefined && v > c.max)) throw wrong(c, typed, `not from ${c.min} to ${c.max}`);
    return v;
}

const YES = ['yes', 'y', 'true', '1', 'x', 'on', 'ja', 'wahr'];
const NO = ['no', 'n', 'false', '0', '', 'off', 'nein', 'falsch'];

/* A mode is of a definition: others that are chosen as well keep theirs. */
const isOther = (c: Column, f: Fixture, first: Fixture | undefined): boolean => c.kind === 'mode' && f.fixture_path !== first?.fixture_path;

/* What is typed into a cell, as a change of the fixture. "+=1" and "-=1" go from what is there; an address may carry its universe: "2.101". */
export function read(c: Column, typed: string, f: Fixture, book: Pick<Book, 'modes'>): Change {
    const t = typed.trim();
    switch (c.kind) {
        case 'fixed':
            throw new CellError(`${c.name} is changed in the inspector.`);
        case 'text':
            return { [c.key]: t };
        case 'flag': {
            const low = t.toLocaleLowerCase();
            if (!YES.includes(low) && !NO.includes(low)) throw wrong(c, typed, 'neither yes nor no');
            return { [c.key]: YES.includes(low) };
        }
        case 'choice': {
            const low = t.toLocaleLowerCase();
            const found = c.options?.find((o) => o.value === low || o.label.toLocaleLowerCase() === low) ?? c.options?.find((o) => low && o.label.toLocaleLowerCase().startsWith(low));
            if (!found) throw wrong(c, typed, `none of ${c.options?.map((o) => o.label).join(', ')}`);
            return { [c.key]: found.value };
        }
        case 'mode': {
            const low = t.toLocaleLowerCase();
            const found = book.modes(f).find((m) => m.toLocaleLowerCase() === low);
            if (found === undefined) throw wrong(c, typed, `no mode of ${f.model}`);
            return { mode_name: found };
        }
        case 'angle':
            return { [c.key]: number(c, t, toDegrees(Number(f[c.key as 'rot_x']))) / DEG };
        case 'number':
            return { [c.key]: number(c, t, Number(f[c.key as 'pos_x'])) };
        case 'whole': {
            const at = c.key === 'address' && /[./:]/.test(t) ? readAddress(t, f.universe) : null;
            if (at) return at;
            const v = number(c, t, Number(f[c.key as 'address']));
            if (!Number.isInteger(v)) throw wrong(c, typed, 'no whole number');
            return { [c.key]: v };
        }
    }
}

/* "-4 thru 4" or "-4..4": spread over the rows. */
function readSpread(c: Column, typed: string, count: number): number[] | null {
    if (c.kind !== 'number' && c.kind !== 'angle') return null;
    const [, from, to] = /^\s*(.+?)\s*(?:\bthru\b|\.\.\.?|\bbis\b|\bto\b)\s*(.+?)\s*$/i.exec(typed) ?? [];
    if (!from || !to) return null;
    const [a, b] = [number(c, from, 0), number(c, to, 0)];
    return Array.from({ length: count }, (_, i) => (count > 1 ? a + ((b - a) * i) / (count - 1) : a));
}

const asChange = (c: Column, v: number): Change => ({ [c.key]: c.kind === 'angle' ? v / DEG : Number(v.toFixed(6)) });

/* One text into one column of many rows: labels count on, addresses follow each other, numbers may be spread. */
export function fillAll(c: Column, typed: string, rows: readonly Fixture[], book: Book): Map<string, Change> {
    const out = new Map<string, Change>();
    const spread = readSpread(c, typed, rows.length);
    let at: { universe: number; address: number } | null = null;
    rows.forEach((f, i) => {
        if (isOther(c, f, rows[0])) return out;
        if (spread) return out.set(f.id, asChange(c, spread[i]!));
        if (c.key === 'label' && rows.length > 1) return out.set(f.id, { label: counted(typed.trim(), i) });
        if (c.key === 'address' && !/^\s*[+-]\s*=/.test(typed)) {
            if (!at) at = { universe: f.universe, ...(read(c, typed, f, book) as { address: number; universe?: number }) };
            const n = Math.max(1, book.channels(f));
            if (at.address + n - 1 > SLOTS && i) at = { universe: at.universe + 1, address: 1 };
            out.set(f.id, at.universe === f.universe ? { address: at.address } : { ...at });
            at = { universe: at.universe, address: at.address + n };
            return out;
        }
        return out.set(f.id, read(c, typed, f, book));
    });
    return out;
}

/* The first row's cells into those below. `isSeries`: numbers go on by the difference of the first two. */
export function fillDown(columns: readonly Column[], rows: readonly Fixture[], book: Book, isSeries = false): Map<string, Change> {
    const out = new Map<string, Change>(rows.slice(1).map((f) => [f.id, {}]));
    const first = rows[0];
    if (!first) return out;
    for (const c of columns) {
        if (c.kind === 'fixed') continue;
        if (c.key === 'label' || c.key === 'address') {
            const from = c.key === 'address' && columns.some((x) => x.key === 'universe') ? `${first.universe}.${first.address}` : shown(c, first);
            for (const [id, change] of fillAll(c, from, rows, book)) Object.assign(out.get(id) ?? {}, change);
        } else if (c.key === 'universe' && columns.some((x) => x.key === 'address')) {
            continue; /* goes with the address */
        } else {
            const [a, b] = [first, rows[1]].map((f) => (f ? (c.kind === 'angle' ? toDegrees(Number(f[c.key as 'rot_x'])) : Number(f[c.key as 'pos_x'])) : NaN));
            const isCounting = isSeries && (c.kind === 'number' || c.kind === 'angle') && Number.isFinite(a! + b!);
            rows.slice(1).forEach((f, i) => isOther(c, f, first) || Object.assign(out.get(f.id)!, isCounting ? asChange(c, a! + (b! - a!) * (i + 1)) : { [c.key]: first[c.key as 'pos_x'] }));
        }
    }
    return out;
}

/* ---- tables of other programs ---- */

const quoted = (s: string): string => (/[\t\r\n"]/.test(s) ? `"${s.replaceAll('"', '""')}"` : s);
export const toTsv = (cells: readonly (readonly string[])[]): string => cells.map((row) => row.map(quoted).join('\t')).join('\r\n');

export function fromTsv(text: string): string[][] {
    const rows: string[][] = [[]];
    let cell = '';
    let isQuoted = false;
    const end = () => {
        rows.at(-1)!.push(cell);
        cell = '';
    };
    for (let i = 0; i < text.length; i++) {
        const ch = text[i]!;
        if (isQuoted) {
            if (ch !== '"') cell += ch;
            else if (text[i + 1] === '"') cell += text[++i];
            else isQuoted = false;
        } else if (ch === '"' && cell === '') isQuoted = true;
        else if (ch === '\t') end();
        else if (ch === '\n' || ch === '\r') {
            if (ch === '\r' && text[i + 1] === '\n') i++;
            end();
            rows.push([]);
        } else cell += ch;
    }
    if (cell !== '' || rows.at(-1)!.length) end();
    if (!rows.at(-1)!.length) rows.pop();
    return rows;
}

/* A table put into the rows from the first on and the columns from `at` on. One row goes into each of `rows`. All of it, or the first thing that is wrong. */
export function paste(cells: readonly (readonly string[])[], rows: readonly Fixture[], at: number, columns: readonly Column[], book: Book): Map<string, Change> {
    const out = new Map<string, Change>();
    const isRepeated = cells.length === 1;
    if (isRepeated && cells[0]!.length === 1 && columns[at]) return fillAll(columns[at]!, cells[0]![0]!, rows, book);
    rows.forEach((f, i) => {
        const line = isRepeated ? cells[0]! : cells[i];
        if (!line) return;
        const change: Change = {};
        line.forEach((text, k) => {
            const c = columns[at + k];
            if (!c || c.kind === 'fixed') return;
            try {
                Object.assign(change, read(c, text, { ...f, ...change }, book));
            } catch (e) {
                throw e instanceof CellError && cells.length > 1 ? new CellError(`Row ${i + 1}, ${e.message}`) : e;
            }
        });
        out.set(f.id, change);
    });
    return out;
}

/* Only what is another value than before. */
export function real(changes: ReadonlyMap<string, Change>, find: (id: string) => Fixture | undefined): Map<string, Change> {
    const out = new Map<string, Change>();
    for (const [id, change] of changes) {
        const f = find(id) as Record<string, unknown> | undefined;
        const kept = Object.entries(change).filter(([k, v]) => f && !(f[k] === v || (typeof v === 'number' && Math.abs(Number(f[k]) - v) < 1e-9)));
        if (kept.length) out.set(id, Object.fromEntries(kept) as Change);
    }
    return out;
}
