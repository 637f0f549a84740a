#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dsp/hash.h"
#include "graph/document.h"
#include "graph/movement.h"
#include "graph/program.h"

struct compiler {
    const struct graph_doc *doc;
    const struct graph_env *env;
    struct graph_program *g;
    struct graph_errors *errors;
    struct program_args args;
    struct graph_workspace *scratch;    /* what constants are computed in */
    uint32_t *order;                    /* nodes in topological order */
    bool *is_live;                      /* per node: leads to light or a view */
    int32_t *op_of;                     /* per node; -1 dead */
};

static bool check_env(const struct graph_env *env, struct graph_errors *errors)
{
    double length = env->end - env->start;

    if (isfinite(env->start) && isfinite(env->origin) && fabs(env->start) < 1e7 && fabs(env->origin) < 1e7 && length > 0
        && length * SAMPLE_RATE <= GRAPH_MAX_SAMPLES)
        return true;
    graph_error_add(errors, NULL, NULL, "bad_range", "The range must end after it starts and last at most 24 hours");
    return false;
}

/* Against the edges from everything that gives light or a view. */
static bool mark_live(struct compiler *c)
{
    const struct graph_doc *d = c->doc;
    uint32_t *first = arena_array(c->g->arena, d->n_nodes + 1, sizeof *first);
    uint32_t *next = arena_array(c->g->arena, d->n_edges + 1, sizeof *next);

    if (!first || !next)
        return false;
    /* Edges grouped by the node they enter; they go forward in the order, so one pass from its end reaches everything. */
    for (size_t i = 0; i < d->n_edges; i++) {
        next[i] = first[d->edges[i].to];
        first[d->edges[i].to] = (uint32_t)i + 1;
    }
    for (size_t i = d->n_nodes; i-- > 0;) {
        uint32_t node = c->order[i];
        if (d->nodes[node].desc->n_writes || d->nodes[node].desc->is_view)
            c->is_live[node] = true;
        for (uint32_t k = c->is_live[node] ? first[node] : 0; k; k = next[k - 1])
            c->is_live[d->edges[k - 1].from] = true;
    }
    return true;
}

/* Params live in the program; texts are copied, since the document may go. */
static bool make_params(struct compiler *c, struct op *op, const struct doc_node *n)
{
    op->params = arena_alloc(c->g->arena, n->desc->params_size + 1);
    if (!op->params)
        return false;
    params_parse(n->desc, n->id, n->params, op->params, c->errors);
    for (const struct param_desc *p = n->desc->params; p && p->id; p++)
        if (p->type == PARAM_TEXT || p->type == PARAM_SELECTION) {
            const char **text = (const char **)((char *)op->params + p->offset);
            if (!(*text = arena_dup(c->g->arena, *text)))
                return false;
        }
    return true;
}

static bool make_op(struct compiler *c, uint32_t node)
{
    struct graph_program *g = c->g;
    const struct doc_node *n = &c->doc->nodes[node];
    struct op *op = &g->ops[g->n_ops];

    op->desc = n->desc;
    op->id = arena_dup(g->arena, n->id);
    op->seed = hash_mix(hash_text(hash_bytes(HASH_START, &c->env->seed, sizeof c->env->seed), n->id));
    op->n_in = node_ports(n->desc->in);
    op->n_out = n->desc->is_args ? (uint32_t)c->doc->n_args : node_ports(n->desc->out);
    op->out = arena_array(g->arena, op->n_out + 1, sizeof *op->out);
    atomic_flag_clear(&op->reported);
    for (uint32_t i = 0; i < NODE_INPUTS; i++)
        op->in[i].op = -1;
    c->op_of[node] = (int32_t)g->n_ops++;
    return op->id && op->out && make_params(c, op, n);
}

static enum lm_err make_ops(struct compiler *c)
{
    const struct graph_doc *d = c->doc;

