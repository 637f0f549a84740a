/*
 * The timeline canvas: waveform, beats, blocks, loop and playhead. Two layers: the static
 * one is drawn when data, size or zoom change, the live one (playhead, hover, what is
 * being dragged) in the animation loop.
 *
 * Habits: wheel scrolls, Ctrl+wheel zooms at the pointer, click seeks, drag makes a loop,
 * a block is moved by its body and cut by its edges (snapped to beats, Ctrl holds the snap
 * off), Esc abandons a drag, two fingers pan and pinch. Lanes of what was heard (`rows`) lie
 * below the waveform, and cue points in theirs are dragged; while the grid is being corrected a beat in the first of them is.
 */
import type { Beats } from '../api/types';
import { nearest } from './beats';
import { hitTest, type Block, type Hit } from './hit';
import { markAt, movedMark, type Mark, type MarkHit } from './marks';
import { drawBlocks, drawGround, drawPut, type Look, type Scale } from './paint';
import { timeLabel } from './ticks';
import type { Waveform } from './waveform';

/* A lane below the waveform. */
export interface TimelineRow {
    height: number;
    paint(g: CanvasRenderingContext2D, s: Scale, top: number, look: Look): void;
    /* What can be dragged in it. */
    marks?: readonly Mark[];
}

export interface TimelineData {
    duration: number;
    wave: Waveform | null;
    beats: Beats | null;
    loop: { enabled: boolean; start: number; end: number };
    blocks: (Block & { label: string; color: string })[];
    laneCount: number;
    selected: string | null;
    rows?: readonly TimelineRow[];
    /* Beats can be dragged, in the first of the rows. */
    isGridOpen?: boolean;
}

export interface TimelineEvents {
    seek(t: number): void;
    loop(start: number, end: number): void;
    select(id: string | null): void;
    /* The end of a drag. */
    change(id: string, start: number, end: number): void;
    /* A beat was dragged. */
    beat?(from: number, to: number): void;
    /* A mark was dragged; it was clicked. */
    mark?(id: string, start: number, end: number | null): void;
    pick?(id: string): void;
}

type Drag =
    | { kind: 'mark'; mark: Mark; part: MarkHit['part']; x: number; start: number; end: number | null; isMoved: boolean }
    | { kind: 'beat'; from: number; to: number; x: number; isMoved: boolean }
    | { kind: 'loop'; from: number; to: number; x: number; isMoved: boolean }
    | { kind: 'block'; hit: Hit; from: number; start: number; end: number; first: [number, number]; isMoved: boolean }
    | { kind: 'pan'; x: number; start: number; y: number };

const HANDLE_PX = 8;
const SNAP_PX = 9;
const GRAB_PX = 14;
const FINGER = 1.8; /* a finger needs so many times as much */

export class Timeline {
    private data: TimelineData = {
        duration: 0, wave: null, beats: null, blocks: [], laneCount: 0, selected: null,
        loop: { enabled: false, start: 0, end: 0 },
    };
    private start = 0; /* seconds at the left edge */
    private pps = 10; /* pixels per second */
    private width = 1;
    private height = 1;
    private ratio = 1;
    private isFitted = false;
    private isStale = true;
    private drag: Drag | null = null;
    private hover: { x: number; y: number } | null = null;
    private pinch: { distance: number; pps: number; at: number; y: number } | null = null;
    private readonly pointers = new Map<number, { x: number; y: number }>();
    private readonly heights = new Map<number, number>(); /* of the pointers, on the screen: the picture scrolls under them */
    private readonly observer: ResizeObserver;
    private held = 0; /* until when (ms) the view stays where the user put it */
    private lastLive = '';
    private playheadX = -1;

    constructor(
        private readonly ground: HTMLCanvasElement,
        private readonly top: HTMLCanvasElement,
        private plain: Look,
        private readonly events: TimelineEvents,
    ) {
        this.observer = new ResizeObserver(() => this.fit());
        this.observer.observe(top);
        top.addEventListener('wheel', this.wheel, { passive: false });
        top.addEventListener('pointerdown', this.down);
        top.addEventListener('pointermove', this.move);
        top.addEventListener('pointerup', this.up);
        top.addEventListener('pointercancel', this.cancel);
        top.addEventListener('pointerleave', this.leave);
        addEventListener('keydown', this.key);
        this.fit();
    }

