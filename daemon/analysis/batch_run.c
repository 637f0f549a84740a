/*
 * The thread of the batches. It goes round: what is over of the live items is written down, more are asked for while there is room, one file is imported, and when
 * nothing of that is to be done it sleeps until something happens.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "analysis/batch_private.h"
#include "analysis/steps.h"
#include "core/clock.h"
#include "core/json.h"
#include "core/log.h"
#include "core/str.h"
#include "db/domain.h"
#include "db/track_inputs.h"

enum {
    LOOK_MS = 250,                      /* while something runs: the meters go on */
    PUT_TRIES = 5,
};
#define IMPROVED "Analysis has improved"

/* --- items --- */

static enum lm_err put_in_db(struct db_conn *c, void *arg, struct problem *p)
{
    return batch_item_put(c, arg, p);
}

/* A full disk may pass; an item that is not written down stays where it was until the next start. */
static bool put(struct batches *b, struct batch_item *item)
{
    struct problem p = { 0 };

    for (int i = 0; i < PUT_TRIES; i++) {
        if (!db_write_bulk(b->o.db, put_in_db, item, &p))
            return true;
        for (int k = 0; k < 10 && !atomic_load(&b->is_stopping); k++)
            nanosleep(&(struct timespec){ .tv_nsec = 100000000 }, NULL);
    }
    log_warn("jobs", "item of batch %s cannot be stored: %s", item->batch_id, p.detail);
    return false;
}

/* The first reason stands. */
static void blame(struct batch_item *item, const char *what, const char *why)
{
    char text[PROBLEM_DETAIL + 80];

    if (item->error)
        return;
    snprintf(text, sizeof(text), "%s%s%s", what, *what ? ": " : "", why);
    item->error = strdup(text);
}

static void end_item(struct batches *b, struct batch_item *item, bool is_cancelled)
{
    item->state = item->error ? ITEM_FAILED : is_cancelled ? ITEM_CANCELLED : item->is_duplicate ? ITEM_DUPLICATE : ITEM_DONE;
    item->pass = PASS_NEW;
    put(b, item);
}

const json_t *batch_steps(const struct batch_item *item, const struct batch_row *row)
{
    const json_t *own = json_object_get(item->params, "steps"), *of_batch = json_object_get(row->params, "steps");

    return json_is_array(own) ? own : json_is_array(of_batch) ? of_batch : NULL;
}

/* --- analysis --- */

/* Asks for its jobs; the item is the live list's from here on. false: it is as it was. */
static bool ask(struct batches *b, const struct batch_row *row, struct batch_item *item, enum batch_pass pass)
{
    struct live *l = &b->live[b->n_live];
    struct jobs_request r = { .track_id = l->item.track_id, .steps = batch_steps(item, row), .part = pass == PASS_QUICK ? JOBS_QUICK : JOBS_SLOW,
                              .force = json_get_bool(row->params, "force", false), .force_since = row->created_at, .priority = JOBS_BATCH };
    struct problem p = { 0 };

    *l = (struct live){ .item = *item };
    *item = (struct batch_item){ .path = NULL };
    enum lm_err err = jobs_ask(b->o.jobs, &r, &l->asked, &p);
    if (err) {
        blame(&l->item, "", p.detail[0] ? p.detail : lm_err_text(err));
        end_item(b, &l->item, false);
        batch_item_clear(&l->item);
        return true;
    }
    l->item.state = ITEM_ANALYSING;
    l->item.pass = pass;
    bool ok = put(b, &l->item);
    if (ok)
        b->n_live++;
    else
        batch_item_clear(&l->item);
    return ok;
}

/* What came of its jobs. */
struct outcome { size_t failed, cancelled; };

static struct outcome outcome_of(struct batches *b, struct live *l)
{
    struct db_conn *c = db_reader_take(b->o.db);
    struct outcome o = { 0, 0 };

    for (size_t i = 0; i < l->asked.n; i++) {
        json_t *row = NULL;
        if (row_get(c, &jobs_table, l->asked.id[i], &row, NULL))
            continue;                   /* its track was deleted, or the row is old: no reason to complain */
        const char *state = json_get_text(row, "state", "");
        if (!strcmp(state, "failed")) {
            blame(&l->item, json_get_text(row, "kind", ""), json_get_text(row, "error", "it failed"));
            o.failed++;
        }
        o.cancelled += !strcmp(state, "cancelled");
        json_decref(row);
    }
    db_reader_put(b->o.db, c);
    return o;
}