    c->g->ops = arena_array(c->g->arena, d->n_nodes + 1, sizeof *c->g->ops);
    if (!c->g->ops)
        return LM_NOMEM;
    for (size_t i = 0; i < d->n_nodes; i++) {
        c->op_of[c->order[i]] = -1;
        if (c->is_live[c->order[i]] && !make_op(c, c->order[i]))
            return LM_NOMEM;
    }
    for (size_t i = 0; i < d->n_edges; i++) {
        const struct doc_edge *e = &d->edges[i];
        if (c->op_of[e->to] < 0)
            continue;
        struct op *op = &c->g->ops[c->op_of[e->to]];
        int port;
        unsigned channels;
        doc_output(d, &d->nodes[e->from], e->from_port, &port, &channels);
        op->in[node_port_find(op->desc->in, e->to_port)] =
            (struct op_input){ .op = c->op_of[e->from], .port = (uint32_t)port };
        c->g->ops[c->op_of[e->from]].used |= UINT64_C(1) << port;
    }
    return LM_OK;
}

/* Channels of what comes in, known only now: they may depend on everything upstream. */
static bool check_channels(struct compiler *c, const struct op *op, const struct node_input *in)
{
    for (uint32_t i = 0; i < op->n_in; i++) {
        const struct port_desc *p = &op->desc->in[i];
        if (!in[i].wired || p->type != PORT_SIGNAL || node_channels_fit(in[i].value.c, p->channels))
            continue;
        graph_error_add(c->errors, op->id, p->id, "shape_mismatch", "%s.%s is given %u channels and takes %s", op->id, p->id,
                        in[i].value.c, node_channels_text(p->channels));
        return false;
    }
    return true;
}

static bool make_shape(struct compiler *c, struct op *op, struct node_setup *s)
{
    struct node_value *values = s->out;
    bool varies = false;

    for (uint32_t i = 0; i < op->n_out; i++)
        values[i] = op->desc->is_args ? c->args.values[i].value : (struct node_value){ .n = 1, .c = 1 };
    if (!op->desc->is_args) {
        bool good = op->desc->shape ? op->desc->shape(s) : op->n_out == 0 || node_broadcast(s, &values[0]);
        if (!good) {
            graph_error_add(c->errors, op->id, s->port, s->code ? s->code : "bad_input", "%s: %s", op->id, s->message);
            return false;
        }
    }
    op->row = 4;
    for (uint32_t i = 0; i < op->n_out; i++) {
        bool is_signal = op->desc->is_args ? !values[i].selection : op->desc->out[i].type == PORT_SIGNAL;
        varies |= is_signal && values[i].varies;
        if (values[i].c > op->row)
            op->row = values[i].c;
    }
    for (uint32_t i = 0; i < op->n_in; i++) {
        if (s->in[i].wired && s->in[i].value.c > op->row)
            op->row = s->in[i].value.c;
        /* Even where only its first sample counts (how many heads a constant trigger draws): it has none yet. */
        varies |= s->in[i].wired && op->desc->in[i].type == PORT_SIGNAL && s->in[i].value.varies;
    }
    for (uint32_t i = 0; i < op->n_out; i++) {
        values[i].varies = varies;
        op->out[i].value = values[i];
        op->floats += (size_t)values[i].n * values[i].c;
        if ((uint64_t)values[i].n * values[i].c > GRAPH_MAX_FLOATS / (TILE_SAMPLES + 1)) {
            graph_error_add(c->errors, op->id, NULL, "too_large", "%s gives %u heads of %u channels: too much", op->id,
                            values[i].n, values[i].c);
            return false;
        }
    }
    op->is_const = op->n_out > 0 && !varies;
    return true;
}

/* What does not vary is computed here, once. */
static enum lm_err fold(struct compiler *c, struct op *op, const struct node_input *in)
{
    struct node_output out[NODE_OUTPUTS];
    float *state = NULL;
    enum lm_err err = LM_OK;

