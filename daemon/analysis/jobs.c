#include "analysis/jobs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "analysis/cache.h"
#include "analysis/jobs_private.h"
#include "core/clock.h"
#include "core/json.h"
#include "core/log.h"
#include "core/str.h"
#include "core/thread.h"
#include "db/domain.h"

enum {
    CRASHES_MAX = 2,                    /* lumad went down so often while it ran: it may be the reason */
    CANCEL_MS = 3000,                   /* a worker is gone one second after its SIGTERM */
    STEPS_MAX = 16,
};

int64_t jobs_now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
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
    struct job *job = j->first;

    while (job && (strcmp(job->track_id, track_id) || strcmp(job->step->name, kind)))
        job = job->next;
    return job;
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

/* Rows know what was when it was written; a running worker's progress is only in memory. */
static void overlay(struct jobs *j, json_t *row)
{
    pthread_mutex_lock(&j->lock);
    struct job *job = jobs_find(j, json_get_text(row, "id", ""));
    if (job) {
        json_object_set_new(row, "state", json_string(job->is_running ? "running" : "queued"));
        json_object_set_new(row, "progress", json_real(job->progress));
        json_object_set_new(row, "step", json_string(job->said));
    }
    pthread_mutex_unlock(&j->lock);
}

static enum lm_err get_row(struct jobs *j, const char *id, json_t **job, struct problem *p)
{
    struct db_conn *c = db_reader_take(j->o.db);
    enum lm_err err = row_get(c, &jobs_table, id, job, p);

    db_reader_put(j->o.db, c);
    if (!err)
        overlay(j, *job);
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
    job->step = s;
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

struct add { const char *track_id; const struct step *const *steps; size_t n; char (*ids)[UUID_SIZE]; bool is_urgent; };

static enum lm_err add_rows(struct db_conn *c, void *arg, struct problem *p)
{
    const struct add *a = arg;
    enum lm_err err = LM_OK;

    for (size_t i = 0; i < a->n && !err; i++) {
        json_t *members = json_pack("{s:s,s:s,s:s,s:i}", "kind", a->steps[i]->name, "track_id", a->track_id, "state", "queued",
                                    "priority", a->is_urgent ? 1 : 0);
        err = members ? row_put(c, &jobs_table, a->ids[i], members, p) : LM_NOMEM;
        json_decref(members);
    }
    return err;
}

enum lm_err jobs_add(struct jobs *j, const char *track_id, const struct step *const *wanted, size_t n, bool is_urgent,
                     char (*ids)[UUID_SIZE], struct problem *p)
{
    struct job *made[STEPS_MAX] = { 0 };
    struct add a = { track_id, wanted, n, ids, is_urgent };
    enum lm_err err = n > STEPS_MAX ? LM_INVALID : LM_OK;

    for (size_t i = 0; i < n && !err; i++) {
        uuid_new(ids[i]);
        if (!(made[i] = job_new(j, ids[i], track_id, wanted[i])))
            err = problem_set(p, LM_NOMEM, "No memory for a job");
        else
            made[i]->priority = made[i]->is_urgent = is_urgent;
    }
    if (!err)
        err = db_write_bulk(j->o.db, add_rows, &a, p);
    for (size_t i = 0; i < n && i < STEPS_MAX; i++) {
        if (made[i] && !err) {
            enqueue(j, made[i]);
        } else if (made[i]) {
            worker_stop_clear(&made[i]->stop);
            free(made[i]);
        }
    }
    return err;
}

/* --- start and stop --- */

static enum lm_err resume_row(struct jobs *j, const json_t *row)
{
    const char *id = json_get_text(row, "id", ""), *track_id = json_get_text(row, "track_id", "");
    const struct step *s = step_find(json_get_text(row, "kind", ""));
    bool was_running = !strcmp(json_get_text(row, "state", ""), "running");
    int crashes = (int)json_get_int(row, "crashes", 0) + was_running;
    enum lm_err err = LM_OK;

