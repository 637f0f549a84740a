/* The clip lamps, the same on every meter of the page: put out on one they are out on all. */
import { ClipLamp } from '../../view/meters';

class Lamps {
    counts = $state.raw<number[]>([0, 0]);
    private lamp = new ClipLamp();

    push(clips: readonly number[]) {
        this.lamp.push(clips);
        this.show();
    }
    reset = () => {
        this.lamp.reset();
        this.show();
    };
    get total() {
        return this.counts.reduce((sum, n) => sum + n, 0);
    }
    private show() {
        const counts = [0, 1].map(this.lamp.count);
        if (counts.some((n, i) => n !== this.counts[i])) this.counts = counts;
    }
}

export const lamp = new Lamps();
