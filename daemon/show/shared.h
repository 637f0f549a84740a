#pragma once
/*
 * Counted references to immutable things that several owners read: a patch, a beat grid, the decoded audio of a track.
 * THREADS  Any non-real-time thread; the engine never drops a reference.
 */
#include <stdatomic.h>
#include <stdlib.h>

struct shared {
    atomic_int refs;
    void *obj;
    void (*free_obj)(void *obj);
};

/* Takes `obj`; frees it and returns NULL without memory. */
static inline struct shared *shared_new(void *obj, void (*free_obj)(void *))
{
    struct shared *s = malloc(sizeof(*s));

    if (!s) {
        free_obj(obj);
        return NULL;
    }
    atomic_init(&s->refs, 1);
    s->obj = obj;
    s->free_obj = free_obj;
    return s;
}

static inline struct shared *shared_ref(struct shared *s)
{
    if (s)
        atomic_fetch_add(&s->refs, 1);
    return s;
}

static inline void shared_unref(struct shared *s)       /* NULL is fine */
{
    if (s && atomic_fetch_sub(&s->refs, 1) == 1) {
        s->free_obj(s->obj);
        free(s);
    }
}

static inline void *shared_get(const struct shared *s)
{
    return s ? s->obj : NULL;
}