    set(data: Partial<TimelineData>) {
        const isOther = data.duration !== undefined && data.duration !== this.data.duration;
        Object.assign(this.data, data);
        if (isOther) this.isFitted = false;
        this.isStale = true;
    }

    setLook(look: Look) {
        this.plain = look;
        this.isStale = true;
    }

    private get look(): Look {
        const rows = this.data.rows?.reduce((sum, row) => sum + row.height, 0) ?? 0;
        return rows ? { ...this.plain, waveHeight: (total) => Math.max(0, total - rows) } : this.plain;
    }

    /* The whole track in the width. */
    zoomAll() {
        this.start = 0;
        this.pps = this.minPps();
        this.isStale = true;
    }

    /* By buttons and keys around the playhead, where it is seen. */
    zoom(factor: number, atX?: number) {
        atX ??= this.playheadX > 0 && this.playheadX < this.width ? this.playheadX : this.width / 2;
        const t = this.start + atX / this.pps;
        this.pps = Math.min(800, Math.max(this.minPps(), this.pps * factor));
        this.scrollTo(t - atX / this.pps);
        this.held = performance.now() + 1500;
    }

    /* Once per animation frame. */
    draw(position: number, isPlaying: boolean, nowMs: number) {
        if (this.width < 2) return;
        if (isPlaying && !this.drag && nowMs > this.held) this.follow(position);
        const scale = this.scale();
        if (this.isStale) {
            this.isStale = false;
            const g = this.context(this.ground);
            drawGround(g, scale, this.data, this.look);
            this.drawRows(g, scale);
            drawBlocks(g, scale, this.data, this.look, this.drag?.kind === 'block' ? this.drag.hit.id : null);
            this.lastLive = '';
        }
        const x = (position - this.start) * this.pps;
        this.playheadX = x;
        const stamp = `${x.toFixed(1)} ${this.hover?.x} ${this.hover?.y} ${JSON.stringify(this.drag)}`;
        if (stamp === this.lastLive) return;
        this.lastLive = stamp;
        this.drawLive(x, scale);
    }

    dispose() {
        this.observer.disconnect();
        this.top.removeEventListener('wheel', this.wheel);
        this.top.removeEventListener('pointerdown', this.down);
        this.top.removeEventListener('pointermove', this.move);
        this.top.removeEventListener('pointerup', this.up);
        this.top.removeEventListener('pointercancel', this.cancel);
        this.top.removeEventListener('pointerleave', this.leave);
        removeEventListener('keydown', this.key);
    }

    private drawRows(g: CanvasRenderingContext2D, scale: Scale) {
        let top = this.look.waveHeight(this.height, 0);
        for (const row of this.data.rows ?? []) {
            g.save();
            g.beginPath();
            g.rect(0, top, this.width, row.height);
            g.clip();
            g.fillStyle = this.plain.ground; /* the beats are a hint behind it */
            g.globalAlpha = 0.55;
            g.fillRect(0, top, this.width, row.height);
            g.globalAlpha = 1;
            row.paint(g, scale, top, this.plain);
            g.restore();
            g.fillStyle = this.plain.wave.line;
            g.fillRect(0, top, this.width, 1);
            top += row.height;
        }
    }

    /* The beat to be grabbed at this place. */
    private beatAt(x: number, y: number, reach = 1): number | null {
        const first = this.data.rows?.[0];
        const top = this.look.waveHeight(this.height, 0);
        if (!this.data.isGridOpen || !first || !this.data.beats || y < top || y >= top + first.height) return null;
        const beat = nearest(this.data.beats.beats, this.start + x / this.pps);
        return beat !== null && Math.abs((beat - this.start) * this.pps - x) < GRAB_PX * reach ? beat : null;
    }

