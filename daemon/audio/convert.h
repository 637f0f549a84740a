#pragma once
/*
 * From lumad's 48 kHz to the rate of a device that has no other, and back for an input: band-limited (libsamplerate, its medium converter: 118 dB and better,
 * 0.6 % of a core for two channels). Samples of the same rate never come here, so they stay what they are, bit by bit.
 *
 * THREADS  convert_run() and convert_push(): the device's callback; nothing is allocated. The rest: before and after it.
 */
#include <stdint.h>

struct convert;

/* rate: of the device, 4000 .. 768000 Hz; channels 1 or 2. NULL: no memory, or such a converter there is not. */
struct convert *convert_new(double rate, int channels);
struct convert *convert_new_input(double rate, int channels);
void convert_free(struct convert *c);                           /* NULL is fine */

/*
 * n frames at the device's rate into out. What it needs for them it asks `fill` for, n frames at 48 kHz at a time, whose first one is heard ahead_ns after
 * the first frame of out: the converter looks a millisecond ahead, and what it makes is not late against what it took.
 */
void convert_run(struct convert *c, float *out, uint32_t n, void (*fill)(void *ctx, float *frames, uint32_t n, int64_t ahead_ns), void *ctx);
/* The other way: n frames of the device; `take` gets what they are at 48 kHz. */
void convert_push(struct convert *c, const float *in, uint32_t n, void (*take)(void *ctx, const float *frames, uint32_t n), void *ctx);
