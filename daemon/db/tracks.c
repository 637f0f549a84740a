#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "db/columns.h"

static enum lm_err one_id(struct db_conn *c, const char *sql, const char *key, char id[UUID_SIZE], struct problem *p)
{
    sqlite3_stmt *s = db_prepare(c, sql);

    if (!s)
        return problem_set(p, LM_INTERNAL, "the tracks cannot be read");
    sqlite3_bind_text(s, 1, key, -1, SQLITE_STATIC);
    int rc = sqlite3_step(s);
    if (rc == SQLITE_ROW)
        str_copy(id, UUID_SIZE, (const char *)sqlite3_column_text(s, 0));
    sqlite3_reset(s);
    return rc == SQLITE_ROW ? LM_OK : rc == SQLITE_DONE ? LM_NOT_FOUND : db_error(c, rc, p);
}

enum lm_err track_row_id(struct db_conn *c, const char *sql, const char *space, const char *track_id, const char *name, char id[UUID_SIZE], struct problem *p)
{
    sqlite3_stmt *s = db_prepare(c, sql);
    char key[2 * UUID_SIZE];

    if (!s)
        return problem_set(p, LM_INTERNAL, "what is stored of the track cannot be read");
    sqlite3_bind_text(s, 1, track_id, -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 2, name, -1, SQLITE_STATIC);
    int rc = sqlite3_step(s);
    if (rc == SQLITE_ROW) {
        str_copy(id, UUID_SIZE, (const char *)sqlite3_column_text(s, 0));
    } else {
        snprintf(key, sizeof(key), "%s/%.16s", track_id, name);
        uuid_from_key(space, key, id);
    }
    sqlite3_reset(s);
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? LM_OK : db_error(c, rc, p);
}

enum lm_err track_by_hash(struct db_conn *c, const char *hash, json_t **row, struct problem *p)
{
    char id[UUID_SIZE];
    enum lm_err err = one_id(c, "SELECT id FROM tracks WHERE track_hash = ?1 AND deleted_at IS NULL", hash, id, p);

    *row = NULL;
    if (err == LM_NOT_FOUND)
        return problem_set(p, err, "There is no track with the hash %.64s.", hash);
    return err ? err : row_get(c, &tracks_table, id, row, p);
}

enum lm_err track_beats(struct db_conn *c, const char *track_id, json_t **beats, struct problem *p)
{
    static const char *const members[] = { "beats", "downbeats", "bpm", "beats_per_bar", "confidence", NULL };
    char id[UUID_SIZE];
    json_t *row;
    enum lm_err err = one_id(c, "SELECT id FROM track_beats WHERE track_id = ?1 AND deleted_at IS NULL ORDER BY source <> 'corrected' LIMIT 1",
                             track_id, id, p);

    *beats = NULL;
    if (err == LM_NOT_FOUND)
        return problem_set(p, err, "There are no beats of track %.64s yet.", track_id);
    if (err || (err = row_get(c, &track_beats_table, id, &row, p)))
        return err;
    if ((*beats = json_object())) {
        for (const char *const *m = members; *m; m++)
            json_object_set(*beats, *m, json_object_get(row, *m));
        json_object_set_new(*beats, "corrected", json_bool(!strcmp(json_get_text(row, "source", ""), "corrected")));
    } else {
        err = problem_set(p, LM_NOMEM, "no memory for beats");
    }
    json_decref(row);
    return err;
}

/* Finite, not negative, each later than the one before. */
static enum lm_err check_times(const json_t *times, const char *name, struct problem *p)
{
    char path[PROBLEM_PATH];
    double before = -1;
    json_t *v;
    size_t i;

