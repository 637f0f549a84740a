#pragma once
/*
 * What was heard in a track, as the nodes read it: made from the stored rows (track_features, track_roots), immutable.
 *
 * JSON of track_features.data by kind (seconds on the track, ascending; strengths and energies 0..1):
 *   onsets    {"kick": [[s, strength], ...], "snare": [...], "hihat": [...]}
 *   energy    {"bars": [[start, end, energy], ...]}                         energy of each bar against the whole track
 *   sections  {"sections": [{"start", "end", "label"}, ...]}                intro, verse, build, drop, break, outro
 * track_roots.chroma: little-endian float32, frames x 12 (C..B), chroma_rate frames a second, frame i at the instant i / chroma_rate; each frame is a distribution.
 *
 * THREADS  Immutable; reading is real-time safe.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

enum analysis_drum { DRUM_KICK, DRUM_SNARE, DRUM_HIHAT, ANALYSIS_DRUMS };

struct analysis_onsets { double *at; float *strength; size_t n; };
struct analysis_bar { double start, end; float energy; };
struct analysis_section { double start, end; bool is_drop; };

struct analysis {
    bool has_onsets, has_energy, has_sections;          /* has_x and nothing in it: looked for, and there is none */
    struct analysis_onsets drums[ANALYSIS_DRUMS];
    struct analysis_bar *bars;         size_t n_bars;
    struct analysis_section *sections; size_t n_sections;
    float *chroma;                      /* [n_chroma][12]; NULL: not analysed */
    size_t n_chroma;
    double chroma_rate;
    uint64_t hash;                      /* of everything above: part of a layer's key */
};

/* Any of them may be NULL: not analysed. Values that are no numbers, out of order or not finite: LM_INVALID with which (`p` may be NULL). */
enum lm_err analysis_new(const json_t *onsets, const json_t *energy, const json_t *sections, const void *chroma, size_t chroma_bytes, double chroma_rate,
                         struct analysis **result, struct problem *p);
void analysis_free(struct analysis *a);                 /* NULL is fine */