    if (op->desc->is_args) {
        for (uint32_t i = 0; i < op->n_out; i++)
            op->out[i].data = c->args.values[i].data;
        return LM_OK;
    }
    if (!op->desc->run && !op->desc->plugin)    /* sources of grids and audio */
        return LM_OK;
    for (uint32_t i = 0; i < op->n_out; i++) {
        const struct node_value *v = &op->out[i].value;
        float *data = arena_array(c->g->arena, (size_t)v->n * v->c + 1, sizeof *data);
        if (!data)
            return LM_NOMEM;
        out[i] = (struct node_output){ .data = data, .stride = v->c, .n = v->n, .c = v->c };
        op->out[i].data = data;
    }
    if (op->desc->kind == NODE_SCAN && !(state = calloc(op->state_floats + 1, sizeof *state)))
        return LM_NOMEM;
    if (op->desc->kind == NODE_GLOBAL) {
        op->desc->begin(op->global);
        err = op_add(c->g, c->scratch, op, in, 0, 1);
        op->has_global = true;
    }
    if (!err)
        err = op_run(c->g, c->scratch, op, in, out, 0, 1, state, true);
    free(state);
    if (err != LM_IO)
        return err;
    tell_failed(c->scratch, c->errors);
    return LM_INVALID;
}

/* What its class needs, and how many pre-passes lie on the way to it. */
static enum lm_err make_class(struct compiler *c, struct op *op, const struct node_setup *s)
{
    struct arena *a = c->g->arena;

    op->work_floats = op->desc->work_floats ? op->desc->work_floats(s) : 0;
    op->spectrum = op->desc->spectrum_size ? op->desc->spectrum_size(s) : 0;
    op->effort = op->desc->effort ? op->desc->effort(s) : 0;
    for (uint32_t i = 0; i < op->n_in; i++)
        if (op->in[i].op >= 0 && c->g->ops[op->in[i].op].level > op->level)
            op->level = c->g->ops[op->in[i].op].level;
    switch (op->desc->kind) {
    case NODE_POINT:
        break;
    case NODE_WINDOW:
        op->desc->window(s, &op->before, &op->after);
        break;
    case NODE_SCAN:
        op->state_floats = op->desc->state_floats(s);
        op->states = program_table(c->g, op, sizeof *op->states, c->errors);
        if (!op->states)
            return graph_errors_fatal(c->errors, 0) ? LM_INVALID : LM_NOMEM;
        break;
    case NODE_GLOBAL:
        op->global = arena_alloc(a, op->desc->global_size + 1);
        if (!op->global)
            return LM_NOMEM;
        if (!op->is_const)
            op->level++;
        if (op->level > GRAPH_MAX_LEVELS)
            graph_error_add(c->errors, op->id, NULL, "too_deep", "%s: at most %d nodes that look at the whole annotation "
                            "may follow each other", op->id, GRAPH_MAX_LEVELS);
        if (op->level > c->g->levels)
            c->g->levels = op->level;
        break;
    }
    return LM_OK;
}

/* x * 1: who reads it may as well read x. */
static bool is_passed(const struct op *op, const struct node_setup *s)
{
    return !op->is_const && op->desc->passes && op->desc->passes(s) && s->in[0].value.n == s->out[0].n && s->in[0].value.c == s->out[0].c
        && s->in[0].value.varies;
}

static enum lm_err finish_op(struct compiler *c, struct op *op)
{
    struct node_input in[NODE_INPUTS];
    struct node_value out[NODE_OUTPUTS] = { { 0 } };
    struct node_setup s = { .ctx = &c->g->ctx, .desc = op->desc, .params = op->params, .in = in, .out = out, .used = op->used,
                            .arena = c->g->arena };
    enum lm_err err;

    for (uint32_t i = 0; i < op->n_in; i++) {
        if (op->in[i].op < 0 && op->desc->in[i].type == PORT_SELECTION)
            op->selection = c->args.standard;
        if (op->in[i].op >= 0 && c->g->ops[op->in[i].op].is_passed && !op->desc->is_view)       /* a view names what it shows */
            op->in[i] = c->g->ops[op->in[i].op].in[0];
        in[i] = eval_input(c->g, c->scratch, op, i);
    }
    if (!check_channels(c, op, in) || !make_shape(c, op, &s))
        return s.is_starved ? LM_NOMEM : LM_OK;                   /* told; others may have more to tell */
    if ((err = make_class(c, op, &s)))
        return err;
    op->is_passed = is_passed(op, &s);
    return op->is_const ? fold(c, op, in) : LM_OK;
}

/* One sink per property that has something to write and heads to write it to. */
static enum lm_err make_sink(struct compiler *c, struct op *op, const struct node_write *write)
{
    struct graph_program *g = c->g;
    struct node_input select = eval_input(g, c->scratch, op, 0), in = eval_input(g, c->scratch, op, write->port);
    const struct node_selection *s = select.value.selection;

