#include "graph/document.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "dsp/hash.h"

const char *const arg_type_names[] = { "color", "scalar", "selection", "choice", NULL };

/* What a graph's JSON may hold. The three read-only members come back from the API and are ignored. */
static const char *const graph_members[] = { "nodes", "edges", "args", "errors", "implementation_id", "version", NULL };
static const char *const node_members[]  = { "id", "type", "params", "x", "y", "label", NULL };
static const char *const edge_members[]  = { "id", "from_node", "from_port", "to_node", "to_port", NULL };
static const char *const arg_members[]   = { "id", "name", "type", "default", "options", "min", "max", "help", NULL };

struct reader {
    struct graph_doc *doc;
    struct problem *problem;
    bool failed;
};

static void wrong(struct reader *r, const char *list, size_t i, const char *member, const char *message)
{
    char path[PROBLEM_PATH];

    if (member)
        snprintf(path, sizeof path, "/%s/%zu/%s", list, i, member);
    else
        snprintf(path, sizeof path, "/%s/%zu", list, i);
    problem_add(r->problem, path, "%s", message);
    r->failed = true;
}

static void check_members(struct reader *r, const char *list, size_t i, const json_t *o, const char *const *known)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)o, key, value) {
        size_t k = 0;
        while (known[k] && strcmp(known[k], key) != 0)
            k++;
        if (!known[k])
            wrong(r, list, i, key, "is not known here");
    }
}

static const char *text(struct reader *r, const char *list, size_t i, const json_t *o, const char *key)
{
    const json_t *v = json_object_get(o, key);

    if (!json_is_string(v))
        wrong(r, list, i, key, "must be a string");
    else if (json_string_length(v) == 0)
        wrong(r, list, i, key, "must not be empty");
    else if (json_string_length(v) > GRAPH_MAX_TEXT)
        wrong(r, list, i, key, "is longer than 4096 bytes");
    else
        return json_string_value(v);
    return "";
}

static void read_node(struct reader *r, size_t i, const json_t *o)
{
    struct doc_node *n = &r->doc->nodes[i];

    check_members(r, "nodes", i, o, node_members);
    n->id = text(r, "nodes", i, o, "id");
    n->type = text(r, "nodes", i, o, "type");
    n->desc = node_set_find(r->doc->types, n->type);
    n->params = json_object_get(o, "params");
    if (json_is_null(n->params))
        n->params = NULL;
    if (n->params && !json_is_object(n->params))
        wrong(r, "nodes", i, "params", "must be an object");
    for (const char *const *k = (const char *const[]){ "x", "y", NULL }; *k; k++) {
        const json_t *v = json_object_get(o, *k);
        if (v && !json_is_number(v))
            wrong(r, "nodes", i, *k, "must be a number");
    }
}

static void read_edge(struct reader *r, size_t i, const json_t *o)
{
    struct doc_edge *e = &r->doc->edges[i];

    check_members(r, "edges", i, o, edge_members);
    e->from_node = text(r, "edges", i, o, "from_node");
    e->from_port = text(r, "edges", i, o, "from_port");
    e->to_node = text(r, "edges", i, o, "to_node");
    e->to_port = text(r, "edges", i, o, "to_port");
}

static void read_arg(struct reader *r, size_t i, const json_t *o)
{
    struct doc_arg *a = &r->doc->args[i];
    const char *type = text(r, "args", i, o, "type");

    check_members(r, "args", i, o, arg_members);
    a->id = text(r, "args", i, o, "id");
    a->type = ARG_COLOR;
    while (arg_type_names[a->type] && strcmp(arg_type_names[a->type], type) != 0)
        a->type++;
    if (!arg_type_names[a->type]) {
        a->type = ARG_SCALAR;
        wrong(r, "args", i, "type", "must be color, scalar, selection or choice");
    }
    a->def = json_object_get(o, "default");
    if (json_is_null(a->def))
        a->def = NULL;
    a->options = json_object_get(o, "options");
    if (a->type != ARG_CHOICE && !a->options)
        return;
    bool good = json_is_array(a->options) && json_array_size(a->options) > 0
             && json_array_size(a->options) <= GRAPH_MAX_OPTIONS;
    for (size_t k = 0; good && k < json_array_size(a->options); k++)
        good = json_is_string(json_array_get(a->options, k));
    if (!good)
        wrong(r, "args", i, "options", "must be a list of 1 to 256 strings");
}

/* One of the three lists: its length, and `one` for each of its objects. */
static const json_t *list(struct reader *r, const char *key, size_t max, bool required, size_t *n)
{
    const json_t *l = json_object_get(r->doc->json, key);
    char path[PROBLEM_PATH];

    *n = 0;
    if (!l && !required)
        return NULL;
    snprintf(path, sizeof path, "/%s", key);
    if (!json_is_array(l))
        problem_add(r->problem, path, "must be a list");
    else if (json_array_size(l) > max)
        problem_add(r->problem, path, "has %zu entries; %zu are allowed", json_array_size(l), max);
    else {
        *n = json_array_size(l);
        return l;
    }
    r->failed = true;
    return NULL;
}

static void each(struct reader *r, const char *key, const json_t *l, void (*one)(struct reader *, size_t, const json_t *))
{
    for (size_t i = 0; i < json_array_size(l); i++) {
        const json_t *o = json_array_get(l, i);
        if (json_is_object(o))
            one(r, i, o);
        else
            wrong(r, key, i, NULL, "must be an object");
    }
}

static int by_id(const void *a, const void *b, void *doc)
{
    const struct graph_doc *d = doc;
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    int c = strcmp(d->nodes[x].id, d->nodes[y].id);

    return c ? c : (x > y) - (x < y);
}

