#pragma once
/*
 * Who may wait to have a password looked at: that is done one at a time, 0.1 s each, so the queue has an end, and its length is how long whoever is right waits.
 *
 * No network (of IPv4 the /24, of IPv6 the /64) takes more than half of the places that the others leave: many addresses of one fill it for themselves alone, and several
 * networks leave a place for the next. Some places are kept for addresses from which somebody is signed in. Who is signed in needs none of this: they are not asked.
 *
 * THREADS  Any; a short lock.
 */
#include <stdbool.h>

enum { WAITING_MAX = 32, WAITING_KEPT = 8 };    /* about three seconds; of these for who is known */

struct waiting;

struct waiting *waiting_new(void);              /* NULL: no memory */
void waiting_free(struct waiting *w);           /* NULL is fine */
/* `place`: role_caller(). The number to leave with; -1: there is no room. */
int waiting_enter(struct waiting *w, const char *place, bool is_known);
void waiting_leave(struct waiting *w, int number);
