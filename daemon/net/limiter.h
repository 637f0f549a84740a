#pragma once
/*
 * How often somebody may be wrong: by key (an address, a name), the first four failures are free; after the fifth the next attempt waits 1 s, then 2, 4 ... 60 s. An
 * attempt counts as failed from its beginning until it is forgiven, so that a hundred at once are not all the first. An hour without one, and all is forgotten.
 *
 * The table is bounded; when it is full, whoever failed least and longest ago is forgotten first.
 *
 * THREADS  One at a time; the caller locks. Keys are not kept, only 64 bits of a keyed hash of them.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LIMITER_FREE = 4, LIMITER_MOST_S = 60, LIMITER_FORGET_S = 3600 };

struct limiter;

struct limiter *limiter_new(size_t slots);                      /* NULL: no memory */
void limiter_free(struct limiter *l);                           /* NULL is fine */
int limiter_wait(const struct limiter *l, const char *key, int64_t now_ms);     /* seconds until the next attempt may be made; 0: now */
void limiter_count(struct limiter *l, const char *key, int64_t now_ms);         /* an attempt begins */
void limiter_forgive(struct limiter *l, const char *key);       /* it was right: so is what came before it */
