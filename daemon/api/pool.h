#pragma once
/*
 * The request pool: a few threads, one queue. Items marked slow never hold more than half of the threads, so a blackout does not wait
 * behind four uploads.
 *
 * THREADS  pool_put(): any. The function runs on a thread of the pool. MEMORY  Items are the caller's; the pool only links them.
 */
#include <stdbool.h>

#include "core/err.h"

struct pool_item { struct pool_item *next; bool is_slow; };
struct pool;

enum lm_err pool_new(int threads, void (*run)(struct pool_item *item), struct pool **result);
bool pool_put(struct pool *p, struct pool_item *item);   /* false: it is stopping, the item is still the caller's */
void pool_stop(struct pool *p);         /* runs what is queued, then ends the threads; NULL is fine */
void pool_free(struct pool *p);         /* after pool_stop(), when nobody calls pool_put() any more; NULL is fine */
