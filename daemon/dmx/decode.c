#include "dmx/decode.h"

#include <math.h>

#include "dmx/program_private.h"

enum { HEADS = DMX_SLOTS, ZONES = DMX_SLOTS };          /* of one fixture: a zone has at least one slot, and sets of heads have as many bits */

enum rank { HUE_UNKNOWN, HUE_OF_LAMP, HUE_ROUGH, HUE_MIXED };   /* how much a hue says; of equals the smaller zone's counts */

/* One fixture while it is read. The frame's intensities are levels (after the curve) until the end; NaN: nothing has told one yet. */
struct reading {
    const struct program *p;
    const struct fixture_info *fx;
    const uint8_t *base;
    struct frame *f;
    float level[ZONES];         /* what a zone's dimmers say of its brightest head */
    float part[HEADS];          /* the brightest of its shared emitters, where a head has them; < 0: none */
    uint8_t rank[HEADS];
    bool is_lamp[HEADS];        /* has a wheel or a shutter */
};

static float clamp01(float v)
{
    return v > 0 ? v < 1 ? v : 1 : 0;           /* NaN is 0 */
}

/* The inverse of put() in program_run.c. */
static float take(const uint8_t *base, const struct out *o)
{
    int tail = 8 * (o->bytes - 1);
    double ones = (double)((1 << tail) - 1), low = (double)(o->min << tail), high = (double)(o->max << tail);
    uint32_t x = 0;

    if (o->min <= o->max)
        high += ones;
    else
        low += ones;
    for (int i = 0; i < o->bytes; i++)
        x = x << 8 | base[o->slot[i]];
    return low != high ? clamp01((float)(((double)x - low) / (high - low))) : 0;
}

static bool is_between(int v, int a, int b)
{
    return a <= b ? a <= v && v <= b : b <= v && v <= a;
}

/* 0: in none of the ranges. */
static float strobe_read(const struct program *p, struct span strobes, int value)
{
    for (size_t i = 0; i < strobes.n; i++) {
        const struct strobe_range *r = &p->strobes[strobes.first + i];
        if (!is_between(value, r->slow, r->fast))
            continue;
        float at = r->slow != r->fast ? (float)(value - r->slow) / (float)(r->fast - r->slow) : .5f;
        float s = isnan(r->hz_slow) ? at : (r->hz_slow + at * (r->hz_fast - r->hz_slow) - 1) / 19;
        return s > 1 / 255.f ? clamp01(s) : 1 / 255.f;
    }
    return 0;
}

/* --- what a zone says goes to its heads --- */

static void say_level(struct reading *r, const struct zone *z, float level)
{
    for (size_t i = 0; i < z->owners.n; i++) {
        float *at = &r->f->intensity[r->p->owners[z->owners.first + i]];
        *at = fminf(*at, level);        /* of NaN and a number the number */
    }
}

static void say_hue(struct reading *r, const struct zone *z, enum rank rank, const float hue[3])
{
    for (size_t i = 0; i < z->owners.n; i++) {
        size_t head = r->p->owners[z->owners.first + i];
        if (rank < r->rank[head - r->fx->heads.first])
            continue;
        r->rank[head - r->fx->heads.first] = (uint8_t)rank;
        r->f->r[head] = hue[0], r->f->g[head] = hue[1], r->f->b[head] = hue[2];
    }
}

static void say_strobe(struct reading *r, const struct zone *z, float strobe)
{
    for (size_t i = 0; strobe > 0 && i < z->owners.n; i++)
        r->f->strobe[r->p->owners[z->owners.first + i]] = strobe;
}

static void say_lamp(struct reading *r, const struct zone *z)
{
    for (size_t i = 0; i < z->owners.n; i++)
        r->is_lamp[r->p->owners[z->owners.first + i] - r->fx->heads.first] = true;
}

/* --- one function per property --- */

