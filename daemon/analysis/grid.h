#pragma once
/*
 * A beat grid as it is corrected: instants in seconds, which of them begin a bar, and what follows from them (tempo, tempo curve, bars). The operations are in
 * grid_edit.h.
 *
 * THREADS  Pure.
 * MEMORY   A grid owns its two lists. One that is {0} is a grid without beats.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"

enum { GRID_BEATS_MAX = 200000, GRID_BAR_MAX = 32 };
#define GRID_BPM_MIN 20.0
#define GRID_BPM_MAX 400.0
#define GRID_GAP_MIN 0.03               /* two beats are never nearer, seconds */

struct grid {
    double *at;                         /* ascending, >= 0 */
    bool *is_one;                       /* at[i] begins a bar */
    size_t n, room;
    double bpm;                         /* 0: there is none */
    int per_bar;                        /* beats, of most bars */
};

void grid_clear(struct grid *g);
enum lm_err grid_add(struct grid *g, double at, bool is_one);           /* behind the last; LM_NOMEM, LM_INVALID: too many */
enum lm_err grid_copy(struct grid *to, const struct grid *from);        /* `to` is cleared first */

/* {"beats","downbeats","bpm","beats_per_bar"} as the database has it. Downbeats that are no beats are taken to the beat within 20 ms, or left out. */
enum lm_err grid_read(struct grid *g, const json_t *beats);
/* The same, as track_set_beats() takes it, with "tempo_curve". NULL: no memory. */
json_t *grid_write(const struct grid *g);

double grid_median_gap(const struct grid *g);                           /* seconds; 0 with fewer than two beats */
/* The beat nearest to an instant. Only with n > 0. */
size_t grid_nearest(const struct grid *g, double at);
/* [[seconds, bpm], ...]: the tempo of eight beats around each bar's begin (each fourth beat where there are no bars), a point where it is another than before by more than .1 %. */
json_t *grid_tempo_curve(const struct grid *g);
/* [{"start","end","beats"}, ...]: from each downbeat to the next; the last ends one beat behind its last. */
json_t *grid_bars(const struct grid *g);
