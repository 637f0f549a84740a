/* The decoded audio of a track, for whoever wants to play or look at it now. */
#include <stdlib.h>
#include <string.h>

#include "analysis/cache.h"
#include "analysis/jobs_private.h"
#include "core/clock.h"
#include "core/json.h"
#include "core/str.h"
#include "db/domain.h"

/* A decoding: of the track, or of its stems. */
struct decoding {
    const char *track_id;
    struct db_conn *db;                 /* whoever asks holds it; NULL: none */
    const struct step *step;
    int64_t source_ms;                  /* a failure from before is no answer about what is there now */
    bool (*is_there)(const struct decoding *d);
    const char *path;                   /* for is_there() */
    const struct track_stem *stems; size_t n_stems;
    const char *data_dir;
    bool is_stereo;
    double progress;                    /* of one that is under way */
};

/* Whoever holds a reader must not wait for another: all of them may be held by such. */
static struct db_conn *reader_of(struct jobs *j, const struct decoding *d)
{
    return d->db ? d->db : db_reader_take(j->o.db);
}

static void reader_back(struct jobs *j, const struct decoding *d, struct db_conn *c)
{
    if (!d->db)
        db_reader_put(j->o.db, c);
}

/* The newest job's failure, when it is about what is there now; NULL: none. The caller drops `rows`. */
static const char *last_failure(const struct decoding *d, const json_t *rows)
{
    const json_t *last = jobs_newest(rows, d->step->name);
    char since[25];

    if (!last || strcmp(json_get_text(last, "state", ""), "failed"))
        return NULL;
    clock_format_rfc3339(d->source_ms, since);          /* instants are ordered as their texts are */
    if (d->source_ms && strcmp(json_get_text(last, "created_at", ""), since) < 0)
        return NULL;
    return json_get_text(last, "error", "The track cannot be decoded");
}

/* Is it under way? If not, begins it; unless nobody waits and it has failed before: a failure is not repeated by looking. */
static enum lm_err ensure_decoding(struct jobs *j, const struct decoding *d, bool is_urgent, struct problem *p)
{
    char id[1][UUID_SIZE], *file = NULL;
    const char *failure;
    json_t *rows = NULL;

    pthread_mutex_lock(&j->lock);
    struct job *job = jobs_find_kind(j, d->track_id, d->step->name);
    if (job && is_urgent && !job->is_urgent) {
        job->is_urgent = j->must_schedule = true;
        job->not_before_ms = 0;
        pthread_cond_broadcast(&j->changed);
    }
    pthread_mutex_unlock(&j->lock);
    if (job)
        return LM_OK;
    struct db_conn *c = reader_of(j, d);
    enum lm_err err = d->n_stems ? LM_OK : track_file(c, d->track_id, &file, p);
    if (!err && !is_urgent && !(err = row_all(c, &jobs_table, "track_id", d->track_id, &rows, p)) && (failure = last_failure(d, rows)))
        err = problem_set(p, LM_INVALID, "%s", failure);
    reader_back(j, d, c);
    json_decref(rows);
    free(file);
    return err ? err : jobs_add(j, d->track_id, &d->step, 1, is_urgent ? JOBS_URGENT : JOBS_NORMAL, id, p);
}

/* It is over, and what was asked for is not there. LM_OK: that is no answer, for it was about something older; LM_INVALID: it is, or `is_last`. */
static enum lm_err why_not_decoded(struct jobs *j, const struct decoding *d, bool is_last, struct problem *p)
{
    json_t *rows = NULL;
    struct db_conn *c = reader_of(j, d);
    enum lm_err err = row_all(c, &jobs_table, "track_id", d->track_id, &rows, p);
    const json_t *last = err ? NULL : jobs_newest(rows, d->step->name);
    const char *failure = err ? NULL : last_failure(d, rows), *state = json_get_text(last, "state", "");

    if (failure)
        err = problem_set(p, LM_INVALID, "%s", failure);
    else if (!err && (is_last || (strcmp(state, "done") && strcmp(state, "failed"))))
        err = problem_set(p, LM_INVALID, "%s", json_get_text(last, "error", "The track was not decoded"));
    reader_back(j, d, c);
    json_decref(rows);
    return err;
}

/* Until the job that makes it is over. LM_BUSY: it is not, and the time is. */
static enum lm_err wait_for_job(struct jobs *j, struct decoding *d, int64_t deadline, struct problem *p)
{
    bool is_active = false;

    pthread_mutex_lock(&j->lock);
    for (struct job *job; (job = jobs_find_kind(j, d->track_id, d->step->name)) && !j->is_stopping;) {
        is_active = jobs_now_ms() >= deadline;
        d->progress = job->progress;
        if (is_active)
            break;
        jobs_wait_until(j, deadline);
    }
    is_active |= j->is_stopping;
    pthread_mutex_unlock(&j->lock);
    return is_active ? problem_set(p, LM_BUSY, "%s still being decoded (%.0f %%)", d->n_stems ? "The stems are" : "The track is", d->progress * 100) : LM_OK;
}

