/*
 * Keys as text: "Space", "Shift+ArrowLeft", "Ctrl+K". Pure.
 * Ctrl also stands for Command on a Mac.
 */

export interface KeyLike {
    key: string;
    code: string;
    ctrlKey: boolean;
    metaKey: boolean;
    shiftKey: boolean;
    altKey: boolean;
}

export function chord(e: KeyLike): string {
    let key = e.key === ' ' ? 'Space' : e.key;
    /* Letters are the same with and without caps lock; symbols carry their own shift. */
    const isLetter = /^[a-z]$/i.test(key);
    const isNamed = key.length > 1;
    if (isLetter) key = key.toUpperCase();
    /* The digit row is one to six on every layout, also where it needs Shift (AZERTY). */
    const digit = /^Digit([0-9])$/.exec(e.code)?.[1];
    const usesDigit = digit !== undefined && !e.ctrlKey && !e.metaKey && !e.altKey && !/^[?!/]$/.test(e.key);
    /* With Shift it is another key, except where Shift is what makes it a digit. */
    if (digit !== undefined && e.shiftKey && !e.ctrlKey && !e.metaKey && !e.altKey && e.key !== digit && !/^[?/]$/.test(e.key)) return `Shift+${digit}`;
    if (usesDigit) return digit;
    const parts: string[] = [];
    if (e.ctrlKey || e.metaKey) parts.push('Ctrl');
    if (e.altKey) parts.push('Alt');
    if (e.shiftKey && (isLetter || isNamed)) parts.push('Shift');
    parts.push(key);
    return parts.join('+');
}

/* Where typing is meant for a field and not for us. */
export function isTyping(target: EventTarget | null): boolean {
    if (!(target instanceof HTMLElement)) return false;
    if (target.isContentEditable || target.tagName === 'TEXTAREA' || target.tagName === 'SELECT') return true;
    if (!(target instanceof HTMLInputElement)) return false;
    return !['checkbox', 'radio', 'button', 'range', 'color', 'file'].includes(target.type);
}

const NAMES: Record<string, string> = {
    ArrowLeft: '←', ArrowRight: '→', ArrowUp: '↑', ArrowDown: '↓', Delete: 'Del', Escape: 'Esc',
};

export const keyLabel = (keys: string) =>
    keys.split('+').map((k) => NAMES[k] ?? k).join(' ');
