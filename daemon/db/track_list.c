/* The library as a list: every track in an order, and edits of many at once. */
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "db/columns.h"
#include "db/track_inputs.h"

enum { WORDS_MAX = 16 };

/* `empty`: true for who has no value, which comes last whichever way; NULL: everyone has one. NULL value: how many results there are. */
static const struct { const char *name, *value, *empty; } orders[] = {
    { "title",    "t.title COLLATE NOCASE",  NULL },
    { "artist",   "t.artist COLLATE NOCASE", "t.artist = ''" },
    { "album",    "t.album COLLATE NOCASE",  "t.album = ''" },
    { "bpm",      "t.bpm",                   "t.bpm IS NULL" },
    { "key",      "r.key COLLATE NOCASE",    "ifnull(r.key, '') = ''" },
    { "length",   "t.duration_seconds",      NULL },
    { "added",    "t.created_at",            NULL },
    { "analysis", NULL,                      NULL },
};

enum show { SHOW_ALL, SHOW_UNANALYSED, SHOW_FAILED, SHOW_SCORED, SHOWS };
static const char *const shows[SHOWS] = { "all", "unanalysed", "failed", "scored" };

/* "EXISTS (...) + EXISTS (...)", of the wanted results of t. */
static void add_results(struct str *sql, unsigned wanted, const char *between)
{
    const char *sep = "";

    for (int i = 0; track_result_there(i); i++)
        if (!wanted || wanted & 1u << i)
            str_addf(sql, "%sEXISTS (SELECT 1 FROM %st.id)", sep, track_result_there(i)), sep = between;
}

/* The newest job of a kind failed, and there is no result of that kind from before. */
static void add_failed(struct str *sql)
{
    str_add(sql, " AND t.id IN (SELECT j.track_id FROM jobs j WHERE j.state = 'failed' AND NOT EXISTS (SELECT 1 FROM jobs k WHERE k.track_id = j.track_id"
                 " AND k.kind = j.kind AND (k.created_at, k.id) > (j.created_at, j.id)) AND CASE j.kind");
    for (int i = 0; track_result_there(i); i++)
        str_addf(sql, " WHEN '%s' THEN NOT EXISTS (SELECT 1 FROM %sj.track_id)", track_result_name(i), track_result_there(i));
    str_add(sql, " ELSE 0 END)");
}

static void add_order(struct str *sql, size_t order, bool is_down)
{
    const char *down = is_down ? " DESC" : "";

    str_add(sql, " ORDER BY ");
    if (orders[order].empty)
        str_addf(sql, "%s, ", orders[order].empty);
    if (orders[order].value) {
        str_addf(sql, "%s%s", orders[order].value, down);
    } else {
        add_results(sql, 0, " + ");
        str_add(sql, down);
    }
    /* By title the index serves both ways; among equals of another order titles stay in theirs. */
    str_addf(sql, "%s, t.id%s", order ? ", t.title COLLATE NOCASE" : "", order ? "" : down);
}

static void index_sql(struct str *sql, size_t order, bool is_down, enum show show, unsigned wanted, int words)
{
    str_addf(sql, "SELECT t.id, t.title FROM tracks t%s WHERE t.deleted_at IS NULL",
             orders[order].value && orders[order].value[0] == 'r' ? " LEFT JOIN track_roots r ON r.track_id = t.id AND r.deleted_at IS NULL" : "");
    for (int i = 1; i <= words; i++)
        str_addf(sql, " AND instr(lm_fold(t.title || char(10) || t.artist || char(10) || t.album || char(10) || t.genre || char(10) || t.filename), lm_fold(?%d)) > 0", i);
    if (show == SHOW_UNANALYSED) {
        str_add(sql, " AND NOT (");
        add_results(sql, wanted, " AND ");
        str_add(sql, ")");
    } else if (show == SHOW_FAILED) {
        add_failed(sql);
    } else if (show == SHOW_SCORED) {
        str_add(sql, " AND EXISTS (SELECT 1 FROM scores s WHERE s.track_id = t.id AND s.deleted_at IS NULL)");
    }
    add_order(sql, order, is_down);
}

