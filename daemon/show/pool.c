#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/log.h"
#include "core/thread.h"
#include "show/layers.h"

/* How far the pool looks: a minute ahead of what is heard, a little behind for a hand on the seek bar. */
#define AHEAD_S  60.0
#define NEAR_S   10.0                   /* with the memory used up: what is heard soon is made all the same */
#define BEHIND_S 2.0
enum { MAX_THREADS = 16, MAX_WAITERS = 16 };
static const double tile_s = (double)TILE_SAMPLES / SAMPLE_RATE;

struct waiter {                         /* someone in pool_prepare(): first of all */
    struct show_layer *const *layers;
    size_t n;
    double from, to;
};

struct retired { struct tile *tile; unsigned long long frame; struct retired *next; };

struct pool {
    struct pool_options o;
    pthread_mutex_t lock;
    pthread_cond_t work, done;
    pthread_t threads[MAX_THREADS];
    int n_threads;
    bool stop;
    struct show_layer **layers;
    size_t n;
    struct waiter *waiters[MAX_WAITERS];
    double loop_start;
    double target;                      /* where somebody prepared last, most often to jump there; < 0: nowhere */
    struct retired *retired;
    size_t bytes, largest;              /* of all tiles; the largest one so far */
    uint64_t tiles, us_sum, us_max;
};

struct pick { struct show_layer *layer; uint32_t k; double distance; };

/* The first missing tile of `l` in [from, to] on the track, and how far it is from `from`. */
static void consider(struct pick *best, struct show_layer *l, double from, double to)
{
    if (!l->layer || atomic_load(&l->failed) || l->end <= from || l->start > to)
        return;
    uint32_t tiles = layer_tiles(l->layer);
    double into = fmax(from - l->start, 0);
    uint32_t k = (uint32_t)(into / tile_s);

    for (; k < tiles; k++) {
        double at = l->start + k * tile_s;
        double distance = fmax(at - from, 0);
        if (at > to || distance >= best->distance)
            return;
        if (!l->busy[k] && !layer_has_tile(l->layer, k)) {
            *best = (struct pick){ l, k, distance };
            return;
        }
    }
}

/* Whether everything of `w` is there; a tile that fails counts as there, nobody can wait for it. */
static bool is_ready(const struct waiter *w)
{
    for (size_t i = 0; i < w->n; i++) {
        struct show_layer *l = w->layers[i];
        if (!l->layer || atomic_load(&l->failed) || l->end <= w->from || l->start > w->to)
            continue;
        uint32_t tiles = layer_tiles(l->layer);
        for (uint32_t k = (uint32_t)(fmax(w->from - l->start, 0) / tile_s); k < tiles && l->start + k * tile_s <= w->to; k++)
            if (!layer_has_tile(l->layer, k))
                return false;
    }
    return true;
}

static struct pick choose(struct pool *p)
{
    struct pick best = { .distance = INFINITY };

    for (int i = 0; i < MAX_WAITERS; i++)
        for (size_t k = 0; p->waiters[i] && k < p->waiters[i]->n; k++)
            consider(&best, p->waiters[i]->layers[k], p->waiters[i]->from, p->waiters[i]->to);
    if (best.layer)
        return best;
    double now = p->o.playhead(p->o.ctx), ahead = p->bytes + p->largest > p->o.max_bytes ? NEAR_S : AHEAD_S;
    for (size_t i = 0; i < p->n; i++)
        consider(&best, p->layers[i], now, now + ahead);
    if (!best.layer && p->loop_start >= 0)
        for (size_t i = 0; i < p->n; i++)
            consider(&best, p->layers[i], p->loop_start, p->loop_start + tile_s);
    if (!best.layer)
        for (size_t i = 0; i < p->n; i++)
            consider(&best, p->layers[i], fmax(now - BEHIND_S, 0), now);
    return best;
}

static void free_retired(struct pool *p, bool all)
{
    unsigned long long frames = atomic_load(p->o.frames);

    for (struct retired **r = &p->retired; *r;) {
        struct retired *x = *r;
        if (!all && frames < x->frame + 2) {
            r = &x->next;
            continue;
        }
        *r = x->next;
        tile_free(x->tile);
        free(x);
    }
}

