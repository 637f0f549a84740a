#pragma once
/*
 * What a row of beats says about tempo, and the row without the jitter of finding it. Instants in any one unit, ascending; a tempo is beats in one unit of time.
 * Pure.
 */
#include <stddef.h>

#include "core/err.h"

/*
 * Moves each beat towards the straight line through those around it: nearly onto it where they lie close to the line (within `near`), not at all where
 * they are four times as far, as in rubato. Beats that stand alone outside the line do not bend it.
 */
enum lm_err tempo_smooth(double *at, size_t n, double near);
/* The median of the tempi of stretches of two beats, or of eight where that is nearly the same; 0 with fewer than five beats. */
double tempo_median(const double *at, size_t n);
/* The tempo of the eight beats around beat i; 0 with fewer than two. */
double tempo_at(const double *at, size_t n, size_t i);
