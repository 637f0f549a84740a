#include "analysis/batch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "analysis/batch_private.h"
#include "core/clock.h"
#include "core/json.h"
#include "core/path.h"
#include "core/str.h"
#include "core/thread.h"
#include "db/domain.h"
#include "db/track_inputs.h"

enum { ITEMS_MAX = 100000, NAME_MAX_BYTES = 500, NEWS = 64 };

int64_t batch_now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void batch_tell(struct batches *b, const char *id, char op)
{
    struct event e = { .table = "batches", .op = op };

    str_copy(e.id, sizeof(e.id), id);
    event_publish(b->o.bus, &e, 1);
}

/* --- start and stop --- */

static enum lm_err resume_in_db(struct db_conn *c, void *arg, struct problem *p)
{
    (void)arg;
    return batch_items_resume(c, p);
}

static void clear(struct batches *b)
{
    for (size_t i = 0; i < b->n_live; i++)
        batch_item_clear(&b->live[i].item);
    event_unlisten(b->news);
    pthread_mutex_destroy(&b->work);
    pthread_mutex_destroy(&b->lock);
    free(b->meters);
    free(b);
}

enum lm_err batches_new(const struct batches_options *o, struct batches **result)
{
    struct batches *b = calloc(1, sizeof(*b));

    if (!b)
        return LM_NOMEM;
    b->o = *o;
    pthread_mutex_init(&b->work, NULL);
    pthread_mutex_init(&b->lock, NULL);
    enum lm_err err = db_write_bulk(o->db, resume_in_db, NULL, NULL);
    if (!err && !(b->news = event_listen(o->bus, NEWS, NULL, NULL)))
        err = LM_NOMEM;
    if (!err)
        err = thread_start(&b->thread, &(struct thread_options){ .name = "batches", .stack = 1 << 20 }, batch_run, b);
    if (err) {
        clear(b);
        return err;
    }
    *result = b;
    return LM_OK;
}

void batches_free(struct batches *b)
{
    if (!b)
        return;
    atomic_store(&b->is_stopping, true);
    event_wake(b->news);
    pthread_join(b->thread, NULL);
    clear(b);
}

/* --- new ones --- */

static void check_item(const json_t *item, size_t i, struct problem *p)
{
    static const char *const known[] = { "path", "track_id", "name", "params", NULL };
    char at[PROBLEM_PATH];
    const char *path = json_get_text(item, "path", NULL), *track_id = json_get_text(item, "track_id", NULL);
    const json_t *params = json_object_get(item, "params");

    snprintf(at, sizeof(at), "/items/%zu", i);
    if (json_only(item, known, NULL))
        problem_add(p, at, "must be an object of path or track_id, name and params");
    else if (!path == !track_id)
        problem_add(p, at, "must have a path or a track_id");
    else if (path && (!*path || strlen(path) >= PATH_SIZE))      /* where it leads is the import's business: "C:/..." fails with its own words */
        problem_add(p, at, "the path must have 1 to %d bytes", PATH_SIZE - 1);
    else if (track_id && !uuid_valid(track_id))
        problem_add(p, at, "track_id must be a UUID");
    else if (params && !json_is_object(params))
        problem_add(p, at, "params must be an object");
}

enum lm_err batch_check_items(const json_t *items, struct problem *p)
{
    json_t *item;
    size_t i;

    if (!json_is_array(items) || !json_array_size(items))
        return problem_set(p, LM_INVALID, "There is nothing to do: no track was named");
    if (json_array_size(items) > ITEMS_MAX)
        return problem_set(p, LM_INVALID, "A batch may have %d items; these are %zu", ITEMS_MAX, json_array_size(items));
    json_array_foreach((json_t *)items, i, item) {
        check_item(item, i, p);
    }
    return p->n ? problem_set(p, LM_INVALID, "Some items cannot be understood") : LM_OK;
}

struct insert { char id[UUID_SIZE]; const char *kind, *name; json_t *params; const json_t *items; };

static enum lm_err insert_in_db(struct db_conn *c, void *arg, struct problem *p)
{
    const struct insert *n = arg;

    return batch_row_insert(c, n->id, n->kind, n->name, n->params, clock_wall_ms(), n->items, p);
}

enum lm_err batch_new(struct batches *b, const char *kind, const char *name, const json_t *items, const json_t *steps, bool force, json_t **batch, struct problem *p)
{
    char shown[NAME_MAX_BYTES];
    struct insert n = { .kind = kind, .name = shown, .items = items };
    struct problem own = { 0 };
    enum lm_err err = batch_check_items(items, p = p ? p : &own);

