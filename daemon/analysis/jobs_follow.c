/*
 * What became stale because something it was made from changed. A change is an event of the bus, of a row of track_beats or track_stems, whoever made it: a job, a
 * correction, another machine. The track is looked at a little after its last change, since an operator who drags a grid makes many.
 */
#include <stdlib.h>
#include <string.h>

#include "analysis/jobs_private.h"
#include "core/json.h"
#include "core/log.h"
#include "core/str.h"
#include "db/domain.h"
#include "db/track_inputs.h"

enum { NEWS = 256 };

struct due { char track_id[UUID_SIZE]; int64_t at_ms; bool is_edited; };

struct follow {
    struct jobs *jobs;
    struct event_listener *news;        /* NULL: nobody tells */
    bool must_look_at_all;              /* at start, and when news were lost */
    struct due *list;
    size_t n, cap;
};

static void wake(void *ctx)
{
    struct jobs *j = ctx;

    pthread_mutex_lock(&j->lock);
    j->has_news = true;
    pthread_cond_broadcast(&j->changed);
    pthread_mutex_unlock(&j->lock);
}

struct follow *follow_new(struct jobs *j)
{
    struct follow *f = calloc(1, sizeof(*f));

    if (!f)
        return NULL;
    f->jobs = j;
    f->must_look_at_all = true;
    if (j->o.bus && !(f->news = event_listen(j->o.bus, NEWS, wake, j))) {
        free(f);
        return NULL;
    }
    return f;
}

void follow_free(struct follow *f)
{
    if (!f)
        return;
    event_unlisten(f->news);
    free(f->list);
    free(f);
}

static void note(struct follow *f, const char *track_id, int delay_ms, bool is_edited)
{
    size_t i = 0;

    while (i < f->n && strcmp(f->list[i].track_id, track_id))
        i++;
    if (i == f->cap) {
        size_t cap = f->cap ? 2 * f->cap : 16;
        struct due *list = realloc(f->list, cap * sizeof(*list));
        if (!list) {
            f->must_look_at_all = true;
            return;
        }
        f->list = list;
        f->cap = cap;
    }
    if (i == f->n) {
        f->list[f->n++] = (struct due){ .is_edited = false };
        str_copy(f->list[i].track_id, UUID_SIZE, track_id);
    }
    f->list[i].at_ms = jobs_now_ms() + delay_ms;
    f->list[i].is_edited |= is_edited;
}

static void take_news(struct follow *f)
{
    char track_id[UUID_SIZE], corrected[UUID_SIZE], key[UUID_SIZE + 16];
    struct event e;

    while (f->news && event_poll(f->news, &e)) {
        bool is_beats = !strcmp(e.table, "track_beats");
        if (!strcmp(e.table, "*"))
            f->must_look_at_all = true;
        if (!is_beats && strcmp(e.table, "track_stems"))
            continue;
        struct db_conn *c = db_reader_take(f->jobs->o.db);
        bool found = track_of_result(c, e.table, e.id, track_id);
        db_reader_put(f->jobs->o.db, c);
        if (!found)
            continue;
        str_copy(key, sizeof(key), track_id);
        strcat(key, "/corrected");
        uuid_from_key("beats", key, corrected);
        note(f, track_id, f->jobs->o.follow_ms, is_beats && !strcmp(e.id, corrected));
    }
}

static void look_at_all(struct follow *f)
{
    json_t *ids = json_object(), *v;
    const char *id;
    struct db_conn *c = db_reader_take(f->jobs->o.db);
    enum lm_err err = ids ? tracks_with_newer_inputs(c, ids, NULL) : LM_NOMEM;

    db_reader_put(f->jobs->o.db, c);
    f->must_look_at_all = err == LM_NOMEM;
    if (err)
        log_warn("jobs", "stale results are not looked for: %s", lm_err_text(err));
    json_object_foreach(ids, id, v) {
        note(f, id, 0, false);
    }
    json_decref(ids);
}

static bool is_at_work(struct jobs *j, const char *track_id, const char *kind)
{
    pthread_mutex_lock(&j->lock);
    const struct job *job = jobs_find_kind(j, track_id, kind);
    bool is_running = job && job->is_running;
    pthread_mutex_unlock(&j->lock);
    return is_running;
}

/* Its stale steps are asked for. One that is at work may have read what was there before, and asking again brings no second job: it is looked at until it is over. */
static void look_at(struct follow *f, const struct due *d)
{
    struct jobs *j = f->jobs;
    json_t *names = json_array();
    struct db_conn *c = db_reader_take(j->o.db);
    struct jobs_asked asked;
    struct problem p = { 0 };

    for (size_t k = 0; names && steps[k]; k++) {
        if (step_can_be_stale(steps[k]) && is_at_work(j, d->track_id, steps[k]->name))
            note(f, d->track_id, j->o.follow_ms, d->is_edited);
        else if (step_is_stale(c, steps[k], d->track_id))
            json_array_append_new(names, json_string(steps[k]->name));
    }
    db_reader_put(j->o.db, c);
    struct jobs_request r = { .track_id = d->track_id, .steps = names, .priority = d->is_edited ? JOBS_NORMAL : JOBS_BATCH };
    if (json_array_size(names) && jobs_ask(j, &r, &asked, &p))
        log_debug("jobs", "what is stale of track %s stays so: %s", d->track_id, p.detail);
    json_decref(names);
}

int64_t follow_work(struct follow *f)
{
    int64_t next = -1, now = jobs_now_ms();

    take_news(f);
    if (f->must_look_at_all)
        look_at_all(f);
    for (size_t i = 0; i < f->n;) {
        struct due d = f->list[i];
        if (d.at_ms > now) {
            i++;
            continue;
        }
        f->list[i] = f->list[--f->n];
        look_at(f, &d);                 /* which may put it on the list again, for later */
    }
    for (size_t i = 0; i < f->n; i++)
        next = next < 0 || f->list[i].at_ms < next ? f->list[i].at_ms : next;
    return next;
}
