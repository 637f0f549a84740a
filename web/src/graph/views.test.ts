import { expect, test } from 'vitest';
import type { Graph, NodeType } from '../api/types';
import { drawView, extent, hasViews, words, type SignalView, type View, type ViewLook } from './views';

const look: ViewLook = { line: 'line', dim: 'dim', grid: 'grid', audio: 'audio' };
const row = (head: number, channel: number, values: (number | null)[]) => ({ head, channel, min: values, max: values, mean: values });
const signal: SignalView = { type: 'signal', shape: [1, 4, 1], columns: 4, rows: [row(0, 0, [0, 0.5, null, 2])] };

/* A canvas that keeps what was drawn on it. */
function paper() {
    const drawn: { what: string; style: string; at: number[] }[] = [];
    const g = {
        fillStyle: '', strokeStyle: '', globalAlpha: 1,
        clearRect: () => undefined, beginPath: () => undefined, fill: () => undefined, stroke: () => undefined,
        fillRect: (...at: number[]) => void drawn.push({ what: 'fill', style: g.fillStyle, at }),
        rect: (...at: number[]) => void drawn.push({ what: 'rect', style: g.fillStyle, at }),
        moveTo: (...at: number[]) => void drawn.push({ what: 'move', style: g.strokeStyle, at }),
        lineTo: (...at: number[]) => void drawn.push({ what: 'line', style: g.strokeStyle, at }),
    };
    const draw = (v: View) => drawView(g as unknown as CanvasRenderingContext2D, v, { start: 10, end: 18 }, 100, 50, look);
    return { drawn, draw };
}

test('a signal is drawn between its bounds, with gaps where there is nothing', () => {
    expect(extent(signal)).toEqual([0, 2]);
    const { drawn, draw } = paper();
    draw(signal);
    const columns = drawn.filter((d) => d.what === 'rect');
    expect(columns.map((d) => d.at[0])).toEqual([0, 25, 75]);
    expect(columns.at(-1)!.at[1]).toBeCloseTo(1);
    const [first, second] = columns;
    expect(second!.at[1]! + second!.at[3]!).toBeCloseTo(first!.at[1]!, 0);     /* the line has no holes */
    expect(words(signal)).toBe('0 to 2');
    expect(words({ ...signal, rows: [row(0, 0, [0.25, 0.25])] })).toBe('0.25');
    expect(words({ ...signal, rows: [] })).toBe('no such channel');
    expect(words({ ...signal, shape: [0, 4, 1], rows: [] })).toBe('no heads');
});

test('a colour is a stripe for each head, and one channel of it is a line', () => {
    const color: SignalView = {
        type: 'signal', shape: [2, 1, 3], columns: 1,
        rows: [row(0, 0, [1]), row(0, 1, [0]), row(0, 2, [0.5]), row(1, 0, [0]), row(1, 1, [2]), row(1, 2, [null])],
    };
    const { drawn, draw } = paper();
    draw(color);
    expect([...new Set(drawn.map((d) => d.style))]).toEqual(['rgba(255,0,128,1)', 'rgba(0,255,0,1)']);
    expect(words(color)).toBe('colour, 2 heads');
    expect(words({ ...color, rows: [row(0, 1, [0]), row(1, 1, [1])] })).toBe('0 to 1, 2 heads');
});

test('a path is drawn as it goes, upwards being up, and lifts where it is not known', () => {
    const { drawn, draw } = paper();
    draw({ type: 'path', shape: [1, 4, 2], columns: 4, rows: [{ head: 0, u: [0, 1, null, 0], v: [0, 1, 0, 0] }] });
    const line = drawn.filter((d) => d.what === 'move' || d.what === 'line');
    expect(line.map((d) => d.what)).toEqual(['move', 'line', 'move']);
    expect(line[1]!.at).toEqual([73, 2]);
});

test('beats stand where they are in the stretch', () => {
    const { drawn, draw } = paper();
    draw({ type: 'grid', bpm: 120, assumed: true, beats: [10, 14] });
    expect(drawn.map((d) => d.at[0])).toEqual([0, 50]);
    expect(words({ type: 'grid', bpm: 120, assumed: true, beats: [] })).toBe('120 bpm, assumed');
});

test('sound that is not there says so and draws nothing', () => {
    const { drawn, draw } = paper();
    draw({ type: 'audio', missing: true });
    draw({ type: 'mel', missing: true });
    expect(drawn).toEqual([]);
    expect(words({ type: 'mel', missing: true })).toBe('no decoded sound');
});

test('a spectrogram has its low notes below', () => {
    const { drawn, draw } = paper();
    draw({ type: 'mel', bands: 2, columns: 1, data: btoa(String.fromCharCode(255, 0)) });
    expect(drawn.length).toBe(100 * 50);
    expect(drawn.every((d) => d.style === 'audio')).toBe(true);
});

test('only a graph with view nodes is looked at', () => {
    const types = new Map([['v', { id: 'v', category: 'Views', label: '', help: '', inputs: [], outputs: [], params: [] } satisfies NodeType]]);
    const graph: Graph = { nodes: [{ id: 'a', type: 'x', params: {}, x: 0, y: 0 }], edges: [], args: [] };
    expect(hasViews(graph, types)).toBe(false);
    expect(hasViews({ ...graph, nodes: [...graph.nodes, { id: 'b', type: 'v', params: {}, x: 0, y: 0 }] }, types)).toBe(true);
});