    if (err || (err = jobs_check_steps(steps, p)))
        return err;
    str_copy(shown, sizeof(shown), name);
    uuid_new(n.id);
    if (!(n.params = json_pack("{s:O?, s:b}", "steps", json_is_array(steps) ? (json_t *)(uintptr_t)steps : NULL, "force", force)))
        return problem_set(p, LM_NOMEM, "No memory for a batch");
    err = db_write(b->o.db, insert_in_db, &n, p);
    json_decref(n.params);
    if (err)
        return err;
    batch_tell(b, n.id, 'i');
    event_wake(b->news);
    return batch ? batch_get(b, n.id, batch, p) : LM_OK;
}

/* [{"track_id","name"}] of tracks that exist, each once. */
static enum lm_err items_of(struct batches *b, const json_t *track_ids, json_t **items, struct problem *p)
{
    struct db_conn *c = db_reader_take(b->o.db);
    json_t *list = json_array(), *seen = json_object(), *id, *track;
    enum lm_err err = list && seen ? LM_OK : LM_NOMEM;
    char at[PROBLEM_PATH];
    size_t i;

    json_array_foreach((json_t *)track_ids, i, id) {
        struct problem ignored = { 0 };
        if (err || p->more)             /* enough said */
            break;
        if (json_is_string(id) && json_object_get(seen, json_string_value(id)))
            continue;
        snprintf(at, sizeof(at), "/track_ids/%zu", i);
        if (!json_is_string(id) || row_get(c, &tracks_table, json_string_value(id), &track, &ignored)) {
            problem_add(p, at, "there is no such track");
            continue;
        }
        json_array_append_new(list, json_pack("{s:O, s:s}", "track_id", id, "name", json_get_text(track, "title", "")));
        json_object_set_new(seen, json_string_value(id), json_true());
        json_decref(track);
    }
    json_decref(seen);
    db_reader_put(b->o.db, c);
    if (!err && p->n)
        err = problem_set(p, LM_NOT_FOUND, "Some of the tracks are not there");
    if (err)
        json_decref(list);
    else
        *items = list;
    return err;
}

enum lm_err batch_analyze(struct batches *b, const char *name, const json_t *track_ids, const json_t *steps, bool force, json_t **batch, struct problem *p)
{
    struct problem own = { 0 };
    json_t *items = NULL;
    enum lm_err err;

    p = p ? p : &own;
    if (json_is_array(track_ids)) {
        err = items_of(b, track_ids, &items, p);
    } else {
        struct db_conn *c = db_reader_take(b->o.db);
        err = tracks_all(c, &items, p);
        db_reader_put(b->o.db, c);
    }
    if (!err && !json_array_size(items))
        err = problem_set(p, LM_CONFLICT, "There is no track to analyse");
    if (!err)
        err = batch_new(b, "analyze", name, items, steps, force, batch, p);
    json_decref(items);
    return err;
}

/* --- looking --- */

enum lm_err batch_page(struct batches *b, int limit, json_t **page, struct problem *p)
{
    json_t *rows = NULL, *row;
    size_t i;
    struct db_conn *c = db_reader_take(b->o.db);
    enum lm_err err = batch_row_page(c, limit, &rows, p);

    db_reader_put(b->o.db, c);
    if (err)
        return err;
    json_array_foreach(rows, i, row) {
        meters_decorate(b, row);
    }
    *page = json_pack("{s:o, s:n}", "items", rows, "next");
    return *page ? LM_OK : problem_set(p, LM_NOMEM, "No memory for a list");
}

enum lm_err batch_get(struct batches *b, const char *id, json_t **batch, struct problem *p)
{
    struct db_conn *c = db_reader_take(b->o.db);
    enum lm_err err = batch_row_json(c, id, batch, p);

    db_reader_put(b->o.db, c);
    if (!err)
        meters_decorate(b, *batch);
    return err;
}

static bool is_state(const char *state)
{
    for (int i = 0; batch_item_states[i]; i++)
        if (!strcmp(batch_item_states[i], state))
            return true;
    return false;
}

enum lm_err batch_item_page(struct batches *b, const char *id, const char *state, int limit, const char *cursor, json_t **page, struct problem *p)
{
    int64_t after = -1, next = -1;
    json_t *batch = NULL, *items = NULL;
    char *end = NULL, text[24];

