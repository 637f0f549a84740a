#include <string.h>

#include "core/json.h"
#include "db/columns.h"

bool track_has_size(struct db_conn *c, int64_t bytes)
{
    sqlite3_stmt *s = db_prepare(c, "SELECT 1 FROM tracks WHERE size_bytes = ?1 AND deleted_at IS NULL LIMIT 1");

    if (!s)
        return false;
    sqlite3_bind_int64(s, 1, bytes);
    bool is_there = sqlite3_step(s) == SQLITE_ROW;
    sqlite3_reset(s);
    return is_there;
}

enum lm_err track_match(struct db_conn *c, const char *filename, double seconds, double within, char id[UUID_SIZE], struct problem *p)
{
    sqlite3_stmt *s = db_prepare(c, "SELECT id FROM tracks WHERE filename = ?1 COLLATE NOCASE AND (?2 <= 0 OR abs(duration_seconds - ?2) <= ?3) AND deleted_at IS NULL LIMIT 2");
    enum lm_err err = LM_OK;

    if (!s)
        return problem_set(p, LM_INTERNAL, "the tracks cannot be read");
    sqlite3_bind_text(s, 1, filename, -1, SQLITE_STATIC);
    sqlite3_bind_double(s, 2, seconds);
    sqlite3_bind_double(s, 3, within);
    int rc = sqlite3_step(s);
    if (rc == SQLITE_ROW) {
        str_copy(id, UUID_SIZE, (const char *)sqlite3_column_text(s, 0));
        rc = sqlite3_step(s);
        if (rc == SQLITE_ROW)
            err = problem_set(p, LM_CONFLICT, "Several tracks of the library have this name and length.");
    } else if (rc == SQLITE_DONE) {
        err = problem_set(p, LM_NOT_FOUND, "No track of the library has this name and length.");
    }
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        err = db_error(c, rc, p);
    sqlite3_reset(s);
    return err;
}
