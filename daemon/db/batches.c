/* Batches of work and their items. */
#include "db/batches.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "db/private.h"

enum { LIMIT_DEFAULT = 100, LIMIT_MAX = 1000, STARTS_MAX = 2 };

const char *const batch_item_states[ITEM_STATES + 1] = { "queued", "importing", "analysing", "done", "duplicate", "failed", "cancelled", NULL };

static void bind_text(sqlite3_stmt *s, int at, const char *text)
{
    if (text && *text)
        sqlite3_bind_text(s, at, text, -1, SQLITE_TRANSIENT);
    else
        sqlite3_bind_null(s, at);
}

static enum lm_err bind_json(sqlite3_stmt *s, int at, const json_t *v, struct problem *p)
{
    char *text = json_text(v);

    if (!text)
        return problem_set(p, LM_NOMEM, "no memory for a batch");
    sqlite3_bind_text(s, at, text, -1, SQLITE_TRANSIENT);
    free(text);
    return LM_OK;
}

static const char *column_text(sqlite3_stmt *s, int at)
{
    const char *text = (const char *)sqlite3_column_text(s, at);

    return text ? text : "";
}

static sqlite3_stmt *prepare(struct db_conn *c, const char *sql, struct problem *p)
{
    sqlite3_stmt *s = db_prepare(c, sql);

    if (!s)
        problem_set(p, LM_INTERNAL, "the batches cannot be read");
    return s;
}

/* Runs a statement that gives no rows. */
static enum lm_err run(struct db_conn *c, sqlite3_stmt *s, struct problem *p)
{
    int rc = sqlite3_step(s);

    sqlite3_reset(s);
    return rc == SQLITE_DONE || rc == SQLITE_ROW ? LM_OK : db_error(c, rc, p);
}

static enum lm_err run_for(struct db_conn *c, const char *sql, const char *id, struct problem *p)
{
    sqlite3_stmt *s = prepare(c, sql, p);

    if (!s)
        return LM_INTERNAL;
    sqlite3_bind_text(s, 1, id, -1, SQLITE_STATIC);
    return run(c, s, p);
}

static json_t *json_column(sqlite3_stmt *s, int at)
{
    json_t *v = json_loads(column_text(s, at), 0, NULL);

    return v ? v : json_object();
}

/* --- writing --- */

/* What an item is called: as its maker says, else as its file. */
static const char *name_of(const json_t *item)
{
    const char *name = json_get_text(item, "name", ""), *path = json_get_text(item, "path", ""), *slash = strrchr(path, '/');

    return *name ? name : slash ? slash + 1 : path;
}

static enum lm_err insert_item(struct db_conn *c, const char *batch_id, size_t position, const json_t *item, struct problem *p)
{
    sqlite3_stmt *s = prepare(c, "INSERT INTO batch_items (id, batch_id, position, path, name, track_id, params) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)", p);
    const json_t *params = json_object_get(item, "params");
    char id[UUID_SIZE];
    enum lm_err err;

    if (!s)
        return LM_INTERNAL;
    uuid_new(id);
    sqlite3_bind_text(s, 1, id, -1, SQLITE_TRANSIENT);
    sqlite3_bind_text(s, 2, batch_id, -1, SQLITE_STATIC);
    sqlite3_bind_int64(s, 3, (int64_t)position);
    bind_text(s, 4, json_get_text(item, "path", ""));
    sqlite3_bind_text(s, 5, name_of(item), -1, SQLITE_TRANSIENT);
    bind_text(s, 6, json_get_text(item, "track_id", ""));
    if (!params)
        sqlite3_bind_text(s, 7, "{}", -1, SQLITE_STATIC);
    else if ((err = bind_json(s, 7, params, p)))
        return err;
    return run(c, s, p);
}

enum lm_err batch_row_insert(struct db_conn *c, const char *id, const char *kind, const char *name, const json_t *params, int64_t created_at, const json_t *items, struct problem *p)
{
    sqlite3_stmt *s = prepare(c, "INSERT INTO batches (id, kind, name, params, created_at) VALUES (?1, ?2, ?3, ?4, ?5)", p);
    json_t *item;
    size_t i;
    enum lm_err err;

