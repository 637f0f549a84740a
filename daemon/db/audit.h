#pragma once
/*
 * Who changed what, and who failed to sign in: one line each, in lumad.db, so that a backup has it. net/audit.h says when a line is written.
 * Writing functions take the writer's connection, audit_page() any.
 */
#include <jansson.h>
#include <stdint.h>

#include "core/err.h"
#include "db/db.h"

/* Lines that are kept, and of those that failed among them: whoever tries passwords for a year pushes nobody's changes out. */
enum { AUDIT_KEPT = 100000, AUDIT_FAILED_KEPT = 10000 };
#define AUDIT_FAILED "sign-in failed"

struct audit_row { int64_t id, at; const char *user_name, *role, *address, *action, *table, *row_id, *detail; };    /* `detail`: JSON; table, row_id: "" = none */

enum lm_err audit_insert(struct db_conn *c, const struct audit_row *row, int64_t *id, struct problem *p);
enum lm_err audit_amend(struct db_conn *c, int64_t id, const char *detail, struct problem *p);
enum lm_err audit_prune(struct db_conn *c, struct problem *p);
/* {"items":[{"id","at","user_name","role","address","action","table","row_id","detail"}],"next"}, newest first. `q`: every word occurs in it. LM_BAD_REQUEST: the cursor is not ours. */
enum lm_err audit_page(struct db_conn *c, const char *q, const char *cursor, int limit, json_t **page, struct problem *p);
