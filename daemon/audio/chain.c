#include "audio/chain.h"

#include <string.h>

#include "audio/pcm.h"

#define LOUDEST 64.0f                   /* +36 dBFS: nothing that was decoded is louder (workers/decode_mix.c), and no chain makes infinity of it */
#define FAINTEST 1e-30f                 /* far below what a 24-bit converter plays, far above what makes a processor slow */

/* ---- what each type of effect does ---- */

static void set_gain(struct chain_fx *e, double track_gain)
{
    (void)track_gain;
    fx_gain_set(&e->is.gain, pow(10, (double)e->wanted.params[GAIN_DB] / 20));
}

static void set_loudness(struct chain_fx *e, double track_gain)
{
    fx_gain_set(&e->is.gain, track_gain * pow(10, ((double)e->wanted.params[LOUDNESS_TARGET_LUFS] - CHAIN_LUFS) / 20));
}

static void set_filter(struct chain_fx *e, double track_gain)
{
    static const enum fx_filter_kind kinds[EFFECT_TYPES] = {
        [EFFECT_LOW_SHELF] = FX_LOW_SHELF, [EFFECT_HIGH_SHELF] = FX_HIGH_SHELF, [EFFECT_PARAMETRIC] = FX_PEAK, [EFFECT_LOW_PASS] = FX_LOW_PASS,
        [EFFECT_HIGH_PASS] = FX_HIGH_PASS,
    };
    const float *p = e->wanted.params;
    bool is_pass = e->wanted.type == EFFECT_HIGH_PASS || e->wanted.type == EFFECT_LOW_PASS;

    (void)track_gain;
    fx_filter_set(&e->is.filter, kinds[e->wanted.type], (double)p[FILTER_HZ], is_pass ? 0 : (double)p[FILTER_GAIN_DB], is_pass ? 1 : (double)p[FILTER_Q],
                  is_pass && p[FILTER_SLOPE_DB] > 18 ? 2 : 1);
}

static void set_compressor(struct chain_fx *e, double track_gain)
{
    const float *p = e->wanted.params;

    (void)track_gain;
    fx_compressor_set(&e->is.compressor, &(struct fx_compressor_settings){
        .threshold_db = (double)p[COMPRESSOR_THRESHOLD_DB], .ratio = (double)p[COMPRESSOR_RATIO], .knee_db = (double)p[COMPRESSOR_KNEE_DB],
        .attack_ms = (double)p[COMPRESSOR_ATTACK_MS], .release_ms = (double)p[COMPRESSOR_RELEASE_MS], .makeup_db = (double)p[COMPRESSOR_MAKEUP_DB] });
}

static void set_limiter(struct chain_fx *e, double track_gain)
{
    (void)track_gain;
    fx_limiter_set(&e->is.limiter, (double)e->wanted.params[LIMITER_CEILING_DB], (double)e->wanted.params[LIMITER_RELEASE_MS]);
}

static void init_gain(struct chain_fx *e, double rate)
{
    fx_gain_init(&e->is.gain, rate);
}

static void init_filter(struct chain_fx *e, double rate)
{
    fx_filter_init(&e->is.filter, rate);
}

static void init_compressor(struct chain_fx *e, double rate)
{
    fx_compressor_init(&e->is.compressor, rate);
}

static void init_limiter(struct chain_fx *e, double rate)
{
    fx_limiter_init(&e->is.limiter, (double)e->wanted.params[LIMITER_LOOK_AHEAD_MS], rate);
}

static void run_gain(struct chain_fx *e, fx_pair *x, uint32_t n)
{
    fx_gain_run(&e->is.gain, x, n);
}

static void run_filter(struct chain_fx *e, fx_pair *x, uint32_t n)
{
    fx_filter_run(&e->is.filter, x, n);
}

static void run_compressor(struct chain_fx *e, fx_pair *x, uint32_t n)
{
    fx_compressor_run(&e->is.compressor, x, n);
}

static void run_limiter(struct chain_fx *e, fx_pair *x, uint32_t n)
{
    fx_limiter_run(&e->is.limiter, x, n);
}

#define FILTER { init_filter, set_filter, run_filter, sizeof(struct fx_filter) }

