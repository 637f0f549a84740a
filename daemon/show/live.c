#include "show/live.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/latest.h"

struct pair {
    size_t heads, universes;            /* room */
    struct show_live buf[2][3];         /* [ws | rest] */
    struct latest ws, rest;
    struct pair *older;
};

struct live {
    _Atomic(struct pair *) offered;     /* by the control side */
    _Atomic(struct pair *) filled;      /* the newest that has a frame in it; readers use this one */
    struct pair *used;                  /* the engine's */
    pthread_mutex_t rest_lock;
};

static void pair_free(struct pair *p)
{
    for (int i = 0; p && i < 6; i++) {
        free(p->buf[i / 3][i % 3].head);
        free(p->buf[i / 3][i % 3].universe);
    }
    free(p);
}

static struct pair *pair_new(size_t heads, size_t universes)
{
    struct pair *p = calloc(1, sizeof(*p));

    if (!p)
        return NULL;
    p->heads = heads, p->universes = universes;
    for (int i = 0; i < 6; i++) {
        struct show_live *l = &p->buf[i / 3][i % 3];
        l->head = calloc(heads, sizeof(*l->head));
        l->universe = calloc(universes, sizeof(*l->universe));
        if (!l->head || !l->universe) {
            pair_free(p);
            return NULL;
        }
    }
    latest_init(&p->ws, &p->buf[0][0], &p->buf[0][1], &p->buf[0][2]);
    latest_init(&p->rest, &p->buf[1][0], &p->buf[1][1], &p->buf[1][2]);
    return p;
}

struct live *live_new(void)
{
    struct live *l = calloc(1, sizeof(*l));

    if (l)
        pthread_mutex_init(&l->rest_lock, NULL);
    return l;
}

void live_free(struct live *l)
{
    if (!l)
        return;
    for (struct pair *p = atomic_load(&l->offered), *older; p; p = older) {
        older = p->older;
        pair_free(p);
    }
    pthread_mutex_destroy(&l->rest_lock);
    free(l);
}

enum lm_err live_reserve(struct live *l, size_t heads, size_t universes)
{
    struct pair *now = atomic_load(&l->offered);
    size_t h = now ? now->heads : 64, u = now ? now->universes : 4;

    if (now && heads <= h && universes <= u)
        return LM_OK;
    while (h < heads)
        h *= 2;
    while (u < universes)
        u *= 2;
    struct pair *p = pair_new(h, u);
    if (!p)
        return LM_NOMEM;
    p->older = now;
    atomic_store(&l->offered, p);
    return LM_OK;
}

void live_adopt(struct live *l)
{
    l->used = atomic_load_explicit(&l->offered, memory_order_acquire);
}

struct show_live *live_back(struct live *l)
{
    return latest_back(&l->used->ws);
}

static uint8_t byte(float v)
{
    return (uint8_t)((v > 0 ? v < 1 ? v : 1 : 0) * 255 + .5f);      /* no calls: this is done for every head of every frame */
}

static int16_t tenths(float deg)
{
    float t = deg * 10;

    t = t > -32767 ? t < 32767 ? t : 32767 : -32767;
    return (int16_t)(t < 0 ? t - .5f : t + .5f);
}

void live_fill(struct show_live *l, const struct frame *f, const float *pan, const float *tilt, const struct universes *u)
{
    l->heads = f->heads;
    for (size_t i = 0; i < f->heads; i++)
        l->head[i] = (struct show_head){ byte(f->intensity[i]), byte(f->r[i]), byte(f->g[i]), byte(f->b[i]), byte(f->strobe[i]),
                                         byte(f->speed[i]), tenths(pan[i]), tenths(tilt[i]) };
    l->universes = u->n;
    for (size_t i = 0; i < u->n; i++) {
        l->universe[i].number = u->u[i].number;
        memcpy(l->universe[i].slots, u->u[i].slots, DMX_SLOTS);
    }
}

void live_fill_own(struct show_live *l, const struct universes *own)
{
    for (size_t i = 0; i < l->universes; i++)
        memcpy(l->universe[i].own, own->u[i].slots, DMX_SLOTS);
}

void live_publish(struct live *l)
{
    struct pair *p = l->used;
    const struct show_live *ws = latest_back(&p->ws);
    struct show_live *rest = latest_back(&p->rest);
    struct show_head *head = rest->head;
    struct show_universe *universe = rest->universe;

    memcpy(head, ws->head, ws->heads * sizeof(*head));
    memcpy(universe, ws->universe, ws->universes * sizeof(*universe));
    *rest = *ws;
    rest->head = head, rest->universe = universe;
    latest_publish(&p->rest);
    latest_publish(&p->ws);
    atomic_store_explicit(&l->filled, p, memory_order_release);
}

const struct show_live *live_front(struct live *l)
{
    struct pair *p = atomic_load_explicit(&l->filled, memory_order_acquire);
    return p ? latest_front(&p->ws) : NULL;
}

static const struct show_live *rest_front(struct live *l)
{
    struct pair *p = atomic_load_explicit(&l->filled, memory_order_acquire);
    return p ? latest_front(&p->rest) : NULL;
}

bool live_copy_universe(struct live *l, int number, uint8_t slots[512], uint8_t own[512])
{
    bool found = false;

    pthread_mutex_lock(&l->rest_lock);
    const struct show_live *f = rest_front(l);
    for (size_t i = 0; f && i < f->universes && !found; i++)
        if (f->universe[i].number == number) {
            memcpy(slots, f->universe[i].slots, 512);
            if (own)
                memcpy(own, f->universe[i].own, 512);
            found = true;
        }
    pthread_mutex_unlock(&l->rest_lock);
    return found;
}

size_t live_copy_numbers(struct live *l, int *numbers, size_t max)
{
    size_t n = 0;

    pthread_mutex_lock(&l->rest_lock);
    const struct show_live *f = rest_front(l);
    for (; f && n < f->universes && n < max; n++)
        numbers[n] = f->universe[n].number;
    pthread_mutex_unlock(&l->rest_lock);
    return n;
}
