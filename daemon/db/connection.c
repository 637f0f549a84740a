#include <errno.h>
#include <limits.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

#include "core/clock.h"
#include "core/log.h"
#include "db/private.h"

/*
 * SQLite's own file functions, but the time is core/clock's: triggers stamp rows with 'now', and a test that sets the clock
 * means that one too. Copying the default VFS is allowed: what it needs hangs on its pAppData.
 */
static sqlite3_vfs vfs;
static pthread_once_t library_once = PTHREAD_ONCE_INIT;
static locale_t utf8;                           /* both for the life of the process */

static int vfs_now_ms(sqlite3_vfs *v, sqlite3_int64 *now)
{
    (void)v;
    *now = 210866760000000 + clock_wall_ms();   /* ms from the Julian epoch to Unix's */
    return SQLITE_OK;
}

static int vfs_now(sqlite3_vfs *v, double *now)
{
    sqlite3_int64 ms;

    vfs_now_ms(v, &ms);
    *now = (double)ms / 86400000.0;
    return SQLITE_OK;
}

static void sqlite_log(void *ctx, int code, const char *text)
{
    (void)ctx;
    if (code == SQLITE_NOTICE_RECOVER_WAL)
        log_info("db", "%s", text);
    else if (code == SQLITE_SCHEMA || (code & 0xff) == SQLITE_CONSTRAINT)
        return;                                 /* normal life; whoever asked is told */
    else
        log_debug("db", "sqlite %d: %s", code, text);
}

static void library_init(void)
{
    utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    sqlite3_config(SQLITE_CONFIG_LOG, sqlite_log, NULL);
    sqlite3_initialize();
    vfs = *sqlite3_vfs_find(NULL);
    vfs.pNext = NULL;
    vfs.zName = "lumad";
    vfs.xCurrentTime = vfs_now;
    vfs.xCurrentTimeInt64 = vfs_now_ms;
    sqlite3_vfs_register(&vfs, 0);
}

/* lm_fold(text): lower case in any alphabet, for searching. LIKE knows ASCII only. */
static void sql_fold(sqlite3_context *x, int n, sqlite3_value **v)
{
    const char *in = (const char *)sqlite3_value_text(v[0]);
    struct str out = { 0 };
    wchar_t wide;
    char narrow[MB_LEN_MAX];

    (void)n;
    if (!in) {
        sqlite3_result_null(x);
        return;
    }
    locale_t before = utf8 ? uselocale(utf8) : (locale_t)0;

    for (int step; *in; in += step) {
        mbstate_t from = { 0 }, to = { 0 };
        size_t got = (unsigned char)*in < 0x80 ? 1 : mbrtowc(&wide, in, strlen(in), &from);
        step = got > 0 && got < (size_t)-2 ? (int)got : 1;
        if (step == 1) {
            narrow[0] = *in >= 'A' && *in <= 'Z' ? (char)(*in + 32) : *in;
            str_add_mem(&out, narrow, 1);
            continue;
        }
        size_t put = wcrtomb(narrow, (wchar_t)towlower((wint_t)wide), &to);
        if (put == (size_t)-1)
            str_add_mem(&out, in, (size_t)step);
        else
            str_add_mem(&out, narrow, put);
    }
    if (before)
        uselocale(before);
    if (out.failed)
        sqlite3_result_error_nomem(x);
    else
        sqlite3_result_text(x, out.data ? out.data : "", (int)out.len, SQLITE_TRANSIENT);
    str_clear(&out);
}

/* A time out of a reader of a WAL database is rare (a checkpoint's last step); five seconds are for other programs' locks. */
static const char *const settings[] = {
    [CONN_WRITER] = ("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY; PRAGMA recursive_triggers = OFF;"
                     "PRAGMA cache_size = -4096; PRAGMA journal_size_limit = 67108864;"),
    [CONN_READER] = "PRAGMA query_only = ON; PRAGMA cache_size = -1024; PRAGMA temp_store = MEMORY;",
    [CONN_STATE]  = "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON; PRAGMA cache_size = -256;",
};

enum lm_err conn_open(const char *path, enum conn_kind kind, struct db_conn **result, struct problem *p)
{
    struct db_conn *c = calloc(1, sizeof(*c));
    enum lm_err err;

    if (!c)
        return problem_set(p, LM_NOMEM, "no memory for a connection to %s", path);
    pthread_once(&library_once, library_init);
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | (kind == CONN_READER ? 0 : SQLITE_OPEN_CREATE);
    int rc = sqlite3_open_v2(path, &c->h, flags, "lumad");
    if (rc) {
        err = problem_set(p, LM_IO, "%s cannot be opened: %s", path, c->h ? sqlite3_errmsg(c->h) : sqlite3_errstr(rc));
        goto failed;
    }
    sqlite3_busy_timeout(c->h, 5000);
    sqlite3_db_config(c->h, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(c->h, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    if (sqlite3_create_function(c->h, "lm_fold", 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL, sql_fold, NULL, NULL)) {
        err = problem_set(p, LM_NOMEM, "no memory for a connection to %s", path);
        goto failed;
    }
    /* A writer's settings write to the file: its caller looks first whether the file is one of ours. */
    if (kind != CONN_WRITER && (err = conn_exec(c, settings[kind], p)))
        goto failed;
    *result = c;
    return LM_OK;
failed:
    conn_close(c);
    return err;
}

enum lm_err conn_make_writer(struct db_conn *c, struct problem *p)
{
    return conn_exec(c, settings[CONN_WRITER], p);
}

void conn_close(struct db_conn *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < c->n_statements; i++)
        sqlite3_finalize(c->statements[i].stmt);
    sqlite3_close_v2(c->h);
    free(c);
}

void conn_reset(struct db_conn *c)
{
    for (sqlite3_stmt *s = NULL; (s = sqlite3_next_stmt(c->h, s));)
        if (sqlite3_stmt_busy(s))
            sqlite3_reset(s);
}

enum lm_err conn_exec(struct db_conn *c, const char *sql, struct problem *p)
{
    int rc = sqlite3_exec(c->h, sql, NULL, NULL, NULL);

