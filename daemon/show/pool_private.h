#pragma once
/* Inside show/pool*.c: the pool's state. All of it is under `lock`. */
#include <pthread.h>
#include <stdatomic.h>

#include "show/layers.h"

/* How far the pool looks: a minute ahead of what is heard, a little behind for a hand on the seek bar. */
#define POOL_AHEAD_S  60.0
#define POOL_NEAR_S   10.0              /* with the memory used up: what is heard soon is made all the same */
#define POOL_BEHIND_S 2.0
#define POOL_TILE_S   ((double)TILE_SAMPLES / SAMPLE_RATE)
enum { POOL_THREADS = 16, POOL_WAITERS = 16 };

struct retired { struct tile *tile; unsigned long long frame; struct retired *next; };

struct pool {
    struct pool_options o;
    pthread_mutex_t lock;
    pthread_cond_t work, done;
    pthread_t threads[POOL_THREADS];
    int n_threads;
    bool started[POOL_THREADS];         /* each takes the first free number */
    atomic_bool stop;                   /* also read without the lock, in the midst of a tile */
    struct show_layer **layers;         /* of the score */
    size_t n;
    struct show_layer **kept;           /* that left it */
    size_t n_kept, cap_kept;
    const struct pool_wish *waiters[POOL_WAITERS];      /* first of all */
    double loop_start;
    double target;                      /* where somebody prepared last, most often to jump there; < 0: nowhere */
    struct retired *retired;
    struct show_layer *gone;            /* to be freed without the lock */
    size_t bytes, largest;              /* of all layers; the largest tile so far */
    size_t work_bytes[POOL_THREADS];    /* of what the workers work in */
    size_t retired_bytes;
    uint64_t tiles, us_sum, us_max, compiled, found;
    uint64_t mark, heard_ms;
};

/* The tile that is played at an instant, from the block's start on; where one begins on the track. */
uint32_t pool_tile_at(const struct show_layer *l, double seconds);
double pool_tile_start(const struct show_layer *l, uint32_t k);

/* --- pool_memory.c; the lock is held --- */
void pool_count(struct pool *p, struct show_layer *l);          /* after its tiles or program changed */
void pool_count_all(struct pool *p);
size_t pool_work_bytes(const struct pool *p);                   /* beside the layers */
bool pool_is_full(const struct pool *p);
void pool_hear(struct pool *p);         /* which layers the playhead is in */
/* Over the limit: what is missed least goes. */
void pool_trim(struct pool *p);
void pool_free_retired(struct pool *p, bool all);
/* Beside the score from now on; takes the reference. Without memory for the list it is let go. */
void pool_park(struct pool *p, struct show_layer *l);
struct show_layer *pool_take_gone(struct pool *p);              /* a list for pool_free_gone() */
void pool_free_gone(struct show_layer *gone);                   /* without the lock */
