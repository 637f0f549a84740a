#pragma once
/*
 * How loud a recording is, as ITU-R BS.1770-4 measures it: K-weighting (dsp/kweight.h), mean squares of 100 ms, momentary loudness over 400 ms,
 * the integrated one behind the gates of -70 LUFS and 10 LU below what is left, and the true peak at four times the rate.
 *
 * THREADS  One at a time. loudness_add() allocates 8 bytes for each 100 ms.
 */
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

enum { LOUDNESS_RATE = 10 };            /* blocks a second */
#define LOUDNESS_FLOOR -70.0            /* LUFS: the absolute gate; also what silence is said to have */

struct loudness;

struct loudness *loudness_new(int channels, double rate);               /* 1 or 2; NULL: no memory, or another number of them */
void loudness_free(struct loudness *l);                                 /* NULL is fine */
enum lm_err loudness_add(struct loudness *l, const float *frames, uint64_t n);         /* interleaved, finite */

size_t loudness_blocks(const struct loudness *l);                       /* whole ones so far */
/* Mean square of a block, both channels added, K-weighted. -0.691 + 10 log10 of it is LUFS. */
double loudness_power(const struct loudness *l, size_t block);
/* LUFS of the 400 ms around the instant block / LOUDNESS_RATE, at least LOUDNESS_FLOOR. Beyond the ends is silence. */
double loudness_momentary(const struct loudness *l, size_t block);
double loudness_integrated(const struct loudness *l);                   /* LOUDNESS_FLOOR: all of it is below the gate */
double loudness_true_peak(const struct loudness *l);                    /* dBTP, at least -200 */
double loudness_of_power(double power);                                 /* LUFS, at least LOUDNESS_FLOOR */
