import { describe, expect, it } from 'vitest';
import { STATES, meaning } from './stemmodel';

describe('the stem model in words', () => {
    it('says how stems are separated in every state', () => {
        for (const state of Object.keys(STATES) as (keyof typeof STATES)[]) {
            const text = meaning({ state, memory_mb: 2600 });
            expect(text.includes('by signal processing')).toBe(state !== 'ready');
        }
    });
    it('says what it costs when it is used', () => {
        expect(meaning({ state: 'ready', memory_mb: 2600 })).toContain('2.6 GB');
    });
});
