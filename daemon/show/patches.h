#pragma once
/*
 * The patches of venues as they were last loaded, for answers that need one while nothing in it changes: selections, heads, maps. An answer never
 * shows less than what was written before it was asked for: a write is told to the bus before it is answered, and asked for here.
 *
 * THREADS  Any but real-time ones.   MEMORY  Patches are counted; the last few venues are kept.
 */
#include "core/err.h"
#include "core/event.h"
#include "db/db.h"
#include "library/library.h"
#include "show/shared.h"

struct patches;

enum lm_err patches_new(struct event_bus *bus, struct library *l, struct patches **result);
void patches_free(struct patches *s);
/* *patch: a struct patch in a struct shared, the caller's to shared_unref(). Errors as venue_load(). */
enum lm_err patches_get(struct patches *s, struct db_conn *c, const char *venue_id, struct shared **patch, struct problem *p);
