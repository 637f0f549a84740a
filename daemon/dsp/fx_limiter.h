#pragma once
/*
 * A limiter of true peaks: what comes out stays below the ceiling between the samples too, where a converter or a lossy coder finds it.
 *
 * Peaks are looked for at eight times the rate (twice what ITU-R BS.1770-4, annex 2 asks for, with longer filters: its own interpolator misses up to 0.7 dB near
 * the top of the range). The gain that each needs is held over the look-ahead, recovers along an exponential, and is averaged twice over half of the look-ahead,
 * so that it has arrived, smoothly, when the peak leaves. Both channels get the same gain. Below the ceiling the samples pass as they are, late by the latency.
 *
 * As dsp/fx.h says.
 */
#include "dsp/fx.h"

enum {
    LIMITER_PHASES = 8, LIMITER_TAPS = 24, LIMITER_BEFORE = LIMITER_TAPS / 2,      /* frames that are known before a peak is */
    LIMITER_MOST = 256,                         /* frames of look-ahead at most: 5 ms at 48 kHz */
    LIMITER_RING = 512,                         /* a power of two, more than all that is late */
};

struct fx_limiter {
    float history[2][LIMITER_TAPS + FX_BLOCK];  /* what the interpolator still needs, then what is new */
    fx_pair delay[LIMITER_RING];
    uint32_t need[LIMITER_RING];                /* gain each frame needs, 2^30 = 1; a monotonic queue of those that can still be the least */
    uint32_t need_at[LIMITER_RING];
    uint32_t first, last;                       /* of the queue */
    uint32_t smooth[2][LIMITER_MOST];           /* what is averaged */
    uint64_t sum[2];                            /* exact: gains are whole numbers here */
    uint32_t length[2];                         /* of the averages */
    double gain;                                /* behind the release */
    double recovery;                            /* how much of the way back in a frame */
    struct { double now, wanted, step; } ceiling;
    uint32_t before_need;                       /* of the interval before the newest frame */
    uint32_t at;                                /* counts frames */
    uint32_t look_ahead, left, ramp;
    double rate;
};

/* Frames by which the output is late. */
uint32_t fx_limiter_latency(double look_ahead_ms, double rate);
void fx_limiter_init(struct fx_limiter *f, double look_ahead_ms, double rate);          /* 0.1 ms .. LIMITER_MOST frames: held there */
void fx_limiter_set(struct fx_limiter *f, double ceiling_db, double release_ms);
void fx_limiter_run(struct fx_limiter *f, fx_pair *x, uint32_t n);
