#pragma once
/*
 * From annotations to light: the layer of each annotation, and the pool of threads that compiles graphs and fills layers with tiles, nearest the playhead
 * first (architecture.md "Threads", compile).
 *
 * A layer is made at once, from the rows; its graph is compiled by the pool. What it reads is hashed into its key, so the same key is the same light: a layer
 * that leaves the show is kept by the pool, with its tiles, and an undo, the other implementation or the score before find theirs finished.
 *
 * MEMORY   All that layers hold (programs, lists of heads, tiles) and what workers work in is counted against `max_bytes`. Over it go, in this order: layers that are in no score any
 *          more, the one that was heard longest ago first; the tiles farthest from the playhead; programs without tiles. What is near the playhead, or
 *          waited for, is never given up. Layers are counted by reference: a scene holds each of its layers, a worker the one it runs. Tiles dropped for
 *          memory wait until the engine has finished two more frames.
 * THREADS  show_layer_*: control side. pool_*: any non-real-time thread. The engine only reads tiles through render/layer.h.
 */
#include <jansson.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/uuid.h"
#include "render/layer.h"
#include "show/shared.h"

enum layer_state {
    LAYER_WAITING,                      /* not compiled, or not any more */
    LAYER_LIT,
    LAYER_BROKEN,                       /* the graph gives no light; the errors say why */
};

struct show_layer {
    atomic_int refs;
    char annotation[UUID_SIZE];
    uint64_t key;                       /* of everything the graph reads: same key, same light */
    struct layer *layer;                /* never NULL; what a scene plays */
    double start, end, origin;          /* seconds on the track */
    double lead;                        /* seconds before `start` at which its first sample lies */
    uint64_t seed;
    struct shared *doc;                 /* struct graph_doc */
    struct shared *patch, *track;       /* what the program reads */
    json_t *args;                       /* its own copy; NULL: the defaults */
    atomic_int state;                   /* enum layer_state; released after `errors` */
    json_t *errors;                     /* [{node,port,code,message}] of compiling, warnings too; once it was compiled. Then never changed */
    json_t *run_errors;                 /* of the tile that failed, in the same shape; before `failed`, then never changed. NULL: nothing to say */
    _Atomic bool failed;                /* running a tile failed: no more tries */
    _Atomic bool starved;               /* there was no memory for it: said once, tried again */
    /* Under the pool's lock: */
    uint8_t *busy;                      /* per tile: a worker has it */
    uint32_t n_busy;                    /* workers that have it */
    uint32_t slices;                    /* how often a worker left a tile of it for others, since the last one that was finished */
    bool is_compiling, is_held;         /* held: in the score or kept beside it, so counted */
    size_t bytes;                       /* as last counted */
    uint64_t heard, mark;
    struct show_layer *next_gone;
};

/* Everything an annotation's light depends on, from the rows. */
struct layer_source {
    const char *annotation;
    struct shared *doc;                 /* struct graph_doc */
    const json_t *args;                 /* borrowed */
    double start, end, origin;
    uint64_t seed;
    struct shared *patch, *track;       /* struct patch, struct track_data */
};

uint64_t layer_source_key(const struct layer_source *s);
struct show_layer *show_layer_new(const struct layer_source *s, uint64_t key);      /* waits for the pool; NULL: no memory */
struct show_layer *show_layer_ref(struct show_layer *l);
void show_layer_unref(struct show_layer *l);                    /* NULL is fine */
void show_layer_log(const struct show_layer *l, const struct graph_errors *e);  /* the first few, and how many more */
bool show_layer_is_broken(const struct show_layer *l);          /* once it was compiled */
const json_t *show_layer_errors_of(const struct show_layer *l); /* NULL: not compiled yet, or nothing to say */

struct pool;

struct pool_options {
    int threads;                        /* 0 = one per core */
    double (*playhead)(void *ctx);      /* seconds on the track now */
    const atomic_ullong *frames;        /* frames the engine has finished */
    void *ctx;
    size_t max_bytes;                   /* see above */
};

struct pool_stats {
    size_t max_bytes;                   /* allowed, of bytes + work_bytes */
    size_t bytes, kept_bytes;           /* of all layers; of those that are in no score */
    size_t work_bytes;                  /* of what workers work in and are making, and tiles the engine may still be reading */
    uint64_t tiles, tile_us_sum, tile_us_max;   /* made */
    uint64_t compiled, found;           /* graphs compiled; layers that came back as they were */
    size_t layers, kept;                /* in the score; beside it */
};

struct pool *pool_new(const struct pool_options *o);            /* NULL: no memory or threads */
void pool_free(struct pool *p);
void pool_set_limit(struct pool *p, size_t max_bytes);
/* The layers to keep filled; references are taken. Those that were there before and are not now are kept as long as memory allows. */
enum lm_err pool_set_layers(struct pool *p, struct show_layer *const *layers, size_t n);
/* One that the pool has, in the score or beside it, with a new reference; NULL: there is none, or running it failed. */
struct show_layer *pool_find(struct pool *p, const char *annotation, uint64_t key);
/* Work that will not be shown after all, and may still be right: found again by pool_find(). */
void pool_keep(struct pool *p, struct show_layer *const *layers, size_t n);

struct pool_wish {
    struct show_layer *const *layers;
    size_t n;
    double from, to;                    /* seconds on the track */
    bool compile_only;                  /* of all layers, wherever they are; without tiles */
    int timeout_ms;
    bool (*is_stale)(void *ctx);        /* asked now and then: not wanted any more. NULL: it is */
    void *ctx;
};

/* Waits until every layer of the wish is compiled and has its tiles there, before anything else is made; false: not within the time, or stale. Also for
 * layers that pool_set_layers() has not been told of yet. */
bool pool_wait(struct pool *p, const struct pool_wish *wish);
/* What is lit at `seconds` and `ahead` seconds on. */
bool pool_prepare(struct pool *p, struct show_layer *const *layers, size_t n, double seconds, double ahead, int timeout_ms);
/* The same for the layers it has: before a seek, or for a loop's start. */
bool pool_prepare_at(struct pool *p, double seconds, int timeout_ms);
/* Keep the start of the loop ready; < 0: no loop. */
void pool_set_loop(struct pool *p, double start);
void pool_get_stats(struct pool *p, struct pool_stats *s);
