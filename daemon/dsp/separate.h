#pragma once
/*
 * Separates a recording into drums, bass, vocals and other (everything else). The four parts add up to the recording.
 *
 * Each place of the spectrogram (4096 samples, a quarter of them further each time) of middle and side is shared out. What is known of a place: where it lies; whether what is
 * there lasts or spreads over the spectrum (medians along time and along frequency: D. FitzGerald, DAFx 2010), at several lengths; whether it comes again in the frames that
 * resemble this one (Z. Rafii, B. Pardo, ISMIR 2012); how far it stands to the side; whether something hits low, in the middle or high; whether it is a partial of the strongest
 * line of pitches in the bass or above (harmonic sums, a Viterbi path). A network of two small layers makes four shares of that, for the middle and for the side
 * (separate_weights.c says how it learnt).
 *
 * Works on pieces of 27 s with 4 s on either side of what is around them: memory (about 110 MB) does not grow with the recording. The same on every run.
 *
 * THREADS  Pure but for read, write and progress; allocates. None of them is called from another thread.
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
