#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/json.h"
#include "core/uuid.h"
#include "db/private.h"

/* Read-only members that may come back with a row and are passed over: who edits a row sends it whole. */
static bool is_kept_by_lumad(const struct column *col)
{
    return !strcmp(col->name, "id") || !strcmp(col->name, "created_at") || !strcmp(col->name, "updated_at") || !strcmp(col->name, "version");
}

static bool is_writable(const struct column *col)
{
    return !is_kept_by_lumad(col) && !(col->flags & COL_SYNC) && col->type != COL_BLOB;
}

static void pointer(char path[PROBLEM_PATH], const char *name)
{
    snprintf(path, PROBLEM_PATH, "/%s", name);
}

/* Every member must be one a client may send. */
static enum lm_err check_names(const struct table *t, const json_t *body, struct problem *p)
{
    const char *names[64];
    size_t n = 0;
    char path[PROBLEM_PATH];
    enum lm_err err;

    for (const struct column *c = t->cols; c->name && n < 63; c++)
        if (!(c->flags & (COL_SYNC | COL_HIDDEN)))
            names[n++] = c->name;
    names[n] = NULL;
    if ((err = json_only(body, names, p)) == LM_BAD_REQUEST)
        return err;
    for (const struct column *c = t->cols; c->name; c++)
        if ((c->flags & COL_READONLY) && !(c->flags & (COL_SYNC | COL_HIDDEN)) && !is_kept_by_lumad(c) && json_object_get(body, c->name)) {
            pointer(path, c->name);
            problem_add(p, path, "is kept by lumad and cannot be set");
            err = LM_INVALID;
        }
    return err;
}

/* One member -> `values`; what is wrong is added to the problem. `old` = the column's present value, for a merge patch; NULL = none. */
static enum lm_err take_member(struct db_conn *c, const struct column *col, const json_t *v, const json_t *old, json_t *values, struct problem *p)
{
    char path[PROBLEM_PATH], message[PROBLEM_MESSAGE];
    json_t *merged = NULL, *value;

    pointer(path, col->name);
    if (json_is_null(v)) {
        if (!(col->flags & COL_NULLABLE)) {
            problem_add(p, path, "must not be null");
            return LM_INVALID;
        }
        return json_object_set_new(values, col->name, json_null()) ? LM_NOMEM : LM_OK;
    }
    if (col->type == COL_JSON && json_is_object(v) && json_is_object(old)) {
        if (!(merged = json_merge_patch(old, v)))
            return problem_set(p, LM_NOMEM, "no memory for a row");
        v = merged;
    }
    value = value_check(c, col, v, message);
    json_decref(merged);
    if (!value) {
        problem_add(p, path, "%s", message);
        return LM_INVALID;
    }
    return json_object_set_new(values, col->name, value) ? problem_set(p, LM_NOMEM, "no memory for a row") : LM_OK;
}

/* What the members of a client's body come to, defaults included, in `values`. */
static enum lm_err take_body(struct db_conn *c, const struct table *t, const char *parent_id, const json_t *body, json_t *values, struct problem *p)
{
    char path[PROBLEM_PATH];
    enum lm_err err = check_names(t, body, p), one;

    if (err == LM_BAD_REQUEST)
        return err;
    for (const struct column *col = t->cols; col->name; col++) {
        json_t *v = json_object_get(body, col->name);
        if (!is_writable(col) || (col->flags & COL_READONLY))
            continue;
        pointer(path, col->name);
        one = LM_OK;
        if (col->flags & COL_PARENT) {
            if (v && (!json_is_string(v) || strcmp(json_string_value(v), parent_id)))
                problem_add(p, path, "is set by the path"), one = LM_INVALID;
            json_object_set_new(values, col->name, json_string(parent_id));
        } else if (v) {
            one = take_member(c, col, v, NULL, values, p);
        } else if (col->flags & COL_REQUIRED) {
            problem_add(p, path, "is required"), one = LM_INVALID;
        }
        err = err ? err : one;
    }
    return err;
}