/* Several dimmers of one zone are sent the same: the one with the finest steps is read. */
static void read_dimmers(struct reading *r, const struct zone *z, size_t index)
{
    const struct dimmer_out *d = &r->p->dimmers[z->dimmers.first];
    int most = -1;

    for (size_t i = 0; i < z->dimmers.n; i++) {
        const struct dimmer_out *x = &r->p->dimmers[z->dimmers.first + i];
        int steps = (x->out.max > x->out.min ? x->out.max - x->out.min : x->out.min - x->out.max) + 256 * (x->out.bytes - 1);
        if (steps > most)
            d = x, most = steps;
        if (!is_between(r->base[x->out.slot[0]], x->out.min, x->out.max))
            say_strobe(r, z, strobe_read(r->p, x->strobes, r->base[x->out.slot[0]]));
    }
    int value = r->base[d->out.slot[0]];
    float above = z->parent >= 0 ? r->level[(size_t)z->parent - r->fx->zones.first] : 1, v;
    if (value == d->zero)
        v = 0;
    else if (!most || (!is_between(value, d->out.min, d->out.max) && strobe_read(r->p, d->strobes, value) > 0))
        v = 1;
    else
        v = take(r->base, &d->out);
    r->level[index] = v * above;
    say_level(r, z, r->level[index]);
}

static enum rank rank_of(enum mix mix)
{
    switch (mix) {
    case MIX_RGB:
    case MIX_CMY:
    case MIX_HSV:
    case MIX_HSL:
        return HUE_MIXED;
    case MIX_TUNABLE:
    case MIX_PARTIAL:
        return HUE_ROUGH;
    case MIX_ONE:
        return HUE_OF_LAMP;
    case MIX_NONE:
        break;
    }
    return HUE_UNKNOWN;
}

/* What the colours are scaled by is intensity only where no dimmer of the same heads takes it (run_emitters() in program_run.c). */
static void read_emitters(struct reading *r, const struct zone *z)
{
    float in[EMITTERS] = { 0 }, hue[3], k;

    for (size_t i = 0; i < z->emitters.n; i++) {
        const struct emit_out *e = &r->p->emitters[z->emitters.first + i];
        if (r->base[e->out.slot[0]] != e->zero)
            in[e->emitter] = fmaxf(in[e->emitter], take(r->base, &e->out));
    }
    k = mix_read(z->mix, z->mask, z->white, in, hue);
    if (k > 0)
        say_hue(r, z, z->is_part ? HUE_OF_LAMP : rank_of(z->mix), hue);
    if (z->is_part) {           /* the least that its heads shine with */
        for (size_t i = 0; i < z->owners.n; i++) {
            float *part = &r->part[r->p->owners[z->owners.first + i] - r->fx->heads.first];
            *part = fmaxf(*part, k);
        }
        return;
    }
    if (z->cover < 0 && !z->is_dimmed)
        say_level(r, z, k);
    else if (z->cover >= 0 && r->p->zones[z->cover].owners.n != z->owners.n)
        say_level(r, z, k * r->level[(size_t)z->cover - r->fx->zones.first]);
}

/* The wheel that is away from its open position shows the colour; if none is, the slot at that position, else white. */
static void read_wheels(struct reading *r, const struct zone *z)
{
    static const float white[3] = { 1, 1, 1 };
    const float *hue = white;
    bool is_turned = false;

    say_lamp(r, z);
    for (size_t i = 0; i < z->wheel_slots.n && !is_turned; i++) {
        const struct wheel_slot *s = &r->p->wheel_slots[z->wheel_slots.first + i];
        const struct wheel_out *w = &r->p->wheels[z->wheels.first + s->wheel];
        if (r->base[w->slot] != s->value)
            continue;
        hue = s->rgb;
        is_turned = s->value != w->open;
    }
    if (z->wheel_slots.n)
        say_hue(r, z, HUE_ROUGH, hue);
}

static void read_shutters(struct reading *r, const struct zone *z)
{
    say_lamp(r, z);
    for (size_t i = 0; i < z->shutters.n; i++) {
        const struct shutter_out *h = &r->p->shutters[z->shutters.first + i];
        int value = r->base[h->slot];
        if (value == h->open)
            continue;
        if (h->gate != GATE_NONE && value == h->closed)
            say_level(r, z, 0);
        else
            say_strobe(r, z, strobe_read(r->p, h->strobes, value));
    }
}

