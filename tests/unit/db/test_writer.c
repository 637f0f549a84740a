/* Transactions, events, many threads, and power cuts. */
#include <pthread.h>
#include <signal.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "dbtest.h"

static struct event_bus *bus;
static struct event_listener *listener;

static struct db *begin(void)
{
    bus = event_bus_new();
    listener = event_listen(bus, 256, NULL, NULL);
    return test_open_at(":memory:", MIGRATIONS, bus);
}

static void end(struct db *db)
{
    db_close(db);
    event_unlisten(listener);
    event_bus_free(bus);
}

static bool told(const char *table, const char *id, char op, int64_t version)
{
    struct event e;

    if (!event_poll(listener, &e))
        return false;
    bool good = !strcmp(e.table, table) && !strcmp(e.id, id) && e.op == op && (version < 0 || e.version == version);
    if (!good)
        printf("# %s %s %c %lld\n", e.table, e.id, e.op, (long long)e.version);
    return good;
}

static bool told_nothing(void)
{
    struct event e;

    return !event_poll(listener, &e);
}

static enum lm_err fail(struct db_conn *c, void *arg, struct problem *p)
{
    test_step(c, arg, p);
    return problem_set(p, LM_FORBIDDEN, "no");
}

static enum lm_err change_thrice(struct db_conn *c, void *arg, struct problem *p)
{
    (void)arg;
    int rc = sqlite3_exec(db_handle(c), "UPDATE venues SET name = 'a'; UPDATE venues SET name = 'b'; UPDATE venues SET offset_ms = 3",
                          NULL, NULL, NULL);
    return rc ? db_error(c, rc, p) : LM_OK;
}

TEST(events_tell_the_end_of_a_transaction_once_and_only_after_it)
{
    char id[UUID_SIZE], child[UUID_SIZE];
    struct db *db = begin();

    CHECK(db);
    CHECK(*test_create(db, &venues_table, NULL, "{'name':'Hall'}", id));
    CHECK(told("venues", id, 'i', test_int(db, "SELECT version FROM venues")));
    CHECK(told_nothing());
    CHECK_INT(db_write(db, change_thrice, NULL, &problem), LM_OK);
    CHECK(told("venues", id, 'u', test_int(db, "SELECT version FROM venues")));
    CHECK(told_nothing());
    CHECK_INT(db_write(db, fail, &(struct step){ .what = SQL, .text = "UPDATE venues SET name = 'x'" }, &problem), LM_FORBIDDEN);
    CHECK_STR(problem.detail, "no");
    CHECK(told_nothing());
    CHECK_INT(test_int(db, "SELECT count(*) FROM venues WHERE name = 'x'"), 0);
    CHECK_INT(test_sql(db, "UPDATE venues SET synced_at = 4"), LM_OK);
    CHECK(told_nothing());
    CHECK(*test_create(db, &fixtures_table, id, "{}", child));
    CHECK(told("fixtures", child, 'i', -1));
    CHECK_INT(test_delete(db, &venues_table, id), LM_OK);
    struct event e;
    bool venue = false, fixture = false;
    while (event_poll(listener, &e)) {
        CHECK_INT(e.op, 'd');
        venue |= !strcmp(e.table, "venues");
        fixture |= !strcmp(e.table, "fixtures") && !strcmp(e.id, child);
    }
    CHECK(venue && fixture);
    CHECK_INT(test_sql(db, "UPDATE fixtures SET deleted_at = NULL"), LM_OK);
    CHECK(told("fixtures", child, 'i', -1));
    CHECK_INT(test_sql(db, "INSERT INTO venues (id, name) VALUES ('x', 'x'); UPDATE venues SET deleted_at = 1 WHERE id = 'x'"), LM_OK);
    CHECK(told_nothing());              /* it was never there */
    end(db);
}

