/* What a compiled program says of itself, and its end. */
#include "graph/program.h"

#include <stdlib.h>

void graph_program_free(struct graph_program *g)
{
    if (!g)
        return;
    for (uint32_t i = 0; i < g->n_ops; i++)
        for (uint32_t k = 1; k <= g->ops[i].saved; k++)
            free(g->ops[i].states[k]);
    for (uint32_t i = 0; i < g->n_outputs; i++)
        for (uint32_t k = 0; g->sinks[i].ends && k < g->tiles; k++)
            free(g->sinks[i].ends[k].first);
    pthread_mutex_destroy(&g->lock);
    arena_free(g->arena);
    node_set_unref(g->types);
    free(g);
}

size_t graph_program_bytes(const struct graph_program *g)
{
    return sizeof *g + arena_size(g->arena) + atomic_load_explicit(&g->kept, memory_order_relaxed);
}

size_t graph_program_outputs(const struct graph_program *g, const struct graph_output **outputs)
{
    *outputs = g->outputs;
    return g->n_outputs;
}

uint32_t graph_program_tiles(const struct graph_program *g)
{
    return g->tiles;
}

uint32_t graph_program_samples(const struct graph_program *g)
{
    return g->ctx.samples;
}
