/* What an analyser heard beside beats, chords and stems: one row a kind. */
#include <stdio.h>
#include <string.h>

#include "core/json.h"
#include "db/columns.h"

/* In the order they are told; the kinds of graph/analysis.h and those that are only drawn. */
const char *const track_feature_kinds[] = { "onsets", "energy", "sections", "loudness", "centroid", "drops", NULL };

enum lm_err track_feature(struct db_conn *c, const char *track_id, const char *kind, json_t **data, struct problem *p)
{
    sqlite3_stmt *s = db_prepare(c, "SELECT data FROM track_features WHERE track_id = ?1 AND kind = ?2 AND deleted_at IS NULL");

    *data = NULL;
    if (!s)
        return problem_set(p, LM_INTERNAL, "the features cannot be read");
    sqlite3_bind_text(s, 1, track_id, -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 2, kind, -1, SQLITE_STATIC);
    int rc = sqlite3_step(s);
    enum lm_err err = rc == SQLITE_ROW ? json_parse((const char *)sqlite3_column_text(s, 0), (size_t)sqlite3_column_bytes(s, 0), data, p)
                      : rc == SQLITE_DONE ? problem_set(p, LM_NOT_FOUND, "There are no %s of track %.64s yet.", kind, track_id)
                                          : db_error(c, rc, p);
    sqlite3_reset(s);
    return err;
}

static enum lm_err put_feature(struct db_conn *c, const char *track_id, const char *kind, const json_t *data, const char *analyser, int analyser_version,
                               struct problem *p)
{
    char id[UUID_SIZE];
    json_t *row = json_pack("{s:s,s:s,s:O,s:s,s:i}", "track_id", track_id, "kind", kind, "data", data, "analyser", analyser,
                            "analyser_version", analyser_version);
    enum lm_err err = row ? track_row_id(c, "SELECT id FROM track_features WHERE track_id = ?1 AND kind = ?2 AND deleted_at IS NULL", "feature", track_id, kind, id, p)
                           : problem_set(p, LM_NOMEM, "no memory for a feature");

    if (!err)
        err = row_put(c, &track_features_table, id, row, p);
    json_decref(row);
    return err;
}

enum lm_err track_set_features(struct db_conn *c, const char *track_id, const json_t *features, const char *analyser, int analyser_version, struct problem *p)
{
    json_t *track = NULL;
    enum lm_err err = row_get(c, &tracks_table, track_id, &track, p);

    json_decref(track);
    for (const char *const *kind = track_feature_kinds; *kind && !err; kind++) {
        const json_t *data = json_object_get(features, *kind);
        if (data && !json_is_object(data))
            err = problem_set(p, LM_INVALID, "The analyser's %s are no object.", *kind);
        else if (data)
            err = put_feature(c, track_id, *kind, data, analyser, analyser_version, p);
    }
    return err;
}

/* A newer lumad on another machine may have stored more. */
static bool is_known(const char *kind)
{
    const char *const *k = track_feature_kinds;

    while (*k && strcmp(*k, kind))
        k++;
    return *k;
}

enum lm_err track_features(struct db_conn *c, const char *track_id, json_t **features, int64_t *version, struct problem *p)
{
    json_t *rows = NULL, *row;
    size_t i;
    enum lm_err err = row_all(c, &track_features_table, "track_id", track_id, &rows, p);

    *features = NULL;
    *version = 0;
    if (!err && !json_array_size(rows))
        err = problem_set(p, LM_NOT_FOUND, "Nothing was heard in track %.64s yet.", track_id);
    if (!err && !(*features = json_object()))
        err = problem_set(p, LM_NOMEM, "no memory for features");
    json_array_foreach(rows, i, row) {
        const char *kind = json_get_text(row, "kind", "");
        int64_t v = json_get_int(row, "version", 0);
        if (err || !is_known(kind))
            continue;
        json_object_set(*features, kind, json_object_get(row, "data"));
        if (v > *version) {
            *version = v;
            json_object_set(*features, "analyser", json_object_get(row, "analyser"));
            json_object_set(*features, "version", json_object_get(row, "analyser_version"));
        }
    }
    json_decref(rows);
    return err;
}