static const struct work {
    void (*init)(struct chain_fx *e, double rate);
    void (*set)(struct chain_fx *e, double track_gain);
    void (*run)(struct chain_fx *e, fx_pair *x, uint32_t n);
    size_t size;                        /* of what it remembers */
} works[EFFECT_TYPES] = {
    [EFFECT_GAIN] = { init_gain, set_gain, run_gain, sizeof(struct fx_gain) },
    [EFFECT_LOUDNESS] = { init_gain, set_loudness, run_gain, sizeof(struct fx_gain) },
    [EFFECT_LOW_SHELF] = FILTER, [EFFECT_HIGH_SHELF] = FILTER, [EFFECT_PARAMETRIC] = FILTER, [EFFECT_HIGH_PASS] = FILTER, [EFFECT_LOW_PASS] = FILTER,
    [EFFECT_COMPRESSOR] = { init_compressor, set_compressor, run_compressor, sizeof(struct fx_compressor) },
    [EFFECT_LIMITER] = { init_limiter, set_limiter, run_limiter, sizeof(struct fx_limiter) },
};

static void effect_make(struct chain_fx *e, const struct chain_effect *wanted, const struct chain *c)
{
    e->wanted = *wanted;
    works[wanted->type].init(e, c->rate);
    works[wanted->type].set(e, c->track_gain);
}

static uint32_t effect_latency(const struct chain_effect *e, double rate)
{
    return e->type == EFFECT_LIMITER ? fx_limiter_latency((double)e->params[LIMITER_LOOK_AHEAD_MS], rate) : 0;
}

/* ---- lines ---- */

/* The effect of this type and latency that `old` has after skipping some; NULL: none. */
static const struct chain_fx *line_find(const struct chain_line *old, const struct chain_effect *like, uint32_t skip, double rate)
{
    for (uint32_t i = 0; i < old->n; i++) {
        const struct chain_effect *e = &old->fx[i].wanted;
        if (e->type == like->type && effect_latency(e, rate) == effect_latency(like, rate) && !skip--)
            return &old->fx[i];
    }
    return NULL;
}

/* What s wants, going on from what those of `old` remember; old may be NULL. */
static void line_make(struct chain_line *l, const struct chain_settings *s, const struct chain_line *old, const struct chain *c)
{
    l->n = l->latency = 0;
    for (uint32_t i = 0; i < s->n && s->is_enabled; i++) {
        const struct chain_effect *wanted = &s->effects[i];
        uint32_t before = 0;
        if (wanted->is_bypassed)
            continue;
        for (uint32_t k = 0; k < l->n; k++)
            before += l->fx[k].wanted.type == wanted->type && effect_latency(&l->fx[k].wanted, c->rate) == effect_latency(wanted, c->rate);
        struct chain_fx *e = &l->fx[l->n++];
        const struct chain_fx *from = old ? line_find(old, wanted, before, c->rate) : NULL;
        if (from) {
            e->wanted = *wanted;
            memcpy(&e->is, &from->is, works[wanted->type].size);
            works[wanted->type].set(e, c->track_gain);
        } else {
            effect_make(e, wanted, c);
        }
        l->latency += effect_latency(wanted, c->rate);
    }
}

/* Has the line what s wants, but for parameters that can be reached as it is? If so, sets them. */
static bool line_set(struct chain_line *l, const struct chain_settings *s, const struct chain *c)
{
    const struct chain_effect *wanted[CHAIN_EFFECTS];
    uint32_t n = 0;

    for (uint32_t i = 0; i < s->n && s->is_enabled; i++)
        if (!s->effects[i].is_bypassed)
            wanted[n++] = &s->effects[i];
    if (n != l->n)
        return false;
    for (uint32_t i = 0; i < n; i++)
        if (wanted[i]->type != l->fx[i].wanted.type || effect_latency(wanted[i], c->rate) != effect_latency(&l->fx[i].wanted, c->rate))
            return false;
    for (uint32_t i = 0; i < n; i++) {
        l->fx[i].wanted = *wanted[i];
        works[wanted[i]->type].set(&l->fx[i], c->track_gain);
    }
    return true;
}

static bool is_sound(const fx_pair *x, uint32_t n)
{
    fx_pair sum = { 0, 0 };

    for (uint32_t i = 0; i < n; i++)
        sum += x[i] * 0;                /* NaN of NaN and of infinities */
    return fx_is_finite(sum);
}

static void line_run(struct chain *c, struct chain_line *l, fx_pair *x, uint32_t n)
{
    for (uint32_t i = 0; i < l->n; i++) {
        struct chain_fx *e = &l->fx[i];
        works[e->wanted.type].run(e, x, n);
        if (is_sound(x, n))
            continue;
        const struct chain_effect wanted = e->wanted;
        effect_make(e, &wanted, c);
        memset(x, 0, n * sizeof *x);
        c->resets++;
    }
}

/* ---- the chain ---- */

