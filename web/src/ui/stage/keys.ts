/* The keys of the stage. What is chosen moves with the arrows; with Alt, or while nothing is chosen, they turn the view. */
import { identify } from '../../state/identify.svelte';
import { picked } from '../../state/picked.svelte';
import { ANGLE, middle, moved, turned, type Placement } from '../../view/drag';
import type { Axis, Point } from '../../view/layout';
import type { Stage } from '../../view/scene';
import type { Placing } from './placing';

const ARROWS: Record<string, [number, number]> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
const FINE = 0.01; /* metres */
const FINE_ANGLE = Math.PI / 180;

export interface KeyWorld {
    stage: Stage;
    placing: Placing;
    canPick: boolean;
    canIdentify: boolean;
    isEach: boolean;
}

const times = (p: Point, by: number): Point => ({ x: p.x * by, y: p.y * by, z: p.z * by });

/* True: the key was ours. */
export function stageKey(e: KeyboardEvent, w: KeyWorld): boolean {
    const { stage, placing } = w;
    if (e.key === 'Escape') return escape(w);
    if ((e.ctrlKey || e.metaKey) && e.key.toLowerCase() === 'a' && w.canPick) {
        picked.set(stage.things.map((t) => t.id));
        return true;
    }
    if (e.ctrlKey || e.metaKey) return false;
    const arrow = ARROWS[e.key];
    const n = stage.editing.places().size;
    const isMoving = n > 0 && stage.editing.canMove && !e.altKey;
    const what = n === 1 ? 'fixture' : `${n} fixtures`;
    if (isMoving && (arrow || e.key === 'PageUp' || e.key === 'PageDown')) {
        const [right, up] = arrow ?? [0, 0];
        if (stage.editing.tool === 'turn' && arrow) {
            const angle = (e.shiftKey ? FINE_ANGLE : ANGLE) * (right || up);
            const axis: Axis = right ? 'z' : 'x';
            placing.nudge(`turn ${what}`, (p) => turned(p, axis, axis === 'z' ? -angle : angle, w.isEach || p.size === 1 ? null : middle(p.values())));
            return true;
        }
        const step = e.shiftKey ? FINE : stage.editing.step || 0.1;
        const axes = stage.editing.keyAxes();
        const by = arrow ? times(right ? axes.right : axes.up, step * (right || up)) : { x: 0, y: 0, z: e.key === 'PageUp' ? step : -step };
        placing.nudge(`move ${what}`, (p): Map<string, Placement> => moved(p, by));
        return true;
    }
    if (arrow) {
        if (e.shiftKey) stage.shift(-arrow[0] * 40, arrow[1] * 40);
        else stage.orbit(arrow[0] * 0.1, arrow[1] * 0.08);
        return true;
    }
    return plain(e.key, w);
}

function plain(key: string, { stage, canIdentify }: KeyWorld): boolean {
    if (key === '+' || key === '=') stage.zoom(0.9);
    else if (key === '-') stage.zoom(1.1);
    else if (key === 'f' || key === 'F') stage.fitPicked();
    else if ((key === 'i' || key === 'I') && canIdentify && picked.size) void identify.run(picked.ids);
    else return false;
    return true;
}

function escape({ stage, placing, canPick }: KeyWorld): boolean {
    if (stage.abandon() || placing.abandon()) return true;
    if (!canPick || !picked.size) return false;
    picked.set([]);
    return true;
}
