#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dsp/dmath.h"
#include "graph/document.h"
#include "graph/movement.h"
#include "graph/program.h"

uint32_t program_tile_samples(const struct graph_program *g, uint32_t k)
{
    uint32_t left = g->ctx.samples - k * TILE_SAMPLES;

    return left < TILE_SAMPLES + 1 ? left : TILE_SAMPLES + 1;
}

/* --- what a property makes of the samples written to it; true: something was not finite --- */

static inline float finite_or(float x, float other)
{
    return fabsf(x) < INFINITY ? x : other;
}

static bool put_color(const float *from, uint32_t c, const struct raw_output *to, uint32_t n)
{
    float *v = to->value + (size_t)n * to->t, *hue = to->hue + (size_t)n * to->t * 3, *alpha = to->alpha + (size_t)n * to->t;
    bool bad = false;

    for (uint32_t t = 0; t < to->t; t++, from += c, hue += 3) {
        float rgb[3], most = 0;
        for (int i = 0; i < 3; i++) {
            bad |= !isfinite(from[i]);
            rgb[i] = isfinite(from[i]) ? dsp_clamp01(from[i]) : 0;
            most = rgb[i] > most ? rgb[i] : most;
        }
        for (int i = 0; i < 3; i++)
            hue[i] = most > 0 ? rgb[i] / most : NAN;
        v[t] = most;
        bad |= c > 3 && !isfinite(from[3]);
        alpha[t] = c <= 3 ? 1 : isfinite(from[3]) ? dsp_clamp01(from[3]) : 0;
    }
    return bad;
}

static bool put_level(const float *restrict from, uint32_t c, const struct raw_output *to, uint32_t n)
{
    float *restrict level = to->value + (size_t)n * to->t;
    int bad = 0;

    (void)c;                            /* the port takes one channel */
    for (size_t t = 0; t < to->t; t++) {        /* vectorised */
        level[t] = dsp_clamp01(finite_or(from[t], 0));
        bad |= !(fabsf(from[t]) < INFINITY);
    }
    return bad;
}

static bool put_angle(const float *restrict from, uint32_t c, const struct raw_output *to, uint32_t n)
{
    float *restrict angle = to->value + (size_t)n * to->t;
    int bad = 0;

    (void)c;
    for (size_t t = 0; t < to->t; t++) {        /* vectorised */
        angle[t] = finite_or(from[t], NAN);
        bad |= !(fabsf(from[t]) < INFINITY);
    }
    return bad;
}

static bool (*const put[PROPERTIES])(const float *, uint32_t, const struct raw_output *, uint32_t) = {
    [PROP_COLOR] = put_color, [PROP_DIMMER] = put_level, [PROP_PAN] = put_angle,
    [PROP_TILT] = put_angle, [PROP_STROBE] = put_level, [PROP_SPEED] = put_level,
};

/* A direction has a base per head, and may be one for all heads. */
static bool put_direction(const struct sink *s, enum property property, const struct node_input *in, size_t skip, const struct raw_output *to)
{
    int bad = 0;

    for (uint32_t n = 0; n < to->n; n++) {
        struct movement m = movement_of(s->bases[n], property);
        const float *uv = in->data + (in->value.n == 1 ? 0 : (size_t)n * in->t * 2) + skip;
        float *restrict out = to->value + (size_t)n * to->t;
        for (size_t t = 0; t < to->t; t++) {    /* vectorised */
            float at = m.middle + m.across * uv[2 * t] + m.up * uv[2 * t + 1];
            out[t] = finite_or(at, NAN);        /* the head holds */
            bad |= !(fabsf(at) < INFINITY);
        }
    }
    return bad;
}

/* --- tiles --- */

