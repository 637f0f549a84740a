#pragma once
/*
 * A band-limited reading of a sound at places between its samples: a windowed sinc (Kaiser, 32 crossings a side, 90 dB) taken from a table, whose cut-off
 * follows the rate, so that nothing folds back when it is read faster. Each frame is computed from its own place alone: there is no state
 * that could drift, and no delay. (J. O. Smith, "Digital Audio Resampling", CCRMA.)
 *
 * A resampler with a state, as libsamplerate's, is as good to listen to, but has to be primed and does not say which place a frame is of.
 *
 * THREADS  Pure; the table is made once, by varispeed_new().
 */
#include <stdint.h>

enum { VARISPEED_CROSSINGS = 32, VARISPEED_REACH = 72 };    /* input frames a side at the double rate, the most */

struct varispeed;

struct varispeed *varispeed_new(void);                          /* NULL: no memory */
void varispeed_free(struct varispeed *s);                       /* NULL is fine */
/*
 * out: n stereo frames; frame i is the sound at in[at + i * rate]. in: stereo, from at - VARISPEED_REACH to at + n * rate + VARISPEED_REACH.
 * rate: at most 2.
 */
void varispeed_run(const struct varispeed *s, const float *in, double at, double rate, float *out, uint32_t n);
