#include <string.h>

#include "core/json.h"
#include "db/columns.h"

enum lm_err group_members(struct db_conn *c, const char *group_id, json_t **fixture_ids, struct problem *p)
{
    json_t *ids = json_array();
    sqlite3_stmt *s = db_prepare(c, "SELECT fixture_id FROM fixture_group_members WHERE group_id = ?1 AND deleted_at IS NULL ORDER BY sort_index, id");
    int rc;

    if (!ids || !s) {
        json_decref(ids);
        return problem_set(p, LM_INTERNAL, "the members of a group cannot be read");
    }
    sqlite3_bind_text(s, 1, group_id, -1, SQLITE_STATIC);
    while ((rc = sqlite3_step(s)) == SQLITE_ROW)
        json_array_append_new(ids, json_string((const char *)sqlite3_column_text(s, 0)));
    sqlite3_reset(s);
    if (rc != SQLITE_DONE) {
        json_decref(ids);
        return db_error(c, rc, p);
    }
    *fixture_ids = ids;
    return LM_OK;
}

/* Every entry a fixture of `venue_id`, none twice. */
static enum lm_err check_members(struct db_conn *c, const char *venue_id, const json_t *ids, struct problem *p)
{
    json_t *seen = json_object(), *id;
    enum lm_err err = LM_OK;
    size_t i;

    json_array_foreach((json_t *)ids, i, id) {
        char path[PROBLEM_PATH];
        const char *text = json_string_value(id);
        snprintf(path, sizeof(path), "/fixture_ids/%zu", i);
        sqlite3_stmt *s = db_prepare(c, "SELECT 1 FROM fixtures WHERE id = ?1 AND venue_id = ?2 AND deleted_at IS NULL");
        bool found = false;
        if (s && text) {
            sqlite3_bind_text(s, 1, text, -1, SQLITE_STATIC);
            sqlite3_bind_text(s, 2, venue_id, -1, SQLITE_STATIC);
            found = sqlite3_step(s) == SQLITE_ROW;
            sqlite3_reset(s);
        }
        if (found && !json_object_get(seen, text)) {
            json_object_set_new(seen, text, json_true());
            continue;
        }
        problem_add(p, path, "%s", found ? "is named twice" : "is no fixture of this venue");
        err = LM_INVALID;
    }
    json_decref(seen);
    return err;
}

static enum lm_err drop_members(struct db_conn *c, const char *group_id, const json_t *keep, struct problem *p)
{
    json_t *rows, *row, *id, *kept = json_object();
    size_t i;
    enum lm_err err = row_all(c, &fixture_group_members_table, "group_id", group_id, &rows, p);

    if (err)
        goto out;
    json_array_foreach((json_t *)keep, i, id) {
        json_object_set_new(kept, json_string_value(id), json_true());
    }
    json_array_foreach(rows, i, row) {
        if (!err && !json_object_get(kept, json_get_text(row, "fixture_id", "")))
            err = row_delete(c, &fixture_group_members_table, json_get_text(row, "id", ""), -1, NULL, p);
    }
    json_decref(rows);
out:
    json_decref(kept);
    return err;
}

/* Who changes the members changes the group: its version tells others so. A trigger looks at the columns named, not at values. */
static enum lm_err raise_version(struct db_conn *c, const char *group_id, struct problem *p)
{
    sqlite3_stmt *s = db_prepare(c, "UPDATE fixture_groups SET sort_index = sort_index WHERE id = ?1");

    if (!s)
        return problem_set(p, LM_INTERNAL, "a group cannot be written");
    sqlite3_bind_text(s, 1, group_id, -1, SQLITE_STATIC);
    int rc = sqlite3_step(s);
    sqlite3_reset(s);
    return rc == SQLITE_DONE ? LM_OK : db_error(c, rc, p);
}

enum lm_err group_set_members(struct db_conn *c, const char *group_id, const json_t *fixture_ids, struct problem *p)
{
    json_t *group = NULL, *id, *old = NULL;
    size_t i;
    enum lm_err err = row_get(c, &fixture_groups_table, group_id, &group, p);

    if (err || (err = group_members(c, group_id, &old, p))) {
        json_decref(group);
        return err;
    }
    if (!json_is_array(fixture_ids)) {
        problem_add(p, "/fixture_ids", "must be an array of fixture ids");
        err = LM_INVALID;
    } else if (!(err = check_members(c, json_get_text(group, "venue_id", ""), fixture_ids, p))) {
        err = drop_members(c, group_id, fixture_ids, p);
    }
    json_decref(group);
    json_array_foreach((json_t *)fixture_ids, i, id) {
        char key[2 * UUID_SIZE], member_id[UUID_SIZE];
        if (err)
            break;
        snprintf(key, sizeof(key), "%s/%s", group_id, json_string_value(id));
        uuid_from_key("member", key, member_id);
        json_t *members = json_pack("{s:s,s:O,s:I}", "group_id", group_id, "fixture_id", id, "sort_index", (json_int_t)i);
        err = members ? row_put(c, &fixture_group_members_table, member_id, members, p) : problem_set(p, LM_NOMEM, "no memory for a group");
        json_decref(members);
    }
    if (!err && !json_equal(old, fixture_ids))
        err = raise_version(c, group_id, p);
    json_decref(old);
    return err;
}