    /* The mark under the pointer, and the lane it is in. */
    private markUnder(x: number, y: number, reach = 1): { mark: Mark; part: MarkHit['part'] } | null {
        let top = this.look.waveHeight(this.height, 0);
        for (const row of this.data.rows ?? []) {
            const isIn = y >= top && y < top + row.height;
            top += row.height;
            if (!isIn || !row.marks) continue;
            const hit = markAt(row.marks, this.start + x / this.pps, (HANDLE_PX * reach) / this.pps);
            const mark = hit && row.marks.find((m) => m.id === hit.id);
            return hit && mark ? { mark, part: hit.part } : null;
        }
        return null;
    }

    private drawLive(x: number, scale: Scale) {
        const g = this.context(this.top);
        g.clearRect(0, 0, this.width, this.height);
        const d = this.drag;
        if (d?.kind === 'loop' && d.isMoved) {
            const [a, b] = [Math.min(d.from, d.to), Math.max(d.from, d.to)];
            g.globalAlpha = 0.25;
            g.fillStyle = this.look.select;
            g.fillRect((a - this.start) * this.pps, 0, (b - a) * this.pps, this.height);
            g.globalAlpha = 1;
        }
        if (d?.kind === 'beat' && d.isMoved) drawPut(g, scale, this.look, d.to, `${d.to >= d.from ? '+' : '\u2212'}${Math.abs(Math.round((d.to - d.from) * 1000))} ms`);
        if (d?.kind === 'mark' && d.isMoved) {
            const put = d.part === 'end' ? (d.end ?? d.start) : d.start;
            drawPut(g, scale, this.look, put, timeLabel(put, 2));
        }
        if (d?.kind === 'block') {
            const block = this.data.blocks.find((b) => b.id === d.hit.id);
            if (block) {
                const shown = { ...this.data, blocks: [{ ...block, start: d.start, end: d.end }] };
                drawBlocks(g, scale, shown, this.look, null);
            }
        } else if (this.hover && !d) {
            g.fillStyle = this.look.dim;
            g.globalAlpha = 0.5;
            g.fillRect(Math.round(this.hover.x), 0, 1, this.height);
            g.globalAlpha = 1;
        }
        if (x >= -1 && x <= this.width + 1) {
            g.fillStyle = this.look.live;
            g.fillRect(Math.round(x) - 0.5, 0, 2, this.height);
            g.beginPath();
            g.moveTo(x - 5.5, 0);
            g.lineTo(x + 6.5, 0);
            g.lineTo(x + 0.5, 8);
            g.fill();
        }
    }

    private scale(): Scale {
        return { start: this.start, pps: this.pps, width: this.width, height: this.height };
    }

    private context(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
        const g = canvas.getContext('2d')!;
        g.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
        return g;
    }

    private minPps(): number {
        return this.data.duration > 0 ? this.width / this.data.duration : 10;
    }

    private fit() {
        const box = this.top.getBoundingClientRect();
        if (box.width < 2 || box.height < 2) return;
        const wasWhole = this.isFitted && this.pps <= this.minPps() * 1.001;
        this.ratio = Math.min(2, devicePixelRatio);
        this.width = box.width;
        this.height = box.height;
        for (const c of [this.ground, this.top]) {
            c.width = Math.round(box.width * this.ratio);
            c.height = Math.round(box.height * this.ratio);
        }
        if (wasWhole) this.zoomAll();
        this.ready();
        this.isStale = true;
        this.lastLive = '';
    }

    private scrollTo(start: number) {
        const most = Math.max(0, this.data.duration - this.width / this.pps);
        this.start = Math.min(most, Math.max(0, start));
        this.isStale = true;
    }

    /* Page by page: the playhead moves over a picture that rests. */
    private follow(t: number) {
        if (!this.isFitted) return;
        const x = (t - this.start) * this.pps;
        if (x < 0 || x > this.width * 0.92) this.scrollTo(t - (this.width * 0.06) / this.pps);
    }

    private time(x: number): number {
        return Math.min(this.data.duration, Math.max(0, this.start + x / this.pps));
    }

    private snap(t: number, isOff: boolean): number {
        if (isOff || !this.data.beats) return t;
        const beat = nearest(this.data.beats.beats, t);
        return beat !== null && Math.abs(beat - t) * this.pps < SNAP_PX ? beat : t;
    }

    private at(e: PointerEvent | WheelEvent): { x: number; y: number } {
        const box = this.top.getBoundingClientRect();
        return { x: e.clientX - box.left, y: e.clientY - box.top };
    }

