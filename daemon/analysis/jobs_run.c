/* One job: a thread that waits for its worker, and what comes of it. */
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
#include "db/track_inputs.h"

enum {
    TELL_MS = 200,                      /* between two events about a job's progress */
    LEFT_AFTER_MS = 1000,               /* before that nobody knows how long it will take */
};
#define LEFT_WEIGHT 0.2                 /* of the newest estimate */

/* --- progress --- */

static void tell(struct jobs *j, const char *id)
{
    struct event e = { .table = "jobs", .op = 'u' };

    str_copy(e.id, sizeof(e.id), id);
    if (j->o.bus)
        event_publish(j->o.bus, &e, 1);
}

/* From how long it took so far; smoothed, because most workers go through steps of different speeds. The lock is held. */
static void reckon(struct job *job, int64_t now)
{
    double passed = (double)(now - job->started_ms) / 1000;

    if (now - job->started_ms < LEFT_AFTER_MS || job->progress < 0.01)
        return;
    double left = passed * (1 - job->progress) / job->progress;
    if (job->left_s >= 0) {
        double before = fmax(0, job->left_s - (double)(now - job->left_ms) / 1000);
        left = before + LEFT_WEIGHT * (left - before);
    }
    job->left_s = left;
    job->left_ms = now;
}

static void on_progress(void *ctx, double progress, const char *step)
{
    struct job *job = ctx;
    struct jobs *j = job->owner;
    int64_t now = jobs_now_ms();

    pthread_mutex_lock(&j->lock);
    job->progress = progress;
    str_copy(job->said, sizeof(job->said), step);
    reckon(job, now);
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
    const struct step_run *r = f->run;
    enum lm_err err = r ? r->step->store(c, r, p) : LM_OK;

    if (!err && r && r->step->analyser && r->step->after[0])
        err = track_set_made_from(c, r->track_id, r->step->name, r->inputs, p);
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

void jobs_drop(struct jobs *j, struct job *job, const char *state, const char *error)
{
    if (write_end(j, job, NULL, state, error, "", NULL))
        log_warn("jobs", "the end of job %s is not stored", job->id);
    if (!strcmp(job->step->name, "decode"))
        jobs_fail_dependents(j, job->track_id, state, error);
    take_out(j, job);
}

/* Queued jobs that need the decoded audio which will not come. Takes one out at a time, as the rows are written without the lock. */
void jobs_fail_dependents(struct jobs *j, const char *track_id, const char *state, const char *error)
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
        jobs_drop(j, job, state, error);
    }
}

/* What plays, is at work or was just asked for or decoded. What is only queued must not be, or a long queue would hold the decoded audio of everything. */
static bool is_kept(void *ctx, const char *track_id)
{
    struct jobs *j = ctx;
    bool keep = j->o.is_playing && j->o.is_playing(j->o.ctx, track_id);
    uint64_t track = jobs_track_key(track_id);

    pthread_mutex_lock(&j->lock);
    for (struct job *job = j->first; job && !keep; job = job->next)
        keep = job->is_running && job->track == track && !strcmp(job->track_id, track_id);
    for (int i = 0; i < PINS && !keep; i++)
        keep = !strcmp(j->pins[i].track_id, track_id) && jobs_now_ms() - j->pins[i].ms < PIN_MS;
    pthread_mutex_unlock(&j->lock);
    return keep;
}

/* --- one job --- */

static bool may_pass(enum lm_err err)
{
    return err == LM_NOMEM || err == LM_FULL || err == LM_BUSY || err == LM_IO;
}

