#include <string.h>

#include "core/json.h"
#include "db/columns.h"

enum lm_err track_grids(struct db_conn *c, const char *track_id, json_t **analysed, json_t **corrected, int64_t *version, struct problem *p)
{
    /* Deleted rows count: a version that was, is never again. */
    sqlite3_stmt *s = db_prepare(c, "SELECT COALESCE(SUM(version), 0) FROM track_beats WHERE track_id = ?1");
    json_t *rows = NULL, *row;
    size_t i;

    *analysed = *corrected = NULL;
    if (!s)
        return problem_set(p, LM_INTERNAL, "the beats cannot be read");
    sqlite3_bind_text(s, 1, track_id, -1, SQLITE_STATIC);
    int rc = sqlite3_step(s);
    *version = rc == SQLITE_ROW ? sqlite3_column_int64(s, 0) : 0;
    sqlite3_reset(s);
    if (rc != SQLITE_ROW)
        return db_error(c, rc, p);
    enum lm_err err = row_all(c, &track_beats_table, "track_id", track_id, &rows, p);
    json_array_foreach (rows, i, row) {
        json_t **to = strcmp(json_get_text(row, "source", ""), "corrected") ? analysed : corrected;
        if (!*to)
            *to = json_incref(row);
    }
    json_decref(rows);
    return err;
}
