#pragma once
/*
 * A limiter of true peaks: what comes out stays below the ceiling between the samples too, where a converter or a lossy coder finds it.
 *
 * Peaks are looked for as several meters would find them (dsp/peaks.h). The gain that each needs is held over the look-ahead, recovers along an exponential, and is averaged twice
 * over half of the look-ahead, so that it has arrived, smoothly, when the peak leaves. Both channels get the same gain. Below the ceiling the samples pass as they are, late by the latency.
 *
 * What comes out is below the ceiling by libebur128 and by the meters of audio/meters.h, noise right up to half of the rate included, and less than 0.1 dB above it by FFmpeg, whose
 * interpolator is another. Read by one of hundreds of taps, such noise may be 0.6 dB above between its samples; what ends at 0.45 of the rate is 0.05 at most. The samples themselves never are.
 *
 * As dsp/fx.h says.
 */
#include "dsp/fx.h"
#include "dsp/peaks.h"

enum {
    LIMITER_AROUND = 2,                         /* frames on either side of a peak that get its gain: the interpolation reads them most */
    LIMITER_MOST = 240,                         /* frames of look-ahead at most: 5 ms at 48 kHz */
    LIMITER_RING = 512,                         /* a power of two, more than anything is late */
    LIMITER_QUEUE = 256,                        /* a power of two, more than a gain is held */
    LIMITER_SMOOTH = 128,                       /* a power of two, more than half of the look-ahead */
};

struct fx_limiter {
    float history[2][PEAKS_LAP + FX_BLOCK];     /* what the interpolators still need, then what is new */
    fx_pair delay[LIMITER_RING];
    struct { uint32_t need, at; } queue[LIMITER_QUEUE];  /* gains that can still become the least, 2^30 = 1; the last is the highest */
    uint32_t first, last;                       /* of the queue, counted on */
    uint32_t smooth_1[LIMITER_SMOOTH];          /* what is averaged; sums of whole numbers stay exact */
    uint64_t smooth_2[LIMITER_SMOOTH], sum_1, sum_2;
    uint32_t length_1, length_2;
    double gain;                                /* behind the release */
    double recovery;                            /* how much of the way back in a frame */
    double ceiling, wanted, step;
    uint32_t need_before;                       /* of the interval before the newest one */
    uint32_t at;                                /* counts frames */
    uint32_t left, ramp;
    double rate;
};

/* Frames by which the output is late. */
uint32_t fx_limiter_latency(double look_ahead_ms, double rate);
void fx_limiter_init(struct fx_limiter *f, double look_ahead_ms, double rate);          /* 0.1 ms .. LIMITER_MOST frames: held there */
void fx_limiter_set(struct fx_limiter *f, double ceiling_db, double release_ms);
void fx_limiter_run(struct fx_limiter *f, fx_pair *x, uint32_t n);