    if (!s || !*track_id)
        return jobs_put_row(j, id, json_pack("{s:s,s:s}", "state", "failed", "error", "There is no analyser for this any more"), NULL);
    if (crashes >= CRASHES_MAX)
        return jobs_put_row(j, id, json_pack("{s:s,s:s,s:i}", "state", "failed", "error",
                                             "lumad went down twice while this ran", "crashes", crashes), NULL);
    if (was_running)
        err = jobs_put_row(j, id, json_pack("{s:s,s:f,s:i}", "state", "queued", "progress", 0., "crashes", crashes), NULL);
    struct job *job = err ? NULL : job_new(j, id, track_id, s);
    if (!job)
        return err ? err : LM_NOMEM;
    job->crashes = crashes;
    job->attempts = (int)json_get_int(row, "attempts", 0);
    job->priority = json_get_int(row, "priority", 0);
    enqueue(j, job);
    return LM_OK;
}

static void resume(struct jobs *j)
{
    static const char *const states[] = { "running", "queued" };

    for (int i = 0; i < 2; i++) {
        json_t *rows = NULL, *row;
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
        json_decref(rows);
    }
}

enum lm_err jobs_new(const struct jobs_options *o, struct jobs **result)
{
    struct jobs *j = calloc(1, sizeof(*j));

    if (!j)
        return LM_NOMEM;
    j->o = *o;
    j->limit = 1;
    str_copy(j->data_dir, sizeof(j->data_dir), o->data_dir);
    j->o.data_dir = j->data_dir;
    pthread_mutex_init(&j->queueing, NULL);
    pthread_mutex_init(&j->lock, NULL);
    thread_cond_init(&j->changed);
    cache_clean(j->data_dir);
    resume(j);
    enum lm_err err = thread_start(&j->scheduler, &(struct thread_options){ .name = "jobs" }, jobs_schedule, j);
    if (err) {
        free(j);
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
    for (struct job *job = j->first, *next; job; job = next) {
        next = job->next;
        worker_stop_clear(&job->stop);
        free(job);
    }
    pthread_cond_destroy(&j->changed);
    pthread_mutex_destroy(&j->lock);
    pthread_mutex_destroy(&j->queueing);
    free(j);
}

/* --- what a track needs --- */

static enum lm_err choose(struct jobs *j, struct db_conn *c, const char *track_id, const json_t *wanted, bool force,
                          const struct step *chosen[STEPS_MAX], size_t *n, struct problem *p)
{
    char path[PROBLEM_PATH];
    struct str names = { 0 };
    json_t *name;
    size_t i;

    *n = 0;
    for (size_t k = 0; steps[k]; k++)
        str_addf(&names, "%s%s", k ? ", " : "", steps[k]->name);
    json_array_foreach((json_t *)wanted, i, name) {
        if (!json_is_string(name) || !step_find(json_string_value(name))) {
            snprintf(path, sizeof(path), "/steps/%zu", i);
            problem_add(p, path, "there is no such step; known are %s", names.data ? names.data : "");
        }
    }
    str_clear(&names);
    if (p->n)
        return problem_set(p, LM_INVALID, "Unknown analysis steps");
    for (size_t k = 0; steps[k] && *n < STEPS_MAX; k++) {
        const struct step *s = steps[k];
        bool is_wanted = !wanted && !s->is_on_demand;
        json_array_foreach((json_t *)wanted, i, name) {
            is_wanted |= !strcmp(json_string_value(name), s->name);
        }
        if (is_wanted && (force || !s->is_there(c, j->data_dir, s, track_id)))
            chosen[(*n)++] = s;
    }
    return LM_OK;
}

/* A job that is under way already is the answer too, not a second one. */
static enum lm_err queue_chosen(struct jobs *j, const char *track_id, const struct step *const *chosen, size_t n,
                                char (*ids)[UUID_SIZE], struct problem *p)
{
    const struct step *fresh[STEPS_MAX];
    char made[STEPS_MAX][UUID_SIZE];
    size_t at[STEPS_MAX], n_fresh = 0;

    pthread_mutex_lock(&j->lock);
    for (size_t i = 0; i < n; i++) {
        struct job *active = jobs_find_kind(j, track_id, chosen[i]->name);
        if (active) {
            str_copy(ids[i], UUID_SIZE, active->id);
        } else {
            at[n_fresh] = i;
            fresh[n_fresh++] = chosen[i];
        }
    }
    pthread_mutex_unlock(&j->lock);
    enum lm_err err = n_fresh ? jobs_add(j, track_id, fresh, n_fresh, false, made, p) : LM_OK;
    for (size_t i = 0; i < n_fresh && !err; i++)
        str_copy(ids[at[i]], UUID_SIZE, made[i]);
    return err;
}

enum lm_err jobs_analyze(struct jobs *j, const char *track_id, const json_t *wanted, bool force, json_t **jobs, struct problem *p)
{
    const struct step *chosen[STEPS_MAX];
    char ids[STEPS_MAX][UUID_SIZE];
    struct problem own = { 0 };
    json_t *track = NULL, *list = NULL;
    char *file = NULL;
    size_t n = 0;