    if (!s)
        return LM_INTERNAL;
    sqlite3_bind_text(s, 1, id, -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 2, kind, -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 3, name, -1, SQLITE_STATIC);
    sqlite3_bind_int64(s, 5, created_at);
    if ((err = bind_json(s, 4, params, p)) || (err = run(c, s, p)))
        return err;
    json_array_foreach((json_t *)items, i, item) {
        if ((err = insert_item(c, id, i, item, p)))
            return err;
    }
    return LM_OK;
}

enum lm_err batch_row_set_state(struct db_conn *c, const char *id, const char *state, int64_t finished_at, struct problem *p)
{
    sqlite3_stmt *s = prepare(c, "UPDATE batches SET state = ?2, finished_at = ?3 WHERE id = ?1", p);

    if (!s)
        return LM_INTERNAL;
    sqlite3_bind_text(s, 1, id, -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 2, state, -1, SQLITE_STATIC);
    if (finished_at)
        sqlite3_bind_int64(s, 3, finished_at);
    else
        sqlite3_bind_null(s, 3);
    return run(c, s, p);
}

static enum lm_err not_found(const char *id, struct problem *p)
{
    return problem_set(p, LM_NOT_FOUND, "There is no batch with the id %.64s.", id);
}

enum lm_err batch_row_delete(struct db_conn *c, const char *id, struct problem *p)
{
    enum lm_err err = run_for(c, "DELETE FROM batch_items WHERE batch_id = ?1", id, p);

    if (err || (err = run_for(c, "DELETE FROM batches WHERE id = ?1", id, p)))
        return err;
    return sqlite3_changes(c->h) ? LM_OK : not_found(id, p);
}

enum lm_err batch_item_put(struct db_conn *c, const struct batch_item *i, struct problem *p)
{
    sqlite3_stmt *s = prepare(c, "UPDATE batch_items SET track_id = ?2, state = ?3, is_duplicate = ?4, pass = ?5, starts = ?6, error = ?7,"
                                 " name = iif(name = '', coalesce((SELECT title FROM tracks WHERE id = ?2), ''), name) WHERE id = ?1", p);

    if (!s)
        return LM_INTERNAL;
    sqlite3_bind_text(s, 1, i->id, -1, SQLITE_STATIC);
    bind_text(s, 2, i->track_id);
    sqlite3_bind_text(s, 3, batch_item_states[i->state], -1, SQLITE_STATIC);
    sqlite3_bind_int(s, 4, i->is_duplicate);
    sqlite3_bind_int(s, 5, i->pass);
    sqlite3_bind_int(s, 6, i->starts);
    bind_text(s, 7, i->error);
    return run(c, s, p);
}

enum lm_err batch_items_cancel(struct db_conn *c, const char *batch_id, struct problem *p)
{
    return run_for(c, "UPDATE batch_items SET state = 'cancelled', error = NULL WHERE batch_id = ?1 AND state IN ('queued', 'importing', 'analysing')", batch_id, p);
}

enum lm_err batch_items_requeue(struct db_conn *c, const char *batch_id, int64_t *n, struct problem *p)
{
    /* One whose import went well has its track: only the analysis is asked for again. */
    enum lm_err err = run_for(c, "UPDATE batch_items SET state = iif(track_id IS NULL, 'queued', 'analysing'), pass = 0, starts = 0, error = NULL"
                                 " WHERE batch_id = ?1 AND state IN ('failed', 'cancelled')", batch_id, p);

    *n = err ? 0 : sqlite3_changes(c->h);
    return err;
}

enum lm_err batch_items_resume(struct db_conn *c, struct problem *p)
{
    static const char *const sql[] = {
        "UPDATE batch_items SET state = 'failed', error = 'lumad went down twice while this was imported' WHERE state = 'importing' AND starts >= ?1",
        "UPDATE batch_items SET state = 'queued' WHERE state = 'importing'",
        "UPDATE batch_items SET pass = pass - 1 WHERE state = 'analysing' AND pass IN (1, 3)",
    };
    enum lm_err err = LM_OK;

    for (size_t i = 0; i < sizeof(sql) / sizeof(sql[0]) && !err; i++) {
        sqlite3_stmt *s = prepare(c, sql[i], p);
        if (!s)
            return LM_INTERNAL;
        if (!i)
            sqlite3_bind_int(s, 1, STARTS_MAX);
        err = run(c, s, p);
    }
    return err;
}

