#pragma once
/*
 * Ways to read a beat: as it was found, between, at double or half the speed, in threes. Each with what can be heard at its beats, so that one can be told
 * from another (dsp/meter.h).
 *
 * A grid has GRID_PARTS places from one found beat to the next; a reading takes every `step`-th of them from `first` on. Pure; allocates.
 */
#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"
#include "dsp/beats.h"
#include "dsp/harmony.h"

enum { GRID_PARTS = 12, READING_SPANS = 4 };

/* At each beat: strength of drums, of everything, of low notes; how much the notes change there against one beat before, against one (bass), against the
 * mean of two and of four beats before; how much the sound changes (four beats); brighter than before (a cymbal); strength half a beat later. */
enum reading_cue {
    CUE_KICK, CUE_SNARE, CUE_LEVEL, CUE_LOW, CUE_TREBLE, CUE_BASS, CUE_TREBLE2, CUE_TREBLE4, CUE_SOUND, CUE_HIGH, CUE_MID_KICK, CUE_MID_SNARE, CUE_MID_LEVEL,
    READING_CUES
};

/*
 * Of a reading as a whole: tempo in octaves from 112, beats on and between, harmony, and what kind of reading it is. Short notes lead to a beat rather than
 * follow it, as in swing: third is how much stronger music is a third of an interval before the beats than a third after. Within: how much stronger it is a
 * quarter or a third of an interval after the beats than on them, which is where the beats are when a reading is beside them.
 */
enum reading_trait {
    TRAIT_TEMPO, TRAIT_TEMPO2, TRAIT_FAST, TRAIT_LEVEL, TRAIT_MID_LEVEL, TRAIT_KICK, TRAIT_MID_KICK, TRAIT_SNARE, TRAIT_MID_SNARE, TRAIT_LOW, TRAIT_MID_LOW,
    TRAIT_TREBLE, TRAIT_BASS, TRAIT_START, TRAIT_OFF, TRAIT_DOUBLE, TRAIT_HALF, TRAIT_TERNARY,
    TRAIT_THIRD, TRAIT_WITHIN, READING_TRAITS
};

enum { READING_LAGS = 9 };

struct reading {
    int first, step;
    size_t n;
    double *beat;                           /* frames of ONSET_RATE */
    float *cue[READING_CUES];               /* mean 0, spread about 1 */
    float trait[READING_TRAITS];
    float again[READING_LAGS];              /* how much a beat is like the one so many before it; [0] unused */
};

enum { READING_WAYS = 20 };
/* Where a span of harmony begins, in parts of the grid. */
extern const int reading_span[READING_SPANS];

/* spans: READING_SPANS * (b->n - 1). r->n == 0: that way makes no sense here (too slow, too fast, too short). */
enum lm_err reading_make(int way, const struct beats *b, const struct beat_cues *c, const struct harmony *spans, struct reading *r);
void reading_clear(struct reading *r);
