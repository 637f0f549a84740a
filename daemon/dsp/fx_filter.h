#pragma once
/*
 * Equalisers and the filters at the ends of the range, of second order, one or two in a row.
 *
 * State variable filters integrated by the trapezoidal rule (A. Simper, "Solving the continuous SVF equations using trapezoidal integration and equivalent
 * currents", Cytomic 2013): at rest they have exactly the response of the biquads of R. Bristow-Johnson's "Cookbook formulae for audio EQ biquad
 * filter coefficients", and unlike those they stay stable and silent when what they do changes from frame to frame.
 *
 * As dsp/fx.h says.
 */
#include "dsp/fx.h"

enum fx_filter_kind {
    FX_LOW_SHELF, FX_HIGH_SHELF,        /* half the gain in dB at hz; q: 1/sqrt 2 is the steepest without a bump */
    FX_PEAK,                            /* q: hz divided by the width where half of the gain in dB is left */
    FX_LOW_PASS, FX_HIGH_PASS,          /* Butterworth, -3 dB at hz; `sections` 1: 12 dB an octave, 2: 24 */
};

/* g, k: where and how resonant; m: how much of input, band and low goes out. */
struct fx_section { double g, k, m[3]; };

struct fx_filter {
    struct fx_section now[2], wanted[2], step[2];
    fx_pair s1[2], s2[2];
    uint32_t left, ramp;                /* as in dsp/fx_gain.h */
    bool is_double;                     /* the second section does something, or did a moment ago */
    double rate;
};

void fx_filter_init(struct fx_filter *f, double rate);
/* hz is held below 0.49 rate, q above 0.05; gain_db counts for shelves and peaks, sections and not q for passes. */
void fx_filter_set(struct fx_filter *f, enum fx_filter_kind kind, double hz, double gain_db, double q, int sections);
void fx_filter_run(struct fx_filter *f, fx_pair *x, uint32_t n);
