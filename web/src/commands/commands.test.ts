import { expect, test } from 'vitest';
import { filter, score } from './filter';
import { chord, keyLabel, type KeyLike } from './keys';

const key = (k: Partial<KeyLike>): string =>
    chord({ key: '', code: '', ctrlKey: false, metaKey: false, shiftKey: false, altKey: false, ...k });

test('keys are named as the table names them', () => {
    expect(key({ key: ' ', code: 'Space' })).toBe('Space');
    expect(key({ key: 'b', code: 'KeyB' })).toBe('B');
    expect(key({ key: 'Z', code: 'KeyZ', ctrlKey: true, shiftKey: true })).toBe('Ctrl+Shift+Z');
    expect(key({ key: 'k', code: 'KeyK', metaKey: true })).toBe('Ctrl+K');
    expect(key({ key: 'ArrowLeft', code: 'ArrowLeft', shiftKey: true })).toBe('Shift+ArrowLeft');
    expect(key({ key: '?', code: 'Slash', shiftKey: true })).toBe('?');
    expect(key({ key: '?', code: 'Minus', shiftKey: true })).toBe('?');
});

test('the digit row works where digits need Shift', () => {
    expect(key({ key: '&', code: 'Digit1' })).toBe('1');
    expect(key({ key: '1', code: 'Digit1', shiftKey: true })).toBe('1');
    expect(key({ key: '1', code: 'Digit1', ctrlKey: true })).toBe('Ctrl+1');
    /* Elsewhere Shift makes it another key. */
    expect(key({ key: '!', code: 'Digit1', shiftKey: true })).toBe('Shift+1');
    expect(key({ key: '"', code: 'Digit2', shiftKey: true })).toBe('Shift+2');
    expect(key({ key: '/', code: 'Digit7', shiftKey: true })).toBe('/');
});

test('labels are for people', () => {
    expect(keyLabel('Shift+ArrowLeft')).toBe('Shift ←');
    expect(keyLabel('Ctrl+K')).toBe('Ctrl K');
});

test('every word must occur, a word start is better', () => {
    expect(score('Load track Aurora', 'aur load')).not.toBeNull();
    expect(score('Load track Aurora', 'aur xyz')).toBeNull();
    const found = filter([{ label: 'Unpin stage' }, { label: 'Pin stage' }], 'pin');
    expect(found.map((f) => f.label)).toEqual(['Pin stage', 'Unpin stage']);
});
