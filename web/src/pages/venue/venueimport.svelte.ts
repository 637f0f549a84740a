/*
 * Venue files on their way in, one after the other: a name is free as long as no other took it. Not of a component: the room is made anew around the venue
 * that came in, while the next file is still being read.
 */
import { asError, type ApiError } from '../../api/client';
import { Turns } from '../../commands/turns';
import { importVenue } from './venueacts';

class VenueImport {
    failure = $state.raw<{ file: string; error: ApiError } | null>(null);
    private waiting = $state(0);
    private readonly turns = new Turns();

    get isBusy(): boolean {
        return this.waiting > 0;
    }

    /* True: it is here; else `failure` says why not. */
    async take(file: File): Promise<boolean> {
        this.waiting++;
        const error = await this.turns.run(() => importVenue(file)).catch(asError);
        this.waiting--;
        if (error) this.failure = { file: file.name, error };
        return !error;
    }
}

export const venueImport = new VenueImport();