    p = p ? p : &own;
    pthread_mutex_lock(&j->queueing);
    struct db_conn *c = db_reader_take(j->o.db);
    enum lm_err err = row_get(c, &tracks_table, track_id, &track, p);
    if (!err)
        err = track_file(c, track_id, &file, p);
    if (!err)
        err = choose(j, c, track_id, wanted, force, chosen, &n, p);
    db_reader_put(j->o.db, c);
    if (!err)
        err = queue_chosen(j, track_id, chosen, n, ids, p);
    pthread_mutex_unlock(&j->queueing);
    json_decref(track);
    free(file);
    if (err || !jobs)
        return err;
    if (!(list = json_array()))
        return problem_set(p, LM_NOMEM, "No memory for a list");
    for (size_t i = 0; i < n && !err; i++) {
        json_t *row = NULL;
        if (!(err = get_row(j, ids[i], &row, p)))
            json_array_append_new(list, row);
    }
    if (err)
        json_decref(list);
    else
        *jobs = list;
    return err;
}

/* --- looking --- */

enum lm_err jobs_page(struct jobs *j, const char *track_id, int limit, json_t **page, struct problem *p)
{
    json_t *rows = NULL, *row, *items;
    size_t i;
    struct row_query q = { .limit = limit };
    struct db_conn *c = db_reader_take(j->o.db);
    enum lm_err err;

    if (track_id) {
        if (!(err = row_all(c, &jobs_table, "track_id", track_id, &rows, p))) {
            size_t most = limit > 0 ? (size_t)limit : 100;
            while (json_array_size(rows) > most)
                json_array_remove(rows, json_array_size(rows) - 1);
            *page = json_pack("{s:o,s:n}", "items", rows, "next");
            err = *page ? LM_OK : problem_set(p, LM_NOMEM, "No memory for a list");
        }
    } else {
        err = row_page(c, &jobs_table, NULL, &q, page, p);
    }
    db_reader_put(j->o.db, c);
    if (err)
        return err;
    items = json_object_get(*page, "items");
    json_array_foreach(items, i, row) {
        overlay(j, row);
    }
    return LM_OK;
}

enum lm_err jobs_get(struct jobs *j, const char *id, json_t **job, struct problem *p)
{
    return get_row(j, id, job, p);
}

size_t jobs_active(struct jobs *j)
{
    size_t n = 0;

    pthread_mutex_lock(&j->lock);
    for (struct job *job = j->first; job; job = job->next)
        n++;
    pthread_mutex_unlock(&j->lock);
    return n;
}

const json_t *jobs_newest(const json_t *rows, const char *kind)
{
    json_t *row;
    size_t i;

    json_array_foreach((json_t *)rows, i, row) {
        if (!strcmp(json_get_text(row, "kind", ""), kind))
            return row;
    }
    return NULL;
}

static json_t *analysis_of(struct jobs *j, struct db_conn *c, const struct step_result *r, const char *track_id, const json_t *rows)
{
    char analyser[64] = "";
    int64_t version = 0;
    bool there = step_result_there(c, r, track_id, &version, analyser);
    const json_t *last = jobs_newest(rows, r->name);
    const char *state = there ? "done" : "none", *error = NULL;
    double progress = there;

    pthread_mutex_lock(&j->lock);
    struct job *job = jobs_find_kind(j, track_id, r->name);
    if (job) {
        state = job->is_running ? "running" : "queued";
        progress = job->progress;
    } else if (last && !there && !strcmp(json_get_text(last, "state", ""), "failed")) {
        state = "failed";
        error = json_get_text(last, "error", "");
    }
    pthread_mutex_unlock(&j->lock);
    return json_pack("{s:s,s:f,s:o,s:o,s:o}", "state", state, "progress", progress,
                     "version", there ? json_integer(version) : json_null(),
                     "analyser", there ? json_string(analyser) : json_null(), "error", json_text_or_null(error));
}

enum lm_err jobs_track_analysis(struct jobs *j, struct db_conn *c, const char *track_id, json_t **analysis, struct problem *p)
{
    json_t *rows = NULL, *all;
    enum lm_err err = row_all(c, &jobs_table, "track_id", track_id, &rows, p);

