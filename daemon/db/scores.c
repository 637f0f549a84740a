#include <string.h>

#include "core/json.h"
#include "db/columns.h"

const struct table scores_table = {
    .name = "scores", .one = "score", .parent = "tracks", .order = "name COLLATE NOCASE", .synced = true,
    .doc = "A named list of annotations for one track in one venue.",
    .cols = (const struct column[]){
        ID_COLUMN,
        { "track_id", COL_UUID, COL_PARENT, .references = "tracks", .doc = "Its track." },
        { "venue_id", COL_UUID, COL_NULLABLE, .references = "venues", .doc = "Its room; null = any." },
        { "name", COL_TEXT, COL_SEARCH, .def = "\"Untitled\"", .valid = valid_name, .doc = "To tell it from the others." },
        SYNC_COLUMNS,
        { 0 },
    },
};

const struct table score_revisions_table = {
    .name = "score_revisions", .one = "revision", .parent = "scores", .order = "number DESC", .synced = true,
    .doc = "Saved states of a score.",
    .cols = (const struct column[]){
        ID_COLUMN,
        { "score_id", COL_UUID, COL_PARENT, .references = "scores", .doc = "Whose." },
        REVISION_COLUMNS,
        { "depth", COL_INT, COL_READONLY | COL_HIDDEN, .def = "0", .doc = "Revisions since the last one that holds the whole score; 0 = this one does." },
        { "behind", COL_INT, COL_READONLY | COL_HIDDEN, .def = "0", .doc = "Bytes of data in them." },
        { "data", COL_JSON, COL_READONLY | COL_HIDDEN, .max_len = JSON_LARGE, .doc = "{\"changes\": what it changed, \"all\": the whole score}; either may be left out." },
        SYNC_COLUMNS,
        { 0 },
    },
};

const struct table score_branches_table = {
    .name = "score_branches", .one = "branch", .parent = "scores", .order = "created_at", .synced = true,
    .doc = "Variants of a score; the current one is live.",
    .cols = (const struct column[]){
        ID_COLUMN,
        { "score_id", COL_UUID, COL_PARENT, .references = "scores", .doc = "Whose." },
        BRANCH_COLUMNS,
        SYNC_COLUMNS,
        { 0 },
    },
};

const struct table score_annotations_table = {
    .name = "score_annotations", .one = "annotation", .parent = "scores", .order = "start_time, z_index", .synced = true,
    .doc = "A pattern on the timeline, from start_time up to but not including end_time.",
    .cols = (const struct column[]){
        ID_COLUMN,
        { "score_id", COL_UUID, COL_PARENT, .references = "scores", .doc = "Its score." },
        { "pattern_id", COL_UUID, COL_REQUIRED, .references = "patterns", .doc = "What it plays." },
        { "start_time", COL_REAL, COL_REQUIRED, .min = 0, .max = SECONDS_MAX, .doc = "Seconds." },
        { "end_time", COL_REAL, COL_REQUIRED, .min = 0, .max = SECONDS_MAX, .doc = "Seconds, after start_time." },
        { "origin_time", COL_REAL, 0, .min = -SECONDS_MAX, .max = SECONDS_MAX, .def = "=start_time", .doc = "Where ramps begin; splitting a block copies it." },
        { "z_index", COL_INT, 0, .min = -100000, .max = 100000, .def = "0", .doc = "Higher is on top." },
        { "blend_mode", COL_TEXT, 0, .options = blend_modes, .def = "\"replace\"", .doc = "How it meets what is below." },
        { "args", COL_JSON, 0, .def = "{}", .doc = "{\"<arg id>\": value}" },
        { "seed", COL_INT, 0, .min = 0, .max = SEED_MAX, .def = "=random", .doc = "Of its randomness." },
        SYNC_COLUMNS,
        { 0 },
    },
};

static enum lm_err find_score(struct db_conn *c, const char *track_id, const char *venue_id, char id[UUID_SIZE], struct problem *p)
{
    sqlite3_stmt *s = db_prepare(c, "SELECT id FROM scores WHERE track_id = ?1 AND venue_id IS ?2 AND deleted_at IS NULL "
                                 "ORDER BY created_at, id LIMIT 1");

    if (!s)
        return problem_set(p, LM_INTERNAL, "the scores cannot be read");
    sqlite3_bind_text(s, 1, track_id, -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 2, venue_id, -1, SQLITE_STATIC);
    int rc = sqlite3_step(s);
    if (rc == SQLITE_ROW)
        str_copy(id, UUID_SIZE, (const char *)sqlite3_column_text(s, 0));
    sqlite3_reset(s);
    return rc == SQLITE_ROW ? LM_OK : rc == SQLITE_DONE ? LM_NOT_FOUND : db_error(c, rc, p);
}

enum lm_err score_default(struct db_conn *c, const char *track_id, const char *venue_id, json_t **row, struct problem *p)
{
    char id[UUID_SIZE], key[2 * UUID_SIZE];
    json_t *old, *body;
    bool live;
    enum lm_err err = find_score(c, track_id, venue_id, id, p);

    *row = NULL;
    if (err != LM_NOT_FOUND)
        return err ? err : row_get(c, &scores_table, id, row, p);