/* Whether there is a second pass for it. */
static bool is_half_done(struct batches *b, const struct live *l, const struct outcome *o)
{
    struct batch_row row;
    struct db_conn *c = db_reader_take(b->o.db);
    enum lm_err err = batch_row_read(c, l->item.batch_id, &row, NULL);

    bool is_half = !err && l->item.pass == PASS_QUICK && !(l->asked.n && o->failed + o->cancelled == l->asked.n)
                && jobs_cost(c, batch_steps(&l->item, &row), JOBS_SLOW) > 0;
    db_reader_put(b->o.db, c);
    if (!err)
        batch_row_clear(&row);
    return is_half;
}

/* Those whose jobs are over go on or end. Whether there were any. */
static bool settle(struct batches *b)
{
    bool any = false;

    for (size_t i = 0; i < b->n_live;) {
        struct live *l = &b->live[i];
        bool is_over;
        l->progress = jobs_asked_progress(b->o.jobs, &l->asked, &is_over);
        if (!is_over) {
            i++;
            continue;
        }
        struct outcome o = outcome_of(b, l);
        if (is_half_done(b, l, &o)) {
            l->item.pass = PASS_BETWEEN;
            put(b, &l->item);
        } else {
            end_item(b, &l->item, o.cancelled > 0);
        }
        batch_item_clear(&l->item);
        b->live[i] = b->live[--b->n_live];
        any = true;
    }
    return any;
}

/* As many of these as there is room for. */
static bool feed_some(struct batches *b, const struct batch_row *row, enum batch_item_state state, enum batch_pass from, enum batch_pass to)
{
    struct batch_item items[LIVE_MAX];
    size_t n = 0, room = LIVE_MAX - b->n_live;
    struct db_conn *c = db_reader_take(b->o.db);
    enum lm_err err = room ? batch_items_take(c, row->id, state, from, items, room, &n, NULL) : LM_OK;
    bool any = false;

    db_reader_put(b->o.db, c);
    if (err)
        log_warn("jobs", "items of batch %s cannot be read: %s", row->id, lm_err_text(err));
    for (size_t i = 0; i < n; i++) {
        if (*items[i].track_id)         /* what has only a path yet is imported first */
            any |= ask(b, row, &items[i], to);
        batch_item_clear(&items[i]);
    }
    return any;
}

static size_t first_queued(struct batches *b, const struct batch_row *row, struct batch_item *item)
{
    size_t n = 0;
    struct db_conn *c = db_reader_take(b->o.db);
    enum lm_err err = batch_items_take(c, row->id, ITEM_QUEUED, PASS_NEW, item, 1, &n, NULL);

    db_reader_put(b->o.db, c);
    return err ? 0 : n;
}

/* What has only a path is taken by import_one(), one at a time: then there is no use in reading more of them. */
static bool is_track_next(struct batches *b, const struct batch_row *row)
{
    struct batch_item item;

    if (!first_queued(b, row, &item))
        return false;
    bool is_track = *item.track_id;
    batch_item_clear(&item);
    return is_track;
}

static bool is_any_before_slow(struct batches *b, const struct batch_row *row)
{
    struct db_conn *c = db_reader_take(b->o.db);
    bool any = batch_has_items(c, row->id, ITEM_QUEUED, PASS_NEW, PASS_SLOW) || batch_has_items(c, row->id, ITEM_IMPORTING, PASS_NEW, PASS_SLOW)
            || batch_has_items(c, row->id, ITEM_ANALYSING, PASS_NEW, PASS_QUICK);

    db_reader_put(b->o.db, c);
    return any;
}

static bool feed(struct batches *b, const struct batch_row *row)
{
    bool any = feed_some(b, row, ITEM_ANALYSING, PASS_NEW, PASS_QUICK);

    if (is_track_next(b, row))
        any |= feed_some(b, row, ITEM_QUEUED, PASS_NEW, PASS_QUICK);
    if (!is_any_before_slow(b, row))
        any |= feed_some(b, row, ITEM_ANALYSING, PASS_BETWEEN, PASS_SLOW);
    return any;
}

