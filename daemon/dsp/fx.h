#pragma once
/*
 * What the effects of a chain (audio/chain.h) have in common. Each is a struct that holds all it remembers: x_init(), x_set() with what is wanted, x_run() on
 * blocks of stereo frames in place. A change of what is wanted is reached along a straight line over FX_RAMP seconds; the first after x_init() at once.
 *
 * Frames are pairs of doubles, left and right side by side: compilers make one instruction of what is done to both.
 *
 * THREADS  One at a time per struct; nothing is allocated, real-time safe. x_set() takes logarithms: it is for changes, not for every block.
 * MEMORY   Plain structs without pointers: they may be copied, and go on from there.
 */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>

enum { FX_BLOCK = 64 };                 /* x_run() takes at most so many frames */
#define FX_RAMP 0.010                   /* s */

typedef double fx_pair __attribute__((vector_size(2 * sizeof(double))));

static inline uint32_t fx_ramp_frames(double rate)
{
    return (uint32_t)lround(rate * FX_RAMP);
}

static inline bool fx_is_finite(fx_pair x)
{
    return isfinite(x[0]) && isfinite(x[1]);
}

/*
 * What has faded to 10^-24 of full scale is silence. Filters multiply what they remember: in a block of 64 frames nothing gets from there to the
 * denormal numbers below 10^-308, on which processors are slow.
 */
static inline fx_pair fx_settled(fx_pair x)
{
    return (fx_pair){ fabs(x[0]) < 1e-24 ? 0 : x[0], fabs(x[1]) < 1e-24 ? 0 : x[1] };
}
