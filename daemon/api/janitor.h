#pragma once
/*
 * Cuts connections that trickle. libmicrohttpd's time-out is for silence only: a client that sends a byte now and then would hold its place for ever.
 * And those that ended in the middle of a body, which it does not notice when the end came together with the last bytes.
 *
 * Head and body have 5 s; a body that needs longer must keep up 1 KiB a second on average. It also looks once a second whether the engine goes on.
 *
 * THREADS  watch_*(): the thread of the connection. An own thread looks once a second. A watch is closed under the same lock that the janitor
 *          takes to cut it, so no socket number that was used again is ever shut.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

struct janitor;
struct watch;

/* progress: a count that rises while all is well; NULL: none. */
enum lm_err janitor_new(uint64_t (*progress)(void *ctx), void *ctx, struct janitor **result);
void janitor_free(struct janitor *j);
bool janitor_is_stuck(struct janitor *j);               /* `progress` did not rise between the last two looks */
struct watch *watch_open(struct janitor *j, int fd);    /* NULL: no memory, then the connection is not watched */
void watch_close(struct janitor *j, struct watch *w);
void watch_begin(struct janitor *j, struct watch *w);   /* the client's turn begins: head or body */
void watch_count(struct janitor *j, struct watch *w, size_t bytes);
void watch_end(struct janitor *j, struct watch *w);     /* lumad's turn: the answer */
void watch_idle(struct janitor *j, struct watch *w);    /* the answer is out; perhaps another request comes */
