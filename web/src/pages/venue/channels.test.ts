import { describe, expect, it } from 'vitest';
import { joined, maxOf, pairs, rangeAt, sections, split, type DefinitionMode, type ModeChannel } from './channels';

const ch = (name: string, more: Partial<ModeChannel> = {}): ModeChannel => ({ name, preset: '', group: '', byte: 0, default: 0, ranges: [], ...more });
const mode = (channels: ModeChannel[], heads: number[][] = [channels.map((_, i) => i)]): DefinitionMode => ({
    name: 'm',
    channels,
    heads: heads.map((channels) => ({ channels, capabilities: [] })),
});

describe('pairs', () => {
    it('joins coarse and fine by preset and by name', () => {
        const m = mode([
            ch('Pan', { preset: 'PositionPan' }),
            ch('Tilt', { preset: 'PositionTilt' }),
            ch('Pan fine', { preset: 'PositionPanFine', byte: 1 }),
            ch('Tilt (16 bit)', { byte: 1 }),
        ]);
        expect([...pairs(m)].sort()).toEqual([[2, 0], [3, 1]]);
    });
    it('keeps the heads apart: each fine byte goes to the coarse one of its own head', () => {
        const m = mode([ch('Dimmer'), ch('Dimmer fine', { byte: 1 }), ch('Dimmer'), ch('Dimmer fine', { byte: 1 })], [[0, 1], [2, 3]]);
        expect([...pairs(m)]).toEqual([[1, 0], [3, 2]]);
    });
    it('leaves a fine byte without a partner alone, and gives no coarse one away twice', () => {
        const m = mode([ch('Red'), ch('Red fine', { byte: 1 }), ch('Red fine', { byte: 1 }), ch('Zoom fine', { byte: 1 })]);
        expect([...pairs(m)]).toEqual([[1, 0]]);
        expect(sections(m, 4)[0]!.faders.map((f) => f.channel)).toEqual([1, 3, 4]);
    });
});

describe('sections', () => {
    it('puts what all heads share first, then head by head, in the order of numbers', () => {
        const channels = [...Array.from({ length: 11 }, (_, i) => ch(`Red ${i + 1}`)), ch('Master')];
        const m = mode(channels, Array.from({ length: 11 }, (_, i) => [i, 11]));
        const s = sections(m, 12);
        expect(s.map((x) => x.title)).toEqual(['', ...Array.from({ length: 11 }, (_, i) => `Head ${i + 1}`)]);
        expect(s[0]!.faders.map((f) => f.name)).toEqual(['Master']);
    });
    it('one head needs no title', () => {
        expect(sections(mode([ch('Red'), ch('Green')]), 2).map((s) => s.title)).toEqual(['']);
    });
    it('a definition that is missing leaves numbered channels', () => {
        expect(sections(null, 2)[0]!.faders.map((f) => f.name)).toEqual(['Channel 1', 'Channel 2']);
        expect(sections(null, 0)).toEqual([]);
    });
});

describe('values', () => {
    const wide = sections(mode([ch('Pan', { ranges: [{ min: 0, max: 127, name: 'left', preset: '' }, { min: 128, max: 255, name: 'right', preset: '' }] }), ch('Pan fine', { byte: 1 })]), 2)[0]!.faders[0]!;
    it('joins and splits the two bytes', () => {
        expect(maxOf(wide)).toBe(65535);
        expect(split(wide, 0x8001)).toEqual({ 1: 128, 2: 1 });
        expect(joined(wide, (c) => ({ 1: 128, 2: 1 })[c])).toBe(0x8001);
        expect(joined(wide, (c) => ({ 1: 128 })[c])).toBe(0x8000);
        expect(joined(wide, () => undefined)).toBeUndefined();
    });
    it('says what the coarse byte means', () => {
        expect(rangeAt(wide, 0x7fff)).toBe('left');
        expect(rangeAt(wide, 0x8000)).toBe('right');
        expect(rangeAt({ ...wide, ranges: [] }, 3)).toBe('');
    });
});
