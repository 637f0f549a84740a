/* Plug-ins in words. Pure. */
import type { Plugin } from '../../api/types';

export const STATES: Record<Plugin['state'], { text: string; tone: 'ok' | 'warn' | 'bad' }> = {
    running: { text: 'running', tone: 'ok' },
    restarting: { text: 'being started again', tone: 'warn' },
    given_up: { text: 'given up', tone: 'bad' },
    refused: { text: 'not used', tone: 'bad' },
};

export function bringsText(p: Pick<Plugin, 'nodes'>): string {
    return `${p.nodes.length === 1 ? 'Node' : 'Nodes'}: ${p.nodes.join(', ')}`;
}

/* What a person can do about it; '' when there is nothing to do. */
export function advice(p: Pick<Plugin, 'state' | 'error'>): string {
    if (p.state === 'given_up') return 'Its process ended again and again, so blocks that use it stay dark. Put a corrected file in its place, or reload it to try once more.';
    if (p.state === 'refused') return 'Put right what is said above; the file is read again when it changes.';
    if (p.state === 'restarting') return 'Blocks that use it are dark for a moment.';
    return '';
}