    private hit(x: number, y: number): Hit | null {
        const lane = Math.floor((y - this.look.waveHeight(this.height, this.data.laneCount)) / this.look.laneHeight);
        if (lane < 0) return null;
        return hitTest(this.data.blocks, lane, this.start + x / this.pps, HANDLE_PX / this.pps);
    }

    /* Where there are more lanes than the view is high it scrolls, and the wheel with it; Shift turns the wheel sideways. */
    private readonly wheel = (e: WheelEvent) => {
        this.held = performance.now() + 2500;
        const view = this.top.closest<HTMLElement>('[data-scrolls]');
        const isTall = view !== null && view.scrollHeight > view.clientHeight + 1;
        if (isTall && !e.ctrlKey && !e.shiftKey && Math.abs(e.deltaY) >= Math.abs(e.deltaX)) return;
        e.preventDefault();
        if (e.ctrlKey) return this.zoom(Math.exp(-e.deltaY * 0.004), this.at(e).x);
        const by = Math.abs(e.deltaX) > Math.abs(e.deltaY) ? e.deltaX : e.deltaY;
        this.scrollTo(this.start + by / this.pps);
    };

    private middle(): number {
        const all = [...this.pointers.keys()].map((id) => this.heights.get(id) ?? 0);
        return all.reduce((sum, y) => sum + y, 0) / Math.max(1, all.length);
    }

    private readonly down = (e: PointerEvent) => {
        const p = this.at(e);
        this.pointers.set(e.pointerId, p);
        this.heights.set(e.pointerId, e.clientY);
        this.top.setPointerCapture(e.pointerId);
        if (this.pointers.size === 2) {
            const [a, b] = [...this.pointers.values()];
            this.drag = null;
            this.pinch = { distance: Math.abs(a!.x - b!.x) || 1, pps: this.pps, at: this.time((a!.x + b!.x) / 2), y: this.middle() };
            return;
        }
        if (e.button === 1) {
            this.drag = { kind: 'pan', x: p.x, start: this.start, y: e.clientY };
            e.preventDefault();
            return;
        }
        if (e.button !== 0) return;
        const hit = this.hit(p.x, p.y);
        const block = hit && this.data.blocks.find((b) => b.id === hit.id);
        const t = this.time(p.x);
        if (hit && block) {
            this.events.select(hit.id);
            this.drag = {
                kind: 'block', hit, from: t, start: block.start, end: block.end,
                first: [block.start, block.end], isMoved: false,
            };
            this.isStale = true;
            return;
        }
        const reach = e.pointerType === 'touch' ? FINGER : 1;
        const beat = this.beatAt(p.x, p.y, reach);
        if (beat !== null) {
            this.drag = { kind: 'beat', from: beat, to: beat, x: p.x, isMoved: false };
            return;
        }
        const under = this.markUnder(p.x, p.y, reach);
        if (under) {
            this.drag = { kind: 'mark', ...under, x: p.x, start: under.mark.start, end: under.mark.end, isMoved: false };
            return;
        }
        this.drag = { kind: 'loop', from: t, to: t, x: p.x, isMoved: false };
    };

