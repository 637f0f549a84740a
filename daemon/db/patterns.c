#include <string.h>

#include "core/json.h"
#include "db/columns.h"

const struct table pattern_categories_table = {
    .name = "pattern_categories", .one = "pattern category", .order = "sort_index, name COLLATE NOCASE", .synced = true,
    .doc = "The shelves of the pattern gallery.",
    .cols = (const struct column[]){
        ID_COLUMN,
        { "name", COL_TEXT, COL_REQUIRED | COL_SEARCH, .doc = "Unique." },
        { "color", COL_TEXT, COL_NULLABLE, .valid = valid_color, .doc = "Of its mark in the UI." },
        { "sort_index", COL_REAL, 0, .def = "0.0", .doc = "Place in lists." },
        SYNC_COLUMNS,
        { 0 },
    },
};

const struct table patterns_table = {
    .name = "patterns", .one = "pattern", .order = "name COLLATE NOCASE", .synced = true,
    .doc = "A reusable light behaviour; what it does is in its implementations.",
    .cols = (const struct column[]){
        ID_COLUMN,
        { "name", COL_TEXT, COL_REQUIRED | COL_SEARCH, .doc = "What designers call it." },
        { "description", COL_TEXT, COL_SEARCH, .max_len = 10000, .doc = "What it looks like, and when to use it." },
        { "category", COL_TEXT, COL_NULLABLE | COL_SEARCH, .doc = "Name of a pattern category." },
        { "default_implementation_id", COL_UUID, COL_READONLY | COL_NULLABLE, .doc = "Plays where a venue has no override." },
        { "author", COL_TEXT, COL_SEARCH, .doc = "Who made it." },
        { "is_verified", COL_BOOL, COL_READONLY, .def = "false", .doc = "Looked over by the community's keepers." },
        { "forked_from_id", COL_UUID, COL_READONLY | COL_NULLABLE, .doc = "Pattern it began as." },
        SYNC_COLUMNS,
        { 0 },
    },
};

#define EMPTY_GRAPH "{\"nodes\":[],\"edges\":[],\"args\":[]}"

const struct table implementations_table = {
    .name = "implementations", .one = "implementation", .parent = "patterns", .order = "created_at", .synced = true,
    .doc = "One graph of a pattern.",
    .cols = (const struct column[]){
        ID_COLUMN,
        { "pattern_id", COL_UUID, COL_PARENT, .references = "patterns", .doc = "Its pattern." },
        { "name", COL_TEXT, COL_SEARCH, .valid = valid_name, .doc = "To tell it from the others." },
        { "description", COL_TEXT, COL_SEARCH, .max_len = 10000, .doc = "Notes." },
        { "graph", COL_JSON, 0, .def = EMPTY_GRAPH, .max_len = JSON_LARGE, .doc = "Nodes, edges and args." },
        { "errors", COL_JSON, COL_READONLY | COL_LOCAL, .def = "[]", .max_len = JSON_LARGE, .doc = "What was wrong with the graph when it was saved." },
        SYNC_COLUMNS,
        { 0 },
    },
};

const struct table implementation_revisions_table = {
    .name = "implementation_revisions", .one = "revision", .parent = "implementations", .order = "number DESC", .synced = true,
    .doc = "Saved states of a graph.",
    .cols = (const struct column[]){
        ID_COLUMN,
        { "implementation_id", COL_UUID, COL_PARENT, .references = "implementations", .doc = "Whose graph." },
        REVISION_COLUMNS,
        { "graph", COL_JSON, COL_READONLY | COL_HIDDEN, .def = "{}", .max_len = JSON_LARGE, .doc = "As it was." },
        SYNC_COLUMNS,
        { 0 },
    },
};

const struct table implementation_branches_table = {
    .name = "implementation_branches", .one = "branch", .parent = "implementations", .order = "created_at", .synced = true,
    .doc = "Variants of a graph; the current one is live.",
    .cols = (const struct column[]){
        ID_COLUMN,
        { "implementation_id", COL_UUID, COL_PARENT, .references = "implementations", .doc = "Whose graph." },
        BRANCH_COLUMNS,
        SYNC_COLUMNS,
        { 0 },
    },
};

const struct table venue_implementation_overrides_table = {
    .name = "venue_implementation_overrides", .one = "override", .parent = "venues", .order = "pattern_id", .synced = true,
    .doc = "The implementation that plays for a pattern in one venue. Id: UUIDv5 of venue and pattern.",
    .cols = (const struct column[]){
        ID_COLUMN,
        { "venue_id", COL_UUID, COL_PARENT, .references = "venues", .doc = "Where." },
        { "pattern_id", COL_UUID, COL_REQUIRED, .references = "patterns", .doc = "For which pattern." },
        { "implementation_id", COL_UUID, COL_REQUIRED, .references = "implementations", .doc = "What plays instead of the default." },
        SYNC_COLUMNS,
        { 0 },
    },
};