/* The columns nobody gave. After the given ones, because a default may be another column's value. */
static enum lm_err fill_defaults(const struct table *t, json_t *values, bool read_only_too, struct problem *p)
{
    for (const struct column *col = t->cols; col->name; col++) {
        if (!is_writable(col) || json_object_get(values, col->name) || (!read_only_too && (col->flags & COL_READONLY)))
            continue;
        json_t *v = value_default(col, values);
        if (v && json_object_set_new(values, col->name, v))
            return problem_set(p, LM_NOMEM, "no memory for a row");
    }
    return LM_OK;
}

/* "UNIQUE constraint failed: fixture_groups.venue_id, fixture_groups.name": the last column named is the one a person chose. */
static enum lm_err write_failed(struct db_conn *c, int rc, const struct table *t, const json_t *values, struct problem *p)
{
    const char *message = sqlite3_errmsg(c->h), *dot = strrchr(message, '.');
    const struct column *col = (rc & 0xff) == SQLITE_CONSTRAINT && dot ? table_column(t, dot + 1) : NULL;
    char path[PROBLEM_PATH];

    if (rc == SQLITE_CONSTRAINT_NOTNULL && col) {
        pointer(path, col->name);
        problem_add(p, path, "is required");
        return LM_INVALID;
    }
    if (!col || (rc != SQLITE_CONSTRAINT_UNIQUE && rc != SQLITE_CONSTRAINT_PRIMARYKEY))
        return db_error(c, rc, p);
    char *value = json_text(json_object_get(values, col->name));
    problem_set(p, LM_CONFLICT, "There is already a %s with %s %.200s.", t->one, col->name, value ? value : "");
    pointer(path, col->name);
    problem_add(p, path, "%.200s is taken", value ? value : "it");
    free(value);
    return LM_CONFLICT;
}

static enum lm_err run(struct db_conn *c, struct str *sql, const struct table *t, const char *id, const json_t *values, struct problem *p)
{
    sqlite3_stmt *s = sql->failed ? NULL : db_prepare(c, sql->data);
    int i = 2, rc;
    enum lm_err err = LM_OK;

    str_clear(sql);
    if (!s)
        return problem_set(p, LM_INTERNAL, "the %s cannot be written", t->one);
    sqlite3_bind_text(s, 1, id, -1, SQLITE_STATIC);
    for (const struct column *col = t->cols; !err && col->name; col++)
        if (is_writable(col) && json_object_get(values, col->name))
            err = value_bind(s, i++, col, json_object_get(values, col->name));
    rc = err ? SQLITE_NOMEM : sqlite3_step(s);
    if (rc != SQLITE_DONE)
        err = write_failed(c, rc, t, values, p);
    sqlite3_reset(s);
    sqlite3_clear_bindings(s);          /* they point into `values` */
    return err;
}

static enum lm_err insert(struct db_conn *c, const struct table *t, const char *id, const json_t *values, struct problem *p)
{
    struct str sql = { 0 };
    int n = 1;

    str_addf(&sql, "INSERT INTO %s (id", t->name);
    for (const struct column *col = t->cols; col->name; col++)
        if (is_writable(col) && json_object_get(values, col->name))
            str_addf(&sql, ", %s", col->name), n++;
    str_add(&sql, ") VALUES (?1");
    for (int i = 2; i <= n; i++)
        str_addf(&sql, ", ?%d", i);
    str_add(&sql, ")");
    return run(c, &sql, t, id, values, p);
}

/* `values` holds only what changes: a trigger counts the columns named, not the values. */
static enum lm_err update(struct db_conn *c, const struct table *t, const char *id, const json_t *values, bool undelete, struct problem *p)
{
    struct str sql = { 0 };
    const char *sep = "";
    int i = 2;

    str_addf(&sql, "UPDATE %s SET ", t->name);
    for (const struct column *col = t->cols; col->name; col++)
        if (is_writable(col) && json_object_get(values, col->name))
            str_addf(&sql, "%s%s = ?%d", sep, col->name, i++), sep = ", ";
    if (undelete)
        str_addf(&sql, "%sdeleted_at = NULL", sep), sep = ", ";
    if (!*sep) {
        str_clear(&sql);
        return LM_OK;
    }
    str_add(&sql, " WHERE id = ?1");
    return run(c, &sql, t, id, values, p);
}