    private readonly move = (e: PointerEvent) => {
        const p = this.at(e);
        this.hover = e.pointerType === 'touch' ? null : p;
        if (this.pointers.has(e.pointerId)) {
            this.pointers.set(e.pointerId, p);
            this.heights.set(e.pointerId, e.clientY);
        }
        if (this.pinch && this.pointers.size === 2) {
            const [a, b] = [...this.pointers.values()];
            const middle = this.middle();
            this.top.closest('[data-scrolls]')?.scrollBy(0, this.pinch.y - middle);
            this.pinch.y = middle;
            const distance = Math.abs(a!.x - b!.x) || 1;
            this.pps = Math.min(800, Math.max(this.minPps(), (this.pinch.pps * distance) / this.pinch.distance));
            this.scrollTo(this.pinch.at - (a!.x + b!.x) / 2 / this.pps);
            return;
        }
        const d = this.drag;
        if (!d) {
            const hit = this.hit(p.x, p.y);
            const under = this.markUnder(p.x, p.y);
            this.top.style.cursor = this.beatAt(p.x, p.y) !== null || (under && (under.part !== 'body' || under.mark.end === null)) ? 'ew-resize' : under ? 'grab' : !hit ? 'text' : hit.part === 'body' ? 'grab' : 'ew-resize';
            return;
        }
        if (d.kind === 'pan') {
            this.top.closest('[data-scrolls]')?.scrollBy(0, d.y - e.clientY);
            d.y = e.clientY;
            return this.scrollTo(d.start - (p.x - d.x) / this.pps);
        }
        if (d.kind === 'beat') {
            d.isMoved ||= Math.abs(p.x - d.x) > 2;
            d.to = Math.max(0, d.from + (p.x - d.x) / this.pps);
            return;
        }
        if (d.kind === 'mark') {
            d.isMoved ||= Math.abs(p.x - d.x) > 3;
            if (d.isMoved) Object.assign(d, movedMark(d.mark, d.part, (p.x - d.x) / this.pps, this.data.duration, (v) => this.snap(v, e.ctrlKey)));
            return;
        }
        this.edgeScroll(p.x);
        const t = this.time(p.x);
        if (d.kind === 'loop') {
            d.isMoved ||= Math.abs(p.x - d.x) > 4;
            d.to = this.snap(t, e.ctrlKey);
            return;
        }
        d.isMoved ||= Math.abs(t - d.from) * this.pps > 3;
        if (d.isMoved) this.dragBlock(d, t - d.from, e.ctrlKey);
    };

    private dragBlock(d: Extract<Drag, { kind: 'block' }>, by: number, isSnapOff: boolean) {
        const [a, b] = d.first;
        const shortest = Math.min(0.05, b - a);
        if (d.hit.part === 'start') d.start = Math.min(b - shortest, Math.max(0, this.snap(a + by, isSnapOff)));
        else if (d.hit.part === 'end') {
            d.end = Math.max(a + shortest, Math.min(this.data.duration, this.snap(b + by, isSnapOff)));
        } else {
            const start = Math.max(0, Math.min(this.data.duration - (b - a), this.snap(a + by, isSnapOff)));
            d.start = start;
            d.end = start + (b - a);
        }
    }

    private edgeScroll(x: number) {
        if (x > this.width - 12) this.scrollTo(this.start + 12 / this.pps);
        else if (x < 12) this.scrollTo(this.start - 12 / this.pps);
    }

    private readonly up = (e: PointerEvent) => {
        this.pointers.delete(e.pointerId);
        this.heights.delete(e.pointerId);
        if (this.pointers.size < 2) this.pinch = null;
        const d = this.drag;
        this.drag = null;
        this.isStale = true;
        if (!d || d.kind === 'pan') return;
        if (d.kind === 'beat') {
            if (d.isMoved) this.events.beat?.(d.from, d.to);
            else this.events.seek(d.from);
            return;
        }
        if (d.kind === 'mark') {
            if (d.isMoved) this.events.mark?.(d.mark.id, d.start, d.end);
            else this.events.pick?.(d.mark.id);
            return;
        }
        if (d.kind === 'block') {
            if (d.isMoved) this.events.change(d.hit.id, d.start, d.end);
            return;
        }
        if (!d.isMoved) {
            this.events.select(null);
            return this.events.seek(d.from);
        }
        const a = this.snap(Math.min(d.from, d.to), e.ctrlKey);
        const b = Math.max(d.from, d.to);
        if (b - a > 0.02) this.events.loop(a, b);
    };

    private readonly cancel = (e: PointerEvent) => {
        this.pointers.delete(e.pointerId);
        this.heights.delete(e.pointerId);
        this.pinch = null;
        this.drag = null;
        this.isStale = true;
    };

    private readonly leave = () => {
        this.hover = null;
    };

    private readonly key = (e: KeyboardEvent) => {
        if (e.key !== 'Escape' || !this.drag) return;
        e.preventDefault();
        this.drag = null;
        this.isStale = true;
    };

    /* The first picture of a track shows all of it. */
    ready() {
        if (this.isFitted || this.data.duration <= 0 || this.width < 2) return;
        this.isFitted = true;
        this.zoomAll();
    }
}