int doc_node_find(const struct graph_doc *d, const char *id)
{
    size_t lo = 0, hi = d->n_nodes;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (strcmp(d->nodes[d->by_id[mid]].id, id) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < d->n_nodes && strcmp(d->nodes[d->by_id[lo]].id, id) == 0 ? (int)d->by_id[lo] : -1;
}

int doc_arg_find(const struct graph_doc *d, const char *id)
{
    for (size_t i = 0; i < d->n_args; i++)
        if (strcmp(d->args[i].id, id) == 0)
            return (int)i;
    return -1;
}

static uint64_t hash_json(uint64_t h, const json_t *v)
{
    char *s = v ? json_dumps(v, JSON_SORT_KEYS | JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(17)) : NULL;

    h = hash_text(h, s ? s : "");
    free(s);
    return h;
}

/* What a plug-in computes is known by its file; a type that is not known may be tomorrow. Graphs of built-in nodes alone are not touched. */
static uint64_t hash_plugin(uint64_t h, const struct node_desc *desc)
{
    if (!desc)
        return hash_text(h, "unknown");
    return desc->plugin ? hash_bytes(h, &desc->plugin->hash, sizeof desc->plugin->hash) : h;
}

/* Positions on the canvas, labels and edge ids change nothing that runs. Ids do: they seed randomness. */
static uint64_t hash_doc(const struct graph_doc *d)
{
    uint64_t h = HASH_START;

    for (size_t i = 0; i < d->n_nodes; i++)
        h = hash_plugin(hash_json(hash_text(hash_text(h, d->nodes[i].id), d->nodes[i].type), d->nodes[i].params), d->nodes[i].desc);
    for (size_t i = 0; i < d->n_edges; i++) {
        const struct doc_edge *e = &d->edges[i];
        h = hash_text(hash_text(hash_text(hash_text(h, e->from_node), e->from_port), e->to_node), e->to_port);
    }
    for (size_t i = 0; i < d->n_args; i++) {
        h = hash_text(hash_text(h, d->args[i].id), arg_type_names[d->args[i].type]);
        h = hash_json(hash_json(h, d->args[i].def), d->args[i].options);
    }
    return hash_mix(h);
}

static bool make_lists(struct graph_doc *d)
{
    d->nodes = arena_array(d->arena, d->n_nodes + 1, sizeof *d->nodes);
    d->edges = arena_array(d->arena, d->n_edges + 1, sizeof *d->edges);
    d->args = arena_array(d->arena, d->n_args + 1, sizeof *d->args);
    d->by_id = arena_array(d->arena, d->n_nodes + 1, sizeof *d->by_id);
    return d->nodes && d->edges && d->args && d->by_id;
}

static void index_nodes(struct graph_doc *d)
{
    for (size_t i = 0; i < d->n_nodes; i++)
        d->by_id[i] = (uint32_t)i;
    qsort_r(d->by_id, d->n_nodes, sizeof *d->by_id, by_id, d);
    for (size_t i = 0; i < d->n_edges; i++) {
        d->edges[i].from = doc_node_find(d, d->edges[i].from_node);
        d->edges[i].to = doc_node_find(d, d->edges[i].to_node);
    }
    d->hash = hash_doc(d);
}

enum lm_err graph_parse(const json_t *graph, struct graph_doc **result, struct problem *p)
{
    struct problem unused;
    const char *key;
    json_t *value;

    *result = NULL;
    if (!p)
        problem_clear(p = &unused);
    if (!json_is_object(graph))
        return problem_set(p, LM_INVALID, "A graph is a JSON object with nodes, edges and args");

    struct graph_doc *d = calloc(1, sizeof *d);
    if (!d)
        return problem_set(p, LM_NOMEM, "No memory for the graph");
    struct reader r = { .doc = d, .problem = p };
    d->arena = arena_new();
    d->types = node_set_current();
    d->json = json_deep_copy(graph);
    if (!d->arena || !d->json)
        goto no_memory;
    json_object_foreach(d->json, key, value) {
        size_t k = 0;
        while (graph_members[k] && strcmp(graph_members[k], key) != 0)
            k++;
        if (!graph_members[k]) {
            char path[PROBLEM_PATH];
            snprintf(path, sizeof path, "/%s", key);
            problem_add(p, path, "is not known here");
            r.failed = true;
        }
    }
    const json_t *nodes = list(&r, "nodes", GRAPH_MAX_NODES, true, &d->n_nodes);
    const json_t *edges = list(&r, "edges", GRAPH_MAX_EDGES, true, &d->n_edges);
    const json_t *args = list(&r, "args", GRAPH_MAX_ARGS, false, &d->n_args);
    if (!make_lists(d))
        goto no_memory;
    each(&r, "nodes", nodes, read_node);
    each(&r, "edges", edges, read_edge);
    each(&r, "args", args, read_arg);
    if (r.failed) {
        graph_doc_free(d);
        return LM_INVALID;
    }
    index_nodes(d);
    *result = d;
    return LM_OK;

no_memory:
    graph_doc_free(d);
    return problem_set(p, LM_NOMEM, "No memory for the graph");
}

void graph_doc_free(struct graph_doc *d)
{
    if (!d)
        return;
    json_decref(d->json);
    arena_free(d->arena);
    node_set_unref(d->types);
    free(d);
}

uint64_t graph_doc_hash(const struct graph_doc *d)
{
    return d->hash;
}

unsigned graph_doc_reads(const struct graph_doc *d)
{
    unsigned reads = 0;

    for (size_t i = 0; i < d->n_nodes; i++)
        reads |= d->nodes[i].desc ? d->nodes[i].desc->reads : 0;
    return reads;
}
