/*
 * Mouse, pen and fingers on the stage, as what they mean. A mouse chooses and drags with its left button and turns the view with its right one (where nothing
 * can be chosen, with both); the middle one, or Shift with the right, shifts it. One finger turns, two shift and pinch. What is being dragged can be abandoned.
 */
import type { Grip } from './handles';

export interface At {
    x: number;
    y: number;
}
export interface Held {
    shift: boolean;
    ctrl: boolean;
}
export type How = 'only' | 'toggle' | 'add';

export interface Wishes {
    orbit(dx: number, dy: number): void;
    pan(dx: number, dy: number): void;
    zoom(by: number, at: At): void;
    isFlat(): boolean;
    /* The left button turns the view too. */
    isLooking(): boolean;
    /* One finger draws a frame around what it chooses. */
    isFraming(): boolean;
    grip(at: At, reach: number): Grip | null;
    fixture(at: At, reach: number): string | null;
    /* A fixture that may be moved by dragging it. */
    canMove(): boolean;
    pick(id: string | null, how: How): void;
    frame(from: At, to: At): void;
    framed(from: At, to: At, isMore: boolean): void;
    begin(grip: Grip | null, fixture: string | null, at: At): boolean;
    drag(to: At, held: Held): void;
    drop(): void;
    abandon(): void;
    hover(at: At | null): void;
}

type Doing = 'nothing' | 'press' | 'orbit' | 'pan' | 'frame' | 'drag' | 'pinch';
const STILL = 5; /* pixels that a click may shake */
const LONG_MS = 450;

export class Hands {
    private readonly fingers = new Map<number, At>();
    private doing: Doing = 'nothing';
    private from: At = { x: 0, y: 0 };
    private last: At = { x: 0, y: 0 };
    private onFixture: string | null = null;
    private isTouch = false;
    private wasMoved = false;
    private isMore = false;
    private long: ReturnType<typeof setTimeout> | null = null;

    constructor(
        private readonly target: HTMLElement,
        private readonly wish: Wishes,
    ) {
        target.addEventListener('pointerdown', this.down);
        target.addEventListener('pointermove', this.move);
        target.addEventListener('pointerup', this.up);
        target.addEventListener('pointercancel', this.cancel);
        target.addEventListener('lostpointercapture', this.lost);
        target.addEventListener('pointerleave', this.leave);
        target.addEventListener('wheel', this.wheel, { passive: false });
        target.addEventListener('contextmenu', this.menu);
    }

    dispose() {
        this.forget();
        const t = this.target;
        t.removeEventListener('pointerdown', this.down);
        t.removeEventListener('pointermove', this.move);
        t.removeEventListener('pointerup', this.up);
        t.removeEventListener('pointercancel', this.cancel);
        t.removeEventListener('lostpointercapture', this.lost);
        t.removeEventListener('pointerleave', this.leave);
        t.removeEventListener('wheel', this.wheel);
        t.removeEventListener('contextmenu', this.menu);
    }

    /* Esc. True: there was something to abandon. */
    abandon(): boolean {
        const was = this.doing;
        this.doing = 'nothing';
        this.forget();
        if (was === 'drag' || was === 'frame') this.wish.abandon();
        return was === 'drag' || was === 'frame';
    }

    private at(e: MouseEvent): At {
        const box = this.target.getBoundingClientRect();
        return { x: e.clientX - box.left, y: e.clientY - box.top };
    }
    private forget() {
        if (this.long) clearTimeout(this.long);
        this.long = null;
    }

    private readonly down = (e: PointerEvent) => {
        const at = this.at(e);
        this.isTouch = e.pointerType === 'touch';
        if (this.isTouch) {
            this.fingers.set(e.pointerId, at);
            if (this.fingers.size === 2) {
                this.abandon();
                this.doing = 'pinch';
                return;
            }
            if (this.fingers.size > 2) return;
        } else if (this.doing !== 'nothing') {
            return; /* a second button of a mouse that holds something */
        }
        this.target.setPointerCapture(e.pointerId);
        this.from = this.last = at;
        this.wasMoved = false;
        this.isMore = e.shiftKey;
        this.onFixture = null;
        if (e.button === 1 || (e.button === 2 && (e.shiftKey || this.wish.isFlat() || this.wish.isLooking()))) {
            e.preventDefault();
            this.doing = 'pan';
            return;
        }
        if (e.button === 2 || e.altKey) {
            this.doing = this.wish.isFlat() ? 'pan' : 'orbit';
            return;
        }
        const reach = this.isTouch ? 22 : 8;
        const grip = this.wish.canMove() ? this.wish.grip(at, reach) : null;
        if (grip && this.wish.begin(grip, null, at)) {
            this.doing = 'drag';
            return;
        }
        this.onFixture = this.wish.fixture(at, reach);
        this.doing = 'press';
        if (this.isTouch && this.onFixture) this.long = setTimeout(this.pressedLong, LONG_MS);
    };

