#include "dmx/widget.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/str.h"
#include "core/thread.h"
#include "dmx/widget_private.h"

#define MS INT64_C(1000000)
/* 513 slots of 44 us after a break of 92 us and a mark of 12 us (ANSI E1.11): nothing can be shown faster. */
static const int64_t frame_ns = 22700000;
static const int64_t retry_ns = 1000 * MS, silent_ns = 2000 * MS, stalled_ns = 1000 * MS, nap_ns = 50 * MS;

/* ---- the thread ---- */

static void tell(struct widget *w, enum widget_state state, int error)
{
    char name[WIDGET_NAME] = "", real[256], serial[16] = "";

    if (w->fd >= 0) {
        ssize_t n = readlink(w->path, real, sizeof(real) - 1);
        const char *path = w->path;
        if (n > 0) {
            real[n] = 0;                /* ../../ttyUSB0 */
            path = strrchr(real, '/') ? strrchr(real, '/') + 1 : real;
        }
        if (w->id.has_serial)
            snprintf(serial, sizeof(serial), " %08u", w->id.serial);
        if (w->id.has_parameters)
            snprintf(name, sizeof(name), "DMX USB Pro%s, firmware %d.%d, %.48s", serial, w->id.firmware_major, w->id.firmware_minor, path);
        else
            snprintf(name, sizeof(name), "%s%s%.48s", w->id.has_serial ? "DMX USB Pro" : "", w->id.has_serial ? serial : "", path);
    }
    pthread_mutex_lock(&w->lock);
    w->state = state;
    w->state_errno = error;
    memcpy(w->name, name, sizeof(w->name));
    pthread_mutex_unlock(&w->lock);
}

static void lost(struct widget *w, int error)
{
    port_close(w);
    atomic_fetch_add(&w->errors, 1);
    atomic_store(&w->last_errno, error);
    atomic_store(&w->fps, 0);
    w->window_ns = 0;
    tell(w, *w->device ? WIDGET_MISSING : WIDGET_NONE_FOUND, 0);
}

static bool is_fresh(const struct widget *w)
{
    return atomic_load(&w->puts) != w->taken;
}

static void count(struct widget *w, int64_t now)
{
    atomic_fetch_add(&w->packets, 1);
    atomic_store(&w->last_sent_ns, now);
    if (!w->window_ns)
        w->window_ns = now, w->window_frames = 0;
    else
        w->window_frames++;
    if (now - w->window_ns >= 1000 * MS) {
        atomic_store(&w->fps, (double)w->window_frames * 1e9 / (double)(now - w->window_ns));
        w->window_ns = now, w->window_frames = 0;
    }
}

/* The newest universe becomes the message that is written, once the one before has left and DMX can carry another. */
static void take(struct widget *w, int64_t now)
{
    if (w->length || !is_fresh(w) || now < w->next_ns || port_queued(w))
        return;
    w->taken = atomic_load(&w->puts);
    w->length = enttec_dmx(w->out, latest_front(&w->latest), DMX_SLOTS);
    w->at = 0;
    /* One that was late by up to half a frame makes the next no later, or lateness would add up until a frame is lost. */
    w->next_ns = (w->next_ns > now - frame_ns / 2 ? w->next_ns : now - frame_ns / 2) + frame_ns;
}

/* As much as the port takes. A message that was begun is ended, or the device would take the next for its rest. */
static void write_on(struct widget *w, int64_t now)
{
    while (w->at < w->length) {
        ssize_t n = write(w->fd, w->out + w->at, w->length - w->at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno != EAGAIN) {
            lost(w, errno);
            return;
        }
        if (n <= 0)
            return;
        w->at += (size_t)n;
        w->progress_ns = now;
    }
    if (w->length)
        count(w, now);
    w->length = w->at = 0;
}

static void ask(struct widget *w, int64_t now)
{
    if (w->length || (w->id.has_parameters && w->id.has_serial) || (w->asked_ns && now - w->asked_ns < retry_ns) || port_queued(w))
        return;
    w->asked_ns = now;
    port_ask(w);                        /* one that was cut short is a message the device skips */
}

static enum widget_state judge(struct widget *w, int64_t now)
{
    bool waits = w->length || port_queued(w);

    if (!waits)
        w->progress_ns = now;
    if (now - w->progress_ns > stalled_ns)
        return WIDGET_STALLED;
    return w->id.has_parameters || w->id.has_serial || now - w->opened_ns < silent_ns ? WIDGET_FINE : WIDGET_SILENT;
}

static void wait_until(struct widget *w, int64_t until)
{
    struct timespec t = { until / 1000000000, until % 1000000000 };

    while (sem_clockwait(&w->wake, CLOCK_MONOTONIC, &t) && errno == EINTR)
        ;
    while (!sem_trywait(&w->wake))
        ;
}

static void rest(struct widget *w, int64_t now)
{
    struct pollfd p = { w->fd, POLLIN | POLLOUT, 0 };

    if (w->length)
        poll(&p, 1, (int)(nap_ns / MS));
    else if (is_fresh(w))
        thread_sleep_until(w->next_ns > now ? w->next_ns : now + 2 * MS);       /* the port is still busy with the last */
    else
        wait_until(w, now + nap_ns);
}