static struct chain_line *newest(struct chain *c)
{
    return &c->line[c->filling || c->fading ? !c->live : c->live];
}

void chain_init(struct chain *c, double rate)
{
    memset(c, 0, sizeof *c);
    c->rate = rate >= 8000 && rate <= 192000 ? rate : PCM_RATE;
    c->track_gain = 1;
}

void chain_reset(struct chain *c)
{
    const struct chain_settings s = c->has_next ? c->next : c->wanted;

    c->live = c->filling = c->fading = 0;
    c->has_next = c->has_run = false;
    c->wanted = s;
    line_make(&c->line[0], &s, NULL, c);
}

static void take(struct chain *c, const struct chain_settings *s)
{
    if (!c->has_run) {
        line_make(&c->line[c->live], s, NULL, c);
    } else if (!line_set(newest(c), s, c)) {
        if (c->filling || c->fading) {
            c->next = *s;
            c->has_next = true;
            return;
        }
        struct chain_line *coming = &c->line[!c->live];
        line_make(coming, s, &c->line[c->live], c);
        c->fading = fx_ramp_frames(c->rate);
        c->filling = coming->n ? coming->latency + c->fading : 0;
    }
    c->wanted = *s;
    c->has_next = false;
}

void chain_set(struct chain *c, const struct chain_settings *s)
{
    struct chain_settings clean;

    chain_settings_clean(s, &clean);
    if (!memcmp(&clean, &c->wanted, sizeof clean))
        c->has_next = false;
    else if (!c->has_next || memcmp(&clean, &c->next, sizeof clean))
        take(c, &clean);
}

uint32_t chain_latency(const struct chain *c)
{
    return c->line[c->filling || c->fading ? !c->live : c->live].latency;
}

static void set_track_gain(struct chain *c, double gain)
{
    if (!(gain >= 0 && gain <= 1000) || (gain >= c->track_gain && gain <= c->track_gain))
        return;
    c->track_gain = gain;
    for (int k = 0; k < 2; k++)
        for (uint32_t i = 0; i < c->line[k].n; i++)
            if (c->line[k].fx[i].wanted.type == EFFECT_LOUDNESS) {
                if (!c->has_run)
                    init_gain(&c->line[k].fx[i], c->rate);
                set_loudness(&c->line[k].fx[i], gain);
            }
}

/* Both lines hear the block; what the coming one makes of it is heard more and more. */
static void run_both(struct chain *c, fx_pair *x, uint32_t n)
{
    const double ramp = fx_ramp_frames(c->rate);
    fx_pair y[FX_BLOCK];

    memcpy(y, x, n * sizeof *x);
    line_run(c, &c->line[c->live], x, n);
    line_run(c, &c->line[!c->live], y, n);
    if (c->filling) {
        c->filling -= n;
        return;
    }
    for (uint32_t i = 0; i < n; i++) {
        double share = 1 - --c->fading / ramp;
        x[i] = x[i] * (1 - share) + y[i] * share;
    }
    if (c->fading)
        return;
    c->live = !c->live;
    c->line[!c->live].n = 0;
    if (c->has_next) {
        const struct chain_settings next = c->next;
        c->has_next = false;
        take(c, &next);
    }
}

static inline float clean(float v, float faintest)
{
    v = isnan(v) ? 0 : v;
    v = v > LOUDEST ? LOUDEST : v < -LOUDEST ? -LOUDEST : v;
    return fabsf(v) < faintest ? 0 : v;
}

void chain_run(struct chain *c, float *stereo, uint32_t n, float track_gain)
{
    fx_pair x[FX_BLOCK];

    set_track_gain(c, (double)track_gain);
    c->has_run = true;
    while (n && (c->filling || c->fading || c->line[c->live].n)) {
        uint32_t some = n < FX_BLOCK ? n : FX_BLOCK, until = c->filling ? c->filling : c->fading;
        if (until && some > until)
            some = until;
        for (uint32_t i = 0; i < some; i++)
            x[i] = (fx_pair){ (double)clean(stereo[2 * i], FAINTEST), (double)clean(stereo[2 * i + 1], FAINTEST) };
        if (until)
            run_both(c, x, some);
        else
            line_run(c, &c->line[c->live], x, some);
        for (uint32_t i = 0; i < some; i++)
            for (int k = 0; k < 2; k++)
                stereo[2 * i + (uint32_t)k] = fabs(x[i][k]) < (double)FAINTEST ? 0 : (float)x[i][k];
        stereo += 2 * some;
        n -= some;
    }
}
