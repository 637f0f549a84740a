/*
 * The hue of a head while it is dark: that of its nearest later sample with light, else of the nearest earlier one
 * (light-model 5), so that a fade from black starts in its colour. The look beyond a tile goes from tile to tile, only as far
 * as it must; what each tile says (first and last lit hue per head) is kept in the program.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "graph/program.h"

static bool is_dark(const float *hue)
{
    return isnan(hue[0]);
}

static void summarize(const struct node_input *in, int64_t from, uint32_t count, struct hue_ends *ends)
{
    size_t c = in->value.c;

    for (uint32_t n = 0; n < in->value.n; n++) {
        const float *s = in->data + ((size_t)n * in->t + (size_t)(from - in->from)) * c;
        float *first = ends->first + 3 * n, *last = ends->last + 3 * n;
        for (int i = 0; i < 3; i++)
            first[i] = last[i] = NAN;
        for (uint32_t t = 0; t < count; t++, s += c) {
            float v = 0, rgb[3];
            for (int i = 0; i < 3; i++) {
                rgb[i] = s[i] > 0 && isfinite(s[i]) ? (s[i] < 1 ? s[i] : 1) : 0;
                v = rgb[i] > v ? rgb[i] : v;
            }
            for (int i = 0; i < 3 && v > 0; i++)
                last[i] = rgb[i] / v;
            if (v > 0 && is_dark(first))
                memcpy(first, last, 3 * sizeof *first);
        }
    }
}

/* The lock is held. */
static enum lm_err ends_of(struct graph_program *g, struct graph_workspace *w, struct sink *s, uint32_t k)
{
    int64_t from = (int64_t)k * TILE_SAMPLES;
    uint32_t count = g->ctx.samples - k * TILE_SAMPLES;
    enum lm_err err;

    if (s->ends[k].first)
        return LM_OK;
    if (count > TILE_SAMPLES)
        count = TILE_SAMPLES;
    if ((err = ensure_scans(g, w, k, g->levels, false)) || (err = workspace_begin(w, g)))
        return err;
    eval_demand(w, g, s->op->in[s->port].op, from, from + count);
    if ((err = eval(g, w, true)))
        return err;
    struct hue_ends e = { .first = malloc(((size_t)s->n * 6 + 1) * sizeof(float)) };
    if (!e.first)
        return LM_NOMEM;
    e.last = e.first + 3 * (size_t)s->n;
    struct node_input in = eval_input(g, w, s->op, s->port);
    summarize(&in, from, count, &e);
    s->ends[k] = e;
    atomic_fetch_add_explicit(&g->kept, 6 * (size_t)s->n * sizeof(float), memory_order_relaxed);
    return LM_OK;
}

/* Inside one tile: backwards from `hue` (NaN: nothing lit comes after it). */
static void fill_row(float *row, uint32_t samples, const float *hue)
{
    float now[3] = { hue[0], hue[1], hue[2] };

    for (uint32_t t = samples; t-- > 0;) {
        float *s = row + (size_t)t * 3;
        if (is_dark(s))
            memcpy(s, now, sizeof now);
        else
            memcpy(now, s, sizeof now);
    }
    /* What is still dark is dark to the tile's end: the nearest earlier one. */
    uint32_t lit = samples;
    for (uint32_t t = samples; t-- > 0 && is_dark(row + (size_t)t * 3);)
        lit = t;
    for (uint32_t t = lit; lit > 0 && t < samples; t++)
        memcpy(row + (size_t)t * 3, row + (size_t)(lit - 1) * 3, sizeof now);
}

/* The nearest lit hue of head n in tiles k+1.., else in k-1..0. */
static enum lm_err look_around(struct graph_program *g, struct graph_workspace *w, struct sink *s, uint32_t k, uint32_t n,
                               bool earlier, float *hue)
{
    enum lm_err err;

    for (uint32_t j = k + 1; j < g->tiles && is_dark(hue); j++) {
        bool is_new = !s->ends[j].first;
        if ((err = ends_of(g, w, s, j)))
            return err;
        if (is_new && workspace_pauses(w))
            return LM_TIMEOUT;
        memcpy(hue, s->ends[j].first + 3 * (size_t)n, 3 * sizeof *hue);
    }
    for (uint32_t j = k; earlier && j-- > 0 && is_dark(hue);) {
        bool is_new = !s->ends[j].first;
        if ((err = ends_of(g, w, s, j)))
            return err;
        if (is_new && workspace_pauses(w))
            return LM_TIMEOUT;
        memcpy(hue, s->ends[j].last + 3 * (size_t)n, 3 * sizeof *hue);
    }
    return LM_OK;
}

static bool is_lit_anywhere(const float *row, uint32_t samples)
{
    for (uint32_t t = 0; t < samples; t++)
        if (!is_dark(row + (size_t)t * 3))
            return true;
    return false;
}

enum lm_err outputs_fill_hues(struct graph_program *g, struct graph_workspace *w, uint32_t k)
{
    enum lm_err err = LM_OK;

    for (uint32_t i = 0; i < g->n_outputs && !err; i++) {
        const struct raw_output *to = &w->raw[i];
        if (g->outputs[i].property != PROP_COLOR || !g->sinks[i].varies)
            continue;
        for (uint32_t n = 0; n < to->n && !err; n++) {
            float *row = to->hue + (size_t)n * to->t * 3, hue[3] = { NAN, NAN, NAN };
            if (is_dark(row + ((size_t)to->t - 1) * 3)) {
                pthread_mutex_lock(&g->lock);
                err = look_around(g, w, &g->sinks[i], k, n, !is_lit_anywhere(row, to->t), hue);
                pthread_mutex_unlock(&g->lock);
            }
            fill_row(row, to->t, hue);
        }
    }
    return err;
}
