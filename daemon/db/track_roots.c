/* Chords, key and chroma of a track. */
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "db/columns.h"

enum { CHROMA_FRAME = 12 * sizeof(float) };

enum lm_err track_chroma(struct db_conn *c, const char *track_id, void **data, size_t *n, double *rate, struct problem *p)
{
    sqlite3_stmt *s = db_prepare(c, "SELECT chroma, chroma_rate FROM track_roots WHERE track_id = ?1 AND deleted_at IS NULL AND chroma IS NOT NULL");
    enum lm_err err = LM_OK;

    *data = NULL, *n = 0, *rate = 0;
    if (!s)
        return problem_set(p, LM_INTERNAL, "the chroma cannot be read");
    sqlite3_bind_text(s, 1, track_id, -1, SQLITE_STATIC);
    int rc = sqlite3_step(s);
    if (rc == SQLITE_ROW) {
        const void *blob = sqlite3_column_blob(s, 0);
        *n = (size_t)sqlite3_column_bytes(s, 0);
        *rate = sqlite3_column_double(s, 1);
        if ((*data = malloc(*n ? *n : 1)))
            memcpy(*data, *n ? blob : "", *n);
        else
            err = problem_set(p, LM_NOMEM, "no memory for chroma");
    } else {
        err = rc == SQLITE_DONE ? problem_set(p, LM_NOT_FOUND, "There is no chroma of track %.64s yet.", track_id) : db_error(c, rc, p);
    }
    sqlite3_reset(s);
    return err;
}

enum lm_err track_roots(struct db_conn *c, const char *track_id, json_t **roots, struct problem *p)
{
    static const char *const members[] = { "sections", "key", "key_confidence", "from_stems", "chroma_rate", "analyser", "analyser_version", "version", NULL };
    json_t *rows = NULL;
    enum lm_err err = row_all(c, &track_roots_table, "track_id", track_id, &rows, p);
    const json_t *row = json_array_get(rows, 0);

    *roots = NULL;
    if (!err && !row)
        err = problem_set(p, LM_NOT_FOUND, "This track has no chords yet.");
    if (!err && !(*roots = json_object()))
        err = problem_set(p, LM_NOMEM, "no memory for chords");
    for (const char *const *m = members; *m && !err; m++)
        json_object_set(*roots, *m, json_object_get(row, *m));
    json_decref(rows);
    return err;
}

/* Of the row that is there, whoever made it; else what the table's manual says. */
static enum lm_err roots_id(struct db_conn *c, const char *track_id, char id[UUID_SIZE], struct problem *p)
{
    sqlite3_stmt *s = db_prepare(c, "SELECT id FROM track_roots WHERE track_id = ?1 AND deleted_at IS NULL");

    if (!s)
        return problem_set(p, LM_INTERNAL, "the chords cannot be read");
    sqlite3_bind_text(s, 1, track_id, -1, SQLITE_STATIC);
    int rc = sqlite3_step(s);
    if (rc == SQLITE_ROW)
        str_copy(id, UUID_SIZE, (const char *)sqlite3_column_text(s, 0));
    else
        uuid_from_key("roots", track_id, id);
    sqlite3_reset(s);
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? LM_OK : db_error(c, rc, p);
}

static enum lm_err put_chroma(struct db_conn *c, const char *id, const void *chroma, size_t n, struct problem *p)
{
    sqlite3_stmt *s = db_prepare(c, "UPDATE track_roots SET chroma = ?2 WHERE id = ?1");

    if (!s)
        return problem_set(p, LM_INTERNAL, "the chroma cannot be written");
    sqlite3_bind_text(s, 1, id, -1, SQLITE_STATIC);
    sqlite3_bind_blob64(s, 2, chroma, n, SQLITE_STATIC);
    int rc = sqlite3_step(s);
    sqlite3_reset(s);
    sqlite3_clear_bindings(s);
    return db_error(c, rc, p);
}

enum lm_err track_set_roots(struct db_conn *c, const char *track_id, const json_t *roots, const void *chroma, size_t n, const char *analyser,
                            int analyser_version, struct problem *p)
{
    static const char *const members[] = { "sections", "key", "key_confidence", "from_stems", "chroma_rate", NULL };
    char id[UUID_SIZE];
    json_t *row = NULL, *track = NULL;
    enum lm_err err = row_get(c, &tracks_table, track_id, &track, p);

    json_decref(track);
    if (!err && (!json_is_array(json_object_get(roots, "sections")) || n % CHROMA_FRAME))
        err = problem_set(p, LM_INVALID, "The analyser's chords are no list, or its chroma is cut off.");
    if (!err && !(row = json_pack("{s:s,s:s,s:i}", "track_id", track_id, "analyser", analyser, "analyser_version", analyser_version)))
        err = problem_set(p, LM_NOMEM, "no memory for chords");
    for (const char *const *m = members; *m && !err; m++)
        if (json_object_get(roots, *m))
            json_object_set(row, *m, json_object_get(roots, *m));
    if (!err && !(err = roots_id(c, track_id, id, p)) && !(err = row_put(c, &track_roots_table, id, row, p)))
        err = put_chroma(c, id, chroma, n, p);
    json_decref(row);
    return err;
}
