#pragma once
/*
 * Separates a recording into drums, bass, vocals and other (everything else) without a trained model. The four parts add up to the recording.
 *
 * Works on pieces of half a minute with some seconds of what is around them: memory does not grow with the recording, and any piece may be read at any time.
 * The same on every run. Pure but for `read` and `write`; allocates.
 */
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

enum { SEPARATE_DRUMS, SEPARATE_BASS, SEPARATE_VOCALS, SEPARATE_OTHER, SEPARATE_PARTS };

struct separate_io {
    void *ctx;
    uint64_t frames;
    double rate;                        /* 44100 or 48000 is what it is made for */
    int channels;                       /* of the recording: 1 = both sides are the same, which costs half */
    /* n frames of interleaved stereo from frame `from` on, which may lie before the beginning or behind the end: zeros. Finite numbers only. */
    enum lm_err (*read)(void *ctx, int64_t from, size_t n, float *out);
    /* The next n frames of each part, interleaved stereo. */
    enum lm_err (*write)(void *ctx, const float *const part[SEPARATE_PARTS], size_t n);
    void (*progress)(void *ctx, double part);       /* 0..1, every few seconds; may be NULL */
};

enum lm_err separate(const struct separate_io *io);
