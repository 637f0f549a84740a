/* Browsers, dates and terms of access, in words. Pure. */

const BROWSERS: [RegExp, string][] = [
    [/\bEdgA?\//, 'Edge'],
    [/\bOPR\//, 'Opera'],
    [/\bSamsungBrowser\//, 'Samsung Internet'],
    [/\bFirefox\/|\bFxiOS\//, 'Firefox'],
    [/\bChrome\/|\bCriOS\/|\bHeadlessChrome\//, 'Chrome'],
    [/\bSafari\//, 'Safari'],
    [/^curl\//, 'curl'],
    [/^python/i, 'Python'],
];
const SYSTEMS: [RegExp, string][] = [
    [/\biPad\b/, 'iPad'],
    [/\biPhone\b/, 'iPhone'],
    [/\bAndroid\b/, 'Android'],
    [/\bCrOS\b/, 'ChromeOS'],
    [/\bWindows\b/, 'Windows'],
    [/\bMac OS X\b|\bMacintosh\b/, 'Mac'],
    [/\bLinux\b/, 'Linux'],
];

/* "Firefox on Android"; what is not known is shown as it came. */
export function agentName(agent: string): string {
    const browser = BROWSERS.find(([re]) => re.test(agent))?.[1];
    const system = SYSTEMS.find(([re]) => re.test(agent))?.[1];
    if (browser) return system ? `${browser} on ${system}` : browser;
    return agent.trim() || 'An unknown program';
}

const MINUTE = 60_000;
const UNITS: [number, Intl.RelativeTimeFormatUnit][] = [
    [86_400_000, 'day'],
    [3_600_000, 'hour'],
    [MINUTE, 'minute'],
];
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });

/* "3 minutes ago", "in 20 days"; within a minute: "just now". */
export function ago(iso: string | null, now: number): string {
    if (!iso) return 'never';
    const ms = Date.parse(iso) - now;
    if (!Number.isFinite(ms)) return '';
    const unit = UNITS.find(([size]) => Math.abs(ms) >= size);
    return unit ? relative.format(Math.round(ms / unit[0]), unit[1]) : 'just now';
}

export const TERMS = [
    { value: '', label: 'Until it is revoked' },
    { value: '1', label: 'One day' },
    { value: '30', label: '30 days' },
    { value: '90', label: '90 days' },
    { value: '365', label: 'A year' },
] as const;

/* Why a user cannot be taken away or have another role; null: they can. */
export function lastAdmin(user: { id: string; role: string }, users: readonly { id: string; role: string }[]): string | null {
    return user.role === 'admin' && users.filter((u) => u.role === 'admin').length === 1 ? 'The last admin; make another one first' : null;
}