static enum lm_err read_index(struct db_conn *c, sqlite3_stmt *s, json_t **index, struct problem *p)
{
    json_t *ids = json_array(), *titles = json_array();
    bool is_full = !ids || !titles;
    int rc = SQLITE_DONE;

    while (!is_full && (rc = sqlite3_step(s)) == SQLITE_ROW)
        is_full = json_array_append_new(ids, json_string((const char *)sqlite3_column_text(s, 0)))
                  || json_array_append_new(titles, json_string((const char *)sqlite3_column_text(s, 1)));
    sqlite3_reset(s);
    *index = is_full || rc != SQLITE_DONE ? NULL : json_pack("{s:i,s:O,s:O}", "total", (int)json_array_size(ids), "ids", ids, "titles", titles);
    json_decref(ids);
    json_decref(titles);
    return *index ? LM_OK : is_full || rc == SQLITE_DONE ? problem_set(p, LM_NOMEM, "no memory for a list") : db_error(c, rc, p);
}

static enum lm_err choose(const struct track_wish *w, size_t *order, bool *is_down, enum show *show, struct problem *p)
{
    const char *sort = w->sort && *w->sort ? w->sort : "title", *kind = w->show && *w->show ? w->show : "all";
    size_t n = sizeof(orders) / sizeof(orders[0]);

    *is_down = *sort == '-';
    sort += *is_down;
    for (*order = 0; *order < n && strcmp(orders[*order].name, sort); ++*order)
        ;
    if (*order == n)
        return problem_set(p, LM_BAD_REQUEST, "Tracks are sorted by title, artist, album, bpm, key, length, added or analysis, with a - before it the other way round.");
    for (*show = SHOW_ALL; *show < SHOWS && strcmp(shows[*show], kind); ++*show)
        ;
    return *show < SHOWS ? LM_OK : problem_set(p, LM_BAD_REQUEST, "What can be shown of tracks is all, unanalysed, failed or scored.");
}

enum lm_err track_index(struct db_conn *c, const struct track_wish *w, json_t **index, struct problem *p)
{
    size_t order = 0;
    bool is_down = false;
    enum show show = SHOW_ALL;
    struct str sql = { 0 };
    const char *words[WORDS_MAX];
    int n = 0;
    char *rest = NULL;
    enum lm_err err = choose(w, &order, &is_down, &show, p);

    *index = NULL;
    if (err)
        return err;
    char *text = strdup(w->q ? w->q : "");
    if (!text)
        return problem_set(p, LM_NOMEM, "no memory for a search");
    for (char *word = strtok_r(text, " \t\r\n", &rest); word && n < WORDS_MAX; word = strtok_r(NULL, " \t\r\n", &rest))
        words[n++] = word;
    index_sql(&sql, order, is_down, show, w->wanted, n);
    sqlite3_stmt *s = sql.failed ? NULL : db_prepare(c, sql.data);
    for (int i = 0; s && i < n; i++)
        sqlite3_bind_text(s, i + 1, words[i], -1, SQLITE_STATIC);
    err = s ? read_index(c, s, index, p) : problem_set(p, LM_INTERNAL, "the tracks cannot be read");
    str_clear(&sql);
    free(text);
    return err;
}

/* --- many at once --- */

/* What the members of the edit were. */
static json_t *members_of(const json_t *row, const json_t *edit)
{
    json_t *before = json_object(), *v;
    const char *name;

    json_object_foreach((json_t *)edit, name, v) {
        json_t *old = json_object_get(row, name);
        if (before && old && strcmp(name, "id") && strcmp(name, "version"))
            json_object_set(before, name, old);
    }
    return before;
}

/* Is each member of the row still what whoever edits it believes? */
static bool is_still(const json_t *row, const json_t *was)
{
    const char *name;
    json_t *v;

    json_object_foreach((json_t *)was, name, v) {
        const json_t *now = json_object_get(row, name);
        bool is_same = json_is_number(v) && json_is_number(now) ? json_number_value(v) <= json_number_value(now) && json_number_value(v) >= json_number_value(now)
                                                                : json_equal(v, now);
        if (!is_same)
            return false;
    }
    return true;
}

