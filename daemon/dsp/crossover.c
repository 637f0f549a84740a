#include "dsp/crossover.h"

#include <math.h>

#include "dsp/biquad.h"

#define BUTTERWORTH M_SQRT1_2

static struct crossover_section beside(const struct biquad *a, const struct biquad *b)
{
    return (struct crossover_section){
        .b0 = { a->b0, b->b0 }, .b1 = { a->b1, b->b1 }, .b2 = { a->b2, b->b2 }, .a1 = { a->a1, b->a1 }, .a2 = { a->a2, b->a2 },
    };
}

void crossover_init(struct crossover *c, double low_hz, double high_hz, double rate)
{
    const double at[2] = { low_hz, high_hz };

    for (int i = 0; i < 2; i++) {
        struct biquad low, high;
        biquad_low_pass(&low, at[i], BUTTERWORTH, rate);
        biquad_high_pass(&high, at[i], BUTTERWORTH, rate);
        c->section[2 * i] = c->section[2 * i + 1] = beside(&low, &high);
    }
}

/* Transposed direct form II, as biquad_run(). */
static inline crossover_pair run(struct crossover_section *f, crossover_pair x)
{
    crossover_pair y = f->b0 * x + f->s1;

    f->s1 = f->b1 * x - f->a1 * y + f->s2;
    f->s2 = f->b2 * x - f->a2 * y;
    return y;
}

void crossover_power(struct crossover *c, const float *x, size_t n, double square[3])
{
    struct crossover k = *c;            /* in registers, as far as they go */
    crossover_pair lower = { 0, 0 }, upper = { 0, 0 };

    for (size_t i = 0; i < n; i++) {
        crossover_pair in = { (double)x[i], (double)x[i] };
        crossover_pair split = run(&k.section[1], run(&k.section[0], in)), above = { split[1], split[1] };
        crossover_pair parts = run(&k.section[3], run(&k.section[2], above));
        lower += split * split;
        upper += parts * parts;
    }
    *c = k;
    square[0] += lower[0];
    square[1] += upper[0];
    square[2] += upper[1];
}
