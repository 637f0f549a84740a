/*
 * For the editor: the whole annotation, tile by tile, into columns of minimum, maximum and mean.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "graph/program.h"
#include "graph/view_audio.h"

enum { COLUMNS = 512, VIEWS = 64, ROWS = 512 };     /* ROWS: of all views together */

struct column { float low, high; double sum; uint32_t count; };

struct view {
    const struct op *op;
    uint32_t channels, first;           /* shown of each head, from this one on */
    uint32_t rows, columns, samples;    /* samples: 1 when it does not vary */
    struct column *column;              /* [row * columns + i]; NULL: no signal */
};

static const char *source_id(const struct graph_program *g, const struct op *op, enum port_type *type)
{
    struct op_input in = op->in[0];
    const struct node_desc *d = g->ops[in.op].desc;

    if (d->is_args)
        *type = g->ops[in.op].out[in.port].value.selection ? PORT_SELECTION : PORT_SIGNAL;
    else
        *type = d->out[in.port].type;
    return g->ops[in.op].id;
}

/* A signal of one channel goes nowhere. */
static bool is_path(const struct view *v, const struct node_value *value)
{
    return v->op->desc->view == VIEW_UV && value->c >= 2;
}

static void choose_channels(struct view *v, const struct node_value *value)
{
    v->channels = is_path(v, value) ? 2 : value->c;
    if (v->op->desc->view == VIEW_CHANNEL) {
        v->first = (uint32_t)((const struct view_channel *)v->op->params)->channel;
        v->channels = v->first < value->c ? 1 : 0;
    }
}

static enum lm_err views_new(const struct graph_program *g, struct view *views, size_t *n, struct problem *p)
{
    size_t count = 0;

    for (uint32_t i = 0; i < g->n_ops; i++)
        count += g->ops[i].desc->is_view;
    if (count > VIEWS)
        return problem_set(p, LM_INVALID, "%zu views; %d are the most that are shown at a time", count, VIEWS);
    *n = 0;
    for (uint32_t i = 0; i < g->n_ops; i++) {
        if (!g->ops[i].desc->is_view)
            continue;
        struct view *v = &views[(*n)++];
        const struct op *from = &g->ops[g->ops[i].in[0].op];
        const struct node_value *value = &from->out[g->ops[i].in[0].port].value;
        enum port_type type;
        v->op = &g->ops[i];
        source_id(g, v->op, &type);
        if (type != PORT_SIGNAL)
            continue;
        choose_channels(v, value);
        uint64_t rows = (uint64_t)value->n * v->channels, most = ROWS / count;
        v->rows = (uint32_t)(rows < most ? rows : most);
        v->rows -= is_path(v, value) ? v->rows % 2 : 0;
        v->samples = value->varies ? g->ctx.samples : 1;
        v->columns = v->samples < COLUMNS ? v->samples : COLUMNS;
        v->column = malloc(((size_t)v->rows * v->columns + 1) * sizeof *v->column);
        if (!v->column)
            return problem_set(p, LM_NOMEM, "No memory for the views");
        for (size_t k = 0; k < (size_t)v->rows * v->columns; k++)
            v->column[k] = (struct column){ .low = INFINITY, .high = -INFINITY };
    }
    return LM_OK;
}

static void column_add(struct column *c, float x)
{
    if (!isfinite(x))
        return;
    c->low = x < c->low ? x : c->low;
    c->high = x > c->high ? x : c->high;
    c->sum += (double)x;
    c->count++;
}

static void view_add(const struct graph_program *g, const struct graph_workspace *w, struct view *v, uint32_t from,
                     uint32_t count)
{
    struct node_input in = eval_input(g, w, v->op, 0);
    uint32_t c = in.value.c;

    if (!v->column || (!in.value.varies && from > 0))
        return;
    if (!in.value.varies)
        count = 1;
    for (uint32_t row = 0; row < v->rows; row++) {
        size_t skip = in.value.varies ? (size_t)((int64_t)from - in.from) : 0;
        const float *x = in.data + ((size_t)(row / v->channels) * in.t + skip) * c + v->first + row % v->channels;
        for (uint32_t t = 0; t < count; t++) {
            struct column *column = &v->column[(size_t)row * v->columns + (uint64_t)(from + t) * v->columns / v->samples];
            if (!is_path(v, &in.value) || !column->count)       /* of a path, where it was: both channels at one instant */
                column_add(column, x[(size_t)t * c]);
        }
    }
}

