#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/log.h"
#include "db/private.h"

enum { BACKUPS_KEPT = 3, MIGRATION_MAX = 16 << 20 };

/* "NNNN_*.sql" behind the prefix -> NNNN; 0 = another file. */
static int migration_number(const char *name, const char *prefix)
{
    size_t n = strlen(name);
    int number = 0;

    if (!str_starts(name, prefix) || n < 4 || strcmp(name + n - 4, ".sql"))
        return 0;
    name += strlen(prefix);
    for (int i = 0; i < 4; i++, name++) {
        if (*name < '0' || *name > '9')
            return 0;
        number = 10 * number + (*name - '0');
    }
    return *name == '_' ? number : 0;
}

static void free_names(char **names, int n)
{
    for (int i = 0; names && i < n; i++)
        free(names[i]);
    free(names);
}

/* names[i] is migration i + 1; they must be numbered without a gap. */
static enum lm_err list_migrations(const char *dir, const char *prefix, char ***names, int *n, struct problem *p)
{
    struct dirent **all = NULL;
    int total = scandir(dir, &all, NULL, alphasort);
    enum lm_err err = LM_OK;

    *names = NULL;
    *n = 0;
    if (total < 0)
        return problem_set(p, LM_IO, "%s: %s", dir, strerror(errno));
    if (!(*names = calloc((size_t)total + 1, sizeof(char *))))
        err = problem_set(p, LM_NOMEM, "no memory for the migrations");
    for (int i = 0; i < total; i++) {
        int number = migration_number(all[i]->d_name, prefix);
        if (!err && number && number != *n + 1)
            err = problem_set(p, LM_INVALID, "%s: %s should be number %d", dir, all[i]->d_name, *n + 1);
        else if (!err && number && !((*names)[(*n)++] = strdup(all[i]->d_name)))
            err = problem_set(p, LM_NOMEM, "no memory for the migrations");
        free(all[i]);
    }
    free(all);
    if (!err && !*n)
        err = problem_set(p, LM_INVALID, "%s: no migrations %s0001_*.sql there", dir, prefix);
    if (err)
        free_names(*names, *n), *names = NULL;
    return err;
}

enum lm_err migrate_check(struct db_conn *c, const char *path, const char *dir, const char *prefix, struct problem *p)
{
    char **names;
    int n;
    sqlite3_stmt *s = NULL;
    enum lm_err err = list_migrations(dir, prefix, &names, &n, p);

    if (err)
        return err;
    free_names(names, n);
    int rc = sqlite3_prepare_v2(c->h, "PRAGMA user_version", -1, &s, NULL);
    if (!rc && (rc = sqlite3_step(s)) == SQLITE_ROW) {
        int64_t version = sqlite3_column_int64(s, 0);
        rc = SQLITE_OK;
        if (version > n) {
            /* Not even what a crash left in the write-ahead log is moved into the file. */
            sqlite3_db_config(c->h, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
            err = problem_set(p, LM_INVALID, "%s was written by a newer lumad (schema %lld, this one knows %d); start that one, or put "
                              "a backup back (%s.backup-*)", path, (long long)version, n, path);
        }
    }
    if (!err && rc)
        err = db_error(c, rc, p);
    sqlite3_finalize(s);
    return err;
}

/* Copies page by page while others go on; the copy is one state of the database. */
static enum lm_err copy_database(const char *from, const char *to, struct problem *p)
{
    sqlite3 *source = NULL, *copy = NULL;
    sqlite3_backup *b = NULL;
    enum lm_err err = LM_OK;

