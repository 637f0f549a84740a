#include <stdlib.h>
#include <string.h>

#include "dsp/spectrum.h"
#include "graph/document.h"
#include "graph/program.h"

struct graph_workspace *graph_workspace_new(void)
{
    return calloc(1, sizeof(struct graph_workspace));
}

void graph_workspace_free(struct graph_workspace *w)
{
    if (!w)
        return;
    for (size_t i = 0; i < w->n_buffers; i++)
        free(w->buffers[i].data);
    free(w->buffers);
    free(w->slots);
    free(w->rows);
    free(w->state);
    free(w->sums);
    free(w->beats.data);
    free(w->out);
    free(w->raw);
    free(w->work);
    for (int i = 0; i < GRAPH_SPECTRA; i++)
        spectrum_free(w->spectra[i]);
    free(w->us);
    free(w);
}

void graph_workspace_set_pause(struct graph_workspace *w, bool (*pause)(void *ctx), void *ctx)
{
    w->pause = pause;
    w->pause_ctx = ctx;
}

bool workspace_pauses(const struct graph_workspace *w)
{
    return w->pause && w->pause(w->pause_ctx);
}

void graph_workspace_set_stop(struct graph_workspace *w, bool (*stop)(void *ctx), void *ctx)
{
    w->stop = stop;
    w->stop_ctx = ctx;
}

size_t graph_workspace_bytes(const struct graph_workspace *w)
{
    size_t floats = w->rows_cap + w->state_cap + w->sums_cap + w->out_cap + w->work_cap + 2 * w->beats_cap;

    for (size_t i = 0; i < w->n_buffers; i++)
        floats += w->buffers[i].cap;
    return sizeof *w + floats * sizeof(float);
}

bool floats_reserve(float **p, size_t *cap, size_t n)
{
    if (n <= *cap)
        return true;
    float *more = realloc(*p, n * sizeof *more);
    if (!more)
        return false;
    *p = more, *cap = n;
    return true;
}

struct spectrum *workspace_spectrum(struct graph_workspace *w, uint32_t size)
{
    for (int i = 0; i < GRAPH_SPECTRA; i++)
        if (w->spectra[i] && spectrum_size(w->spectra[i]) == size)
            return w->spectra[i];
    /* A program needs one or two sizes; where there are more, the oldest gives way. */
    struct spectrum **at = &w->spectra[w->next_spectrum++ % GRAPH_SPECTRA];
    spectrum_free(*at);
    return *at = spectrum_new(size);
}

enum lm_err workspace_begin(struct graph_workspace *w, const struct graph_program *g)
{
    if (g->n_ops > w->n_slots) {
        struct slot *more = realloc(w->slots, g->n_ops * sizeof *more);
        if (!more)
            return LM_NOMEM;
        w->slots = more, w->n_slots = g->n_ops;
    }
    for (uint32_t i = 0; i < g->n_ops; i++)
        w->slots[i] = (struct slot){ .buffer = -1 };
    for (size_t i = 0; i < w->n_buffers; i++)
        w->buffers[i].in_use = false;
    w->beats.count = 0;
    return LM_OK;
}

/* The smallest free buffer that is large enough, else the largest free one made larger, else a new one. */
static int buffer_take(struct graph_workspace *w, size_t n)
{
    int best = -1;

    for (size_t i = 0; i < w->n_buffers; i++) {
        const struct buffer *b = &w->buffers[i], *had = best < 0 ? NULL : &w->buffers[best];
        if (b->in_use)
            continue;
        if (!had || (b->cap >= n ? had->cap < n || b->cap < had->cap : had->cap < n && b->cap > had->cap))
            best = (int)i;
    }
    if (best < 0) {
        if (w->n_buffers == w->cap_buffers) {
            size_t cap = w->cap_buffers ? 2 * w->cap_buffers : 16;
            struct buffer *more = realloc(w->buffers, cap * sizeof *more);
            if (!more)
                return -1;
            w->buffers = more, w->cap_buffers = cap;
        }
        best = (int)w->n_buffers++;
        w->buffers[best] = (struct buffer){ 0 };
    }
    struct buffer *b = &w->buffers[best];
    if (b->cap < n || !b->data) {
        free(b->data);                  /* what it held is of no use */
        b->cap = n ? n : 1;
        b->data = malloc(b->cap * sizeof *b->data);
        if (!b->data) {
            b->cap = 0;
            return -1;
        }
    }
    b->in_use = true;
    return best;
}

static void demand(struct slot *s, int64_t a, int64_t b)
{
    if (!s->is_needed) {
        s->is_needed = true;
        s->a = a, s->b = b;
        return;
    }
    if (a < s->a)
        s->a = a;
    if (b > s->b)
        s->b = b;
}

void eval_demand(struct graph_workspace *w, const struct graph_program *g, int32_t op, int64_t a, int64_t b)
{
    if (op < 0 || g->ops[op].is_const)
        return;
    demand(&w->slots[op], a, b);
    w->slots[op].is_pinned = true;
}

