import { expect, test } from 'vitest';
import { STATES, advice, bringsText } from './plugins';

test('every state has words, and those that need someone say what to do', () => {
    for (const state of ['running', 'restarting', 'given_up', 'refused'] as const) {
        expect(STATES[state].text).not.toBe('');
        expect(advice({ state, error: 'x' }) === '').toBe(state === 'running');
    }
    expect(STATES.given_up.tone).toBe('bad');
});

test('what a plug-in brings', () => {
    expect(bringsText({ nodes: ['acme.gain'] })).toBe('Node: acme.gain');
    expect(bringsText({ nodes: ['acme.gain', 'acme.mix'] })).toBe('Nodes: acme.gain, acme.mix');
});
