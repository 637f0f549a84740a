/* What there is to know of jobs: rows, and what is live. */
#include <math.h>
#include <string.h>

#include "analysis/jobs_private.h"
#include "core/json.h"
#include "db/domain.h"
#include "db/track_inputs.h"

/* Rows know what was when it was written; a running worker's progress is only in memory. */
static void overlay(struct jobs *j, json_t *row)
{
    double left_s = NAN;

    pthread_mutex_lock(&j->lock);
    struct job *job = jobs_find(j, json_get_text(row, "id", ""));
    if (job) {
        json_object_set_new(row, "state", json_string(job->is_running ? "running" : "queued"));
        json_object_set_new(row, "progress", json_real(job->progress));
        json_object_set_new(row, "step", json_string(job->said));
        if (job->is_running && job->left_s >= 0)
            left_s = fmax(0, job->left_s - (double)(jobs_now_ms() - job->left_ms) / 1000);
    }
    pthread_mutex_unlock(&j->lock);
    json_object_set_new(row, "seconds_left", json_number(left_s));
}

enum lm_err jobs_get(struct jobs *j, const char *id, json_t **job, struct problem *p)
{
    struct db_conn *c = db_reader_take(j->o.db);
    enum lm_err err = row_get(c, &jobs_table, id, job, p);

    db_reader_put(j->o.db, c);
    if (!err)
        overlay(j, *job);
    return err;
}

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

static json_t *analysis_of(struct jobs *j, struct db_conn *c, const char *name, const char *track_id, const json_t *rows)
{
    char analyser[64] = "";
    int64_t version = 0;
    bool there = track_result_made_by(c, track_id, name, analyser, &version);
    const json_t *last = jobs_newest(rows, name);
    const struct step *step = step_find(name);
    const char *state = there ? "done" : "none", *error = NULL;
    double progress = there;
    bool is_stale = there && step && step_is_stale(c, step, track_id);

    pthread_mutex_lock(&j->lock);
    struct job *job = jobs_find_kind(j, track_id, name);
    if (job) {
        state = job->is_running ? "running" : "queued";
        progress = job->progress;
    } else if (last && !there && !strcmp(json_get_text(last, "state", ""), "failed")) {
        state = "failed";
        error = json_get_text(last, "error", "");
    }
    pthread_mutex_unlock(&j->lock);
    return json_pack("{s:s,s:f,s:b,s:o,s:o,s:o}", "state", state, "progress", progress, "stale", is_stale,
                     "version", there ? json_integer(version) : json_null(),
                     "analyser", there ? json_string(analyser) : json_null(), "error", json_text_or_null(error));
}

enum lm_err jobs_track_analysis(struct jobs *j, struct db_conn *c, const char *track_id, json_t **analysis, struct problem *p)
{
    json_t *rows = NULL, *all;
    const char *name;
    enum lm_err err = row_all(c, &jobs_table, "track_id", track_id, &rows, p);

    if (err)
        return err;
    if (!(all = json_object()))
        err = problem_set(p, LM_NOMEM, "No memory for an analysis");
    for (int i = 0; (name = track_result_name(i)) && !err; i++)
        if (json_object_set_new(all, name, analysis_of(j, c, name, track_id, rows)))
            err = problem_set(p, LM_NOMEM, "No memory for an analysis");
    json_decref(rows);
    if (err)
        json_decref(all);
    else
        *analysis = all;
    return err;
}
