#include "api/janitor.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>

#include "core/clock.h"
#include "core/log.h"
#include "core/thread.h"

enum { GRACE_S = 5, MIN_RATE = 1024 };

struct watch {
    struct watch *next, **prev;
    int fd;
    bool is_busy;     /* lumad's turn */
    int64_t since_ns; /* when the client's turn began; 0: it is not */
    uint64_t bytes;
};

struct janitor {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    pthread_t thread;
    bool is_stopping, is_stuck;
    uint64_t (*progress)(void *ctx);
    void *ctx;
    uint64_t seen;
    struct watch *first;
};

/* The client has said its last word, all of it was read, and it was not the end of a request: it never will be. */
static bool is_gone(const struct watch *w)
{
    struct pollfd p = { .fd = w->fd, .events = POLLRDHUP };
    int unread = 0;

    return poll(&p, 1, 0) == 1 && !ioctl(w->fd, FIONREAD, &unread) && !unread;
}

static bool is_slow(const struct watch *w, int64_t now)
{
    int64_t s = w->since_ns ? (now - w->since_ns) / 1000000000 : 0;

    return s >= GRACE_S && w->bytes / (uint64_t)s < MIN_RATE;
}

static void cut_slow(struct janitor *j)
{
    int64_t now = clock_mono_ns();

    for (struct watch *w = j->first; w; w = w->next) {
        if (w->is_busy || !(is_slow(w, now) || is_gone(w)))
            continue;
        log_debug("api", "a request is cut after %llu bytes", (unsigned long long)w->bytes);
        w->is_busy = true; /* once is enough */
        shutdown(w->fd, SHUT_RDWR);
    }
}

static void *run(void *arg)
{
    struct janitor *j = arg;
    struct timespec until;

    pthread_mutex_lock(&j->lock);
    clock_gettime(CLOCK_MONOTONIC, &until);
    while (!j->is_stopping) {
        until.tv_sec++;
        while (!j->is_stopping && pthread_cond_timedwait(&j->wake, &j->lock, &until) != ETIMEDOUT)
            ;
        cut_slow(j);
        uint64_t now = j->progress ? j->progress(j->ctx) : 0;
        j->is_stuck = j->progress && now == j->seen;
        j->seen = now;
    }
    pthread_mutex_unlock(&j->lock);
    return NULL;
}

enum lm_err janitor_new(uint64_t (*progress)(void *ctx), void *ctx, struct janitor **result)
{
    struct janitor *j = calloc(1, sizeof(*j));

    if (!j)
        return LM_NOMEM;
    j->progress = progress;
    j->ctx = ctx;
    j->seen = UINT64_MAX;
    pthread_mutex_init(&j->lock, NULL);
    thread_cond_init(&j->wake);
    enum lm_err err = thread_start(&j->thread, &(struct thread_options){ .name = "janitor" }, run, j);
    if (err) {
        pthread_cond_destroy(&j->wake);
        pthread_mutex_destroy(&j->lock);
        free(j);
        return err;
    }
    *result = j;
    return LM_OK;
}

void janitor_free(struct janitor *j)
{
    if (!j)
        return;
    pthread_mutex_lock(&j->lock);
    j->is_stopping = true;
    pthread_cond_signal(&j->wake);
    pthread_mutex_unlock(&j->lock);
    pthread_join(j->thread, NULL);
    while (j->first)
        watch_close(j, j->first);
    pthread_cond_destroy(&j->wake);
    pthread_mutex_destroy(&j->lock);
    free(j);
}

bool janitor_is_stuck(struct janitor *j)
{
    pthread_mutex_lock(&j->lock);
    bool is_stuck = j->is_stuck;
    pthread_mutex_unlock(&j->lock);
    return is_stuck;
}

struct watch *watch_open(struct janitor *j, int fd)
{
    struct watch *w = calloc(1, sizeof(*w));

    if (!w)
        return NULL;
    w->fd = fd;
    pthread_mutex_lock(&j->lock);
    w->next = j->first;
    w->prev = &j->first;
    if (w->next)
        w->next->prev = &w->next;
    j->first = w;
    pthread_mutex_unlock(&j->lock);
    return w;
}

void watch_close(struct janitor *j, struct watch *w)
{
    if (!w)
        return;
    pthread_mutex_lock(&j->lock);
    *w->prev = w->next;
    if (w->next)
        w->next->prev = w->prev;
    pthread_mutex_unlock(&j->lock);
    free(w);
}

static void set(struct janitor *j, struct watch *w, int64_t since_ns, bool is_busy)
{
    if (!w)
        return;
    pthread_mutex_lock(&j->lock);
    w->since_ns = since_ns;
    w->is_busy = is_busy;
    w->bytes = 0;
    pthread_mutex_unlock(&j->lock);
}

void watch_begin(struct janitor *j, struct watch *w)
{
    set(j, w, clock_mono_ns(), false);
}

void watch_count(struct janitor *j, struct watch *w, size_t bytes)
{
    if (!w)
        return;
    pthread_mutex_lock(&j->lock);
    w->bytes += bytes;
    pthread_mutex_unlock(&j->lock);
}

void watch_end(struct janitor *j, struct watch *w)
{
    set(j, w, 0, true);
}

void watch_idle(struct janitor *j, struct watch *w)
{
    set(j, w, 0, false);
}
