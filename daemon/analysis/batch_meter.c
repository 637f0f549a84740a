/* How far a batch is, and how long it will take. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/batch_private.h"
#include "core/json.h"
#include "core/str.h"

enum {
    TELL_MS = 200,                      /* between two events about a batch */
    RECKON_MS = 1000,                   /* between two looks at its speed */
    KNOWN_MS = 3000,                    /* before that its speed is anybody's guess */
};
#define IMPORT_COST 0.2                 /* of a file, in the measure of jobs_cost() */
#define SMOOTH_S 30.0                   /* of the speed */
#define TOLD_STEP 1e-4                  /* less is no news */

static struct meter *find(struct batches *b, const char *id)
{
    for (size_t i = 0; i < b->n_meters; i++)
        if (!strcmp(b->meters[i].id, id))
            return &b->meters[i];
    return NULL;
}

/* What is over of an item in each pass, as a part of the whole item. */
static double progress_of(struct batches *b, const char *id)
{
    struct batch_tally t;
    struct batch_row row;
    double total = 0, sum, quick, slow, all;
    struct db_conn *c = db_reader_take(b->o.db);
    enum lm_err err = batch_row_tally(c, id, &t, NULL);

    if (!err)
        err = batch_row_read(c, id, &row, NULL);
    const json_t *names = err ? NULL : json_object_get(row.params, "steps");
    quick = jobs_cost(c, json_is_array(names) ? names : NULL, JOBS_QUICK);
    slow = jobs_cost(c, json_is_array(names) ? names : NULL, JOBS_SLOW);
    db_reader_put(b->o.db, c);
    if (err)
        return 0;
    all = IMPORT_COST + quick + slow;
    batch_row_clear(&row);
    for (int i = 0; i < ITEM_STATES; i++)
        total += (double)t.state[i];
    sum = (double)(t.state[ITEM_DONE] + t.state[ITEM_DUPLICATE] + t.state[ITEM_FAILED] + t.state[ITEM_CANCELLED]);
    sum += (double)(t.pass[PASS_NEW] + t.pass[PASS_QUICK]) * IMPORT_COST / all;
    sum += (double)(t.pass[PASS_BETWEEN] + t.pass[PASS_SLOW]) * (IMPORT_COST + quick) / all;
    for (size_t i = 0; i < b->n_live; i++)
        if (!strcmp(b->live[i].item.batch_id, id))
            sum += b->live[i].progress * (b->live[i].item.pass == PASS_QUICK ? quick : slow) / all;
    return total > 0 ? fmin(1, sum / total) : 1;
}

static void reckon(struct meter *m, int64_t now)
{
    double passed = (double)(now - m->reckoned_ms) / 1000;

    if (now - m->begun_ms < KNOWN_MS || passed * 1000 < RECKON_MS)
        return;
    double mean = (m->progress - m->begun_at) * 1000 / (double)(now - m->begun_ms);
    /* The mean until there is enough of it, then what it was lately. */
    double weight = 1 - exp(-passed / SMOOTH_S);
    m->rate = m->rate < 0 || now - m->begun_ms < 1000 * SMOOTH_S ? mean : m->rate + weight * ((m->progress - m->reckoned) / passed - m->rate);
    m->reckoned = m->progress;
    m->reckoned_ms = now;
}

static struct meter *meter_of(struct batches *b, const char *id, double progress, int64_t now)
{
    struct meter *m = find(b, id);

    if (m)
        return m;
    if (b->n_meters == b->cap_meters) {
        size_t cap = b->cap_meters ? 2 * b->cap_meters : 4;
        struct meter *more = realloc(b->meters, cap * sizeof(*more));
        if (!more)
            return NULL;
        b->meters = more;
        b->cap_meters = cap;
    }
    m = &b->meters[b->n_meters++];
    *m = (struct meter){ .rate = -1, .begun_ms = now, .reckoned_ms = now, .begun_at = progress, .progress = progress, .reckoned = progress };
    str_copy(m->id, sizeof(m->id), id);
    return m;
}

void meters_update(struct batches *b, const char (*ids)[UUID_SIZE], size_t n)
{
    int64_t now = batch_now_ms();

    /* Items that fail are many a second, and all are counted here. */
    if (n && now - b->metered_ms < TELL_MS)
        return;
    b->metered_ms = now;
    for (size_t i = 0; i < n; i++) {
        double progress = progress_of(b, ids[i]);
        pthread_mutex_lock(&b->lock);
        struct meter *m = meter_of(b, ids[i], progress, now);
        bool is_news = m && fabs(progress - m->progress) > TOLD_STEP && now - m->told_ms >= TELL_MS;
        if (m) {
            m->is_used = true;
            m->told_ms = is_news ? now : m->told_ms;
            m->progress = is_news || progress == 1 ? progress : m->progress;
            reckon(m, now);
        }
        pthread_mutex_unlock(&b->lock);
        if (is_news)
            batch_tell(b, ids[i], 'u');
    }
    pthread_mutex_lock(&b->lock);
    for (size_t i = 0; i < b->n_meters;) {
        if (b->meters[i].is_used)
            b->meters[i++].is_used = false;
        else
            b->meters[i] = b->meters[--b->n_meters];
    }
    pthread_mutex_unlock(&b->lock);
}

void meters_decorate(struct batches *b, json_t *row)
{
    bool is_running = !strcmp(json_get_text(row, "state", ""), "running");
    double total = json_get_real(row, "total", 0), progress = is_running ? 0 : 1, left = NAN;
    double over = json_get_real(row, "done", 0) + json_get_real(row, "duplicates", 0) + json_get_real(row, "failed", 0);

    pthread_mutex_lock(&b->lock);
    const struct meter *m = is_running ? find(b, json_get_text(row, "id", "")) : NULL;
    if (m) {
        progress = m->progress;
        if (m->rate > 0)
            left = (1 - m->progress) / m->rate;
    }
    pthread_mutex_unlock(&b->lock);
    if (!strcmp(json_get_text(row, "state", ""), "cancelled") && total > 0)
        progress = over / total;
    json_object_set_new(row, "progress", json_real(progress));
    json_object_set_new(row, "seconds_left", json_number(left));
}
