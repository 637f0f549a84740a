#pragma once
/*
 * What an operator does to a beat grid: each operation makes a new grid of the one that counts. What each does to beats and bars:
 *
 *   double        a beat in the middle of each two; each bar becomes two of the same meter
 *   halve         every second beat goes, so that the first downbeats stay; two bars become one
 *   shift_half    every beat goes to the middle between it and the next
 *   shift         all of it by `seconds`; what leaves the track goes
 *   set_downbeat  the beat nearest to `at` is the one: bars are counted anew from there to the end, with `whole` also back to the begin
 *   set_meter     `beats_per_bar`, counted from the first downbeat in both directions
 *   set_tempo     beats `bpm` a minute over the whole track; the beat nearest to `at` (absent: the first downbeat) stays where it is and what it is in its bar
 *   tap           instants at which an operator beat the time (grid_tap() says what becomes of them)
 *   move          the beat nearest to `from` goes to `to`; the `reach` beats on either side follow, the nearer the more, so that tempo does not jump
 *
 * THREADS  Pure.
 */
#include "analysis/grid.h"

enum { GRID_TAPS_MIN = 4, GRID_TAPS_MAX = 1000, GRID_REACH = 8, GRID_REACH_MAX = 256 };
#define GRID_SHIFT_MAX 60.0

struct grid_change {
    const char *op;
    double seconds;                     /* shift */
    double at;                          /* set_downbeat, set_tempo; NAN: absent */
    double bpm;                         /* set_tempo */
    double from, to;                    /* move */
    int per_bar;                        /* set_meter */
    int reach;                          /* move */
    bool whole;                         /* set_downbeat */
    const double *taps; size_t n_taps;  /* tap; ascending */
};

/* What is known of the track; all of it may be absent. */
struct grid_heard {
    double duration;                    /* seconds; 0: not known, then the grid does not grow */
    const struct grid *analysed;        /* what the analysis found */
    const double *onsets; size_t n_onsets;      /* drums, ascending */
};

/* The change as a request has it: {"op", and what the operation takes}. Wrong or missing members are added to `p`; *taps is the caller's to free. */
enum lm_err grid_change_read(const json_t *body, struct grid_change *c, double **taps, struct problem *p);
/* LM_CONFLICT: it needs beats and there are none; LM_INVALID: it would not be a grid. Then `g` is as it was. */
enum lm_err grid_edit(struct grid *g, const struct grid_change *c, const struct grid_heard *heard, struct problem *p);

/*
 * The grid of what was tapped. A line through the taps by repeated least squares: doubled taps and ones that are a quarter of a beat off count nothing, missing ones are missing. Then the
 * nearest of what was heard: where the analysed grid, at once, twice or half its tempo, on the beat or off it, goes with the taps, it is taken, for its beats are exact and follow the tempo; else the line
 * is led from the taps outwards over the drums, as a drummer follows, and made straight where it is straight. Nothing heard: the line over the whole track. Bars are as they were where the
 * old downbeats agree on one beat of the bar, else the first tap is a one.
 */
enum lm_err grid_tap(struct grid *g, const double *taps, size_t n, const struct grid_heard *heard, struct problem *p);
/* Bars of g->per_bar beats over all of it, so that beat `one` begins one. */
void grid_count_bars(struct grid *g, size_t one);
/* Beats `gap` apart through `anchor`, from 0 to `end` s; none begins a bar. *one: the index of the anchor, 0 when it is before the track. */
enum lm_err grid_fill(struct grid *g, double anchor, double gap, double end, size_t *one);
