#include "dsp/fx_filter.h"

static const struct fx_section nothing = { .g = 0.1, .k = 1.4, .m = { 1, 0, 0 } };

void fx_filter_init(struct fx_filter *f, double rate)
{
    *f = (struct fx_filter){ .rate = rate, .now = { nothing, nothing }, .wanted = { nothing, nothing } };
}

/* Simper's table of mixes; a is the root of the gain, so that boost and cut of the same size undo each other. */
static struct fx_section design(enum fx_filter_kind kind, double g, double a, double q)
{
    switch (kind) {
    case FX_LOW_SHELF:
        return (struct fx_section){ g / sqrt(a), 1 / q, { 1, (a - 1) / q, a * a - 1 } };
    case FX_HIGH_SHELF:
        return (struct fx_section){ g * sqrt(a), 1 / q, { a * a, (1 - a) * a / q, 1 - a * a } };
    case FX_PEAK:
        return (struct fx_section){ g, 1 / (q * a), { 1, (a * a - 1) / (q * a), 0 } };
    case FX_LOW_PASS:
        return (struct fx_section){ g, 1 / q, { 0, 0, 1 } };
    case FX_HIGH_PASS:
        return (struct fx_section){ g, 1 / q, { 1, -1 / q, -1 } };
    }
    return nothing;
}

static bool is_same(const struct fx_section *a, const struct fx_section *b)
{
    double off = fabs(a->g - b->g) + fabs(a->k - b->k);

    for (int i = 0; i < 3; i++)
        off += fabs(a->m[i] - b->m[i]);
    return off <= 0;
}

static struct fx_section per_frame(const struct fx_section *now, const struct fx_section *wanted, double frames)
{
    struct fx_section s = { (wanted->g - now->g) / frames, (wanted->k - now->k) / frames, { 0 } };

    for (int i = 0; i < 3; i++)
        s.m[i] = (wanted->m[i] - now->m[i]) / frames;
    return s;
}

void fx_filter_set(struct fx_filter *f, enum fx_filter_kind kind, double hz, double gain_db, double q, int sections)
{
    /* The poles of the fourth order Butterworth filter are those of two sections with 1 / (2 cos(pi / 8)) and 1 / (2 sin(pi / 8)). */
    static const double steep[2] = { 0.54119610014619698, 1.3065629648763766 };
    bool is_pass = kind == FX_LOW_PASS || kind == FX_HIGH_PASS, is_double = is_pass && sections == 2;
    double g = tan(M_PI * fmin(fmax(hz / f->rate, 1e-5), 0.49)), a = is_pass ? 1 : pow(10, gain_db / 40);
    struct fx_section wanted[2] = { design(kind, g, a, is_double ? steep[0] : is_pass ? M_SQRT1_2 : fmax(q, 0.05)), nothing };

    if (is_double)
        wanted[1] = design(kind, g, 1, steep[1]);
    if (f->ramp && is_same(&wanted[0], &f->wanted[0]) && is_same(&wanted[1], &f->wanted[1]))
        return;
    f->is_double = is_double || (f->ramp && f->is_double);
    f->left = f->ramp;
    if (!f->ramp)
        f->ramp = fx_ramp_frames(f->rate);
    for (int i = 0; i < 2; i++) {
        f->wanted[i] = wanted[i];
        if (!f->left)
            f->now[i] = wanted[i];
        else
            f->step[i] = per_frame(&f->now[i], &wanted[i], f->left);
    }
}

struct gains { double a1, a2, a3; };

static inline struct gains gains_of(const struct fx_section *s)
{
    double a1 = 1 / (1 + s->g * (s->g + s->k)), a2 = s->g * a1;

    return (struct gains){ a1, a2, s->g * a2 };
}

static inline fx_pair frame_run(const struct fx_section *s, struct gains c, fx_pair *s1, fx_pair *s2, fx_pair x)
{
    fx_pair v3 = x - *s2, v1 = c.a1 * *s1 + c.a2 * v3, v2 = *s2 + c.a2 * *s1 + c.a3 * v3;

    *s1 = 2 * v1 - *s1;
    *s2 = 2 * v2 - *s2;
    return s->m[0] * x + s->m[1] * v1 + s->m[2] * v2;
}

static inline void move(struct fx_section *s, const struct fx_section *step)
{
    s->g += step->g;
    s->k += step->k;
    for (int i = 0; i < 3; i++)
        s->m[i] += step->m[i];
}

static uint32_t run_moving(struct fx_filter *f, fx_pair *x, uint32_t n)
{
    uint32_t i = 0;

    for (; i < n && f->left; i++) {
        f->left--;
        for (int k = 0; k < (f->is_double ? 2 : 1); k++) {
            if (f->left)
                move(&f->now[k], &f->step[k]);
            else
                f->now[k] = f->wanted[k];
            x[i] = frame_run(&f->now[k], gains_of(&f->now[k]), &f->s1[k], &f->s2[k], x[i]);
        }
    }
    return i;
}

void fx_filter_run(struct fx_filter *f, fx_pair *x, uint32_t n)
{
    uint32_t from = f->left ? run_moving(f, x, n) : 0;

    if (!f->left && is_same(&f->wanted[1], &nothing)) {
        f->is_double = false;
        f->now[1] = nothing;
        f->s1[1] = f->s2[1] = (fx_pair){ 0, 0 };
    }
    for (int k = 0; k < (f->is_double ? 2 : 1); k++) {
        const struct fx_section s = f->now[k];
        struct gains c = gains_of(&s);
        fx_pair s1 = f->s1[k], s2 = f->s2[k];
        for (uint32_t i = from; i < n; i++)
            x[i] = frame_run(&s, c, &s1, &s2, x[i]);
        f->s1[k] = fx_settled(s1);
        f->s2[k] = fx_settled(s2);
    }
}
