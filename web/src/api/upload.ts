/* One file to POST /tracks. XMLHttpRequest, because fetch() cannot report what was sent. */
import { ApiError, BASE, gone, problem } from './client';
import { door } from './door';
import { ACCEPTED, audioType } from './formats';
import type { Track } from './types';

export interface Upload {
    /* isNew false: the very same file was there already. */
    done: Promise<{ track: Track; isNew: boolean }>;
    abort(): void;
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
