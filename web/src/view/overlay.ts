/*
 * What is drawn over the picture of the stage, in ink and not in light: handles, the frame that chooses, snap lines, names, measures, marks, a group's axes and
 * movement base. On a canvas of its own, drawn only when something of it changed.
 */
import type { Eye } from './eye';
import { AXES, type Axis, type Point } from './layout';
import type { Line2 } from './handles';
import type { At } from './hands';

export interface Ink {
    text: string;
    dim: string;
    ground: string;
    line: string;
    select: string;
    live: string;
    armed: string;
    x: string;
    y: string;
    z: string;
    font: string;
}

type Spot = { x: number; y: number };

export class Overlay {
    private readonly g: CanvasRenderingContext2D | null;
    private width = 1;
    private height = 1;
    private isEmpty = true;
    ink: Ink;

    constructor(
        private readonly canvas: HTMLCanvasElement,
        private readonly eye: Eye,
        ink: Ink,
    ) {
        this.g = canvas.getContext('2d');
        this.ink = ink;
    }

    size(width: number, height: number) {
        const ratio = Math.min(2, devicePixelRatio);
        this.width = width;
        this.height = height;
        this.canvas.width = Math.round(width * ratio);
        this.canvas.height = Math.round(height * ratio);
        this.g?.setTransform(ratio, 0, 0, ratio, 0, 0);
        this.isEmpty = true;
    }

    begin() {
        if (!this.isEmpty) this.g?.clearRect(0, 0, this.width, this.height);
        this.isEmpty = true;
    }
    /* An empty sheet costs nothing when the page is put together. */
    end() {
        this.canvas.style.display = this.isEmpty ? 'none' : '';
    }

    private pen(): CanvasRenderingContext2D | null {
        this.isEmpty = false;
        return this.g;
    }

    frame(from: At, to: At) {
        const g = this.pen();
        if (!g) return;
        const box = [Math.min(from.x, to.x) + 0.5, Math.min(from.y, to.y) + 0.5, Math.abs(to.x - from.x), Math.abs(to.y - from.y)] as const;
        g.globalAlpha = 0.14;
        g.fillStyle = this.ink.select;
        g.fillRect(...box);
        g.globalAlpha = 1;
        g.strokeStyle = this.ink.select;
        g.lineWidth = 1;
        g.strokeRect(...box);
    }

    private path(points: readonly Spot[], isClosed = false) {
        const g = this.g!;
        g.beginPath();
        points.forEach((p, i) => (i ? g.lineTo(p.x, p.y) : g.moveTo(p.x, p.y)));
        if (isClosed) g.closePath();
    }

    private head(from: Spot, to: Spot, size: number) {
        const g = this.g!;
        const a = Math.atan2(to.y - from.y, to.x - from.x);
        this.path(
            [0, 2.55, -2.55].map((turn) => ({ x: to.x + Math.cos(a + turn) * size, y: to.y + Math.sin(a + turn) * size })),
            true,
        );
        g.fill();
    }

    arms(lines: readonly Line2[], isHot: (axis: Axis) => boolean) {
        const g = this.pen();
        if (!g) return;
        for (const l of lines) {
            if (l.isEdge) continue;
            g.strokeStyle = g.fillStyle = this.ink[l.axis];
            g.lineWidth = isHot(l.axis) ? 4 : 2.5;
            this.path(l.points);
            g.stroke();
            this.head(l.points[0]!, l.points[1]!, isHot(l.axis) ? 11 : 9);
            this.text(l.axis, { x: l.points[1]!.x + (l.points[1]!.x - l.points[0]!.x) * 0.18, y: l.points[1]!.y + (l.points[1]!.y - l.points[0]!.y) * 0.18 }, this.ink[l.axis], 'center');
        }
    }

    knob(at: Spot, isHot: boolean) {
        const g = this.pen();
        if (!g) return;
        g.beginPath();
        g.arc(at.x, at.y, isHot ? 9 : 7, 0, 7);
        g.globalAlpha = isHot ? 0.9 : 0.45;
        g.fillStyle = this.ink.text;
        g.fill();
        g.globalAlpha = 1;
        g.strokeStyle = this.ink.text;
        g.lineWidth = 1.5;
        g.stroke();
    }

