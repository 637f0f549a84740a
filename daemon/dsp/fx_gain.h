#pragma once
/*
 * Louder or quieter: a factor that is reached without a step. Gain 1 leaves the samples as they are, bit for bit.
 *
 * As dsp/fx.h says.
 */
#include "dsp/fx.h"

struct fx_gain {
    double now, wanted, step;
    uint32_t left;                      /* frames until `wanted` is reached */
    uint32_t ramp;                      /* 0: not set yet */
    double rate;
};

void fx_gain_init(struct fx_gain *f, double rate);
void fx_gain_set(struct fx_gain *f, double factor);     /* the same again: nothing happens */
void fx_gain_run(struct fx_gain *f, fx_pair *x, uint32_t n);