/* How dearly a tile is missed: seconds to wait for it. What was heard counts as far away, what somebody is about to jump to as near. */
static double distance_of(const struct pool *p, double start, double now)
{
    double end = start + tile_s, past = now - BEHIND_S - 1 - end, distance = past > 0 ? NEAR_S + past * 8 : fmax(start - now, 0);

    if (p->loop_start >= 0 && start <= p->loop_start + tile_s && end >= p->loop_start)
        return 0;
    if (p->target >= 0 && start <= p->target + tile_s && end >= p->target)
        return 0;
    for (int i = 0; i < MAX_WAITERS; i++)
        if (p->waiters[i] && start <= p->waiters[i]->to && end >= p->waiters[i]->from)
            return 0;
    return distance;
}

/* Over the limit: the tiles farthest from the playhead go, never those just ahead. What goes here is not made again at once: choose() looks less far
 * when the memory is used up. Called with the lock held. */
static void trim(struct pool *p)
{
    double now = p->o.playhead(p->o.ctx);

    while (p->bytes > p->o.max_bytes) {
        struct pick worst = { .distance = NEAR_S };
        for (size_t i = 0; i < p->n; i++) {
            struct show_layer *l = p->layers[i];
            for (uint32_t k = 0; l->layer && k < layer_tiles(l->layer); k++) {
                double distance = distance_of(p, l->start + k * tile_s, now);
                if (layer_has_tile(l->layer, k) && distance > worst.distance)
                    worst = (struct pick){ l, k, distance };
            }
        }
        struct retired *r = worst.layer ? malloc(sizeof(*r)) : NULL;
        if (!r)
            return;                     /* everything kept is needed soon */
        r->tile = layer_drop_tile(worst.layer->layer, worst.k);
        r->frame = atomic_load(p->o.frames);
        r->next = p->retired, p->retired = r;
        p->bytes -= r->tile->bytes < p->bytes ? r->tile->bytes : p->bytes;
    }
}

static void wait_for_work(struct pool *p)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += 100000000;         /* the playhead moves: look again ten times a second */
    if (until.tv_nsec >= 1000000000)
        until.tv_nsec -= 1000000000, until.tv_sec++;
    pthread_cond_timedwait(&p->work, &p->lock, &until);
}

/* False: there is no memory for it now. */
static bool run_tile(struct pool *p, struct graph_workspace *w, struct pick pick)
{
    struct show_layer *l = show_layer_ref(pick.layer);
    struct graph_errors errors = { 0 };
    struct tile *tile = NULL;

    l->busy[pick.k] = 1;
    pthread_mutex_unlock(&p->lock);
    int64_t t0 = clock_mono_ns();
    enum lm_err err = graph_run_tile(layer_program(l->layer), w, pick.k, &tile, &errors);
    uint64_t us = (uint64_t)(clock_mono_ns() - t0) / 1000;
    show_layer_log(l, &errors);
    graph_errors_clear(&errors);
    pthread_mutex_lock(&p->lock);
    l->busy[pick.k] = 0;
    if (err == LM_NOMEM) {
        if (!atomic_exchange(&l->starved, true))
            log_error("graph", "annotation %s: %s; it is tried again", l->annotation, lm_err_text(err));
    } else if (err) {
        atomic_store(&l->failed, true);
        log_error("graph", "annotation %s: %s; it stays dark", l->annotation, lm_err_text(err));
    } else {
        p->bytes += tile->bytes;
        p->largest = tile->bytes > p->largest ? tile->bytes : p->largest;
        layer_put_tile(l->layer, tile);
        p->tiles++;
        p->us_sum += us;
        if (us > p->us_max)
            p->us_max = us;
        trim(p);
    }
    pthread_cond_broadcast(&p->done);
    pthread_mutex_unlock(&p->lock);
    show_layer_unref(l);                /* may be the last: not under the lock */
    pthread_mutex_lock(&p->lock);
    return err != LM_NOMEM;
}

static void *worker(void *arg)
{
    struct pool *p = arg;
    struct graph_workspace *w = graph_workspace_new();

    pthread_mutex_lock(&p->lock);
    while (!p->stop && w) {
        free_retired(p, false);
        struct pick pick = choose(p);
        if (!pick.layer || !run_tile(p, w, pick))
            wait_for_work(p);
    }
    pthread_mutex_unlock(&p->lock);
    graph_workspace_free(w);
    return NULL;
}

struct pool *pool_new(const struct pool_options *o)
{
    struct pool *p = calloc(1, sizeof(*p));
    pthread_condattr_t attr;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    int want = o->threads > 0 ? o->threads : cores > 0 ? (int)cores : 1;

