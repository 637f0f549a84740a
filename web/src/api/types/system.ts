/* The machine: its state, warnings and settings. */

export interface Warning {
    id: string;
    level: string; /* "error": the show is affected; "warn": it goes on; "info": nothing is wrong */
    message: string;
    since: string;
}

export interface System {
    version: string;
    uptime_s: number;
    warnings: Warning[];
    audio?: unknown;
    dmx?: unknown;
    sync?: unknown;
    jobs?: unknown;
}

export interface SettingRow {
    key: string;
    label: string;
    type: string;
    default?: unknown;
    min?: number | null;
    max?: number | null;
    unit?: string | null;
    options?: (string | { value: string; label: string })[] | null;
    help?: string | null;
    group?: string | null;
}
