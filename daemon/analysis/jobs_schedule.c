/* What runs next. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "analysis/cache.h"
#include "analysis/jobs_private.h"
#include "core/json.h"
#include "core/log.h"
#include "core/str.h"
#include "core/thread.h"
#include "db/domain.h"

enum {
    LIMIT_MS = 1000,                    /* an operator may change the number of workers */
    HUNGRY_MS = 1000,                   /* memory is looked at again */
    STARVING_MS = 60000,                /* from then on nobody overtakes it */
    GROWING_MS = 20000,                 /* a worker younger than that has not taken all it needs */
    DECODES_MAX = 8,                    /* the cache may drop what was decoded while its job waits its turn, but not for ever */
    FORGET_JOBS = 5000,                 /* new ones between two times that old rows are forgotten */
    ALONE_MB = 1000,                    /* one that takes more computes on many cores as well: never two of a kind at a time */
};

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

/* --- the order --- */

int jobs_preference(const struct jobs *j, const struct job *job)
{
    for (int i = 0; i < PREFERRED; i++)
        if (j->preferred[i] == job->track)
            return PREFERRED - i;
    return 0;
}

static bool is_before(const struct jobs *j, const struct job *a, const struct job *b)
{
    int pa = jobs_preference(j, a), pb = jobs_preference(j, b);

    if (a->is_urgent != b->is_urgent)
        return a->is_urgent;
    if (pa != pb)
        return pa > pb;
    if (a->priority != b->priority)
        return a->priority > b->priority;
    return a->step->is_slow != b->step->is_slow ? b->step->is_slow : a->order < b->order;
}

/* What it waits for is over, as far as memory and time go. */
static bool is_ready(struct jobs *j, const struct job *job)
{
    const struct step *s = job->step;

    for (const struct job *other = j->first; other; other = other->next) {
        if (other != job && other->is_running && other->step == s && other->memory_mb > ALONE_MB)
            return false;
        if (other == job || other->track != job->track || strcmp(other->track_id, job->track_id))
            continue;
        bool is_same = other->step == s && other->is_running;
        bool is_sound = s->needs_pcm && !strcmp(other->step->name, "decode");
        bool is_stems = s->reads_stems && !strcmp(other->step->name, "decode_stems");
        /* What takes seconds does not wait for what takes minutes: it is done again with what that brings (steps.h). What somebody reads of it is not: it would be gone. */
        bool is_before_it = step_comes_after(s, other->step->name) && (s->is_slow || s->is_on_demand || !other->step->is_slow);
        if (is_same || is_sound || is_stems || is_before_it)
            return false;
    }
    return true;
}

static bool has_room(const struct jobs *j, const struct job *job)
{
    return job->is_urgent || job->is_cancelled || j->running < j->limit + (jobs_preference(j, job) > 0);
}

/* One that has waited for memory for too long: nobody behind it comes before it. */
static const struct job *starving(const struct jobs *j, int64_t now)
{
    const struct job *first = NULL;

    for (const struct job *job = j->first; job; job = job->next)
        if (job->hungry_ms && now - job->hungry_ms > STARVING_MS && !job->is_running && (!first || is_before(j, job, first)))
            first = job;
    return first;
}

/* *wake_ms: when a job that pauses could be picked, if that is sooner. */
static struct job *pick(struct jobs *j, int64_t *wake_ms)
{
    int64_t now = jobs_now_ms();
    const struct job *hungry = starving(j, now);
    struct job *best = NULL;

    for (struct job *job = j->first; job; job = job->next) {
        if (job->is_running || !has_room(j, job) || (best && !is_before(j, job, best)))
            continue;
        if (!job->is_cancelled && job->not_before_ms > now) {
            *wake_ms = *wake_ms < 0 || job->not_before_ms < *wake_ms ? job->not_before_ms : *wake_ms;
            continue;
        }
        bool is_overtaking = hungry && job != hungry && is_before(j, hungry, job) && !job->is_cancelled;
        if (!is_overtaking && (job->is_cancelled || is_ready(j, job)))
            best = job;
    }
    return best;
}

/* --- what a job needs, asked without the lock --- */

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

static bool is_pcm_missing(struct jobs *j, const struct job *job)
{
    char pcm[PATH_SIZE];

    return job->step->needs_pcm && (cache_path(j->data_dir, job->track_id, pcm) || !cache_has(pcm));
}

static bool are_stems_missing(struct jobs *j, const struct job *job)
{
    const struct step *s = step_find("decode_stems");

    if (!job->step->reads_stems || job->has_tried_stems)
        return false;
    struct db_conn *c = db_reader_take(j->o.db);
    bool missing = !s->is_there(c, j->data_dir, s, job->track_id);
    db_reader_put(j->o.db, c);
    return missing;
}

static bool is_there_memory(struct jobs *j, struct job *job)
{
    struct db_conn *c = db_reader_take(j->o.db);
    int need = step_memory(job->step, c, j->data_dir), there = j->o.memory_mb ? j->o.memory_mb : jobs_memory_mb();
    int64_t now = jobs_now_ms();

    db_reader_put(j->o.db, c);
    pthread_mutex_lock(&j->lock);
    job->memory_mb = need;
    for (const struct job *other = j->first; other; other = other->next)
        if (other->is_running && other != job && now - other->started_ms < GROWING_MS)
            need += other->memory_mb;
    bool fits = there < 0 || need <= there || !j->running || job->is_urgent;
    bool was_hungry = job->hungry_ms;
    job->hungry_ms = fits ? 0 : was_hungry ? job->hungry_ms : now;
    pthread_mutex_unlock(&j->lock);
    if (!fits && !was_hungry)
        log_info("jobs", "%s of track %s waits: it needs %d MB of memory and there are %d", job->step->name, job->track_id, job->memory_mb, there);
    return fits;
}