TEST(settings_and_jobs_are_told_too)
{
    struct db *db = begin();

    CHECK_INT(test_sql(db, "INSERT INTO settings (key, value) VALUES ('exit_look', '1')"), LM_OK);
    CHECK(told("settings", "exit_look", 'i', -1));
    CHECK_INT(test_sql(db, "UPDATE settings SET value = '2'"), LM_OK);
    CHECK(told("settings", "exit_look", 'u', test_int(db, "SELECT version FROM settings")));
    CHECK_INT(test_sql(db, "DELETE FROM settings"), LM_OK);
    CHECK(told("settings", "exit_look", 'd', -1));
    CHECK_INT(test_sql(db, "INSERT INTO jobs (id, kind) VALUES ('j', 'beats')"), LM_OK);
    CHECK(told("jobs", "j", 'i', -1));
    CHECK_INT(test_sql(db, "UPDATE jobs SET progress = 0.5"), LM_OK);
    CHECK(told("jobs", "j", 'u', -1));
    CHECK_INT(test_sql(db, "DELETE FROM jobs"), LM_OK);
    CHECK(told("jobs", "j", 'd', -1));
    CHECK_INT(test_sql(db, "INSERT INTO tracks (id, track_hash) VALUES ('t', 'h')"), LM_OK);
    CHECK(told("tracks", "t", 'i', -1));
    CHECK_INT(test_sql(db, "UPDATE tracks SET file_path = 'x'"), LM_OK);
    CHECK(told("tracks", "t", 'u', test_int(db, "SELECT version FROM tracks")));    /* news here, though no new version */
    end(db);
}

TEST(a_thousand_rows_in_one_transaction_are_a_thousand_events_or_one_for_all)
{
    struct db *db = begin();
    struct event_listener *large = event_listen(bus, 4096, NULL, NULL);
    struct event e;
    int n = 0;

    CHECK_INT(test_sql(db, "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) INSERT INTO patterns (id, name) SELECT i, i FROM n"),
              LM_OK);
    while (event_poll(large, &e))
        n++;
    CHECK_INT(n, 1000);
    CHECK(event_poll(listener, &e));
    CHECK_STR(e.table, "*");
    event_unlisten(large);
    end(db);
}

enum { WRITERS = 6, READERS = 4, ROUNDS = 60 };

static struct db *shared;
static atomic_int good, bad, wrong, running;

/* Every third write fails on purpose; it must leave nothing and take nobody with it. */
static void *write_many(void *arg)
{
    static enum lm_err (*const ways[])(struct db *, enum lm_err (*)(struct db_conn *, void *, struct problem *), void *, struct problem *) = {
        db_write, db_write_bulk, db_write_long, db_write_long,
    };
    char text[100], id[UUID_SIZE];
    struct problem p;

    for (int i = 0; i < ROUNDS; i++) {
        snprintf(text, sizeof(text), "{'name':'%d/%d'}", (int)(intptr_t)arg, i);
        struct step s = { .what = CREATE, .t = &venues_table, .text = text };
        enum lm_err err = ways[i % 4](shared, i % 3 == 2 ? fail : test_step, &s, &p);
        if (i % 3 == 2 ? err != LM_FORBIDDEN : err != LM_OK)
            wrong++;
        if (err)
            bad++;
        else
            good++;
        snprintf(id, sizeof(id), "%s", json_get_text(s.row, "id", ""));
        json_decref(s.row);
        json_t *row = err ? NULL : test_row(shared, &venues_table, id);
        if (!err && !row)
            wrong++;                    /* answered, and not there */
        json_decref(row);
    }
    return NULL;
}

/* The two counts of one statement are of one moment. */
static void *read_many(void *arg)
{
    (void)arg;
    while (running) {
        struct db_conn *c = db_reader_take(shared);
        sqlite3_stmt *s = db_prepare(c, "SELECT (SELECT count(*) FROM venues), (SELECT count(*) FROM pending_ops)");
        if (sqlite3_step(s) != SQLITE_ROW || sqlite3_column_int(s, 0) != sqlite3_column_int(s, 1))
            wrong++;
        db_reader_put(shared, c);       /* resets the statement */
    }
    return NULL;
}