/* Until it is there, or the time is over. A job that was under way may have begun before the last of the stems came, or with others than are there now;
 * the one after it has not. */
static enum lm_err decode(struct jobs *j, struct decoding *d, int timeout_ms, struct problem *p)
{
    int64_t deadline = jobs_now_ms() + timeout_ms;

    for (bool is_last = false; !d->is_there(d); is_last = true) {
        pthread_mutex_lock(&j->queueing);
        enum lm_err err = ensure_decoding(j, d, timeout_ms > 0, p);
        pthread_mutex_unlock(&j->queueing);
        if (!err)
            err = wait_for_job(j, d, deadline, p);
        if (!err && !d->is_there(d))
            err = why_not_decoded(j, d, is_last, p);
        if (err)
            return err;
    }
    return LM_OK;
}

static void ask(struct jobs *j, const char *track_id)
{
    pthread_mutex_lock(&j->lock);
    jobs_pin(j, track_id);
    pthread_mutex_unlock(&j->lock);
}

static bool is_track_there(const struct decoding *d)
{
    return cache_has(d->path);
}

enum lm_err jobs_decoded(struct jobs *j, struct db_conn *c, const char *track_id, int timeout_ms, char **path, struct problem *p)
{
    char pcm[PATH_SIZE];
    struct decoding d = { .track_id = track_id, .db = c, .step = step_find("decode"), .is_there = is_track_there, .path = pcm };
    enum lm_err err = uuid_valid(track_id) ? cache_path(j->data_dir, track_id, pcm) : problem_set(p, LM_NOT_FOUND, "There is no such track");

    if (err)
        return err;
    ask(j, track_id);
    if ((err = decode(j, &d, timeout_ms, p)))
        return err;
    cache_touch(pcm);
    return (*path = strdup(pcm)) ? LM_OK : problem_set(p, LM_NOMEM, "No memory for a path");
}

/* --- stems --- */

const char *const jobs_stem_names[JOBS_STEMS] = { "drums", "bass", "vocals", "other" };

static bool are_stems_there(const struct decoding *d)
{
    char pcm[PATH_SIZE];

    for (size_t i = 0; i < d->n_stems; i++)
        if (cache_stem_path(d->data_dir, d->track_id, d->stems[i].name, d->is_stereo, pcm) || !cache_has_of(pcm, d->stems[i].hash))
            return false;
    return true;
}

static enum lm_err take_paths(const struct decoding *d, char *path[JOBS_STEMS], struct problem *p)
{
    char pcm[PATH_SIZE];

    for (size_t i = 0; i < d->n_stems; i++)
        for (int k = 0; k < JOBS_STEMS; k++) {
            if (strcmp(d->stems[i].name, jobs_stem_names[k]))
                continue;
            cache_stem_path(d->data_dir, d->track_id, d->stems[i].name, d->is_stereo, pcm);
            cache_touch(pcm);
            if (!(path[k] = strdup(pcm)))
                return problem_set(p, LM_NOMEM, "No memory for a path");
        }
    return LM_OK;
}

static enum lm_err stems_of(struct jobs *j, struct db_conn *c, const char *track_id, bool is_stereo, int timeout_ms, char *path[JOBS_STEMS], double *progress, struct problem *p)
{
    struct track_stem stems[TRACK_STEMS];
    struct decoding d = { .track_id = track_id, .db = c, .step = step_find(is_stereo ? "decode_stems_stereo" : "decode_stems"), .is_there = are_stems_there, .stems = stems,
                          .data_dir = j->data_dir, .is_stereo = is_stereo };

    memset(path, 0, JOBS_STEMS * sizeof(*path));
    *progress = 0;
    if (!uuid_valid(track_id))
        return problem_set(p, LM_NOT_FOUND, "There is no such track");
    enum lm_err err = track_stem_files(c, track_id, stems, &d.n_stems, p);
    for (size_t i = 0; i < d.n_stems; i++)
        d.source_ms = stems[i].updated_at > d.source_ms ? stems[i].updated_at : d.source_ms;
    if (!err && d.n_stems) {
        ask(j, track_id);
        if (!(err = decode(j, &d, timeout_ms, p)))
            err = take_paths(&d, path, p);
    }
    for (int k = 0; k < JOBS_STEMS && err; k++) {
        free(path[k]);
        path[k] = NULL;
    }
    *progress = d.progress;
    track_stems_free(stems, d.n_stems);
    return err;
}

enum lm_err jobs_stems(struct jobs *j, struct db_conn *c, const char *track_id, int timeout_ms, char *path[JOBS_STEMS], struct problem *p)
{
    double progress;

    return stems_of(j, c, track_id, false, timeout_ms, path, &progress, p);
}

enum lm_err jobs_stems_stereo(struct jobs *j, struct db_conn *c, const char *track_id, int timeout_ms, char *path[JOBS_STEMS], double *progress, struct problem *p)
{
    return stems_of(j, c, track_id, true, timeout_ms, path, progress, p);
}
