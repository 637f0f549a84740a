#pragma once
/*
 * What a run sounds like, as stereo at 48 kHz: the track or its stems, at the rate of the run, through its loops, with a metronome.
 *
 * Rate 1 copies: the samples are those of the track, bit by bit (mono on both sides), as long as every stem's gain is 1 and no click is on.
 * Else the pitch is kept by Rubber Band (real-time mode), or goes with the rate (varispeed: a windowed sinc evaluated at each frame's own place,
 * so that its position is exact and nothing has to be primed). Both hear the sound before v (of the run, or of the track where the run
 * begins), so nothing is missing or late at the start, and `v` is the place of the samples given out, not of those taken in.
 *
 * A change of stem gains, click, rate or track is a new source_start() at the place where it is to be heard; crossfading is the caller's.
 *
 * THREADS  One at a time; not real time.
 * MEMORY   Everything is allocated by source_new() and by the first source_start() with keep_pitch at another rate than 1, which takes some
 *          milliseconds; source_read() allocates nothing of its own. The sound is borrowed for the call only.
 */
#include <stdint.h>

#include "audio/click.h"
#include "audio/pcm.h"
#include "audio/timeline.h"

enum { SOURCE_STEMS = 4 };
#define SOURCE_RATE_MIN 0.5
#define SOURCE_RATE_MAX 2.0

struct sound {
    struct pcm mix;
    struct pcm stems[SOURCE_STEMS];
    int n_stems;                        /* 0: there are none, and gains mean nothing */
    float stem_gain[SOURCE_STEMS];      /* linear; all 1: the mix is played */
    struct click click;
};

struct source;

struct source *source_new(void);                                /* NULL: no memory */
void source_free(struct source *s);                             /* NULL is fine */
/* What is read next begins at frame v >= 0 of the run. */
void source_start(struct source *s, const struct run *r, const struct sound *sound, int64_t v);
/*
 * Frames written; fewer than n: the run is over. *v: the frame of the run that the first one is, *step: how many each next one is further (the rate of the run).
 * The run and the sound are those of source_start(); a run may meanwhile be changed in its end or its loop, which is heard from what is not yet read on
 * (at another rate than 1: a tenth of a second later).
 */
uint32_t source_read(struct source *s, const struct run *r, const struct sound *sound, float *stereo, uint32_t n, double *v, double *step);