TEST(readers_and_writers_do_not_disturb_each_other)
{
    pthread_t w[WRITERS], r[READERS];

    shared = test_open();
    good = bad = wrong = 0;
    running = 1;
    for (int i = 0; i < READERS; i++)
        pthread_create(&r[i], NULL, read_many, NULL);
    for (int i = 0; i < WRITERS; i++)
        pthread_create(&w[i], NULL, write_many, (void *)(intptr_t)i);
    for (int i = 0; i < WRITERS; i++)
        pthread_join(w[i], NULL);
    running = 0;
    for (int i = 0; i < READERS; i++)
        pthread_join(r[i], NULL);
    CHECK_INT(wrong, 0);
    CHECK_INT(good, WRITERS * ROUNDS * 2 / 3);
    CHECK_INT(test_int(shared, "SELECT count(*) FROM venues"), good);
    CHECK_INT(test_int(shared, "SELECT count(DISTINCT version) FROM venues"), good);
    db_close(shared);
}

TEST(a_full_database_is_said_to_be_full_and_goes_on)
{
    char id[UUID_SIZE];
    struct db *db = test_open();

    CHECK_INT(test_sql(db, "PRAGMA max_page_count = 1"), LM_OK);        /* = no more than there are */
    CHECK_INT(test_sql(db, "INSERT INTO settings (key, value) VALUES ('x', zeroblob(1) || hex(randomblob(2000000)))"), LM_FULL);
    CHECK(strstr(problem.detail, "no space left"));
    CHECK_INT(test_sql(db, "PRAGMA max_page_count = 1000000"), LM_OK);
    CHECK(*test_create(db, &venues_table, NULL, "{'name':'Hall'}", id));
    CHECK_INT(test_int(db, "SELECT count(*) FROM settings"), 0);
    db_close(db);
}

