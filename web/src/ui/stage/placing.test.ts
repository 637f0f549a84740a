import { expect, test, vi } from 'vitest';

const edits = vi.hoisted(() => ({ made: [] as { label: string; update: Map<string, unknown> }[], refuse: false }));
vi.mock('../../commands/fixtures', () => ({
    editFixtures: (label: string, _base: string, rows: { id: string; version: number }[], { update }: { update: Map<string, unknown> }) => {
        if (edits.refuse) return Promise.reject(new Error('no'));
        edits.made.push({ label, update });
        return Promise.resolve({ created: [], deleted: [], updated: rows.filter((r) => update.has(r.id)).map((r) => ({ ...r, version: r.version + 1 })) });
    },
}));
vi.mock('../../state/attempt', () => ({
    attempt: async (_: string, run: () => Promise<unknown>) => {
        try {
            await run();
            return true;
        } catch {
            return false;
        }
    },
}));

import type { Fixture } from '../../api/types';
import { moved } from '../../view/drag';
import { Editing } from '../../view/editing';
import { Eye } from '../../view/eye';
import { thingsOf } from '../../view/patch';
import type { Stage } from '../../view/scene';
import { change, offered, Placing } from './placing';

const row = (id: string, x: number, version = 1) =>
    ({ id, version, label: id, pos_x: x, pos_y: 0, pos_z: 4, rot_x: 0, rot_y: 0, rot_z: 0, universe: 1, address: 1, manufacturer: '', model: '' }) as Fixture;

function stand(...rows: Fixture[]) {
    const things = thingsOf([], rows);
    const editing = new Editing(new Eye(), () => undefined);
    editing.setThings(new Map(things.map((t) => [t.id, t])));
    editing.setPicked(rows.map((r) => r.id));
    editing.canMove = true;
    const placing = new Placing();
    placing.stage = { editing, things } as unknown as Stage;
    placing.rows = rows;
    edits.made.length = 0;
    return { placing, editing, x: (i = 0) => editing.placeOf(things[i]!).x };
}
const right = (p: Parameters<typeof moved>[0]) => moved(p, { x: 0.5, y: 0, z: 0 });

test('only what becomes another is sent', () => {
    const at = { x: 1, y: 0, z: 4, rot_x: 0, rot_y: 0, rot_z: 0 };
    expect(change(at, { ...at, x: 2, rot_z: 1 })).toEqual({ pos_x: 2, rot_z: 1 });
});
test('it is seen at once, and stays until lumad says where it is', async () => {
    const { placing, x } = stand(row('a', 1));
    placing.put('move', right);
    expect(x()).toBe(1.5);
    await vi.waitFor(() => expect(edits.made).toHaveLength(1));
    placing.take([row('a', 1, 1)]); /* an answer from before */
    expect(x()).toBe(1.5);
    await vi.waitFor(() => {
        placing.take([row('a', 7, 2)]);
        expect(x()).toBe(1); /* the thing itself is of the next patch */
    });
});
test('what is refused goes back', async () => {
    const { placing, x } = stand(row('a', 1));
    edits.refuse = true;
    placing.put('move', right);
    await vi.waitFor(() => expect(x()).toBe(1));
    edits.refuse = false;
});
test('keys that follow each other are one edit from where it began', () => {
    const { placing, x } = stand(row('a', 1), row('b', 3));
    placing.nudge('move', right);
    placing.nudge('move', right);
    expect([x(0), x(1)]).toEqual([2, 4]);
    placing.flush();
    expect(edits.made.map((e) => [...e.update.values()])).toEqual([[{ pos_x: 2 }, { pos_x: 4 }]]);
});
test('and none when they lead back, or are abandoned', () => {
    const { placing, x } = stand(row('a', 1));
    placing.nudge('move', right);
    placing.nudge('move', (p) => moved(p, { x: -0.5, y: 0, z: 0 }));
    placing.flush();
    placing.nudge('move', right);
    expect(placing.abandon()).toBe(true);
    expect([edits.made.length, x()]).toEqual([0, 1]);
});
test('what a tool offers is seen, and no drag begins there', () => {
    const { editing, x } = stand(row('a', 1));
    editing.offer(offered(thingsOf([], [row('a', 1)]), new Map([['a', { pos_x: 5 }]])));
    expect(x()).toBe(5);
    expect(editing.places().get('a')!.x).toBe(1);
});
