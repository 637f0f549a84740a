#pragma once
/*
 * A filter of second order (R. Bristow-Johnson, "Cookbook formulae for audio EQ biquad filter coefficients"), in transposed direct form II.
 * Designed with dsp/dmath.h alone: the same coefficients on every machine.
 *
 * THREADS  One at a time; nothing allocated, real-time safe.
 */
struct biquad { double b0, b1, b2, a1, a2, s1, s2; };

/* 0 < hz < rate / 2, q > 0; q = 1/sqrt 2 is Butterworth: no bump, -3 dB at hz. The state is cleared. */
void biquad_low_pass(struct biquad *f, double hz, double q, double rate);
void biquad_high_pass(struct biquad *f, double hz, double q, double rate);
/* In how many samples whatever was fed has decayed to exp(-12), 6 millionths of it. */
double biquad_memory(const struct biquad *f);

static inline double biquad_run(struct biquad *f, double x)
{
    double y = f->b0 * x + f->s1;

    f->s1 = f->b1 * x - f->a1 * y + f->s2;
    f->s2 = f->b2 * x - f->a2 * y;
    return y;
}