static json_t *column_list(const struct column *c, uint32_t n, int which)
{
    json_t *l = json_array();

    for (uint32_t i = 0; i < n; i++) {
        double x = which == 0 ? (double)c[i].low : which == 1 ? (double)c[i].high : c[i].sum / c[i].count;
        json_array_append_new(l, c[i].count ? json_number(x) : json_null());
    }
    return l;
}

static json_t *columns_json(const struct column *c, uint32_t n)
{
    return json_pack("{s:o, s:o, s:o}", "min", column_list(c, n, 0), "max", column_list(c, n, 1), "mean", column_list(c, n, 2));
}

static json_t *path_json(const struct view *v, const struct node_value *value)
{
    json_t *rows = json_array();

    for (uint32_t r = 0; r + 1 < v->rows; r += 2) {
        const struct column *u = v->column + (size_t)r * v->columns;
        json_array_append_new(rows, json_pack("{s:i, s:o, s:o}", "head", (int)(r / 2), "u", column_list(u, v->columns, 0), "v",
                                              column_list(u + v->columns, v->columns, 0)));
    }
    return json_pack("{s:s, s:[i,i,i], s:i, s:o}", "type", "path", "shape", (int)value->n, (int)v->samples, (int)value->c, "columns",
                     (int)v->columns, "rows", rows);
}

static json_t *signal_json(const struct graph_program *g, const struct view *v)
{
    const struct op_input *in = &v->op->in[0];
    const struct node_value *value = &g->ops[in->op].out[in->port].value;
    json_t *rows = json_array();

    if (is_path(v, value)) {
        json_decref(rows);
        return path_json(v, value);
    }
    for (uint32_t r = 0; r < v->rows; r++) {
        json_t *o = columns_json(v->column + (size_t)r * v->columns, v->columns);
        json_object_set_new(o, "head", json_integer(r / v->channels));
        json_object_set_new(o, "channel", json_integer(v->first + r % v->channels));
        json_array_append_new(rows, o);
    }
    return json_pack("{s:s, s:[i,i,i], s:i, s:o}", "type", "signal", "shape", (int)value->n, (int)v->samples, (int)value->c,
                     "columns", (int)v->columns, "rows", rows);
}

static json_t *audio_json(const struct graph_program *g, const struct graph_workspace *w, const struct view *v)
{
    const struct op_input *in = &v->op->in[0];
    const struct audio_chain *sound = g->ops[in->op].out[in->port].value.audio;

    return v->op->desc->view == VIEW_MEL ? view_mel_json(&g->ctx, sound, w->stop, w->stop_ctx) : view_audio_json(&g->ctx, sound, w->stop, w->stop_ctx);
}

static json_t *grid_json(const struct graph_program *g)
{
    const struct beatgrid *grid = g->ctx.grid;
    json_t *beats = json_array();

    /* Those that patterns count, also before the first of the track and where none were found. */
    for (double beat = ceil(beatgrid_beat(grid, g->ctx.start) - 1e-9); json_array_size(beats) < COLUMNS; beat++) {
        double at = beatgrid_seconds(grid, beat);
        if (!(at < g->ctx.end))
            break;
        json_array_append_new(beats, json_number(at));
    }
    return json_pack("{s:s, s:f, s:b, s:o}", "type", "grid", "bpm", beatgrid_bpm(grid, g->ctx.start), "assumed",
                     (int)grid->is_assumed, "beats", beats);
}

static json_t *selection_json(const struct node_selection *s)
{
    json_t *heads = json_array();

    for (uint32_t i = 0; i < s->n; i++)
        json_array_append_new(heads, json_integer(s->heads[i]));
    return json_pack("{s:s, s:s, s:o}", "type", "selection", "expression", s->expression, "heads", heads);
}

