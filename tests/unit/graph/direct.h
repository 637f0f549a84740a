#pragma once
/*
 * One node by itself, without a graph around it: inputs from arrays, outputs into arrays. For nodes whose inputs no simple graph gives.
 */
#include <stdlib.h>
#include <string.h>

#include "graph/document.h"
#include "small.h"

enum { DIRECT_PORTS = 4 };

struct direct {
    const struct node_desc *desc;
    char params[2048];
    struct node_context ctx;
    struct node_input in[DIRECT_PORTS];
    struct node_value out[DIRECT_PORTS];
    struct node_output row[DIRECT_PORTS];       /* after direct_run() */
};

/* `params`: JSON with ' for ", or NULL. */
static inline bool direct_init(struct direct *d, const char *type, const char *params)
{
    json_t *v = params ? small_json(params) : NULL;
    struct graph_errors errors = { 0 };

    memset(d, 0, sizeof *d);
    d->desc = node_find(type);
    if (d->desc && d->desc->params_size <= sizeof d->params)
        params_parse(d->desc, "x", v, d->params, &errors);
    for (size_t i = 0; i < errors.n; i++)
        printf("# %s\n", errors.e[i].message);
    bool good = d->desc && errors.n == 0;
    graph_errors_clear(&errors);
    json_decref(v);
    return good;
}

/* data[(n * samples + t) * c + i]; it varies. */
static inline void direct_input(struct direct *d, unsigned port, const float *data, uint32_t n, uint32_t samples, uint32_t c)
{
    d->in[port] = (struct node_input){ .wired = true, .value = { .n = n, .c = c, .varies = true }, .data = data, .t = samples };
}

static inline void direct_clear(struct direct *d)
{
    for (unsigned i = 0; i < DIRECT_PORTS; i++) {
        free(d->row[i].data);
        d->row[i] = (struct node_output){ 0 };
    }
}

/* Samples from .. from + count of every output. */
static inline bool direct_run(struct direct *d, int64_t from, uint32_t count)
{
    struct node_setup s = { .ctx = &d->ctx, .desc = d->desc, .params = d->params, .in = d->in, .out = d->out };
    struct node_scratch scratch[DIRECT_PORTS];
    float rows[DIRECT_PORTS][4096];

    for (unsigned i = 0; i < DIRECT_PORTS; i++) {
        d->out[i] = (struct node_value){ .n = 1, .c = 1 };
        scratch[i] = (struct node_scratch){ .data = rows[i] };
    }
    direct_clear(d);
    if (!(d->desc->shape ? d->desc->shape(&s) : node_broadcast(&s, &d->out[0]))) {
        printf("# %s\n", s.message);
        return false;
    }
    for (unsigned i = 0; i < node_ports(d->desc->out); i++)
        d->row[i] = (struct node_output){ .data = calloc((size_t)d->out[i].n * count * d->out[i].c + 1, sizeof(float)), .stride = (size_t)count * d->out[i].c,
                                          .n = d->out[i].n, .c = d->out[i].c };
    d->desc->run(&(struct node_io){ .ctx = &d->ctx, .params = d->params, .in = d->in, .out = d->row, .from = from, .count = count, .scratch = scratch });
    return true;
}

static inline float direct_at(const struct direct *d, unsigned port, uint32_t n, uint32_t sample, uint32_t c)
{
    return d->row[port].data[n * d->row[port].stride + (size_t)sample * d->row[port].c + c];
}
