#pragma once
/*
 * Musical time: seconds of a track <-> beats (light-model 2). Beat 0 is the first downbeat (else the first beat); between grid beats linear, outside the
 * grid by the nearest interval. An empty grid has 120 bpm from 0 s, and says so (`is_assumed`).
 *
 * THREADS  Immutable; functions are real-time safe (binary search).
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

struct beatgrid {
    double *beats; size_t n;            /* seconds, ascending */
    size_t first;                       /* index of the beat that is musical 0 */
    double *downbeats; size_t n_downbeats;
    int beats_per_bar;
    double bpm;                         /* as analysed; 0 unknown */
    bool is_assumed;
    uint64_t hash;
};

enum lm_err beatgrid_new(const double *beats, size_t n, const double *downbeats, size_t n_downbeats, double bpm, int beats_per_bar, struct beatgrid **result);
void beatgrid_free(struct beatgrid *g);
double beatgrid_beat(const struct beatgrid *g, double seconds);
/* The same for `count` instants start + (from + i) / rate, walking the grid once. */
void beatgrid_beats(const struct beatgrid *g, double start, double rate, int64_t from, size_t count, double *beats);
double beatgrid_seconds(const struct beatgrid *g, double beat);
double beatgrid_bpm(const struct beatgrid *g, double seconds);          /* of the interval that holds it */
/* Bar number (0-based, negative before the first downbeat) and beat within the bar. */
void beatgrid_bar(const struct beatgrid *g, double seconds, int64_t *bar, double *beat_in_bar);
/* How much of the bar has passed, 0..1; bars between two downbeats of the list may have any number of beats. */
double beatgrid_bar_phase(const struct beatgrid *g, double seconds);