/* NULL: no memory, or stopped. */
static json_t *view_json(const struct graph_program *g, const struct graph_workspace *w, const struct view *v)
{
    const struct op_input *in = &v->op->in[0];
    enum port_type type;
    json_t *o = NULL;
    const char *source = source_id(g, v->op, &type);

    if (type == PORT_SIGNAL)
        o = signal_json(g, v);
    else if (type == PORT_AUDIO)
        o = audio_json(g, w, v);
    else if (type == PORT_GRID)
        o = grid_json(g);
    else
        o = selection_json(g->ops[in->op].out[in->port].value.selection);
    json_object_set_new(o, "source", json_string(source));
    return o;
}

/* The lock is held. */
static enum lm_err run_all(struct graph_program *g, struct graph_workspace *w, struct view *views, size_t n)
{
    enum lm_err err = ensure_globals(g, w, true);

    for (uint32_t k = 0; k < g->tiles && !err; k++) {
        uint32_t from = k * TILE_SAMPLES, count = g->ctx.samples - from;
        if (count > TILE_SAMPLES)
            count = TILE_SAMPLES;
        if ((err = ensure_scans(g, w, k, g->levels, true)) || (err = workspace_begin(w, g)))
            break;
        for (uint32_t i = 0; i < g->n_outputs; i++)
            eval_demand(w, g, g->sinks[i].op->in[g->sinks[i].port].op, from, (int64_t)from + count);
        for (size_t i = 0; i < n; i++)
            eval_demand(w, g, views[i].op->in[0].op, from, (int64_t)from + count);
        err = eval(g, w, true);
        for (size_t i = 0; i < n && !err; i++)
            view_add(g, w, &views[i], from, count);
    }
    return err;
}

static enum lm_err result_json(const struct graph_program *g, const struct graph_workspace *w, const struct view *views, size_t n, json_t **result)
{
    json_t *shown = json_object(), *timings = json_array();

    for (size_t i = 0; i < n; i++) {
        json_t *o = view_json(g, w, &views[i]);
        if (!o) {
            json_decref(shown), json_decref(timings);
            return w->stop && w->stop(w->stop_ctx) ? LM_TIMEOUT : LM_NOMEM;
        }
        json_object_set_new(shown, views[i].op->id, o);
    }
    for (uint32_t i = 0; i < g->n_ops; i++)
        if (!g->ops[i].is_const && g->ops[i].n_out > 0)
            json_array_append_new(timings, json_pack("{s:s, s:I}", "node", g->ops[i].id, "us", (json_int_t)w->us[i]));
    *result = json_pack("{s:o, s:o, s:{s:i, s:i}}", "views", shown, "timings", timings, "layer", "heads", (int)g->lit_heads,
                        "samples", (int)g->ctx.samples);
    return *result ? LM_OK : LM_NOMEM;
}

static int64_t no_time(void)
{
    return 0;
}

enum lm_err graph_run_views(struct graph_program *g, struct graph_workspace *w, int64_t (*now_us)(void), json_t **result,
                            struct problem *p)
{
    struct view views[VIEWS] = { { 0 } };
    size_t n = 0;
    enum lm_err err;

    *result = NULL;
    if (g->n_ops > w->us_cap) {
        int64_t *more = realloc(w->us, g->n_ops * sizeof *more);
        if (!more)
            return problem_set(p, LM_NOMEM, "No memory for the views");
        w->us = more, w->us_cap = g->n_ops;
    }
    if (w->us)
        memset(w->us, 0, w->us_cap * sizeof *w->us);
    if ((err = views_new(g, views, &n, p)))
        goto out;
    w->now_us = now_us ? now_us : no_time;
    pthread_mutex_lock(&g->lock);
    err = run_all(g, w, views, n);
    pthread_mutex_unlock(&g->lock);
    w->now_us = NULL;
    if (!err)
        err = result_json(g, w, views, n, result);
    if (err == LM_IO && w->failed)
        problem_set(p, err, "%s: %s", w->failed->id, w->failure);
    else if (err)
        problem_set(p, err, err == LM_NOMEM ? "No memory for the views" : "The graph could not be run");
out:
    for (size_t i = 0; i < VIEWS; i++)
        free(views[i].column);
    return err;
}