/* *passes: the same may go well later. */
static const char *run_worker(struct jobs *j, struct job *job, struct step_run *run, struct worker_end *end, bool *passes, struct problem *p)
{
    const struct step *s = job->step;
    struct worker_options o = { .argv = run->argv, .stop = &job->stop, .progress = on_progress, .ctx = job, .quiet_ms = s->quiet_s * 1000,
                                .memory_mb = step_memory_limit(job->memory_mb) };

    pthread_mutex_lock(&j->lock);
    /* Somebody looks at it: on a machine that is busy otherwise, what nobody else wants may be nothing. */
    o.priority = job->is_urgent || jobs_preference(j, job) ? WORKER_LOW : j->o.priority;
    pthread_mutex_unlock(&j->lock);
    enum lm_err err = worker_run(&o, end);

    *passes = end->may_pass;
    if (!err) {
        run->result = end->result;
        if (run->step->collect)
            err = run->step->collect(run, p);
        if (!err)
            err = write_end(j, job, run, "done", NULL, end->log, p);
        if (!err)
            return "done";
        *passes = may_pass(err);
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

static enum lm_err prepare(struct jobs *j, struct job *job, struct step_run *run, struct problem *p)
{
    struct db_conn *c = db_reader_take(j->o.db);
    enum lm_err err = step_prepare(run, job->step, j->data_dir, job->track_id, c, p);

    db_reader_put(j->o.db, c);
    if (!err)
        err = jobs_put_row(j, job->id, json_pack("{s:s,s:i,s:n,s:o}", "state", "running", "attempts", ++job->attempts, "error",
                                                 "started_at", json_instant(clock_wall_ms())), p);
    return err;
}

/* The next attempt is in how many ms; 0: there is none. Whoever waits for it hears at once that it failed. */
static int next_try(struct jobs *j, struct job *job)
{
    pthread_mutex_lock(&j->lock);
    int ms = !job->is_cancelled && !job->is_urgent && !j->is_stopping && job->tries < JOBS_RETRIES ? j->o.retry_ms[job->tries++] : 0;
    pthread_mutex_unlock(&j->lock);
    return ms;
}

static void write_failure(struct jobs *j, struct job *job, const char *state, const char *error, int again_ms, const char *log)
{
    char text[PROBLEM_DETAIL + 64];
    struct problem p = { 0 };

    if (error && again_ms)
        snprintf(text, sizeof(text), "%s; it is tried again in %d s", error, (again_ms + 999) / 1000);
    if (error)
        log_warn("jobs", "%s of track %s: %s", job->step->name, job->track_id, again_ms ? text : error);
    if (write_end(j, job, NULL, again_ms ? "queued" : state, again_ms ? text : error, log, &p))
        log_warn("jobs", "the end of job %s is not stored: %s", job->id, p.detail);
    if (!again_ms && !strcmp(job->step->name, "decode") && strcmp(state, "queued"))
        jobs_fail_dependents(j, job->track_id, state, error);
}

/* When it is tried again, in ms: the job goes on being one. 0: it is over. `run` (NULL: there is no memory) is what it was. */
static int run_job(struct jobs *j, struct job *job, struct step_run *run)
{
    struct worker_end *end = calloc(1, sizeof(*end));
    struct problem p = { 0 };
    const char *state = "failed";
    int again_ms = 0;
    enum lm_err err = run && end ? prepare(j, job, run, &p) : problem_set(&p, LM_NOMEM, "No memory for a job");
    bool passes = may_pass(err);

    if (!err)
        state = run_worker(j, job, run, end, &passes, &p);
    if (strcmp(state, "done")) {
        const char *error = strcmp(state, "failed") ? NULL : p.detail[0] ? p.detail : lm_err_text(err);
        again_ms = error && passes ? next_try(j, job) : 0;
        write_failure(j, job, state, error, again_ms, end ? end->log : "");
        if (run) {
            run->is_paused = again_ms || !strcmp(state, "queued");
            run->is_cancelled = !strcmp(state, "cancelled");
        }
    } else if (job->step->makes_pcm) {
        pthread_mutex_lock(&j->lock);
        jobs_pin(j, job->track_id);
        pthread_mutex_unlock(&j->lock);
        cache_evict(j->data_dir, (uint64_t)(j->o.cache_max_mb > 0 ? j->o.cache_max_mb : 0) << 20, is_kept, j);
    }
    if (run)
        run->is_done = !strcmp(state, "done");
    if (end)
        worker_end_clear(end);
    free(end);
    return again_ms;
}

static void put_back(struct jobs *j, struct job *job, int ms)
{
    char id[UUID_SIZE];

    str_copy(id, sizeof(id), job->id);
    pthread_mutex_lock(&j->lock);
    job->is_running = false;
    job->not_before_ms = jobs_now_ms() + ms;
    job->progress = 0;
    job->left_s = -1;
    job->said[0] = '\0';
    pthread_mutex_unlock(&j->lock);
    tell(j, id);
}

void *jobs_run(void *arg)
{
    struct job *job = arg;
    struct jobs *j = job->owner;
    const struct step *step = job->step;
    struct step_run *run = calloc(1, sizeof(*run));
    int again_ms = run_job(j, job, run);

    if (run && run->step)
        step_tidy(run);                 /* another attempt finds nothing of this one */
    if (again_ms)
        put_back(j, job, again_ms);
    else
        take_out(j, job);
    /* Only now, so that whoever hears of it does not find the job still at work. */
    if (run && run->is_done && step->tell && j->o.bus)
        step->tell(run, j->o.bus);
    if (run && run->step)
        step_clear(run);
    free(run);
    pthread_mutex_lock(&j->lock);
    j->running--;
    j->must_schedule = true;
    pthread_cond_broadcast(&j->changed);
    pthread_mutex_unlock(&j->lock);
    return NULL;
}
