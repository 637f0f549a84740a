#pragma once
/*
 * Beats and bars as places to jump from and to. Bars are what lies between the downbeats of the grid; beyond the first and the last one they are counted on by the
 * grid's beats_per_bar, as beats are by the nearest interval.
 *
 * Pure. `q` is QUANTIZE_BEAT or QUANTIZE_BAR, the grid not an assumed one. A place less than a microsecond away counts as reached.
 */
#include "graph/beatgrid.h"

enum quantize { QUANTIZE_NONE, QUANTIZE_BEAT, QUANTIZE_BAR, QUANTIZE_COUNT };
extern const char *const quantize_names[QUANTIZE_COUNT + 1];    /* "none", "beat", "bar", NULL */

double quantize_next(const struct beatgrid *g, enum quantize q, double seconds);       /* the first behind it */
double quantize_before(const struct beatgrid *g, enum quantize q, double seconds);     /* the last at or before it */
/* The nearest of those from 0 to `last`; the earlier one of two that are. NAN: there is none. */
double quantize_nearest(const struct beatgrid *g, enum quantize q, double seconds, double last);