/* --- import --- */

static bool is_import_off(void *ctx)
{
    struct batches *b = ctx;

    return atomic_load(&b->is_stopping) || atomic_load(&b->is_import_off);
}

static void imported(struct batches *b, struct batch_item *item, enum lm_err err, const char *track_id, bool is_duplicate, const struct problem *p)
{
    if (err == LM_BUSY && atomic_load(&b->is_stopping)) {
        item->state = ITEM_QUEUED;      /* at the next start */
        item->starts--;
        put(b, item);
        return;
    }
    if (err) {
        blame(item, "", p->detail[0] ? p->detail : lm_err_text(err));
        if (!*track_id) {
            end_item(b, item, false);
            return;
        }
    }
    struct db_conn *c = db_reader_take(b->o.db);
    /* One that was cut off by a crash may have brought the track itself. */
    item->is_duplicate = is_duplicate && (item->starts < 2 || batch_track_is_older(c, item, track_id));
    db_reader_put(b->o.db, c);
    str_copy(item->track_id, sizeof(item->track_id), track_id);
    item->state = ITEM_ANALYSING;
    item->pass = PASS_NEW;
    put(b, item);
}

/* The next file of the batch. `work` is held, and let go of meanwhile. */
static bool import_one(struct batches *b, const struct batch_row *row)
{
    struct batch_item item;
    struct problem p = { 0 };
    char track_id[UUID_SIZE] = "";
    bool is_duplicate = false;

    if (!first_queued(b, row, &item))
        return false;
    if (!item.path || *item.track_id) {         /* a track: feed() takes it when there is room */
        batch_item_clear(&item);
        return false;
    }
    item.state = ITEM_IMPORTING;
    item.starts++;
    if (!put(b, &item)) {
        batch_item_clear(&item);
        return false;
    }
    str_copy(b->importing, sizeof(b->importing), row->id);
    atomic_store(&b->is_import_off, false);
    pthread_mutex_unlock(&b->work);
    enum lm_err err = b->o.import ? b->o.import(b->o.ctx, item.path, item.params, is_import_off, b, track_id, &is_duplicate, &p)
                                  : problem_set(&p, LM_INTERNAL, "Files of this machine cannot be imported here");
    pthread_mutex_lock(&b->work);
    b->importing[0] = '\0';
    if (!atomic_load(&b->is_import_off))        /* else somebody has cancelled it, and its row says so */
        imported(b, &item, err, track_id, is_duplicate, &p);
    batch_item_clear(&item);
    return true;
}

/* --- the round --- */

static enum lm_err finish_in_db(struct db_conn *c, void *arg, struct problem *p)
{
    return batch_row_set_state(c, arg, "done", clock_wall_ms(), p);
}

static bool finish(struct batches *b, const char *id, const struct batch_tally *t)
{
    char own[UUID_SIZE];

    str_copy(own, sizeof(own), id);
    if (db_write(b->o.db, finish_in_db, own, NULL)) {
        log_warn("jobs", "the end of batch %s cannot be stored", id);
        return false;
    }
    log_info("jobs", "batch %s is over: %lld done, %lld were there already, %lld failed", id, (long long)t->state[ITEM_DONE],
             (long long)t->state[ITEM_DUPLICATE], (long long)t->state[ITEM_FAILED]);
    batch_tell(b, id, 'u');
    return true;
}

static bool is_over(struct db_conn *c, const char *id)
{
    static const enum batch_item_state unfinished[] = { ITEM_QUEUED, ITEM_IMPORTING, ITEM_ANALYSING };

    for (size_t i = 0; i < sizeof(unfinished) / sizeof(unfinished[0]); i++)
        if (batch_has_items(c, id, unfinished[i], PASS_NEW, PASS_SLOW))
            return false;
    return true;
}

static bool finish_those_over(struct batches *b, const char (*ids)[UUID_SIZE], size_t n)
{
    bool any = false;

    for (size_t i = 0; i < n; i++) {
        struct batch_tally t;
        struct db_conn *c = db_reader_take(b->o.db);
        bool over = is_over(c, ids[i]) && !batch_row_tally(c, ids[i], &t, NULL);
        db_reader_put(b->o.db, c);
        any |= over && finish(b, ids[i], &t);
    }
    return any;
}

