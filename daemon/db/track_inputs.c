/* What results were made from. */
#include "db/track_inputs.h"

#include <string.h>

#include "core/json.h"
#include "db/private.h"

/* Its sound is on this machine. */
#define HERE " AND track_id IN (SELECT id FROM tracks WHERE deleted_at IS NULL AND file_path IS NOT NULL)"

static const struct {
    const char *step;
    const char *input, *result;         /* ?1: the track */
    const char *made_by;
    const char *outdated;               /* ?1: analyser, ?2: version */
    const char *there;                  /* FROM ... a track's id follows */
} results[] = {
    { "beats",
      "SELECT coalesce((SELECT version FROM track_beats WHERE track_id = ?1 AND source = 'corrected' AND deleted_at IS NULL),"
      " (SELECT max(version) FROM track_beats WHERE track_id = ?1))",
      "SELECT max(version) FROM track_beats WHERE track_id = ?1 AND source = 'analysed' AND deleted_at IS NULL",
      "SELECT analyser, analyser_version FROM track_beats WHERE track_id = ?1 AND deleted_at IS NULL ORDER BY source LIMIT 1",
      "SELECT DISTINCT track_id FROM track_beats WHERE source = 'analysed' AND analyser = ?1 AND analyser_version < ?2 AND deleted_at IS NULL" HERE,
      "track_beats x WHERE x.deleted_at IS NULL AND x.track_id = " },
    { "stems",
      "SELECT max(version) FROM track_stems WHERE track_id = ?1",
      "SELECT max(version) FROM track_stems WHERE track_id = ?1 AND deleted_at IS NULL",
      "SELECT analyser, analyser_version FROM track_stems WHERE track_id = ?1 AND deleted_at IS NULL AND file_path IS NOT NULL LIMIT 1",
      "SELECT DISTINCT track_id FROM track_stems WHERE analyser = ?1 AND analyser_version < ?2 AND deleted_at IS NULL" HERE,
      "track_stems x WHERE x.deleted_at IS NULL AND x.file_path IS NOT NULL AND x.track_id = " },
    { "roots",
      "SELECT max(version) FROM track_roots WHERE track_id = ?1",
      "SELECT max(version) FROM track_roots WHERE track_id = ?1 AND deleted_at IS NULL",
      "SELECT analyser, analyser_version FROM track_roots WHERE track_id = ?1 AND deleted_at IS NULL",
      "SELECT DISTINCT track_id FROM track_roots WHERE analyser = ?1 AND analyser_version < ?2 AND deleted_at IS NULL" HERE,
      "track_roots x WHERE x.deleted_at IS NULL AND x.track_id = " },
    { "features",
      "SELECT max(version) FROM track_features WHERE track_id = ?1",
      "SELECT max(version) FROM track_features WHERE track_id = ?1 AND deleted_at IS NULL",
      "SELECT analyser, analyser_version FROM track_features WHERE track_id = ?1 AND deleted_at IS NULL LIMIT 1",
      "SELECT DISTINCT track_id FROM track_features WHERE analyser = ?1 AND analyser_version < ?2 AND deleted_at IS NULL" HERE,
      "track_features x WHERE x.deleted_at IS NULL AND x.track_id = " },
    { "waveform",
      "SELECT max(version) FROM track_waveforms WHERE track_id = ?1",
      "SELECT max(version) FROM track_waveforms WHERE track_id = ?1 AND deleted_at IS NULL",
      "SELECT analyser, analyser_version FROM track_waveforms WHERE track_id = ?1 AND deleted_at IS NULL",
      "SELECT DISTINCT track_id FROM track_waveforms WHERE analyser = ?1 AND analyser_version < ?2 AND deleted_at IS NULL" HERE,
      "track_waveforms x WHERE x.deleted_at IS NULL AND x.track_id = " },
};
enum { RESULTS = sizeof(results) / sizeof(results[0]) };

/* The one number; 0: NULL, or no row. */
static int64_t number(struct db_conn *c, const char *sql, const char *track_id, const char *step)
{
    sqlite3_stmt *s = db_prepare(c, sql);

    if (!s)
        return 0;
    sqlite3_bind_text(s, 1, track_id, -1, SQLITE_STATIC);
    if (step)
        sqlite3_bind_text(s, 2, step, -1, SQLITE_STATIC);
    int64_t value = sqlite3_step(s) == SQLITE_ROW ? sqlite3_column_int64(s, 0) : 0;
    sqlite3_reset(s);
    return value;
}

int64_t track_input_version(struct db_conn *c, const char *track_id, const char *step)
{
    for (int i = 0; i < RESULTS; i++)
        if (!strcmp(results[i].step, step))
            return number(c, results[i].input, track_id, NULL);
    return 0;
}

int64_t track_result_version(struct db_conn *c, const char *track_id, const char *step)
{
    for (int i = 0; i < RESULTS; i++)
        if (!strcmp(results[i].step, step))
            return number(c, results[i].result, track_id, NULL);
    return 0;
}

const char *track_result_name(int i)
{
    return i >= 0 && i < RESULTS ? results[i].step : NULL;
}

const char *track_result_there(int i)
{
    return i >= 0 && i < RESULTS ? results[i].there : NULL;
}

