/*
 * A drag in the tree of groups: with the mouse after a few pixels, with a finger after a long press (before that it scrolls). Alt copies, Esc abandons, the
 * edges scroll. What it holds and where it points is state; the tree draws it.
 */
import { partOf, type Target, type TreeRow } from './groups';
import type { Tree } from './grouptree.svelte';

const NEAR_PX = 5;
const PRESS_MS = 380;
const EDGE_PX = 36;

type Held = { ids: readonly string[]; from: string | null } | { groups: readonly string[] };

export class TreeDrag {
    held = $state.raw<Held | null>(null);
    target = $state.raw<Target | null>(null);
    isCopy = $state(false);
    x = $state(0);
    y = $state(0);
    private pressed: { row: TreeRow; id: number; x: number; y: number; timer: ReturnType<typeof setTimeout> | null } | null = null;
    private frame = 0;
    /* The click that ends a drag chooses nothing. */
    private wasDragged = false;

    constructor(
        private readonly tree: Tree,
        private readonly view: () => HTMLElement | undefined,
        private readonly rowHeight: number,
    ) {}

    readonly words = $derived.by(() => (this.held ? this.tree.words(this.held, this.target, this.isCopy) : null));

    down(e: PointerEvent, row: TreeRow) {
        this.wasDragged = false;
        if (e.button !== 0 || row.kind === 'loose' || !this.tree.canEdit() || this.pressed) return;
        const isFinger = e.pointerType !== 'mouse';
        const timer = isFinger ? setTimeout(() => this.begin(), PRESS_MS) : null;
        this.pressed = { row, id: e.pointerId, x: e.clientX, y: e.clientY, timer };
        this.x = e.clientX;
        this.y = e.clientY;
        addEventListener('pointermove', this.move);
        addEventListener('pointerup', this.up);
        addEventListener('pointercancel', this.cancel);
        addEventListener('keydown', this.key, true);
        addEventListener('keyup', this.alt, true);
        this.view()?.addEventListener('touchmove', this.hold, { passive: false });
    }
    /* Asked by the row's click. */
    takesClick = () => this.wasDragged;
    get isPressedByFinger() {
        return this.pressed?.timer != null;
    }

    stop() {
        if (this.pressed?.timer) clearTimeout(this.pressed.timer);
        this.pressed = null;
        this.held = this.target = null;
        cancelAnimationFrame(this.frame);
        removeEventListener('pointermove', this.move);
        removeEventListener('pointerup', this.up);
        removeEventListener('pointercancel', this.cancel);
        removeEventListener('keydown', this.key, true);
        removeEventListener('keyup', this.alt, true);
        this.view()?.removeEventListener('touchmove', this.hold);
    }

    private begin() {
        const row = this.pressed?.row;
        if (!row) return;
        this.wasDragged = true;
        this.held = row.kind === 'fixture' ? this.tree.held(row) : { groups: this.tree.heldGroups(row) };
        this.tree.cursor = row.id;
        navigator.vibrate?.(10);
        this.point();
        const scroll = () => {
            const view = this.view();
            const box = view?.getBoundingClientRect();
            if (view && box) {
                const by = this.y < box.top + EDGE_PX ? this.y - box.top - EDGE_PX : this.y > box.bottom - EDGE_PX ? this.y - box.bottom + EDGE_PX : 0;
                if (by && this.y > box.top - 80 && this.y < box.bottom + 80) {
                    view.scrollTop += Math.max(-14, Math.min(14, by / 3));
                    this.point();
                }
            }
            this.frame = requestAnimationFrame(scroll);
        };
        this.frame = requestAnimationFrame(scroll);
    }
    /* What the pointer is over. */
    private point() {
        const view = this.view();
        if (!view || !this.held) return;
        const box = view.getBoundingClientRect();
        const isOver = this.x >= box.left && this.x <= box.right && this.y >= box.top && this.y <= box.bottom;
        const y = (this.y - box.top + view.scrollTop) / this.rowHeight;
        const rows = this.tree.rows;
        const row = rows[Math.min(rows.length - 1, Math.floor(y))];
        const what = 'groups' in this.held ? 'groups' : 'fixtures';
        this.target = isOver && row ? { row, part: y >= rows.length ? (what === 'groups' ? 'after' : partOf(row, 0.9, what)) : partOf(row, y % 1, what) } : null;
    }

    private readonly move = (e: PointerEvent) => {
        if (e.pointerId !== this.pressed?.id) return;
        this.x = e.clientX;
        this.y = e.clientY;
        this.isCopy = e.altKey;
        if (this.held) return this.point();
        const isFar = Math.hypot(this.x - this.pressed.x, this.y - this.pressed.y) > NEAR_PX;
        if (!isFar) return;
        if (this.pressed.timer) this.stop(); /* it scrolls */
        else this.begin();
    };
    private readonly up = (e: PointerEvent) => {
        if (e.pointerId !== this.pressed?.id) return;
        const { held, target, isCopy } = this;
        this.stop();
        if (held && target) this.tree.drop(held, target, isCopy);
    };
    private readonly cancel = () => this.stop();
    private readonly hold = (e: TouchEvent) => this.held && e.cancelable && e.preventDefault();
    private readonly alt = (e: KeyboardEvent) => {
        if (e.key !== 'Alt') return;
        this.isCopy = e.type === 'keydown';
        if (this.held) e.preventDefault();
    };
    private readonly key = (e: KeyboardEvent) => {
        this.alt(e);
        if (e.key !== 'Escape' || !this.held) return;
        e.preventDefault();
        e.stopPropagation();
        this.stop();
    };
}
