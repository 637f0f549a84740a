#pragma once
/*
 * Medians of MEDIAN_WINDOW neighbours, for many places at once: two windows that share all but one value each are read from the two middle values of what they
 * share (the sorting network of 19 comparisons in Knuth, The Art of Computer Programming 3, 5.3.4), in loops that are vector code.
 *
 * Pure. Values are finite.
 */
#include <stddef.h>

enum { MEDIAN_WINDOW = 17, MEDIAN_STEP = 8, MEDIAN_MAX = 4096 };

/* in: MEDIAN_WINDOW + 1 rows of n, a multiple of MEDIAN_STEP; a: medians of the rows 0..16, b: of the rows 1..17. */
void median_pair(const float *const in[MEDIAN_WINDOW + 1], size_t n, float *a, float *b);
/* Of every place of a row of n, a multiple of MEDIAN_STEP up to MEDIAN_MAX, and its neighbours; beyond the ends the last value stands. */
void median_along(const float *in, size_t n, float *out);