TEST(a_disk_that_refuses_is_told_and_forgiven)
{
    char dir[] = "/tmp/lumad-test-XXXXXX", path[64], wal[80], id[UUID_SIZE];
    struct rlimit old, tight;
    struct stat st;

    CHECK(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/lumad.db", dir);
    snprintf(wal, sizeof(wal), "%s-wal", path);
    struct db *db = test_open_at(path, MIGRATIONS, NULL);
    CHECK(*test_create(db, &venues_table, NULL, "{'name':'Hall'}", id));
    CHECK(!stat(wal, &st));
    CHECK(!getrlimit(RLIMIT_FSIZE, &old));
    signal(SIGXFSZ, SIG_IGN);
    tight = (struct rlimit){ (rlim_t)st.st_size, old.rlim_max };
    CHECK(!setrlimit(RLIMIT_FSIZE, &tight));
    enum lm_err err = test_sql(db, "UPDATE venues SET name = 'Room'");
    CHECK(!setrlimit(RLIMIT_FSIZE, &old));
    CHECK(err == LM_IO || err == LM_FULL);
    CHECK(*problem.detail);
    CHECK_INT(test_int(db, "SELECT count(*) FROM venues WHERE name = 'Hall'"), 1);
    CHECK_INT(test_sql(db, "UPDATE venues SET name = 'Room'"), LM_OK);
    CHECK_INT(test_int(db, "SELECT count(*) FROM venues WHERE name = 'Room'"), 1);
    db_close(db);
    test_remove(dir);
}

static sem_t go;

static enum lm_err wait_to_go(struct db_conn *c, void *arg, struct problem *p)
{
    (void)c, (void)arg, (void)p;
    sem_wait(&go);
    return LM_OK;
}

static enum lm_err answers[4];
static atomic_int asking;               /* the thread that is about to write */

/* It waits for its answer: whoever only began may still be overtaken. */
static bool is_asleep(int thread)
{
    char path[64], state = 0;

    snprintf(path, sizeof(path), "/proc/self/task/%d/stat", thread);
    FILE *f = fopen(path, "r");
    bool is_read = f && fscanf(f, "%*d (%*[^)]) %c", &state) == 1;
    if (f)
        fclose(f);
    return is_read && state == 'S';
}

static void *write_one(void *arg)
{
    static const char *const sql[] = { NULL, "INSERT INTO venues (id, name) VALUES ('a', 'a')", "ROLLBACK", "INSERT INTO venues (id, name) VALUES ('c', 'c')" };
    int i = (int)(intptr_t)arg;
    struct problem p;

    asking = gettid();
    answers[i] = i ? db_write(shared, test_step, &(struct step){ .what = SQL, .text = sql[i] }, &p) : db_write(shared, wait_to_go, NULL, &p);
    return NULL;
}

TEST(a_transaction_that_breaks_down_is_success_for_nobody_in_it)
{
    pthread_t t[4];

    shared = test_open();
    sem_init(&go, 0, 0);
    for (int i = 0; i < 4; i++) {
        asking = 0;
        pthread_create(&t[i], NULL, write_one, (void *)(intptr_t)i);
        while (!asking || !is_asleep(asking))
            usleep(5000);               /* in this order; the last three wait together */
    }
    sem_post(&go);
    for (int i = 0; i < 4; i++)
        pthread_join(t[i], NULL);
    CHECK_INT(answers[0], LM_OK);
    CHECK(answers[1] && answers[2]);
    CHECK_INT(answers[3], LM_OK);
    CHECK_INT(test_int(shared, "SELECT count(*) FROM venues WHERE id = 'a'"), 0);
    CHECK_INT(test_int(shared, "SELECT count(*) FROM venues WHERE id = 'c'"), 1);
    sem_destroy(&go);
    db_close(shared);
}

static enum lm_err nested(struct db_conn *c, void *arg, struct problem *p)
{
    (void)c;
    return db_write(arg, change_thrice, NULL, p);
}

TEST(a_write_inside_a_write_is_refused_and_not_a_deadlock)
{
    struct db *db = test_open();

    CHECK_INT(db_write(db, nested, db, &problem), LM_INTERNAL);
    db_close(db);
}

/* The child says "n\n" after each answered write; it is killed without warning. */
static void child(const char *path, int fd)
{
    struct db *db = test_open_at(path, MIGRATIONS, NULL);
    char text[100], line[20], id[UUID_SIZE];

    for (int i = 0;; i++) {
        snprintf(text, sizeof(text), "{'name':'%d'}", i);
        if (!db || !*test_create(db, &venues_table, NULL, text, id))
            _exit(1);
        int n = snprintf(line, sizeof(line), "%d\n", i);
        if (write(fd, line, (size_t)n) != n)
            _exit(1);
    }
}

TEST(no_answered_write_is_lost_to_a_kill)
{
    char dir[] = "/tmp/lumad-test-XXXXXX", path[64], sql[200];

    CHECK(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/lumad.db", dir);
    for (int round = 0; round < 5; round++) {
        int fd[2], last = -1, status;
        CHECK(!pipe(fd));
        pid_t pid = fork();
        if (!pid)
            child(path, fd[1]);
        close(fd[1]);
        FILE *f = fdopen(fd[0], "r");
        for (int n = 0; n < 20 + 13 * round && fscanf(f, "%d", &last) == 1; n++)
            ;
        CHECK(!kill(pid, SIGKILL));
        while (fscanf(f, "%d", &last) == 1)
            ;                           /* what it said before it died */
        fclose(f);
        CHECK_INT(waitpid(pid, &status, 0), pid);
        CHECK(WIFSIGNALED(status));
        struct db *db = test_open_at(path, MIGRATIONS, NULL);
        CHECK(db);
        snprintf(sql, sizeof(sql), "SELECT count(*) FROM venues WHERE CAST(name AS INTEGER) <= %d", last);
        CHECK(last >= 19);
        CHECK_INT(test_int(db, sql), last + 1);
        CHECK_INT(test_int(db, "SELECT count(*) FROM pending_ops"), test_int(db, "SELECT count(*) FROM venues"));
        CHECK_INT(test_sql(db, "DELETE FROM venues; DELETE FROM pending_ops"), LM_OK);
        db_close(db);
    }
    test_remove(dir);
}
