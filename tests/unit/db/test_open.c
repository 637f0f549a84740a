/* Opening: new, old, newer, wrong and damaged files; backups; the schema as it is. */
#include <errno.h>
#include <fcntl.h>

#include "dbtest.h"

static char dir[64], path[128], migrations[128];

/* A folder with the real migrations, to add others to. */
static bool begin(void)
{
    char command[300];

    snprintf(dir, sizeof(dir), "/tmp/lumad-test-XXXXXX");
    if (!mkdtemp(dir))
        return false;
    snprintf(path, sizeof(path), "%s/lumad.db", dir);
    snprintf(migrations, sizeof(migrations), "%s/migrations", dir);
    snprintf(command, sizeof(command), "mkdir %s && cp %s/*.sql %s", migrations, MIGRATIONS, migrations);
    return system(command) == 0;
}

static void end(void)
{
    test_remove(dir);
}

static bool write_file(const char *name, const char *text)
{
    char file[400];

    snprintf(file, sizeof(file), "%s/%s", dir, name);
    return !path_write(file, text, strlen(text), 0644);
}

static bool there(const char *name)
{
    char file[400];

    snprintf(file, sizeof(file), "%s/%s", dir, name);
    return path_exists(file);
}

/* By SQLite alone, as another program would. */
static bool outside(const char *file, const char *sql)
{
    sqlite3 *h = NULL;
    char name[400];

    snprintf(name, sizeof(name), "%s/%s", dir, file);
    bool good = !sqlite3_open(name, &h) && !sqlite3_exec(h, sql, NULL, NULL, NULL);
    sqlite3_close(h);
    return good;
}

static int64_t last_migration(struct db *db)
{
    int64_t v = db_schema_version(db);

    db_close(db);
    return v;
}

static int64_t cpu_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

TEST(a_database_is_made_closed_and_opened_quickly)
{
    char id[UUID_SIZE], device[UUID_SIZE];

    CHECK(begin());
    struct db *db = test_open_at(path, migrations, NULL);
    CHECK(db);
    CHECK(*test_create(db, &venues_table, NULL, "{'name':'Hall'}", id));
    snprintf(device, sizeof(device), "%s", db_device_id(db));
    db_close(db);
    CHECK(!there("lumad.db-wal"));

    int64_t best = INT64_MAX;
    for (int i = 0; i < 5; i++) {
        int64_t from = cpu_ns();
        db = test_open_at(path, migrations, NULL);
        int64_t took = cpu_ns() - from;
        CHECK(db);
        best = took < best ? took : best;
        CHECK_STR(db_device_id(db), device);
        json_t *row = test_row(db, &venues_table, id);
        CHECK(row);
        json_decref(row);
        db_close(db);
    }
    printf("# opened in %.1f ms\n", (double)best / 1e6);
    CHECK(best < 250000000);            /* of computing, for a loaded machine takes any time; generous: sanitizers */
    end();
}

TEST(state_is_readable_by_its_owner_alone)
{
    struct stat st;
    char file[200];

    CHECK(begin());
    CHECK(write_file("state.db", ""));  /* 0644 */
    struct db *db = test_open_at(path, migrations, NULL);
    CHECK(db);
    CHECK_INT(db_state_set(db, "a", "b"), LM_OK);
    for (const char *const *name = (const char *const[]){ "state.db", "state.db-wal", NULL }; *name; name++) {
        snprintf(file, sizeof(file), "%s/%s", dir, *name);
        CHECK(!stat(file, &st));
        CHECK_INT(st.st_mode & 0777, 0600);
    }
    db_close(db);
    end();
}

TEST(a_damaged_state_does_not_stop_the_show)
{
    CHECK(begin());
    char junk[5000];
    memset(junk, 'x', sizeof(junk) - 1), junk[sizeof(junk) - 1] = '\0';
    CHECK(write_file("state.db", junk));
    struct db *db = test_open_at(path, migrations, NULL);
    CHECK(db);
    CHECK(there("state.db.damaged"));
    CHECK_INT(db_state_set(db, "a", "b"), LM_OK);
    db_close(db);
    end();
}

TEST(a_state_that_cannot_be_opened_now_is_kept)
{
    char away[200], *value = NULL;
    struct db *db;

    CHECK(begin());
    snprintf(away, sizeof(away), "%s.away", migrations);
    CHECK((db = test_open_at(path, migrations, NULL)) != NULL);
    CHECK_INT(db_state_set(db, "a", "b"), LM_OK);
    db_close(db);
    CHECK(!rename(migrations, away));
    CHECK(!test_open_at(path, migrations, NULL));
    CHECK(!rename(away, migrations));
    CHECK(!there("state.db.damaged"));
    CHECK((db = test_open_at(path, migrations, NULL)) != NULL);
    CHECK_INT(db_state_get(db, "a", &value), LM_OK);
    CHECK_STR(value, "b");
    free(value);
    db_close(db);
    end();
}

