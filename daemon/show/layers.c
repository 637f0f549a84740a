#include "show/layers.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "core/log.h"
#include "dsp/hash.h"
#include "show/track_data.h"

/* The graph, and all that running it reads; of the track only what its nodes look at. */
uint64_t layer_source_key(const struct layer_source *s)
{
    const struct graph_doc *doc = shared_get(s->doc);
    const struct patch *patch = shared_get(s->patch);
    char *args = s->args ? json_dumps(s->args, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    uint64_t parts[] = { graph_doc_hash(doc), patch->hash, patch->n_heads, track_data_hash(shared_get(s->track), graph_doc_reads(doc)), s->seed };
    double times[] = { s->start, s->end, s->origin };
    uint64_t h = hash_bytes(hash_bytes(HASH_START, parts, sizeof(parts)), times, sizeof(times));

    if (args)
        h = hash_bytes(h, args, strlen(args));
    free(args);
    return hash_mix(h);
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

struct show_layer *show_layer_new(const struct layer_source *s, uint64_t key)
{
    struct show_layer *l = calloc(1, sizeof(*l));

    if (!l)
        return NULL;
    atomic_init(&l->refs, 1);
    atomic_init(&l->state, LAYER_WAITING);
    memcpy(l->annotation, s->annotation, strnlen(s->annotation, UUID_LEN));
    l->key = key;
    l->start = s->start, l->end = s->end, l->origin = s->origin, l->seed = s->seed;
    l->lead = layer_lead(s->start, s->origin);
    l->doc = shared_ref(s->doc), l->patch = shared_ref(s->patch), l->track = shared_ref(s->track);
    if (!(l->layer = layer_new_empty()) || (s->args && !(l->args = json_deep_copy(s->args)))) {
        show_layer_unref(l);
        return NULL;
    }
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
    json_decref(l->args);
    json_decref(l->errors);
    json_decref(l->run_errors);
    shared_unref(l->doc);
    shared_unref(l->patch);
    shared_unref(l->track);
    free(l->busy);
    free(l);
}

bool show_layer_is_broken(const struct show_layer *l)
{
    return atomic_load(&l->state) == LAYER_BROKEN;
}

const json_t *show_layer_errors_of(const struct show_layer *l)
{
    if (atomic_load(&l->failed) && l->run_errors)
        return l->run_errors;
    return layer_is_filled(l->layer) ? l->errors : NULL;
}