static int64_t clamp(int64_t x, int64_t low, int64_t high)
{
    return x < low ? low : x > high ? high : x;
}

/* What an op must be given so that it can fill what is asked of it. */
static void request(const struct graph_program *g, const struct op *op, struct slot *s, int64_t *a, int64_t *b)
{
    if (op->desc->kind == NODE_SCAN) {
        int64_t at = s->a > 0 ? s->a : 0;
        s->run_from = at - at % TILE_SAMPLES;
        if (s->b <= s->run_from)
            s->b = s->run_from + 1;
        s->base = s->a < s->run_from ? s->a : s->run_from;
        *a = s->run_from, *b = s->b;
    } else {
        s->base = s->a;
        *a = s->a - op->before, *b = s->b + op->after;
        if (op->desc->ends_clamp) {
            *a = clamp(*a, 0, (int64_t)g->ctx.samples - 1);
            *b = clamp(*b, *a + 1, g->ctx.samples);
        }
    }
    s->len = (uint32_t)(s->b - s->base);
}

struct node_input eval_input(const struct graph_program *g, const struct graph_workspace *w, const struct op *op, unsigned port)
{
    struct op_input from = op->in[port];
    struct node_input in = { 0 };

    if (from.op < 0) {
        in.value.selection = op->selection;
        return in;
    }
    const struct op *source = &g->ops[from.op];
    in.wired = true;
    in.value = source->out[from.port].value;
    in.t = 1;
    if (source->is_const) {
        in.data = source->out[from.port].data;
        return in;
    }
    const struct slot *s = &w->slots[from.op];
    if (s->buffer < 0)
        return in;
    float *data = w->buffers[s->buffer].data;
    for (uint32_t i = 0; i < from.port; i++)
        data += (size_t)source->out[i].value.n * source->out[i].value.c * s->len;
    in.data = data;
    in.t = s->len;
    in.from = s->base;
    return in;
}

/* The scratch rows of an op, one per input, and room for the beats. */
static bool rows_of(struct graph_workspace *w, const struct op *op, uint32_t count, struct node_scratch *rows)
{
    size_t row = (size_t)count * op->row;

    if (!floats_reserve(&w->rows, &w->rows_cap, row * op->n_in))
        return false;
    if (count > w->beats_cap) {
        double *more = realloc(w->beats.data, count * sizeof *more);
        if (!more)
            return false;
        w->beats.data = more, w->beats_cap = count;
    }
    for (uint32_t i = 0; i < op->n_in; i++)
        rows[i] = (struct node_scratch){ .data = w->rows + i * row };
    return true;
}

enum lm_err op_run(const struct graph_program *g, struct graph_workspace *w, const struct op *op, const struct node_input *in,
                   const struct node_output *out, int64_t from, uint32_t count, float *state, bool is_first)
{
    struct node_scratch rows[NODE_INPUTS];
    struct spectrum *spectrum = op->spectrum ? workspace_spectrum(w, op->spectrum) : NULL;

    if (!rows_of(w, op, count, rows) || !floats_reserve(&w->work, &w->work_cap, op->work_floats) || (op->spectrum && !spectrum))
        return LM_NOMEM;
    struct node_io io = { .ctx = &g->ctx, .params = op->params, .seed = op->seed, .in = in, .out = out,
                          .from = from, .count = count, .state = state, .is_first = is_first,
                          .global = op->global, .scratch = rows, .beats = &w->beats, .work = w->work,
                          .spectrum = spectrum };
    if (!op->desc->plugin) {
        op->desc->run(&io);
        return LM_OK;
    }
    /* Who shares a thread with others does not stand in line for a plug-in: they would all wait for the one that has it. */
    enum lm_err err = plugin_node_run(op->desc, &io, !w->pause, w->failure, sizeof w->failure);
    if (err == LM_IO)
        w->failed = op;
    return err;
}

void tell_failed(const struct graph_workspace *w, struct graph_errors *errors)
{
    if (w->failed)
        graph_error_add(errors, w->failed->id, NULL, "plugin_failed", "%s: %s", w->failed->id, w->failure);
}

enum lm_err op_add(const struct graph_program *g, struct graph_workspace *w, const struct op *op, const struct node_input *in,
                   int64_t from, uint32_t count)
{
    struct node_scratch rows[NODE_INPUTS];

    if (!rows_of(w, op, count, rows))
        return LM_NOMEM;
    op->desc->add(op->global, &(struct node_io){ .ctx = &g->ctx, .params = op->params, .seed = op->seed, .in = in,
                                                 .from = from, .count = count, .scratch = rows, .beats = &w->beats });
    return LM_OK;
}

/* Keeps the state at a boundary when it is the next one missing; nothing starts from the end. */
static enum lm_err state_save(struct graph_program *g, struct op *op, int64_t sample, const float *state)
{
    int64_t k = sample / TILE_SAMPLES;

