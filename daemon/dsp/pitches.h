#pragma once
/*
 * What sounds at which pitch: 23 times a second the strength of every third of a semitone from MIDI note 24 to 107.
 *
 * Spectra of 0.34 s (Blackman) at a quarter of the rate; what is short in time is taken out by medians over time and over frequency (D. FitzGerald, DAFx 2010);
 * then triangles a third of a semitone apart, shifted to the tuning of the recording, and flattened: what stands out of its octave, over the power .3 of how much
 * things vary there (after M. Mauch, S. Dixon, ISMIR 2010).
 *
 * MEMORY   Streams: what it holds does not grow with the recording.
 * THREADS  One at a time per struct pitches.
 */
#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"

enum { PITCH_LOWEST = 24, PITCH_NOTES = 84, PITCH_PER_NOTE = 3, PITCHES = PITCH_NOTES * PITCH_PER_NOTE };

/* Interleaved; several inputs of the same length are heard together. */
struct pitch_input { const float *frames; int channels; };
enum { PITCH_INPUTS = 4 };

struct pitch_frame {
    double at;                          /* seconds: the middle of what it heard */
    float strength[PITCHES];            /* 0 and more; [1], [4] ... are the notes themselves */
    float level;                        /* of what has duration: a full-scale sine has about 1 */
    float steady;                       /* 0..1: how much of all that sounds has duration: drums and noise have little */
};

struct pitches;

/* count: frames of every input; rate: of them, e.g. 48000. A sample that is no number is silence. NULL: no memory. */
struct pitches *pitches_new(const struct pitch_input *in, int n, uint64_t count, double rate);
void pitches_free(struct pitches *p);           /* NULL is fine */
bool pitches_next(struct pitches *p, struct pitch_frame *f);            /* in order; false: that was all */
double pitches_done(const struct pitches *p);   /* part of the recording that was read, 0..1 */
/* How far the recording's A is from 440 Hz, -0.5..0.5 semitones, and how sure that is (0..1). */
double pitches_tuning(const struct pitches *p, double *confidence);
