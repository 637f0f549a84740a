/* The one listener for keys. */
import { ui } from '../state/ui.svelte';
import { toasts } from '../state/toasts.svelte';
import { commands, refusal, type Command } from './commands.svelte';
import { chord, isTyping } from './keys';

const byKey = new Map<string, Command>();
for (const c of commands) for (const k of c.keys ?? []) byKey.set(k, c);

const MOVES = '[data-keys="own"], [role="slider"], [role="listbox"], [role="grid"]';
const PRESSED = 'button, summary, input, label, .svelte-flow__node';

/* Controls that take arrows, Home and End, or Space, for themselves. */
function belongsToControl(target: EventTarget | null, keys: string): boolean {
    if (!(target instanceof HTMLElement)) return false;
    if (keys === 'Space') return target.closest(PRESSED) !== null;
    return /^(Shift\+)?(Arrow\w+|Home|End)$/.test(keys) && target.closest(MOVES) !== null;
}

/* In a field in which nothing is typed that is not handed over yet, undo means the last edit. */
const undoes = (target: EventTarget | null, keys: string) =>
    (target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement) && 'clean' in target.dataset && /^Ctrl\+(Shift\+)?Z$/.test(keys);

/* A button pressed with mouse or finger gives the keys back: Space goes on to mean play, and
 * not "the same again" (blackout, of all things). Pressed by key it keeps the focus. */
function release(e: MouseEvent) {
    if (e.detail > 0 && e.target instanceof Element) e.target.closest('button')?.blur();
}

export function listen(): () => void {
    let held: { code: string; timer: ReturnType<typeof setTimeout> } | null = null;
    const forget = () => {
        if (held) clearTimeout(held.timer);
        held = null;
    };
    const down = (e: KeyboardEvent) => {
        const keys = chord(e);
        const command = byKey.get(keys);
        if (!command || e.defaultPrevented) return;
        if (isTyping(e.target) && !keys.startsWith('Ctrl+K') && !undoes(e.target, keys)) return;
        if (belongsToControl(e.target, keys)) return;
        const isOverlay = ui.isPaletteOpen || ui.isHelpOpen || document.querySelector('dialog[open]') !== null;
        if (ui.isLocked && command.id !== 'blackout') return;
        if (isOverlay && command.id !== 'palette' && command.id !== 'help' && command.id !== 'blackout') return;
        if (command.isLast) {
            /* Keys that are sent on to a picture come by here again. */
            if (e.isTrusted) setTimeout(() => e.defaultPrevented || act(command, e));
            return;
        }
        e.preventDefault();
        act(command, e);
    };
    const act = (command: Command, e: KeyboardEvent) => {
        if (e.repeat && !command.repeats) return;
        const refused = refusal(command);
        if (refused) return void toasts.note(`${command.label}: ${refused.charAt(0).toLowerCase()}${refused.slice(1)}`);
        if (command.blocked?.()) return;
        if (command.holdMs) {
            forget();
            held = { code: e.code, timer: setTimeout(command.run, command.holdMs) };
            return;
        }
        command.run(e);
    };
    const up = (e: KeyboardEvent) => {
        if (held?.code === e.code) forget();
    };
    addEventListener('keydown', down);
    addEventListener('keyup', up);
    addEventListener('blur', forget);
    addEventListener('click', release);
    return () => {
        removeEventListener('keydown', down);
        removeEventListener('keyup', up);
        removeEventListener('blur', forget);
        removeEventListener('click', release);
    };
}