/* Where this tile's samples go before they are packed: the workspace's, all planes of all outputs. */
static bool raw_begin(const struct graph_program *g, struct graph_workspace *w, uint32_t samples)
{
    size_t floats = 0;

    for (uint32_t i = 0; i < g->n_outputs; i++)
        floats += (size_t)g->sinks[i].n * g->sinks[i].c * (g->sinks[i].varies ? samples : 1);
    if (!floats_reserve(&w->out, &w->out_cap, floats))
        return false;
    if (g->n_outputs > w->n_raw) {
        struct raw_output *more = realloc(w->raw, g->n_outputs * sizeof *more);
        if (!more)
            return false;
        w->raw = more, w->n_raw = g->n_outputs;
    }
    float *at = w->out;
    for (uint32_t i = 0; i < g->n_outputs; i++) {
        const struct sink *s = &g->sinks[i];
        struct raw_output *r = &w->raw[i];
        *r = (struct raw_output){ .n = s->n, .t = s->varies ? samples : 1, .value = at };
        size_t row = (size_t)r->n * r->t;
        if (s->c == 5)
            r->alpha = at + row, r->hue = at + 2 * row;
        at += row * s->c;
    }
    return true;
}

static void report(const struct sink *s, struct graph_errors *errors)
{
    struct op *op = s->op;

    if (errors && !atomic_flag_test_and_set(&op->reported))
        graph_error_add(errors, op->id, op->desc->in[s->port].id, "not_finite",
                        "%s.%s is not a number in places; light is 0 there, a position holds", op->id,
                        op->desc->in[s->port].id);
}

static void fill(const struct graph_program *g, const struct graph_workspace *w, uint32_t k, struct graph_errors *errors)
{
    int64_t from = (int64_t)k * TILE_SAMPLES;

    for (uint32_t i = 0; i < g->n_outputs; i++) {
        const struct sink *s = &g->sinks[i];
        const struct raw_output *to = &w->raw[i];
        struct node_input in = eval_input(g, w, s->op, s->port);
        size_t c = in.value.c, skip = in.value.varies ? (size_t)(from - in.from) * c : 0;
        bool bad = s->bases && put_direction(s, g->outputs[i].property, &in, skip, to);
        for (uint32_t n = 0; !s->bases && n < to->n; n++)
            bad |= put[g->outputs[i].property](in.data + (size_t)n * in.t * c + skip, in.value.c, to, n);
        if (bad)
            report(s, errors);
    }
}

static enum lm_err run_tile(struct graph_program *g, struct graph_workspace *w, uint32_t k, bool save)
{
    int64_t from = (int64_t)k * TILE_SAMPLES;
    enum lm_err err = workspace_begin(w, g);

    if (err)
        return err;
    for (uint32_t i = 0; i < g->n_outputs; i++)
        eval_demand(w, g, g->sinks[i].op->in[g->sinks[i].port].op, from, from + program_tile_samples(g, k));
    return eval(g, w, save);
}

enum lm_err graph_run_tile(struct graph_program *g, struct graph_workspace *w, uint32_t k, struct tile **result,
                           struct graph_errors *errors)
{
    *result = NULL;
    if (k >= g->tiles)
        return LM_RANGE;
    if (!raw_begin(g, w, program_tile_samples(g, k)))
        return LM_NOMEM;

    pthread_mutex_lock(&g->lock);
    enum lm_err err = ensure_globals(g, w, false);
    if (!err)
        err = ensure_scans(g, w, k, g->levels, false);
    /* States that are still missing after this tile are made by it; otherwise others may run beside it. */
    bool save = !err && k + 1 < g->tiles && !scans_reach(g, k + 1);
    if (!save)
        pthread_mutex_unlock(&g->lock);
    if (!err)
        err = run_tile(g, w, k, save);
    if (save)
        pthread_mutex_unlock(&g->lock);
    if (!err) {
        fill(g, w, k, errors);
        err = outputs_fill_hues(g, w, k);
    }
    if (err == LM_IO)
        tell_failed(w, errors);
    if (!err && !(*result = tile_pack(k, program_tile_samples(g, k), w->raw, g->n_outputs)))
        err = LM_NOMEM;
    return err;
}