    if (state && !is_state(state))
        return problem_set(p, LM_BAD_REQUEST, "state: there is no such state of an item");
    if (cursor) {
        errno = 0;
        after = strtoll(cursor, &end, 10);
        if (errno || *end || after < 0 || end == cursor)
            return problem_set(p, LM_BAD_REQUEST, "cursor: it was not given by this list");
    }
    struct db_conn *c = db_reader_take(b->o.db);
    enum lm_err err = batch_row_json(c, id, &batch, p);
    if (!err)
        err = batch_items_json(c, id, state, limit, after, &items, &next, p);
    db_reader_put(b->o.db, c);
    json_decref(batch);
    if (err)
        return err;
    snprintf(text, sizeof(text), "%lld", (long long)next);
    *page = json_pack("{s:o, s:s?}", "items", items, "next", next < 0 ? NULL : text);
    return *page ? LM_OK : problem_set(p, LM_NOMEM, "No memory for a list");
}

/* --- cancel, retry, delete --- */

/* Its jobs that are under way end, and nothing more is heard of its items. `work` held. */
static void forget(struct batches *b, const char *id)
{
    for (size_t i = 0; i < b->n_live;) {
        struct live *l = &b->live[i];
        if (strcmp(l->item.batch_id, id)) {
            i++;
            continue;
        }
        jobs_cancel_asked(b->o.jobs, &l->asked);
        batch_item_clear(&l->item);
        b->live[i] = b->live[--b->n_live];
    }
    b->changes++;
    if (!strcmp(b->importing, id))
        atomic_store(&b->is_import_off, true);
}

struct change { const char *id; int64_t n; };

static enum lm_err cancel_in_db(struct db_conn *c, void *arg, struct problem *p)
{
    const struct change *k = arg;
    enum lm_err err = batch_items_cancel(c, k->id, p);

    return err ? err : batch_row_set_state(c, k->id, "cancelled", clock_wall_ms(), p);
}

static enum lm_err retry_in_db(struct db_conn *c, void *arg, struct problem *p)
{
    struct change *k = arg;
    enum lm_err err = batch_items_requeue(c, k->id, &k->n, p);

    if (!err && !k->n)
        err = problem_set(p, LM_CONFLICT, "No item of this batch has failed or was cancelled");
    return err ? err : batch_row_set_state(c, k->id, "running", 0, p);
}

static enum lm_err delete_in_db(struct db_conn *c, void *arg, struct problem *p)
{
    const struct change *k = arg;

    return batch_row_delete(c, k->id, p);
}

enum lm_err batch_cancel(struct batches *b, const char *id, json_t **batch, struct problem *p)
{
    json_t *row = NULL;

    pthread_mutex_lock(&b->work);
    enum lm_err err = batch_get(b, id, &row, p);
    if (!err && strcmp(json_get_text(row, "state", ""), "running"))
        err = problem_set(p, LM_CONFLICT, "This batch is over already: %s", json_get_text(row, "state", ""));
    if (!err && !(err = db_write(b->o.db, cancel_in_db, &(struct change){ .id = id }, p)))
        forget(b, id);
    pthread_mutex_unlock(&b->work);
    json_decref(row);
    if (err)
        return err;
    batch_tell(b, id, 'u');
    event_wake(b->news);
    return batch_get(b, id, batch, p);
}

enum lm_err batch_retry(struct batches *b, const char *id, json_t **batch, struct problem *p)
{
    json_t *row = NULL;

    pthread_mutex_lock(&b->work);
    enum lm_err err = batch_get(b, id, &row, p);
    if (!err && !(err = db_write(b->o.db, retry_in_db, &(struct change){ .id = id }, p)))
        b->changes++;
    pthread_mutex_unlock(&b->work);
    json_decref(row);
    if (err)
        return err;
    batch_tell(b, id, 'u');
    event_wake(b->news);
    return batch_get(b, id, batch, p);
}

enum lm_err batch_delete(struct batches *b, const char *id, struct problem *p)
{
    pthread_mutex_lock(&b->work);
    enum lm_err err = db_write(b->o.db, delete_in_db, &(struct change){ .id = id }, p);
    if (!err)
        forget(b, id);
    pthread_mutex_unlock(&b->work);
    if (!err)
        batch_tell(b, id, 'd');
    return err;
}