/* Several axes of one zone are sent the same: the one with the most bytes is read. */
static void read_axes(struct reading *r, const struct zone *z)
{
    int most[2] = { 0 };

    for (size_t i = 0; i < z->axes.n; i++) {
        const struct axis_out *a = &r->p->axes[z->axes.first + i];
        if (a->out.bytes <= most[a->is_tilt])
            continue;
        most[a->is_tilt] = a->out.bytes;
        float deg = (take(r->base, &a->out) - .5f) * a->range;
        for (size_t k = 0; k < z->owners.n; k++)
            (a->is_tilt ? r->f->tilt : r->f->pan)[r->p->owners[z->owners.first + k]] = a->invert ? -deg : deg;
    }
}

static void read_speeds(struct reading *r, const struct zone *z)
{
    for (size_t i = 0; i < z->speeds.n; i++) {
        const struct speed_out *v = &r->p->speeds[z->speeds.first + i];
        for (size_t k = 0; k < z->owners.n && v->fast != v->slow && r->base[v->slot] == v->slow; k++)
            r->f->speed[r->p->owners[z->owners.first + k]] = 0;
    }
}

/* --- a fixture --- */

/* The inverse of curve() in program_run.c: the intensity that gives this level. */
static float uncurve(const struct fixture_info *fx, float level)
{
    float v, span = fx->dim_max - fx->dim_min;

    if (!(level > 0))
        return 0;
    v = span > 0 ? clamp01((level - fx->dim_min) / span) : 1;
    if (fx->curve == CURVE_SQUARE)
        return sqrtf(v);
    if (fx->curve == CURVE_S)           /* the root of 3x^2 - 2x^3 = v in 0..1 */
        return clamp01(.5f - sinf(asinf(1 - 2 * v) / 3));
    return v;
}

static void fixture_read(struct reading *r)
{
    const struct program *p = r->p;
    const struct fixture_info *fx = r->fx;

    for (size_t i = 0; i < fx->heads.n; i++) {
        r->f->intensity[fx->heads.first + i] = NAN;
        r->rank[i] = HUE_UNKNOWN;
        r->part[i] = -1;
        r->is_lamp[i] = false;
    }
    for (size_t i = 0; i < fx->zones.n; i++) {  /* from the largest: masters are known before what they are above of */
        const struct zone *z = &p->zones[fx->zones.first + i];
        if (z->dimmers.n)
            read_dimmers(r, z, i);
        if (z->emitters.n)
            read_emitters(r, z);
        if (z->wheels.n)
            read_wheels(r, z);
        if (z->shutters.n)
            read_shutters(r, z);
        read_axes(r, z);
        read_speeds(r, z);
    }
    for (size_t i = 0; i < fx->heads.n; i++) {
        float *level = &r->f->intensity[fx->heads.first + i];
        if (isnan(*level) && r->part[i] >= 0)
            *level = r->part[i];
        *level = isnan(*level) ? (r->is_lamp[i] ? 1 : 0) : uncurve(fx, *level);
        if (!(*level > 0))
            r->f->strobe[fx->heads.first + i] = 0;
    }
}

void program_decode(const struct program *p, const struct universes *u, struct frame *f)
{
    struct reading r = { .p = p, .f = f };

    if (f->heads != p->n_heads)
        return;
    for (size_t i = 0; i < f->heads; i++) {
        f->intensity[i] = f->strobe[i] = f->pan[i] = f->tilt[i] = 0;
        f->speed[i] = 1;
    }
    for (size_t i = 0; i < p->n_fixtures; i++) {
        r.fx = &p->fixtures[i];
        if (r.fx->universe >= u->n || r.fx->heads.n > HEADS || r.fx->zones.n > ZONES)
            continue;
        r.base = u->u[r.fx->universe].slots + r.fx->base;
        fixture_read(&r);
    }
}