/* Leaves in `values` what differs from the row. */
static void keep_changes(const struct table *t, const json_t *row, json_t *values)
{
    for (const struct column *col = t->cols; col->name; col++) {
        const json_t *old = json_object_get(row, col->name), *now = json_object_get(values, col->name);
        if (!now)
            continue;
        if (col->type == COL_INSTANT && json_is_integer(now)) {
            json_t *text = json_instant(json_integer_value(now));
            bool same = value_same(old, text);
            json_decref(text);
            if (same)
                json_object_del(values, col->name);
        } else if (value_same(old, now)) {
            json_object_del(values, col->name);
        }
    }
}

static enum lm_err give_row(struct db_conn *c, const struct table *t, const char *id, json_t **row, struct problem *p)
{
    return row ? row_get(c, t, id, row, p) : LM_OK;
}

static enum lm_err check_parent(struct db_conn *c, const struct table *t, const char *parent_id, struct problem *p)
{
    json_t *parent;
    const struct table *of = t->parent ? table_find(t->parent) : NULL;

    if (!of)
        return LM_OK;
    if (!parent_id)
        return problem_set(p, LM_INTERNAL, "a %s needs a parent", t->one);
    enum lm_err err = row_read(c, of, parent_id, false, NULL, &parent, p);
    json_decref(parent);
    return err;
}

/* A row with this id is there already, live or not. */
static enum lm_err create_again(struct db_conn *c, const struct table *t, const char *parent_id, const char *id, const json_t *old, bool live,
                                json_t *values, bool *created, struct problem *p)
{
    const struct column *parent = table_parent_column(t);

    if (parent && strcmp(json_get_text(old, parent->name, ""), parent_id))
        return problem_set(p, LM_CONFLICT, "The id %s belongs to a %s of another %s.", id, t->one, table_find(t->parent)->one);
    if (live)
        return LM_OK;
    enum lm_err err = fill_defaults(t, values, false, p);
    if (err)
        return err;
    keep_changes(t, old, values);
    *created = true;
    return update(c, t, id, values, true, p);
}

enum lm_err row_create(struct db_conn *c, const struct table *t, const char *parent_id, const json_t *body, json_t **row, bool *created,
                       struct problem *p)
{
    json_t *values = NULL, *old = NULL, *given = json_object_get(body, "id");
    char id[UUID_SIZE];
    bool live, is_new = false;
    enum lm_err err;

    if (row)
        *row = NULL;
    if (!json_is_object(body))
        return problem_set(p, LM_BAD_REQUEST, "a JSON object is expected");
    if ((err = check_parent(c, t, parent_id, p)))
        return err;
    if (given && (!json_is_string(given) || !uuid_valid(json_string_value(given)))) {
        problem_add(p, "/id", "must be a UUID in lower case");
        return LM_INVALID;
    }
    if (given)
        str_copy(id, sizeof(id), json_string_value(given));
    else
        uuid_new(id);
    if (given && (err = row_read(c, t, id, true, &live, &old, p)) && err != LM_NOT_FOUND)
        return err;
    if (given)
        problem_clear(p);                       /* of the "not found" */
    if (!(values = json_object()))
        err = problem_set(p, LM_NOMEM, "no memory for a %s", t->one);
    else
        err = take_body(c, t, parent_id, body, values, p);
    if (!err && old) {
        err = create_again(c, t, parent_id, id, old, live, values, &is_new, p);
    } else if (!err) {
        is_new = true;
        if (!(err = fill_defaults(t, values, true, p)))
            err = insert(c, t, id, values, p);
    }
    if (!err)
        err = give_row(c, t, id, row, p);
    if (!err && created)
        *created = is_new;
    json_decref(values);
    json_decref(old);
    return err;
}

static enum lm_err check_match(const struct table *t, const json_t *old, int64_t if_match, struct problem *p)
{
    if (if_match < 0 || json_get_int(old, "version", 0) == if_match)
        return LM_OK;
    return problem_set(p, LM_STALE, "The %s was changed by someone else meanwhile.", t->one);
}

/* `old` without what a client does not see. */
static json_t *shown(const struct table *t, const json_t *old)
{
    json_t *row = json_copy((json_t *)old);

    for (const struct column *col = t->cols; row && col->name; col++)
        if (col->flags & COL_HIDDEN)
            json_object_del(row, col->name);
    return row;
}

