/*
 * 512 slots of a universe as a canvas: level as a bar of light and a number. Only cells
 * whose value changed are drawn again.
 */
export interface GridLook {
    ground: string;
    cell: string;
    text: string;
    dim: string;
    bar: string;
    mark: string;
    select: string;
    font: string;
}

export class DmxGrid {
    columns = 32;
    private shown = new Int16Array(512).fill(-1);
    private marks: (string | null)[] = new Array<string | null>(512).fill(null);
    private cursor = -1;
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
            this.paint(g, i, value);
        }
    }

    private paint(g: CanvasRenderingContext2D, i: number, value: number) {
        const { w, h } = this.cell;
        const x = (i % this.columns) * w;
        const y = Math.floor(i / this.columns) * h;
        const mark = this.marks[i];
        g.fillStyle = this.look.ground;
        g.fillRect(x, y, w, h);
        g.fillStyle = this.look.cell;
        if (mark !== null) g.fillRect(x + 0.5, y + 0.5, w - 1, h - 1);
        if (value > 0) {
            g.fillStyle = this.look.bar;
            g.globalAlpha = 0.25 + 0.3 * (value / 255);
            const bar = ((h - 2) * value) / 255;
            g.fillRect(x + 1, y + h - 1 - bar, w - 2, bar);
            g.globalAlpha = 1;
        }
        /* A fixture's first slot has a line at its left. */
        if (mark !== null && (i === 0 || this.marks[i - 1] !== mark)) {
            g.fillStyle = this.look.mark;
            g.fillRect(x + 0.5, y + 1, 2, h - 2);
        }
        g.fillStyle = value > 0 ? this.look.text : this.look.dim;
        if (w > 20 && (value > 0 || mark !== null)) g.fillText(String(value), x + w / 2, y + h / 2 + 0.5);
        if (i === this.cursor) {
            g.strokeStyle = this.look.select;
            g.lineWidth = 2;
            g.strokeRect(x + 1, y + 1, w - 2, h - 2);
        }
    }
}