    if (!in.wired || s->n == 0)         /* none of the kind in this venue: no light, and no fault */
        return LM_OK;
    if (in.value.n != 1 && in.value.n != s->n) {
        graph_error_add(c->errors, op->id, op->desc->in[write->port].id, "shape_mismatch",
                        "%s.%s is %ux%ux%u and the selection \"%.60s\" has %u heads", op->id, op->desc->in[write->port].id,
                        in.value.n, in.value.varies ? g->ctx.samples : 1, in.value.c, s->expression, s->n);
        return LM_OK;
    }
    g->outputs[g->n_outputs] = (struct graph_output){ .property = write->property, .heads = s->heads, .n = s->n };
    g->sinks[g->n_outputs] = (struct sink){ .op = op, .port = write->port, .n = in.value.n, .varies = in.value.varies,
                                            .c = write->property == PROP_COLOR ? 5 : 1 };
    if (write->is_direction) {          /* each head has its own base, whether or not the direction is one for all */
        g->sinks[g->n_outputs].n = s->n;
        if (!(g->sinks[g->n_outputs].bases = movement_bases(g->arena, c->env->patch, s)))
            return LM_NOMEM;
    }
    if (write->property == PROP_COLOR && in.value.varies)
        g->sinks[g->n_outputs].ends = program_table(g, op, sizeof(struct hue_ends), c->errors);
    g->n_outputs++;
    return LM_OK;
}

static const char *const property_names[PROPERTIES] = {
    [PROP_COLOR] = "colour", [PROP_DIMMER] = "dimmer", [PROP_PAN] = "pan",
    [PROP_TILT] = "tilt", [PROP_STROBE] = "strobe", [PROP_SPEED] = "speed",
};

/* Two outputs of one property on one head: allowed, the later wins, but worth saying. */
static enum lm_err warn_overlaps(struct compiler *c)
{
    struct graph_program *g = c->g;
    size_t heads = c->env->patch->n_heads;
    uint32_t *by = calloc(PROPERTIES * heads + 1, sizeof *by);      /* output + 1 that wrote it */
    unsigned char *lit = calloc(heads + 1, 1);

    for (uint32_t i = 0; by && lit && i < g->n_outputs; i++) {
        const struct graph_output *o = &g->outputs[i];
        bool told = false;
        for (size_t k = 0; k < o->n; k++) {
            uint32_t *had = &by[(size_t)o->property * heads + o->heads[k]];
            if (*had && g->sinks[*had - 1].op != g->sinks[i].op && !told) {
                told = true;
                graph_error_add(c->errors, g->sinks[i].op->id, NULL, "warning",
                                "%s and %s both write the %s of the same heads; %s wins", g->sinks[*had - 1].op->id,
                                g->sinks[i].op->id, property_names[o->property], g->sinks[i].op->id);
            }
            *had = i + 1;
            g->lit_heads += !lit[o->heads[k]];
            lit[o->heads[k]] = 1;
        }
    }
    enum lm_err err = by && lit ? LM_OK : LM_NOMEM;
    free(by);
    free(lit);
    return err;
}

static enum lm_err make_sinks(struct compiler *c)
{
    struct graph_program *g = c->g;
    size_t max = 0;

    for (uint32_t i = 0; i < g->n_ops; i++)
        max += g->ops[i].desc->n_writes;
    g->outputs = arena_array(g->arena, max + 1, sizeof *g->outputs);
    g->sinks = arena_array(g->arena, max + 1, sizeof *g->sinks);
    if (!g->outputs || !g->sinks)
        return LM_NOMEM;
    for (uint32_t i = 0; i < g->n_ops; i++)
        for (unsigned k = 0; k < g->ops[i].desc->n_writes; k++)
            if (make_sink(c, &g->ops[i], &g->ops[i].desc->writes[k]))
                return LM_NOMEM;
    for (uint32_t i = 0; i < g->n_outputs; i++) {
        if (g->outputs[i].property == PROP_COLOR && g->sinks[i].varies && !g->sinks[i].ends)
            return graph_errors_fatal(c->errors, 0) ? LM_INVALID : LM_NOMEM;
        g->sinks[i].op->for_light = true;
    }
    for (uint32_t i = g->n_ops; i-- > 0;) {
        struct op *op = &g->ops[i];
        op->for_view |= op->desc->is_view;
        for (uint32_t k = 0; k < op->n_in; k++)
            if (op->in[k].op >= 0) {
                g->ops[op->in[k].op].for_light |= op->for_light;
                g->ops[op->in[k].op].for_view |= op->for_view;
            }
    }
    return warn_overlaps(c);
}

