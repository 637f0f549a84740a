import { expect, test } from 'vitest';
import { ago, agentName, lastAdmin } from './access';

test('a browser is told by its name and its system', () => {
    const chrome = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36';
    expect(agentName(chrome)).toBe('Chrome on Linux');
    expect(agentName(chrome + ' Edg/140.0')).toBe('Edge on Linux');
    expect(agentName('Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1')).toBe('Safari on iPad');
    expect(agentName('Mozilla/5.0 (Android 14; Mobile; rv:130.0) Gecko/130.0 Firefox/130.0')).toBe('Firefox on Android');
    expect(agentName('curl/8.5.0')).toBe('curl');
    expect(agentName('<script>')).toBe('<script>');
    expect(agentName('')).toBe('An unknown program');
});

test('times are near or far, before or behind', () => {
    const now = Date.parse('2026-03-01T12:00:00Z');
    expect(ago('2026-03-01T11:59:30Z', now)).toBe('just now');
    expect(ago('2026-03-01T11:57:00Z', now)).toBe('3 minutes ago');
    expect(ago('2026-02-28T12:00:00Z', now)).toBe('yesterday');
    expect(ago('2026-03-21T12:00:00Z', now)).toBe('in 20 days');
    expect(ago(null, now)).toBe('never');
    expect(ago('nonsense', now)).toBe('');
});

test('the last admin stays', () => {
    const a = { id: 'a', role: 'admin' };
    const b = { id: 'b', role: 'operator' };
    expect(lastAdmin(a, [a, b])).toMatch(/last admin/);
    expect(lastAdmin(b, [a, b])).toBeNull();
    expect(lastAdmin(a, [a, { id: 'c', role: 'admin' }])).toBeNull();
});
