#include "analysis/jobs.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "analysis/cache.h"
#include "analysis/jobs_private.h"
#include "core/json.h"
#include "core/log.h"
#include "core/str.h"
#include "core/thread.h"
#include "db/batches.h"
#include "db/domain.h"

enum {
    CRASHES_MAX = 2,                    /* lumad went down so often while it ran: it may be the reason */
    FOLLOW_MS = 2000,
    ROWS_KEPT = 20000,                  /* of jobs: a few thousand tracks */
};
#define GIVEN_UP "lumad went down twice while this ran"
static const int retry_ms[JOBS_RETRIES] = { 5000, 30000, 120000 };

int64_t jobs_now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* FNV-1a; never 0. */
uint64_t jobs_track_key(const char *track_id)
{
    uint64_t h = 0xcbf29ce484222325u;

    for (; *track_id; track_id++)
        h = (h ^ (unsigned char)*track_id) * 0x100000001b3;
    return h ? h : 1;
}

struct job *jobs_find(struct jobs *j, const char *id)
{
    struct job *job = j->first;

    while (job && strcmp(job->id, id))
        job = job->next;
    return job;
}

struct job *jobs_find_kind(struct jobs *j, const char *track_id, const char *kind)
{
    uint64_t track = jobs_track_key(track_id);
    struct job *job = j->first;

    while (job && (job->track != track || strcmp(job->track_id, track_id) || strcmp(job->step->name, kind)))
        job = job->next;
    return job;
}

void jobs_wait_until(struct jobs *j, int64_t deadline_ms)
{
    struct timespec t = { .tv_sec = deadline_ms / 1000, .tv_nsec = deadline_ms % 1000 * 1000000 };

    if (deadline_ms < 0)
        pthread_cond_wait(&j->changed, &j->lock);
    else
        pthread_cond_timedwait(&j->changed, &j->lock, &t);
}

void jobs_pin(struct jobs *j, const char *track_id)
{
    size_t at = 0;

    while (at < PINS && strcmp(j->pins[at].track_id, track_id))
        at++;
    if (at == PINS) {
        at = j->next_pin++ % PINS;
        str_copy(j->pins[at].track_id, UUID_SIZE, track_id);
    }
    j->pins[at].ms = jobs_now_ms();
}

/* --- rows --- */

struct put { const char *id; const json_t *members; };

static enum lm_err put_row(struct db_conn *c, void *arg, struct problem *p)
{
    const struct put *put = arg;

    return row_put(c, &jobs_table, put->id, put->members, p);
}

enum lm_err jobs_put_row(struct jobs *j, const char *id, json_t *members, struct problem *p)
{
    struct put put = { id, members };
    enum lm_err err = members ? db_write_bulk(j->o.db, put_row, &put, p) : LM_NOMEM;

    json_decref(members);
    return err;
}

/* --- queueing --- */

static struct job *job_new(struct jobs *j, const char *id, const char *track_id, const struct step *s)
{
    struct job *job = calloc(1, sizeof(*job));

    if (!job)
        return NULL;
    if (worker_stop_init(&job->stop)) {
        free(job);
        return NULL;
    }
    str_copy(job->id, sizeof(job->id), id);
    str_copy(job->track_id, sizeof(job->track_id), track_id);
    job->track = jobs_track_key(track_id);
    job->step = s;
    job->left_s = -1;
    job->owner = j;
    return job;
}

static void enqueue(struct jobs *j, struct job *job)
{
    struct job **at = &j->first;

    pthread_mutex_lock(&j->lock);
    while (*at)
        at = &(*at)->next;
    *at = job;
    job->order = ++j->orders;
    j->must_schedule = true;
    pthread_cond_broadcast(&j->changed);
    pthread_mutex_unlock(&j->lock);
}

struct add { const char *track_id; const struct step *const *steps; size_t n; char (*ids)[UUID_SIZE]; int priority; };

