#pragma once
/*
 * News that travels upwards: "row X of table T changed", written after the commit. One bounded queue per listener; when it
 * overflows, everything queued is replaced by a single {"*"}, which means "refetch everything".
 *
 * THREADS  event_publish(): any non-real-time thread, never blocks for long. event_wait(): the listener's own thread.
 *          A listener may give a wake function (called with no lock held, any thread) instead of waiting.
 *          event_unlisten() waits for a running wake function, so that one must not call it; when it has returned, no other call follows.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/uuid.h"

struct event {
    const char *table;          /* static string; "*" = anything may have changed. Also "jobs", "system" */
    char id[UUID_SIZE];
    int64_t version;
    char op;                    /* 'i' insert, 'u' update, 'd' delete */
};

struct event_bus;
struct event_listener;

struct event_bus *event_bus_new(void);
void event_bus_free(struct event_bus *b);                     /* after the last event_unlisten(); NULL is fine */
struct event_listener *event_listen(struct event_bus *b, size_t capacity, void (*wake)(void *), void *ctx);
void event_unlisten(struct event_listener *l);                  /* NULL is fine */
void event_publish(struct event_bus *b, const struct event *e, size_t n);
bool event_poll(struct event_listener *l, struct event *e);     /* false: nothing there */
bool event_has(struct event_listener *l, bool (*is_meant)(const struct event *e));      /* whether such a one waits; takes none out */
bool event_wait(struct event_listener *l, struct event *e, int timeout_ms);     /* false: timed out or event_wake(); < 0: no limit */
void event_wake(struct event_listener *l);                      /* makes event_wait() return early, once */
