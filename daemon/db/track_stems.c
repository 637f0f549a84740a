/* The separated parts of tracks. */
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "db/columns.h"

void track_stems_free(struct track_stem *stems, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free(stems[i].path);
        stems[i].path = NULL;
    }
}

enum lm_err track_stem_files(struct db_conn *c, const char *track_id, struct track_stem stems[TRACK_STEMS], size_t *n, struct problem *p)
{
    sqlite3_stmt *s = db_prepare(c, "SELECT id, name, hash, file_path, updated_at FROM track_stems"
                                    " WHERE track_id = ?1 AND deleted_at IS NULL AND file_path IS NOT NULL ORDER BY name");
    enum lm_err err = LM_OK;
    int rc;

    *n = 0;
    if (!s)
        return problem_set(p, LM_INTERNAL, "the stems cannot be read");
    sqlite3_bind_text(s, 1, track_id, -1, SQLITE_STATIC);
    while (!err && (rc = sqlite3_step(s)) != SQLITE_DONE) {
        struct track_stem *stem = &stems[*n];
        if (rc != SQLITE_ROW) {
            err = db_error(c, rc, p);
        } else if (*n < TRACK_STEMS) {
            str_copy(stem->id, sizeof(stem->id), (const char *)sqlite3_column_text(s, 0));
            str_copy(stem->name, sizeof(stem->name), (const char *)sqlite3_column_text(s, 1));
            str_copy(stem->hash, sizeof(stem->hash), (const char *)sqlite3_column_text(s, 2));
            stem->updated_at = sqlite3_column_int64(s, 4);
            if ((stem->path = strdup((const char *)sqlite3_column_text(s, 3))))
                ++*n;
            else
                err = problem_set(p, LM_NOMEM, "no memory for a path");
        }
    }
    sqlite3_reset(s);
    if (err) {
        track_stems_free(stems, *n);
        *n = 0;
    }
    return err;
}

static enum lm_err put_stem(struct db_conn *c, const char *track_id, const json_t *stem, const char *analyser, int analyser_version, struct problem *p)
{
    static const char *const members[] = { "name", "format", "sample_rate", "channels", "duration_seconds", "size_bytes", "hash", "file_path", NULL };
    char id[UUID_SIZE];
    json_t *row = json_pack("{s:s,s:s,s:i}", "track_id", track_id, "analyser", analyser, "analyser_version", analyser_version);
    enum lm_err err = row ? track_row_id(c, "SELECT id FROM track_stems WHERE track_id = ?1 AND name = ?2 AND deleted_at IS NULL", "stem", track_id, json_get_text(stem, "name", ""), id, p)
                           : problem_set(p, LM_NOMEM, "no memory for a stem");

    for (const char *const *m = members; *m && !err; m++)
        if (json_object_get(stem, *m))
            json_object_set(row, *m, json_object_get(stem, *m));
    if (!err)
        err = row_put(c, &track_stems_table, id, row, p);
    json_decref(row);
    return err;
}

enum lm_err track_set_stems(struct db_conn *c, const char *track_id, const json_t *stems, const char *analyser, int analyser_version, struct problem *p)
{
    json_t *track = NULL, *stem;
    enum lm_err err = row_get(c, &tracks_table, track_id, &track, p);
    size_t i;

    json_decref(track);
    json_array_foreach((json_t *)stems, i, stem) {
        if (!err)
            err = put_stem(c, track_id, stem, analyser, analyser_version, p);
    }
    return err;
}

enum lm_err track_forget_stems(struct db_conn *c, const char *track_id, struct problem *p)
{
    sqlite3_stmt *s = db_prepare(c, "UPDATE track_stems SET file_path = NULL WHERE track_id = ?1 AND file_path IS NOT NULL");

    if (!s)
        return problem_set(p, LM_INTERNAL, "the stems cannot be written");
    sqlite3_bind_text(s, 1, track_id, -1, SQLITE_STATIC);
    int rc = sqlite3_step(s);
    sqlite3_reset(s);
    return rc == SQLITE_DONE ? LM_OK : db_error(c, rc, p);
}
