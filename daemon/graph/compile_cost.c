#include <stdlib.h>

#include "graph/document.h"
#include "graph/program.h"

/*
 * What one tile will cost, before anything runs: the ranges eval() will ask for, held back by the annotation's ends only where
 * that is sure. A graph that asks for too much is refused here, so that no graph, however made, takes the machine down.
 */
struct cost { uint64_t len, before, after; uint32_t users; bool is_needed; };

static uint64_t at_most(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static void need(struct cost *c, uint64_t before, uint64_t after)
{
    c->is_needed = true;
    c->users++;
    if (before > c->before)
        c->before = before;
    if (after > c->after)
        c->after = after;
}

/* Ranges, from the outputs back. Samples held of an op that lies inside the annotation are at most all of it. */
static void ranges(const struct graph_program *g, struct cost *cost)
{
    const uint64_t all = (uint64_t)g->ctx.samples + TILE_SAMPLES;

    for (uint32_t i = g->n_ops; i-- > 0;) {
        const struct op *op = &g->ops[i];
        struct cost *c = &cost[i];
        if (op->n_out == 0)
            c->is_needed = true;        /* outputs and views */
        if (!c->is_needed || op->is_const)
            continue;
        uint64_t before = c->before, after = c->after;
        if (op->desc->kind == NODE_SCAN)        /* it starts from the boundary before */
            before = (before + TILE_SAMPLES - 1) / TILE_SAMPLES * TILE_SAMPLES;
        c->len = before + after + at_most(TILE_SAMPLES + 1, g->ctx.samples);
        before += op->before;
        after += op->after;
        if (op->desc->ends_clamp) {
            before = at_most(before, all);
            after = at_most(after, all);
            if (before + after > all)
                after = all - before;
        }
        for (uint32_t k = 0; k < op->n_in; k++)
            if (op->in[k].op >= 0 && !g->ops[op->in[k].op].is_const)
                need(&cost[op->in[k].op], before, after);
    }
}

static bool too_large(const struct op *op, struct graph_errors *errors, const char *what)
{
    graph_error_add(errors, op->id, NULL, "too_large", "%s: the graph needs too much %s", op->id, what);
    return false;
}

void *program_table(struct graph_program *g, const struct op *op, size_t size, struct graph_errors *errors)
{
    g->table_bytes += ((uint64_t)g->tiles + 1) * size;
    if (g->table_bytes > GRAPH_MAX_TABLES) {
        too_large(op, errors, "memory for so long a range");
        return NULL;
    }
    return arena_array(g->arena, (size_t)g->tiles + 1, size);
}

/* What leads up to states that go from tile to tile: to jump far into a block all of it is computed from the block's start. */
static uint64_t scan_work(const struct graph_program *g, const struct op **largest)
{
    bool *leads = calloc(g->n_ops + 1, sizeof *leads);
    uint64_t work = 0, most = 0;

    for (uint32_t i = leads ? g->n_ops : 0; i-- > 0;) {
        const struct op *op = &g->ops[i];
        if (op->is_const || !op->for_light || !(leads[i] || op->desc->kind == NODE_SCAN))
            continue;
        uint64_t own = op->floats + 1 + op->effort;
        work += own;
        if (own >= most && op->desc->kind == NODE_SCAN)
            most = own, *largest = op;
        for (uint32_t k = 0; k < op->n_in; k++)
            if (op->in[k].op >= 0)
                leads[op->in[k].op] = true;
    }
    if (!leads)
        work = UINT64_MAX / GRAPH_MAX_SAMPLES, *largest = &g->ops[0];
    free(leads);
    return work * g->ctx.samples;
}

bool program_cost(const struct graph_program *g, struct graph_errors *errors)
{
    struct cost *cost = calloc(g->n_ops + 1, sizeof *cost);
    uint64_t work = 0, held = 0, kept = 0;
    bool good = cost != NULL;

    if (good)
        ranges(g, cost);
    for (uint32_t i = 0; good && i < g->n_ops; i++) {
        const struct op *op = &g->ops[i];
        if (!cost[i].is_needed || op->is_const)
            continue;
        uint64_t floats = op->floats * cost[i].len;
        work += floats + (1 + (uint64_t)op->effort) * cost[i].len;
        held += floats;
        kept += (uint64_t)op->state_floats * g->tiles;
        if (work > GRAPH_MAX_WORK)
            good = too_large(op, errors, "computing for one tile");
        else if (work * g->tiles * g->levels > GRAPH_MAX_SWEEPS)
            good = too_large(op, errors, "computing before its first light, for so long a range");
        else if (held > GRAPH_MAX_FLOATS || kept > GRAPH_MAX_FLOATS)
            good = too_large(op, errors, "memory");
        for (uint32_t k = 0; k < op->n_in && op->n_out; k++) {
            int32_t from = op->in[k].op;
            if (from >= 0 && !g->ops[from].is_const && --cost[from].users == 0)
                held -= g->ops[from].floats * cost[from].len;
        }
    }
    /* Tiles hold every output, and what lights a head after the dark is kept per tile. */
    uint64_t stored = 0;
    for (uint32_t i = 0; good && i < g->n_outputs; i++) {
        const struct sink *s = &g->sinks[i];
        stored += (uint64_t)s->n * s->c * (s->varies ? TILE_SAMPLES + 1 : 1);
        kept += s->ends ? (uint64_t)s->n * 6 * g->tiles : 0;
        if (stored > GRAPH_MAX_FLOATS || kept > GRAPH_MAX_FLOATS)
            good = too_large(s->op, errors, "memory");
    }
    free(cost);
    const struct op *scan = NULL;
    if (good && g->n_ops && scan_work(g, &scan) > GRAPH_MAX_SCANS)
        good = too_large(scan, errors, "computing before a place far into so long a range");
    return good;
}