static enum lm_err take_patch(struct db_conn *c, const struct table *t, const json_t *patch, const json_t *old, json_t *values, struct problem *p)
{
    char path[PROBLEM_PATH];
    enum lm_err err = check_names(t, patch, p), one;

    if (err == LM_BAD_REQUEST)
        return err;
    for (const struct column *col = t->cols; col->name; col++) {
        json_t *v = json_object_get(patch, col->name);
        if (!v || !is_writable(col) || (col->flags & (COL_READONLY | COL_HIDDEN)))
            continue;
        one = LM_OK;
        if (!(col->flags & COL_PARENT)) {
            one = take_member(c, col, v, json_object_get(old, col->name), values, p);
        } else if (!value_same(v, json_object_get(old, col->name))) {
            pointer(path, col->name);
            problem_add(p, path, "cannot be changed");
            one = LM_INVALID;
        }
        err = err ? err : one;
    }
    return err;
}

enum lm_err row_patch(struct db_conn *c, const struct table *t, const char *id, const json_t *patch, int64_t if_match, json_t **row, struct problem *p)
{
    json_t *old, *values = NULL;
    enum lm_err err;

    if (row)
        *row = NULL;
    if ((err = row_read(c, t, id, true, NULL, &old, p)))
        return err;
    if ((err = check_match(t, old, if_match, p))) {
        if (row)
            *row = shown(t, old);
    } else if (!json_is_object(patch)) {
        err = problem_set(p, LM_BAD_REQUEST, "a JSON object is expected");
    } else if (!(values = json_object())) {
        err = problem_set(p, LM_NOMEM, "no memory for a %s", t->one);
    } else if (!(err = take_patch(c, t, patch, old, values, p))) {
        keep_changes(t, old, values);
        if (!(err = update(c, t, id, values, false, p)))
            err = give_row(c, t, id, row, p);
    }
    json_decref(values);
    json_decref(old);
    return err;
}

enum lm_err row_delete(struct db_conn *c, const struct table *t, const char *id, int64_t if_match, json_t **row, struct problem *p)
{
    struct str sql = { 0 };
    json_t *old;
    enum lm_err err;

    if (row)
        *row = NULL;
    if ((err = row_read(c, t, id, true, NULL, &old, p)))
        return err;
    if ((err = check_match(t, old, if_match, p))) {
        if (row)
            *row = shown(t, old);
        json_decref(old);
        return err;
    }
    json_decref(old);
    if (t->synced)
        str_addf(&sql, "UPDATE %s SET deleted_at = ?2 WHERE id = ?1", t->name);
    else
        str_addf(&sql, "DELETE FROM %s WHERE id = ?1", t->name);
    sqlite3_stmt *s = sql.failed ? NULL : db_prepare(c, sql.data);
    str_clear(&sql);
    if (!s)
        return problem_set(p, LM_INTERNAL, "the %s cannot be deleted", t->one);
    sqlite3_bind_text(s, 1, id, -1, SQLITE_STATIC);
    if (t->synced)
        sqlite3_bind_int64(s, 2, clock_wall_ms());
    int rc = sqlite3_step(s);
    sqlite3_reset(s);
    return db_error(c, rc, p);
}

enum lm_err row_put(struct db_conn *c, const struct table *t, const char *id, const json_t *members, struct problem *p)
{
    json_t *old = NULL, *values = json_object(), *v;
    const char *name;
    bool live = true;
    enum lm_err err = row_read(c, t, id, true, &live, &old, p);

    if (err == LM_NOT_FOUND) {
        problem_clear(p);
        err = LM_OK;
    }
    if (!err && !values)
        err = problem_set(p, LM_NOMEM, "no memory for a %s", t->one);
    json_object_foreach((json_t *)members, name, v) {
        const struct column *col = table_column(t, name);
        if (err)
            break;
        if (!col || !is_writable(col))
            err = problem_set(p, LM_INTERNAL, "%s.%s cannot be put", t->name, name);
        else
            err = take_member(c, col, v, NULL, values, p);
    }
    if (!err && old) {
        keep_changes(t, old, values);
        err = update(c, t, id, values, !live, p);
    } else if (!err && !(err = fill_defaults(t, values, true, p))) {
        err = insert(c, t, id, values, p);
    }
    json_decref(values);
    json_decref(old);
    return err;
}
