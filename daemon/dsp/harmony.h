#pragma once
/*
 * How much the notes change from beat to beat: what tells the first beat of a bar from the others when the drums do not.
 *
 * The strengths of dsp/pitches.h, three to a note, summed over the given spans.
 *
 * Pure; allocates. A pass streams: memory grows with the spans, not with the recording.
 */
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

enum { HARMONY_NOTES = 84, HARMONY_LOWEST = 24 };

/* One for each span between two `edge`s (seconds, ascending, n + 1 of them): sum of the frames in it, and how many they were. */
struct harmony { float note[HARMONY_NOTES]; float frames; };

/* frames: interleaved. out: n spans, zeroed by the callee. `progress` may be NULL. */
enum lm_err harmony_find(const float *frames, uint64_t count, int channels, double rate, const double *edge, size_t n,
                         void (*progress)(double), struct harmony *out);
