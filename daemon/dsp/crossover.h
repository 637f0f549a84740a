#pragma once
/*
 * Splits a signal into low, mid and high: two Linkwitz-Riley crossovers of fourth order (two Butterworth biquads in a row,
 * -6 dB at the crossing), so that the three bands add up to a signal of the same level.
 *
 * THREADS  One at a time; nothing allocated, real-time safe.
 */
#include "dsp/biquad.h"

struct crossover { struct biquad low[2], above[2], mid[2], high[2]; };

void crossover_init(struct crossover *c, double low_hz, double high_hz, double rate);
void crossover_run(struct crossover *c, double x, double band[3]);
