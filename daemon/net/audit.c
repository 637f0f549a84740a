#include "net/audit.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/json.h"
#include "core/log.h"
#include "core/str.h"

enum { LINES_MAX = 1000, ACTION_SIZE = 96, TABLE_SIZE = 48, ROW_SIZE = 96, PRUNE_EVERY = 1000, AT_ONCE = 200, RETRY_MS = 5000 };
enum { SAME_MS = 2000, SAME_FAILED_MS = 60000, LONGEST_MS = 60000 };

struct line {
    struct line *next;
    int64_t id;                 /* in the database; 0: not there yet */
    int64_t at_ms, began_ms, last_ms, written_ms;       /* the first by the wall clock, the others by the monotonic one */
    unsigned times;
    bool is_dirty;
    char user_name[USER_NAME_SIZE], role[ROLE_SIZE], address[ROLE_CALLER_SIZE], action[ACTION_SIZE], table[TABLE_SIZE], row_id[ROW_SIZE];
    json_t *detail;
};

struct audit {
    struct db *db;
    pthread_mutex_t lock, flushing;     /* of the list; of who writes: only they take lines out of the list */
    struct line *first, **last;
    size_t n;
    unsigned lost, since_prune;
    void (*wake)(void *ctx);
    void *ctx;
};

static int64_t now_ms(void)
{
    return clock_mono_ns() / 1000000;
}

struct audit *audit_new(struct db *db)
{
    struct audit *a = calloc(1, sizeof(*a));

    if (!a)
        return NULL;
    a->db = db;
    a->last = &a->first;
    a->since_prune = PRUNE_EVERY;
    pthread_mutex_init(&a->lock, NULL);
    pthread_mutex_init(&a->flushing, NULL);
    return a;
}

void audit_wake_by(struct audit *a, void (*wake)(void *ctx), void *ctx)
{
    pthread_mutex_lock(&a->lock);
    a->wake = wake;
    a->ctx = ctx;
    pthread_mutex_unlock(&a->lock);
}

/* ---- lines come ---- */

/* The same members, whatever their values: of two edits of one row that are about different things each is a line. */
static bool is_same_kind(const json_t *a, const json_t *b)
{
    const char *key;
    json_t *v;

    if (json_object_size(a) != json_object_size(b))
        return false;
    json_object_foreach ((json_t *)a, key, v)
        if (!json_object_get(b, key))
            return false;
    return true;
}

static bool is_same(const struct line *a, const struct line *b)
{
    int64_t window = !strcmp(a->action, AUDIT_FAILED) ? SAME_FAILED_MS : SAME_MS;

    return b->last_ms - a->last_ms <= window && b->last_ms - a->began_ms <= LONGEST_MS && !strcmp(a->action, b->action) && !strcmp(a->row_id, b->row_id) &&
           !strcmp(a->user_name, b->user_name) && !strcmp(a->address, b->address) && !strcmp(a->table, b->table) && is_same_kind(a->detail, b->detail);
}

/* True: a line that is there counts it too, and has its detail; `fresh` goes with the old one, for it is freed without the lock and may share nothing with the list. */
static bool merge(struct audit *a, struct line *fresh)
{
    for (struct line *l = a->first; l; l = l->next)
        if (is_same(l, fresh)) {
            json_t *old = l->detail;
            l->detail = fresh->detail;
            fresh->detail = old;
            l->last_ms = fresh->last_ms;
            l->times++;
            l->is_dirty = true;
            return true;
        }
    return false;
}

static void line_free(struct line *l)
{
    if (l)
        json_decref(l->detail);
    free(l);
}

void audit_add(struct audit *a, const struct caller *who, const char *action, const char *table, const char *row_id, json_t *detail)
{
    struct line *l = a ? calloc(1, sizeof(*l)) : NULL;

    if (!detail)
        detail = json_object();
    if (!l || !detail) {
        json_decref(detail);
        free(l);
        return;
    }
    l->at_ms = clock_wall_ms();
    l->began_ms = l->last_ms = now_ms();
    l->times = 1;
    l->is_dirty = true;
    l->detail = detail;
    str_copy(l->user_name, sizeof(l->user_name), who->name);
    str_copy(l->role, sizeof(l->role), role_names[who->role]);
    str_copy(l->address, sizeof(l->address), who->address);
    str_copy(l->action, sizeof(l->action), action);
    str_copy(l->table, sizeof(l->table), table ? table : "");
    str_copy(l->row_id, sizeof(l->row_id), row_id ? row_id : "");
    pthread_mutex_lock(&a->lock);
    bool is_news = !merge(a, l), is_kept = is_news && a->n < LINES_MAX;
    if (is_kept) {
        *a->last = l;
        a->last = &l->next;
        a->n++;
    } else if (is_news) {
        a->lost++;
    }
    void (*wake)(void *) = a->wake;
    void *ctx = a->ctx;
    pthread_mutex_unlock(&a->lock);
    if (!is_kept)
        line_free(l);
    else if (wake)
        wake(ctx);
}

