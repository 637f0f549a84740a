#pragma once
/*
 * A metronome that is heard with a sound: a short tick on every beat and a brighter one on the first of each bar. The ticks are laid down where the
 * beats are on the track, so that they follow it through loops, and each is as long and as high as it is at rate 1 whatever the rate.
 *
 * Ticks are decaying sines with a soft start (1 ms) and a soft end, so that neither is a step; they are over after CLICK_FRAMES.
 *
 * THREADS  Pure; click_add() allocates nothing.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audio/timeline.h"

enum { CLICK_FRAMES = 1920 };           /* 40 ms at 48 kHz */

struct click {
    bool on;
    float gain;                         /* linear: the peak of a downbeat's tick */
    const double *beats;                /* seconds on the track, ascending */
    const bool *downbeats;              /* of each beat; NULL: none is */
    size_t n;
};

/* The tick's sample `i` frames after its beat, before the gain; 0 outside. */
float click_sample(int64_t i, bool is_downbeat);
/*
 * Adds the ticks to n frames of sound of which the first is v of the run and each next one `step` more. A beat sounds from the first frame on that
 * is not before it; one that began earlier sounds on, also where the run began meanwhile.
 */
void click_add(const struct click *c, const struct run *r, double v, double step, float *stereo, uint32_t n);