    rings(lines: readonly Line2[], isHot: (axis: Axis) => boolean) {
        const g = this.pen();
        if (!g) return;
        for (const l of lines) {
            g.strokeStyle = this.ink[l.axis];
            g.globalAlpha = l.isEdge ? 0.25 : 0.95;
            g.lineWidth = isHot(l.axis) ? 4 : 2.5;
            this.path(l.points);
            g.stroke();
            if (!l.isEdge) this.text(l.axis, l.points[{ x: 6, y: 20, z: 4 }[l.axis]]!, this.ink[l.axis], 'center');
        }
        g.globalAlpha = 1;
    }

    /* The line of the raster on which it stopped: all of the room that has this coordinate, along the axis that is seen longest. */
    snapLine(at: Point, axis: Axis, far: number) {
        const g = this.pen();
        if (!g) return;
        const long = (a: Axis) => {
            const [p, q] = [this.eye.project(at), this.eye.project({ ...at, [a]: at[a] + 1 })];
            return Math.hypot(p.x - q.x, p.y - q.y);
        };
        const across = AXES.filter((a) => a !== axis).reduce((a, b) => (long(a) >= long(b) ? a : b));
        /* In steps: what is behind the eye is left out. */
        const spots = Array.from({ length: 41 }, (_, i) => this.eye.project({ ...at, [across]: at[across] + (i / 20 - 1) * far })).filter((p) => p.depth > 0.1);
        g.strokeStyle = this.ink[axis];
        g.lineWidth = 1;
        g.setLineDash([6, 4]);
        this.path(spots);
        g.stroke();
        g.setLineDash([]);
    }

    text(text: string, at: Spot, color: string, align: CanvasTextAlign = 'left', isBoxed = false) {
        const g = this.pen();
        if (!g) return;
        g.font = this.ink.font;
        g.textAlign = align;
        g.textBaseline = 'middle';
        if (isBoxed) {
            const w = g.measureText(text).width + 10;
            const x = align === 'center' ? at.x - w / 2 : align === 'right' ? at.x - w + 5 : at.x - 5;
            g.globalAlpha = 0.78;
            g.fillStyle = this.ink.ground;
            g.beginPath();
            g.roundRect(x, at.y - 9, w, 18, 4);
            g.fill();
            g.globalAlpha = 1;
        }
        g.fillStyle = color;
        g.fillText(text, at.x, at.y);
    }

    /* Names under what they name; one that would lie on another is left out. */
    labels(all: readonly { at: Point; text: string; isChosen: boolean }[]) {
        const g = this.pen();
        if (!g) return;
        g.font = this.ink.font;
        const taken: [number, number, number, number][] = [];
        const near = all
            .map((l) => ({ ...l, spot: this.eye.project(l.at) }))
            .filter((l) => l.spot.depth > 0.1 && l.spot.x > -50 && l.spot.x < this.width + 50 && l.spot.y > -20 && l.spot.y < this.height + 20)
            .sort((a, b) => Number(b.isChosen) - Number(a.isChosen) || a.spot.depth - b.spot.depth);
        for (const l of near) {
            const text = l.text.length > 28 ? `${l.text.slice(0, 27)}…` : l.text;
            const half = g.measureText(text).width / 2 + 6;
            const y = l.spot.y + Math.min(40, 0.3 * l.spot.scale) + 12;
            const box: [number, number, number, number] = [l.spot.x - half, y - 9, l.spot.x + half, y + 9];
            if (taken.some((t) => box[0] < t[2] && box[2] > t[0] && box[1] < t[3] && box[3] > t[1])) continue;
            taken.push(box);
            this.text(text, { x: l.spot.x, y }, l.isChosen ? this.ink.select : this.ink.text, 'center', true);
        }
    }

    /* A ring around a place, as wide as so many metres, never too small to be seen. */
    ring(at: Point, metres: number, color: string, width = 2, isDashed = false) {
        const g = this.pen();
        const p = this.eye.project(at);
        if (!g || p.depth <= 0.1) return;
        g.strokeStyle = color;
        g.lineWidth = width;
        g.setLineDash(isDashed ? [4, 3] : []);
        g.beginPath();
        g.arc(p.x, p.y, Math.max(7, metres * p.scale), 0, 7);
        g.stroke();
        g.setLineDash([]);
    }

