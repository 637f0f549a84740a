/* Text to the clipboard; also where the page is not served in a secure context, as lumad's seldom is. */
export async function copyText(text: string): Promise<boolean> {
    try {
        await navigator.clipboard.writeText(text);
        return true;
    } catch {
        const box = document.createElement('textarea');
        box.value = text;
        box.readOnly = true;
        box.className = 'hidden-visually';
        /* Within a dialog that is open, else it could not be chosen. */
        const home = document.querySelector('dialog[open]') ?? document.body;
        const before = document.activeElement;
        home.append(box);
        box.select();
        const isDone = document.execCommand('copy');
        box.remove();
        if (before instanceof HTMLElement) before.focus();
        return isDone;
    }
}
