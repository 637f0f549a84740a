/* The running show. */

export type ShowMode = 'off' | 'score' | 'live';

export interface Show {
    venue_id: string | null;
    score_id: string | null;
    track_id?: string | null;
    mode: ShowMode;
    blackout: boolean;
    freeze: boolean;
    master: number;
    /* Of the active venue, in its order. */
    group_masters: GroupMaster[];
}

export interface GroupMaster {
    group_id: string;
    name: string;
    color?: string | null;
    level: number;
    heads: number;
}

export interface Autoplay {
    enabled: boolean;
    venue_id: string | null;
    score_id: string | null;
    repeat: 'once' | 'loop';
    resume?: boolean;
}