    /* Two machines make the same one. But one that was deleted stays so: its blocks would come back with it. */
    snprintf(key, sizeof(key), "%s/%s", track_id, venue_id ? venue_id : "");
    uuid_from_key("score", key, id);
    if (!row_read(c, &scores_table, id, false, &live, &old, p)) {
        json_decref(old);
        uuid_new(id);
    }
    problem_clear(p);
    body = json_pack("{s:s,s:s,s:s?}", "id", id, "name", "Default", "venue_id", venue_id);
    err = body ? row_create(c, &scores_table, track_id, body, row, NULL, p) : problem_set(p, LM_NOMEM, "no memory for a score");
    json_decref(body);
    return err;
}

struct batch {
    struct db_conn *c;
    const char *score_id;
    json_t *created, *updated, *deleted;
    struct problem *p;
    enum lm_err err;
};

/* The item's own problem, its paths behind "/create/3". Goes on with wrong members, to name them all; not when the database fails. */
static bool note(struct batch *b, const char *list, size_t i, enum lm_err err, const struct problem *own)
{
    char prefix[PROBLEM_PATH];

    if (!err)
        return true;
    snprintf(prefix, sizeof(prefix), "/%s/%zu", list, i);
    bool is_theirs = err == LM_INVALID || err == LM_BAD_REQUEST || err == LM_NOT_FOUND || err == LM_CONFLICT;
    if (is_theirs)
        problem_merge(b->p, prefix, own);
    else
        problem_set(b->p, err, "%s", own->detail);
    if (!b->err || !is_theirs)
        b->err = err == LM_CONFLICT || !is_theirs ? err : LM_INVALID;
    return is_theirs;
}

static enum lm_err check_own(struct batch *b, const char *id, struct problem *p)
{
    json_t *row = NULL;
    enum lm_err err = row_get(b->c, &score_annotations_table, id, &row, p);

    if (err == LM_NOT_FOUND || (!err && strcmp(json_get_text(row, "score_id", ""), b->score_id)))
        err = problem_set(p, LM_NOT_FOUND, "There is no annotation %.64s in this score.", id);
    json_decref(row);
    return err;
}

static enum lm_err create_one(struct batch *b, const json_t *item, struct problem *p)
{
    json_t *row = NULL;
    enum lm_err err = row_create(b->c, &score_annotations_table, b->score_id, item, &row, NULL, p);

    if (!err)
        json_array_append_new(b->created, row);
    return err;
}

static enum lm_err update_one(struct batch *b, const json_t *item, struct problem *p)
{
    const char *id = json_get_text(item, "id", NULL);
    json_t *row = NULL;

    if (!id) {
        problem_add(p, json_is_object(item) ? "/id" : "", json_is_object(item) ? "is required" : "must be an object");
        return LM_INVALID;
    }
    enum lm_err err = check_own(b, id, p);
    if (!err && !(err = row_patch(b->c, &score_annotations_table, id, item, -1, &row, p)))
        json_array_append_new(b->updated, row);
    return err;
}

static enum lm_err delete_one(struct batch *b, const json_t *item, struct problem *p)
{
    if (!json_is_string(item)) {
        problem_add(p, "", "must be the id of an annotation");
        return LM_INVALID;
    }
    enum lm_err err = check_own(b, json_string_value(item), p);
    if (!err && !(err = row_delete(b->c, &score_annotations_table, json_string_value(item), -1, NULL, p)))
        json_array_append(b->deleted, (json_t *)item);
    return err;
}

enum lm_err score_batch(struct db_conn *c, const char *score_id, const json_t *batch, json_t **result, struct problem *p)
{
    static const struct { const char *name; enum lm_err (*run)(struct batch *b, const json_t *item, struct problem *p); } steps[] = {
        { "delete", delete_one }, { "update", update_one }, { "create", create_one },
    };
    static const char *const known[] = { "create", "update", "delete", NULL };
    struct problem ignored = { .n = 0 }, own;
    struct batch b = { .c = c, .score_id = score_id, .p = p ? p : &ignored };
    json_t *score, *item;
    size_t i;

    *result = NULL;
    problem_clear(b.p);
    if ((b.err = row_get(c, &scores_table, score_id, &score, b.p)))
        return b.err;
    json_decref(score);
    if ((b.err = json_only(batch, known, b.p)))
        return b.err;
    b.created = json_array(), b.updated = json_array(), b.deleted = json_array();
    bool going = b.created && b.updated && b.deleted;
    for (size_t k = 0; going && k < sizeof(steps) / sizeof(*steps); k++) {
        const json_t *list = json_object_get(batch, steps[k].name);
        if (list && !json_is_array(list)) {
            char path[PROBLEM_PATH];
            snprintf(path, sizeof(path), "/%s", steps[k].name);
            problem_add(b.p, path, "must be an array");
            b.err = LM_INVALID;
        }
        json_array_foreach((json_t *)list, i, item) {
            problem_clear(&own);
            if (!(going = note(&b, steps[k].name, i, steps[k].run(&b, item, &own), &own)))
                break;
        }
    }
    if (!b.err && !(*result = json_pack("{s:O,s:O,s:O}", "created", b.created, "updated", b.updated, "deleted", b.deleted)))
        b.err = problem_set(b.p, LM_NOMEM, "no memory for a batch");
    json_decref(b.created);
    json_decref(b.updated);
    json_decref(b.deleted);
    return b.err;
}
