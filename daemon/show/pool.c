#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/log.h"
#include "core/thread.h"
#include "show/pool_private.h"
#include "show/track_data.h"

enum {
    STALE_MS = 5,                       /* how often a wish is asked whether it still stands */
    LOOK_MS = 100,                      /* how often the playhead is looked at */
    IDLE = 20, IDLE_BYTES = 1 << 20,    /* after so many looks without work, what was worked in is given back */
};

/* A tile far into a block whose nodes remember may take long: all before it comes first. After a slice the worker looks whether others are waiting; what was done
 * is kept in the program. Who has had slices stands behind what is that many seconds farther away. */
enum { SLICE_MS = 25, PATIENCE_S = 8 };

/* ---- what to do next ---- */

#define COMPILE UINT32_MAX              /* instead of a tile's number */
struct pick { struct show_layer *layer; uint32_t k; double distance; };

double pool_tile_start(const struct show_layer *l, uint32_t k)
{
    return l->start - l->lead + k * POOL_TILE_S;
}

uint32_t pool_tile_at(const struct show_layer *l, double seconds)
{
    return (uint32_t)((fmax(seconds - l->start, 0) + l->lead) / POOL_TILE_S);
}

static void consider_compile(struct pick *best, struct show_layer *l, double distance)
{
    if (!l->is_compiling && distance < best->distance)
        *best = (struct pick){ l, COMPILE, distance };
}

/* The first thing missing of `l` in [from, to] on the track, and how far it is from `from`. */
static void consider(struct pick *best, struct show_layer *l, double from, double to)
{
    int state = atomic_load(&l->state);

    if (state == LAYER_BROKEN || atomic_load(&l->failed) || l->end <= from || l->start > to)
        return;
    if (state == LAYER_WAITING && !layer_is_filled(l->layer)) {
        consider_compile(best, l, fmax(l->start - from, 0));
        return;
    }
    uint32_t tiles = layer_tiles(l->layer);
    for (uint32_t k = pool_tile_at(l, from); k < tiles; k++) {
        double at = pool_tile_start(l, k);
        /* Who has one at work already comes a little later: another layer's tile is as near, and these two may wait for each other. */
        double distance = fmax(at - from, 0) + l->n_busy * POOL_TILE_S / 2 + fmin(l->slices, PATIENCE_S);
        if (at > to || distance >= best->distance)
            return;
        if (layer_has_tile(l->layer, k) || l->busy[k])
            continue;
        if (state == LAYER_WAITING)     /* its program was given up */
            consider_compile(best, l, distance);
        else
            *best = (struct pick){ l, k, distance };
        return;
    }
}

static void consider_wish(struct pick *best, const struct pool_wish *w)
{
    for (size_t i = 0; i < w->n; i++) {
        struct show_layer *l = w->layers[i];
        if (!w->compile_only)
            consider(best, l, w->from, w->to);
        else if (!layer_is_filled(l->layer) && !atomic_load(&l->failed))
            consider_compile(best, l, 0);
    }
}

/* Whether everything of the wish is there; what failed counts as there, nobody can wait for it. */
static bool is_ready(const struct pool_wish *w)
{
    for (size_t i = 0; i < w->n; i++) {
        struct show_layer *l = w->layers[i];
        if (atomic_load(&l->failed))
            continue;
        if ((!layer_is_filled(l->layer) || l->is_compiling) && (w->compile_only || (l->end > w->from && l->start <= w->to)))
            return false;
        if (w->compile_only || l->end <= w->from || l->start > w->to)
            continue;
        uint32_t tiles = layer_tiles(l->layer);
        for (uint32_t k = pool_tile_at(l, w->from); k < tiles && pool_tile_start(l, k) <= w->to; k++)
            if (!layer_has_tile(l->layer, k))
                return false;
    }
    return true;
}

/* Wishes; what is heard soon; the loop's start; a hand on the seek bar; at last the graphs of all that is far, so that their errors are known. */
static struct pick choose(struct pool *p)
{
    struct pick best = { .distance = INFINITY };

    for (int i = 0; i < POOL_WAITERS; i++)
        if (p->waiters[i])
            consider_wish(&best, p->waiters[i]);
    if (best.layer)
        return best;
    bool is_full = pool_is_full(p);
    double now = p->o.playhead(p->o.ctx), ahead = is_full ? POOL_NEAR_S : POOL_AHEAD_S;
    for (size_t i = 0; i < p->n; i++)
        consider(&best, p->layers[i], now, now + ahead);
    if (!best.layer && p->loop_start >= 0)
        for (size_t i = 0; i < p->n; i++)
            consider(&best, p->layers[i], p->loop_start, p->loop_start + POOL_TILE_S);
    if (!best.layer)
        for (size_t i = 0; i < p->n; i++)
            consider(&best, p->layers[i], fmax(now - POOL_BEHIND_S, 0), now);
    for (size_t i = 0; !best.layer && !is_full && i < p->n; i++)
        if (atomic_load(&p->layers[i]->state) == LAYER_WAITING && !atomic_load(&p->layers[i]->failed))
            consider_compile(&best, p->layers[i], 0);
    return best;
}

