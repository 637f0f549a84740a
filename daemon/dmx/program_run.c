/* One frame through a channel program. Thread: engine (real time): no allocation, no lock, no string. */
#include <math.h>
#include <string.h>

#include "dmx/program_private.h"

static float clamp01(float v)
{
    return v > 0 ? v < 1 ? v : 1 : 0;           /* NaN is 0 */
}

/* v 0..1 over the range of the channel, rounded, as many bytes as it has. */
static void put(uint8_t *base, const struct out *o, float v)
{
    if (o->bytes == 1) {
        base[o->slot[0]] = (uint8_t)((float)o->min + v * (float)(o->max - o->min) + .5f);
        return;
    }
    int tail = 8 * (o->bytes - 1);
    double ones = (double)((1 << tail) - 1), low = (double)(o->min << tail), high = (double)(o->max << tail);
    if (o->min <= o->max)
        high += ones;
    else
        low += ones;
    uint32_t x = (uint32_t)(low + (double)v * (high - low) + .5);
    for (int i = 0; i < o->bytes; i++)
        base[o->slot[i]] = (uint8_t)(x >> (tail - 8 * i));
}

/* s > 0 asks for 1 + 19 s Hz (light-model 6). */
static uint8_t strobe_value(const struct strobe_range *r, size_t n, float s)
{
    const struct strobe_range *best = r;
    float hz = 1 + 19 * s, best_off = INFINITY, at = s;

    for (size_t i = 0; i < n; i++) {
        if (isnan(r[i].hz_slow))
            continue;
        float nearest = fmaxf(r[i].hz_slow, fminf(r[i].hz_fast, hz)), off = fabsf(nearest - hz);
        if (off < best_off) {
            best = &r[i], best_off = off;
            at = r[i].hz_fast > r[i].hz_slow ? (nearest - r[i].hz_slow) / (r[i].hz_fast - r[i].hz_slow) : 0;
        }
    }
    return (uint8_t)((float)best->slow + at * (float)(best->fast - best->slow) + .5f);
}

/* --- heads --- */

static float curve(const struct fixture_info *f, float v)
{
    if (!(v > 0))
        return 0;
    if (f->curve == CURVE_SQUARE)
        v *= v;
    else if (f->curve == CURVE_S)
        v = v * v * (3 - 2 * v);
    return f->dim_min + v * (f->dim_max - f->dim_min);
}

/* Half on, half off, at most 11 Hz: four frames of 44 a second make a clean flash. Starts lit. */
static bool soft_strobe_dark(struct head_state *h, float s, float dt)
{
    if (!(s > 0)) {
        h->phase = -1;
        return false;
    }
    if (h->phase < 0)
        h->phase = 0;
    else
        h->phase += dt * fminf(11, 1 + 19 * s);
    h->phase -= floorf(h->phase);
    return h->phase >= .48f && h->phase < .98f;         /* a little early: at 11 Hz frames fall on exact quarters */
}

/* The angle nearest to `last` that points where `want` points and lies inside the range; none: the nearer end. */
static float unwrap(float want, float last, float range)
{
    float half = range / 2, best = NAN;

    if (!(range > 0))
        return want;
    want = want > 1e6f || want < -1e6f ? 0 : want;
    if (want > 180 || want < -180)
        want -= 360 * roundf(want / 360);
    for (float c = want - 360 * floorf((want + half) / 360); c <= half + 1e-3f; c += 360)
        if (isnan(best) || fabsf(c - last) < fabsf(best - last))
            best = c;
    if (isnan(best))
        best = want > 0 ? half : -half;
    return best > half ? half : best;
}

static void head_run(const struct program *p, struct program_state *s, const struct frame *f, const struct fixture_info *fx, size_t i, float dt)
{
    const struct head_info *info = &p->heads[i];
    struct head_state *h = &s->heads[i];
    float level = curve(fx, clamp01(f->intensity[i]));

    if (info->flags & HEAD_SOFT_STROBE) {
        bool soft = !(info->flags & HEAD_STROBE_IN_DIMMER) || level < .5f;
        if (soft_strobe_dark(h, clamp01(f->strobe[i]), dt) && soft)
            level = 0;
    }
    s->levels[i] = level;
    if (!(f->speed[i] > .5f))
        return;                 /* frozen: holds its position */
    float pan = f->pan[i], tilt = f->tilt[i];
    if (info->pan_range > 0 && isfinite(pan))
        atomic_store_explicit(&h->pan, unwrap(pan, atomic_load_explicit(&h->pan, memory_order_relaxed), info->pan_range),
                              memory_order_relaxed);
    if (info->tilt_range > 0 && isfinite(tilt)) {
        float half = info->tilt_range / 2;
        atomic_store_explicit(&h->tilt, fmaxf(-half, fminf(half, tilt)), memory_order_relaxed);
    }
}

/* --- zones --- */

static const uint32_t *owners(const struct program *p, const struct zone *z)
{
    return p->owners + z->owners.first;
}