enum lm_err jobs_forget(struct db_conn *c, int keep, struct problem *p)
{
    /* A failure is what an operator looks for, until the same was tried again. */
    sqlite3_stmt *s = prepare(c, "DELETE FROM jobs WHERE created_at < (SELECT created_at FROM jobs ORDER BY created_at DESC, id DESC LIMIT 1 OFFSET ?1)"
                                 " AND (state IN ('done', 'cancelled') OR (state = 'failed' AND EXISTS (SELECT 1 FROM jobs later WHERE later.track_id = jobs.track_id"
                                 " AND later.kind = jobs.kind AND later.created_at > jobs.created_at)))", p);

    if (!s)
        return LM_INTERNAL;
    sqlite3_bind_int(s, 1, keep);
    return run(c, s, p);
}

/* --- reading --- */

enum lm_err batch_row_tally(struct db_conn *c, const char *id, struct batch_tally *t, struct problem *p)
{
    sqlite3_stmt *s = prepare(c, "SELECT state, pass, count(*) FROM batch_items WHERE batch_id = ?1 GROUP BY state, pass", p);
    int rc;

    memset(t, 0, sizeof(*t));
    if (!s)
        return LM_INTERNAL;
    sqlite3_bind_text(s, 1, id, -1, SQLITE_STATIC);
    while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
        int pass = sqlite3_column_int(s, 1);
        int64_t n = sqlite3_column_int64(s, 2);
        for (int k = 0; k < ITEM_STATES; k++)
            if (!strcmp(batch_item_states[k], column_text(s, 0))) {
                t->state[k] += n;
                if (k == ITEM_ANALYSING && pass >= 0 && pass < PASSES)
                    t->pass[pass] += n;
            }
    }
    sqlite3_reset(s);
    return rc == SQLITE_DONE ? LM_OK : db_error(c, rc, p);
}

bool batch_has_items(struct db_conn *c, const char *batch_id, enum batch_item_state state, enum batch_pass first, enum batch_pass last)
{
    sqlite3_stmt *s = db_prepare(c, "SELECT 1 FROM batch_items WHERE batch_id = ?1 AND state = ?2 AND pass BETWEEN ?3 AND ?4 LIMIT 1");

    if (!s)
        return true;
    sqlite3_bind_text(s, 1, batch_id, -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 2, batch_item_states[state], -1, SQLITE_STATIC);
    sqlite3_bind_int(s, 3, first);
    sqlite3_bind_int(s, 4, last);
    bool has = sqlite3_step(s) != SQLITE_DONE;
    sqlite3_reset(s);
    return has;
}

#define BATCH_COLUMNS "id, kind, name, state, created_at, finished_at"

/* The row the statement stands at; the statement is not read any more when it returns. */
static json_t *batch_json(sqlite3_stmt *s)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o}", "id", column_text(s, 0), "kind", column_text(s, 1), "name", column_text(s, 2), "state", column_text(s, 3),
                     "created_at", json_instant(sqlite3_column_int64(s, 4)), "finished_at", json_instant(sqlite3_column_int64(s, 5)));
}

static enum lm_err add_counts(struct db_conn *c, json_t *row, struct problem *p)
{
    struct batch_tally t;
    int64_t total = 0;
    enum lm_err err = batch_row_tally(c, json_get_text(row, "id", ""), &t, p);

    for (int i = 0; i < ITEM_STATES; i++)
        total += t.state[i];
    json_t *counts = json_pack("{s:I, s:I, s:I, s:I, s:I}", "total", (json_int_t)total, "done", (json_int_t)t.state[ITEM_DONE], "duplicates",
                               (json_int_t)t.state[ITEM_DUPLICATE], "failed", (json_int_t)t.state[ITEM_FAILED], "cancelled", (json_int_t)t.state[ITEM_CANCELLED]);
    if (!err && (!counts || json_object_update(row, counts)))
        err = problem_set(p, LM_NOMEM, "no memory for a batch");
    json_decref(counts);
    return err;
}

enum lm_err batch_row_json(struct db_conn *c, const char *id, json_t **row, struct problem *p)
{
    sqlite3_stmt *s = prepare(c, "SELECT " BATCH_COLUMNS " FROM batches WHERE id = ?1", p);
    enum lm_err err = LM_OK;