static enum lm_err update_one(struct db_conn *c, const json_t *edit, json_t *updated, struct problem *p)
{
    const char *id = json_get_text(edit, "id", "");
    const json_t *version = json_object_get(edit, "version"), *was = json_object_get(edit, "was");
    json_t *old = NULL, *row = NULL, *members = json_copy((json_t *)edit);
    enum lm_err err = members ? row_get(c, &tracks_table, id, &old, p) : problem_set(p, LM_NOMEM, "no memory for an edit");

    json_object_del(members, "was");
    if (!err && was && !json_is_object(was))            /* a guard that cannot be read must not count as none */
        err = problem_add(p, "/was", "must be an object");
    if (!err && version && !json_is_integer(version))
        err = problem_add(p, "/version", "must be the version of the row");
    if (!err && was && !is_still(old, was))
        err = problem_set(p, LM_STALE, "\"%.100s\" was changed meanwhile; all stays as it is.", json_get_text(old, "title", ""));
    if (!err)
        err = row_patch(c, &tracks_table, id, members, json_is_integer(version) ? json_integer_value(version) : -1, &row, p);
    if (!err && json_array_append_new(updated, json_pack("{s:s,s:O,s:o}", "id", id, "version", json_object_get(row, "version"), "before", members_of(old, members))))
        err = problem_set(p, LM_NOMEM, "no memory for an answer");
    json_decref(old);
    json_decref(row);
    json_decref(members);
    return err;
}

static enum lm_err delete_one(struct db_conn *c, const char *id, json_t *deleted, struct problem *p)
{
    enum lm_err err = row_delete(c, &tracks_table, id, -1, NULL, p);

    if (err == LM_NOT_FOUND) {
        problem_clear(p);
        return LM_OK;
    }
    return err ? err : json_array_append_new(deleted, json_string(id)) ? LM_NOMEM : LM_OK;
}

static enum lm_err restore_one(struct db_conn *c, const char *id, json_t *restored, struct problem *p)
{
    sqlite3_stmt *s = db_prepare(c, "UPDATE tracks SET deleted_at = NULL WHERE id = ?1 AND deleted_at IS NOT NULL");

    if (!s)
        return problem_set(p, LM_INTERNAL, "the track cannot be restored");
    sqlite3_bind_text(s, 1, id, -1, SQLITE_STATIC);
    int rc = sqlite3_step(s);
    bool is_back = rc == SQLITE_DONE && sqlite3_changes(c->h) > 0;
    sqlite3_reset(s);
    if (rc != SQLITE_DONE)
        return db_error(c, rc, p);
    return is_back && json_array_append_new(restored, json_string(id)) ? LM_NOMEM : LM_OK;
}

/* A list of ids or, for updates, of objects with one. */
static enum lm_err check_list(const json_t *body, const char *name, bool is_objects, struct problem *p)
{
    const json_t *list = json_object_get(body, name), *v;
    char path[PROBLEM_PATH];
    size_t i;

    snprintf(path, sizeof(path), "/%s", name);
    if (!list)
        return LM_OK;
    if (!json_is_array(list) || json_array_size(list) > TRACK_BATCH_MAX) {
        problem_add(p, path, "must be a list of at most %d", TRACK_BATCH_MAX);
        return LM_INVALID;
    }
    json_array_foreach((json_t *)list, i, v) {
        const char *id = is_objects ? json_get_text(v, "id", "") : json_string_value(v);
        if (id && uuid_valid(id))
            continue;
        snprintf(path, sizeof(path), "/%s/%zu", name, i);
        problem_add(p, path, is_objects ? "must be an object with the id of a track" : "must be the id of a track");
        return LM_INVALID;
    }
    return LM_OK;
}