/* ---- doing it ---- */

static void tell_starved(struct show_layer *l)
{
    if (!atomic_exchange(&l->starved, true))
        log_error("graph", "annotation %s: %s; it is tried again", l->annotation, lm_err_text(LM_NOMEM));
}

static void set_largest(struct pool *p, size_t bytes)
{
    p->largest = bytes > p->largest ? bytes : p->largest;
}

/* Without the lock. LM_INVALID: broken. */
static enum lm_err compile(struct show_layer *l, struct graph_errors *errors)
{
    struct graph_program *program = NULL;
    struct graph_env env = { .patch = shared_get(l->patch), .start = l->start - l->lead, .end = l->end, .origin = l->origin, .seed = l->seed, .args = l->args };

    track_data_env(shared_get(l->track), &env);
    enum lm_err err = graph_compile(shared_get(l->doc), &env, &program, errors);
    if (err && err != LM_NOMEM)
        return LM_INVALID;
    bool is_new = !layer_is_filled(l->layer);
    uint8_t *busy = err || l->busy ? NULL : calloc((size_t)graph_program_tiles(program) + 1, 1);
    if (!err && !l->busy && !busy)
        err = LM_NOMEM;
    if (err) {
        graph_program_free(program);
        return err;
    }
    if (is_new) {                       /* before it is filled: whoever sees that may read them */
        json_decref(l->errors);
        l->errors = graph_errors_json(errors);
    }
    if (!l->busy)
        l->busy = busy;
    return layer_fill(l->layer, program, env.patch->n_heads);
}

/* False: there is no memory for it now. */
static bool run_compile(struct pool *p, struct show_layer *l)
{
    struct graph_errors errors = { 0 };

    l->is_compiling = true;
    pthread_mutex_unlock(&p->lock);
    bool is_new = !layer_is_filled(l->layer);
    enum lm_err err = compile(l, &errors);
    if (err == LM_INVALID && is_new) {
        json_decref(l->errors);
        l->errors = graph_errors_json(&errors);
        layer_fill_dark(l->layer);
    }
    if (err != LM_NOMEM && is_new)
        show_layer_log(l, &errors);
    /* A plug-in that failed may be there again: not the same light for the same key, so it is not kept. */
    if (err == LM_INVALID && graph_errors_have(&errors, "plugin_failed"))
        atomic_store(&l->failed, true);
    graph_errors_clear(&errors);
    pthread_mutex_lock(&p->lock);
    l->is_compiling = false;
    if (err == LM_NOMEM) {
        tell_starved(l);
        return false;
    }
    atomic_store(&l->state, err ? LAYER_BROKEN : LAYER_LIT);
    p->compiled++;
    pool_count(p, l);
    set_largest(p, l->bytes);
    pool_trim(p);
    return true;
}

static bool is_slice_over(void *end)
{
    return clock_mono_ns() > *(const int64_t *)end;
}

static bool must_stop(void *pool)
{
    return atomic_load(&((struct pool *)pool)->stop);
}

static bool run_tile(struct pool *p, struct graph_workspace *w, struct show_layer *l, uint32_t k)
{
    struct graph_errors errors = { 0 };
    struct tile *tile = NULL;

    l->busy[k] = 1;
    l->n_busy++;
    struct graph_program *program = layer_program(l->layer);
    pthread_mutex_unlock(&p->lock);
    int64_t t0 = clock_mono_ns(), end = t0 + SLICE_MS * INT64_C(1000000);
    graph_workspace_set_pause(w, is_slice_over, &end);
    graph_workspace_set_stop(w, must_stop, p);      /* a tile can take seconds, and lumad's end waits for its threads */
    enum lm_err err = graph_run_tile(program, w, k, &tile, &errors);
    uint64_t us = (uint64_t)(clock_mono_ns() - t0) / 1000;
    show_layer_log(l, &errors);
    json_t *list = err && errors.n ? graph_errors_json(&errors) : NULL;
    graph_errors_clear(&errors);
    pthread_mutex_lock(&p->lock);
    l->busy[k] = 0;
    l->n_busy--;
    if (err == LM_TIMEOUT) {
        json_decref(list);
        l->slices++;
        return true;
    }
    l->slices = 0;
    if (err != LM_NOMEM && !l->run_errors)
        l->run_errors = list;
    else
        json_decref(list);
    if (err == LM_NOMEM) {
        tell_starved(l);
        return false;
    }
    if (err) {
        atomic_store(&l->failed, true);
        log_error("graph", "annotation %s: %s; it stays dark", l->annotation, lm_err_text(err));
        return true;
    }
    set_largest(p, tile->bytes);
    layer_put_tile(l->layer, tile);
    pool_count(p, l);
    p->tiles++;
    p->us_sum += us;
    if (us > p->us_max)
        p->us_max = us;
    pool_trim(p);
    return true;
}

