#pragma once
/*
 * Which of the possible readings of a beat is the one people tap, and where its bars begin. Given beats may be at double or half the speed, or between the
 * true ones; bars may have three or four beats. Each reading is scored by how well kick, snare and changes of harmony fall on the beats where a bar wants
 * them (a Viterbi path through the positions of a bar), and by how usual its tempo is.
 *
 * Pure; allocates.
 */
#include <stddef.h>

#include "core/err.h"
#include "dsp/beats.h"
#include "dsp/harmony.h"

struct meter {
    double *beat;                       /* frames of ONSET_RATE */
    unsigned char *position;            /* within the bar; 0 = downbeat */
    size_t n;
    int beats_per_bar;
};

/* half: the harmony of each half of an interval, 2 * (b->n - 1) spans: from each beat to the middle, from the middle to the next beat. */
enum lm_err meter_find(const struct beats *b, const struct beat_cues *c, const struct harmony *half, struct meter *m);
void meter_clear(struct meter *m);
