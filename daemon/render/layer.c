#include "render/layer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "render/layer_private.h"

/* Who wins each property of each head while segments are being made. */
struct winner { int32_t source[PROPERTIES]; uint32_t row[PROPERTIES]; };

static struct winner *find_winners(const struct layer *l, const struct graph_output *outputs, size_t n)
{
    struct winner *w = malloc((l->heads + 1) * sizeof *w);

    for (size_t h = 0; w && h < l->heads; h++)
        for (int p = 0; p < PROPERTIES; p++)
            w[h].source[p] = -1;
    for (size_t i = 0; w && i < n; i++)
        for (size_t k = 0; k < outputs[i].n; k++) {
            size_t h = outputs[i].heads[k];
            if (h >= l->heads)
                continue;
            w[h].source[outputs[i].property] = (int32_t)i;
            w[h].row[outputs[i].property] = (uint32_t)k;
            l->writes[h] |= (unsigned char)(1u << outputs[i].property);
        }
    return w;
}

static uint32_t segment_of(struct layer *l, const struct winner *w)
{
    uint32_t s = 0;

    while (s < l->n_segments && memcmp(l->segments[s].source, w->source, sizeof w->source) != 0)
        s++;
    if (s == l->n_segments)
        memcpy(l->segments[l->n_segments++].source, w->source, sizeof w->source);
    return s;
}

static enum lm_err make_segments(struct layer *l, const struct winner *w)
{
    uint32_t *of = malloc((l->heads + 1) * sizeof *of), *lists;

    l->segments = calloc(l->heads + 1, sizeof *l->segments);
    for (size_t h = 0; of && l->segments && h < l->heads; h++)
        if (l->writes[h]) {
            of[h] = segment_of(l, &w[h]);
            l->segments[of[h]].n++;
        }
    size_t lists_size = 0;
    for (uint32_t s = 0; of && l->segments && s < l->n_segments; s++)
        for (int p = -1; p < PROPERTIES; p++)
            lists_size += p < 0 || l->segments[s].source[p] >= 0 ? l->segments[s].n : 0;
    lists = l->indexes = malloc((lists_size + 1) * sizeof *lists);
    if (!of || !l->segments || !lists) {
        free(of);
        return LM_NOMEM;
    }
    struct segment *fewer = realloc(l->segments, (l->n_segments + 1) * sizeof *fewer);
    if (fewer)
        l->segments = fewer;            /* most layers have one or two */
    for (uint32_t s = 0; s < l->n_segments; s++) {
        struct segment *seg = &l->segments[s];
        seg->heads = lists, lists += seg->n;
        for (int p = 0; p < PROPERTIES; p++)
            if (seg->source[p] >= 0)
                seg->row[p] = lists, lists += seg->n;
        l->moves |= seg->source[PROP_PAN] >= 0 || seg->source[PROP_TILT] >= 0;
        seg->n = 0;
    }
    for (size_t h = 0; h < l->heads; h++) {
        if (!l->writes[h])
            continue;
        struct segment *seg = &l->segments[of[h]];
        for (int p = 0; p < PROPERTIES; p++)
            if (seg->row[p])
                seg->row[p][seg->n] = w[h].row[p];
        seg->heads[seg->n++] = (uint32_t)h;
    }
    free(of);
    return LM_OK;
}

double layer_lead(double start, double origin)
{
    double lead = start - origin;

    if (!(lead > 0))
        return 0;
    return lead > LAYER_LEAD_S ? lead - ceil((lead - LAYER_LEAD_S) * SAMPLE_RATE) / SAMPLE_RATE : lead;
}

struct layer *layer_new_empty(void)
{
    return calloc(1, sizeof(struct layer));
}

static void clear(struct layer *l)
{
    free(l->tiles);
    free(l->indexes);
    free(l->segments);
    free(l->writes);
    l->tiles = NULL, l->indexes = NULL, l->segments = NULL, l->writes = NULL;
    l->n_tiles = l->n_segments = 0;
}

