/* What audio files are called, and what a request that brings one says it is. */
const BY_SUFFIX: Record<string, string> = {
    wav: 'audio/wav',
    wave: 'audio/wav',
    w64: 'audio/x-w64',
    flac: 'audio/flac',
    ogg: 'audio/ogg',
    oga: 'audio/ogg',
    opus: 'audio/ogg',
    mp3: 'audio/mpeg',
    aif: 'audio/aiff',
    aiff: 'audio/aiff',
    aifc: 'audio/aiff',
    caf: 'audio/x-caf',
    m4a: 'audio/mp4',
    m4b: 'audio/mp4',
    aac: 'audio/aac',
    wma: 'audio/x-ms-wma',
    wv: 'audio/x-wavpack',
};

export const ACCEPTED = Object.keys(BY_SUFFIX).map((s) => `.${s}`);

export function audioType(name: string, type: string): string | null {
    const suffix = /\.([a-z0-9]+)$/i.exec(name)?.[1]?.toLowerCase() ?? '';
    return BY_SUFFIX[suffix] ?? (type.startsWith('audio/') ? type : null);
}
