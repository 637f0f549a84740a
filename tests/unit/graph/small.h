#pragma once
/*
 * What graph and render tests share: a venue of heads in a row, a beat grid of 120 bpm, graphs from text.
 * Head i stands at x = i m; group "left" is the first half, "right" the rest, "odd" heads 0, 2, 4 ...
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixtures/patch.h"
#include "graph/graph.h"

struct small {
    struct definition definition;
    struct patch patch;
    struct beatgrid *grid;
    struct graph_env env;
    struct graph_errors errors;         /* of the last compile or tile */
};

static inline void small_group(struct patch *p, const char *name, size_t from, size_t to, size_t step)
{
    struct patch_group *g = &p->groups[p->n_groups++];

    g->name = strdup(name);
    g->heads = calloc(p->n_heads + 1, sizeof *g->heads);
    for (size_t i = from; i < to; i += step)
        g->heads[g->n_heads++] = (uint32_t)i;
}

static inline void small_init(struct small *s, size_t heads)
{
    double beats[200], downbeats[50];

    memset(s, 0, sizeof *s);
    s->definition.type = FIXTURE_PAR;
    s->patch.fixtures = calloc(heads + 1, sizeof *s->patch.fixtures);
    s->patch.heads = calloc(heads + 1, sizeof *s->patch.heads);
    s->patch.groups = calloc(3, sizeof *s->patch.groups);
    s->patch.n_fixtures = s->patch.n_heads = heads;
    for (size_t i = 0; i < heads; i++) {
        s->patch.fixtures[i].row.definition = &s->definition;
        s->patch.fixtures[i].head_first = i;
        s->patch.fixtures[i].head_count = 1;
        s->patch.heads[i] = (struct patch_head){ .fixture = (uint32_t)i, .pos = { (float)i, 0, 3 },
                                                 .capabilities = CAP_DIMMER | CAP_COLOR };
    }
    small_group(&s->patch, "left", 0, heads / 2, 1);
    small_group(&s->patch, "right", heads / 2, heads, 1);
    small_group(&s->patch, "odd", 0, heads, 2);
    for (int i = 0; i < 200; i++)
        beats[i] = 1 + i * 0.5;         /* 120 bpm, musical 0 at 1 s */
    for (int i = 0; i < 50; i++)
        downbeats[i] = beats[4 * i];
    beatgrid_new(beats, 200, downbeats, 50, 120, 4, &s->grid);
    s->env = (struct graph_env){ .patch = &s->patch, .grid = s->grid, .start = 1, .end = 11, .origin = 1, .seed = 7 };
}

static inline void small_clear(struct small *s)
{
    for (size_t i = 0; i < s->patch.n_groups; i++) {
        free(s->patch.groups[i].name);
        free(s->patch.groups[i].heads);
    }
    free(s->patch.groups);
    free(s->patch.heads);
    free(s->patch.fixtures);
    beatgrid_free(s->grid);
    graph_errors_clear(&s->errors);
}

/* Graph text with ' for ". */
static inline json_t *small_json(const char *text)
{
    char *copy = strdup(text);

    for (char *c = copy; *c; c++)
        if (*c == '\'')
            *c = '"';
    json_t *v = json_loads(copy, 0, NULL);
    free(copy);
    return v;
}

/*
 * A graph in short: nodes "clk:beat_clock wave:sine_wave{'offset':1}", edges "clk.grid_out>wave.grid", args "sel:selection='all' x:scalar=2".
 * Entries are separated by spaces and hold none.
 */
static inline json_t *small_graph(const char *nodes, const char *edges, const char *args)
{
    json_t *g = json_pack("{s:[], s:[], s:[]}", "nodes", "edges", "args");
    char text[512], a[64], b[64], c[64], d[64];
    int used;

    for (; sscanf(nodes, " %511s%n", text, &used) == 1; nodes += used) {
        char *params = strchr(text, '{');
        json_t *p = params ? small_json(params) : NULL;
        if (params)
            *params = '\0';
        sscanf(text, "%63[^:]:%63s", a, b);
        json_array_append_new(json_object_get(g, "nodes"), json_pack("{s:s, s:s, s:o*}", "id", a, "type", b, "params", p));
    }
    for (; sscanf(edges, " %511s%n", text, &used) == 1; edges += used) {
        sscanf(text, "%63[^.].%63[^>]>%63[^.].%63s", a, b, c, d);
        json_array_append_new(json_object_get(g, "edges"), json_pack("{s:s, s:s, s:s, s:s}", "from_node", a, "from_port", b,
                                                                     "to_node", c, "to_port", d));
    }
    for (; sscanf(args, " %511s%n", text, &used) == 1; args += used) {
        sscanf(text, "%63[^:]:%63[^=]=%63s", a, b, c);
        char list[80];
        snprintf(list, sizeof list, "[%s]", c);
        json_t *v = small_json(list);
        json_array_append_new(json_object_get(g, "args"), json_pack("{s:s, s:s, s:s, s:O}", "id", a, "name", a, "type", b,
                                                                    "default", json_array_get(v, 0)));
        json_decref(v);
    }
    return g;
}

static inline struct graph_doc *small_doc(const char *text)
{
    json_t *v = small_json(text);
    struct graph_doc *d = NULL;

    graph_parse(v, &d, NULL);
    json_decref(v);
    return d;
}

/* NULL: errors say why. */
static inline struct graph_program *small_compile(struct small *s, const char *text)
{
    struct graph_doc *d = small_doc(text);
    struct graph_program *g = NULL;

    graph_errors_clear(&s->errors);
    if (d)
        graph_compile(d, &s->env, &g, &s->errors);
    graph_doc_free(d);
    return g;
}

static inline struct graph_program *small_make(struct small *s, const char *nodes, const char *edges, const char *args)
{
    json_t *v = small_graph(nodes, edges, args);
    char *text = json_dumps(v, 0);
    struct graph_program *g = small_compile(s, text);

    free(text);
    json_decref(v);
    return g;
}

static inline struct tile *small_tile(struct small *s, struct graph_program *g, uint32_t k)
{
    struct graph_workspace *w = graph_workspace_new();
    struct tile *t = NULL;

    graph_run_tile(g, w, k, &t, &s->errors);
    graph_workspace_free(w);
    return t;
}

/* One value of a tile's output, broadcast; of a colour r, g, b of its hue, v, alpha. */
static inline float tile_at(const struct tile *t, uint32_t output, uint32_t n, uint32_t sample, uint32_t c)
{
    const struct tile_output *o = &t->outputs[output];

    if (o->hue.data && c != 3)
        return c < 3 ? plane_at(&o->hue, n, sample)[c] : *plane_at(&o->alpha, n, sample);
    return *plane_at(&o->value, n, sample);
}

static inline const struct graph_error *small_error(const struct graph_errors *e, const char *code)
{
    for (size_t i = 0; i < e->n; i++)
        if (strcmp(e->e[i].code, code) == 0)
            return &e->e[i];
    return NULL;
}
