#pragma once
/*
 * The audit log: one line for each change that succeeded and each sign-in that failed. A line is in the database some milliseconds after the change; the same again within two
 * seconds (a fader that is drawn) is the same line, with how often and the last values, for at most a minute (less while hundreds come at once).
 *
 * What holds: a line is not part of the transaction that it tells of, for it is about what the handler answered, and much of what it tells of (masters, play, sound devices) is stored nowhere. It is
 * handed over when the change is done, before the answer, and written at once by a thread of its own. So what was not done has no line; a change within the last milliseconds before a kill -9
 * may be without one, and for the last seconds before a power cut too (lines are written with synchronous NORMAL: nobody waits for the disk because of them). A clean stop loses none.
 *
 * Nothing secret is in it: whoever adds a line sees to that. A name that nobody has is not kept either: people type passwords into that field.
 *
 * On a full disk lines wait (1000; of further ones the number alone) and the warning `audit` stands.
 *
 * THREADS  Any that may block; audit_add() waits for a short lock alone.
 */
#include <jansson.h>

#include "core/err.h"
#include "db/audit.h"
#include "net/auth.h"

struct audit;

struct audit *audit_new(struct db *db);         /* NULL: no memory */
void audit_free(struct audit *a);               /* what waits is written first; NULL is fine */
void audit_wake_by(struct audit *a, void (*wake)(void *ctx), void *ctx);        /* called when there is something to write, with no lock held; NULL: nobody */

/* `detail` is taken (NULL: nothing more to say); `table` and `row_id` may be NULL. `a` NULL: nothing happens. */
void audit_add(struct audit *a, const struct caller *who, const char *action, const char *table, const char *row_id, json_t *detail);
/* Writes what waits. *again_ms: when to come again, -1: when woken. `again_ms` NULL: all of it is written, also what may still become more of the same. */
enum lm_err audit_flush(struct audit *a, int *again_ms);
