/* What a track needs, and its jobs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/jobs_private.h"
#include "core/clock.h"
#include "core/json.h"
#include "core/str.h"
#include "db/domain.h"

static bool is_named(const json_t *names, const struct step *s)
{
    json_t *name;
    size_t i;

    json_array_foreach((json_t *)names, i, name) {
        if (json_is_string(name) && !strcmp(json_string_value(name), s->name))
            return true;
    }
    return false;
}

static bool is_asked_for(struct db_conn *c, const char *data_dir, const json_t *names, enum jobs_part part, const struct step *s)
{
    if (part != JOBS_ALL && (part == JOBS_SLOW) != s->is_slow)
        return false;
    return names ? is_named(names, s) : s->is_automatic ? s->is_automatic(c, data_dir) : !s->is_on_demand;
}

enum lm_err jobs_check_steps(const json_t *names, struct problem *p)
{
    char path[PROBLEM_PATH];
    struct str known = { 0 };
    json_t *name;
    size_t i;

    for (size_t k = 0; steps[k]; k++)
        str_addf(&known, "%s%s", k ? ", " : "", steps[k]->name);
    json_array_foreach((json_t *)names, i, name) {
        if (!json_is_string(name) || !step_find(json_string_value(name))) {
            snprintf(path, sizeof(path), "/steps/%zu", i);
            problem_add(p, path, "there is no such step; known are %s", known.data ? known.data : "");
        }
    }
    str_clear(&known);
    return p->n ? problem_set(p, LM_INVALID, "Unknown analysis steps") : LM_OK;
}

/* Done since `since` because somebody asked: asked once more, it is not done once more. */
static bool is_done_since(const json_t *rows, const struct step *s, int64_t since)
{
    const json_t *last = jobs_newest(rows, s->name);
    char text[25];

    clock_format_rfc3339(since, text);                  /* instants are ordered as their texts are */
    return last && !strcmp(json_get_text(last, "state", ""), "done") && strcmp(json_get_text(last, "created_at", ""), text) >= 0;
}

static enum lm_err choose(struct jobs *j, struct db_conn *c, const struct jobs_request *r, const struct step *chosen[STEPS_MAX], size_t *n, struct problem *p)
{
    json_t *rows = NULL;
    enum lm_err err = jobs_check_steps(r->steps, p);

    *n = 0;
    if (!err && r->force && r->force_since)
        err = row_all(c, &jobs_table, "track_id", r->track_id, &rows, p);
    for (size_t k = 0; !err && steps[k] && *n < STEPS_MAX; k++) {
        const struct step *s = steps[k];
        if (!is_asked_for(c, j->data_dir, r->steps, r->part, s))
            continue;
        bool is_forced = r->force && !(rows && is_done_since(rows, s, r->force_since));
        if (is_forced || !s->is_there(c, j->data_dir, s, r->track_id) || step_is_stale(c, s, r->track_id))
            chosen[(*n)++] = s;
    }
    json_decref(rows);
    return err;
}

/* A job that is under way already is the answer too, not a second one. */
static enum lm_err queue_chosen(struct jobs *j, const struct jobs_request *r, const struct step *const *chosen, size_t n, char (*ids)[UUID_SIZE], struct problem *p)
{
    const struct step *fresh[STEPS_MAX];
    char made[STEPS_MAX][UUID_SIZE];
    size_t at[STEPS_MAX], n_fresh = 0;

    pthread_mutex_lock(&j->lock);
    for (size_t i = 0; i < n; i++) {
        struct job *active = jobs_find_kind(j, r->track_id, chosen[i]->name);
        if (active) {
            str_copy(ids[i], UUID_SIZE, active->id);
            active->priority = active->priority < r->priority ? r->priority : active->priority;
        } else {
            at[n_fresh] = i;
            fresh[n_fresh++] = chosen[i];
        }
    }
    pthread_mutex_unlock(&j->lock);
    enum lm_err err = n_fresh ? jobs_add(j, r->track_id, fresh, n_fresh, r->priority, made, p) : LM_OK;
    for (size_t i = 0; i < n_fresh && !err; i++)
        str_copy(ids[at[i]], UUID_SIZE, made[i]);
    return err;
}

enum lm_err jobs_ask(struct jobs *j, const struct jobs_request *r, struct jobs_asked *asked, struct problem *p)
{
    const struct step *chosen[STEPS_MAX];
    struct problem own = { 0 };
    json_t *track = NULL;
    char *file = NULL;

    p = p ? p : &own;
    asked->n = 0;
    pthread_mutex_lock(&j->queueing);
    struct db_conn *c = db_reader_take(j->o.db);
    enum lm_err err = row_get(c, &tracks_table, r->track_id, &track, p);
    if (!err)
        err = track_file(c, r->track_id, &file, p);
    if (!err)
        err = choose(j, c, r, chosen, &asked->n, p);
    db_reader_put(j->o.db, c);
    if (!err)
        err = queue_chosen(j, r, chosen, asked->n, asked->id, p);
    pthread_mutex_unlock(&j->queueing);
    json_decref(track);
    free(file);
    if (err)
        asked->n = 0;
    return err;
}

enum lm_err jobs_analyze(struct jobs *j, const char *track_id, const json_t *wanted, bool force, json_t **jobs, struct problem *p)
{
    struct jobs_request r = { .track_id = track_id, .steps = wanted, .force = force };
    struct jobs_asked asked;
    enum lm_err err = jobs_ask(j, &r, &asked, p);
    json_t *list;

    if (err || !jobs)
        return err;
    if (!(list = json_array()))
        return problem_set(p, LM_NOMEM, "No memory for a list");
    for (size_t i = 0; i < asked.n && !err; i++) {
        json_t *row = NULL;
        if (!(err = jobs_get(j, asked.id[i], &row, p)))
            json_array_append_new(list, row);
    }
    if (err)
        json_decref(list);
    else
        *jobs = list;
    return err;
}

double jobs_asked_progress(struct jobs *j, const struct jobs_asked *asked, bool *is_over)
{
    double left = 0, all = 0;

    *is_over = true;
    pthread_mutex_lock(&j->lock);
    for (size_t i = 0; i < asked->n; i++) {
        const struct job *job = jobs_find(j, asked->id[i]);
        double cost = job ? step_cost(job->step) : 1;
        all += cost;
        if (!job)
            continue;
        left += cost * (1 - job->progress);
        *is_over = false;
    }
    pthread_mutex_unlock(&j->lock);
    return all > 0 ? 1 - left / all : 1;
}

double jobs_cost(struct db_conn *c, const json_t *names, enum jobs_part part)
{
    double sum = 0;

    for (size_t k = 0; steps[k]; k++)
        if (is_asked_for(c, NULL, names, part, steps[k]))
            sum += step_cost(steps[k]);
    return sum;
}
