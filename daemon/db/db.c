#include "db/db.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/log.h"
#include "core/thread.h"
#include "db/private.h"

enum { READERS_DEFAULT = 8, RESERVE = 512 << 10 };

/* In a folder of its own, in memory where the system has such a place: the same code runs as with a file, readers and all. */
static enum lm_err make_scratch(struct db *db, struct problem *p)
{
    snprintf(db->scratch, sizeof(db->scratch), "/dev/shm/lumad-XXXXXX");
    if (!mkdtemp(db->scratch)) {
        snprintf(db->scratch, sizeof(db->scratch), "/tmp/lumad-XXXXXX");
        if (!mkdtemp(db->scratch)) {
            db->scratch[0] = '\0';
            return problem_set(p, lm_err_from_errno(errno), "no place for a database in memory: %s", strerror(errno));
        }
    }
    return path_join(db->path, db->scratch, "lumad.db");
}

static void remove_scratch(struct db *db)
{
    static const char *const files[] = { "lumad.db", "lumad.db-wal", "lumad.db-shm", "state.db", "state.db-wal", "state.db-shm" };
    char path[PATH_SIZE];

    if (!db->scratch[0])
        return;
    for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
        if (!path_join(path, db->scratch, files[i]))
            unlink(path);
    rmdir(db->scratch);
}

static enum lm_err set_paths(struct db *db, const struct db_options *o, struct problem *p)
{
    enum lm_err err = LM_OK;

    if (!strcmp(o->path, ":memory:"))
        err = make_scratch(db, p);
    else if (!str_copy(db->path, sizeof(db->path), o->path))
        err = problem_set(p, LM_INVALID, "the path of the database is too long");
    if (!err && (!o->state_path || db->scratch[0])) {
        char *slash;
        str_copy(db->state_path, sizeof(db->state_path), db->path);
        slash = strrchr(db->state_path, '/');
        *(slash ? slash + 1 : db->state_path) = '\0';
        size_t n = strlen(db->state_path);
        if (!str_copy(db->state_path + n, sizeof(db->state_path) - n, "state.db"))
            err = problem_set(p, LM_INVALID, "the path of the database is too long");
    } else if (!err && !str_copy(db->state_path, sizeof(db->state_path), o->state_path)) {
        err = problem_set(p, LM_INVALID, "the path of the state is too long");
    }
    return err;
}

/* The last connection that closes a database moves its log into the file and removes it. So one that is there now was left by a crash. */
static bool was_stopped_uncleanly(const char *path)
{
    char wal[PATH_SIZE];
    struct stat st;

    return snprintf(wal, sizeof(wal), "%s-wal", path) < (int)sizeof(wal) && !stat(wal, &st) && st.st_size > 0;
}

/* SQLite takes an empty file for a database that is to be begun. Where this machine has been at work before, that is a loss and not a beginning. */
static void say_if_emptied(const struct db *db)
{
    struct stat main, state;

    if (!stat(db->path, &main) && !main.st_size && !stat(db->state_path, &state) && state.st_size)
        log_warn("db", "%s is empty although lumad has run here: a new one is begun; a backup may be beside it (%s.backup-*)", db->path, db->path);
}

static enum lm_err quick_check(struct db *db, struct problem *p)
{
    sqlite3_stmt *s = NULL;
    enum lm_err err = LM_OK;

    int rc = sqlite3_prepare_v2(db->write_conn->h, "PRAGMA quick_check(1)", -1, &s, NULL);
    if (!rc)
        rc = sqlite3_step(s);
    const char *found = rc == SQLITE_ROW ? (const char *)sqlite3_column_text(s, 0) : sqlite3_errmsg(db->write_conn->h);
    if (rc != SQLITE_ROW || strcmp(found, "ok"))
        err = problem_set(p, LM_IO, "%s is damaged (%s); put a backup back (%s.backup-*)", db->path, found, db->path);
    sqlite3_finalize(s);
    return err;
}

static enum lm_err make_device_id(struct db *db, struct problem *p)
{
    char *id = NULL;
    enum lm_err err = state_get(db->state, "device_id", &id);

    if (!err && uuid_valid(id)) {
        str_copy(db->device_id, sizeof(db->device_id), id);
    } else if (!err || err == LM_NOT_FOUND) {
        uuid_new(db->device_id);
        err = state_set(db->state, "device_id", db->device_id, true);
    }
    free(id);
    return err ? problem_set(p, err, "%s: this machine's id cannot be kept there", db->state_path) : LM_OK;
}

static enum lm_err set_device_id(struct db *db, struct problem *p)
{
    sqlite3_stmt *s = db_prepare(db->write_conn, "UPDATE sync_clock SET device_id = ?1 WHERE device_id <> ?1");

    if (!s)
        return problem_set(p, LM_INTERNAL, "this machine's id cannot be set");
    sqlite3_bind_text(s, 1, db->device_id, -1, SQLITE_STATIC);
    int rc = sqlite3_step(s);
    sqlite3_reset(s);
    return db_error(db->write_conn, rc, p);
}

/* What SQLite says of a file is no help without its name, and without what to do about it. */
static enum lm_err say_which_file(const struct db *db, struct problem *p)
{
    char why[PROBLEM_DETAIL];

    if (!p || strstr(p->detail, db->path))
        return LM_IO;
    str_copy(why, sizeof(why), p->detail);
    return problem_set(p, LM_IO, "%s: %s; put a backup back (%s.backup-*), or move it away to begin anew", db->path, why, db->path);
}