/* Hue of heads that share a colour: by how brightly each shines; in the dark the first head's. */
static void zone_hue(const struct program *p, const struct program_state *s, const struct frame *f, const struct zone *z, float h[3])
{
    const uint32_t *o = owners(p, z);
    float sum[3] = { 0 }, max;

    if (z->owners.n > 1)
        for (size_t i = 0; i < z->owners.n; i++) {
            sum[0] += s->levels[o[i]] * f->r[o[i]];
            sum[1] += s->levels[o[i]] * f->g[o[i]];
            sum[2] += s->levels[o[i]] * f->b[o[i]];
        }
    max = fmaxf(sum[0], fmaxf(sum[1], sum[2]));
    if (max > 0) {
        for (int k = 0; k < 3; k++)
            h[k] = clamp01(sum[k] / max);
    } else {
        h[0] = clamp01(f->r[o[0]]), h[1] = clamp01(f->g[o[0]]), h[2] = clamp01(f->b[o[0]]);
    }
}

static float zone_strobe(const struct program *p, const struct frame *f, const struct zone *z)
{
    const uint32_t *o = owners(p, z);
    float most = 0;

    for (size_t i = 0; i < z->owners.n; i++)
        if (f->intensity[o[i]] > 0 && f->strobe[o[i]] > most)
            most = f->strobe[o[i]];
    return clamp01(most);
}

static void run_dimmers(const struct program *p, const struct program_state *s, const struct frame *f, const struct zone *z, float max,
                        uint8_t *base)
{
    float above = z->parent >= 0 ? s->zones[z->parent].max : 1, v = above > 0 ? clamp01(max / above) : 0, strobe = -1;

    for (size_t i = 0; i < z->dimmers.n; i++) {
        const struct dimmer_out *d = &p->dimmers[z->dimmers.first + i];
        if (d->strobes.n && strobe < 0)
            strobe = zone_strobe(p, f, z);
        if (d->strobes.n && strobe > 0 && max >= .5f)
            base[d->out.slot[0]] = strobe_value(p->strobes + d->strobes.first, d->strobes.n, strobe);
        else if (!(v > 0) && d->zero >= 0)
            base[d->out.slot[0]] = (uint8_t)d->zero;
        else
            put(base, &d->out, v);
    }
}

static void run_emitters(const struct program *p, const struct program_state *s, const struct zone *z, float max, const float hue[3],
                         uint8_t *base)
{
    float out[EMITTERS] = { 0 }, k = max;

    if (z->cover >= 0) {
        const struct zone *cover = &p->zones[z->cover];
        float above = s->zones[z->cover].max;
        k = cover->owners.n == z->owners.n ? 1 : above > 0 ? max / above : 0;
    } else if (z->is_dimmed) {
        k = 1;
    }
    mix_run(z->mix, z->mask, z->white, hue, k, out);
    for (size_t i = 0; i < z->emitters.n; i++) {
        const struct emit_out *e = &p->emitters[z->emitters.first + i];
        if (!(out[e->emitter] > 0) && e->zero >= 0)
            base[e->out.slot[0]] = (uint8_t)e->zero;
        else
            put(base, &e->out, out[e->emitter]);
    }
}

static void run_shutters(const struct program *p, const struct frame *f, const struct zone *z, float max, uint8_t *base)
{
    float strobe = zone_strobe(p, f, z);

    for (size_t i = 0; i < z->shutters.n; i++) {
        const struct shutter_out *h = &p->shutters[z->shutters.first + i];
        if ((h->gate == GATE_HALF && max < .5f) || (h->gate == GATE_ZERO && !(max > 0)))
            base[h->slot] = h->closed;
        else if (h->strobes.n && strobe > 0)
            base[h->slot] = strobe_value(p->strobes + h->strobes.first, h->strobes.n, strobe);
        else
            base[h->slot] = h->open;
    }
}

/* A shared axis follows the first of its heads that has a position in this frame; the others are told where they went. */
static void run_axes(const struct program *p, struct program_state *s, const struct frame *f, const struct zone *z, uint8_t *base)
{
    const uint32_t *o = owners(p, z);

    for (size_t i = 0; i < z->axes.n; i++) {
        const struct axis_out *a = &p->axes[z->axes.first + i];
        size_t lead = 0;
        for (size_t k = 0; k < z->owners.n; k++)
            if (isfinite(a->is_tilt ? f->tilt[o[k]] : f->pan[o[k]])) {
                lead = k;
                break;
            }
        _Atomic float *at = a->is_tilt ? &s->heads[o[lead]].tilt : &s->heads[o[lead]].pan;
        float deg = atomic_load_explicit(at, memory_order_relaxed);
        for (size_t k = 0; k < z->owners.n && z->owners.n > 1; k++)
            atomic_store_explicit(a->is_tilt ? &s->heads[o[k]].tilt : &s->heads[o[k]].pan, deg, memory_order_relaxed);
        put(base, &a->out, clamp01(.5f + (a->invert ? -deg : deg) / a->range));
    }
}

