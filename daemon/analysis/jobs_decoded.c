/* The decoded audio of a track, for whoever wants to play or look at it now. */
#include <stdlib.h>
#include <string.h>

#include "analysis/cache.h"
#include "analysis/jobs_private.h"
#include "core/json.h"
#include "core/str.h"
#include "db/domain.h"

static void pin(struct jobs *j, const char *track_id)
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

/* Is its decoding under way? If not, begins it; unless nobody waits and it has failed before: a failure is not repeated by looking. */
static enum lm_err ensure_decoding(struct jobs *j, const char *track_id, bool is_urgent, struct problem *p)
{
    const struct step *decode = step_find("decode");
    char id[1][UUID_SIZE], *file = NULL;
    json_t *rows = NULL;

    pthread_mutex_lock(&j->lock);
    struct job *job = jobs_find_kind(j, track_id, "decode");
    if (job && is_urgent && !job->is_urgent) {
        job->is_urgent = j->must_schedule = true;
        pthread_cond_broadcast(&j->changed);
    }
    pthread_mutex_unlock(&j->lock);
    if (job)
        return LM_OK;
    struct db_conn *c = db_reader_take(j->o.db);
    enum lm_err err = track_file(c, track_id, &file, p);
    if (!err && !is_urgent && !(err = row_all(c, &jobs_table, "track_id", track_id, &rows, p))) {
        const json_t *last = jobs_newest(rows, "decode");
        if (last && !strcmp(json_get_text(last, "state", ""), "failed"))
            err = problem_set(p, LM_INVALID, "%s", json_get_text(last, "error", "The track cannot be decoded"));
    }
    db_reader_put(j->o.db, c);
    json_decref(rows);
    free(file);
    return err ? err : jobs_add(j, track_id, &decode, 1, is_urgent, id, p);
}

static enum lm_err why_not_decoded(struct jobs *j, const char *track_id, struct problem *p)
{
    json_t *rows = NULL;
    struct db_conn *c = db_reader_take(j->o.db);
    enum lm_err err = row_all(c, &jobs_table, "track_id", track_id, &rows, p);
    const json_t *last = err ? NULL : jobs_newest(rows, "decode");

    if (!err)
        err = problem_set(p, LM_INVALID, "%s", json_get_text(last, "error", "The track was not decoded"));
    db_reader_put(j->o.db, c);
    json_decref(rows);
    return err;
}

enum lm_err jobs_decoded(struct jobs *j, const char *track_id, int timeout_ms, char **path, struct problem *p)
{
    char pcm[PATH_SIZE];
    int64_t deadline = jobs_now_ms() + timeout_ms;
    bool is_active = false;
    double progress = 0;
    enum lm_err err = uuid_valid(track_id) ? cache_path(j->data_dir, track_id, pcm) : problem_set(p, LM_NOT_FOUND, "There is no such track");

    if (err)
        return err;
    pthread_mutex_lock(&j->lock);
    pin(j, track_id);
    pthread_mutex_unlock(&j->lock);
    if (!cache_has(pcm)) {
        pthread_mutex_lock(&j->queueing);
        err = ensure_decoding(j, track_id, timeout_ms > 0, p);
        pthread_mutex_unlock(&j->queueing);
        if (err)
            return err;
        pthread_mutex_lock(&j->lock);
        for (struct job *job; (job = jobs_find_kind(j, track_id, "decode")) && !j->is_stopping;) {
            is_active = jobs_now_ms() >= deadline;
            progress = job->progress;
            if (is_active)
                break;
            jobs_wait_until(j, deadline);
        }
        is_active |= j->is_stopping;
        pthread_mutex_unlock(&j->lock);
        if (is_active)
            return problem_set(p, LM_BUSY, "The track is still being decoded (%.0f %%)", progress * 100);
        if (!cache_has(pcm))
            return why_not_decoded(j, track_id, p);
    }
    cache_touch(pcm);
    return (*path = strdup(pcm)) ? LM_OK : problem_set(p, LM_NOMEM, "No memory for a path");
}