bool track_result_made_by(struct db_conn *c, const char *track_id, const char *step, char analyser[64], int64_t *version)
{
    bool is_there = false;

    for (int i = 0; i < RESULTS; i++) {
        sqlite3_stmt *s = strcmp(results[i].step, step) ? NULL : db_prepare(c, results[i].made_by);
        if (!s)
            continue;
        sqlite3_bind_text(s, 1, track_id, -1, SQLITE_STATIC);
        if ((is_there = sqlite3_step(s) == SQLITE_ROW)) {
            const char *name = (const char *)sqlite3_column_text(s, 0);
            str_copy(analyser, 64, name ? name : "");
            *version = sqlite3_column_int64(s, 1);
        }
        sqlite3_reset(s);
    }
    return is_there;
}

int64_t track_made_from(struct db_conn *c, const char *track_id, const char *step)
{
    int64_t inputs = number(c, "SELECT inputs FROM analysis_inputs WHERE track_id = ?1 AND step = ?2", track_id, step);

    return inputs ? inputs : track_result_version(c, track_id, step);
}

enum lm_err track_set_made_from(struct db_conn *c, const char *track_id, const char *step, int64_t inputs, struct problem *p)
{
    sqlite3_stmt *s = db_prepare(c, "INSERT INTO analysis_inputs (track_id, step, inputs) VALUES (?1, ?2, ?3)"
                                    " ON CONFLICT (track_id, step) DO UPDATE SET inputs = excluded.inputs");

    if (!s)
        return problem_set(p, LM_INTERNAL, "what a result was made from cannot be written");
    sqlite3_bind_text(s, 1, track_id, -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 2, step, -1, SQLITE_STATIC);
    sqlite3_bind_int64(s, 3, inputs);
    int rc = sqlite3_step(s);
    sqlite3_reset(s);
    return db_error(c, rc, p);
}

bool track_of_result(struct db_conn *c, const char *table, const char *row_id, char track_id[UUID_SIZE])
{
    static const char *const sql[][2] = {
        { "track_beats", "SELECT track_id FROM track_beats WHERE id = ?1" },
        { "track_stems", "SELECT track_id FROM track_stems WHERE id = ?1" },
    };
    bool found = false;

    for (size_t i = 0; i < sizeof(sql) / sizeof(sql[0]); i++) {
        sqlite3_stmt *s = strcmp(table, sql[i][0]) ? NULL : db_prepare(c, sql[i][1]);
        if (!s)
            continue;
        sqlite3_bind_text(s, 1, row_id, -1, SQLITE_STATIC);
        if ((found = sqlite3_step(s) == SQLITE_ROW))
            str_copy(track_id, UUID_SIZE, (const char *)sqlite3_column_text(s, 0));
        sqlite3_reset(s);
    }
    return found;
}

/* --- many tracks --- */

static enum lm_err add_ids(struct db_conn *c, sqlite3_stmt *s, json_t *ids, struct problem *p)
{
    int rc;

    while ((rc = sqlite3_step(s)) == SQLITE_ROW)
        json_object_set_new(ids, (const char *)sqlite3_column_text(s, 0), json_true());
    sqlite3_reset(s);
    return rc == SQLITE_DONE ? LM_OK : db_error(c, rc, p);
}

enum lm_err tracks_outdated(struct db_conn *c, const char *step, const char *analyser, int version, json_t *ids, struct problem *p)
{
    for (int i = 0; i < RESULTS; i++) {
        if (strcmp(results[i].step, step))
            continue;
        sqlite3_stmt *s = db_prepare(c, results[i].outdated);
        if (!s)
            return problem_set(p, LM_INTERNAL, "the results cannot be read");
        sqlite3_bind_text(s, 1, analyser, -1, SQLITE_STATIC);
        sqlite3_bind_int(s, 2, version);
        return add_ids(c, s, ids, p);
    }
    return LM_OK;
}

enum lm_err tracks_with_newer_inputs(struct db_conn *c, json_t *ids, struct problem *p)
{
    sqlite3_stmt *s = db_prepare(c,
        "WITH made (track_id, at) AS ("
        " SELECT track_id, coalesce((SELECT inputs FROM analysis_inputs a WHERE a.track_id = r.track_id AND a.step = 'roots'), version)"
        " FROM track_roots r WHERE deleted_at IS NULL"
        " UNION ALL SELECT track_id, coalesce((SELECT inputs FROM analysis_inputs a WHERE a.track_id = f.track_id AND a.step = 'features'), max(version))"
        " FROM track_features f WHERE deleted_at IS NULL GROUP BY track_id)"
        "SELECT DISTINCT track_id FROM made WHERE at < max("
        " coalesce((SELECT max(version) FROM track_beats b WHERE b.track_id = made.track_id), 0),"
        " coalesce((SELECT max(version) FROM track_stems s WHERE s.track_id = made.track_id), 0))");

    return s ? add_ids(c, s, ids, p) : problem_set(p, LM_INTERNAL, "the results cannot be read");
}

enum lm_err tracks_all(struct db_conn *c, json_t **items, struct problem *p)
{
    sqlite3_stmt *s = db_prepare(c, "SELECT id, title FROM tracks WHERE deleted_at IS NULL AND file_path IS NOT NULL ORDER BY title COLLATE NOCASE, id");
    json_t *list = json_array();
    int rc;

    if (!s || !list) {
        json_decref(list);
        return problem_set(p, s ? LM_NOMEM : LM_INTERNAL, "the tracks cannot be read");
    }
    while ((rc = sqlite3_step(s)) == SQLITE_ROW)
        json_array_append_new(list, json_pack("{s:s, s:s}", "track_id", sqlite3_column_text(s, 0), "name", sqlite3_column_text(s, 1)));
    sqlite3_reset(s);
    if (rc != SQLITE_DONE) {
        json_decref(list);
        return db_error(c, rc, p);
    }
    *items = list;
    return LM_OK;
}