    if (err)
        return err;
    if (!(all = json_object()))
        err = problem_set(p, LM_NOMEM, "No memory for an analysis");
    for (const struct step_result *r = step_results; r->name && !err; r++)
        if (json_object_set_new(all, r->name, analysis_of(j, c, r, track_id, rows)))
            err = problem_set(p, LM_NOMEM, "No memory for an analysis");
    json_decref(rows);
    if (err)
        json_decref(all);
    else
        *analysis = all;
    return err;
}

/* --- cancel, retry --- */

void jobs_wait_until(struct jobs *j, int64_t deadline_ms)
{
    struct timespec t = { .tv_sec = deadline_ms / 1000, .tv_nsec = deadline_ms % 1000 * 1000000 };

    pthread_cond_timedwait(&j->changed, &j->lock, &t);
}

enum lm_err jobs_cancel(struct jobs *j, const char *id, json_t **row, struct problem *p)
{
    int64_t deadline = jobs_now_ms() + CANCEL_MS;

    pthread_mutex_lock(&j->lock);
    struct job *job = jobs_find(j, id);
    bool was_active = job != NULL;
    if (job) {
        job->is_cancelled = true;
        if (job->is_running)
            worker_cancel(&job->stop);
        j->must_schedule = true;        /* what was only queued is taken out by the scheduler */
        pthread_cond_broadcast(&j->changed);
    }
    while (jobs_find(j, id) && jobs_now_ms() < deadline && !j->is_stopping)
        jobs_wait_until(j, deadline);
    pthread_mutex_unlock(&j->lock);
    enum lm_err err = get_row(j, id, row, p);
    if (!err && !was_active) {
        err = problem_set(p, LM_CONFLICT, "This job is over already: %s", json_get_text(*row, "state", ""));
        json_decref(*row);
        *row = NULL;
    }
    return err;
}

static enum lm_err requeue(struct jobs *j, const json_t *row, struct problem *p)
{
    const char *state = json_get_text(row, "state", ""), *track_id = json_get_text(row, "track_id", "");
    const struct step *s = step_find(json_get_text(row, "kind", ""));

    if (strcmp(state, "failed") && strcmp(state, "cancelled"))
        return problem_set(p, LM_CONFLICT, "Only a failed or cancelled job can be tried again; this one is %s", state);
    if (!s || !*track_id)
        return problem_set(p, LM_CONFLICT, "There is no analyser for this any more");
    pthread_mutex_lock(&j->lock);
    bool is_active = jobs_find_kind(j, track_id, s->name) != NULL;
    pthread_mutex_unlock(&j->lock);
    if (is_active)
        return problem_set(p, LM_CONFLICT, "Another job does the same already");

    const char *id = json_get_text(row, "id", "");
    struct job *job = job_new(j, id, track_id, s);
    if (!job)
        return problem_set(p, LM_NOMEM, "No memory for a job");
    enum lm_err err = jobs_put_row(j, id, json_pack("{s:s,s:f,s:n,s:s,s:i,s:n}", "state", "queued", "progress", 0., "error", "log", "",
                                                    "crashes", 0, "finished_at"), p);
    if (err) {
        worker_stop_clear(&job->stop);
        free(job);
        return err;
    }
    job->attempts = (int)json_get_int(row, "attempts", 0);
    enqueue(j, job);
    return LM_OK;
}

enum lm_err jobs_retry(struct jobs *j, const char *id, json_t **job, struct problem *p)
{
    json_t *row = NULL;

    pthread_mutex_lock(&j->queueing);
    enum lm_err err = get_row(j, id, &row, p);
    if (!err)
        err = requeue(j, row, p);
    pthread_mutex_unlock(&j->queueing);
    json_decref(row);
    return err ? err : get_row(j, id, job, p);
}
