/* Lights the fixtures one after the other, in the order in which they were chosen; asked for again, it stops. */
import { post } from '../api/client';
import { attempt } from './attempt';

const EACH_MS = 650; /* lumad lights one for 600 */

class Identify {
    /* The one that is lit now. */
    at = $state<string | null>(null);
    private turn = 0;

    run = async (ids: readonly string[]) => {
        const turn = ++this.turn;
        if (this.at !== null) {
            this.at = null;
            return;
        }
        for (const id of ids) {
            this.at = id;
            if (!(await attempt('Identify', () => post(`/fixtures/${id}/identify`)))) break;
            await new Promise((resolve) => setTimeout(resolve, EACH_MS));
            if (turn !== this.turn) return;
        }
        this.at = null;
    };
}

export const identify = new Identify();
