#pragma once
/*
 * What the notes of a recording are, folded to twelve: for each step the chords stand on (dsp/chords.h), and ten times a second as a distribution.
 *
 * Pitches (dsp/pitches.h) are averaged over a step and explained by notes (dsp/notes.h); the fourth root of each note counts, so that a melody does not drown the rest.
 * Treble is what lies above the middle of the third octave, bass what lies below, with slopes. What is read of the input is read once, in order.
 *
 * Pure; allocates. Memory grows with the steps and the frames, not with the recording.
 */
#include "dsp/chords.h"
#include "dsp/pitches.h"

enum { CHROMA_RATE = 10, CHROMA_CLASSES = 12 };

/* Frame i is the instant i / CHROMA_RATE; its twelve have the sum 1, or are 0 where nothing sounds. */
struct chroma {
    float (*frame)[CHROMA_CLASSES];
    size_t n;
    double tuning, tuning_confidence;   /* as in dsp/pitches.h */
};

/*
 * Adds to treble, bass, level and steady of the steps, which follow each other, with `weight`: a second recording of the same music is a second call. `out` may be NULL:
 * the steps only. `progress` may be NULL.
 */
enum lm_err chroma_find(const struct pitch_input *in, int inputs, uint64_t count, double rate, struct chord_step *step, size_t steps, float weight,
                        void (*progress)(double), struct chroma *out);
void chroma_clear(struct chroma *c);
