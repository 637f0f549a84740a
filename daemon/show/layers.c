#include "show/layers.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "core/log.h"
#include "show/track_data.h"

/* FNV-1a over bytes: a key, not a defence. */
static uint64_t hash_bytes(uint64_t h, const void *data, size_t n)
{
    const unsigned char *b = data;

    for (size_t i = 0; i < n; i++)
        h = (h ^ b[i]) * 1099511628211ull;
    return h;
}

uint64_t layer_source_key(const struct layer_source *s, const struct graph_doc *doc)
{
    const struct patch *patch = shared_get(s->patch);
    char *args = s->args ? json_dumps(s->args, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    uint64_t parts[] = { graph_doc_hash(doc), patch->hash, patch->n_heads, track_data_hash(shared_get(s->track), graph_doc_reads(doc)), s->seed };
    double times[] = { s->start, s->end, s->origin };
    uint64_t h = 14695981039346656037ull;

    h = hash_bytes(h, parts, sizeof(parts));
    h = hash_bytes(h, times, sizeof(times));
    if (args)
        h = hash_bytes(h, args, strlen(args));
    free(args);
    return h;
}

/* The whole list is the page's (GET /show/layer-errors); a broken graph with hundreds of nodes and blocks must not flood the journal. */
void show_layer_log(const struct show_layer *l, const struct graph_errors *e)
{
    enum { LOGGED = 3 };

    for (size_t i = 0; i < e->n && i < LOGGED; i++)
        log_write(strcmp(e->e[i].code, "warning") ? LOG_LEVEL_WARN : LOG_LEVEL_INFO, "graph", "annotation %s: node %s: %s", l->annotation,
                  e->e[i].node, e->e[i].message);
    if (e->n > LOGGED)
        log_warn("graph", "annotation %s: and %zu more", l->annotation, e->n - LOGGED);
}

struct show_layer *show_layer_new(const struct layer_source *s, struct graph_doc *doc, uint64_t key)
{
    struct show_layer *l = calloc(1, sizeof(*l));
    struct graph_errors errors = { 0 };
    struct graph_program *program = NULL;
    struct graph_env env = {
        .patch = shared_get(s->patch), .start = s->start, .end = s->end, .origin = s->origin, .seed = s->seed,
        .args = s->args,
    };

    if (!l) {
        graph_doc_free(doc);
        return NULL;
    }
    track_data_env(shared_get(s->track), &env);
    atomic_init(&l->refs, 1);
    memcpy(l->annotation, s->annotation, strnlen(s->annotation, UUID_LEN));
    l->key = key;
    l->doc = doc;
    l->start = s->start, l->end = s->end;
    l->patch = shared_ref(s->patch), l->track = shared_ref(s->track);

    enum lm_err err = graph_compile(doc, &env, &program, &errors);
    bool starved = err == LM_NOMEM;     /* not the graph's fault: the light that is there stays */
    if (!err)
        starved = layer_new(program, env.patch->n_heads, &l->layer) || !(l->busy = calloc(layer_tiles(l->layer) + 1, 1));
    if (starved) {
        graph_errors_clear(&errors);
        show_layer_unref(l);
        return NULL;
    }
    show_layer_log(l, &errors);
    l->errors = graph_errors_json(&errors);
    graph_errors_clear(&errors);
    return l;
}

struct show_layer *show_layer_ref(struct show_layer *l)
{
    atomic_fetch_add(&l->refs, 1);
    return l;
}

void show_layer_unref(struct show_layer *l)
{
    if (!l || atomic_fetch_sub(&l->refs, 1) != 1)
        return;
    layer_free(l->layer);
    graph_doc_free(l->doc);
    json_decref(l->errors);
    shared_unref(l->patch);
    shared_unref(l->track);
    free(l->busy);
    free(l);
}