static enum lm_err fill(struct layer *l, size_t heads)
{
    const struct graph_output *outputs;
    size_t n = graph_program_outputs(l->program, &outputs);

    l->heads = heads;
    l->writes = calloc(heads + 1, 1);
    l->tiles = malloc((graph_program_tiles(l->program) + 1) * sizeof *l->tiles);
    if (!l->writes || !l->tiles)
        return LM_NOMEM;
    l->n_tiles = graph_program_tiles(l->program);
    for (uint32_t k = 0; k < l->n_tiles; k++)
        atomic_init(&l->tiles[k], NULL);
    struct winner *w = find_winners(l, outputs, n);
    enum lm_err err = w ? make_segments(l, w) : LM_NOMEM;
    free(w);
    l->bytes = sizeof *l + heads + l->n_tiles * sizeof *l->tiles + l->n_segments * sizeof *l->segments;
    for (uint32_t i = 0; !err && i < l->n_segments; i++)
        for (int p = -1; p < PROPERTIES; p++)
            l->bytes += p < 0 || l->segments[i].row[p] ? l->segments[i].n * sizeof *l->indexes : 0;
    return err;
}

enum lm_err layer_fill(struct layer *l, struct graph_program *program, size_t heads)
{
    enum lm_err err = LM_OK;

    l->program = program;
    if (layer_is_filled(l))             /* the lists are there, and being read */
        return LM_OK;
    if ((err = fill(l, heads))) {
        clear(l);
        graph_program_free(layer_take_program(l));
        return err;
    }
    atomic_store_explicit(&l->is_filled, true, memory_order_release);
    return LM_OK;
}

void layer_fill_dark(struct layer *l)
{
    atomic_store_explicit(&l->is_filled, true, memory_order_release);
}

bool layer_is_filled(const struct layer *l)
{
    return atomic_load_explicit(&l->is_filled, memory_order_acquire);
}

enum lm_err layer_new(struct graph_program *program, size_t heads, struct layer **result)
{
    struct layer *l = layer_new_empty();
    enum lm_err err = LM_NOMEM;

    *result = NULL;
    if (!l)
        graph_program_free(program);
    else if (!(err = layer_fill(l, program, heads)))
        *result = l;
    else
        layer_free(l);
    return err;
}

void layer_free(struct layer *l)
{
    if (!l)
        return;
    for (uint32_t k = 0; k < l->n_tiles; k++)
        tile_free(atomic_load_explicit(&l->tiles[k], memory_order_relaxed));
    graph_program_free(l->program);
    clear(l);
    free(l);
}

struct graph_program *layer_program(const struct layer *l)
{
    return l->program;
}

struct graph_program *layer_take_program(struct layer *l)
{
    struct graph_program *program = l->program;

    l->program = NULL;
    return program;
}

uint32_t layer_tiles(const struct layer *l)
{
    return layer_is_filled(l) ? l->n_tiles : 0;
}

bool layer_has_tile(const struct layer *l, uint32_t k)
{
    return k < layer_tiles(l) && atomic_load_explicit(&l->tiles[k], memory_order_acquire);
}

void layer_put_tile(struct layer *l, struct tile *t)
{
    struct tile *none = NULL;

    if (!t)
        return;
    if (t->index >= l->n_tiles || !atomic_compare_exchange_strong_explicit(&l->tiles[t->index], &none, t,
                                                                           memory_order_release, memory_order_relaxed))
        tile_free(t);
}

struct tile *layer_drop_tile(struct layer *l, uint32_t k)
{
    return k < l->n_tiles ? atomic_exchange_explicit(&l->tiles[k], NULL, memory_order_acq_rel) : NULL;
}

size_t layer_bytes(const struct layer *l)
{
    size_t bytes = l->program ? graph_program_bytes(l->program) : 0;

    if (!layer_is_filled(l))
        return bytes + sizeof *l;
    bytes += l->bytes;
    for (uint32_t k = 0; k < l->n_tiles; k++) {
        const struct tile *t = atomic_load_explicit(&l->tiles[k], memory_order_acquire);
        bytes += t ? t->bytes : 0;
    }
    return bytes;
}