TEST(an_older_database_is_backed_up_and_brought_up_to_date)
{
    char id[UUID_SIZE], name[60], sql[100];

    CHECK(begin());
    struct db *db = test_open_at(path, migrations, NULL);
    CHECK(db);
    CHECK(*test_create(db, &venues_table, NULL, "{'name':'Hall'}", id));
    int n = (int)last_migration(db), first = n;
    for (int i = 0; i < 5; i++) {
        snprintf(name, sizeof(name), "migrations/%04d_more.sql", ++n);
        snprintf(sql, sizeof(sql), "CREATE TABLE more_%d (a INTEGER) STRICT;\n", n);
        CHECK(write_file(name, sql));
        db = test_open_at(path, migrations, NULL);
        CHECK(db);
        json_t *row = test_row(db, &venues_table, id);
        CHECK(row);
        json_decref(row);
        CHECK_INT(last_migration(db), n);
        snprintf(name, sizeof(name), "lumad.db.backup-%d", n - 1);
        CHECK(there(name));
        snprintf(sql, sizeof(sql), "CREATE TABLE more_%d (a INTEGER)", n);
        CHECK(outside(name, sql));      /* it is not there yet */
        CHECK(outside(name, "CREATE TEMP TABLE x AS SELECT 1 / (count(*) = 1) FROM venues"));
    }
    snprintf(name, sizeof(name), "lumad.db.backup-%d", first);
    CHECK(!there(name));                /* three are kept */
    snprintf(name, sizeof(name), "lumad.db.backup-%d", first + 1);
    CHECK(!there(name));
    snprintf(name, sizeof(name), "lumad.db.backup-%d", first + 2);
    CHECK(there(name));
    CHECK(!there("lumad.db.backup-0"));
    end();
}

TEST(a_migration_that_fails_leaves_what_was)
{
    char name[60];
    struct db *db = NULL;

    CHECK(begin());
    db = test_open_at(path, migrations, NULL);
    int n = (int)last_migration(db);
    snprintf(name, sizeof(name), "migrations/%04d_bad.sql", n + 1);
    CHECK(write_file(name, "CREATE TABLE half (a INTEGER);\nINSERT INTO nowhere VALUES (1);\n"));
    struct db_options o = { .path = path, .migrations = migrations };
    CHECK_INT(db_open(&o, &db, &problem), LM_INVALID);
    CHECK(strstr(problem.detail, "_bad.sql") && strstr(problem.detail, "nowhere"));
    CHECK(write_file(name, "CREATE TABLE half (a INTEGER) STRICT;\n"));
    db = test_open_at(path, migrations, NULL);
    CHECK(db);
    db_close(db);
    snprintf(name, sizeof(name), "migrations/%04d_gap.sql", n + 3);
    CHECK(write_file(name, ""));
    CHECK_INT(db_open(&o, &db, &problem), LM_INVALID);
    CHECK(strstr(problem.detail, "should be number"));
    end();
}

TEST(a_newer_database_is_left_alone)
{
    char *before = NULL, *after = NULL;
    size_t n_before, n_after;
    struct db *db = NULL;

    CHECK(begin());
    db_close(test_open_at(path, migrations, NULL));
    CHECK(outside("lumad.db", "PRAGMA user_version = 999"));
    CHECK(!path_read(path, 1 << 24, &before, &n_before));
    CHECK_INT(db_open(&(struct db_options){ .path = path, .migrations = migrations }, &db, &problem), LM_INVALID);
    CHECK(strstr(problem.detail, "newer lumad (schema 999"));
    CHECK(!path_read(path, 1 << 24, &after, &n_after));
    CHECK(n_before == n_after && !memcmp(before, after, n_after));
    free(before);
    free(after);
    end();
}

TEST(a_table_that_is_not_as_described_is_found)
{
    static const struct { const char *sql, *says; } cases[] = {
        { "ALTER TABLE venues ADD COLUMN extra TEXT", "venues.extra that this program does not know" },
        { "ALTER TABLE venues DROP COLUMN description", "venues" },
        { "ALTER TABLE parks RENAME TO parked", "no table parks" },
        { "ALTER TABLE playlists DROP COLUMN is_loop; ALTER TABLE playlists ADD COLUMN is_loop TEXT NOT NULL DEFAULT ''", "playlists.is_loop is TEXT" },
        { "ALTER TABLE playlists DROP COLUMN is_loop; ALTER TABLE playlists ADD COLUMN is_loop INTEGER", "playlists.is_loop may be NULL" },
    };
    struct db *db = NULL;

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        CHECK(begin());
        db_close(test_open_at(path, migrations, NULL));
        CHECK(outside("lumad.db", "DROP TRIGGER venues_update; DROP TRIGGER playlists_update"));
        CHECK(outside("lumad.db", cases[i].sql));
        CHECK_INT(db_open(&(struct db_options){ .path = path, .migrations = migrations }, &db, &problem), LM_INVALID);
        if (!strstr(problem.detail, cases[i].says))
            printf("# %s\n", problem.detail);
        CHECK(strstr(problem.detail, cases[i].says));
        end();
    }
}