static enum lm_err add_rows(struct db_conn *c, void *arg, struct problem *p)
{
    const struct add *a = arg;
    enum lm_err err = LM_OK;

    for (size_t i = 0; i < a->n && !err; i++) {
        json_t *members = json_pack("{s:s,s:s,s:s,s:i}", "kind", a->steps[i]->name, "track_id", a->track_id, "state", "queued", "priority", a->priority);
        err = members ? row_put(c, &jobs_table, a->ids[i], members, p) : LM_NOMEM;
        json_decref(members);
    }
    return err;
}

static void job_free(struct job *job)
{
    worker_stop_clear(&job->stop);
    free(job);
}

enum lm_err jobs_add(struct jobs *j, const char *track_id, const struct step *const *wanted, size_t n, int priority, char (*ids)[UUID_SIZE], struct problem *p)
{
    struct job *made[STEPS_MAX] = { 0 };
    struct add a = { track_id, wanted, n, ids, priority };
    enum lm_err err = n > STEPS_MAX ? LM_INVALID : LM_OK;

    for (size_t i = 0; i < n && !err; i++) {
        uuid_new(ids[i]);
        if (!(made[i] = job_new(j, ids[i], track_id, wanted[i]))) {
            err = problem_set(p, LM_NOMEM, "No memory for a job");
        } else {
            made[i]->priority = priority;
            made[i]->is_urgent = priority >= JOBS_URGENT;
        }
    }
    if (!err)
        err = db_write_bulk(j->o.db, add_rows, &a, p);
    for (size_t i = 0; i < n && i < STEPS_MAX; i++) {
        if (made[i] && !err)
            enqueue(j, made[i]);
        else if (made[i])
            job_free(made[i]);
    }
    return err;
}

enum lm_err jobs_requeue(struct jobs *j, const char *id, const char *track_id, const struct step *s, int attempts)
{
    struct job *job = job_new(j, id, track_id, s);

    if (!job)
        return LM_NOMEM;
    job->attempts = attempts;
    enqueue(j, job);
    return LM_OK;
}

/* --- start and stop --- */

static enum lm_err resume_row(struct jobs *j, const json_t *row)
{
    const char *id = json_get_text(row, "id", ""), *track_id = json_get_text(row, "track_id", "");
    const struct step *s = step_find(json_get_text(row, "kind", ""));
    bool was_running = !strcmp(json_get_text(row, "state", ""), "running");
    int crashes = (int)json_get_int(row, "crashes", 0) + was_running;
    enum lm_err err = LM_OK;

    if (jobs_find(j, id))               /* it was running, and has just become a queued one */
        return LM_OK;
    if (!s || !*track_id)
        return jobs_put_row(j, id, json_pack("{s:s,s:s}", "state", "failed", "error", "There is no analyser for this any more"), NULL);
    if (crashes >= CRASHES_MAX)
        return jobs_put_row(j, id, json_pack("{s:s,s:s,s:i}", "state", "failed", "error",
                                             GIVEN_UP, "crashes", crashes), NULL);
    if (was_running)
        err = jobs_put_row(j, id, json_pack("{s:s,s:f,s:i}", "state", "queued", "progress", 0., "crashes", crashes), NULL);
    struct job *job = err ? NULL : job_new(j, id, track_id, s);
    if (!job)
        return err ? err : LM_NOMEM;
    job->crashes = crashes;
    job->attempts = (int)json_get_int(row, "attempts", 0);
    job->priority = (int)json_get_int(row, "priority", 0);
    enqueue(j, job);
    return LM_OK;
}

/* A decoding that is not tried any more: what waits for it would ask for another. */
static void give_up_dependents(struct jobs *j, const json_t *rows)
{
    json_t *row;
    size_t k;

    json_array_foreach((json_t *)rows, k, row) {
        if (!strcmp(json_get_text(row, "kind", ""), "decode") && !jobs_find(j, json_get_text(row, "id", "")))
            jobs_fail_dependents(j, json_get_text(row, "track_id", ""), "failed", GIVEN_UP);
    }
}

