#pragma once
/*
 * Chords and key of a recording, from what sounds in each of its steps (half beats, or half seconds where there is no beat).
 *
 * Every step gives each chord a score, linear in its twelve treble and twelve bass notes seen from the chord's root; the weights were learnt by logistic regression on
 * rendered music of some thirty styles and are the same for every root. The chords are the best path through the steps (Viterbi), where a change costs what it is worth at
 * that place of the bar: first by musical custom, then by where this recording changes its chords, so that a grid that is off by half a beat, doubled or halved does
 * little harm. Chords that belong to the key are preferred a little (the key comes from the scores of all steps).
 *
 * Pure; allocates.
 */
#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"

enum chord_quality { CHORD_MAJ, CHORD_MIN, CHORD_7, CHORD_MAJ7, CHORD_MIN7, CHORD_QUALITIES, CHORD_NONE = CHORD_QUALITIES };
extern const char *const chord_quality_names[];         /* "maj", "min", "7", "maj7", "min7", "N" */
extern const char *const note_names[12];                /* "C", "C#" ... "B" */

struct chord_step {
    double start, end;
    int position;                       /* half beats behind the downbeat; -1: unknown */
    float treble[12], bass[12];         /* how strong each note is, C to B; only their proportions count */
    float level, steady;                /* as in dsp/pitches.h, their means */
};

struct chord {
    double start, end;
    int root;                           /* 0..11, C first; -1 with CHORD_NONE */
    enum chord_quality quality;
    double confidence;                  /* 0..1: that root and third are these, that there is no chord */
};

struct chords {
    struct chord *chord;                /* one follows the other from the first step to the last, neighbours differ */
    size_t n;
    int tonic;                          /* of the key; -1: none was heard */
    bool is_minor;
    double key_confidence;              /* 0..1 */
};

/*
 * The steps of a recording of `duration` seconds: halves of the beats, gone on with at the same tempo before the first and behind the last; half seconds when there are
 * fewer than four beats. Only start, end and position are set. *step is the caller's to free.
 */
enum lm_err chord_steps_make(const double *beat, size_t beats, const double *downbeat, size_t downbeats, double duration, struct chord_step **step, size_t *n);
/* per_bar: half beats in a bar. */
enum lm_err chords_find(const struct chord_step *step, size_t n, int per_bar, struct chords *out);
void chords_clear(struct chords *c);
/* "C", "Am", "G7", "Fmaj7", "Dm7", "N". */
void chord_label(const struct chord *c, char out[8]);