/* ---- lines are written ---- */

struct copy { struct line *line; int64_t id; struct audit_row row; char *detail; };
struct batch { struct copy copies[AT_ONCE]; size_t n; unsigned lost; bool prunes; };

static char *detail_text(const struct line *l)
{
    json_t *o = l->times > 1 ? json_copy(l->detail) : json_incref(l->detail);

    if (o && l->times > 1)
        json_object_set_new(o, "times", json_integer(l->times));
    char *text = o ? json_text(o) : NULL;
    json_decref(o);
    return text;
}

static enum lm_err write_lost(struct db_conn *c, unsigned lost, struct problem *p)
{
    char text[64];
    int64_t id;

    snprintf(text, sizeof(text), "{\"lost\":%u}", lost);
    return audit_insert(c, &(struct audit_row){ .at = clock_wall_ms(), .user_name = "lumad", .role = "", .address = "", .action = "lines lost", .table = "",
                                                .row_id = "", .detail = text }, &id, p);
}

/* Thread: writer. */
static enum lm_err write_batch(struct db_conn *c, void *arg, struct problem *p)
{
    struct batch *b = arg;
    enum lm_err err = LM_OK;

    for (size_t i = 0; !err && i < b->n; i++) {
        struct copy *w = &b->copies[i];
        err = w->id ? audit_amend(c, w->id, w->detail, p) : audit_insert(c, &w->row, &w->id, p);
    }
    if (!err && b->lost)
        err = write_lost(c, b->lost, p);
    return !err && b->prunes ? audit_prune(c, p) : err;
}

/* Lines whose time is over leave; those that are to be written are copied, for the lock is not held while the disk is waited for. */
static void collect(struct audit *a, struct batch *b, int64_t now, bool is_all, int *again_ms)
{
    *again_ms = -1;
    a->last = &a->first;
    for (struct line *l; (l = *a->last);) {
        int64_t window = !strcmp(l->action, AUDIT_FAILED) ? SAME_FAILED_MS : SAME_MS;
        bool is_over = now - l->last_ms > window || now - l->began_ms > LONGEST_MS || a->n > LINES_MAX / 2;     /* who floods must not hide what comes next */
        if (l->is_dirty && b->n < AT_ONCE && (!l->id || is_all || is_over || now - l->written_ms >= SAME_MS)) {
            struct copy *w = &b->copies[b->n];
            if ((w->detail = detail_text(l))) {
                *w = (struct copy){ .line = l, .id = l->id, .detail = w->detail, .row = { 0, l->at_ms, l->user_name, l->role, l->address, l->action, l->table, l->row_id, w->detail } };
                l->is_dirty = false;
                b->n++;
            }
        } else if (!l->is_dirty && is_over) {
            *a->last = l->next;
            a->n--;
            line_free(l);
            continue;
        }
        *again_ms = SAME_MS;
        a->last = &l->next;
    }
    b->lost = a->lost;
    b->prunes = a->since_prune >= PRUNE_EVERY;
}

/* The texts of a line never change once it is in the list, so what `copies` point at holds while nobody else flushes. */
enum lm_err audit_flush(struct audit *a, int *again_ms)
{
    struct batch *b = calloc(1, sizeof(*b));
    struct problem p = { 0 };
    enum lm_err err = LM_OK;
    int later = RETRY_MS;

    if (!b)
        return LM_NOMEM;
    pthread_mutex_lock(&a->flushing);
    pthread_mutex_lock(&a->lock);
    collect(a, b, now_ms(), !again_ms, &later);
    pthread_mutex_unlock(&a->lock);
    if (b->n || b->lost)
        err = db_write_bulk(a->db, write_batch, b, &p);
    pthread_mutex_lock(&a->lock);
    for (size_t i = 0; i < b->n; i++) {
        struct line *l = b->copies[i].line;
        if (err) {
            l->is_dirty = true;
        } else {
            l->id = b->copies[i].id;
            l->written_ms = now_ms();
        }
        free(b->copies[i].detail);
    }
    if (!err) {
        a->lost -= b->lost;
        a->since_prune = (b->prunes && (b->n || b->lost) ? 0 : a->since_prune) + (unsigned)b->n;
    }
    pthread_mutex_unlock(&a->lock);
    if (!err && b->n == AT_ONCE)
        later = 0;
    pthread_mutex_unlock(&a->flushing);
    free(b);
    if (again_ms)
        *again_ms = err ? RETRY_MS : later;
    return err;
}

void audit_free(struct audit *a)
{
    if (!a)
        return;
    if (audit_flush(a, NULL))
        log_warn("audit", "the last lines of the audit log could not be written");
    for (struct line *l = a->first, *next; l; l = next) {
        next = l->next;
        line_free(l);
    }
    pthread_mutex_destroy(&a->lock);
    pthread_mutex_destroy(&a->flushing);
    free(a);
}
