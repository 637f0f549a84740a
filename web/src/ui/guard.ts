/*
 * Rooms for those who may only look: what changes something is disabled and says who can; looking (tabs, search, choosing, scrolling) is not. It asks each
 * control what it needs: `data-needs="viewer|operator|admin"` on it or around it, else operator; what by its nature only looks needs a viewer. So a new
 * button is safe without a word, and one that only shows says so once.
 */
import { session, type Least } from '../state/session.svelte';
import { needed } from '../state/roles';

const CONTROLS = 'button, input, select, textarea, [role="slider"]';
const EDITS = '[draggable="true"], canvas';
const LOOKS = '[role="tab"], [role="option"], [role="treeitem"], [role="columnheader"] *, input[type="search"], [aria-haspopup], [aria-expanded], summary, .svelte-flow__controls button';

function needs(el: Element): Least {
    const said = el.closest('[data-needs]')?.getAttribute('data-needs') as Least | null | undefined;
    return said ?? (el.matches(LOOKS) ? 'viewer' : 'operator');
}
const isForbidden = (el: Element) => !session.can(needs(el));

function forbid(el: HTMLElement) {
    if (!isForbidden(el)) return;
    if ('disabled' in el) {
        if (!el.disabled) el.disabled = true;
    } else if (el.getAttribute('aria-disabled') !== 'true') {
        el.setAttribute('aria-disabled', 'true');
        el.tabIndex = -1;
    }
    if (!el.title || el.dataset.title === undefined) {
        el.dataset.title = el.title;
        el.title = needed(needs(el));
    }
}

function sweep(root: Element) {
    if (root instanceof HTMLElement && root.matches(CONTROLS)) forbid(root);
    for (const el of root.querySelectorAll<HTMLElement>(CONTROLS)) forbid(el);
}

const EDIT_KEYS = /^(Delete|Backspace)$/;
const isTyping = (t: EventTarget | null) => t instanceof HTMLInputElement || t instanceof HTMLTextAreaElement;

/* An attachment for the element around a room. Rooms are made anew when the role changes, so nothing has to be given back. */
export function guard(node: HTMLElement): (() => void) | undefined {
    if (session.can('admin')) return undefined;
    sweep(node);
    const watch = new MutationObserver((records) => {
        for (const r of records) {
            if (r.type === 'attributes') {
                const el = r.target as HTMLElement;
                if (el.matches(CONTROLS)) forbid(el);
            } else {
                for (const added of r.addedNodes) if (added instanceof Element) sweep(added);
            }
        }
    });
    watch.observe(node, { subtree: true, childList: true, attributes: true, attributeFilter: ['disabled', 'aria-disabled', 'data-needs'] });

    /* What is no control of the browser's own, and the label that drags a number. */
    const stop = (e: Event) => {
        if (!(e.target instanceof Element)) return;
        const control = e.target.closest('[role="slider"], label');
        const of = control instanceof HTMLLabelElement ? control.control : control;
        if (of && isForbidden(of)) {
            e.stopPropagation();
            if (e.type !== 'pointerdown') e.preventDefault();
        }
    };
    const drag = (e: Event) => {
        if (e.target instanceof Element && e.target.closest(EDITS) && isForbidden(e.target.closest(EDITS)!)) {
            e.stopPropagation();
            e.preventDefault();
        }
    };
    const key = (e: KeyboardEvent) => {
        if (isTyping(e.target) || !session.me || session.can('operator')) return;
        const isEdit = EDIT_KEYS.test(e.key) || ((e.ctrlKey || e.metaKey) && /^[xvd]$/i.test(e.key));
        const slider = e.target instanceof Element && e.target.matches('[role="slider"]') && isForbidden(e.target) && e.key !== 'Tab';
        if (isEdit || slider) {
            e.stopPropagation();
            e.preventDefault();
        }
    };
    const pointers = ['pointerdown', 'dblclick'] as const;
    for (const type of pointers) node.addEventListener(type, stop, true);
    node.addEventListener('dragstart', drag, true);
    node.addEventListener('keydown', key, true);
    return () => {
        watch.disconnect();
        for (const type of pointers) node.removeEventListener(type, stop, true);
        node.removeEventListener('dragstart', drag, true);
        node.removeEventListener('keydown', key, true);
    };
}