/* --- the steps of starting one --- */

/* Nobody works on it for now. */
static void leave(struct jobs *j, struct job *job, int pause_ms)
{
    pthread_mutex_lock(&j->lock);
    job->is_running = false;
    job->not_before_ms = pause_ms ? jobs_now_ms() + pause_ms : 0;
    pthread_mutex_unlock(&j->lock);
}

/* What a job needs and nobody makes is made first, as urgently. */
static void make_first(struct jobs *j, struct job *job, const char *name)
{
    const struct step *s = step_find(name);
    char id[1][UUID_SIZE], track_id[UUID_SIZE];
    struct problem p = { 0 };

    str_copy(track_id, sizeof(track_id), job->track_id);
    pthread_mutex_lock(&j->lock);
    int priority = job->is_urgent ? JOBS_URGENT : job->priority;
    job->has_tried_stems |= !strcmp(name, "decode_stems");
    pthread_mutex_unlock(&j->lock);
    leave(j, job, 0);                   /* from here on somebody else may end it */
    pthread_mutex_lock(&j->queueing);
    pthread_mutex_lock(&j->lock);
    bool is_there = jobs_find_kind(j, track_id, name) != NULL;
    pthread_mutex_unlock(&j->lock);
    if (!is_there && jobs_add(j, track_id, &s, 1, priority, id, &p) && !strcmp(name, "decode"))
        jobs_fail_dependents(j, track_id, "failed", p.detail);
    pthread_mutex_unlock(&j->queueing);
}

static void start(struct jobs *j, struct job *job)
{
    pthread_t thread;

    pthread_mutex_lock(&j->lock);
    job->started_ms = jobs_now_ms();
    j->running++;
    pthread_mutex_unlock(&j->lock);
    if (!thread_start(&thread, &(struct thread_options){ .name = "job", .stack = 512 << 10 }, jobs_run, job)) {
        pthread_detach(thread);
        return;
    }
    log_warn("jobs", "no thread for a job; it is tried again");
    pthread_mutex_lock(&j->lock);
    j->running--;
    pthread_mutex_unlock(&j->lock);
    leave(j, job, HUNGRY_MS);
}

/* A cache that loses what is put into it must not make the same for ever. */
static void decode_first(struct jobs *j, struct job *job)
{
    if (job->decodes++ < DECODES_MAX)
        make_first(j, job, "decode");
    else
        jobs_drop(j, job, "failed", "The decoded sound does not stay in the cache: is there room on the disk, and may the cache be large enough?");
}

/* With is_running set, so the job is ours. The lock is not held. */
static void begin(struct jobs *j, struct job *job, bool is_cancelled)
{
    bool is_wanted_now = !is_cancelled && is_wanted(j, job), is_missing = is_wanted_now && is_pcm_missing(j, job);

    job->decodes = is_missing ? job->decodes : 0;
    if (!is_wanted_now)
        jobs_drop(j, job, "cancelled", NULL);
    else if (is_missing)
        decode_first(j, job);
    else if (are_stems_missing(j, job))
        make_first(j, job, "decode_stems");
    else if (!is_there_memory(j, job))
        leave(j, job, HUNGRY_MS);
    else
        start(j, job);
}

static int64_t sooner(int64_t a, int64_t b)
{
    return a < 0 ? b : b < 0 || a < b ? a : b;
}

void *jobs_schedule(void *arg)
{
    struct jobs *j = arg;
    int limit = workers_allowed(j);
    int64_t asked_ms = jobs_now_ms(), follow_ms = follow_work(j->follow);

    pthread_mutex_lock(&j->lock);
    while (!j->is_stopping) {
        int64_t wake_ms = follow_ms;
        j->limit = limit;
        j->must_schedule = false;
        struct job *job = pick(j, &wake_ms);
        bool is_cancelled = job && job->is_cancelled;
        if (job)
            job->is_running = true;
        else if (!j->has_news && !j->must_schedule && (wake_ms < 0 || wake_ms > jobs_now_ms()))
            jobs_wait_until(j, j->first ? sooner(wake_ms, jobs_now_ms() + LIMIT_MS) : wake_ms);
        bool must_follow = j->has_news || (follow_ms >= 0 && follow_ms <= jobs_now_ms());
        j->has_news = false;
        bool is_stopping = j->is_stopping, must_forget = j->orders - j->forgotten >= FORGET_JOBS;
        pthread_mutex_unlock(&j->lock);
        if (job)
            begin(j, job, is_cancelled);
        if (must_follow && !is_stopping)
            follow_ms = follow_work(j->follow);
        if (must_forget && !is_stopping)
            jobs_forget_old(j);
        if (jobs_now_ms() - asked_ms >= LIMIT_MS && !is_stopping) {
            limit = workers_allowed(j);
            asked_ms = jobs_now_ms();
        }
        pthread_mutex_lock(&j->lock);
    }
    pthread_mutex_unlock(&j->lock);
    return NULL;
}
