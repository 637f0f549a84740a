/* One file to POST /tracks. XMLHttpRequest, because fetch() cannot report what was sent. */
import { ApiError, BASE, gone, problem } from './client';
import { door } from './door';
import type { Track } from './types';

export interface Upload {
    /* isNew false: the very same file was there already. */
    done: Promise<{ track: Track; isNew: boolean }>;
    abort(): void;
}

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

/* A body of any kind, with progress. */
export function uploadTo<T>(path: string, body: Blob, type: string, progress: (sent: number) => void): { done: Promise<{ body: T; status: number }>; abort(): void } {
    const xhr = new XMLHttpRequest();
    let isAborted = false;
    const cancelled = () => new ApiError(0, 'Cancelled', 'Cancelled; nothing was stored.', 'aborted');
    const once = () => new Promise<{ body: T; status: number }>((resolve, reject) => {
        if (isAborted) return reject(cancelled());
        xhr.open('POST', BASE + path);
        xhr.setRequestHeader('Content-Type', type);
        xhr.responseType = 'json';
        xhr.upload.onprogress = (e) => progress(e.lengthComputable ? e.loaded / e.total : 0);
        xhr.onload = () => {
            const isDone = xhr.status >= 200 && xhr.status < 300;
            if (isDone) resolve({ body: xhr.response as T, status: xhr.status });
            else reject(problem(xhr.status, xhr.statusText, xhr.response));
        };
        xhr.onerror = () =>
            reject(new ApiError(0, 'Upload broken off', 'The connection was lost; nothing was stored.'));
        xhr.onabort = () => reject(cancelled());
        xhr.send(body);
    });
    const { who } = door;
    async function whole(): Promise<{ body: T; status: number }> {
        if (!(await door.pass('POST', path, who))) throw gone();
        try {
            return await once();
        } catch (e) {
            if (e instanceof ApiError && e.status === 401 && door.refused(path)) return whole();
            throw e;
        }
    }
    return {
        done: whole(),
        abort: () => {
            isAborted = true;
            xhr.abort();
        },
    };
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
    const job = uploadTo<Track>(`/tracks?filename=${encodeURIComponent(file.name)}`, file, type, progress);
    return { done: job.done.then(({ body, status }) => ({ track: body, isNew: status === 201 })), abort: job.abort };
}