static bool run(struct pool *p, struct graph_workspace *w, int me, struct pick pick)
{
    struct show_layer *l = show_layer_ref(pick.layer);
    bool done = pick.k == COMPILE ? run_compile(p, l) : run_tile(p, w, l, pick.k);
    struct show_layer *gone = pool_take_gone(p);

    p->work_bytes[me] = graph_workspace_bytes(w);
    pthread_cond_broadcast(&p->done);
    pthread_mutex_unlock(&p->lock);
    show_layer_unref(l);                /* may be the last: not under the lock */
    pool_free_gone(gone);
    pthread_mutex_lock(&p->lock);
    return done;
}

static void *worker(void *arg)
{
    struct pool *p = arg;
    struct graph_workspace *w = graph_workspace_new();
    int me = 0, idle = 0;

    pthread_mutex_lock(&p->lock);
    while (p->started[me])
        me++;
    p->started[me] = true;
    while (!atomic_load(&p->stop)) {
        pool_free_retired(p, false);
        pool_hear(p);
        struct pick pick = choose(p);
        if (pick.layer && (w || (w = graph_workspace_new())) && run(p, w, me, pick)) {
            idle = 0;
            continue;
        }
        if (++idle == IDLE && p->work_bytes[me] > IDLE_BYTES) {         /* a large graph was run, and nothing is to do */
            graph_workspace_free(w);
            w = NULL, p->work_bytes[me] = 0;
            continue;
        }
        struct timespec until = clock_in_ms(LOOK_MS);         /* the playhead moves */
        pthread_cond_timedwait(&p->work, &p->lock, &until);
    }
    pthread_mutex_unlock(&p->lock);
    graph_workspace_free(w);
    return NULL;
}

/* ---- life ---- */

struct pool *pool_new(const struct pool_options *o)
{
    struct pool *p = calloc(1, sizeof(*p));
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    int want = o->threads > 0 ? o->threads : cores > 0 ? (int)cores : 1;

