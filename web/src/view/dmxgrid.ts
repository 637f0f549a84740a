/*
 * 512 slots of a universe as a canvas: level as a bar of light and a number, the fixtures outlined, and a letter where a value is not lumad's own.
 * Only cells that changed are drawn again.
 */
export type NumberFormat = 'dec' | 'hex' | 'percent';
/* Whose a slot is: lumad's own, received, parked, under test. */
export const ORIGINS = ['own', 'input', 'park', 'test'] as const;
export type Origin = (typeof ORIGINS)[number];
const LETTERS = ['', 'R', 'P', 'T'];

export function slotText(value: number, format: NumberFormat): string {
    if (format === 'hex') return value.toString(16).toUpperCase().padStart(2, '0');
    return String(format === 'percent' ? Math.round((value / 255) * 100) : value);
}

export interface GridLook {
    ground: string;
    cell: string;
    text: string;
    dim: string;
    mark: string;
    select: string;
    changed: string;
    origins: Record<Origin, string>;
    font: string;
    small: string;
}

export class DmxGrid {
    columns = 32;
    private shown = new Int16Array(512).fill(-1);
    private marks: (string | null)[] = new Array<string | null>(512).fill(null);
    private cursor = -1;
    private origins: Uint8Array = new Uint8Array(512);
    private since: Uint8Array | null = null;
    private hasChanged = new Uint8Array(512);
    private format: NumberFormat = 'dec';
    private ratio = 1;
    private cell = { w: 1, h: 1 };

    constructor(
        private readonly canvas: HTMLCanvasElement,
        private look: GridLook,
    ) {}

    setLook(look: GridLook) {
        this.look = look;
        this.shown.fill(-1);
    }

    /* Which slots belong to a fixture; the first slot of each is marked. */
    setMarks(marks: (string | null)[]) {
        this.marks = marks;
        this.shown.fill(-1);
    }

    setCursor(slot: number) {
        if (slot === this.cursor) return;
        for (const s of [this.cursor, slot]) if (s >= 0) this.shown[s] = -1;
        this.cursor = slot;
    }

    /* Indexes of ORIGINS. */
    setOrigins(origins: Uint8Array) {
        for (let i = 0; i < 512; i++) if (this.origins[i] !== origins[i]) this.shown[i] = -1;
        this.origins = origins;
    }

    setFormat(format: NumberFormat) {
        this.format = format;
        this.shown.fill(-1);
    }

    /* From these bytes on whatever changes is marked, also when it changes back; null: no marks. */
    setSince(slots: Uint8Array | null) {
        this.since = slots && slots.slice();
        this.hasChanged.fill(0);
        this.shown.fill(-1);
    }

    /* So many slots have changed since. */
    get changes(): number {
        return this.hasChanged.reduce((n, c) => n + c, 0);
    }

    fit() {
        const box = this.canvas.getBoundingClientRect();
        if (box.width < 2) return;
        this.columns = box.width > 1000 ? 32 : box.width > 560 ? 16 : 8;
        this.ratio = Math.min(2, devicePixelRatio);
        this.cell = { w: box.width / this.columns, h: box.height / (512 / this.columns) };
        this.canvas.width = Math.round(box.width * this.ratio);
        this.canvas.height = Math.round(box.height * this.ratio);
        this.shown.fill(-1);
    }

    slotAt(x: number, y: number): number {
        const c = Math.floor(x / this.cell.w);
        const r = Math.floor(y / this.cell.h);
        const slot = r * this.columns + c;
        return c >= 0 && c < this.columns && slot >= 0 && slot < 512 ? slot : -1;
    }

    draw(slots: Uint8Array | null) {
        const g = this.canvas.getContext('2d');
        if (!g || this.cell.w < 2) return;
        g.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
        g.font = this.look.font;
        g.textBaseline = 'middle';
        g.textAlign = 'center';
        for (let i = 0; i < 512; i++) {
            const value = slots ? slots[i]! : 0;
            if (this.shown[i] === value) continue;
            this.shown[i] = value;
            if (this.since && this.since[i] !== value) this.hasChanged[i] = 1;
            this.paint(g, i, value);
        }
    }

    /* On whole pixels: half ones would leave something of what was there before. */
    private box(i: number) {
        const at = (n: number, size: number) => Math.round(n * size * this.ratio) / this.ratio;
        const [c, r] = [i % this.columns, Math.floor(i / this.columns)];
        const [x, y] = [at(c, this.cell.w), at(r, this.cell.h)];
        return { x, y, w: at(c + 1, this.cell.w) - x, h: at(r + 1, this.cell.h) - y };
    }

    private paint(g: CanvasRenderingContext2D, i: number, value: number) {
        const { x, y, w, h } = this.box(i);
        const mark = this.marks[i] ?? null;
        const origin = this.origins[i]!;
        g.fillStyle = this.look.ground;
        g.fillRect(x, y, w, h);
        g.fillStyle = this.look.cell;
        if (mark !== null) g.fillRect(x + 0.5, y + 0.5, w - 1, h - 1);
        if (value > 0) {
            g.fillStyle = this.look.origins[ORIGINS[origin]!];
            g.globalAlpha = 0.25 + 0.3 * (value / 255);
            const bar = ((h - 2) * value) / 255;
            g.fillRect(x + 1, y + h - 1 - bar, w - 2, bar);
            g.globalAlpha = 1;
        }
        if (mark !== null) this.outline(g, i, mark);
        if (this.hasChanged[i]) {
            g.fillStyle = this.look.changed;
            g.fillRect(x + 2, y + h - 4, w - 4, 2);
        }
        g.fillStyle = value > 0 ? this.look.text : this.look.dim;
        if (w > 20 && (value > 0 || mark !== null)) g.fillText(slotText(value, this.format), x + w / 2, y + h / 2 + 0.5);
        if (origin && w > 20) {
            g.fillStyle = this.look.origins[ORIGINS[origin]!];
            g.font = this.look.small;
            g.fillText(LETTERS[origin]!, x + w - 6, y + 7);
            g.font = this.look.font;
        }
        if (i === this.cursor) {
            g.strokeStyle = this.look.select;
            g.lineWidth = 2;
            g.strokeRect(x + 1, y + 1, w - 2, h - 2);
        }
    }

    /* A fixture ends where its neighbour is another's; its first slot has a thick edge. */
    private outline(g: CanvasRenderingContext2D, i: number, mark: string) {
        const { x, y, w, h } = this.box(i);
        const n = this.columns;
        const other = (k: number) => k < 0 || k > 511 || this.marks[k] !== mark;
        g.fillStyle = this.look.mark;
        if (other(i - 1)) g.fillRect(x, y, 2, h);
        else if (i % n === 0) g.fillRect(x, y, 1, h);
        if (other(i + 1) || i % n === n - 1) g.fillRect(x + w - 1, y, 1, h);
        if (other(i - n)) g.fillRect(x, y, w, 1);
        if (other(i + n)) g.fillRect(x, y + h - 1, w, 1);
    }
}
