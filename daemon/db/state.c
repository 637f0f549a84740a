#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/log.h"
#include "db/accounts.h"
#include "db/private.h"

struct state {
    pthread_mutex_t lock;
    struct db_conn *c;
};

/* SQLite gives its -wal and -shm the permissions of the file itself. */
static enum lm_err make_private(const char *path, struct problem *p)
{
    struct stat st;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0)
        return problem_set(p, lm_err_from_errno(errno), "%s: %s", path, strerror(errno));
    enum lm_err err = fstat(fd, &st) ? LM_IO : LM_OK;
    if (!err && (st.st_mode & 077)) {
        log_warn("db", "%s could be read by others; it holds secrets and is closed to them now", path);
        err = fchmod(fd, 0600) ? lm_err_from_errno(errno) : LM_OK;
    }
    if (err)
        problem_set(p, err, "%s: permissions cannot be set", path);
    close(fd);
    return err;
}

static enum lm_err open_once(const char *path, const char *migrations, struct db_conn **c, struct problem *p)
{
    int64_t version;
    enum lm_err err = make_private(path, p);

    if (!err)
        err = conn_open(path, CONN_STATE, c, p);
    if (!err)
        err = migrate_check(*c, path, migrations, "state_", p);
    if (!err)
        err = migrate_run(*c, path, migrations, "state_", &version, p);
    if (err)
        conn_close(*c), *c = NULL;
    return err;
}

static int not_ok(void *bad, int n, char **texts, char **names)
{
    (void)names;
    *(bool *)bad = n != 1 || !texts[0] || strcmp(texts[0], "ok");
    return 0;
}

/* The file itself, and not its surroundings: with a full disk, no descriptor left or no migrations it cannot be opened either, and is as good as ever. */
static bool is_damaged(const char *path)
{
    sqlite3 *h = NULL;
    bool bad = false;
    int rc = sqlite3_open_v2(path, &h, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);

    if (!rc)
        rc = sqlite3_exec(h, "PRAGMA quick_check(1)", not_ok, &bad, NULL);
    sqlite3_close(h);
    return bad || (rc & 0xff) == SQLITE_CORRUPT || (rc & 0xff) == SQLITE_NOTADB || rc == SQLITE_IOERR_READ || rc == SQLITE_IOERR_SHORT_READ;
}

static struct state *wrap(struct db_conn *c)
{
    struct state *s = calloc(1, sizeof(*s));

    if (s) {
        s->c = c;
        pthread_mutex_init(&s->lock, NULL);
    }
    return s;
}

/* Nothing is set aside here: the file may be another's that runs. */
enum lm_err accounts_open(const char *path, const char *migrations, struct state **result, struct problem *p)
{
    struct db_conn *c = NULL;

    if (access(path, F_OK))
        return problem_set(p, LM_NOT_FOUND, "there is no %s: lumad has never run with this data directory", path);
    enum lm_err err = open_once(path, migrations, &c, p);
    if (!err && !(*result = wrap(c))) {
        conn_close(c);
        err = problem_set(p, LM_NOMEM, "no memory for the state");
    }
    return err;
}

void accounts_close(struct state *s)
{
    state_close(s);
}

enum lm_err state_open(const char *path, const char *migrations, struct state **result, struct problem *p)
{
    struct state *s = calloc(1, sizeof(*s));
    char aside[PATH_SIZE], log[PATH_SIZE];
    enum lm_err err;

    if (!s)
        return problem_set(p, LM_NOMEM, "no memory for the state");
    err = open_once(path, migrations, &s->c, p);
    if (err == LM_IO && is_damaged(path) && snprintf(aside, sizeof(aside), "%s.damaged", path) < (int)sizeof(aside)) {
        /* Sign-ins and the last position are lost then; the show is not, and it must start with nobody there. */
        log_error("db", "%s is damaged: set aside as %s, a new one is made", path, aside);
        if (!rename(path, aside)) {
            for (const char *const *end = (const char *const[]){ "-wal", "-shm", NULL }; *end; end++)
                if (snprintf(log, sizeof(log), "%s%s", path, *end) < (int)sizeof(log))
                    unlink(log);                /* else it would be replayed into the new one */
            problem_clear(p);
            err = open_once(path, migrations, &s->c, p);
        }
    }
    if (err) {
        free(s);
        return err;
    }
    pthread_mutex_init(&s->lock, NULL);
    *result = s;
    return LM_OK;
}