    private readonly pressedLong = () => {
        this.long = null;
        if (this.doing !== 'press' || this.wasMoved) return;
        this.wish.pick(this.onFixture, 'toggle');
        this.doing = 'nothing';
    };

    private readonly move = (e: PointerEvent) => {
        const at = this.at(e);
        if (this.doing === 'pinch') return this.pinch(e.pointerId, at);
        if (this.isTouch && !this.fingers.has(e.pointerId)) return;
        if (this.doing === 'nothing') return this.wish.hover(e.pointerType === 'touch' ? null : at);
        if (!this.wasMoved && Math.hypot(at.x - this.from.x, at.y - this.from.y) < STILL) return;
        if (!this.wasMoved) {
            this.wasMoved = true;
            this.forget();
            if (this.doing === 'press') this.begin();
        }
        const [dx, dy] = [at.x - this.last.x, at.y - this.last.y];
        this.last = at;
        if (this.doing === 'orbit') this.wish.orbit(dx, dy);
        else if (this.doing === 'pan') this.wish.pan(dx, dy);
        else if (this.doing === 'frame') this.wish.frame(this.from, at);
        else if (this.doing === 'drag') this.wish.drag(at, { shift: e.shiftKey, ctrl: e.ctrlKey || e.metaKey });
    };

    /* The press became a drag. */
    private begin() {
        const looks = this.wish.isLooking() || (this.isTouch && !this.wish.isFraming());
        if (!this.isTouch && !looks && this.onFixture && this.wish.canMove() && this.wish.begin(null, this.onFixture, this.from)) this.doing = 'drag';
        else if (looks) this.doing = this.wish.isFlat() ? 'pan' : 'orbit';
        else this.doing = 'frame';
    }

    private pinch(id: number, at: At) {
        const was = this.fingers.get(id);
        const other = [...this.fingers].find(([k]) => k !== id)?.[1];
        this.fingers.set(id, at);
        if (!was || !other) return;
        const before = Math.hypot(was.x - other.x, was.y - other.y);
        const after = Math.hypot(at.x - other.x, at.y - other.y);
        this.wish.pan((at.x - was.x) / 2, (at.y - was.y) / 2);
        if (before > 4 && after > 4) this.wish.zoom(before / after, { x: (at.x + other.x) / 2, y: (at.y + other.y) / 2 });
    }

    private readonly up = (e: PointerEvent) => {
        this.fingers.delete(e.pointerId);
        this.forget();
        const was = this.doing;
        if (was === 'pinch') {
            if (!this.fingers.size) this.doing = 'nothing';
            return;
        }
        this.doing = 'nothing';
        if (was === 'press') this.wish.pick(this.onFixture, e.shiftKey || e.ctrlKey || e.metaKey ? 'toggle' : 'only');
        else if (was === 'frame') this.wish.framed(this.from, this.last, this.isMore);
        else if (was === 'drag') this.wish.drop();
    };

    private readonly cancel = (e: PointerEvent) => {
        this.fingers.delete(e.pointerId);
        this.abandon();
    };
    /* A window in front, a dialog: as if it had been let go nowhere. */
    private readonly lost = () => {
        if (this.doing === 'drag' || this.doing === 'frame') this.abandon();
    };
    private readonly leave = () => this.doing === 'nothing' && this.wish.hover(null);
    private readonly menu = (e: Event) => e.preventDefault();

    private readonly wheel = (e: WheelEvent) => {
        e.preventDefault();
        const unit = e.deltaMode === 1 ? 16 : e.deltaMode === 2 ? 200 : 1;
        if (e.shiftKey) return this.wish.pan(-(e.deltaX || e.deltaY) * unit, 0);
        const by = Math.max(-300, Math.min(300, e.deltaY * unit * (e.ctrlKey ? 4 : 1)));
        this.wish.zoom(Math.exp(by * 0.0012), this.at(e));
    };
}