static enum lm_err open_main(struct db *db, const char *migrations, struct problem *p)
{
    bool unclean = was_stopped_uncleanly(db->path);
    if (!unclean)
        say_if_emptied(db);
    enum lm_err err = conn_open(db->path, CONN_WRITER, &db->write_conn, p);

    if (!err)
        err = migrate_check(db->write_conn, db->path, migrations, "", p);
    if (!err && unclean) {
        log_info("db", "%s was not closed, checking it", db->path);
        err = quick_check(db, p);
    }
    if (!err)
        err = conn_make_writer(db->write_conn, p);
    if (!err)
        err = migrate_run(db->write_conn, db->path, migrations, "", &db->schema_version, p);
    if (!err)
        err = table_check(db->write_conn, p);
    return err == LM_IO ? say_which_file(db, p) : err;
}

/*
 * A database cannot even be read without room for its log and the index of it, and the show must start on a full disk too. So room is put by, in a file that is
 * given up when there is no other.
 */
static bool reserve_path(const struct db *db, char path[PATH_SIZE])
{
    return !db->scratch[0] && snprintf(path, PATH_SIZE, "%s.reserve", db->path) < PATH_SIZE;
}

static void reserve_make(const struct db *db)
{
    char path[PATH_SIZE];
    int fd = reserve_path(db, path) ? open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600) : -1;

    if (fd < 0)
        return;                         /* it is there already, or the next start makes it */
    if (posix_fallocate(fd, 0, RESERVE))
        unlink(path);
    close(fd);
}

static bool reserve_give_up(const struct db *db)
{
    char path[PATH_SIZE];

    if (!reserve_path(db, path) || unlink(path))
        return false;
    log_warn("db", "no space left for %s: what was put by for that is used", db->path);
    return true;
}

static enum lm_err try_open(const struct db_options *o, struct db **result, bool *again, struct problem *p)
{
    struct db *db = calloc(1, sizeof(*db));
    enum lm_err err;

    if (!db)
        return problem_set(p, LM_NOMEM, "no memory for the database");
    problem_clear(p);
    pthread_mutex_init(&db->lock, NULL);
    pthread_cond_init(&db->returned, NULL);
    db->bus = o->bus;
    db->max_readers = o->readers > 0 ? o->readers : READERS_DEFAULT;
    db->idle = calloc((size_t)db->max_readers, sizeof(*db->idle));
    err = db->idle ? set_paths(db, o, p) : problem_set(p, LM_NOMEM, "no memory for the database");
    if (!err)
        err = open_main(db, o->migrations, p);
    if (!err)
        err = state_open(db->state_path, o->migrations, &db->state, p);
    if (!err)
        err = make_device_id(db, p);
    if (!err)
        err = set_device_id(db, p);
    /* One reader now: db_reader_take() then always has one to wait for. */
    if (!err && !(err = conn_open(db->path, CONN_READER, &db->idle[0], p)))
        db->n_open = db->n_idle = 1;
    if (!err)
        err = writer_start(db, &db->writer, p);
    if (err) {
        *again = err == LM_FULL && reserve_give_up(db);
        db_close(db);
        return err;
    }
    reserve_make(db);
    *result = db;
    return LM_OK;
}

enum lm_err db_open(const struct db_options *o, struct db **result, struct problem *p)
{
    struct problem own;
    bool again = false;
    enum lm_err err = try_open(o, result, &again, p ? p : &own);

    return again ? try_open(o, result, &again, p ? p : &own) : err;
}

void db_close(struct db *db)
{
    if (!db)
        return;
    writer_stop(db->writer);
    pthread_mutex_lock(&db->lock);
    while (db->n_idle < db->n_open)
        pthread_cond_wait(&db->returned, &db->lock);
    for (int i = 0; i < db->n_idle; i++)
        conn_close(db->idle[i]);
    pthread_mutex_unlock(&db->lock);
    conn_close(db->write_conn);         /* the last one: checkpoints, unless the database was refused */
    state_close(db->state);
    remove_scratch(db);
    pthread_cond_destroy(&db->returned);
    pthread_mutex_destroy(&db->lock);
    free(db->idle);
    free(db);
}

struct db_conn *db_reader_take(struct db *db)
{
    struct db_conn *c = NULL;
    struct problem p;

    thread_assert_may_block("db_reader_take");
    pthread_mutex_lock(&db->lock);
    for (bool can_open = true; !c;) {
        if (db->n_idle) {
            c = db->idle[--db->n_idle];
        } else if (can_open && db->n_open < db->max_readers) {
            db->n_open++;
            pthread_mutex_unlock(&db->lock);
            enum lm_err err = conn_open(db->path, CONN_READER, &c, &p);
            pthread_mutex_lock(&db->lock);
            if (err) {
                log_warn("db", "no further reader: %s", p.detail);
                db->n_open--;
                can_open = false;       /* there is at least the first; wait for one */
                c = NULL;
            }
        } else {
            pthread_cond_wait(&db->returned, &db->lock);
        }
    }
    pthread_mutex_unlock(&db->lock);
    return c;
}

void db_reader_put(struct db *db, struct db_conn *c)
{
    if (!c)
        return;
    conn_reset(c);                      /* an unfinished read would hold on to old pages for ever */
    pthread_mutex_lock(&db->lock);
    db->idle[db->n_idle++] = c;
    pthread_cond_broadcast(&db->returned);
    pthread_mutex_unlock(&db->lock);
}

const char *db_device_id(const struct db *db)
{
    return db->device_id;
}

int64_t db_schema_version(const struct db *db)
{
    return db->schema_version;
}

enum lm_err db_backup(struct db *db, const char *to_path, struct problem *p)
{
    return backup_to(db->path, to_path, p);
}
