/* The optional model that separates stems, in words. Pure. */
import type { StemModel } from '../../api/types';

export const STATES: Record<StemModel['state'], { text: string; tone: 'ok' | 'warn' | 'dim' }> = {
    missing: { text: 'not installed', tone: 'dim' },
    asks: { text: 'licence not accepted', tone: 'warn' },
    off: { text: 'off', tone: 'dim' },
    ready: { text: 'in use', tone: 'ok' },
};

/* What it means for the next track. */
export function meaning(m: Pick<StemModel, 'state' | 'memory_mb'>): string {
    const gigabytes = (m.memory_mb / 1000).toFixed(1);
    switch (m.state) {
        case 'missing':
            return 'Stems are separated by signal processing.';
        case 'asks':
            return 'The model is on this machine and is not used, because nobody has accepted its licence. Stems are separated by signal processing.';
        case 'off':
            return 'It is switched off under Library. Stems are separated by signal processing.';
        case 'ready':
            return `Stems are separated by the model: about 40 s of computing time for a minute of sound and ${gigabytes} GB of memory, one track at a time. Tracks that were separated before stay as they are until they are analysed again.`;
    }
}
