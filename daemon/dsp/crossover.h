#pragma once
/*
 * Splits a signal into low, mid and high: two Linkwitz-Riley crossovers of fourth order (two Butterworth biquads in a row,
 * -6 dB at the crossing), so that the three bands add up to a signal of the same level.
 *
 * THREADS  One at a time; nothing allocated, real-time safe.
 */
struct biquad { double b0, b1, b2, a1, a2, s1, s2; };

struct crossover { struct biquad low[2], above[2], mid[2], high[2]; };

/* Butterworth of second order (R. Bristow-Johnson's cookbook, Q = 1/sqrt 2), run in transposed direct form II. */
void biquad_low_pass(struct biquad *f, double hz, double rate);
void biquad_high_pass(struct biquad *f, double hz, double rate);
static inline double biquad_run(struct biquad *f, double x)
{
    double y = f->b0 * x + f->s1;

    f->s1 = f->b1 * x - f->a1 * y + f->s2;
    f->s2 = f->b2 * x - f->a2 * y;
    return y;
}

void crossover_init(struct crossover *c, double low_hz, double high_hz, double rate);
void crossover_run(struct crossover *c, double x, double band[3]);
