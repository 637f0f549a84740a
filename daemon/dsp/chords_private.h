#pragma once
/* What chords.c (the path), chords_key.c and chords_model.c (what was learnt) share. */
#include "dsp/chords.h"

/* A state: quality * 12 + root, or none. */
enum { NONE = CHORD_QUALITIES * 12, STATES = NONE + 1 };
bool chord_is_minor(int state);

/* chords_model.c: weights of treble and bass, from the root on. */
extern const float chord_weight[CHORD_QUALITIES][2][12], chord_bias[CHORD_QUALITIES];
/* No chord against any: of steady, the sums of treble and of bass (each of length 1), and 1. */
extern const float chord_none_weight[4];

struct chord_key {
    float likely[2][12];                /* of each major and minor key; sum 1; all 0 where there is no harmony */
    float bonus[2][12];                 /* 0 or less: for a major or minor chord on each root, how foreign it is to the keys that are likely */
};

/* From the scores of all steps. */
void chord_key_find(const float (*score)[STATES], size_t n, struct chord_key *key);
/* out has its chords: they say how sure a key can be. */
void chord_key_name(const struct chord_key *key, struct chords *out);