static enum lm_err compile(struct compiler *c)
{
    const struct graph_doc *d = c->doc;
    struct arena *a = c->g->arena;
    bool *placed = arena_array(a, d->n_nodes + 1, sizeof *placed);
    enum lm_err err;

    c->order = arena_array(a, d->n_nodes + 1, sizeof *c->order);
    c->is_live = arena_array(a, d->n_nodes + 1, sizeof *c->is_live);
    c->op_of = arena_array(a, d->n_nodes + 1, sizeof *c->op_of);
    c->scratch = graph_workspace_new();
    if (!placed || !c->order || !c->is_live || !c->op_of || !c->scratch)
        return LM_NOMEM;
    doc_order(d, c->order, placed, &err);
    if (err)
        return err;
    if (!mark_live(c))
        return LM_NOMEM;
    if ((err = program_args(a, d, c->env, &c->args, c->errors)) || (err = make_ops(c))
        || (err = workspace_begin(c->scratch, c->g)))
        return err;
    size_t told = c->errors->n;
    for (uint32_t i = 0; i < c->g->n_ops; i++) {
        size_t before = c->errors->n;
        if ((err = finish_op(c, &c->g->ops[i])))
            return err;
        /* What follows from a broken node would only repeat its error in other words. */
        if (graph_errors_fatal(c->errors, before))
            return LM_INVALID;
    }
    if ((err = make_sinks(c)))
        return err;
    return graph_errors_fatal(c->errors, told) || !program_cost(c->g, c->errors) ? LM_INVALID : LM_OK;
}

/* What no node says it reads is not there: then it cannot be in the light without being in the key of the layer (graph_doc_reads()). */
static void make_context(struct compiler *c)
{
    const struct graph_env *env = c->env;
    unsigned reads = graph_doc_reads(c->doc);
    double samples = ceil((env->end - env->start) * SAMPLE_RATE);
    struct node_context *ctx = &c->g->ctx;

    *ctx = (struct node_context){ .patch = env->patch, .grid = env->grid, .start = env->start, .end = env->end, .origin = env->origin,
                                  .samples = samples > 1 ? (uint32_t)samples : 1 };
    if (reads & READS_AUDIO)
        ctx->audio = env->audio;
    if (reads & READS_STEMS)
        memcpy(ctx->stems, env->stems, sizeof ctx->stems);
    if (reads & READS_ANALYSIS)
        ctx->analysis = env->analysis;
    c->g->tiles = (ctx->samples + TILE_SAMPLES - 1) / TILE_SAMPLES;
}

enum lm_err graph_compile(const struct graph_doc *d, const struct graph_env *env, struct graph_program **result,
                          struct graph_errors *errors)
{
    struct graph_errors unused = { 0 };
    enum lm_err err = LM_INVALID;

    *result = NULL;
    if (!errors)
        errors = &unused;
    struct compiler c = { .doc = d, .env = env, .errors = errors, .g = calloc(1, sizeof *c.g) };
    size_t had = errors->n;
    if (!c.g)
        return LM_NOMEM;
    pthread_mutex_init(&c.g->lock, NULL);
    if (!(c.g->arena = arena_new())) {
        err = LM_NOMEM;
        goto out;
    }
    c.g->types = node_set_ref(d->types);
    graph_check(d, errors);
    if (!check_env(env, errors) || graph_errors_fatal(errors, had))
        goto out;
    make_context(&c);
    err = compile(&c);
    if (!err) {
        *result = c.g;
        c.g = NULL;
    }
out:
    graph_workspace_free(c.scratch);
    graph_program_free(c.g);
    graph_errors_clear(&unused);
    return err;
}
