/* The jobs' threads: the scheduler picks what runs next, and each running job has a thread that waits for its worker. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analysis/cache.h"
#include "analysis/jobs_private.h"
#include "core/clock.h"
#include "core/json.h"
#include "core/log.h"
#include "core/str.h"
#include "core/thread.h"
#include "db/domain.h"

enum { TELL_MS = 200 };                 /* between two events about a job's progress */

/* --- progress --- */

static void tell(struct jobs *j, const char *id)
{
    struct event e = { .table = "jobs", .op = 'u' };

    str_copy(e.id, sizeof(e.id), id);
    if (j->o.bus)
        event_publish(j->o.bus, &e, 1);
}

static void on_progress(void *ctx, double progress, const char *step)
{
    struct job *job = ctx;
    struct jobs *j = job->owner;
    int64_t now = jobs_now_ms();

    pthread_mutex_lock(&j->lock);
    job->progress = progress;
    str_copy(job->said, sizeof(job->said), step);
    bool must_tell = now - job->told_ms >= TELL_MS;
    if (must_tell)
        job->told_ms = now;
    pthread_mutex_unlock(&j->lock);
    if (must_tell)
        tell(j, job->id);
}

/* --- the end of a job --- */

/* The result and the job's own row change together or not at all. */
struct finish { struct job *job; const struct step_run *run; json_t *members; };

static enum lm_err finish_in_db(struct db_conn *c, void *arg, struct problem *p)
{
    struct finish *f = arg;
    enum lm_err err = f->run ? f->run->step->store(c, f->run, p) : LM_OK;

    return err ? err : row_put(c, &jobs_table, f->job->id, f->members, p);
}

static enum lm_err write_end(struct jobs *j, struct job *job, const struct step_run *run, const char *state, const char *error,
                             const char *log, struct problem *p)
{
    bool is_done = !strcmp(state, "done"), is_queued = !strcmp(state, "queued");
    struct finish f = { job, run, json_pack("{s:s,s:f,s:o,s:s,s:s,s:o}", "state", state, "progress", is_done ? 1. : is_queued ? 0. : job->progress,
                                            "error", json_text_or_null(error), "log", log, "step", "",
                                            "finished_at", is_queued ? json_null() : json_instant(clock_wall_ms())) };
    enum lm_err err = f.members ? db_write_bulk(j->o.db, finish_in_db, &f, p) : LM_NOMEM;

    json_decref(f.members);
    return err;
}

static void unlink_job(struct jobs *j, struct job *job)
{
    struct job **at = &j->first;

    while (*at && *at != job)
        at = &(*at)->next;
    if (*at)
        *at = job->next;
    worker_stop_clear(&job->stop);
    free(job);
}

/* Told only now, when the row is the truth: whoever asked after the row's own event still heard of the job in memory. */
static void take_out(struct jobs *j, struct job *job)
{
    char id[UUID_SIZE];

    str_copy(id, sizeof(id), job->id);
    pthread_mutex_lock(&j->lock);
    unlink_job(j, job);
    pthread_cond_broadcast(&j->changed);
    pthread_mutex_unlock(&j->lock);
    tell(j, id);
}

/* Queued jobs that need the decoded audio which will not come. Takes one out at a time, as the rows are written without the lock. */
static void fail_dependents(struct jobs *j, const char *track_id, const char *state, const char *error)
{
    for (;;) {
        pthread_mutex_lock(&j->lock);
        struct job *job = j->first;
        while (job && (strcmp(job->track_id, track_id) || !job->step->needs_pcm || job->is_running))
            job = job->next;
        if (job)
            job->is_running = true;     /* nobody else takes it now */
        pthread_mutex_unlock(&j->lock);
        if (!job)
            return;
        if (write_end(j, job, NULL, state, error, "", NULL))
            log_warn("jobs", "the end of job %s is not stored", job->id);
        take_out(j, job);
    }
}

static bool is_kept(void *ctx, const char *track_id)
{
    struct jobs *j = ctx;
    bool keep = j->o.is_playing && j->o.is_playing(j->o.ctx, track_id);

    pthread_mutex_lock(&j->lock);
    for (struct job *job = j->first; job && !keep; job = job->next)
        keep = !strcmp(job->track_id, track_id);
    for (int i = 0; i < PINS && !keep; i++)
        keep = !strcmp(j->pins[i].track_id, track_id) && jobs_now_ms() - j->pins[i].ms < PIN_MS;
    pthread_mutex_unlock(&j->lock);
    return keep;
}

/* --- one job --- */

