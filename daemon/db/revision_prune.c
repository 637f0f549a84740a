/*
 * Old revisions are thinned: beyond the newest `revisions_keep` of an owner, of each hour the last one stays. One that goes hands what it
 * changed to the one that follows it, so every other one still holds what it held.
 */
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/json.h"
#include "db/domain.h"
#include "db/revision_private.h"

enum { EVERY = 32, AT_ONCE = 2 * EVERY, KEEP_DEFAULT = 2000 };

static int64_t kept(struct db_conn *c)
{
    json_t *value = NULL;
    int64_t n = settings_get_one(c, "revisions_keep", &value) || !json_is_integer(value) ? KEEP_DEFAULT : json_integer_value(value);

    json_decref(value);
    return n;
}

static enum lm_err failed(struct problem *p)
{
    return problem_set(p, LM_INTERNAL, "the history cannot be thinned");
}

static char *text_of(sqlite3_stmt *s, int i, char out[UUID_SIZE])
{
    const char *text = (const char *)sqlite3_column_text(s, i);

    str_copy(out, UUID_SIZE, text ? text : "");
    return out;
}

/* Where branches stand, which stays: {id: true}. */
static enum lm_err read_places(struct db_conn *c, const struct revision_kind *k, const char *owner, json_t *places, struct problem *p)
{
    sqlite3_stmt *s = revision_sql(c, "SELECT revision_id, tip_id FROM %s WHERE %s = ?1 AND deleted_at IS NULL", k->branches->name, k->owner);
    char id[UUID_SIZE];
    int rc = SQLITE_ERROR;

    if (!s)
        return failed(p);
    sqlite3_bind_text(s, 1, owner, -1, SQLITE_STATIC);
    while ((rc = sqlite3_step(s)) == SQLITE_ROW)
        for (int i = 0; i < 2; i++)
            json_object_set_new(places, text_of(s, i, id), json_true());
    sqlite3_reset(s);
    return rc == SQLITE_DONE ? LM_OK : db_error(c, rc, p);
}

/*
 * One pass over the index. `old` gets {id, hour} of those that may go, oldest first; `after` {id: the one that follows it, or null when several do}.
 */
static enum lm_err read_all(struct db_conn *c, const struct revision_kind *k, const char *owner, int64_t below, json_t *old, json_t *after, struct problem *p)
{
    sqlite3_stmt *s = revision_sql(c, "SELECT id, previous_id, number, created_at / 3600000, name IS NOT NULL FROM %s WHERE %s = ?1 AND deleted_at IS NULL "
                                   "ORDER BY number", k->revisions->name, k->owner);
    char id[UUID_SIZE], previous[UUID_SIZE];
    int rc = SQLITE_ERROR;

    if (!s)
        return failed(p);
    sqlite3_bind_text(s, 1, owner, -1, SQLITE_STATIC);
    while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
        bool is_first = !json_object_get(after, text_of(s, 1, previous));
        text_of(s, 0, id);
        if (*previous)
            json_object_set_new(after, previous, is_first ? json_string(id) : json_null());
        if (sqlite3_column_int64(s, 2) <= below)
            json_array_append_new(old, json_pack("{s:s,s:I,s:b}", "id", id, "hour", (json_int_t)sqlite3_column_int64(s, 3), "named", sqlite3_column_int(s, 4)));
    }
    sqlite3_reset(s);
    return rc == SQLITE_DONE ? LM_OK : db_error(c, rc, p);
}

/* The data of `after` once `old`, before it, is gone. */
static json_t *joined_data(const json_t *old, const json_t *after)
{
    const json_t *a = json_object_get(old, "data"), *b = json_object_get(after, "data");
    const json_t *all = json_object_get(a, "all"), *then = json_object_get(b, "changes");
    json_t *data = json_object(), *changes = NULL, *state = NULL, *row;
    bool failed = false;
    size_t i;

    if (json_object_get(a, "changes") && then) {
        failed |= !(changes = changes_join(json_object_get(a, "changes"), then)) || json_object_set_new(data, "changes", changes);
    }
    if (json_object_get(b, "all")) {
        failed |= json_object_set(data, "all", json_object_get(b, "all"));
    } else if (all) {
        failed |= !(state = json_object());
        json_array_foreach((json_t *)all, i, row) {
            failed |= json_object_set(state, json_get_text(row, "id", ""), row);
        }
        failed |= !changes_apply(state, then, false) || json_object_set_new(data, "all", state_rows(state));
        json_decref(state);
    }
    if (!failed)
        return data;
    json_decref(data);
    return NULL;
}

static enum lm_err read_data(struct db_conn *c, const struct revision_kind *k, const char *id, char previous[UUID_SIZE], json_t **row, struct problem *p)
{
    sqlite3_stmt *s = revision_sql(c, "SELECT previous_id, %s FROM %s WHERE id = ?1", k->owners == &scores_table ? k->content : "NULL", k->revisions->name);
    enum lm_err err = LM_OK;

