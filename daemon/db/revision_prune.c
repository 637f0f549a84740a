/*
 * Old revisions are thinned: beyond the newest `revisions_keep` of an owner, of each hour the last one stays. One that goes hands what it
 * changed to the one that follows it, so every other one still holds what it held.
 */
#include <string.h>

#include "core/json.h"
#include "db/domain.h"
#include "db/revision_private.h"

enum { EVERY = 64, AT_ONCE = 2 * EVERY, KEEP_DEFAULT = 2000 };

static int64_t kept(struct db_conn *c)
{
    json_t *value = NULL;
    int64_t n = settings_get_one(c, "revisions_keep", &value) || !json_is_integer(value) ? KEEP_DEFAULT : json_integer_value(value);

    json_decref(value);
    return n;
}

/* Named ones stay, and those a branch stands at or that several follow, or none. */
static enum lm_err find_old(struct db_conn *c, enum revision_of kind, const char *owner, int64_t below, json_t **ids, struct problem *p)
{
    const struct revision_kind *k = &revision_kinds[kind];
    const char *r = k->revisions->name, *o = k->owner;
    sqlite3_stmt *s = revision_sql(c, "SELECT r.id FROM %s r WHERE r.%s = ?1 AND r.deleted_at IS NULL AND r.number <= ?2 AND r.name IS NULL "
                                   "AND EXISTS (SELECT 1 FROM %s n WHERE n.%s = ?1 AND n.deleted_at IS NULL AND n.number > r.number AND n.number <= ?2 "
                                   "AND n.created_at / 3600000 = r.created_at / 3600000) "
                                   "AND NOT EXISTS (SELECT 1 FROM %s b WHERE b.%s = ?1 AND r.id IN (b.revision_id, b.tip_id) AND b.deleted_at IS NULL) "
                                   "AND (SELECT count(*) FROM %s f WHERE f.%s = ?1 AND f.previous_id = r.id AND f.deleted_at IS NULL) = 1 ORDER BY r.number LIMIT %d",
                                   r, o, r, o, k->branches->name, o, r, o, AT_ONCE);
    int rc = SQLITE_ERROR;

    *ids = json_array();
    if (!s)
        return problem_set(p, LM_INTERNAL, "the history cannot be thinned");
    sqlite3_bind_text(s, 1, owner, -1, SQLITE_STATIC);
    sqlite3_bind_int64(s, 2, below);
    while ((rc = sqlite3_step(s)) == SQLITE_ROW)
        json_array_append_new(*ids, json_text_or_null((const char *)sqlite3_column_text(s, 0)));
    sqlite3_reset(s);
    return rc == SQLITE_DONE ? LM_OK : db_error(c, rc, p);
}

static enum lm_err read_row(struct db_conn *c, enum revision_of kind, const char *owner, const char *column, const char *id, json_t **row, struct problem *p)
{
    const struct revision_kind *k = &revision_kinds[kind];
    char found[UUID_SIZE] = "";
    sqlite3_stmt *s = revision_sql(c, "SELECT id FROM %s WHERE %s = ?1 AND %s = ?2 AND deleted_at IS NULL", k->revisions->name, k->owner, column);

    if (!s)
        return problem_set(p, LM_INTERNAL, "the history cannot be thinned");
    sqlite3_bind_text(s, 1, owner, -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 2, id, -1, SQLITE_STATIC);
    if (sqlite3_step(s) == SQLITE_ROW)
        str_copy(found, sizeof(found), (const char *)sqlite3_column_text(s, 0));
    sqlite3_reset(s);
    return row_read(c, k->revisions, found, true, NULL, row, p);
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
        json_array_foreach((json_t *)all, i, row)
            failed |= json_object_set(state, json_get_text(row, "id", ""), row);
        failed |= !changes_apply(state, then, false) || json_object_set_new(data, "all", state_rows(state));
        json_decref(state);
    }
    if (!failed)
        return data;
    json_decref(data);
    return NULL;
}

static enum lm_err drop(struct db_conn *c, enum revision_of kind, const char *owner, const char *id, struct problem *p)
{
    const struct revision_kind *k = &revision_kinds[kind];
    json_t *old = NULL, *after = NULL, *data = NULL, *members = NULL, *empty = NULL;
    enum lm_err err = read_row(c, kind, owner, "id", id, &old, p);

    if (err || (err = read_row(c, kind, owner, "previous_id", id, &after, p)))
        goto out;
    members = json_pack("{s:O?}", "previous_id", json_object_get(old, "previous_id"));
    empty = json_pack("{s:{}}", k->content);
    if (!members || !empty) {
        err = problem_set(p, LM_NOMEM, "no memory for a revision");
        goto out;
    }
    if (kind == REVISION_SCORE) {
        if (!(data = joined_data(old, after))) {
            err = problem_set(p, LM_NOMEM, "no memory for a revision");
            goto out;
        }
        if (json_object_get(data, "all"))
            json_object_set_new(members, "depth", json_integer(0));
        json_object_set(members, "data", data);
    }
    if (!(err = row_put(c, k->revisions, json_get_text(after, "id", ""), members, p)) && !(err = row_put(c, k->revisions, id, empty, p)))
        err = row_delete(c, k->revisions, id, -1, NULL, p);
out:
    json_decref(old);
    json_decref(after);
    json_decref(data);
    json_decref(members);
    json_decref(empty);
    return err;
}

enum lm_err revision_prune(struct db_conn *c, enum revision_of kind, const char *owner, int64_t newest, struct problem *p)
{
    json_t *ids = NULL, *id;
    size_t i;
    int64_t keep = newest % EVERY ? 0 : kept(c);

    if (newest % EVERY || newest <= keep)
        return LM_OK;
    enum lm_err err = find_old(c, kind, owner, newest - keep, &ids, p);
    json_array_foreach(ids, i, id) {
        if (err)
            break;
        err = drop(c, kind, owner, json_string_value(id), p);
        if (err == LM_INVALID || err == LM_NOT_FOUND || err == LM_CONFLICT) {   /* too large when joined: it stays; no save fails for that */
            problem_clear(p);
            err = LM_OK;
        }
    }
    json_decref(ids);
    return err;
}