    *row = NULL;
    if (!s)
        return LM_INTERNAL;
    sqlite3_bind_text(s, 1, id, -1, SQLITE_STATIC);
    int rc = sqlite3_step(s);
    if (rc == SQLITE_ROW)
        err = (*row = batch_json(s)) ? LM_OK : problem_set(p, LM_NOMEM, "no memory for a batch");
    else
        err = rc == SQLITE_DONE ? not_found(id, p) : db_error(c, rc, p);
    sqlite3_reset(s);
    if (!err && (err = add_counts(c, *row, p))) {
        json_decref(*row);
        *row = NULL;
    }
    return err;
}

enum lm_err batch_row_page(struct db_conn *c, int limit, json_t **rows, struct problem *p)
{
    sqlite3_stmt *s = prepare(c, "SELECT " BATCH_COLUMNS " FROM batches ORDER BY created_at DESC, id DESC LIMIT ?1", p);
    json_t *list = json_array(), *row;
    size_t i;
    int rc;
    enum lm_err err;

    if (!s || !list) {
        json_decref(list);
        return s ? problem_set(p, LM_NOMEM, "no memory for a list") : LM_INTERNAL;
    }
    sqlite3_bind_int(s, 1, limit > 0 && limit <= LIMIT_MAX ? limit : LIMIT_DEFAULT);
    while ((rc = sqlite3_step(s)) == SQLITE_ROW)
        json_array_append_new(list, batch_json(s));
    sqlite3_reset(s);
    err = rc == SQLITE_DONE ? LM_OK : db_error(c, rc, p);
    json_array_foreach(list, i, row) {
        if (!err)
            err = add_counts(c, row, p);
    }
    if (err)
        json_decref(list);
    else
        *rows = list;
    return err;
}

enum lm_err batch_row_read(struct db_conn *c, const char *id, struct batch_row *row, struct problem *p)
{
    sqlite3_stmt *s = prepare(c, "SELECT state, created_at, params FROM batches WHERE id = ?1", p);
    enum lm_err err = LM_OK;

    memset(row, 0, sizeof(*row));
    if (!s)
        return LM_INTERNAL;
    sqlite3_bind_text(s, 1, id, -1, SQLITE_STATIC);
    int rc = sqlite3_step(s);
    if (rc == SQLITE_ROW) {
        str_copy(row->id, sizeof(row->id), id);
        str_copy(row->state, sizeof(row->state), column_text(s, 0));
        row->created_at = sqlite3_column_int64(s, 1);
        row->params = json_column(s, 2);
    } else {
        err = rc == SQLITE_DONE ? not_found(id, p) : db_error(c, rc, p);
    }
    sqlite3_reset(s);
    return err;
}

void batch_row_clear(struct batch_row *row)
{
    json_decref(row->params);
    row->params = NULL;
}

enum lm_err batch_rows_running(struct db_conn *c, char (**ids)[UUID_SIZE], size_t *n, struct problem *p)
{
    sqlite3_stmt *s = prepare(c, "SELECT id FROM batches WHERE state = 'running' ORDER BY created_at, id", p);
    char (*list)[UUID_SIZE] = NULL, (*more)[UUID_SIZE];
    size_t cap = 0;
    int rc;

    *ids = NULL;
    *n = 0;
    if (!s)
        return LM_INTERNAL;
    while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
        if (*n == cap) {
            cap = cap ? 2 * cap : 8;
            if (!(more = realloc(list, cap * sizeof(*list))))
                break;
            list = more;
        }
        str_copy(list[(*n)++], UUID_SIZE, column_text(s, 0));
    }
    sqlite3_reset(s);
    if (rc != SQLITE_DONE) {
        free(list);
        *n = 0;
        return rc == SQLITE_ROW ? problem_set(p, LM_NOMEM, "no memory for a list") : db_error(c, rc, p);
    }
    *ids = list;
    return LM_OK;
}

enum lm_err batch_items_json(struct db_conn *c, const char *batch_id, const char *state, int limit, int64_t after, json_t **items, int64_t *next, struct problem *p)
{
    sqlite3_stmt *s = prepare(c, state ? "SELECT id, position, path, name, track_id, state, error FROM batch_items"
                                         " WHERE batch_id = ?1 AND position > ?2 AND state = ?4 ORDER BY position LIMIT ?3"
                                       : "SELECT id, position, path, name, track_id, state, error FROM batch_items"
                                         " WHERE batch_id = ?1 AND position > ?2 ORDER BY position LIMIT ?3", p);
    json_t *list = json_array();
    int rc;

