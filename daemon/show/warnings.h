#pragma once
/*
 * What is wrong right now, in sentences with stable ids ("audio.lost", "output.<id>", "score.track"): GET /system and the WebSocket topic `system`.
 * THREADS  Any non-real-time thread.
 */
#include <jansson.h>

#include "core/event.h"

struct warnings;

struct warnings *warnings_new(struct event_bus *bus);           /* publishes {"system", id, op i|u|d} */
void warnings_free(struct warnings *w);
/* level: "error" the show is affected, "warn" it goes on, "info" nothing is wrong, but someone may wonder. Raising the same id with the same text again does nothing. */
void warnings_raise(struct warnings *w, const char *id, const char *level, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
void warnings_lower(struct warnings *w, const char *id);
/* Everything under `prefix.` becomes exactly these sentences: new ones are raised, missing ones lowered. One caller per prefix. */
void warnings_sync(struct warnings *w, const char *prefix, const char *level, const char *const *messages, size_t n);
/* The same with ids that stay when a sentence changes: `prefix.ids[i]`. */
void warnings_sync_ids(struct warnings *w, const char *prefix, const char *level, const char *const *ids, const char *const *messages, size_t n);
json_t *warnings_json(struct warnings *w);                      /* [{"id","level","message","since"}] oldest first */
