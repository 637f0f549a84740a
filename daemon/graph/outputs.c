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

static bool put_color(const float *from, uint32_t c, float *to, uint32_t count)
{
    bool bad = false;

    for (uint32_t t = 0; t < count; t++, from += c, to += 5) {
        float rgb[3], v = 0;
        for (int i = 0; i < 3; i++) {
            bad |= !isfinite(from[i]);
            rgb[i] = isfinite(from[i]) ? dsp_clamp01(from[i]) : 0;
            v = rgb[i] > v ? rgb[i] : v;
        }
        for (int i = 0; i < 3; i++)
            to[i] = v > 0 ? rgb[i] / v : NAN;
        to[3] = v;
        bad |= c > 3 && !isfinite(from[3]);
        to[4] = c <= 3 ? 1 : isfinite(from[3]) ? dsp_clamp01(from[3]) : 0;
    }
    return bad;
}

static bool put_level(const float *from, uint32_t c, float *to, uint32_t count)
{
    bool bad = false;

    for (uint32_t t = 0; t < count; t++) {
        float x = from[(size_t)t * c];
        bad |= !isfinite(x);
        to[t] = isfinite(x) ? dsp_clamp01(x) : 0;
    }
    return bad;
}

static bool put_angle(const float *from, uint32_t c, float *to, uint32_t count)
{
    bool bad = false;

    for (uint32_t t = 0; t < count; t++) {
        float x = from[(size_t)t * c];
        bad |= !isfinite(x);
        to[t] = isfinite(x) ? x : NAN;
    }
    return bad;
}

static bool (*const put[PROPERTIES])(const float *, uint32_t, float *, uint32_t) = {
    [PROP_COLOR] = put_color, [PROP_DIMMER] = put_level, [PROP_PAN] = put_angle,
    [PROP_TILT] = put_angle, [PROP_STROBE] = put_level, [PROP_SPEED] = put_level,
};

/* A direction has a base per head, and may be one for all heads. */
static bool put_direction(const struct sink *s, enum property property, const struct node_input *in, size_t skip, const struct tensor *to)
{
    bool bad = false;

    for (uint32_t n = 0; n < to->n; n++) {
        struct movement m = movement_of(s->bases[n], property);
        const float *uv = in->data + (in->value.n == 1 ? 0 : (size_t)n * in->t * 2) + skip;
        float *out = (float *)to->data + (size_t)n * to->t;
        for (uint32_t t = 0; t < to->t; t++, uv += 2) {
            out[t] = m.middle + m.across * uv[0] + m.up * uv[1];
            if (!isfinite(out[t]))
                out[t] = NAN, bad = true;       /* the head holds */
        }
    }
    return bad;
}

/* --- tiles --- */

static struct tile *tile_new(const struct graph_program *g, uint32_t k)
{
    uint32_t samples = program_tile_samples(g, k);
    size_t head = (sizeof(struct tile) + g->n_outputs * sizeof(struct tensor) + 63) & ~(size_t)63, floats = 0;

    for (uint32_t i = 0; i < g->n_outputs; i++)
        floats += (size_t)g->sinks[i].n * g->sinks[i].c * (g->sinks[i].varies ? samples : 1);
    struct tile *t = malloc(head + floats * sizeof(float));
    if (!t)
        return NULL;
    *t = (struct tile){ .index = k, .samples = samples, .bytes = head + floats * sizeof(float), .n_outputs = g->n_outputs };
    float *data = (void *)((char *)t + head);
    for (uint32_t i = 0; i < g->n_outputs; i++) {
        const struct sink *s = &g->sinks[i];
        t->outputs[i] = (struct tensor){ .n = s->n, .t = s->varies ? samples : 1, .c = s->c, .data = data };
        data += (size_t)s->n * s->c * t->outputs[i].t;
    }
    return t;
}

static void report(const struct sink *s, struct graph_errors *errors)
{
    struct op *op = s->op;

    if (errors && !atomic_flag_test_and_set(&op->reported))
        graph_error_add(errors, op->id, op->desc->in[s->port].id, "not_finite",
                        "%s.%s is not a number in places; light is 0 there, a position holds", op->id,
                        op->desc->in[s->port].id);
}

static void fill(const struct graph_program *g, const struct graph_workspace *w, struct tile *t, struct graph_errors *errors)
{
    int64_t from = (int64_t)t->index * TILE_SAMPLES;

    for (uint32_t i = 0; i < g->n_outputs; i++) {
        const struct sink *s = &g->sinks[i];
        const struct tensor *to = &t->outputs[i];
        struct node_input in = eval_input(g, w, s->op, s->port);
        size_t c = in.value.c, skip = in.value.varies ? (size_t)(from - in.from) * c : 0;
        bool bad = s->bases && put_direction(s, g->outputs[i].property, &in, skip, to);
        for (uint32_t n = 0; !s->bases && n < to->n; n++)
            bad |= put[g->outputs[i].property](in.data + (size_t)n * in.t * c + skip, in.value.c,
                                               (float *)to->data + (size_t)n * to->t * to->c, to->t);
        if (bad)
            report(s, errors);
    }
}

static enum lm_err run_tile(struct graph_program *g, struct graph_workspace *w, struct tile *t, bool save)
{
    int64_t from = (int64_t)t->index * TILE_SAMPLES;
    enum lm_err err = workspace_begin(w, g);

    if (err)
        return err;
    for (uint32_t i = 0; i < g->n_outputs; i++)
        eval_demand(w, g, g->sinks[i].op->in[g->sinks[i].port].op, from, from + t->samples);
    return eval(g, w, save);
}

enum lm_err graph_run_tile(struct graph_program *g, struct graph_workspace *w, uint32_t k, struct tile **result,
                           struct graph_errors *errors)
{
    *result = NULL;
    if (k >= g->tiles)
        return LM_RANGE;
    struct tile *t = tile_new(g, k);
    if (!t)
        return LM_NOMEM;

    pthread_mutex_lock(&g->lock);
    enum lm_err err = ensure_globals(g, w, false);
    if (!err)
        err = ensure_scans(g, w, k, g->levels, false);
    /* States that are still missing after this tile are made by it; otherwise others may run beside it. */
    bool save = !err && !scans_reach(g, k + 1);
    if (!save)
        pthread_mutex_unlock(&g->lock);
    if (!err)
        err = run_tile(g, w, t, save);
    if (save)
        pthread_mutex_unlock(&g->lock);
    if (!err) {
        fill(g, w, t, errors);
        err = outputs_fill_hues(g, w, t);
    }
    if (err)
        tile_free(t);
    else
        *result = t;
    return err;
}