static void serve(struct widget *w)
{
    enum widget_state was = WIDGET_SILENT;
    bool told_name = false;
    int64_t looked = w->opened_ns;

    w->taken = 0;                       /* the device may be another, or new: what there is is sent at once */
    while (w->fd >= 0 && !atomic_load(&w->stop)) {
        int64_t now = clock_mono_ns();
        take(w, now);
        write_on(w, now);
        if (w->fd < 0)
            break;
        ask(w, now);
        if (!port_listen(w)) {
            lost(w, EIO);
            break;
        }
        enum widget_state state = judge(w, now);
        bool has_name = w->id.has_parameters && w->id.has_serial;
        if (state == WIDGET_STALLED && was != state)
            atomic_fetch_add(&w->errors, 1), atomic_store(&w->last_errno, ETIMEDOUT);
        if (state != was || has_name != told_name)
            tell(w, was = state, 0);
        told_name = has_name;
        if (!*w->device && now - looked > retry_ns) {
            looked = now;
            if (port_is_named_by_another(w)) {
                port_close(w);
                tell(w, WIDGET_NONE_FOUND, 0);
                break;
            }
        }
        rest(w, now);
    }
}

/* The last look gets out, but nobody waits long for a device that takes nothing. */
static void finish(struct widget *w)
{
    int64_t now = clock_mono_ns(), end = now + WIDGET_END_MS * MS;

    for (; w->fd >= 0 && now < end && (w->length || is_fresh(w) || port_queued(w)); now = clock_mono_ns()) {
        take(w, now);
        write_on(w, now);
        thread_sleep_until(now + 2 * MS);
    }
    port_close(w);
}

static void *run(void *arg)
{
    struct widget *w = arg;

    while (!atomic_load(&w->stop)) {
        int error = 0;
        enum widget_state state = port_open(w, &error);
        if (state)
            tell(w, state, error);
        else
            serve(w);
        for (int64_t until = clock_mono_ns() + retry_ns; !atomic_load(&w->stop) && clock_mono_ns() < until;)
            wait_until(w, until);
    }
    finish(w);
    return NULL;
}

/* ---- the engine ---- */

void widget_put(struct widget *w, const uint8_t slots[DMX_SLOTS])
{
    memcpy(latest_back(&w->latest), slots, DMX_SLOTS);
    latest_publish(&w->latest);
    atomic_fetch_add(&w->puts, 1);
    sem_post(&w->wake);
}

/* ---- the control side ---- */

enum lm_err widgets_new(const char *by_id, struct widgets **result)
{
    struct widgets *all = calloc(1, sizeof(*all));

    if (!all)
        return LM_NOMEM;
    pthread_mutex_init(&all->lock, NULL);
    str_copy(all->by_id, sizeof(all->by_id), by_id);
    *result = all;
    return LM_OK;
}

void widgets_free(struct widgets *all)
{
    if (!all)
        return;
    pthread_mutex_destroy(&all->lock);
    free(all);
}

static void unlist(struct widget *w)
{
    pthread_mutex_lock(&w->all->lock);
    for (struct widget **x = &w->all->first; *x; x = &(*x)->next)
        if (*x == w) {
            *x = w->next;
            break;
        }
    pthread_mutex_unlock(&w->all->lock);
    pthread_mutex_destroy(&w->lock);
    sem_destroy(&w->wake);
    free(w);
}

enum lm_err widget_open(struct widgets *all, const char *device, struct widget **result)
{
    struct thread_options t = { .name = "dmx-usb", .nice = -10 };
    struct widget *w = calloc(1, sizeof(*w));
    enum lm_err err;

    if (!w)
        return LM_NOMEM;
    w->all = all;
    w->fd = -1;
    str_copy(w->device, sizeof(w->device), device);
    latest_init(&w->latest, w->slots[0], w->slots[1], w->slots[2]);
    pthread_mutex_init(&w->lock, NULL);
    sem_init(&w->wake, 0, 0);
    pthread_mutex_lock(&all->lock);
    w->next = all->first, all->first = w;
    pthread_mutex_unlock(&all->lock);
    if ((err = thread_start(&w->thread, &t, run, w))) {
        unlist(w);
        return err;
    }
    *result = w;
    return LM_OK;
}

void widget_close(struct widget *w)
{
    if (!w)
        return;
    atomic_store(&w->stop, true);
    sem_post(&w->wake);
    pthread_join(w->thread, NULL);
    unlist(w);
}

static const char *const sentences[] = {        /* after the device */
    [WIDGET_MISSING]   = "is not there; sending starts when it is plugged in",
    [WIDGET_FORBIDDEN] = "may not be opened: lumad's user must be in the group dialout",
    [WIDGET_NO_PORT]   = "is no serial port",
    [WIDGET_SHARED]    = "is in use by another output",
    [WIDGET_TAKEN]     = "is in use by another program; still trying",
    [WIDGET_STALLED]   = "takes no data; still trying",
    [WIDGET_SILENT]    = "does not answer as a DMX USB Pro does; it is sent to all the same",
};

bool widget_trouble(struct widget *w, char *text, size_t size)
{
    pthread_mutex_lock(&w->lock);
    enum widget_state state = w->state;
    const char *device = *w->device ? w->device : *w->name ? w->name : "a device that may be the DMX USB Pro";
    if (state == WIDGET_NONE_FOUND)
        snprintf(text, size, "no DMX USB Pro is plugged in; sending starts when one is");
    else if (state == WIDGET_FAILED)
        snprintf(text, size, "%s cannot be opened: %s; still trying", device, strerror(w->state_errno));
    else if (state != WIDGET_FINE)
        snprintf(text, size, "%s %s", device, sentences[state]);
    pthread_mutex_unlock(&w->lock);
    return state != WIDGET_FINE;
}

void widget_stats(struct widget *w, struct output_stats *s)
{
    s->packets = atomic_load(&w->packets);
    s->errors = atomic_load(&w->errors);
    s->last_errno = atomic_load(&w->last_errno);
    s->last_sent_ns = atomic_load(&w->last_sent_ns);
    s->fps = atomic_load(&w->fps);
    pthread_mutex_lock(&w->lock);
    memcpy(s->name, w->name, sizeof(s->name));
    pthread_mutex_unlock(&w->lock);
}