static enum lm_err find_implementation(struct db_conn *c, const char *sql, const char *a, const char *b, json_t **row, struct problem *p)
{
    char id[UUID_SIZE] = "";
    sqlite3_stmt *s = db_prepare(c, sql);

    if (!s)
        return problem_set(p, LM_INTERNAL, "the implementations cannot be read");
    sqlite3_bind_text(s, 1, a, -1, SQLITE_STATIC);
    if (b)
        sqlite3_bind_text(s, 2, b, -1, SQLITE_STATIC);
    int rc = sqlite3_step(s);
    if (rc == SQLITE_ROW)
        str_copy(id, sizeof(id), (const char *)sqlite3_column_text(s, 0));
    sqlite3_reset(s);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        return db_error(c, rc, p);
    return id[0] ? row_get(c, &implementations_table, id, row, p) : LM_NOT_FOUND;
}

/* Without the chosen default (its deletion may have come from another machine) the oldest that is left. */
static enum lm_err default_implementation(struct db_conn *c, const char *pattern_id, json_t **row, struct problem *p)
{
    return find_implementation(c, "SELECT i.id FROM implementations i JOIN patterns p ON p.id = i.pattern_id "
                               "WHERE i.pattern_id = ?1 AND i.deleted_at IS NULL AND p.deleted_at IS NULL "
                               "ORDER BY i.id IS NOT p.default_implementation_id, i.created_at, i.id LIMIT 1", pattern_id, NULL, row, p);
}

enum lm_err pattern_implementation(struct db_conn *c, const char *pattern_id, const char *venue_id, json_t **row, struct problem *p)
{
    enum lm_err err = LM_NOT_FOUND;

    if (row)
        *row = NULL;
    if (venue_id)
        err = find_implementation(c, "SELECT i.id FROM venue_implementation_overrides o JOIN implementations i ON i.id = o.implementation_id "
                                  "JOIN patterns p ON p.id = o.pattern_id "
                                  "WHERE o.pattern_id = ?1 AND o.venue_id = ?2 AND i.pattern_id = ?1 AND o.deleted_at IS NULL "
                                  "AND i.deleted_at IS NULL AND p.deleted_at IS NULL", pattern_id, venue_id, row, p);
    if (err == LM_NOT_FOUND)
        err = default_implementation(c, pattern_id, row, p);
    return err == LM_NOT_FOUND ? problem_set(p, err, "There is no implementation of pattern %.64s.", pattern_id) : err;
}

static enum lm_err make_default(struct db_conn *c, const char *pattern_id, struct problem *p)
{
    json_t *implementation = NULL, *body = json_pack("{s:s}", "name", "Default"), *members = NULL;
    enum lm_err err = row_create(c, &implementations_table, pattern_id, body, &implementation, NULL, p);

    if (!err) {
        members = json_pack("{s:O}", "default_implementation_id", json_object_get(implementation, "id"));
        err = row_put(c, &patterns_table, pattern_id, members, p);
    }
    json_decref(members);
    json_decref(implementation);
    json_decref(body);
    return err;
}

enum lm_err pattern_create(struct db_conn *c, const json_t *body, json_t **row, bool *created, struct problem *p)
{
    json_t *pattern = NULL, *implementation = NULL;
    bool is_new = false;
    enum lm_err err = row_create(c, &patterns_table, NULL, body, &pattern, &is_new, p);
    char id[UUID_SIZE];

    if (err)
        return err;
    str_copy(id, sizeof(id), json_get_text(pattern, "id", ""));
    if (is_new && (err = default_implementation(c, id, &implementation, p)) == LM_NOT_FOUND) {
        json_decref(pattern);
        pattern = NULL;
        if (!(err = make_default(c, id, p)))
            err = row_get(c, &patterns_table, id, &pattern, p);
    }
    json_decref(implementation);
    if (err || !row) {
        json_decref(pattern);
        return err;
    }
    *row = pattern;
    if (created)
        *created = is_new;
    return LM_OK;
}

enum lm_err implementation_set_graph(struct db_conn *c, const char *implementation_id, const json_t *graph, const json_t *errors, int64_t if_match,
                                     json_t **row, struct problem *p)
{
    json_t *old = NULL, *members;
    enum lm_err err = row_get(c, &implementations_table, implementation_id, &old, p);

    if (row)
        *row = NULL;
    if (err)
        return err;
    if (if_match >= 0 && json_get_int(old, "version", 0) != if_match) {
        if (row)
            *row = old;
        else
            json_decref(old);
        return problem_set(p, LM_STALE, "The graph was changed by someone else meanwhile.");
    }
    json_decref(old);
    members = json_pack("{s:O,s:O}", "graph", graph, "errors", errors);
    if (!members)
        return problem_set(p, LM_NOMEM, "no memory for a graph");
    err = row_put(c, &implementations_table, implementation_id, members, p);
    json_decref(members);
    if (!err && row)
        err = row_get(c, &implementations_table, implementation_id, row, p);
    return err;
}
