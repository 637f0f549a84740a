#include "graph/program.h"

static bool is_wanted(const struct op *op, bool views)
{
    return !op->is_const && (op->for_light || (views && op->for_view));
}

bool scans_reach(const struct graph_program *g, uint32_t tile)
{
    for (uint32_t i = 0; i < g->n_ops; i++) {
        const struct op *op = &g->ops[i];
        if (op->desc->kind == NODE_SCAN && !op->is_const && op->for_light && op->saved < tile)
            return false;
    }
    return true;
}

enum lm_err ensure_scans(struct graph_program *g, struct graph_workspace *w, uint32_t tile, uint32_t level, bool views)
{
    for (bool did_any = false;; did_any = true) {
        uint32_t least = tile;
        for (uint32_t i = 0; i < g->n_ops; i++) {
            const struct op *op = &g->ops[i];
            if (op->desc->kind == NODE_SCAN && is_wanted(op, views) && op->level <= level && op->saved < least)
                least = op->saved;
        }
        if (least >= tile)
            return LM_OK;
        if (did_any && workspace_pauses(w))
            return LM_TIMEOUT;
        /* All that are behind go on together, so that one running of what they share serves all. */
        enum lm_err err = workspace_begin(w, g);
        if (err)
            return err;
        for (uint32_t i = 0; i < g->n_ops; i++) {
            const struct op *op = &g->ops[i];
            if (op->desc->kind == NODE_SCAN && is_wanted(op, views) && op->level <= level && op->saved == least)
                eval_demand(w, g, (int32_t)i, (int64_t)least * TILE_SAMPLES, ((int64_t)least + 1) * TILE_SAMPLES);
        }
        if ((err = eval(g, w, true)))
            return err;
    }
}

static bool is_due(const struct op *op, uint32_t level, bool views)
{
    return op->desc->kind == NODE_GLOBAL && is_wanted(op, views) && op->level == level && !op->has_global;
}

/* One sweep over the annotation for all pre-passes of a level. When it is stopped on the way it goes on there the next time. */
static enum lm_err sweep(struct graph_program *g, struct graph_workspace *w, uint32_t level, bool views)
{
    enum lm_err err = LM_OK;

    if (!g->sweep.is_on || g->sweep.views != views || g->sweep.level != level) {
        for (uint32_t i = 0; i < g->n_ops; i++)
            if (is_due(&g->ops[i], level, views))
                g->ops[i].desc->begin(g->ops[i].global);
        g->sweep.is_on = true, g->sweep.views = views, g->sweep.level = level, g->sweep.next = 0;
    }
    for (uint32_t k = g->sweep.next; k < g->tiles && !err; k++) {
        int64_t a = (int64_t)k * TILE_SAMPLES, b = a + TILE_SAMPLES;
        if (b > g->ctx.samples)
            b = g->ctx.samples;
        if ((err = ensure_scans(g, w, k, level - 1, views)) || (err = workspace_begin(w, g)))
            break;
        for (uint32_t i = 0; i < g->n_ops; i++)
            for (uint32_t p = 0; is_due(&g->ops[i], level, views) && p < g->ops[i].n_in; p++)
                eval_demand(w, g, g->ops[i].in[p].op, a, b);
        err = eval(g, w, true);
        for (uint32_t i = 0; i < g->n_ops && !err; i++) {
            struct node_input in[NODE_INPUTS];
            if (!is_due(&g->ops[i], level, views))
                continue;
            for (uint32_t p = 0; p < g->ops[i].n_in; p++)
                in[p] = eval_input(g, w, &g->ops[i], p);
            err = op_add(g, w, &g->ops[i], in, a, (uint32_t)(b - a));
            if (err)
                g->sweep.is_on = false;         /* some have this tile and some have not */
        }
        g->sweep.next = err ? k : k + 1;
        if (!err && k + 1 < g->tiles && workspace_pauses(w))
            err = LM_TIMEOUT;
    }
    if (!err)
        g->sweep.is_on = false;
    for (uint32_t i = 0; i < g->n_ops && !err; i++)
        if (is_due(&g->ops[i], level, views))
            g->ops[i].has_global = true;
    return err;
}

enum lm_err ensure_globals(struct graph_program *g, struct graph_workspace *w, bool views)
{
    for (uint32_t level = 1; level <= g->levels; level++)
        for (uint32_t i = 0; i < g->n_ops; i++)
            if (is_due(&g->ops[i], level, views)) {
                enum lm_err err = sweep(g, w, level, views);
                if (err)
                    return err;
            }
    return LM_OK;
}