/* One round; whether another should follow at once. *running: how many batches there are. */
static bool go_round(struct batches *b, size_t *running)
{
    char (*ids)[UUID_SIZE] = NULL;
    struct batch_row row;
    size_t n = 0;
    struct db_conn *c = db_reader_take(b->o.db);
    enum lm_err err = batch_rows_running(c, &ids, &n, NULL);

    db_reader_put(b->o.db, c);
    bool any = settle(b), has_imported = false;
    uint64_t changes = b->changes;
    for (size_t i = 0; i < n && !err && changes == b->changes && !atomic_load(&b->is_stopping); i++) {
        c = db_reader_take(b->o.db);
        err = batch_row_read(c, ids[i], &row, NULL);
        db_reader_put(b->o.db, c);
        if (err)
            break;
        any |= feed(b, &row);
        if (!has_imported)
            any |= has_imported = import_one(b, &row);
        batch_row_clear(&row);
    }
    if (changes == b->changes) {
        meters_update(b, (const char (*)[UUID_SIZE])ids, n);
        any |= finish_those_over(b, (const char (*)[UUID_SIZE])ids, n);
    } else {
        any = true;
    }
    free(ids);
    *running = n;
    return any;
}

/* --- at start: results of older versions of ours --- */

static void describe(char text[512])
{
    size_t n = 0;

    text[0] = '\0';
    for (size_t i = 0; steps[i] && n < 480; i++)
        if (steps[i]->analyser)
            n += (size_t)snprintf(text + n, 512 - n, "%s=%s/%d ", steps[i]->name, steps[i]->analyser, steps[i]->version);
}

/* [{"track_id","params":{"steps":[...]}}] */
static enum lm_err outdated(struct batches *b, json_t *items, struct problem *p)
{
    json_t *all = json_object(), *names, *v;
    const char *id;
    struct db_conn *c = db_reader_take(b->o.db);
    enum lm_err err = all ? LM_OK : LM_NOMEM;

    for (size_t i = 0; steps[i] && !err; i++) {
        json_t *ids = steps[i]->analyser ? json_object() : NULL;
        if (ids)
            err = tracks_outdated(c, steps[i]->name, steps[i]->analyser, steps[i]->version, ids, p);
        json_object_foreach(ids, id, v) {
            if (!json_object_get(all, id))
                json_object_set_new(all, id, json_array());
            json_array_append_new(json_object_get(all, id), json_string(steps[i]->name));
        }
        json_decref(ids);
    }
    json_object_foreach(all, id, names) {
        json_array_append_new(items, json_pack("{s:s, s:{s:O}}", "track_id", id, "params", "steps", names));
    }
    db_reader_put(b->o.db, c);
    json_decref(all);
    return err;
}

/* Once for each change of our analysers: what cannot be analysed again is not tried at every start. */
static void improve(struct batches *b)
{
    char now[512], *before = NULL;
    struct problem p = { 0 };
    json_t *items = json_array();
    enum lm_err err = items ? LM_OK : LM_NOMEM;

    describe(now);
    if (db_state_get(b->o.db, "analysers", &before) || strcmp(before, now)) {
        if (!err)
            err = outdated(b, items, &p);
        if (!err && json_array_size(items))
            err = batch_new(b, "analyze", IMPROVED, items, NULL, false, NULL, &p);
        if (!err)
            err = db_state_set(b->o.db, "analysers", now);
        if (err)
            log_warn("jobs", "results of older analysers are not looked for: %s", p.detail[0] ? p.detail : lm_err_text(err));
    }
    free(before);
    json_decref(items);
}

void *batch_run(void *arg)
{
    struct batches *b = arg;
    struct event e;
    size_t running = 0;

    improve(b);
    while (!atomic_load(&b->is_stopping)) {
        pthread_mutex_lock(&b->work);
        bool again = go_round(b, &running);
        pthread_mutex_unlock(&b->work);
        if (again || atomic_load(&b->is_stopping))
            continue;
        /* The end of a job is an event; a batch that came or was cancelled wakes. */
        if (event_wait(b->news, &e, running ? LOOK_MS : -1))
            while (event_poll(b->news, &e))
                ;
    }
    return NULL;
}