    if (!s || !list) {
        json_decref(list);
        return s ? problem_set(p, LM_NOMEM, "no memory for a list") : LM_INTERNAL;
    }
    limit = limit > 0 && limit <= LIMIT_MAX ? limit : LIMIT_DEFAULT;
    *next = -1;
    sqlite3_bind_text(s, 1, batch_id, -1, SQLITE_STATIC);
    sqlite3_bind_int64(s, 2, after);
    sqlite3_bind_int(s, 3, limit + 1);
    if (state)
        sqlite3_bind_text(s, 4, state, -1, SQLITE_STATIC);
    while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
        if (json_array_size(list) == (size_t)limit) {
            *next = after;
            continue;
        }
        after = sqlite3_column_int64(s, 1);
        json_array_append_new(list, json_pack("{s:s, s:s, s:I, s:s?, s:s, s:s?, s:s, s:s?}", "id", column_text(s, 0), "batch_id", batch_id,
                                              "position", (json_int_t)after, "path", sqlite3_column_text(s, 2), "name", column_text(s, 3),
                                              "track_id", sqlite3_column_text(s, 4), "state", column_text(s, 5), "error", sqlite3_column_text(s, 6)));
    }
    sqlite3_reset(s);
    if (rc != SQLITE_DONE) {
        json_decref(list);
        return db_error(c, rc, p);
    }
    *items = list;
    return LM_OK;
}

enum lm_err batch_items_take(struct db_conn *c, const char *batch_id, enum batch_item_state state, enum batch_pass pass, struct batch_item *items, size_t max, size_t *n,
                             struct problem *p)
{
    sqlite3_stmt *s = prepare(c, "SELECT id, track_id, is_duplicate, starts, path, error, params FROM batch_items"
                                 " WHERE batch_id = ?1 AND state = ?2 AND pass = ?3 ORDER BY position LIMIT ?4", p);
    int rc = SQLITE_DONE;

    *n = 0;
    if (!s)
        return LM_INTERNAL;
    sqlite3_bind_text(s, 1, batch_id, -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 2, batch_item_states[state], -1, SQLITE_STATIC);
    sqlite3_bind_int(s, 3, pass);
    sqlite3_bind_int64(s, 4, (int64_t)max);
    while (*n < max && (rc = sqlite3_step(s)) == SQLITE_ROW) {
        const char *path = (const char *)sqlite3_column_text(s, 4), *error = (const char *)sqlite3_column_text(s, 5);
        struct batch_item *i = &items[(*n)++];
        *i = (struct batch_item){ .state = state, .pass = pass, .is_duplicate = sqlite3_column_int(s, 2), .starts = sqlite3_column_int(s, 3) };
        str_copy(i->id, sizeof(i->id), column_text(s, 0));
        str_copy(i->batch_id, sizeof(i->batch_id), batch_id);
        str_copy(i->track_id, sizeof(i->track_id), column_text(s, 1));
        i->path = path ? strdup(path) : NULL;
        i->error = error ? strdup(error) : NULL;
        i->params = json_column(s, 6);
        if ((path && !i->path) || (error && !i->error) || !i->params)
            rc = SQLITE_NOMEM;
        if (rc == SQLITE_NOMEM)
            break;
    }
    sqlite3_reset(s);
    if (rc == SQLITE_DONE || rc == SQLITE_ROW)
        return LM_OK;
    while (*n)
        batch_item_clear(&items[--*n]);
    return db_error(c, rc, p);
}

void batch_item_clear(struct batch_item *i)
{
    free(i->path);
    free(i->error);
    json_decref(i->params);
    memset(i, 0, sizeof(*i));
}

bool batch_track_is_older(struct db_conn *c, const struct batch_item *i, const char *track_id)
{
    sqlite3_stmt *s = db_prepare(c, "SELECT 1 FROM batch_items WHERE batch_id = ?1 AND track_id = ?2 AND id <> ?3"
                                    " UNION ALL SELECT 1 FROM tracks t, batches b WHERE b.id = ?1 AND t.id = ?2 AND t.created_at < b.created_at LIMIT 1");

    if (!s)
        return true;
    sqlite3_bind_text(s, 1, i->batch_id, -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 2, track_id, -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 3, i->id, -1, SQLITE_STATIC);
    bool is_older = sqlite3_step(s) == SQLITE_ROW;
    sqlite3_reset(s);
    return is_older;
}
