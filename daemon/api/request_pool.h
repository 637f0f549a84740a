#pragma once
/*
 * The request pool: a few threads, one queue. Items marked slow never hold more than half of the threads, so a blackout does not wait
 * behind four uploads. Of those marked alone one runs at a time.
 *
 * THREADS  request_pool_put(): any. The function runs on a thread of the pool. MEMORY  Items are the caller's; the pool only links them.
 */
#include <stdbool.h>

#include "core/err.h"

struct request_item { struct request_item *next; bool is_slow, is_alone; };  /* alone ones are slow too */
struct request_pool;

enum lm_err request_pool_new(int threads, void (*run)(struct request_item *item), struct request_pool **result);
bool request_pool_put(struct request_pool *p, struct request_item *item);   /* false: it is stopping, the item is still the caller's */
void request_pool_stop(struct request_pool *p);         /* runs what is queued, then ends the threads; NULL is fine */
void request_pool_free(struct request_pool *p);         /* after request_pool_stop(), when nobody calls request_pool_put() any more; NULL is fine */