    *row = NULL;
    if (!s)
        return failed(p);
    sqlite3_bind_text(s, 1, id, -1, SQLITE_STATIC);
    if (sqlite3_step(s) != SQLITE_ROW)
        err = failed(p);
    else if (text_of(s, 0, previous), sqlite3_column_type(s, 1) != SQLITE_NULL)
        *row = json_pack("{s:o}", "data", json_loadb((const char *)sqlite3_column_text(s, 1), (size_t)sqlite3_column_bytes(s, 1), 0, NULL));
    sqlite3_reset(s);
    return err;
}

static enum lm_err done(struct db_conn *c, sqlite3_stmt *s, struct problem *p)
{
    int rc = sqlite3_step(s);

    sqlite3_reset(s);
    sqlite3_clear_bindings(s);
    return rc == SQLITE_DONE ? LM_OK : db_error(c, rc, p);
}

/* `after` follows what `id` followed; of a score it holds what both changed. */
static enum lm_err link_after(struct db_conn *c, const struct revision_kind *k, const char *id, const char *after, struct problem *p)
{
    char previous[UUID_SIZE], unused[UUID_SIZE], *text = NULL;
    json_t *old = NULL, *then = NULL, *data = NULL;
    sqlite3_stmt *s;
    enum lm_err err = read_data(c, k, id, previous, &old, p);

    if (!err && old && !(err = read_data(c, k, after, unused, &then, p)) && (!(data = joined_data(old, then)) || !(text = json_text(data))))
        err = problem_set(p, LM_NOMEM, "no memory for a revision");
    if (!err) {
        s = text ? revision_sql(c, "UPDATE %s SET previous_id = ?2, depth = iif(?4, 0, depth), %s = ?3 WHERE id = ?1", k->revisions->name, k->content)
                 : revision_sql(c, "UPDATE %s SET previous_id = ?2 WHERE id = ?1", k->revisions->name);
        if (!s) {
            err = failed(p);
        } else {
            sqlite3_bind_text(s, 1, after, -1, SQLITE_STATIC);
            if (*previous)
                sqlite3_bind_text(s, 2, previous, -1, SQLITE_STATIC);
            if (text) {
                sqlite3_bind_text(s, 3, text, -1, SQLITE_STATIC);
                sqlite3_bind_int(s, 4, json_object_get(data, "all") != NULL);
            }
            err = done(c, s, p);
        }
    }
    free(text);
    json_decref(old);
    json_decref(then);
    json_decref(data);
    return err;
}

static enum lm_err drop(struct db_conn *c, const struct revision_kind *k, const char *id, const char *after, struct problem *p)
{
    enum lm_err err = link_after(c, k, id, after, p);
    sqlite3_stmt *s = err ? NULL : revision_sql(c, "UPDATE %s SET %s = '{}', deleted_at = ?2 WHERE id = ?1", k->revisions->name, k->content);

    if (err)
        return err;
    if (!s)
        return failed(p);
    sqlite3_bind_text(s, 1, id, -1, SQLITE_STATIC);
    sqlite3_bind_int64(s, 2, clock_wall_ms());
    return done(c, s, p);
}

/* Named ones stay, the last of each hour, those a branch stands at, and those that several follow, or none. */
static enum lm_err drop_some(struct db_conn *c, const struct revision_kind *k, const json_t *old, json_t *after, const json_t *places, struct problem *p)
{
    enum lm_err err = LM_OK;
    int dropped = 0;

    for (size_t i = 0; !err && i + 1 < json_array_size(old) && dropped < AT_ONCE; i++) {
        const json_t *row = json_array_get(old, i);
        const char *id = json_get_text(row, "id", ""), *next = json_string_value(json_object_get(after, id));
        bool is_last = json_get_int(row, "hour", 0) != json_get_int(json_array_get(old, i + 1), "hour", 0);
        if (is_last || !next || json_get_bool(row, "named", false) || json_object_get(places, id))
            continue;
        err = drop(c, k, id, next, p);
        dropped++;
    }
    return err;
}

enum lm_err revision_prune(struct db_conn *c, enum revision_of kind, const char *owner, int64_t newest, struct problem *p)
{
    const struct revision_kind *k = &revision_kinds[kind];
    int64_t keep = newest % EVERY ? 0 : kept(c);

    if (newest % EVERY || newest <= keep)
        return LM_OK;
    json_t *old = json_array(), *after = json_object(), *places = json_object();
    enum lm_err err = old && after && places ? LM_OK : problem_set(p, LM_NOMEM, "no memory to thin a history");
    if (!err && !(err = read_places(c, k, owner, places, p)) && !(err = read_all(c, k, owner, newest - keep, old, after, p)))
        err = drop_some(c, k, old, after, places, p);
    json_decref(old);
    json_decref(after);
    json_decref(places);
    return err;
}