    return rc ? db_error(c, rc, p) : LM_OK;
}

int64_t conn_int(struct db_conn *c, const char *sql, int64_t def)
{
    sqlite3_stmt *s = NULL;
    int64_t value = def;

    if (!sqlite3_prepare_v2(c->h, sql, -1, &s, NULL) && sqlite3_step(s) == SQLITE_ROW)
        value = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    return value;
}

sqlite3 *db_handle(struct db_conn *c)
{
    return c->h;
}

static uint64_t hash_text(const char *s)
{
    uint64_t h = 0xcbf29ce484222325;            /* FNV-1a */

    for (; *s; s++)
        h = (h ^ (unsigned char)*s) * 0x100000001b3;
    return h;
}

/* A free place, else that of the statement nobody used for the longest time; whoever holds one has just asked for it. */
static struct statement *place(struct db_conn *c)
{
    struct statement *oldest = &c->statements[0];

    if (c->n_statements < STATEMENTS_KEPT)
        return &c->statements[c->n_statements++];
    for (size_t i = 1; i < c->n_statements; i++)
        if (c->statements[i].used < oldest->used)
            oldest = &c->statements[i];
    sqlite3_finalize(oldest->stmt);
    return oldest;
}

sqlite3_stmt *db_prepare(struct db_conn *c, const char *sql)
{
    uint64_t hash = hash_text(sql);
    sqlite3_stmt *s;

    for (size_t i = 0; i < c->n_statements; i++) {
        s = c->statements[i].stmt;
        if (c->statements[i].hash == hash && !strcmp(sqlite3_sql(s), sql)) {
            c->statements[i].used = ++c->calls;
            sqlite3_reset(s);
            sqlite3_clear_bindings(s);
            return s;
        }
    }
    if (sqlite3_prepare_v3(c->h, sql, -1, SQLITE_PREPARE_PERSISTENT, &s, NULL)) {
        log_error("db", "%s: %s", sqlite3_errmsg(c->h), sql);
        return NULL;
    }
    *place(c) = (struct statement){ .hash = hash, .used = ++c->calls, .stmt = s };
    return s;
}

/* A CHECK is named "<column>: <what a person is told>" (migrations). */
static enum lm_err check_failed(const char *message, struct problem *p)
{
    static const char lead[] = "CHECK constraint failed: ";
    const char *name = str_starts(message, lead) ? message + sizeof(lead) - 1 : message;
    const char *colon = strstr(name, ": ");
    char path[PROBLEM_PATH];

    if (!colon)
        return problem_set(p, LM_INVALID, "%s", name);
    snprintf(path, sizeof(path), "/%.*s", (int)(colon - name), name);
    problem_add(p, path, "%s", colon + 2);
    return LM_INVALID;
}

enum lm_err db_error(struct db_conn *c, int rc, struct problem *p)
{
    static const struct { int rc; enum lm_err err; const char *text; } kinds[] = {
        { SQLITE_CONSTRAINT, LM_CONFLICT,   "in conflict with what is stored" },
        { SQLITE_FULL,       LM_FULL,       "no space left for the database" },
        { SQLITE_BUSY,       LM_BUSY,       "the database is in use by another program" },
        { SQLITE_LOCKED,     LM_BUSY,       "the database is in use" },
        { SQLITE_NOMEM,      LM_NOMEM,      "out of memory" },
        { SQLITE_TOOBIG,     LM_TOO_LARGE,  "too large for the database" },
        { SQLITE_CORRUPT,    LM_IO,         "the database is damaged" },
        { SQLITE_NOTADB,     LM_IO,         "the file is no database" },
        { SQLITE_READONLY,   LM_IO,         "the database cannot be written" },
        { SQLITE_IOERR,      LM_IO,         "the database cannot be read or written" },
        { SQLITE_CANTOPEN,   LM_IO,         "the database cannot be opened" },
    };
    const char *message = sqlite3_errmsg(c->h);

    if (rc == SQLITE_OK || rc == SQLITE_ROW || rc == SQLITE_DONE)
        return LM_OK;
    if (rc == SQLITE_CONSTRAINT_CHECK)
        return check_failed(message, p);
    /* The index of the log grows for want of nothing but room, and SQLite keeps no errno of it. */
    if (rc == SQLITE_IOERR_SHMSIZE || (rc == SQLITE_IOERR_WRITE && sqlite3_system_errno(c->h) == ENOSPC))
        rc = SQLITE_FULL;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        if (kinds[i].rc != (rc & 0xff))
            continue;
        if (kinds[i].err == LM_IO || kinds[i].err == LM_FULL)
            log_error("db", "%s: %s (%d)", kinds[i].text, message, rc);
        return problem_set(p, kinds[i].err, "%s: %s", kinds[i].text, message);
    }
    log_error("db", "%s (%d)", message, rc);
    return problem_set(p, LM_INTERNAL, "the database said: %s", message);
}