enum lm_err track_batch(struct db_conn *c, const json_t *body, json_t **result, struct problem *p)
{
    static const char *const known[] = { "update", "delete", "restore", NULL };
    json_t *updated = json_array(), *deleted = json_array(), *restored = json_array(), *v;
    enum lm_err err = json_only(body, known, p);
    size_t i;

    *result = NULL;
    if (!err && !(err = check_list(body, "update", true, p)) && !(err = check_list(body, "delete", false, p)))
        err = check_list(body, "restore", false, p);
    if (!err && (!updated || !deleted || !restored))
        err = problem_set(p, LM_NOMEM, "no memory for an answer");
    json_array_foreach(json_object_get(body, "restore"), i, v) {
        if (err || (err = restore_one(c, json_string_value(v), restored, p)))
            break;
    }
    json_array_foreach(json_object_get(body, "update"), i, v) {
        if (err || (err = update_one(c, v, updated, p)))
            break;
    }
    json_array_foreach(json_object_get(body, "delete"), i, v) {
        if (err || (err = delete_one(c, json_string_value(v), deleted, p)))
            break;
    }
    if (!err && !(*result = json_pack("{s:O,s:O,s:O}", "updated", updated, "deleted", deleted, "restored", restored)))
        err = problem_set(p, LM_NOMEM, "no memory for an answer");
    json_decref(updated);
    json_decref(deleted);
    json_decref(restored);
    return err;
}

/* --- what is deleted for good --- */

enum lm_err track_deleted_files(struct db_conn *c, int64_t before_ms, json_t **files, struct problem *p)
{
    sqlite3_stmt *s = db_prepare(c, "SELECT id, file_path FROM tracks WHERE deleted_at < ?1 AND file_path IS NOT NULL");
    int rc;

    if (!s || !(*files = json_array()))
        return problem_set(p, LM_INTERNAL, "the deleted tracks cannot be read");
    sqlite3_bind_int64(s, 1, before_ms);
    while ((rc = sqlite3_step(s)) == SQLITE_ROW)
        json_array_append_new(*files, json_pack("{s:s,s:s}", "id", (const char *)sqlite3_column_text(s, 0), "file_path", (const char *)sqlite3_column_text(s, 1)));
    sqlite3_reset(s);
    if (rc == SQLITE_DONE)
        return LM_OK;
    json_decref(*files);
    *files = NULL;
    return db_error(c, rc, p);
}

enum lm_err track_deleted_file(struct db_conn *c, const char *track_id, int64_t before_ms, char **path, struct problem *p)
{
    sqlite3_stmt *s = db_prepare(c, "SELECT file_path FROM tracks WHERE id = ?1 AND deleted_at < ?2");
    enum lm_err err = LM_OK;

    *path = NULL;
    if (!s)
        return problem_set(p, LM_INTERNAL, "the deleted tracks cannot be read");
    sqlite3_bind_text(s, 1, track_id, -1, SQLITE_STATIC);
    sqlite3_bind_int64(s, 2, before_ms);
    int rc = sqlite3_step(s);
    if (rc == SQLITE_DONE)
        err = problem_set(p, LM_NOT_FOUND, "The track is not deleted.");
    else if (rc != SQLITE_ROW)
        err = db_error(c, rc, p);
    else if (sqlite3_column_type(s, 0) != SQLITE_NULL && !(*path = strdup((const char *)sqlite3_column_text(s, 0))))
        err = problem_set(p, LM_NOMEM, "no memory for a path");
    sqlite3_reset(s);
    return err;
}

enum lm_err track_forget_file(struct db_conn *c, const char *track_id, struct problem *p)
{
    sqlite3_stmt *s = db_prepare(c, "UPDATE tracks SET file_path = NULL WHERE id = ?1 AND deleted_at IS NOT NULL");

    if (!s)
        return problem_set(p, LM_INTERNAL, "the track cannot be written");
    sqlite3_bind_text(s, 1, track_id, -1, SQLITE_STATIC);
    int rc = sqlite3_step(s);
    sqlite3_reset(s);
    return db_error(c, rc, p);
}