static const char *run_worker(struct jobs *j, struct job *job, struct step_run *run, struct worker_end *end, struct problem *p)
{
    struct worker_options o = { .argv = run->argv, .stop = &job->stop, .progress = on_progress, .ctx = job };
    enum lm_err err = worker_run(&o, end);

    if (!err) {
        run->result = end->result;
        if (run->step->collect)
            err = run->step->collect(run, p);
        if (!err)
            err = write_end(j, job, run, "done", NULL, end->log, p);
        if (!err)
            return "done";
        if (!p->detail[0])
            problem_set(p, err, "%s", lm_err_text(err));
        return "failed";
    }
    problem_set(p, err, "%s", end->message);
    if (err != LM_CONFLICT)
        return "failed";
    pthread_mutex_lock(&j->lock);
    bool is_cancelled = job->is_cancelled;
    pthread_mutex_unlock(&j->lock);
    return is_cancelled ? "cancelled" : "queued";       /* queued: lumad stops */
}

/* Whether it is done; `run` (NULL: there is no memory) is what it was. */
static bool run_job(struct jobs *j, struct job *job, struct step_run *run)
{
    struct worker_end end = { 0 };
    struct problem p = { 0 };
    const char *state = "failed";
    enum lm_err err = run ? LM_OK : problem_set(&p, LM_NOMEM, "No memory for a job");

    if (!err) {
        struct db_conn *c = db_reader_take(j->o.db);
        err = step_prepare(run, job->step, j->data_dir, job->track_id, c, &p);
        db_reader_put(j->o.db, c);
    }
    if (!err)
        err = jobs_put_row(j, job->id, json_pack("{s:s,s:i,s:o}", "state", "running", "attempts", job->attempts + 1,
                                                 "started_at", json_instant(clock_wall_ms())), &p);
    if (!err)
        state = run_worker(j, job, run, &end, &p);
    if (strcmp(state, "done")) {
        const char *error = strcmp(state, "failed") ? NULL : p.detail[0] ? p.detail : lm_err_text(err);
        if (error)
            log_warn("jobs", "%s of track %s: %s", job->step->name, job->track_id, error);
        struct problem ignored = { 0 };
        if (write_end(j, job, NULL, state, error, end.log, &ignored))
            log_warn("jobs", "the end of job %s is not stored: %s", job->id, ignored.detail);
        if (!strcmp(job->step->name, "decode") && strcmp(state, "queued"))
            fail_dependents(j, job->track_id, state, error);
        if (run)
            run->is_paused = !strcmp(state, "queued");
    } else if (job->step->makes_pcm) {
        cache_evict(j->data_dir, (uint64_t)(j->o.cache_max_mb > 0 ? j->o.cache_max_mb : 0) << 20, is_kept, j);
    }
    worker_end_clear(&end);
    return !strcmp(state, "done");
}

static void *job_thread(void *arg)
{
    struct job *job = arg;
    struct jobs *j = job->owner;
    const struct step *step = job->step;
    struct step_run *run = calloc(1, sizeof(*run));
    bool is_done = run_job(j, job, run);

    if (run)
        run->is_done = is_done;
    take_out(j, job);
    /* Only now, so that whoever hears of it does not find the job still at work. */
    if (is_done && step->tell && j->o.bus)
        step->tell(run, j->o.bus);
    if (run)
        step_clear(run);
    free(run);
    pthread_mutex_lock(&j->lock);
    j->running--;
    j->must_schedule = true;
    pthread_cond_broadcast(&j->changed);
    pthread_mutex_unlock(&j->lock);
    return NULL;
}

/* --- the scheduler --- */

static int workers_allowed(struct jobs *j)
{
    json_t *value = NULL;
    struct db_conn *c = db_reader_take(j->o.db);
    long cores = sysconf(_SC_NPROCESSORS_ONLN), limit = 0;

    if (!settings_get_one(c, "jobs_concurrency", &value))
        limit = (long)json_integer_value(value);
    db_reader_put(j->o.db, c);
    json_decref(value);
    if (limit <= 0)
        limit = cores - 1;
    return limit < 1 ? 1 : (int)limit;
}

/* Decoded audio that a job needs and nobody makes is made first. */
enum ready { READY, NOT_YET, NEEDS_DECODING };

static enum ready readiness(struct jobs *j, const struct job *job)
{
    char pcm[PATH_SIZE];

    if (job->is_running)
        return NOT_YET;
    for (int i = 0; i < STEP_AFTER && job->step->after[i]; i++)
        if (jobs_find_kind(j, job->track_id, job->step->after[i]))
            return NOT_YET;
    if (!job->step->needs_pcm)
        return READY;
    if (jobs_find_kind(j, job->track_id, "decode"))
        return NOT_YET;
    return !cache_path(j->data_dir, job->track_id, pcm) && cache_has(pcm) ? READY : NEEDS_DECODING;
}

