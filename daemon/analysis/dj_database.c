/*
 * SQLite databases of other programs. A database that nobody writes to (no -wal beside it, or an empty one) is opened where it is, as immutable: SQLite then makes no lock,
 * no -shm and no -wal, also on a stick that is mounted read-only. With a -wal the newest rows may be there alone; both files are copied and the copy is read.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analysis/dj_private.h"
#include "core/clock.h"
#include "core/path.h"

enum { COPY_MAX_MB = 4096, STATEMENT_MS = 60000, OPS_A_LOOK = 10000, BUFFER = 1 << 18, TEXT_MAX_MB = 64 };

static enum lm_err copy_file(const char *from, const char *to, struct problem *p)
{
    struct stat st;
    char *buffer = malloc(BUFFER);
    int in = open(from, O_RDONLY | O_CLOEXEC | O_NONBLOCK), out = -1;
    enum lm_err err = LM_OK;
    ssize_t n = 0;

    if (!buffer)
        err = LM_NOMEM;
    else if (in < 0 || fstat(in, &st) || (out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) < 0)
        err = lm_err_from_errno(errno);
    else if (!S_ISREG(st.st_mode) || st.st_size > (off_t)COPY_MAX_MB << 20)
        err = LM_TOO_LARGE;
    for (off_t left = err ? 0 : st.st_size; !err && left > 0 && (n = read(in, buffer, left < BUFFER ? (size_t)left : BUFFER)) > 0; left -= n)
        if (write(out, buffer, (size_t)n) != n)
            err = errno ? lm_err_from_errno(errno) : LM_IO;
    if (!err && n < 0)
        err = LM_IO;
    if (in >= 0)
        close(in);
    if (out >= 0 && close(out) && !err)
        err = LM_IO;
    free(buffer);
    return err ? problem_set(p, err, "The database is in use and cannot be copied to be read: %s.", lm_err_text(err)) : LM_OK;
}

static void remove_copy(struct dj_database *d)
{
    static const char *const names[] = { "db", "db-wal", "db-shm" };
    char path[PATH_SIZE];

    if (!d->copy[0])
        return;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (!path_join(path, d->copy, names[i]))
            unlink(path);
    rmdir(d->copy);
    d->copy[0] = '\0';
}

/* file:PATH?immutable=1 with what has a meaning in it escaped. */
static void add_uri(struct str *s, const char *path)
{
    str_add(s, "file:");
    for (; *path; path++)
        if (strchr("%?#", *path))
            str_addf(s, "%%%02x", *path);
        else
            str_add_mem(s, path, 1);
}

static int look(void *ctx)
{
    const struct dj_database *d = ctx;

    return clock_mono_ns() / 1000000 > d->deadline_ms;
}

static enum lm_err said(struct dj_database *d, int rc, struct problem *p)
{
    if (rc == SQLITE_INTERRUPT)
        return problem_set(p, LM_INVALID, "The database takes longer than a minute to answer; it is damaged or made to be slow.");
    if (rc == SQLITE_NOMEM)
        return problem_set(p, LM_NOMEM, "No memory for a library");
    return problem_set(p, LM_INVALID, "The database cannot be read: %.200s.", d->db ? sqlite3_errmsg(d->db) : sqlite3_errstr(rc));
}

/* Nothing in the file may make SQLite do more than read tables. */
static enum lm_err set_limits(struct dj_database *d, struct problem *p)
{
    static const int flags[][2] = { { SQLITE_DBCONFIG_DEFENSIVE, 1 }, { SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0 }, { SQLITE_DBCONFIG_ENABLE_TRIGGER, 0 },
                                    { SQLITE_DBCONFIG_ENABLE_VIEW, 0 }, { SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0 } };
    int rc = SQLITE_OK;

    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
        sqlite3_db_config(d->db, flags[i][0], flags[i][1], NULL);
    sqlite3_limit(d->db, SQLITE_LIMIT_LENGTH, TEXT_MAX_MB << 20);
    sqlite3_limit(d->db, SQLITE_LIMIT_ATTACHED, 0);
    sqlite3_progress_handler(d->db, OPS_A_LOOK, look, d);
    d->deadline_ms = clock_mono_ns() / 1000000 + STATEMENT_MS;
    rc = sqlite3_exec(d->db, "PRAGMA cell_size_check = ON; PRAGMA query_only = ON; SELECT count(*) FROM sqlite_schema", NULL, NULL, NULL);
    return rc ? said(d, rc, p) : LM_OK;
}

enum lm_err dj_database_open(struct dj_database *d, const char *path, const char *temp_dir, struct problem *p)
{
    char wal[PATH_SIZE], copy[PATH_SIZE];
    struct str uri = { 0 };
    struct stat st;
    enum lm_err err = LM_OK;

    *d = (struct dj_database){ 0 };
    if (snprintf(wal, sizeof(wal), "%s-wal", path) >= (int)sizeof(wal))
        return problem_set(p, LM_INVALID, "The path is too long.");
    if (!stat(wal, &st) && st.st_size > 0) {
        if (path_make_dirs(temp_dir, 0700) || path_join(d->copy, temp_dir, IMPORT_TEMP_PREFIX "XXXXXX") || !mkdtemp(d->copy)) {
            d->copy[0] = '\0';
            return problem_set(p, LM_IO, "The database is in use, and there is no folder for a copy of it.");
        }
        err = path_join(copy, d->copy, "db");
        err = err ? err : copy_file(path, copy, p);
        err = err ? err : path_join(copy, d->copy, "db-wal");
        err = err ? err : copy_file(wal, copy, p);
        err = err ? err : path_join(copy, d->copy, "db");
        add_uri(&uri, copy);
    } else {
        add_uri(&uri, path);
        str_add(&uri, "?immutable=1");
    }
    if (!err && uri.failed)
        err = problem_set(p, LM_NOMEM, "No memory for a library");
    if (!err) {
        int flags = (d->copy[0] ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY) | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
        int rc = sqlite3_open_v2(uri.data, &d->db, flags, NULL);
        err = rc ? said(d, rc, p) : set_limits(d, p);
    }
    str_clear(&uri);
    if (err)
        dj_database_close(d);
    return err;
}

void dj_database_close(struct dj_database *d)
{
    sqlite3_close(d->db);
    d->db = NULL;
    remove_copy(d);
}

enum lm_err dj_database_prepare(struct dj_database *d, const char *sql, sqlite3_stmt **s, struct problem *p)
{
    d->deadline_ms = clock_mono_ns() / 1000000 + STATEMENT_MS;
    int rc = sqlite3_prepare_v2(d->db, sql, -1, s, NULL);

    return rc ? said(d, rc, p) : LM_OK;
}

enum lm_err dj_database_step(struct dj_database *d, sqlite3_stmt *s, bool *is_row, struct problem *p)
{
    int rc = sqlite3_step(s);

    *is_row = rc == SQLITE_ROW;
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? LM_OK : said(d, rc, p);
}

bool dj_database_has(struct dj_database *d, const char *table, const char *column)
{
    sqlite3_stmt *s = NULL;
    bool is_there = false;

    if (sqlite3_prepare_v2(d->db, "SELECT 1 FROM pragma_table_info(?1) WHERE ?2 IS NULL OR name = ?2 COLLATE NOCASE", -1, &s, NULL))
        return false;
    sqlite3_bind_text(s, 1, table, -1, SQLITE_STATIC);
    if (column)
        sqlite3_bind_text(s, 2, column, -1, SQLITE_STATIC);
    is_there = sqlite3_step(s) == SQLITE_ROW;
    sqlite3_finalize(s);
    return is_there;
}
