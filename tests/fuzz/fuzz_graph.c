/*
 * Any bytes as a graph: what begins with a byte below a space is made into one of the node types there are (maker.h), all else is
 * JSON -> parse -> check -> compile for a small venue -> tiles -> a layer -> a frame,
 * and its views. Whatever compiles must give the same bytes twice, from a fresh program too, and a frame of
 * sane numbers. A document with "graph" and "args" brings arguments as well.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/graph/every.h"
#include "../unit/graph/maker.h"
#include "core/json.h"
#include "render/layer.h"

static struct graph_program *compile(const struct graph_doc *d, struct small *s)
{
    struct graph_program *g = NULL;
    struct graph_errors errors = { 0 };

    if ((graph_compile(d, &s->env, &g, &errors) == LM_OK) != (g != NULL))
        abort();
    if (!g && errors.n == 0)
        abort();                        /* refused without a word */
    json_decref(graph_errors_json(&errors));
    graph_errors_clear(&errors);
    return g;
}

static void check_frame(const struct frame *f)
{
    for (size_t h = 0; h < f->heads; h++) {
        float v = fmaxf(f->r[h], fmaxf(f->g[h], f->b[h]));
        if (!(f->intensity[h] >= 0 && f->intensity[h] <= 1) || !(fabsf(v - 1) < 1e-5f) || !(f->strobe[h] >= 0 && f->strobe[h] <= 1)
            || isinf(f->pan[h]) || isinf(f->tilt[h]) || !(f->speed[h] >= 0))
            abort();
    }
}

/* Many spectrograms of a sound take long and show nothing new. */
static bool is_enough(void *asked)
{
    return ++*(int *)asked > 2000;
}

static void run(struct small *s, struct graph_program *g, struct graph_program *again, struct graph_workspace *w, uint32_t k)
{
    struct layer *l = NULL;
    struct tile *a = NULL, *b = NULL;
    json_t *views = NULL;

    if (graph_run_tile(g, w, k, &a, NULL) || graph_run_tile(again, w, graph_program_tiles(g) - 1 - k, &b, NULL))
        abort();
    tile_free(b);
    b = NULL;
    if (graph_run_tile(again, w, k, &b, NULL) || !tile_equal(a, b))
        abort();
    tile_free(b);
    int asked = 0;
    graph_workspace_set_stop(w, is_enough, &asked);
    if (graph_run_views(again, w, NULL, &views, NULL) == LM_OK && !json_is_object(views))
        abort();
    graph_workspace_set_stop(w, NULL, NULL);
    json_decref(views);
    if (layer_new(g, s->patch.n_heads, &l))
        abort();
    layer_put_tile(l, a);
    struct frame *f = frame_new(s->patch.n_heads);
    for (int m = 0; m < BLEND_MODES; m++) {
        render_layer(f, l, k * 256 / 60.0 + 1.01, (enum blend_mode)m, 1);
        check_frame(f);
    }
    frame_free(f);
    layer_free(l);
}

static void try(struct small *s, const json_t *graph, size_t tile)
{
    struct graph_doc *d = NULL;
    struct graph_errors errors = { 0 };
    struct problem p;

    problem_clear(&p);
    if (!graph_parse(graph, &d, &p)) {
        graph_check(d, &errors);
        struct graph_program *g = compile(d, s), *again = g ? compile(d, s) : NULL;
        struct graph_workspace *w = graph_workspace_new();
        if (g)
            run(s, g, again, w, (uint32_t)(tile % graph_program_tiles(g)));
        graph_workspace_free(w);
        graph_program_free(again);
    }
    graph_errors_clear(&errors);
    graph_doc_free(d);
}

/* Whatever the bytes are about to find: each node type once. */
static void try_every_node(struct small *s)
{
    for (const struct node_desc *const *d = node_list(); *d; d++)
        for (int wired = 0; wired < 2; wired++) {
            json_t *v = every_graph(*d, wired, NULL);
            for (size_t tile = 0; v && tile < 3; tile++)
                try(s, v, tile);
            json_decref(v);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct every e;
    struct small *s = &e.s;
    struct problem p;
    json_t *v = NULL;

    if (!s->grid) {
        every_init(&e, 6);
        try_every_node(s);
    }
    problem_clear(&p);
    if (size && data[0] < ' ') {
        v = maker_graph(data + 1, size - 1);
        s->env.end = s->env.start + (data[0] & 1 ? 10 : 0.01);
        try(s, v, size);
    } else if (!json_parse((const char *)data, size, &v, &p)) {
        const json_t *graph = json_object_get(v, "graph");
        s->env.end = s->env.start + 10;
        s->env.args = graph ? json_object_get(v, "args") : NULL;
        try(s, graph ? graph : v, size);
        s->env.args = NULL;
    }
    json_decref(v);
    return 0;
}
