#include "dsp/crossover.h"

#include <math.h>
#include <string.h>

static void design(struct biquad *f, double hz, double rate, double sign)
{
    double w = 2 * M_PI * hz / rate, c = cos(w), alpha = sin(w) / M_SQRT2;
    double a0 = 1 + alpha, b = (1 - sign * c) / 2;

    *f = (struct biquad){
        .b0 = b / a0, .b1 = sign * 2 * b / a0, .b2 = b / a0,
        .a1 = -2 * c / a0, .a2 = (1 - alpha) / a0,
    };
}

void biquad_low_pass(struct biquad *f, double hz, double rate)
{
    design(f, hz, rate, 1);
}

void biquad_high_pass(struct biquad *f, double hz, double rate)
{
    design(f, hz, rate, -1);
}

void crossover_init(struct crossover *c, double low_hz, double high_hz, double rate)
{
    memset(c, 0, sizeof(*c));
    for (int i = 0; i < 2; i++) {
        biquad_low_pass(&c->low[i], low_hz, rate);
        biquad_high_pass(&c->above[i], low_hz, rate);
        biquad_low_pass(&c->mid[i], high_hz, rate);
        biquad_high_pass(&c->high[i], high_hz, rate);
    }
}

void crossover_run(struct crossover *c, double x, double band[3])
{
    double above = biquad_run(&c->above[1], biquad_run(&c->above[0], x));

    band[0] = biquad_run(&c->low[1], biquad_run(&c->low[0], x));
    band[1] = biquad_run(&c->mid[1], biquad_run(&c->mid[0], above));
    band[2] = biquad_run(&c->high[1], biquad_run(&c->high[0], above));
}