    if (sample % TILE_SAMPLES || k != (int64_t)op->saved + 1 || k >= g->tiles)
        return LM_OK;
    float *copy = malloc((op->state_floats + 1) * sizeof *copy);
    if (!copy)
        return LM_NOMEM;
    memcpy(copy, state, op->state_floats * sizeof *copy);
    op->states[k] = copy;
    atomic_fetch_add_explicit(&g->kept, op->state_floats * sizeof *copy, memory_order_relaxed);
    op->saved = (uint32_t)k;
    return LM_OK;
}

/* From the boundary before what is asked, a piece per tile. Samples before the annotation hold its first one. */
static enum lm_err scan_run(struct graph_program *g, struct graph_workspace *w, struct op *op, const struct slot *s,
                            const struct node_input *in, const struct node_output *out, bool save)
{
    struct node_output piece[NODE_OUTPUTS];
    int64_t at = s->run_from;
    enum lm_err err;

    if (!floats_reserve(&w->state, &w->state_cap, op->state_floats + 1))
        return LM_NOMEM;
    if (at > 0)
        memcpy(w->state, op->states[at / TILE_SAMPLES], op->state_floats * sizeof *w->state);
    else
        memset(w->state, 0, op->state_floats * sizeof *w->state);
    for (int64_t next; at < s->b; at = next) {
        next = at - at % TILE_SAMPLES + TILE_SAMPLES;
        if (next > s->b)
            next = s->b;
        for (uint32_t i = 0; i < op->n_out; i++) {
            piece[i] = out[i];
            piece[i].data += (size_t)(at - s->base) * out[i].c;
        }
        if ((err = op_run(g, w, op, in, piece, at, (uint32_t)(next - at), w->state, at == 0)))
            return err;
        if (save && (err = state_save(g, op, next, w->state)))
            return err;
    }
    for (uint32_t i = 0; i < op->n_out && s->base < 0; i++)
        for (uint32_t n = 0; n < out[i].n; n++) {
            float *row = out[i].data + n * out[i].stride, *first = row - s->base * (int64_t)out[i].c;
            for (float *p = row; p < first; p += out[i].c)
                memcpy(p, first, out[i].c * sizeof *p);
        }
    return LM_OK;
}

static enum lm_err run_one(struct graph_program *g, struct graph_workspace *w, struct op *op, struct slot *s, bool save)
{
    struct node_input in[NODE_INPUTS];
    struct node_output out[NODE_OUTPUTS];

    s->buffer = buffer_take(w, op->floats * s->len);
    if (s->buffer < 0)
        return LM_NOMEM;
    for (unsigned i = 0; i < op->n_in; i++)
        in[i] = eval_input(g, w, op, i);
    float *data = w->buffers[s->buffer].data;
    for (uint32_t i = 0; i < op->n_out; i++) {
        const struct node_value *v = &op->out[i].value;
        out[i] = (struct node_output){ .data = data, .stride = (size_t)s->len * v->c, .n = v->n, .c = v->c };
        data += v->n * out[i].stride;
    }
    if (op->desc->kind == NODE_SCAN)
        return scan_run(g, w, op, s, in, out, save);
    return op_run(g, w, op, in, out, s->base, s->len, NULL, false);
}

static void release(struct graph_workspace *w, struct slot *s)
{
    if (s->users == 0 && !s->is_pinned && s->buffer >= 0) {
        w->buffers[s->buffer].in_use = false;
        s->buffer = -1;
    }
}

enum lm_err eval(struct graph_program *g, struct graph_workspace *w, bool save)
{
    for (uint32_t i = g->n_ops; i-- > 0;) {
        struct slot *s = &w->slots[i];
        const struct op *op = &g->ops[i];
        int64_t a, b;
        if (!s->is_needed)
            continue;
        request(g, op, s, &a, &b);
        for (uint32_t k = 0; k < op->n_in; k++)
            if (op->in[k].op >= 0 && !g->ops[op->in[k].op].is_const) {
                demand(&w->slots[op->in[k].op], a, b);
                w->slots[op->in[k].op].users++;
            }
    }
    for (uint32_t i = 0; i < g->n_ops; i++) {
        struct slot *s = &w->slots[i];
        struct op *op = &g->ops[i];
        if (!s->is_needed)
            continue;
        if (w->stop && w->stop(w->stop_ctx))
            return LM_TIMEOUT;
        int64_t before = w->now_us ? w->now_us() : 0;
        enum lm_err err = run_one(g, w, op, s, save);
        if (err)
            return err;
        if (w->now_us)
            w->us[i] += w->now_us() - before;
        for (uint32_t k = 0; k < op->n_in; k++)
            if (op->in[k].op >= 0 && !g->ops[op->in[k].op].is_const) {
                w->slots[op->in[k].op].users--;
                release(w, &w->slots[op->in[k].op]);
            }
    }
    return LM_OK;
}
