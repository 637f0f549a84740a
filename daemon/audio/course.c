#include "audio/course.h"

#include <math.h>
#include <string.h>

static double rate_of(const struct course *c, int leg)
{
    return run_rate(&c->legs[leg].run);
}

struct spot course_spot(const struct course *c, int leg, double v)
{
    while (leg + 1 < c->n && leg + 1 < COURSE_LEGS && v >= c->legs[leg + 1].join) {
        v = (v - c->legs[leg + 1].join) * rate_of(c, leg + 1) / rate_of(c, leg);
        leg++;
    }
    while (v < 0 && leg > 0 && leg < COURSE_LEGS) {
        v = c->legs[leg].join + v * rate_of(c, leg - 1) / rate_of(c, leg);
        leg--;
    }
    return (struct spot){ .leg = leg, .v = v, .place = run_place(&c->legs[leg].run, v) };
}

int course_find(const struct course *c, uint64_t generation)
{
    for (int i = 0; i < c->n; i++)
        if (c->legs[i].run.generation == generation)
            return i;
    return -1;
}

void course_rebase(struct course *c, int64_t v)
{
    struct leg *l = &c->legs[c->at];
    struct place p = run_place(&l->run, (double)v);

    l->run.anchor = llround(p.frame);
    l->run.jumps += p.wraps;
    if (c->at)
        l->join += (double)v * rate_of(c, c->at - 1) / rate_of(c, c->at);
    l->faded = fmin(l->fade, l->faded + (double)v / rate_of(c, c->at));
    if (c->at + 1 < c->n)
        c->legs[c->at + 1].join -= (double)v;
}

int course_advance(struct course *c, int leg)
{
    int drop = leg > 0 ? leg - 1 : 0;

    memmove(c->legs, c->legs + drop, (size_t)(c->n - drop) * sizeof(c->legs[0]));
    c->n -= drop;
    c->at = leg - drop;
    return drop;
}
