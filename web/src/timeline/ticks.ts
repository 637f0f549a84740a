/* Times as text, and a ruler whose labels never touch. */

const STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600];

/* Seconds between labels at so many pixels per second. */
export function tickStep(pixelsPerSecond: number, minPixels = 70): number {
    return STEPS.find((s) => s * pixelsPerSecond >= minPixels) ?? minPixels / pixelsPerSecond;
}

/* 83.44 -> "1:23.4". Cut, not rounded: a clock never shows what has not come yet. */
export function timeLabel(seconds: number | null | undefined, digits = 0): string {
    if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return '-:--';
    const unit = 10 ** digits;
    const ticks = Math.floor(Math.max(0, seconds) * unit + 1e-6);
    const s = Math.floor(ticks / unit);
    const fraction = digits ? `.${String(ticks % unit).padStart(digits, '0')}` : '';
    const mm = Math.floor(s / 60) % 60;
    const ss = String(s % 60).padStart(2, '0');
    const hh = Math.floor(s / 3600);
    return hh ? `${hh}:${String(mm).padStart(2, '0')}:${ss}${fraction}` : `${mm}:${ss}${fraction}`;
}
