#include "dsp/crossover.h"

#include <math.h>
#include <string.h>

#define BUTTERWORTH M_SQRT1_2

void crossover_init(struct crossover *c, double low_hz, double high_hz, double rate)
{
    memset(c, 0, sizeof(*c));
    for (int i = 0; i < 2; i++) {
        biquad_low_pass(&c->low[i], low_hz, BUTTERWORTH, rate);
        biquad_high_pass(&c->above[i], low_hz, BUTTERWORTH, rate);
        biquad_low_pass(&c->mid[i], high_hz, BUTTERWORTH, rate);
        biquad_high_pass(&c->high[i], high_hz, BUTTERWORTH, rate);
    }
}

void crossover_run(struct crossover *c, double x, double band[3])
{
    double above = biquad_run(&c->above[1], biquad_run(&c->above[0], x));

    band[0] = biquad_run(&c->low[1], biquad_run(&c->low[0], x));
    band[1] = biquad_run(&c->mid[1], biquad_run(&c->mid[0], above));
    band[2] = biquad_run(&c->high[1], biquad_run(&c->high[0], above));
}
