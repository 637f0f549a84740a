/* Fixtures stay chosen while one goes to other rooms; another venue has others. */
import { picked } from '../../state/picked.svelte';

let venue: string | null = null;

export function chosenIn(id: string) {
    if (venue !== id) picked.set([]);
    venue = id;
}
