#include <stdlib.h>

#include "core/clock.h"
#include "core/log.h"
#include "core/thread.h"
#include "db/private.h"

enum { GROUP_MAX = 32 };

/* The log goes into the database when nobody has written for a while: SQLite itself would do it in the middle of some commit, whose author then waits for the
 * disk two or three times as long. A log of FULL_PAGES (16 MB) is not left to grow, but goes after the answer as well. */
enum { LOG_PAGES = 1000, FULL_PAGES = 4000, QUIET_MS = 200 };

/* One call of db_write(), on the stack of its caller. */
struct write {
    enum lm_err (*fn)(struct db_conn *c, void *arg, struct problem *p);
    void *arg;
    const struct revision_by *by;
    struct problem *p;
    enum lm_err err;
    bool is_bulk, is_long, done;
    pthread_cond_t answered;
    struct write *next;
};

struct writer {
    struct db *db;
    struct db_conn *c;
    struct changes *changes;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t work;
    struct write *first, **last;
    bool stopping, is_bulk;             /* is_bulk: what `synchronous` stands at now */
    int log_pages;                      /* of the write-ahead log, after the last commit; the writer's own */
};

/*
 * Writes that wait together share one commit, which is what costs time; each has a savepoint, so one that fails leaves no
 * trace in the others. Nobody is answered before the commit is done.
 *
 * One that is alone has none: inside a savepoint SQLite walks, at the end of each statement, the copies of all pages that were touched since its begin, so that a write of
 * many rows took time by their square.
 */
static void run_one(struct writer *w, struct write *q, bool is_alone)
{
    if (!is_alone && (q->err = conn_exec(w->c, "SAVEPOINT one", q->p)))
        return;
    w->c->by = q->by;
    q->err = q->fn(w->c, q->arg, q->p);
    conn_reset(w->c);
    if (!q->err && !sqlite3_get_autocommit(w->c->h)) {
        bool is_pulled = conn_int(w->c, "SELECT applying FROM sync_clock", 0);
        q->err = is_pulled ? revisions_pulled(w->c, q->p) : revisions_keep(w->c, q->p);
        conn_reset(w->c);
    }
    if (sqlite3_get_autocommit(w->c->h)) {
        /* A full disk and the like make SQLite roll the whole transaction back by itself. */
        if (!q->err)
            q->err = problem_set(q->p, LM_IO, "the transaction was rolled back");
        return;
    }
    if (!q->err)
        q->err = conn_exec(w->c, is_alone ? "UPDATE sync_clock SET applying = 0 WHERE applying" : "UPDATE sync_clock SET applying = 0 WHERE applying; RELEASE one", q->p);
    if (!q->err) {
        changes_keep(w->changes);
        return;
    }
    changes_drop(w->changes);
    if (!is_alone && !sqlite3_get_autocommit(w->c->h))      /* alone: run_group() rolls all of it back */
        conn_exec(w->c, "ROLLBACK TO one; RELEASE one", NULL);
}

static void fail_all(struct write **group, int n, enum lm_err err, const struct problem *p)
{
    for (int i = 0; i < n; i++)
        if (!group[i]->err)
            group[i]->err = problem_set(group[i]->p, err, "not saved: %s", p->detail);
}

static void run_group(struct writer *w, struct write **group, int n)
{
    struct problem p;
    enum lm_err err = LM_OK;
    bool any = false;

    problem_clear(&p);
    if (w->is_bulk != group[0]->is_bulk) {
        w->is_bulk = group[0]->is_bulk;
        conn_exec(w->c, w->is_bulk ? "PRAGMA synchronous = NORMAL" : "PRAGMA synchronous = FULL", NULL);
    }
    if ((err = conn_exec(w->c, "BEGIN IMMEDIATE", &p))) {
        fail_all(group, n, err, &p);
        return;
    }
    for (int i = 0; i < n; i++) {
        run_one(w, group[i], n == 1);
        if (sqlite3_get_autocommit(w->c->h)) {
            problem_set(&p, group[i]->err, "%s", group[i]->p ? group[i]->p->detail : lm_err_text(group[i]->err));
            changes_forget(w->changes);
            fail_all(group, i + 1, group[i]->err, &p);
            if (i + 1 < n)
                run_group(w, group + i + 1, n - i - 1);     /* those behind it have not begun */
            return;
        }
        any |= !group[i]->err;
    }
    if ((err = conn_exec(w->c, any ? "COMMIT" : "ROLLBACK", &p))) {
        if (!sqlite3_get_autocommit(w->c->h))
            conn_exec(w->c, "ROLLBACK", NULL);
        changes_forget(w->changes);
        fail_all(group, n, err, &p);
        return;
    }
    changes_publish(w->changes, w->db->bus);
}

static int on_commit(void *ctx, sqlite3 *h, const char *name, int pages)
{
    struct writer *w = ctx;

    (void)h, (void)name;
    w->log_pages = pages;
    return SQLITE_OK;
}

static void checkpoint(struct writer *w)
{
    /* What readers still need stays in the log until the next time. */
    if (sqlite3_wal_checkpoint_v2(w->c->h, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL) != SQLITE_OK)
        log_warn("db", "the log could not be written into the database: %s", sqlite3_errmsg(w->c->h));
    w->log_pages = 0;
}

