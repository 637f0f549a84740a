#include "dsp/fx_gain.h"

void fx_gain_init(struct fx_gain *f, double rate)
{
    *f = (struct fx_gain){ .now = 1, .wanted = 1, .rate = rate };
}

void fx_gain_set(struct fx_gain *f, double factor)
{
    if (f->ramp && factor >= f->wanted && factor <= f->wanted)
        return;
    f->wanted = factor;
    if (!f->ramp) {
        f->ramp = fx_ramp_frames(f->rate);
        f->now = factor;
        return;
    }
    f->left = f->ramp;
    f->step = (f->wanted - f->now) / f->left;
}

void fx_gain_run(struct fx_gain *f, fx_pair *x, uint32_t n)
{
    uint32_t i = 0;

    for (; i < n && f->left; i++) {
        f->now = --f->left ? f->now + f->step : f->wanted;
        x[i] *= f->now;
    }
    for (double gain = f->now; i < n; i++)
        x[i] *= gain;
}