    int rc = sqlite3_open_v2(from, &source, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    if (!rc)
        rc = sqlite3_open_v2(to, &copy, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    if (!rc) {
        sqlite3_busy_timeout(source, 5000);
        if (!(b = sqlite3_backup_init(copy, "main", source, "main")))
            rc = sqlite3_extended_errcode(copy);
    }
    if (b) {
        rc = sqlite3_backup_step(b, -1);
        int end = sqlite3_backup_finish(b);
        rc = end ? end : rc == SQLITE_DONE ? SQLITE_OK : rc;
    }
    if (rc)
        err = problem_set(p, (rc & 0xff) == SQLITE_FULL ? LM_FULL : LM_IO, "backup of %s to %s: %s", from, to, sqlite3_errstr(rc));
    sqlite3_close(copy);
    sqlite3_close(source);
    return err;
}

static enum lm_err sync_file(const char *path, struct problem *p)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    enum lm_err err = fd < 0 || fsync(fd) ? lm_err_from_errno(errno) : LM_OK;

    if (err)
        problem_set(p, err, "%s: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return err;
}

static enum lm_err split_path(const char *path, char dir[PATH_SIZE], const char **name)
{
    const char *slash = strrchr(path, '/');

    *name = slash ? slash + 1 : path;
    if (!slash)
        return str_copy(dir, PATH_SIZE, ".") ? LM_OK : LM_INVALID;
    return snprintf(dir, PATH_SIZE, "%.*s", slash == path ? 1 : (int)(slash - path), path) < PATH_SIZE ? LM_OK : LM_INVALID;
}

/* Under another name until it is whole and on disk. */
enum lm_err backup_to(const char *from, const char *to, struct problem *p)
{
    char part[PATH_SIZE], dir[PATH_SIZE];
    const char *name;

    if (snprintf(part, sizeof(part), "%s.part", to) >= (int)sizeof(part) || split_path(to, dir, &name))
        return problem_set(p, LM_INVALID, "the name of the backup is too long");
    unlink(part);
    enum lm_err err = copy_database(from, part, p);
    if (!err)
        err = sync_file(part, p);
    if (!err && rename(part, to))
        err = problem_set(p, lm_err_from_errno(errno), "%s: %s", to, strerror(errno));
    if (!err && (err = path_sync_dir(dir)))
        problem_set(p, err, "%s: not synced", dir);
    if (err)
        unlink(part);
    return err;
}

/* The highest versions stay: each backup is named after the version it holds. */
static void drop_old_backups(const char *path)
{
    char dir[PATH_SIZE], lead[PATH_SIZE], old[PATH_SIZE];
    long versions[256];
    size_t n = 0;
    const char *name;

    if (split_path(path, dir, &name) || snprintf(lead, sizeof(lead), "%s.backup-", name) >= (int)sizeof(lead))
        return;
    DIR *d = opendir(dir);
    for (struct dirent *e; d && (e = readdir(d)) && n < sizeof(versions) / sizeof(*versions);) {
        char *end = NULL;
        long v = str_starts(e->d_name, lead) ? strtol(e->d_name + strlen(lead), &end, 10) : -1;
        if (v > 0 && !*end)
            versions[n++] = v;
    }
    if (d)
        closedir(d);
    for (; n > BACKUPS_KEPT; n--) {
        size_t least = 0;
        for (size_t i = 1; i < n; i++)
            if (versions[i] < versions[least])
                least = i;
        if (snprintf(old, sizeof(old), "%s.backup-%ld", path, versions[least]) < (int)sizeof(old))
            unlink(old);
        versions[least] = versions[n - 1];
    }
}

static enum lm_err run_one(struct db_conn *c, const char *dir, const char *name, int number, struct problem *p)
{
    char path[PATH_SIZE], *sql = NULL;
    struct str whole = { 0 };
    size_t n;
    enum lm_err err = path_join(path, dir, name);

    if (!err)
        err = path_read(path, MIGRATION_MAX, &sql, &n);
    if (err)
        return problem_set(p, err, "migration %s cannot be read", name);
    str_addf(&whole, "BEGIN IMMEDIATE;\n%s\n;PRAGMA user_version = %d; COMMIT;", sql, number);
    free(sql);
    if (whole.failed)
        err = problem_set(p, LM_NOMEM, "no memory for migration %s", name);
    else if (sqlite3_exec(c->h, whole.data, NULL, NULL, NULL)) {
        err = problem_set(p, sqlite3_errcode(c->h) == SQLITE_FULL ? LM_FULL : LM_INVALID, "migration %s: %s", name, sqlite3_errmsg(c->h));
        if (!sqlite3_get_autocommit(c->h))
            sqlite3_exec(c->h, "ROLLBACK", NULL, NULL, NULL);
    }
    str_clear(&whole);
    return err;
}

enum lm_err migrate_run(struct db_conn *c, const char *path, const char *dir, const char *prefix, int64_t *version, struct problem *p)
{
    char **names, backup[PATH_SIZE];
    int n;
    enum lm_err err = list_migrations(dir, prefix, &names, &n, p);

    if (err)
        return err;
    int64_t from = conn_int(c, "PRAGMA user_version", 0);
    if (from > 0 && from < n) {
        if (snprintf(backup, sizeof(backup), "%s.backup-%lld", path, (long long)from) >= (int)sizeof(backup))
            err = problem_set(p, LM_INVALID, "the path of the database is too long");
        else if (!(err = backup_to(path, backup, p)))
            log_info("db", "%s: schema %lld to %d, backup in %s", path, (long long)from, n, backup);
        if (!err)
            drop_old_backups(path);
    }
    for (*version = from; !err && *version < n; ++*version)
        err = run_one(c, dir, names[*version], (int)*version + 1, p);
    free_names(names, n);
    return err;
}