static void run_speeds(const struct program *p, const struct frame *f, const struct zone *z, uint8_t *base)
{
    bool moves = false;

    for (size_t i = 0; i < z->owners.n; i++)
        moves |= f->speed[owners(p, z)[i]] > .5f;
    for (size_t i = 0; i < z->speeds.n; i++) {
        const struct speed_out *v = &p->speeds[z->speeds.first + i];
        base[v->slot] = moves ? v->fast : v->slow;
    }
}

/*
 * The nearest slot, with hysteresis: a wheel that turns in the light is seen, so it only does when the new slot is much nearer; in the
 * dark a little nearer is enough.
 */
static void wheel_choose(const struct program *p, const struct zone *z, struct zone_state *zs, const float hue[3], bool lit)
{
    const struct wheel_slot *slots = p->wheel_slots + z->wheel_slots.first;
    int32_t now = atomic_load_explicit(&zs->slot, memory_order_relaxed), best = 0;
    float lab[3], best_d = INFINITY, now_d = INFINITY;

    color_oklab(hue, lab);
    for (size_t i = 0; i < z->wheel_slots.n; i++) {
        float d = 0;
        for (int k = 0; k < 3; k++)
            d += (slots[i].lab[k] - lab[k]) * (slots[i].lab[k] - lab[k]);
        d = sqrtf(d);
        if (d < best_d)
            best_d = d, best = (int32_t)i;
        if ((int32_t)i == now)
            now_d = d;
    }
    if (now < 0 || best_d < (lit ? .6f : .95f) * now_d)
        atomic_store_explicit(&zs->slot, now = best, memory_order_relaxed);
    zs->is_waiting = now != best;
    memcpy(zs->hue, hue, sizeof zs->hue);
}

static void run_wheels(const struct program *p, struct program_state *s, const struct zone *z, float max, const float hue[3], uint8_t *base)
{
    struct zone_state *zs = &s->zones[z - p->zones];
    const struct wheel_slot *slot = NULL;

    if (z->wheel_slots.n) {
        bool changed = fabsf(hue[0] - zs->hue[0]) + fabsf(hue[1] - zs->hue[1]) + fabsf(hue[2] - zs->hue[2]) > 1e-3f;
        if (changed || (zs->is_waiting && !(max > 0)) || atomic_load_explicit(&zs->slot, memory_order_relaxed) < 0)
            wheel_choose(p, z, zs, hue, max > 0);
        slot = &p->wheel_slots[z->wheel_slots.first + (size_t)atomic_load_explicit(&zs->slot, memory_order_relaxed)];
    }
    for (size_t i = 0; i < z->wheels.n; i++) {
        const struct wheel_out *w = &p->wheels[z->wheels.first + i];
        base[w->slot] = slot && slot->wheel == i ? slot->value : w->open;
    }
}

static void zone_run(const struct program *p, struct program_state *s, const struct frame *f, const struct zone *z, uint8_t *base)
{
    const uint32_t *o = owners(p, z);
    float max = 0, hue[3];

    for (size_t i = 0; i < z->owners.n; i++)
        max = s->levels[o[i]] > max ? s->levels[o[i]] : max;
    s->zones[z - p->zones].max = max;
    if (z->dimmers.n)
        run_dimmers(p, s, f, z, max, base);
    if (z->emitters.n || z->wheels.n)
        zone_hue(p, s, f, z, hue);
    if (z->emitters.n)
        run_emitters(p, s, z, max, hue, base);
    if (z->wheels.n)
        run_wheels(p, s, z, max, hue, base);
    if (z->shutters.n)
        run_shutters(p, f, z, max, base);
    if (z->axes.n)
        run_axes(p, s, f, z, base);
    if (z->speeds.n)
        run_speeds(p, f, z, base);
}

void program_run(const struct program *p, struct program_state *s, const struct frame *f, int64_t mono_ns, struct universes *u)
{
    float dt = s->last_ns ? (float)((double)(mono_ns - s->last_ns) / 1e9) : 0;

    if (f->heads != p->n_heads || s->program != p)
        return;                 /* of another patch: the bytes stay as they are */
    s->last_ns = mono_ns;
    dt = dt > 0 ? dt : 0;
    for (size_t i = 0; i < p->n_fixtures; i++) {
        const struct fixture_info *fx = &p->fixtures[i];
        if (fx->universe >= u->n)
            continue;
        uint8_t *base = u->u[fx->universe].slots + fx->base;
        memcpy(base, p->defaults + fx->defaults, fx->channels);
        for (size_t k = 0; k < fx->heads.n; k++)
            head_run(p, s, f, fx, fx->heads.first + k, dt);
        for (size_t k = 0; k < fx->zones.n; k++)
            zone_run(p, s, f, &p->zones[fx->zones.first + k], base);
    }
}

void program_last_position(const struct program_state *s, float *pan, float *tilt)
{
    for (size_t i = 0; i < s->program->n_heads; i++) {
        pan[i] = atomic_load_explicit(&s->heads[i].pan, memory_order_relaxed);
        tilt[i] = atomic_load_explicit(&s->heads[i].tilt, memory_order_relaxed);
    }
}
