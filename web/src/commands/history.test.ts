import { beforeEach, expect, test, vi } from 'vitest';
import { ApiError } from '../api/client';
import { toasts } from '../state/toasts.svelte';
import { history } from './history.svelte';

const step = (label: string, log: string[]) => ({
    label,
    undo: async () => void log.push(`undo ${label}`),
    redo: async () => void log.push(`redo ${label}`),
});

beforeEach(() => {
    vi.useFakeTimers();
    history.done = [];
    history.undone = [];
    toasts.items = [];
});

test('undo and redo go back and forth in order', async () => {
    const log: string[] = [];
    history.push(step('a', log));
    history.push(step('b', log));
    await history.undo();
    await history.undo();
    await history.undo(); /* nothing left */
    await history.redo();
    expect(log).toEqual(['undo b', 'undo a', 'redo a']);
});

test('a new edit forgets what was undone', async () => {
    const log: string[] = [];
    history.push(step('a', log));
    await history.undo();
    history.push(step('c', log));
    await history.redo();
    expect(log).toEqual(['undo a']);
});

test('an undo that is refused is said and not tried again', async () => {
    history.push({
        label: 'move',
        undo: () => Promise.reject(new ApiError(412, 'stale', 'changed elsewhere')),
        redo: async () => undefined,
    });
    await history.undo();
    expect(history.done).toHaveLength(0);
    expect(history.undone).toHaveLength(0);
    expect(toasts.items[0]?.text).toBe('changed elsewhere');
});

test('an undo without an answer is still there when the connection is', async () => {
    let isThere = false;
    history.push({ label: 'move', undo: () => (isThere ? Promise.resolve() : Promise.reject(new TypeError('Failed to fetch'))), redo: async () => undefined });
    await history.undo();
    expect(history.next('undo')).toBe('move');
    isThere = true;
    await history.undo();
    expect(history.next('redo')).toBe('move');
});

test('a drag is one step that undoes to where it began', async () => {
    const log: string[] = [];
    history.push(step('drag', log));
    history.extend(async () => void log.push('redo to the end'));
    expect(history.isLast('drag')).toBe(true);
    await history.undo();
    await history.redo();
    expect(log).toEqual(['undo drag', 'redo to the end']);
});

test('a note that offers to undo goes when something else is the last edit', async () => {
    const log: string[] = [];
    history.push(step('delete', log));
    toasts.noteUndo('Deleted', () => void history.undo());
    toasts.note('something else');
    expect(toasts.items).toHaveLength(2);
    history.push(step('other', log));
    expect(toasts.items.map((t) => t.title)).toEqual(['something else']);
});

test('behind the last step of the session lumad is asked, and a move there drops the steps it moved under', async () => {
    const log: string[] = [];
    history.beyond = {
        label: (way) => (way === 'undo' ? 'older' : null),
        undo: async () => void log.push('lumad undo'),
        redo: async () => void log.push('lumad redo'),
    };
    history.push({ ...step('block', log), isKept: true });
    history.push(step('fixture', log));
    expect(history.next('undo')).toBe('fixture');
    await history.undo();
    await history.undo();
    expect(history.next('undo')).toBe('older');
    await history.undo();
    expect(log).toEqual(['undo fixture', 'undo block', 'lumad undo']);
    history.forgetKept();
    expect(history.undone.map((s) => s.label)).toEqual(['fixture']);
    await history.redo();
    expect(history.next('redo')).toBeNull();
    await history.redo(); /* nothing there either */
    expect(log.at(-1)).toBe('redo fixture');
    history.beyond = null;
});

test('whoever comes in undoes nothing of somebody else, and does not wait for it', async () => {
    const log: string[] = [];
    let done = () => undefined as void;
    void history.during(new Promise<void>((resolve) => (done = resolve)));
    history.push(step('theirs', log));
    const undo = history.undo(); /* waits for the edit */
    history.forget();
    history.push(step('mine', log));
    await history.undo();
    done();
    await undo;
    expect([log, history.next('undo')]).toEqual([['undo mine'], null]);
});

test('two asked for in quick succession are two steps, the second behind the first', async () => {
    const log: string[] = [];
    let answer = () => {};
    history.push(step('first', log));
    history.push({ label: 'second', undo: () => new Promise<void>((done) => (answer = done)), redo: async () => undefined });
    const both = [history.undo(), history.undo()];
    await vi.advanceTimersByTimeAsync(0);
    expect(log).toEqual([]);
    answer();
    await Promise.all(both);
    expect([log, history.undone.map((s) => s.label)]).toEqual([['undo first'], ['second', 'first']]);
});

test('an undo that is on its way can be redone already', async () => {
    const log: string[] = [];
    history.push(step('only', log));
    const undone = history.undo();
    expect([history.next('redo'), history.isWorking]).toEqual([null, true]);
    await Promise.all([undone, history.redo()]);
    expect(log).toEqual(['undo only', 'redo only']);
});

test('an edit that is on its way can be undone already', async () => {
    const log: string[] = [];
    let arrive = () => {};
    void history.during(new Promise<void>((done) => (arrive = done)).then(() => history.push(step('late', log))));
    expect([history.next('undo'), history.isWorking]).toEqual([null, true]);
    const undone = history.undo();
    arrive();
    await undone;
    await history.settled();
    expect([log, history.isWorking]).toEqual([['undo late'], false]);
});

test('the undo of an edit that then fails undoes no other', async () => {
    const log: string[] = [];
    history.push(step('before', log));
    let fail = () => {};
    const edit = history.during(new Promise<void>((_, reject) => (fail = () => reject(new ApiError(409, 'No', 'in the way')))));
    const undone = history.undo();
    fail();
    await expect(edit).rejects.toThrow('in the way');
    await undone;
    expect([log, history.next('undo'), history.isWorking]).toEqual([[], 'before', false]);
    await history.undo();
    expect(log).toEqual(['undo before']);
});
