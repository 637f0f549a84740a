/* The one listener for keys. */
import { ui } from '../state/ui.svelte';
import { commands, type Command } from './commands.svelte';
import { chord, isTyping } from './keys';

const byKey = new Map<string, Command>();
for (const c of commands) for (const k of c.keys ?? []) byKey.set(k, c);

/* Controls that take Space, arrows, Home and End for themselves. */
function belongsToControl(target: EventTarget | null, keys: string): boolean {
    if (!(target instanceof HTMLElement)) return false;
    if (!/^(Shift\+)?(Space|Enter|Arrow\w+|Home|End)$/.test(keys)) return false;
    if (target.closest('[data-keys="own"], [role="slider"], [role="tab"], [role="listbox"], [role="grid"]')) return true;
    return keys === 'Space' && target.closest('button, a, summary, input, label') !== null;
}

export function listen(): () => void {
    let held: { code: string; timer: ReturnType<typeof setTimeout> } | null = null;
    const release = () => {
        if (held) clearTimeout(held.timer);
        held = null;
    };
    const down = (e: KeyboardEvent) => {
        const keys = chord(e);
        const command = byKey.get(keys);
        if (!command || e.defaultPrevented) return;
        if (isTyping(e.target) && !keys.startsWith('Ctrl+K')) return;
        if (belongsToControl(e.target, keys)) return;
        const isOverlay = ui.isPaletteOpen || ui.isHelpOpen || document.querySelector('dialog[open]') !== null;
        if (isOverlay && command.id !== 'palette' && command.id !== 'help' && command.id !== 'blackout') return;
        e.preventDefault();
        if (e.repeat && !command.repeats) return;
        if (command.blocked?.()) return;
        if (command.holdMs) {
            release();
            held = { code: e.code, timer: setTimeout(command.run, command.holdMs) };
            return;
        }
        command.run();
    };
    const up = (e: KeyboardEvent) => {
        if (held?.code === e.code) release();
    };
    addEventListener('keydown', down);
    addEventListener('keyup', up);
    addEventListener('blur', release);
    return () => {
        removeEventListener('keydown', down);
        removeEventListener('keyup', up);
        removeEventListener('blur', release);
    };
}
