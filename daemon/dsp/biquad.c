#include "dsp/biquad.h"

#include <math.h>

#include "dsp/dmath.h"

/* 1 - cos w as 2 sin^2(w / 2): for a low frequency nothing is left of it otherwise. */
static void design(struct biquad *f, double hz, double q, double rate, double sign)
{
    double half = dsp_sin_turns(hz / rate / 2), c = 1 - 2 * half * half, alpha = dsp_sin_turns(hz / rate) / (2 * q);
    double a0 = 1 + alpha, b = sign > 0 ? half * half : 1 - half * half;

    *f = (struct biquad){
        .b0 = b / a0, .b1 = sign * 2 * b / a0, .b2 = b / a0,
        .a1 = -2 * c / a0, .a2 = (1 - alpha) / a0,
    };
}

void biquad_low_pass(struct biquad *f, double hz, double q, double rate)
{
    design(f, hz, q, rate, 1);
}

void biquad_high_pass(struct biquad *f, double hz, double q, double rate)
{
    design(f, hz, q, rate, -1);
}

/* The slower of the two poles: a pair has the radius sqrt(a2), real ones are the roots of z^2 + a1 z + a2. */
double biquad_memory(const struct biquad *f)
{
    double root = f->a1 * f->a1 / 4 - f->a2, radius = sqrt(fabs(f->a2));

    if (root > 0)
        radius = fabs(f->a1) / 2 + sqrt(root);
    return radius > 1e-9 ? -12 / (dsp_log2(radius) * 0.6931471805599453) : 1;
}