    if (!p)
        return NULL;
    p->o = *o;
    p->loop_start = p->target = -1;
    pthread_mutex_init(&p->lock, NULL);
    thread_cond_init(&p->work);
    thread_cond_init(&p->done);
    for (; p->n_threads < want && p->n_threads < POOL_THREADS; p->n_threads++) {
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
    atomic_store(&p->stop, true);
    pthread_cond_broadcast(&p->work);
    pthread_mutex_unlock(&p->lock);
    for (int i = 0; i < p->n_threads; i++)
        pthread_join(p->threads[i], NULL);
    pool_free_retired(p, true);
    pool_free_gone(pool_take_gone(p));
    for (size_t i = 0; i < p->n; i++)
        show_layer_unref(p->layers[i]);
    for (size_t i = 0; i < p->n_kept; i++)
        show_layer_unref(p->kept[i]);
    free(p->layers);
    free(p->kept);
    pthread_cond_destroy(&p->work);
    pthread_cond_destroy(&p->done);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

void pool_set_limit(struct pool *p, size_t max_bytes)
{
    pthread_mutex_lock(&p->lock);
    p->o.max_bytes = max_bytes;
    pool_trim(p);
    struct show_layer *gone = pool_take_gone(p);
    pthread_cond_broadcast(&p->work);
    pthread_mutex_unlock(&p->lock);
    pool_free_gone(gone);
}

/* ---- layers come and go ---- */

/* Out of those beside the score go the ones that carry the mark: they are in it again. */
static void unpark_marked(struct pool *p)
{
    size_t n = 0;

    for (size_t i = 0; i < p->n_kept; i++)
        if (p->kept[i]->mark != p->mark)
            p->kept[n++] = p->kept[i];
        else
            show_layer_unref(p->kept[i]);       /* never the last: who marked it has one */
    p->n_kept = n;
}

static void park_or_drop(struct pool *p, struct show_layer *l)
{
    if (layer_is_filled(l->layer) && !atomic_load(&l->failed)) {
        pool_park(p, l);
        return;
    }
    l->is_held = false;
    l->next_gone = p->gone;
    p->gone = l;
}

enum lm_err pool_set_layers(struct pool *p, struct show_layer *const *layers, size_t n)
{
    struct show_layer **mine = malloc((n + 1) * sizeof(*mine)), **old;
    size_t old_n;

    if (!mine)
        return LM_NOMEM;
    for (size_t i = 0; i < n; i++)
        mine[i] = show_layer_ref(layers[i]);
    pthread_mutex_lock(&p->lock);
    old = p->layers, old_n = p->n;
    p->layers = mine, p->n = n;
    p->mark++;
    for (size_t i = 0; i < n; i++) {
        mine[i]->mark = p->mark;
        mine[i]->is_held = true;
    }
    unpark_marked(p);
    for (size_t i = 0; i < old_n; i++)
        if (old[i]->mark == p->mark)
            show_layer_unref(old[i]);           /* as above */
        else
            park_or_drop(p, old[i]);
    for (size_t i = 0; i < n; i++)
        pool_count(p, mine[i]);
    pool_count_all(p);
    pool_trim(p);
    struct show_layer *gone = pool_take_gone(p);
    pthread_cond_broadcast(&p->work);
    pthread_mutex_unlock(&p->lock);
    pool_free_gone(gone);
    free(old);
    return LM_OK;
}

static struct show_layer *find(struct show_layer *const *list, size_t n, const char *annotation, uint64_t key)
{
    for (size_t i = 0; i < n; i++)
        if (list[i]->key == key && !strcmp(list[i]->annotation, annotation) && !atomic_load(&list[i]->failed))
            return show_layer_ref(list[i]);
    return NULL;
}

struct show_layer *pool_find(struct pool *p, const char *annotation, uint64_t key)
{
    pthread_mutex_lock(&p->lock);
    struct show_layer *l = find(p->layers, p->n, annotation, key);
    if (!l && (l = find(p->kept, p->n_kept, annotation, key)))
        p->found++;
    pthread_mutex_unlock(&p->lock);
    return l;
}

void pool_keep(struct pool *p, struct show_layer *const *layers, size_t n)
{
    pthread_mutex_lock(&p->lock);
    for (size_t i = 0; i < n; i++)
        if (!layers[i]->is_held) {
            pool_park(p, show_layer_ref(layers[i]));
            pool_count(p, layers[i]);
        }
    pool_count_all(p);
    pool_trim(p);
    struct show_layer *gone = pool_take_gone(p);
    pthread_mutex_unlock(&p->lock);
    pool_free_gone(gone);
}

/* ---- waiting ---- */

bool pool_wait(struct pool *p, const struct pool_wish *wish)
{
    struct timespec until = clock_in_ms(wish->timeout_ms);
    bool ready, is_stale = false;
    int slot = 0;

    pthread_mutex_lock(&p->lock);
    while (slot < POOL_WAITERS && p->waiters[slot])
        slot++;
    if (slot < POOL_WAITERS) {
        p->waiters[slot] = wish;
        if (!wish->compile_only)
            p->target = wish->from;
        pthread_cond_broadcast(&p->work);
    }
    while (!(ready = is_ready(wish)) && slot < POOL_WAITERS && !atomic_load(&p->stop) && !is_stale) {
        struct timespec at = wish->is_stale ? clock_in_ms(STALE_MS) : until;
        bool is_last = at.tv_sec > until.tv_sec || (at.tv_sec == until.tv_sec && at.tv_nsec >= until.tv_nsec);
        if (pthread_cond_timedwait(&p->done, &p->lock, is_last ? &until : &at) && is_last)
            break;
        is_stale = wish->is_stale && wish->is_stale(wish->ctx);
    }
    if (slot < POOL_WAITERS)
        p->waiters[slot] = NULL;
    pthread_mutex_unlock(&p->lock);
    return ready;
}

bool pool_prepare(struct pool *p, struct show_layer *const *layers, size_t n, double seconds, double ahead, int timeout_ms)
{
    return pool_wait(p, &(struct pool_wish){ .layers = layers, .n = n, .from = seconds, .to = seconds + ahead, .timeout_ms = timeout_ms });
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
    *s = (struct pool_stats){ .max_bytes = p->o.max_bytes, .bytes = p->bytes, .tiles = p->tiles, .tile_us_sum = p->us_sum, .tile_us_max = p->us_max, .compiled = p->compiled,
                              .found = p->found, .layers = p->n, .kept = p->n_kept, .work_bytes = pool_work_bytes(p) };
    for (size_t i = 0; i < p->n_kept; i++)
        s->kept_bytes += p->kept[i]->bytes;
    pthread_mutex_unlock(&p->lock);
}