static bool is_before(const struct job *a, const struct job *b)
{
    if (a->is_urgent != b->is_urgent)
        return a->is_urgent;
    return a->priority != b->priority ? a->priority > b->priority : a->order < b->order;
}

/* The next one, *state says what to do with it. */
static struct job *pick(struct jobs *j, enum ready *state)
{
    struct job *best = NULL;

    for (struct job *job = j->first; job; job = job->next) {
        enum ready r = job->is_cancelled && !job->is_running ? READY : readiness(j, job);
        bool has_room = j->running < j->limit || job->is_urgent || job->is_cancelled || r == NEEDS_DECODING;
        if (r != NOT_YET && has_room && (!best || is_before(job, best))) {
            best = job;
            *state = r;
        }
    }
    return best;
}

/* Somebody may have cancelled it, or deleted its track, behind our back. */
static bool is_wanted(struct jobs *j, struct job *job)
{
    json_t *row = NULL, *track = NULL;
    struct db_conn *c = db_reader_take(j->o.db);
    bool wanted = !row_get(c, &jobs_table, job->id, &row, NULL) && strcmp(json_get_text(row, "state", ""), "cancelled")
               && !row_get(c, &tracks_table, job->track_id, &track, NULL);

    db_reader_put(j->o.db, c);
    json_decref(row);
    json_decref(track);
    return wanted;
}

static void drop(struct jobs *j, struct job *job)
{
    if (write_end(j, job, NULL, "cancelled", NULL, "", NULL))
        log_warn("jobs", "the end of job %s is not stored", job->id);
    if (!strcmp(job->step->name, "decode"))
        fail_dependents(j, job->track_id, "cancelled", NULL);
    pthread_mutex_lock(&j->lock);
    unlink_job(j, job);
    pthread_cond_broadcast(&j->changed);
    pthread_mutex_unlock(&j->lock);
}

/* With is_running set, so the job is ours. The lock is not held. */
static void begin(struct jobs *j, struct job *job, bool is_cancelled)
{
    pthread_t thread;

    if (is_cancelled || !is_wanted(j, job)) {
        drop(j, job);
        return;
    }
    pthread_mutex_lock(&j->lock);
    j->running++;
    pthread_mutex_unlock(&j->lock);
    if (thread_start(&thread, &(struct thread_options){ .name = "job", .stack = 512 << 10 }, job_thread, job)) {
        log_warn("jobs", "no thread for a job; it stays queued until the next start");
        pthread_mutex_lock(&j->lock);
        j->running--;
        unlink_job(j, job);
        pthread_mutex_unlock(&j->lock);
        return;
    }
    pthread_detach(thread);
}

static void decode_first(struct jobs *j, const char *track_id, bool is_urgent)
{
    const struct step *decode = step_find("decode");
    char id[1][UUID_SIZE];
    struct problem p = { 0 };

    pthread_mutex_lock(&j->queueing);
    pthread_mutex_lock(&j->lock);
    bool is_there = jobs_find_kind(j, track_id, "decode") != NULL;
    pthread_mutex_unlock(&j->lock);
    if (!is_there && jobs_add(j, track_id, &decode, 1, is_urgent, id, &p))
        fail_dependents(j, track_id, "failed", p.detail);
    pthread_mutex_unlock(&j->queueing);
}

void *jobs_schedule(void *arg)
{
    struct jobs *j = arg;
    enum ready state = NOT_YET;
    int limit = workers_allowed(j);

    pthread_mutex_lock(&j->lock);
    while (!j->is_stopping) {
        j->limit = limit;
        struct job *job = pick(j, &state);
        if (!job) {
            if (!j->must_schedule)
                pthread_cond_wait(&j->changed, &j->lock);
            j->must_schedule = false;
            if (j->first && !j->is_stopping) {      /* an operator may have changed it */
                pthread_mutex_unlock(&j->lock);
                limit = workers_allowed(j);
                pthread_mutex_lock(&j->lock);
            }
            continue;
        }
        char track_id[UUID_SIZE];
        bool is_cancelled = job->is_cancelled, is_urgent = job->is_urgent;
        str_copy(track_id, sizeof(track_id), job->track_id);
        if (state == READY)
            job->is_running = true;
        pthread_mutex_unlock(&j->lock);
        if (state == READY)
            begin(j, job, is_cancelled);
        else
            decode_first(j, track_id, is_urgent);
        pthread_mutex_lock(&j->lock);
    }
    pthread_mutex_unlock(&j->lock);
    return NULL;
}
