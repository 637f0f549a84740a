/* One file to POST /tracks. XMLHttpRequest, because fetch() cannot report what was sent. */
import { ApiError, BASE, problem } from './client';
import type { Track } from './types';

export interface Upload {
    /* isNew false: the very same file was there already. */
    done: Promise<{ track: Track; isNew: boolean }>;
    abort(): void;
}

const BY_SUFFIX: Record<string, string> = {
    wav: 'audio/wav',
    flac: 'audio/flac',
    ogg: 'audio/ogg',
    oga: 'audio/ogg',
    opus: 'audio/ogg',
    mp3: 'audio/mpeg',
    aif: 'audio/aiff',
    aiff: 'audio/aiff',
};

export const ACCEPTED = Object.keys(BY_SUFFIX).map((s) => `.${s}`);

export function audioType(name: string, type: string): string | null {
    const suffix = /\.([a-z0-9]+)$/i.exec(name)?.[1]?.toLowerCase() ?? '';
    return BY_SUFFIX[suffix] ?? (type.startsWith('audio/') ? type : null);
}

export function upload(file: File, progress: (sent: number) => void): Upload {
    const type = audioType(file.name, file.type);
    if (!type) {
        const text = `"${file.name}" is no audio file lumad knows (${ACCEPTED.join(', ')}).`;
        return {
            done: Promise.reject(new ApiError(415, 'Not an audio file', text)),
            abort: () => undefined,
        };
    }
    const xhr = new XMLHttpRequest();
    const done = new Promise<{ track: Track; isNew: boolean }>((resolve, reject) => {
        xhr.open('POST', `${BASE}/tracks?filename=${encodeURIComponent(file.name)}`);
        xhr.setRequestHeader('Content-Type', type);
        xhr.responseType = 'json';
        xhr.upload.onprogress = (e) => progress(e.lengthComputable ? e.loaded / e.total : 0);
        xhr.onload = () => {
            const isDone = xhr.status >= 200 && xhr.status < 300;
            if (isDone) resolve({ track: xhr.response as Track, isNew: xhr.status === 201 });
            else reject(problem(xhr.status, xhr.statusText, xhr.response));
        };
        xhr.onerror = () =>
            reject(new ApiError(0, 'Upload broken off', 'The connection was lost; nothing was stored.'));
        xhr.onabort = () => reject(new ApiError(0, 'Cancelled', 'Cancelled; nothing was stored.', 'aborted'));
        xhr.send(file);
    });
    return { done, abort: () => xhr.abort() };
}
