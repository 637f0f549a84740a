#pragma once
/*
 * How high a signal gets between its samples, as those who measure it later will find.
 *
 * Near the top of the range no two meters read the same: each interpolates with a filter of its own, and none has the infinite one. So what counts is the highest
 * that any of these reads:
 *
 *   eight values a frame    right up to 0.47 of the rate (20.7 kHz of 44.1): half-way by 64 taps, and between those halves and the samples by 10
 *   ITU-R BS.1770-4         four values a frame by the 12 taps of annex 2, as the meters here do (dsp/kweight.h)
 *   libebur128              which most meters of loudness are made of: four values by 12 taps below 96 kHz, two by 24 from there on
 *
 * THREADS  Any; nothing is allocated, real-time safe.
 */
#include <stdint.h>

enum {
    PEAKS_BEFORE = 33, PEAKS_BEHIND = 34,       /* samples that are read before the one where a frame begins, and after it */
    PEAKS_LAP = PEAKS_BEFORE + PEAKS_BEHIND,
    PEAKS_MOST = 64,                            /* frames at a time */
};
/* More than what any of them weighs in all: how much higher than the samples a value between them may be. */
#define PEAKS_REACH 3.0f

/*
 * Raises most[i] to the highest from x[PEAKS_BEFORE + i] to the sample behind it, those two counted. n is at most PEAKS_MOST and rounded up to fours:
 * x has PEAKS_LAP samples more than that.
 */
void peaks_between(const float *x, uint32_t n, float *most);