TEST(what_is_no_database_is_said_to_be_none)
{
    struct db *db = NULL;

    CHECK(begin());
    CHECK(write_file("lumad.db", "This is a text, and a long one, so that SQLite looks at it as a header of one hundred bytes or more............"));
    CHECK_INT(db_open(&(struct db_options){ .path = path, .migrations = migrations }, &db, &problem), LM_IO);
    CHECK(strstr(problem.detail, "no database"));
    CHECK(strstr(problem.detail, path) && strstr(problem.detail, "backup"));    /* which file, and what to do */
    CHECK_INT(db_open(&(struct db_options){ .path = path, .migrations = "/nonexistent" }, &db, &problem), LM_IO);
    CHECK_INT(db_open(&(struct db_options){ .path = "/nonexistent/lumad.db", .migrations = migrations }, &db, &problem), LM_IO);
    end();
}

TEST(damage_after_a_crash_is_found_at_start)
{
    struct db *db = NULL;
    char id[UUID_SIZE], junk[4096], wal[200];

    CHECK(begin());
    db = test_open_at(path, migrations, NULL);
    for (int i = 0; i < 50; i++)
        CHECK(*test_create(db, &venues_table, NULL, "{'name':'Hall'}", id));
    db_close(db);
    int64_t size = 0;
    struct stat st;
    CHECK(!stat(path, &st));
    size = st.st_size;
    memset(junk, 0x55, sizeof(junk));
    int fd = open(path, O_WRONLY);
    for (int64_t at = 8 * 4096; at < size; at += 3 * 4096)
        CHECK_INT(pwrite(fd, junk, sizeof(junk), at), sizeof(junk));
    close(fd);
    snprintf(wal, sizeof(wal), "%s-wal", path);
    CHECK(!path_write(wal, "x", 1, 0644));          /* what a crash leaves */
    CHECK_INT(db_open(&(struct db_options){ .path = path, .migrations = migrations }, &db, &problem), LM_IO);
    CHECK(strstr(problem.detail, "damaged"));
    end();
}

TEST(a_copy_is_taken_while_running)
{
    char id[UUID_SIZE], copy[200];

    CHECK(begin());
    struct db *db = test_open_at(path, migrations, NULL);
    CHECK(*test_create(db, &venues_table, NULL, "{'name':'Hall'}", id));
    snprintf(copy, sizeof(copy), "%s/copy.db", dir);
    CHECK_INT(db_backup(db, copy, &problem), LM_OK);
    CHECK(!there("copy.db.part"));
    CHECK(*test_create(db, &venues_table, NULL, "{'name':'Later'}", id));
    CHECK(outside("copy.db", "CREATE TEMP TABLE x AS SELECT 1 / (count(*) = 1) FROM venues"));
    CHECK(db_backup(db, "/nonexistent/copy.db", &problem) != LM_OK);
    db_close(db);
    end();
}

/* `UPDATE=1` writes the file anew; a change of the schema is then seen in review. */
TEST(the_schema_is_the_one_on_record)
{
    static const char golden[] = "tests/golden/schema.sql";
    struct db *db = test_open();
    struct db_conn *c = db_reader_take(db);
    char *text = NULL, *want = NULL;
    size_t n = 0, n_want = 0;
    FILE *f = open_memstream(&text, &n);
    sqlite3_stmt *s = db_prepare(c, "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' "
                                 "ORDER BY tbl_name, type = 'trigger', type = 'index', name");

    while (sqlite3_step(s) == SQLITE_ROW)
        fprintf(f, "%s;\n\n", (const char *)sqlite3_column_text(s, 0));
    fclose(f);
    db_reader_put(db, c);
    db_close(db);
    if (getenv("UPDATE"))
        CHECK(!path_write(golden, text, n, 0644));
    CHECK(!path_read(golden, 1 << 22, &want, &n_want));
    for (size_t i = 0, line = 1; i < n && i < n_want; line += text[i++] == '\n')
        if (text[i] != want[i]) {
            printf("# %s:%zu: the schema differs from here on; UPDATE=1 records it\n", golden, line);
            break;
        }
    CHECK(n == n_want && !memcmp(text, want, n));
    free(text);
    free(want);
}
