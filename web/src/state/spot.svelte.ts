/* What a room asks the stage to point at: heads that an expression picks, and the group whose axes and movement base are drawn. Who asked takes it back. */
import type { Group } from '../api/types';

class Spot {
    /* "<fixture id>:<head>", as POST /venues/{id}/select answers. */
    heads = $state.raw<readonly string[]>([]);
    group = $state.raw<Group | null>(null);

    clear = () => {
        this.heads = [];
        this.group = null;
    };
}

export const spot = new Spot();
