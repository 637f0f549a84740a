/* What an operator does about jobs. */
#include <string.h>

#include "analysis/jobs_private.h"
#include "core/json.h"

enum { CANCEL_MS = 3000 };              /* a worker is gone one second after its SIGTERM */

/* Both with the lock held. What was only queued is taken out by the scheduler. */
static void cancel(struct job *job)
{
    job->is_cancelled = true;
    if (job->is_running)
        worker_cancel(&job->stop);
}

static void reschedule(struct jobs *j)
{
    j->must_schedule = true;
    pthread_cond_broadcast(&j->changed);
}

enum lm_err jobs_cancel(struct jobs *j, const char *id, json_t **row, struct problem *p)
{
    int64_t deadline = jobs_now_ms() + CANCEL_MS;

    pthread_mutex_lock(&j->lock);
    struct job *job = jobs_find(j, id);
    bool was_active = job != NULL;
    if (job) {
        cancel(job);
        reschedule(j);
    }
    while (jobs_find(j, id) && jobs_now_ms() < deadline && !j->is_stopping)
        jobs_wait_until(j, deadline);
    pthread_mutex_unlock(&j->lock);
    enum lm_err err = jobs_get(j, id, row, p);
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
    enum lm_err err = jobs_put_row(j, id, json_pack("{s:s,s:f,s:n,s:s,s:i,s:i,s:n}", "state", "queued", "progress", 0., "error", "log", "",
                                                    "crashes", 0, "priority", JOBS_NORMAL, "finished_at"), p);
    if (!err && (err = jobs_requeue(j, id, track_id, s, (int)json_get_int(row, "attempts", 0))))
        problem_set(p, err, "No memory for a job");
    return err;
}

enum lm_err jobs_retry(struct jobs *j, const char *id, json_t **job, struct problem *p)
{
    json_t *row = NULL;

    pthread_mutex_lock(&j->queueing);
    enum lm_err err = jobs_get(j, id, &row, p);
    if (!err)
        err = requeue(j, row, p);
    pthread_mutex_unlock(&j->queueing);
    json_decref(row);
    return err ? err : jobs_get(j, id, job, p);
}

void jobs_prefer(struct jobs *j, const char *track_id)
{
    uint64_t track = jobs_track_key(track_id);
    int at = 0;

    pthread_mutex_lock(&j->lock);
    while (at < PREFERRED - 1 && j->preferred[at] != track)
        at++;
    memmove(j->preferred + 1, j->preferred, (size_t)at * sizeof(*j->preferred));
    j->preferred[0] = track;
    reschedule(j);
    pthread_mutex_unlock(&j->lock);
}

void jobs_cancel_asked(struct jobs *j, const struct jobs_asked *asked)
{
    pthread_mutex_lock(&j->lock);
    for (size_t i = 0; i < asked->n; i++) {
        struct job *job = jobs_find(j, asked->id[i]);

        if (job && job->priority <= JOBS_BATCH && !job->is_urgent)
            cancel(job);
    }
    reschedule(j);
    pthread_mutex_unlock(&j->lock);
}

void jobs_cancel_track(struct jobs *j, const char *track_id)
{
    pthread_mutex_lock(&j->lock);
    for (struct job *job = j->first; job; job = job->next)
        if (!strcmp(job->track_id, track_id))
            cancel(job);
    reschedule(j);
    pthread_mutex_unlock(&j->lock);
}