    snprintf(path, sizeof(path), "/%s", name);
    if (times && !json_is_array(times)) {
        problem_add(p, path, "must be an array of seconds");
        return LM_INVALID;
    }
    json_array_foreach((json_t *)times, i, v) {
        double t = json_is_number(v) ? json_number_value(v) : NAN;
        if (t >= 0 && t <= SECONDS_MAX && t > before) {
            before = t;
            continue;
        }
        snprintf(path, sizeof(path), "/%s/%zu", name, i);
        problem_add(p, path, t >= 0 && t <= SECONDS_MAX ? "must be later than the one before" : "must be a number of seconds, 0 or more");
        return LM_INVALID;
    }
    return LM_OK;
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Of the median interval: what a corrected grid that does not say its tempo has. null without two beats. */
static json_t *tempo_of(const json_t *beats)
{
    size_t n = json_array_size(beats);
    double *gaps = n > 1 ? malloc((n - 1) * sizeof(*gaps)) : NULL;

    if (!gaps)
        return json_null();
    for (size_t i = 0; i + 1 < n; i++)
        gaps[i] = json_number_value(json_array_get(beats, i + 1)) - json_number_value(json_array_get(beats, i));
    qsort(gaps, n - 1, sizeof(*gaps), compare_doubles);
    double bpm = 60 / gaps[(n - 1) / 2];
    free(gaps);
    return bpm >= 1 && bpm <= 999 ? json_real(bpm) : json_null();
}

/* The tempo shown in lists is that of the grid that wins; without one there is none. */
static enum lm_err update_tempo(struct db_conn *c, const char *track_id, struct problem *p)
{
    json_t *beats = NULL, *members;
    enum lm_err err = track_beats(c, track_id, &beats, p);

    if (err == LM_NOT_FOUND)
        problem_clear(p);
    else if (err)
        return err;
    members = beats ? json_pack("{s:O}", "bpm", json_object_get(beats, "bpm")) : json_pack("{s:n}", "bpm");
    err = members ? row_put(c, &tracks_table, track_id, members, p) : problem_set(p, LM_NOMEM, "no memory for a track");
    json_decref(members);
    json_decref(beats);
    return err;
}

static enum lm_err put_beats(struct db_conn *c, const char *track_id, const char *id, const json_t *beats, bool corrected, const char *analyser,
                             int analyser_version, struct problem *p)
{
    static const char *const optional[] = { "downbeats", "bpm", "beats_per_bar", "confidence", "tempo_curve", NULL };
    json_t *list = json_object_get(beats, "beats");
    json_t *row = json_pack("{s:s,s:s,s:s,s:i}", "track_id", track_id, "source", corrected ? "corrected" : "analysed",
                            "analyser", analyser ? analyser : "", "analyser_version", analyser_version);
    if (!row)
        return problem_set(p, LM_NOMEM, "no memory for beats");
    json_object_set(row, "beats", list);
    for (const char *const *m = optional; *m; m++)
        if (json_object_get(beats, *m))
            json_object_set(row, *m, json_object_get(beats, *m));
    if (!json_object_get(row, "downbeats"))
        json_object_set_new(row, "downbeats", json_array());
    if (!json_object_get(row, "bpm"))
        json_object_set_new(row, "bpm", tempo_of(list));
    enum lm_err err = row_put(c, &track_beats_table, id, row, p);
    json_decref(row);
    return err;
}

enum lm_err track_set_beats(struct db_conn *c, const char *track_id, const json_t *beats, bool corrected, const char *analyser, int analyser_version,
                            struct problem *p)
{
    static const char *const known[] = { "beats", "downbeats", "bpm", "beats_per_bar", "confidence", "tempo_curve", "corrected", NULL };
    char key[2 * UUID_SIZE], id[UUID_SIZE];
    json_t *track;
    enum lm_err err = row_get(c, &tracks_table, track_id, &track, p);

    if (err)
        return err;
    json_decref(track);
    snprintf(key, sizeof(key), "%s/%s", track_id, corrected ? "corrected" : "analysed");
    uuid_from_key("beats", key, id);
    if (json_is_null(beats)) {
        err = row_delete(c, &track_beats_table, id, -1, NULL, p);
        return err ? err : update_tempo(c, track_id, p);
    }
    if ((err = json_only(beats, known, p)))
        return err;
    if (!json_object_get(beats, "beats")) {
        problem_add(p, "/beats", "is required");
        return LM_INVALID;
    }
    if (!(err = check_times(json_object_get(beats, "beats"), "beats", p)) &&
        !(err = check_times(json_object_get(beats, "downbeats"), "downbeats", p)) &&
        !(err = put_beats(c, track_id, id, beats, corrected, analyser, analyser_version, p)))
        err = update_tempo(c, track_id, p);
    return err;
}

static enum lm_err copy_blob(sqlite3_stmt *s, int column, void **data, size_t *n, struct problem *p)
{
    const void *blob = sqlite3_column_blob(s, column);