static void resume(struct jobs *j)
{
    static const char *const states[] = { "running", "queued" };
    json_t *running = NULL, *row;

    for (int i = 0; i < 2; i++) {
        json_t *rows = NULL;
        size_t k;
        struct db_conn *c = db_reader_take(j->o.db);
        enum lm_err err = row_all(c, &jobs_table, "state", states[i], &rows, NULL);
        db_reader_put(j->o.db, c);
        if (err)
            log_warn("jobs", "unfinished jobs cannot be read: %s", lm_err_text(err));
        for (k = json_array_size(rows); k--;) {         /* the table's order is the newest first */
            row = json_array_get(rows, k);
            if (resume_row(j, row))
                log_warn("jobs", "job %s cannot be resumed", json_get_text(row, "id", ""));
        }
        if (i == 0)
            running = json_incref(rows);
        json_decref(rows);
    }
    give_up_dependents(j, running);
    json_decref(running);
}

static enum lm_err forget_in_db(struct db_conn *c, void *arg, struct problem *p)
{
    (void)arg;
    return jobs_forget(c, ROWS_KEPT, p);
}

void jobs_forget_old(struct jobs *j)
{
    pthread_mutex_lock(&j->lock);
    j->forgotten = j->orders;
    pthread_mutex_unlock(&j->lock);
    if (db_write_bulk(j->o.db, forget_in_db, NULL, NULL))
        log_warn("jobs", "jobs that are long over cannot be forgotten");
}

static void clear(struct jobs *j)
{
    follow_free(j->follow);
    for (struct job *job = j->first, *next; job; job = next) {
        next = job->next;
        job_free(job);
    }
    pthread_cond_destroy(&j->changed);
    pthread_mutex_destroy(&j->lock);
    pthread_mutex_destroy(&j->queueing);
    free(j);
}

enum lm_err jobs_new(const struct jobs_options *o, struct jobs **result)
{
    struct jobs *j = calloc(1, sizeof(*j));

    if (!j)
        return LM_NOMEM;
    j->o = *o;
    j->limit = 1;
    for (int i = 0; i < JOBS_RETRIES && !o->retry_ms[JOBS_RETRIES - 1]; i++)
        j->o.retry_ms[i] = retry_ms[i];
    j->o.follow_ms = o->follow_ms ? o->follow_ms : FOLLOW_MS;
    str_copy(j->data_dir, sizeof(j->data_dir), o->data_dir);
    j->o.data_dir = j->data_dir;
    pthread_mutex_init(&j->queueing, NULL);
    pthread_mutex_init(&j->lock, NULL);
    thread_cond_init(&j->changed);
    cache_clean(j->data_dir);
    resume(j);
    jobs_forget_old(j);
    j->follow = follow_new(j);
    enum lm_err err = j->follow ? thread_start(&j->scheduler, &(struct thread_options){ .name = "jobs", .stack = 512 << 10 }, jobs_schedule, j) : LM_NOMEM;
    if (err) {
        clear(j);
        return err;
    }
    *result = j;
    return LM_OK;
}

void jobs_free(struct jobs *j)
{
    if (!j)
        return;
    pthread_mutex_lock(&j->lock);
    j->is_stopping = true;
    pthread_cond_broadcast(&j->changed);
    pthread_mutex_unlock(&j->lock);
    pthread_join(j->scheduler, NULL);   /* no thread is started any more */
    pthread_mutex_lock(&j->lock);
    for (struct job *job = j->first; job; job = job->next)
        if (job->is_running)
            worker_cancel(&job->stop);
    while (j->running)
        pthread_cond_wait(&j->changed, &j->lock);
    pthread_mutex_unlock(&j->lock);
    clear(j);
}
