#pragma once
/* Layers from short graphs, for render tests: all tiles computed, over `env` of a small venue. */
#include "../graph/small.h"
#include "render/layer.h"

static inline struct layer *stage_layer(struct small *s, const char *nodes, const char *edges, const char *args)
{
    struct graph_program *g = small_make(s, nodes, edges, args);
    struct layer *l = NULL;

    for (size_t i = 0; i < s->errors.n; i++)
        if (strcmp(s->errors.e[i].code, "warning"))
            printf("# %s: %s\n", s->errors.e[i].code, s->errors.e[i].message);
    if (!g || layer_new(g, s->patch.n_heads, &l))
        return NULL;
    for (uint32_t k = 0; k < layer_tiles(l); k++)
        layer_put_tile(l, small_tile(s, g, k));
    return l;
}

/* A constant colour on heads of a selection. */
static inline struct layer *stage_color(struct small *s, const char *color, const char *selection)
{
    char nodes[256], args[128];

    snprintf(nodes, sizeof nodes, "g:pattern_args k:color{'color':'%s'} o:apply_color", color);
    snprintf(args, sizeof args, "s:selection='%s'", selection);
    return stage_layer(s, nodes, "k.out>o.signal g.s>o.selection", args);
}

/* A constant number on one property: "dimmer.signal", "strobe.signal", "speed.speed", "position.pan" ... */
static inline struct layer *stage_number(struct small *s, const char *output, const char *port, double value)
{
    char nodes[256], edges[128];

    snprintf(nodes, sizeof nodes, "k:scalar{'value':%g} o:apply_%s", value, output);
    snprintf(edges, sizeof edges, "k.out>o.%s", port);
    return stage_layer(s, nodes, edges, "");
}

static inline void stage_head(struct frame *f, size_t h, float r, float g, float b, float intensity)
{
    f->r[h] = r, f->g[h] = g, f->b[h] = b, f->intensity[h] = intensity;
}
