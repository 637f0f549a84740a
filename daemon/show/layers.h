#pragma once
/*
 * From annotations to light: the compiled layer of each annotation, and the pool of threads that fills the layers with tiles, nearest the playhead
 * first (architecture.md "Threads", compile).
 *
 * THREADS  show_layer_*: control side. pool_*: any non-real-time thread. The engine only reads tiles through render/layer.h.
 * MEMORY   Layers are counted: a scene holds each of its layers, a worker the one it runs. Tiles dropped for memory wait until the engine has
 *          finished two more frames.
 */
#include <jansson.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/uuid.h"
#include "render/layer.h"
#include "show/shared.h"

struct show_layer {
    atomic_int refs;
    char annotation[UUID_SIZE];
    uint64_t key;                       /* of everything the graph reads: same key, same light */
    struct layer *layer;                /* NULL: the graph is broken, no light */
    struct graph_doc *doc;
    double start, end;                  /* seconds on the track */
    json_t *errors;                     /* [{node,port,code,message}] of compiling; warnings too */
    struct shared *patch, *track;       /* what the program reads */
    uint8_t *busy;                      /* per tile: a worker has it. Under the pool's lock */
    _Atomic bool failed;                /* running a tile failed: no more tries */
    _Atomic bool starved;               /* there was no memory for a tile: said once, tried again */
};

/* Everything an annotation's light depends on, from the rows. */
struct layer_source {
    const char *annotation;
    const json_t *graph, *args;         /* borrowed */
    double start, end, origin;
    uint64_t seed;
    struct shared *patch, *track;       /* struct patch, struct track_data */
};

uint64_t layer_source_key(const struct layer_source *s, const struct graph_doc *doc);
/* Compiles. A broken graph is a layer without light and with errors, not a failure; NULL: no memory. Takes `doc`. */
struct show_layer *show_layer_new(const struct layer_source *s, struct graph_doc *doc, uint64_t key);
struct show_layer *show_layer_ref(struct show_layer *l);
void show_layer_log(const struct show_layer *l, const struct graph_errors *e);  /* the first few, and how many more */
void show_layer_unref(struct show_layer *l);                    /* NULL is fine */

struct pool;

struct pool_options {
    int threads;                        /* 0 = one per core */
    double (*playhead)(void *ctx);      /* seconds on the track now */
    const atomic_ullong *frames;        /* frames the engine has finished */
    void *ctx;
    size_t max_bytes;                   /* of tiles kept */
};

struct pool_stats { size_t bytes; uint64_t tiles; uint64_t tile_us_sum, tile_us_max; size_t layers; };

struct pool *pool_new(const struct pool_options *o);            /* NULL: no memory or threads */
void pool_free(struct pool *p);
/* The layers to keep filled; references are taken. */
enum lm_err pool_set_layers(struct pool *p, struct show_layer *const *layers, size_t n);
/* Waits until every layer that is lit at `seconds` (and `ahead` seconds on) has its tiles there; false: not within timeout_ms. Also for layers that
 * pool_set_layers() has not been told of yet. */
bool pool_prepare(struct pool *p, struct show_layer *const *layers, size_t n, double seconds, double ahead, int timeout_ms);
/* The same for the layers it has: before a seek, or for a loop's start. */
bool pool_prepare_at(struct pool *p, double seconds, int timeout_ms);
/* Keep the start of the loop ready; < 0: no loop. */
void pool_set_loop(struct pool *p, double start);
void pool_get_stats(struct pool *p, struct pool_stats *s);
