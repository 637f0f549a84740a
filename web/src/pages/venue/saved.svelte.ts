/* Expressions somebody wants at hand again: per venue, in this browser. */
const MOST = 20;

class Saved {
    all = $state.raw<readonly string[]>([]);

    constructor(private readonly key: string) {
        try {
            const stored: unknown = JSON.parse(localStorage.getItem(key) ?? '[]');
            if (Array.isArray(stored)) this.all = stored.filter((s) => typeof s === 'string').slice(0, MOST);
        } catch {
            /* nothing that can be read is nothing kept */
        }
    }

    keep = (text: string) => this.set([text, ...this.all.filter((t) => t !== text)].slice(0, MOST));
    forget = (text: string) => this.set(this.all.filter((t) => t !== text));

    private set(all: readonly string[]) {
        this.all = all;
        try {
            localStorage.setItem(this.key, JSON.stringify(all));
        } catch {
            /* kept for as long as the page lives */
        }
    }
}

const venues = new Map<string, Saved>();
export function savedIn(venueId: string): Saved {
    const found = venues.get(venueId) ?? new Saved(`lumad.expressions.${venueId}`);
    venues.set(venueId, found);
    return found;
}
