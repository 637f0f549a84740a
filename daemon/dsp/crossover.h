#pragma once
/*
 * Splits a signal into low, mid and high: two Linkwitz-Riley crossovers of fourth order (two Butterworth biquads in a row,
 * -6 dB at the crossing), so that the three bands add up to a signal of the same level.
 *
 * THREADS  One at a time; nothing allocated, real-time safe.
 */
#include <stddef.h>

/* Two filters side by side: compilers make one instruction of what is done to both. */
typedef double crossover_pair __attribute__((vector_size(2 * sizeof(double))));
struct crossover_section { crossover_pair b0, b1, b2, a1, a2, s1, s2; };

/* [0], [1]: low beside all above it; [2], [3]: of what is above, mid beside high. */
struct crossover { struct crossover_section section[4]; };

void crossover_init(struct crossover *c, double low_hz, double high_hz, double rate);
/* Adds what n samples have in each band, squared. */
void crossover_power(struct crossover *c, const float *x, size_t n, double square[3]);