void state_close(struct state *s)
{
    if (!s)
        return;
    conn_close(s->c);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

static int put(struct db_conn *c, const char *key, const char *value)
{
    sqlite3_stmt *q = db_prepare(c, value ? "INSERT INTO state (key, value, updated_at) VALUES (?1, ?2, ?3) "
                                            "ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at"
                                          : "DELETE FROM state WHERE key = ?1");
    if (!q)
        return SQLITE_ERROR;
    sqlite3_bind_text(q, 1, key, -1, SQLITE_STATIC);
    if (value) {
        sqlite3_bind_text(q, 2, value, -1, SQLITE_STATIC);
        sqlite3_bind_int64(q, 3, clock_wall_ms());
    }
    int rc = sqlite3_step(q);
    sqlite3_reset(q);
    return rc;
}

enum lm_err state_set(struct state *s, const char *key, const char *value, bool durable)
{
    pthread_mutex_lock(&s->lock);
    if (durable)
        conn_exec(s->c, "PRAGMA synchronous = FULL", NULL);
    enum lm_err err = db_error(s->c, put(s->c, key, value), NULL);
    if (durable)
        conn_exec(s->c, "PRAGMA synchronous = NORMAL", NULL);
    pthread_mutex_unlock(&s->lock);
    return err;
}

enum lm_err state_get(struct state *s, const char *key, char **value)
{
    enum lm_err err = LM_NOT_FOUND;

    pthread_mutex_lock(&s->lock);
    sqlite3_stmt *q = db_prepare(s->c, "SELECT value FROM state WHERE key = ?1");
    if (q) {
        sqlite3_bind_text(q, 1, key, -1, SQLITE_STATIC);
        int rc = sqlite3_step(q);
        if (rc == SQLITE_ROW)
            err = (*value = strdup((const char *)sqlite3_column_text(q, 0))) ? LM_OK : LM_NOMEM;
        else if (rc != SQLITE_DONE)
            err = db_error(s->c, rc, NULL);
        sqlite3_reset(q);
    } else {
        err = LM_INTERNAL;
    }
    pthread_mutex_unlock(&s->lock);
    return err;
}

enum lm_err state_read(struct state *s, enum lm_err (*fn)(struct db_conn *c, void *arg, struct problem *p), void *arg, struct problem *p)
{
    pthread_mutex_lock(&s->lock);
    enum lm_err err = fn(s->c, arg, p);
    conn_reset(s->c);
    pthread_mutex_unlock(&s->lock);
    return err;
}

enum lm_err state_write(struct state *s, enum lm_err (*fn)(struct db_conn *c, void *arg, struct problem *p), void *arg, struct problem *p)
{
    pthread_mutex_lock(&s->lock);
    conn_exec(s->c, "PRAGMA synchronous = FULL", NULL);
    enum lm_err err = conn_exec(s->c, "BEGIN IMMEDIATE", p);
    if (!err) {
        err = fn(s->c, arg, p);
        conn_reset(s->c);
        if (!err)
            err = conn_exec(s->c, "COMMIT", p);
        if (err && !sqlite3_get_autocommit(s->c->h))
            conn_exec(s->c, "ROLLBACK", NULL);
    }
    conn_exec(s->c, "PRAGMA synchronous = NORMAL", NULL);
    pthread_mutex_unlock(&s->lock);
    return err;
}

enum lm_err db_state_set(struct db *db, const char *key, const char *value)
{
    return state_set(db->state, key, value, false);
}

enum lm_err db_state_get(struct db *db, const char *key, char **value)
{
    return state_get(db->state, key, value);
}
