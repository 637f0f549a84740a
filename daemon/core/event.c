#include "core/event.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/thread.h"

/* One mutex for the whole bus: news is rare (edits, not frames) and every critical section is a few copies. */
struct event_bus {
    pthread_mutex_t lock;
    pthread_cond_t idle;        /* some listener's wake function has returned */
    struct event_listener *first;
};

struct event_listener {
    struct event_bus *bus;
    struct event_listener *next;
    void (*wake)(void *);
    void *ctx;
    pthread_cond_t news;
    bool wake_due, woken;
    int waking;                 /* calls of wake() under way */
    size_t capacity, head, n;
    struct event queue[];
};

struct event_bus *event_bus_new(void)
{
    struct event_bus *b = calloc(1, sizeof(*b));

    if (!b)
        return NULL;
    pthread_mutex_init(&b->lock, NULL);
    pthread_cond_init(&b->idle, NULL);
    return b;
}

void event_bus_free(struct event_bus *b)
{
    if (!b)
        return;
    assert(!b->first);
    pthread_cond_destroy(&b->idle);
    pthread_mutex_destroy(&b->lock);
    free(b);
}

struct event_listener *event_listen(struct event_bus *b, size_t capacity, void (*wake)(void *), void *ctx)
{
    if (!capacity)
        capacity = 1;
    if (capacity > (SIZE_MAX / 2) / sizeof(struct event))
        return NULL;
    struct event_listener *l = calloc(1, sizeof(*l) + capacity * sizeof(l->queue[0]));
    if (!l)
        return NULL;
    l->bus = b;
    l->wake = wake;
    l->ctx = ctx;
    l->capacity = capacity;
    thread_cond_init(&l->news);

    pthread_mutex_lock(&b->lock);
    l->next = b->first;
    b->first = l;
    pthread_mutex_unlock(&b->lock);
    return l;
}

void event_unlisten(struct event_listener *l)
{
    if (!l)
        return;
    pthread_mutex_lock(&l->bus->lock);
    struct event_listener **at = &l->bus->first;
    while (*at != l)
        at = &(*at)->next;
    *at = l->next;
    while (l->waking)
        pthread_cond_wait(&l->bus->idle, &l->bus->lock);
    pthread_mutex_unlock(&l->bus->lock);
    pthread_cond_destroy(&l->news);
    free(l);
}

static bool is_everything(const struct event *e)
{
    return !strcmp(e->table, "*");
}

static void queue_put(struct event_listener *l, const struct event *e)
{
    static const struct event everything = { .table = "*", .op = 'u' };

    if (l->n && is_everything(&l->queue[l->head]))
        return;                 /* whoever refetches everything sees this one too */
    if (l->n == l->capacity || is_everything(e)) {
        l->queue[l->head = 0] = everything;
        l->n = 1;
        return;
    }
    l->queue[(l->head + l->n++) % l->capacity] = *e;
}

/* Calls the wake functions that are due. The lock is held on entry and exit, not during a call. */
static void wake_listeners(struct event_bus *b)
{
    struct event_listener *l = b->first;

    while (l) {
        if (!l->wake_due) {
            l = l->next;
            continue;
        }
        l->wake_due = false;
        l->waking++;
        pthread_mutex_unlock(&b->lock);
        l->wake(l->ctx);
        pthread_mutex_lock(&b->lock);
        l->waking--;
        pthread_cond_broadcast(&b->idle);
        l = b->first;           /* the list may have changed meanwhile */
    }
}

void event_publish(struct event_bus *b, const struct event *e, size_t n)
{
    if (!n)
        return;
    pthread_mutex_lock(&b->lock);
    for (struct event_listener *l = b->first; l; l = l->next) {
        for (size_t i = 0; i < n; i++)
            queue_put(l, &e[i]);
        l->wake_due = l->wake != NULL;
        pthread_cond_signal(&l->news);
    }
    wake_listeners(b);
    pthread_mutex_unlock(&b->lock);
}

static bool queue_take(struct event_listener *l, struct event *e)
{
    if (!l->n)
        return false;
    *e = l->queue[l->head];
    l->head = (l->head + 1) % l->capacity;
    l->n--;
    return true;
}

bool event_poll(struct event_listener *l, struct event *e)
{
    pthread_mutex_lock(&l->bus->lock);
    bool got = queue_take(l, e);
    pthread_mutex_unlock(&l->bus->lock);
    return got;
}

bool event_has(struct event_listener *l, bool (*is_meant)(const struct event *e))
{
    bool has = false;

    pthread_mutex_lock(&l->bus->lock);
    for (size_t i = 0; i < l->n && !has; i++)
        has = is_meant(&l->queue[(l->head + i) % l->capacity]);
    pthread_mutex_unlock(&l->bus->lock);
    return has;
}

bool event_wait(struct event_listener *l, struct event *e, int timeout_ms)
{
    struct timespec until = clock_in_ms(timeout_ms > 0 ? timeout_ms : 0);
    bool got;
    int err = 0;

    pthread_mutex_lock(&l->bus->lock);
    while (!(got = queue_take(l, e)) && !l->woken && err != ETIMEDOUT)
        err = timeout_ms < 0 ? pthread_cond_wait(&l->news, &l->bus->lock)
                             : pthread_cond_timedwait(&l->news, &l->bus->lock, &until);
    if (!got)
        l->woken = false;
    pthread_mutex_unlock(&l->bus->lock);
    return got;
}

void event_wake(struct event_listener *l)
{
    pthread_mutex_lock(&l->bus->lock);
    l->woken = true;
    pthread_cond_signal(&l->news);
    pthread_mutex_unlock(&l->bus->lock);
}
