/* The player's threads: the feeder writes samples ahead of the callback, the ticker ends tracks, watches the device, tells the world. */
#include <time.h>

#include "audio/player_private.h"
#include "core/clock.h"
#include "core/thread.h"

enum { FEED_MS = 20, FEED_BLOCKS = 8 };

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
        if (!pl->is_feeding)
            pthread_cond_wait(&pl->feed_wake, &pl->feed_lock);
        else if (!feed_run(&pl->feed, FEED_BLOCKS))
            wait_ms(&pl->feed_wake, &pl->feed_lock, FEED_MS);
        else {                          /* let control in between pieces */
            pthread_mutex_unlock(&pl->feed_lock);
            pthread_mutex_lock(&pl->feed_lock);
        }
    }
    pthread_mutex_unlock(&pl->feed_lock);
    return NULL;
}

/* --- the ticker: ends tracks, watches the device, tells the world --- */

static bool look(struct player *pl)
{
    struct output_status s;
    bool has_news = false;

    pthread_mutex_lock(&pl->control);
    uint64_t generation = pl->generations;
    player_promote(pl, &has_news);
    player_watch_device(pl, clock_mono_ns());
    struct spot spot = player_spot_at(pl, clock_mono_ns());
    if (spot.leg == pl->view.course.at && pl->view.course.legs[spot.leg].run.playing && spot.place.ended) {
        struct plan p = { .course.n = 1, .command = player_command(true, 0) };
        p.course.legs[0] = player_here(pl, &p.sounds[0]);
        player_tell(pl, TRANSPORT_END);
        player_begin(pl, &p, false);
    }
    uint32_t jumps = pl->view.course.legs[spot.leg].run.jumps + spot.place.wraps;
    has_news |= jumps != pl->jumps_told || pl->generations != generation;
    pl->jumps_told = jumps;
    bool plays = pl->view.course.legs[pl->view.course.at].run.playing;
    output_get(pl->output, &s);
    pthread_mutex_lock(&pl->tick_lock);
    bool has_device = s.state == OUTPUT_RUNNING && !pl->is_refused;
    pl->interval_ms = plays ? TICK_MS : has_device ? IDLE_MS : 0;
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
    static const struct thread_options feeder = { .name = "feed", .nice = -10 }, ticker = { .name = "transport" };
    enum lm_err err = thread_start(&pl->feeder, &feeder, feed, pl);

    if (!err && (err = thread_start(&pl->ticker, &ticker, tick, pl)))
        stop_threads(pl, 1);
    return err;
}

struct output *player_output(struct player *pl)
{
    return pl->output;
}

void player_stop_threads(struct player *pl)
{
    stop_threads(pl, 2);
}