    *n = (size_t)sqlite3_column_bytes(s, column);
    if (!(*data = malloc(*n ? *n : 1)))
        return problem_set(p, LM_NOMEM, "no memory for what is known of a track");
    memcpy(*data, *n ? blob : "", *n);
    return LM_OK;
}

enum lm_err track_waveform(struct db_conn *c, const char *track_id, const char *level, void **data, size_t *n, struct problem *p)
{
    static const struct { const char *level, *sql; } levels[] = {
        { "preview", "SELECT preview FROM track_waveforms WHERE track_id = ?1 AND deleted_at IS NULL AND preview IS NOT NULL" },
        { "full",    "SELECT detail FROM track_waveforms WHERE track_id = ?1 AND deleted_at IS NULL AND detail IS NOT NULL" },
    };
    size_t i = 0;

    while (i < 2 && strcmp(levels[i].level, level))
        i++;
    if (i == 2)
        return problem_set(p, LM_INVALID, "A waveform has the levels preview and full.");
    sqlite3_stmt *s = db_prepare(c, levels[i].sql);
    if (!s)
        return problem_set(p, LM_INTERNAL, "the waveform cannot be read");
    sqlite3_bind_text(s, 1, track_id, -1, SQLITE_STATIC);
    int rc = sqlite3_step(s);
    enum lm_err err = rc == SQLITE_ROW ? LM_OK : rc == SQLITE_DONE ? problem_set(p, LM_NOT_FOUND, "There is no waveform of track %.64s yet.", track_id)
                                                                   : db_error(c, rc, p);
    if (!err)
        err = copy_blob(s, 0, data, n, p);
    sqlite3_reset(s);
    return err;
}

enum lm_err track_set_waveform(struct db_conn *c, const char *track_id, const void *preview, size_t preview_n, const void *full, size_t full_n,
                               struct problem *p)
{
    char id[UUID_SIZE];
    json_t *members = json_pack("{s:s}", "track_id", track_id), *track;
    enum lm_err err = members ? row_get(c, &tracks_table, track_id, &track, p) : problem_set(p, LM_NOMEM, "no memory for a waveform");

    if (!err) {
        json_decref(track);
        uuid_from_key("waveform", track_id, id);
        err = row_put(c, &track_waveforms_table, id, members, p);
    }
    json_decref(members);
    if (err)
        return err;
    sqlite3_stmt *s = db_prepare(c, "UPDATE track_waveforms SET preview = ?2, detail = ?3 WHERE id = ?1");
    if (!s)
        return problem_set(p, LM_INTERNAL, "the waveform cannot be written");
    sqlite3_bind_text(s, 1, id, -1, SQLITE_STATIC);
    sqlite3_bind_blob64(s, 2, preview, preview_n, SQLITE_STATIC);
    sqlite3_bind_blob64(s, 3, full, full_n, SQLITE_STATIC);
    int rc = sqlite3_step(s);
    sqlite3_reset(s);
    sqlite3_clear_bindings(s);
    return db_error(c, rc, p);
}

enum lm_err track_key(struct db_conn *c, const char *track_id, char key[64], struct problem *p)
{
    sqlite3_stmt *s = db_prepare(c, "SELECT key FROM track_roots WHERE track_id = ?1 AND deleted_at IS NULL");

    key[0] = '\0';
    if (!s)
        return problem_set(p, LM_INTERNAL, "the key cannot be read");
    sqlite3_bind_text(s, 1, track_id, -1, SQLITE_STATIC);
    int rc = sqlite3_step(s);
    if (rc == SQLITE_ROW && sqlite3_column_text(s, 0))
        str_copy(key, 64, (const char *)sqlite3_column_text(s, 0));
    sqlite3_reset(s);
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? LM_OK : db_error(c, rc, p);
}

enum lm_err track_file(struct db_conn *c, const char *track_id, char **path, struct problem *p)
{
    sqlite3_stmt *s = db_prepare(c, "SELECT file_path FROM tracks WHERE id = ?1 AND deleted_at IS NULL");
    enum lm_err err = LM_OK;

    *path = NULL;
    if (!s)
        return problem_set(p, LM_INTERNAL, "the tracks cannot be read");
    sqlite3_bind_text(s, 1, track_id, -1, SQLITE_STATIC);
    int rc = sqlite3_step(s);
    if (rc == SQLITE_DONE)
        err = row_not_found(&tracks_table, track_id, p);
    else if (rc != SQLITE_ROW)
        err = db_error(c, rc, p);
    else if (sqlite3_column_type(s, 0) == SQLITE_NULL)
        err = problem_set(p, LM_NOT_FOUND, "The audio of this track is not on this machine.");
    else if (!(*path = strdup((const char *)sqlite3_column_text(s, 0))))
        err = problem_set(p, LM_NOMEM, "no memory for a path");
    sqlite3_reset(s);
    return err;
}