static bool may_join(const struct write *first, const struct write *q)
{
    return first->is_bulk == q->is_bulk && !first->is_long && !q->is_long;
}

/* Waits for work; the first and those behind it that may share its commit. 0: time to stop. */
static int take_group(struct writer *w, struct write **group)
{
    int n = 0;

    if (w->log_pages >= FULL_PAGES)
        checkpoint(w);
    pthread_mutex_lock(&w->lock);
    while (!w->first && !w->stopping) {
        struct timespec until = clock_in_ms(QUIET_MS);
        if (w->log_pages < LOG_PAGES) {
            pthread_cond_wait(&w->work, &w->lock);
        } else if (pthread_cond_timedwait(&w->work, &w->lock, &until)) {
            pthread_mutex_unlock(&w->lock);
            checkpoint(w);
            pthread_mutex_lock(&w->lock);
        }
    }
    while (w->first && n < GROUP_MAX && (!n || may_join(group[0], w->first))) {
        group[n++] = w->first;
        if (!(w->first = w->first->next))
            w->last = &w->first;
    }
    pthread_mutex_unlock(&w->lock);
    return n;
}

static void *run(void *arg)
{
    struct writer *w = arg;
    struct write *group[GROUP_MAX] = { NULL };

    for (int n; (n = take_group(w, group));) {
        run_group(w, group, n);
        pthread_mutex_lock(&w->lock);
        for (int i = 0; i < n; i++) {
            group[i]->done = true;
            pthread_cond_signal(&group[i]->answered);
        }
        pthread_mutex_unlock(&w->lock);
    }
    return NULL;
}

enum lm_err writer_start(struct db *db, struct writer **result, struct problem *p)
{
    static const struct thread_options options = { .name = "writer", .stack = 1 << 20 };
    struct writer *w = calloc(1, sizeof(*w));
    enum lm_err err;

    if (!w)
        return problem_set(p, LM_NOMEM, "no memory for the writer");
    w->db = db;
    w->c = db->write_conn;
    w->last = &w->first;
    sqlite3_wal_hook(w->c->h, on_commit, w);            /* instead of SQLite's own */
    pthread_mutex_init(&w->lock, NULL);
    thread_cond_init(&w->work);
    if (!(w->changes = changes_new(w->c, p)))
        err = LM_INTERNAL;
    else if (!(err = revisions_prepare(w->c, p)) && (err = thread_start(&w->thread, &options, run, w)))
        problem_set(p, err, "the writer thread cannot be started");
    if (err) {
        sqlite3_wal_hook(w->c->h, NULL, NULL);
        changes_free(w->changes);
        free(w);
        return err;
    }
    *result = w;
    return LM_OK;
}

void writer_stop(struct writer *w)
{
    if (!w)
        return;
    pthread_mutex_lock(&w->lock);
    w->stopping = true;
    pthread_cond_signal(&w->work);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    sqlite3_wal_hook(w->c->h, NULL, NULL);
    changes_free(w->changes);
    pthread_cond_destroy(&w->work);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

static enum lm_err submit(struct writer *w, struct write *q)
{
    thread_assert_may_block("db_write");
    problem_clear(q->p);
    q->by = revision_by_thread();
    if (pthread_equal(pthread_self(), w->thread)) {
        log_error("db", "a write inside a write");
        return problem_set(q->p, LM_INTERNAL, "a write inside a write");
    }
    pthread_mutex_lock(&w->lock);
    if (w->stopping) {
        pthread_mutex_unlock(&w->lock);
        return problem_set(q->p, LM_BUSY, "lumad is stopping");
    }
    pthread_cond_init(&q->answered, NULL);
    *w->last = q;
    w->last = &q->next;
    pthread_cond_signal(&w->work);
    while (!q->done)
        pthread_cond_wait(&q->answered, &w->lock);
    pthread_mutex_unlock(&w->lock);
    pthread_cond_destroy(&q->answered);
    return q->err;
}

enum lm_err db_write(struct db *db, enum lm_err (*fn)(struct db_conn *c, void *arg, struct problem *p), void *arg, struct problem *p)
{
    return submit(db->writer, &(struct write){ .fn = fn, .arg = arg, .p = p });
}

enum lm_err db_write_bulk(struct db *db, enum lm_err (*fn)(struct db_conn *c, void *arg, struct problem *p), void *arg, struct problem *p)
{
    return submit(db->writer, &(struct write){ .fn = fn, .arg = arg, .p = p, .is_bulk = true });
}

enum lm_err db_write_long(struct db *db, enum lm_err (*fn)(struct db_conn *c, void *arg, struct problem *p), void *arg, struct problem *p)
{
    return submit(db->writer, &(struct write){ .fn = fn, .arg = arg, .p = p, .is_long = true });
}

enum lm_err db_apply_pulled(struct db_conn *c, bool on, struct problem *p)
{
    enum lm_err err = on ? revisions_keep(c, p) : revisions_pulled(c, p);

    return err ? err : conn_exec(c, on ? "UPDATE sync_clock SET applying = 1" : "UPDATE sync_clock SET applying = 0", p);
}
