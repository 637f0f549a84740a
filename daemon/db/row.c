#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "core/uuid.h"
#include "db/private.h"

void row_columns(struct str *sql, const struct table *t)
{
    const char *sep = "";

    for (const struct column *c = t->cols; c->name; c++, sep = ", ")
        str_addf(sql, "%s%s", sep, c->type == COL_BLOB ? "NULL" : c->name);    /* bytes are read by the domain's own statements */
}

static json_t *column_json(sqlite3_stmt *s, int i, const struct column *col)
{
    json_error_t e;
    json_t *v;

    if (sqlite3_column_type(s, i) == SQLITE_NULL)
        return json_null();
    switch (col->type) {
    case COL_INT:     return json_integer(sqlite3_column_int64(s, i));
    case COL_REAL:    return json_number(sqlite3_column_double(s, i));
    case COL_BOOL:    return json_boolean(sqlite3_column_int(s, i));
    case COL_INSTANT: return json_instant(sqlite3_column_int64(s, i));
    case COL_JSON:    /* what another program wrote may be no JSON; the row is shown all the same. No memory is another matter */
        v = json_loadb((const char *)sqlite3_column_text(s, i), (size_t)sqlite3_column_bytes(s, i), JSON_DECODE_ANY, &e);
        return v || json_error_code(&e) == json_error_out_of_memory || json_error_code(&e) == json_error_unknown ? v : json_null();
    default:          return json_text_or_null((const char *)sqlite3_column_text(s, i));
    }
}

json_t *row_json(sqlite3_stmt *s, const struct table *t, bool hidden)
{
    json_t *row = json_object();
    int i = 0;

    for (const struct column *c = t->cols; row && c->name; c++, i++) {
        if (c->type == COL_BLOB || (c->flags & COL_SYNC) || (!hidden && (c->flags & COL_HIDDEN)))
            continue;
        if (json_object_set_new_nocheck(row, c->name, column_json(s, i, c))) {
            json_decref(row);
            row = NULL;
        }
    }
    return row;
}

enum lm_err row_not_found(const struct table *t, const char *id, struct problem *p)
{
    return problem_set(p, LM_NOT_FOUND, "There is no %s %.64s.", t->one, id);
}

static sqlite3_stmt *prepare(struct db_conn *c, struct str *sql)
{
    sqlite3_stmt *s = sql->failed ? NULL : db_prepare(c, sql->data);

    str_clear(sql);
    return s;
}

enum lm_err row_read(struct db_conn *c, const struct table *t, const char *id, bool hidden, bool *live, json_t **row, struct problem *p)
{
    struct str sql = { 0 };
    enum lm_err err = LM_OK;

    *row = NULL;
    str_add(&sql, "SELECT ");
    row_columns(&sql, t);
    str_addf(&sql, ", %s FROM %s WHERE id = ?1%s", t->synced ? "deleted_at IS NULL" : "1", t->name,
             t->synced && !live ? " AND deleted_at IS NULL" : "");
    sqlite3_stmt *s = prepare(c, &sql);
    if (!s)
        return problem_set(p, LM_INTERNAL, "%s cannot be read", t->name);
    sqlite3_bind_text(s, 1, id, -1, SQLITE_STATIC);
    int rc = sqlite3_step(s);
    if (rc == SQLITE_ROW) {
        if (live)
            *live = sqlite3_column_int(s, sqlite3_column_count(s) - 1);
        if (!(*row = row_json(s, t, hidden)))
            err = problem_set(p, LM_NOMEM, "no memory for a %s", t->one);
    } else {
        err = rc == SQLITE_DONE ? row_not_found(t, id, p) : db_error(c, rc, p);
    }
    sqlite3_reset(s);
    return err;
}

enum lm_err row_get(struct db_conn *c, const struct table *t, const char *id, json_t **row, struct problem *p)
{
    return row_read(c, t, id, false, NULL, row, p);
}

enum lm_err row_each(struct db_conn *c, const struct table *t, const char *column, const char *value, row_each_fn *each, void *ctx, struct problem *p)
{
    struct str sql = { 0 };
    enum lm_err err = LM_OK;

    if (column && !table_column(t, column))
        return problem_set(p, LM_INTERNAL, "%s has no column %s", t->name, column);
    str_add(&sql, "SELECT ");
    row_columns(&sql, t);
    str_addf(&sql, " FROM %s WHERE %s", t->name, t->synced ? "deleted_at IS NULL" : "1");
    if (column)
        str_addf(&sql, " AND %s = ?1", column);
    str_addf(&sql, " ORDER BY %s, id%s", t->order, strstr(t->order, " DESC") ? " DESC" : "");
    sqlite3_stmt *s = prepare(c, &sql);
    if (!s)
        return problem_set(p, LM_INTERNAL, "%s cannot be read", t->name);
    if (column)
        sqlite3_bind_text(s, 1, value, -1, SQLITE_STATIC);
    int rc;
    while (!err && (rc = sqlite3_step(s)) != SQLITE_DONE) {
        json_t *row = rc == SQLITE_ROW ? row_json(s, t, false) : NULL;
        if (rc != SQLITE_ROW)
            err = db_error(c, rc, p);
        else
            err = row ? each(ctx, row, p) : problem_set(p, LM_NOMEM, "no memory for %s", t->name);
        json_decref(row);
    }
    sqlite3_reset(s);
    return err;
}

static enum lm_err append(void *ctx, json_t *row, struct problem *p)
{
    return json_array_append(ctx, row) ? problem_set(p, LM_NOMEM, "no memory for rows") : LM_OK;
}

enum lm_err row_all(struct db_conn *c, const struct table *t, const char *column, const char *value, json_t **rows, struct problem *p)
{
    json_t *list = json_array();
    enum lm_err err = list ? row_each(c, t, column, value, append, list, p) : problem_set(p, LM_NOMEM, "no memory for %s", t->name);

    *rows = NULL;
    if (err)
        json_decref(list);
    else
        *rows = list;
    return err;
}

enum lm_err problem_merge(struct problem *to, const char *prefix, const struct problem *p)
{
    char path[PROBLEM_PATH];

    for (size_t i = 0; i < p->n; i++) {
        if (snprintf(path, sizeof(path), "%s%s", prefix, p->errors[i].path) >= (int)sizeof(path))
            str_copy(path, sizeof(path), prefix);
        problem_add(to, path, "%s", p->errors[i].message);
    }
    if (!p->n)
        problem_add(to, prefix, "%s", p->detail);
    return p->err;
}
