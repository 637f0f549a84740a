#pragma once
/*
 * From onsets to beats: an activation between 0 and 1, a prior for the tempo, and the most probable sequence of beats in a hidden Markov model of bar
 * pointers (F. Krebs, S. Boeck, G. Widmer, ISMIR 2015) with one state for each frame of each interval; the tempo changes at beats only.
 *
 * Pure; allocates. Times of beats are frames of ONSET_RATE, with fractions.
 */
#include <stddef.h>

#include "core/err.h"
#include "dsp/onset.h"

struct beat_cues {
    size_t n;
    float *activation;                      /* 0..1 */
    float *kick, *snare, *low;              /* 0..1.2; low: notes below 500 Hz */
    const float (*tone)[ONSET_TONES];       /* the onsets' own */
};

struct beats { double *frame; size_t n; };

/* The onsets must live as long as the cues. */
enum lm_err beat_cues_make(const struct onsets *o, struct beat_cues *c);
void beat_cues_clear(struct beat_cues *c);

/* Beats, and in *periodicity how well the activation repeats at their tempo: 0 not at all (noise), .2 and more music with a beat. */
enum lm_err beats_find(const struct beat_cues *c, struct beats *b, double *periodicity);
void beats_clear(struct beats *b);
double beats_interval(const double *frame, size_t n);       /* median, in frames; 0 with fewer than two */
