/* What the pool keeps, and what it gives up for room. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "show/pool_private.h"

enum { HEAR_MS = 50 };

void pool_count(struct pool *p, struct show_layer *l)
{
    if (l->is_compiling)                /* its memory is being made; it is counted afterwards */
        return;
    size_t bytes = sizeof(*l) + layer_bytes(l->layer);
    if (l->is_held)
        p->bytes = p->bytes - (l->bytes < p->bytes ? l->bytes : p->bytes) + bytes;
    l->bytes = bytes;
}

void pool_count_all(struct pool *p)
{
    p->bytes = 0;
    for (size_t i = 0; i < p->n; i++)
        p->bytes += p->layers[i]->bytes;
    for (size_t i = 0; i < p->n_kept; i++)
        p->bytes += p->kept[i]->bytes;
}

size_t pool_work_bytes(const struct pool *p)
{
    size_t bytes = p->retired_bytes;

    for (int i = 0; i < POOL_THREADS; i++)
        bytes += p->started[i] ? p->work_bytes[i] + p->largest : 0;     /* and room for the tile each is making */
    return bytes;
}

bool pool_is_full(const struct pool *p)
{
    return p->bytes + pool_work_bytes(p) + p->largest > p->o.max_bytes;
}

void pool_hear(struct pool *p)
{
    uint64_t ms = (uint64_t)(clock_mono_ns() / 1000000);

    if (ms < p->heard_ms + HEAR_MS)
        return;
    double now = p->o.playhead(p->o.ctx);
    p->heard_ms = ms;
    for (size_t i = 0; i < p->n; i++)
        if (p->layers[i]->start <= now && now < p->layers[i]->end)
            p->layers[i]->heard = ms;
}

void pool_free_retired(struct pool *p, bool all)
{
    unsigned long long frames = atomic_load(p->o.frames);

    for (struct retired **r = &p->retired; *r;) {
        struct retired *x = *r;
        if (!all && frames < x->frame + 2) {
            r = &x->next;
            continue;
        }
        *r = x->next;
        p->retired_bytes -= x->tile->bytes;
        tile_free(x->tile);
        free(x);
    }
}

static void let_go(struct pool *p, struct show_layer *l)
{
    if (l->is_held)
        p->bytes -= l->bytes < p->bytes ? l->bytes : p->bytes;
    l->is_held = false;
    l->next_gone = p->gone;
    p->gone = l;
}

void pool_park(struct pool *p, struct show_layer *l)
{
    if (p->n_kept == p->cap_kept) {
        size_t cap = p->cap_kept ? 2 * p->cap_kept : 64;
        struct show_layer **more = realloc(p->kept, cap * sizeof(struct show_layer *));
        if (!more) {
            let_go(p, l);
            return;
        }
        p->kept = more, p->cap_kept = cap;
    }
    if (!l->heard)                      /* not yet: as of now */
        l->heard = (uint64_t)(clock_mono_ns() / 1000000);
    p->kept[p->n_kept++] = l;
    l->is_held = true;
}

struct show_layer *pool_take_gone(struct pool *p)
{
    struct show_layer *gone = p->gone;

    p->gone = NULL;
    return gone;
}

void pool_free_gone(struct show_layer *gone)
{
    for (struct show_layer *next; gone; gone = next) {
        next = gone->next_gone;
        show_layer_unref(gone);
    }
}

/* How dearly a stretch of the track is missed: seconds to wait for it. What was heard counts as far away, what somebody is about to jump to as near. */
static double distance_of(const struct pool *p, double start, double end, double now)
{
    double past = now - POOL_BEHIND_S - 1 - end, distance = past > 0 ? POOL_NEAR_S + past * 8 : fmax(start - now, 0);

    if (p->loop_start >= 0 && start <= p->loop_start + POOL_TILE_S && end >= p->loop_start)
        return 0;
    if (p->target >= 0 && start <= p->target + POOL_TILE_S && end >= p->target)
        return 0;
    for (int i = 0; i < POOL_WAITERS; i++)
        if (p->waiters[i] && !p->waiters[i]->compile_only && start <= p->waiters[i]->to && end >= p->waiters[i]->from)
            return 0;
    return distance;
}

/* The layer beside the score that was heard longest ago. */
static bool drop_kept(struct pool *p)
{
    size_t oldest = 0;

    if (!p->n_kept)
        return false;
    for (size_t i = 1; i < p->n_kept; i++)
        if (p->kept[i]->heard < p->kept[oldest]->heard)
            oldest = i;
    let_go(p, p->kept[oldest]);
    p->kept[oldest] = p->kept[--p->n_kept];
    return true;
}

/* The tile farthest from the playhead, never one just ahead. What goes here is not made again at once: with the memory used up the pool looks less far. */
static bool drop_tile(struct pool *p, double now)
{
    struct show_layer *worst = NULL;
    double farthest = POOL_NEAR_S;
    uint32_t worst_k = 0;

    for (size_t i = 0; i < p->n; i++) {
        struct show_layer *l = p->layers[i];
        for (uint32_t k = 0; k < layer_tiles(l->layer); k++) {
            if (!layer_has_tile(l->layer, k))
                continue;
            double start = pool_tile_start(l, k), distance = distance_of(p, start, start + POOL_TILE_S, now);
            if (distance > farthest)
                worst = l, worst_k = k, farthest = distance;
        }
    }
    struct retired *r = worst ? malloc(sizeof(*r)) : NULL;
    if (!r)
        return false;                   /* everything kept is needed soon */
    r->tile = layer_drop_tile(worst->layer, worst_k);
    r->frame = atomic_load(p->o.frames);
    r->next = p->retired, p->retired = r;
    p->retired_bytes += r->tile->bytes;
    pool_count(p, worst);
    return true;
}

/* The program of a far block that has no tile: it is compiled again when it comes near. */
static bool drop_program(struct pool *p, double now)
{
    struct show_layer *worst = NULL;
    double farthest = POOL_AHEAD_S;

    for (size_t i = 0; i < p->n; i++) {
        struct show_layer *l = p->layers[i];
        double distance = atomic_load(&l->state) != LAYER_LIT || l->n_busy ? 0 : distance_of(p, l->start, l->end, now);
        if (distance > farthest)
            worst = l, farthest = distance;
    }
    if (!worst)
        return false;
    atomic_store(&worst->state, LAYER_WAITING);
    graph_program_free(layer_take_program(worst->layer));
    pool_count(p, worst);
    return true;
}

void pool_trim(struct pool *p)
{
    /* What is retired is as good as gone, and dropping more does not make it go sooner. */
    size_t work = pool_work_bytes(p) - p->retired_bytes, may = work < p->o.max_bytes ? p->o.max_bytes - work : 0;
    double now = p->bytes > may ? p->o.playhead(p->o.ctx) : 0;

    while (p->bytes > may && (drop_kept(p) || drop_tile(p, now) || drop_program(p, now)))
        ;
}