    if (!p)
        return NULL;
    p->o = *o;
    p->loop_start = p->target = -1;
    pthread_mutex_init(&p->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&p->work, &attr);
    pthread_cond_init(&p->done, &attr);
    pthread_condattr_destroy(&attr);
    for (; p->n_threads < want && p->n_threads < MAX_THREADS; p->n_threads++) {
        struct thread_options t = { .name = "compile", .stack = 512 << 10, .nice = 5 };
        if (thread_start(&p->threads[p->n_threads], &t, worker, p))
            break;
    }
    if (!p->n_threads) {
        pool_free(p);
        return NULL;
    }
    return p;
}

void pool_free(struct pool *p)
{
    if (!p)
        return;
    pthread_mutex_lock(&p->lock);
    p->stop = true;
    pthread_cond_broadcast(&p->work);
    pthread_mutex_unlock(&p->lock);
    for (int i = 0; i < p->n_threads; i++)
        pthread_join(p->threads[i], NULL);
    free_retired(p, true);
    for (size_t i = 0; i < p->n; i++)
        show_layer_unref(p->layers[i]);
    free(p->layers);
    pthread_cond_destroy(&p->work);
    pthread_cond_destroy(&p->done);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

enum lm_err pool_set_layers(struct pool *p, struct show_layer *const *layers, size_t n)
{
    struct show_layer **mine = malloc((n + 1) * sizeof(*mine)), **old;
    size_t old_n, bytes = 0;

    if (!mine)
        return LM_NOMEM;
    for (size_t i = 0; i < n; i++)
        mine[i] = show_layer_ref(layers[i]);
    pthread_mutex_lock(&p->lock);
    old = p->layers, old_n = p->n;
    p->layers = mine, p->n = n;
    for (size_t i = 0; i < n; i++)
        bytes += mine[i]->layer ? layer_bytes(mine[i]->layer) : 0;
    p->bytes = bytes;
    pthread_cond_broadcast(&p->work);
    pthread_mutex_unlock(&p->lock);
    for (size_t i = 0; i < old_n; i++)
        show_layer_unref(old[i]);
    free(old);
    return LM_OK;
}

bool pool_prepare(struct pool *p, struct show_layer *const *layers, size_t n, double seconds, double ahead, int timeout_ms)
{
    struct waiter w = { layers, n, seconds, seconds + ahead };
    struct timespec until;
    int slot = 0;
    bool ready;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += timeout_ms / 1000;
    until.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000)
        until.tv_nsec -= 1000000000, until.tv_sec++;

    pthread_mutex_lock(&p->lock);
    while (slot < MAX_WAITERS && p->waiters[slot])
        slot++;
    if (slot < MAX_WAITERS) {
        p->waiters[slot] = &w;
        p->target = seconds;
        pthread_cond_broadcast(&p->work);
    }
    while (!(ready = is_ready(&w)) && slot < MAX_WAITERS && !p->stop)
        if (pthread_cond_timedwait(&p->done, &p->lock, &until))
            break;
    if (slot < MAX_WAITERS)
        p->waiters[slot] = NULL;
    pthread_mutex_unlock(&p->lock);
    return ready;
}

bool pool_prepare_at(struct pool *p, double seconds, int timeout_ms)
{
    size_t n;
    struct show_layer **copy;

    pthread_mutex_lock(&p->lock);
    n = p->n;
    copy = malloc((n + 1) * sizeof(*copy));
    for (size_t i = 0; copy && i < n; i++)
        copy[i] = show_layer_ref(p->layers[i]);
    pthread_mutex_unlock(&p->lock);
    if (!copy)
        return false;
    bool ready = pool_prepare(p, copy, n, seconds, 0.1, timeout_ms);
    for (size_t i = 0; i < n; i++)
        show_layer_unref(copy[i]);
    free(copy);
    return ready;
}

void pool_set_loop(struct pool *p, double start)
{
    pthread_mutex_lock(&p->lock);
    p->loop_start = start;
    pthread_cond_broadcast(&p->work);
    pthread_mutex_unlock(&p->lock);
}

void pool_get_stats(struct pool *p, struct pool_stats *s)
{
    pthread_mutex_lock(&p->lock);
    *s = (struct pool_stats){ p->bytes, p->tiles, p->us_sum, p->us_max, p->n };
    pthread_mutex_unlock(&p->lock);
}
