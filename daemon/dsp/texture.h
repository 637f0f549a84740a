#pragma once
/*
 * What a recording sounds like over time, coarsely: ten spectra a second of 85 ms each. How bright it is (the centroid of magnitudes), and, summed over given spans (bars), its power
 * in 16 bands and how much of each pitch class is in it.
 *
 * Pure; allocates. A pass streams: memory grows with the spans and by 40 bytes a second.
 */
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

enum { TEXTURE_RATE = 10, TEXTURE_BANDS = 16, TEXTURE_PITCHES = 12 };

/* power: mean square of the band, full scale 1. chroma: C..B, their sum is 1, or 0 without any note. */
struct texture { float power[TEXTURE_BANDS], chroma[TEXTURE_PITCHES]; };

/*
 * frames: interleaved, finite. span i reaches from edge[i] to edge[i + 1] (seconds, ascending, n + 1 of them); a span shorter than 100 ms may be empty.
 * *centroid: Hz at the instants i / TEXTURE_RATE, 0 in silence; the caller frees it. `progress` may be NULL; it is told how many frames have been read for good.
 */
enum lm_err texture_find(const float *frames, uint64_t count, int channels, double rate, const double *edge, size_t n,
                         void (*progress)(void *ctx, uint64_t read), void *ctx, struct texture *out, float **centroid, size_t *n_centroid);
