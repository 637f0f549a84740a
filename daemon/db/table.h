#pragma once
/*
 * Tables as data. One `struct table` per SQL table gives: the check against the database at start, the JSON a row is on the wire,
 * validation of what a client sends (with a JSON pointer for each wrong member), SELECT/INSERT/UPDATE text, the change events, the order of sync,
 * the reference page schema.md.
 *
 * Rules that hold for every table (api.md "Conventions"): rows carry id, created_at, updated_at, version; a deleted row stays as a tombstone
 * (deleted_at) and is invisible here; creating with the id of a deleted row undeletes it with the new content; with the id of a live row under the same parent it
 * answers the stored row (created = false), under another parent LM_CONFLICT; unknown members, wrong types, out-of-range values: LM_INVALID (wrong JSON type of
 * the whole body: LM_BAD_REQUEST). Deleting a parent writes its children's tombstones (triggers in the schema).
 *
 * On the wire: COL_BOOL true/false, COL_JSON the value itself, COL_INSTANT RFC 3339, NULL null. sync columns (synced_version, synced_at, deleted_at, device_id)
 * and COL_HIDDEN ones are never sent.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "core/err.h"
#include "db/db.h"

enum col_type { COL_END, COL_TEXT, COL_INT, COL_REAL, COL_BOOL, COL_JSON, COL_BLOB, COL_INSTANT, COL_UUID };
enum col_flag {
    COL_KEY      = 1 << 0,      /* id */
    COL_PARENT   = 1 << 1,      /* set from the path, fixed afterwards */
    COL_READONLY = 1 << 2,      /* kept by lumad; a client that sends it back unchanged or changed is told 422, except in whole-row PUT-backs where it is ignored: id, created_at, updated_at, version */
    COL_REQUIRED = 1 << 3,
    COL_NULLABLE = 1 << 4,
    COL_LOCAL    = 1 << 5,      /* never leaves this machine by sync */
    COL_HIDDEN   = 1 << 6,      /* not in the JSON */
    COL_SEARCH   = 1 << 7,      /* `q` looks here */
    COL_SYNC     = 1 << 8,      /* one of the sync columns */
};

struct column {
    const char *name;
    enum col_type type;
    unsigned flags;
    const char *references;             /* COL_UUID: table whose live row must exist */
    const char *const *options;         /* COL_TEXT: one of these */
    double min, max;                    /* COL_INT, COL_REAL; both 0 = any finite value */
    size_t max_len;                     /* COL_TEXT bytes (0 = 1000); COL_JSON bytes of text (0 = 64 KiB) */
    const char *def;                    /* default as JSON text when a client leaves it out; NULL = null/0/"" as the schema says. "=<column>": the value
                                           of that column; "=random": a random integer 0 .. max. COL_JSON: {..} takes objects only, [..] arrays only */
    const char *doc;
    bool (*valid)(const json_t *value, char message[160]);      /* what type and range cannot say; NULL = nothing more */
};

struct table {
    const char *name;                   /* SQL and event name */
    const char *one;                    /* "venue", for sentences: "There is no venue ..." */
    const char *parent;                 /* table of the COL_PARENT column, NULL = none */
    const char *order;                  /* ORDER BY of lists, e.g. "name COLLATE NOCASE" (id is added) */
    const struct column *cols;          /* ended by { 0 } */
    bool synced;                        /* has the sync columns, version and pending_ops triggers */
    const char *doc;
};

const struct table *const *table_list(void);            /* parents first, NULL-terminated */
const struct table *table_find(const char *name);
void table_print_md(FILE *f);                           /* schema.md */

/* All rows are new references. `c` of the read functions may be any connection; of the write ones the writer's, inside db_write(). */
enum lm_err row_get(struct db_conn *c, const struct table *t, const char *id, json_t **row, struct problem *p);
struct row_query { const char *q; const char *cursor; int limit; /* 0 = 100, max 1000 */ };
/* {"items":[...],"next":...}; parent_id NULL = all. Keyset cursors, URL-safe, LM_BAD_REQUEST when not ours. */
enum lm_err row_page(struct db_conn *c, const struct table *t, const char *parent_id, const struct row_query *q, json_t **page, struct problem *p);
/* Every live row where `column` = `value` (NULL column: all rows), as a JSON array in the table's order. Hidden columns left out unless `hidden`. */
enum lm_err row_all(struct db_conn *c, const struct table *t, const char *column, const char *value, json_t **rows, struct problem *p);
/* The same rows one after the other, each freed behind the call unless it is kept (json_incref): a large venue need not be in memory twice. An error of `each`
 * ends it. `each` must not read the same table with the same connection. */
typedef enum lm_err row_each_fn(void *ctx, json_t *row, struct problem *p);
enum lm_err row_each(struct db_conn *c, const struct table *t, const char *column, const char *value, row_each_fn *each, void *ctx, struct problem *p);

enum lm_err row_create(struct db_conn *c, const struct table *t, const char *parent_id, const json_t *body, json_t **row, bool *created,
                       struct problem *p);
/* JSON merge patch; if_match < 0 = any. LM_STALE: *row is the current row. A patch that changes nothing leaves the version alone. */
enum lm_err row_patch(struct db_conn *c, const struct table *t, const char *id, const json_t *patch, int64_t if_match, json_t **row, struct problem *p);
/* *row is set for LM_STALE only. */
enum lm_err row_delete(struct db_conn *c, const struct table *t, const char *id, int64_t if_match, json_t **row, struct problem *p);
/* What lumad itself writes (read-only columns allowed, no required check): insert or update by id; undeletes. */
enum lm_err row_put(struct db_conn *c, const struct table *t, const char *id, const json_t *members, struct problem *p);
