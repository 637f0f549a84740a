/* The player's threads: the feeder writes samples ahead of the callback, the ticker ends tracks, watches the device, tells the world. */
#include <math.h>
#include <string.h>
#include <time.h>

#include "audio/player_private.h"
#include "core/clock.h"
#include "core/log.h"
#include "core/str.h"
#include "core/thread.h"

enum {
    SETTLE_MS = 200,                    /* a new device shows for so long that it has a clock */
    STALL_MS = 500,                     /* no callback for so long: the device is lost */
    FEED_MS = 10, FEED_FRAMES = 8 * 256,
    WILD = 2,                           /* a device this much faster than its rate has no clock */
};

/* --- the feeder --- */

static void wait_ms(pthread_cond_t *c, pthread_mutex_t *m, int ms)
{
    struct timespec t = clock_in_ms(ms);

    pthread_cond_timedwait(c, m, &t);
}

static bool is_stopping(struct player *pl)
{
    pthread_mutex_lock(&pl->tick_lock);
    bool stopping = pl->is_stopping;
    pthread_mutex_unlock(&pl->tick_lock);
    return stopping;
}

static void *feed(void *arg)
{
    struct player *pl = arg;

    pthread_mutex_lock(&pl->feed_lock);
    while (!is_stopping(pl)) {
        if (!pl->feed_run.playing || pl->feed_run.on_clock) {
            pthread_cond_wait(&pl->feed_wake, &pl->feed_lock);
            continue;
        }
        int64_t before = pl->feed_v;
        stream_feed(pl->stream, &pl->feed_run, &pl->pcm, &pl->feed_v, FEED_FRAMES);
        if (pl->feed_v - before < FEED_FRAMES) {
            wait_ms(&pl->feed_wake, &pl->feed_lock, FEED_MS);
        } else {                        /* let control in between pieces */
            pthread_mutex_unlock(&pl->feed_lock);
            pthread_mutex_lock(&pl->feed_lock);
        }
    }
    pthread_mutex_unlock(&pl->feed_lock);
    return NULL;
}

/* --- the ticker: ends tracks, watches the device, tells the world --- */

/* Does the device run, at about its own speed? Opens the rate window on the first call for a device. */
static bool is_wild(struct player *pl, int64_t now_ns)
{
    double seconds = fmax(1, (double)(now_ns - pl->window_ns) / 1e9);

    if ((double)(pl->seen.frames - pl->window.frames) > WILD * PCM_RATE * seconds)
        return true;
    if (now_ns - pl->window_ns > 1000000000) {
        pl->window_ns = now_ns;
        pl->window = pl->seen;
    }
    return false;
}

static void refuse(struct player *pl, const char *name)
{
    log_warn("audio", "%s takes sound faster than it can be played: not used, the clock plays", name);
    pl->is_refused = true;
    if (pl->on_device)                  /* sound was there and is gone: a dying JACK server ends this way too */
        player_leave_device(pl, true, false);
    else
        output_lose(pl->output, false);
}

/* A new device is used once it has run for a moment without running wild. */
static void watch_new(struct player *pl, const struct output_status *s, int64_t now_ns)
{
    stream_counts(pl->stream, &pl->seen);
    if (!pl->callback_ns) {
        pl->callback_ns = pl->window_ns = now_ns;
        pl->window = pl->seen;
    }
    if (is_wild(pl, now_ns))
        refuse(pl, s->name);
    else if (now_ns - pl->callback_ns > SETTLE_MS * 1000000LL && pl->seen.callbacks > 1) {
        struct run r = player_here(pl);
        pl->on_device = true;
        pl->is_lost = false;
        pl->callback_ns = now_ns;
        player_change(pl, r, -1, false);
    }
}

static void watch(struct player *pl, int64_t now_ns)
{
    struct output_status s;
    struct stream_counts c;

    output_get(pl->output, &s);
    if (!pl->on_device) {
        if (s.state == OUTPUT_RUNNING && !pl->is_refused)
            watch_new(pl, &s, now_ns);
        return;
    }
    stream_counts(pl->stream, &c);
    if (c.callbacks != pl->seen.callbacks)
        pl->callback_ns = now_ns;
    pl->seen = c;
    if (is_wild(pl, now_ns)) {
        refuse(pl, s.name);
    } else if (s.state != OUTPUT_RUNNING || !output_is_alive(pl->output)
               || now_ns - pl->callback_ns > STALL_MS * 1000000LL) {
        log_warn("audio", "%s is gone; the show goes on on the clock", s.name);
        player_leave_device(pl, true, true);
    }
}

static bool look(struct player *pl)
{
    struct output_status s;

    pthread_mutex_lock(&pl->control);
    uint64_t generation = pl->view.run.generation;
    watch(pl, clock_mono_ns());
    struct place p = player_place(pl);
    if (pl->view.run.playing && p.ended) {
        struct run r = player_here(pl);
        player_change(pl, r, -1, false);
    }
    uint32_t jumps = pl->view.run.jumps + player_place(pl).wraps;
    bool has_news = jumps != pl->jumps_told || pl->view.run.generation != generation;
    pl->jumps_told = jumps;
    output_get(pl->output, &s);
    pthread_mutex_lock(&pl->tick_lock);
    bool has_device = s.state == OUTPUT_RUNNING && !pl->is_refused;
    pl->interval_ms = pl->view.run.playing ? TICK_MS : has_device ? IDLE_MS : 0;
    pthread_mutex_unlock(&pl->tick_lock);
    pthread_mutex_unlock(&pl->control);
    return has_news;
}

