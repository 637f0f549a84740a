#pragma once
/*
 * Which of the possible readings of a beat is the one people tap, and where its bars begin. Given beats may be at double or half the speed, between the
 * true ones, or count in threes what goes in twos; bars may have three or four beats. Each reading (dsp/readings.h) is scored, with each place its bars
 * might begin, by a log-linear model of what a bar sounds like; then a Viterbi path through the positions of a bar allows for bars that are cut short.
 *
 * The weights are in meter_model.h. Pure; allocates.
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
    double certainty;                   /* 0..1: the model's probability of these beats, whatever their bars */
};

/* spans: READING_SPANS (dsp/readings.h) for each interval, see meter_edges(). expect: a tempo in BPM that is likelier than others since it went before, or 0. */
enum lm_err meter_find(const struct beats *b, const struct beat_cues *c, const struct harmony *spans, double expect, struct meter *m);
/* Where those spans begin and end, in seconds: READING_SPANS * (b->n - 1) + 1. */
void meter_edges(const struct beats *b, double *edge);
void meter_clear(struct meter *m);