    /* Sent is not meant: a mark that is one without its colour too. */
    mark(at: Point, metres: number) {
        const p = this.eye.project(at);
        const g = this.pen();
        if (!g || p.depth <= 0.1) return;
        const r = Math.max(8, metres * p.scale);
        this.ring(at, metres, this.ink.live, 2, true);
        const [x, y] = [p.x + r * 0.75, p.y - r * 0.75];
        g.fillStyle = this.ink.live;
        this.path([{ x, y: y - 9 }, { x: x + 9, y: y + 6 }, { x: x - 9, y: y + 6 }], true);
        g.fill();
        this.text('!', { x, y: y + 1 }, this.ink.ground, 'center');
    }

    /* Straight from place to place, with a word in the middle. */
    measure(a: Point, b: Point, words: string, color = this.ink.dim) {
        const g = this.pen();
        const [p, q] = [this.eye.project(a), this.eye.project(b)];
        if (!g || p.depth <= 0.1 || q.depth <= 0.1) return;
        const long = Math.hypot(q.x - p.x, q.y - p.y);
        if (long < 24) return;
        const [nx, ny] = [-(q.y - p.y) / long, (q.x - p.x) / long];
        g.strokeStyle = color;
        g.lineWidth = 1;
        this.path([p, q]);
        g.stroke();
        for (const end of [p, q]) {
            this.path([{ x: end.x + nx * 5, y: end.y + ny * 5 }, { x: end.x - nx * 5, y: end.y - ny * 5 }]);
            g.stroke();
        }
        this.text(words, { x: (p.x + q.x) / 2, y: (p.y + q.y) / 2 }, this.ink.text, 'center', true);
    }

    /* The floor, where it is seen from its edge. */
    ground(along: Axis) {
        const g = this.pen();
        if (!g) return;
        g.strokeStyle = this.ink.line;
        g.lineWidth = 1.5;
        this.path([-60, 60].map((v) => this.eye.project({ x: 0, y: 0, z: 0, [along]: v })));
        g.stroke();
    }

    /* Whole metres along an axis, as many as have room. */
    ruler(axis: Axis, from: number, to: number, at: Point) {
        const scale = this.eye.project(at).scale;
        const step = scale > 60 ? 1 : scale > 26 ? 2 : 5;
        for (let m = Math.ceil(from / step) * step; m <= to + 1e-6; m += step) {
            const p = this.eye.project({ ...at, [axis]: m });
            if (p.depth > 0.1) this.text(`${m}`, p, this.ink.dim, 'center');
        }
    }

    arrow(from: Point, to: Point, color: string, words: string) {
        const g = this.pen();
        const [p, q] = [this.eye.project(from), this.eye.project(to)];
        if (!g || p.depth <= 0.1 || q.depth <= 0.1) return;
        g.strokeStyle = g.fillStyle = color;
        g.lineWidth = 2;
        this.path([p, q]);
        g.stroke();
        if (Math.hypot(q.x - p.x, q.y - p.y) > 10) this.head(p, q, 8);
        this.text(words, { x: q.x + (q.x >= p.x ? 10 : -10), y: q.y }, color, q.x >= p.x ? 'left' : 'right', true);
    }

    /* From a point to every point of a ring, seen through. */
    cone(from: Point, ring: readonly Point[], middle: Point, color: string) {
        const g = this.pen();
        const p = this.eye.project(from);
        const spots = ring.map((r) => this.eye.project(r));
        const m = this.eye.project(middle);
        if (!g || p.depth <= 0.1 || m.depth <= 0.1 || spots.some((s) => s.depth <= 0.1)) return;
        g.fillStyle = g.strokeStyle = color;
        g.globalAlpha = 0.05;
        spots.forEach((s, i) => {
            this.path([p, s, spots[(i + 1) % spots.length]!], true);
            g.fill();
        });
        g.globalAlpha = 0.1;
        this.path(spots, true);
        g.fill();
        g.globalAlpha = 0.85;
        g.lineWidth = 1.25;
        g.stroke();
        g.setLineDash([5, 4]);
        this.path([p, m]);
        g.stroke();
        g.setLineDash([]);
        g.globalAlpha = 1;
    }
}