static void *tick(void *arg)
{
    struct player *pl = arg;

    pthread_mutex_lock(&pl->tick_lock);
    while (!pl->is_stopping) {
        if (!pl->must_look) {
            if (pl->interval_ms)
                wait_ms(&pl->tick_wake, &pl->tick_lock, pl->interval_ms);
            else
                pthread_cond_wait(&pl->tick_wake, &pl->tick_lock);
        }
        bool has_news = pl->has_news;
        pl->has_news = pl->must_look = false;
        if (pl->is_stopping)
            break;
        pthread_mutex_unlock(&pl->tick_lock);
        has_news |= look(pl);
        if (has_news && pl->options.changed)
            pl->options.changed(pl->options.ctx);
        pthread_mutex_lock(&pl->tick_lock);
    }
    pthread_mutex_unlock(&pl->tick_lock);
    return NULL;
}

/* --- start, stop --- */

static void stop_threads(struct player *pl, int n)
{
    pthread_mutex_lock(&pl->tick_lock);
    pl->is_stopping = true;
    pthread_cond_signal(&pl->tick_wake);
    pthread_mutex_unlock(&pl->tick_lock);
    pthread_mutex_lock(&pl->feed_lock);
    pthread_cond_signal(&pl->feed_wake);
    pthread_mutex_unlock(&pl->feed_lock);
    if (n > 0)
        pthread_join(pl->feeder, NULL);
    if (n > 1)
        pthread_join(pl->ticker, NULL);
}

enum lm_err player_start_threads(struct player *pl)
{
    static const struct thread_options feeder = { .name = "feed" }, ticker = { .name = "transport" };
    enum lm_err err = thread_start(&pl->feeder, &feeder, feed, pl);

    if (!err && (err = thread_start(&pl->ticker, &ticker, tick, pl)))
        stop_threads(pl, 1);
    return err;
}

void player_stop_threads(struct player *pl)
{
    stop_threads(pl, 2);
}

/* --- device --- */

void player_get_device(struct player *pl, struct player_device *d)
{
    struct output_status s;
    struct stream_counts c;
    struct heard h;

    output_get(pl->output, &s);
    stream_counts(pl->stream, &c);
    stream_heard(pl->stream, &h);
    pthread_mutex_lock(&pl->control);
    *d = (struct player_device){ .active = true, .lost = pl->is_lost, .clock = !pl->on_device,
                                 .rate = PCM_RATE };
    bool has_name = s.name[0] && (pl->on_device || pl->is_lost || pl->is_refused);
    str_copy(d->name, sizeof(d->name), has_name ? s.name : "clock");
    if (has_name)
        str_copy(d->api, sizeof(d->api), s.api);
    if (pl->on_device) {
        d->rate = s.rate;
        d->latency_ms = (double)h.latency_ns / 1e6;
        d->underruns = c.underruns;
        d->callbacks = c.callbacks;
    }
    pthread_mutex_unlock(&pl->control);
}

size_t player_list_devices(struct player *pl, struct player_device *out, size_t max)
{
    struct player_device now;
    size_t n = max ? output_list(out, max - 1) : 0;

    player_get_device(pl, &now);
    for (size_t i = 0; i < n; i++)
        out[i].active = !now.clock && !strcmp(out[i].name, now.name) && !strcmp(out[i].api, now.api);
    if (max) {
        out[n] = (struct player_device){ .clock = true, .active = now.clock, .rate = PCM_RATE };
        str_copy(out[n++].name, sizeof(out->name), "clock");
    }
    return n;
}

/* Unknown only when somebody has looked: before the first look any name may turn up. */
static bool device_may_exist(const char *device)
{
    struct player_device list[64];
    size_t n = output_list(list, 64);

    if (!n || !strcmp(device, "auto") || !strcmp(device, "clock"))
        return true;
    for (size_t i = 0; i < n; i++)
        if (strcasestr(list[i].name, device))
            return true;
    return false;
}

enum lm_err player_set_device(struct player *pl, const char *device, struct problem *p)
{
    enum lm_err err = LM_OK;

    if (!*device)
        return LM_OK;
    if (strlen(device) >= sizeof(pl->device) || !device_may_exist(device))
        return problem_set(p, LM_NOT_FOUND, "There is no audio device \"%.100s\"", device);
    pthread_mutex_lock(&pl->control);
    str_copy(pl->device, sizeof(pl->device), device);
    if (pl->on_device)
        player_leave_device(pl, false, false);
    pl->is_lost = pl->is_refused = false;
    pl->callback_ns = 0;
    err = output_switch(pl->output, device);
    pthread_mutex_unlock(&pl->control);
    player_wake_ticker(pl, true);
    return err;
}
