#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "api/crud.h"
#include "api/etag.h"
#include "core/clock.h"
#include "core/json.h"
#include "core/str.h"
#include "core/uuid.h"
#include "db/domain.h"
#include "show/picture.h"

/* Those that come with lumad are drawn in milliseconds. Computing time, so that a machine that is busy draws what others draw; all time, for who waits. */
enum { DRAW_CPU_MS = 1000, DRAW_MS = 4000, LOOK_MS = 20, TOO_LONG_MAX = 64 };
#define NS_PER_MS INT64_C(1000000)

static struct picture_stage *stage;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void make_stage(void)
{
    stage = picture_stage_new();
}

/* ---- graphs that took too long: not tried again for a while, however often they are asked for ---- */

enum { AGAIN_MS = 60000 };

struct too_long { char id[UUID_SIZE]; int64_t version, until_ns; };

static struct too_long too_long[TOO_LONG_MAX];
static size_t too_long_next;
static pthread_mutex_t too_long_lock = PTHREAD_MUTEX_INITIALIZER;

static bool took_too_long(const char *id, int64_t version)
{
    bool found = false;

    pthread_mutex_lock(&too_long_lock);
    for (size_t i = 0; i < TOO_LONG_MAX; i++)
        found |= !strcmp(too_long[i].id, id) && too_long[i].version == version && too_long[i].until_ns > clock_mono_ns();
    pthread_mutex_unlock(&too_long_lock);
    return found;
}

static void remember(const char *id, int64_t version)
{
    pthread_mutex_lock(&too_long_lock);
    struct too_long *t = &too_long[too_long_next++ % TOO_LONG_MAX];
    str_copy(t->id, sizeof(t->id), id);
    t->version = version, t->until_ns = clock_mono_ns() + AGAIN_MS * NS_PER_MS;
    pthread_mutex_unlock(&too_long_lock);
}

/* ---- drawing ---- */

struct watchman { const struct request *req; int64_t end_ns, cpu_end_ns, looked_ns; bool is_gone, is_over; };

static int64_t cpu_ns(void)
{
    struct timespec t = { 0 };

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec * (1000 * NS_PER_MS) + t.tv_nsec;
}

/* Nodes take microseconds: only the clock is asked each time. */
static bool must_stop(void *ctx)
{
    struct watchman *w = ctx;
    int64_t now = clock_mono_ns();

    if (now - w->looked_ns > LOOK_MS * NS_PER_MS) {
        w->looked_ns = now;
        w->is_gone = request_is_gone(w->req);
        w->is_over = now > w->end_ns || cpu_ns() > w->cpu_end_ns;
    }
    return w->is_gone || w->is_over;
}

static enum lm_err draw(struct request *req, const json_t *row, struct response *res)
{
    const char *id = json_get_text(row, "id", "");
    int64_t version = json_get_int(row, "version", 0), now = clock_mono_ns();
    struct watchman w = { .req = req, .end_ns = now + DRAW_MS * NS_PER_MS, .cpu_end_ns = cpu_ns() + DRAW_CPU_MS * NS_PER_MS, .looked_ns = now };
    void *data = NULL;
    enum lm_err err = took_too_long(id, version) ? LM_TIMEOUT
                      : stage ? picture_make(stage, json_object_get(row, "graph"), must_stop, &w, &data, &res->n) : LM_NOMEM;

    if (err == LM_TIMEOUT && w.is_gone)
        return problem_set(&res->problem, LM_BUSY, "Nobody waits for this picture any more.");
    if (err == LM_TIMEOUT) {
        if (w.is_over)
            remember(id, version);
        return problem_set(&res->problem, LM_INVALID, "The pattern takes too long to be drawn.");
    }
    if (!err) {
        res->data = data;
        res->type = "image/bmp";
        etag_of_version(version, res->etag);
    }
    return err;
}

static enum lm_err picture(struct request *req, struct response *res)
{
    json_t *row = NULL;
    enum lm_err err = crud_exists(req->db, &patterns_table, req->arg[0], &res->problem);

    pthread_once(&once, make_stage);
    if (err || (err = pattern_implementation(req->db, req->arg[0], NULL, &row, &res->problem)))
        return err;
    err = draw(req, row, res);
    json_decref(row);
    return err;
}

const struct route api_pattern_picture[] = {
    { HTTP_GET, "/patterns/{id}/picture", picture, ROLE_VIEWER, NULL, "binary",
      .doc = "What the pattern looks like, as an image (BMP): eight seconds on a small stage, time to the right, a stripe for each head. 422 when drawing takes longer than a second.", .flags = ROUTE_SLOW },
    { 0 },
};
