#pragma once
/*
 * What stands around the network htdemucs (Rouard, Massa, Défossez 2022) when it runs without its own library: the spectra it reads and writes, and how the segments it
 * was taught on become a track. Everything at 44.1 kHz.
 *
 * The spectrum is that of torch.stft with a periodic Hann window of 4096, hop 1024, scaled by 1 / sqrt(4096), without the highest bin; the signal is extended by reflection,
 * so that frame t is centred at sample 1024 t + 512.
 *
 * Segments begin every 257985 samples; in the quarter that two share they are faded into each other with triangular weights. The last one, which is shorter, stands in the
 * middle of what the network reads: sound of before it on its left, silence on its right.
 *
 * THREADS  One at a time per struct. Nothing is allocated after _new().
 */
#include <stddef.h>
#include <stdint.h>

/* Its files, wherever they are installed, and the weights that these segments and spectra belong to. */
#define DEMUCS_MODEL   "htdemucs.onnx"
#define DEMUCS_RUNTIME "libonnxruntime.so.1"
#define DEMUCS_SHA256  "da9e5101ee0804d04933974b59d8aae9c862e80e14f2f24e7c74cae76bdbe748"

enum {
    DEMUCS_SEGMENT = 343980, DEMUCS_STRIDE = 257985,            /* 7.8 s; three quarters of it */
    DEMUCS_FFT = 4096, DEMUCS_HOP = 1024, DEMUCS_BINS = 2048, DEMUCS_FRAMES = 336,
    DEMUCS_PLANE = DEMUCS_BINS * DEMUCS_FRAMES,
};

/* --- spectra of one segment of one channel; re and im are planes [bin][frame] --- */

struct demucs_stft;

struct demucs_stft *demucs_stft_new(void);                      /* NULL: no memory */
void demucs_stft_free(struct demucs_stft *f);                   /* NULL is fine */
void demucs_spectrum(struct demucs_stft *f, const float *x, float *re, float *im);
void demucs_add_signal(struct demucs_stft *f, const float *re, const float *im, float *x);     /* what has this spectrum, added to x */

/* --- from segments to a track --- */

/* Frames offset .. offset + n of the track are those from skip on of the DEMUCS_SEGMENT frames that begin at `from`, which may be before the track or reach beyond it. */
struct demucs_segment { uint64_t offset; size_t n; int64_t from; size_t skip; };

size_t demucs_segments(uint64_t frames);                        /* of a track of so many frames */
struct demucs_segment demucs_segment(uint64_t frames, size_t k);

struct demucs_join;

struct demucs_join *demucs_join_new(int channels);
void demucs_join_free(struct demucs_join *j);
/* x[c] + s->skip: what became of the segment. Segments in their order. Returns how many further frames of the track are done, in out[c] until the next call. */
size_t demucs_join_add(struct demucs_join *j, const struct demucs_segment *s, uint64_t frames, float *const x[], const float *out[]);
