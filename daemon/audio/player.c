#include "audio/player.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "audio/player_private.h"
#include "core/clock.h"
#include "core/log.h"
#include "core/str.h"
#include "core/thread.h"

enum {
    ACK_MS = 400,                       /* a running device takes a change over within a block */
    PREFILL = 16 * 256,                 /* frames that control writes itself, so that a change sounds at once */
    JOIN = PCM_RATE / 10,               /* a change that must not be heard happens this far ahead */
    VOLUME_MIN = -60,
};

static const double NS = 1e9 / PCM_RATE;

void player_wake_ticker(struct player *pl, bool has_news)
{
    pthread_mutex_lock(&pl->tick_lock);
    pl->has_news |= has_news;
    pl->must_look = true;
    pthread_cond_signal(&pl->tick_wake);
    pthread_mutex_unlock(&pl->tick_lock);
}

static void output_news(void *ctx)
{
    player_wake_ticker(ctx, true);
}

/* --- where we are --- */

static struct place place_at(const struct view *w, const struct heard *h, int64_t mono_ns)
{
    const struct run *r = &w->run;

    if (!r->playing)
        return (struct place){ .frame = (double)r->anchor };
    if (r->on_clock)
        return run_place(r, (double)(mono_ns - r->base_ns) / NS);
    double v = fmin((double)h->v, (double)h->v + (double)(mono_ns - h->at_ns) / NS);
    if (h->generation == r->generation && (v >= 0 || w->join < 0))
        return run_place(r, v);
    if (w->join >= 0 && h->generation == r->generation)
        return run_place(&w->before, v + (double)w->join);
    if (w->join >= 0 && h->generation == w->before.generation)
        return run_place(&w->before, v);
    return run_place(r, 0);             /* not heard yet */
}

struct place player_place(struct player *pl)
{
    struct heard h;

    stream_heard(pl->stream, &h);
    return place_at(&pl->view, &h, clock_mono_ns());
}

struct run player_here(struct player *pl)
{
    struct run r = pl->view.run;
    struct place p = player_place(pl);

    r.anchor = llround(p.frame);
    r.jumps += p.wraps;
    r.playing &= !p.ended;
    return r;
}

void player_now(const struct player *pl, int64_t mono_ns, struct player_now *now)
{
    struct view w;
    struct heard h;

    shared_read(&pl->shared, &w, sizeof(w));
    stream_heard(pl->stream, &h);
    const struct run *r = &w.run;
    struct place p = place_at(&w, &h, mono_ns);

    *now = (struct player_now){
        .loaded = r->serial != 0, .playing = r->playing && !p.ended, .loop = r->loop,
        .position = p.frame / PCM_RATE, .duration = (double)r->frames / PCM_RATE,
        .segment_start = (double)r->segment_start / PCM_RATE,
        .segment_end = (double)r->segment_end / PCM_RATE,
        .loop_start = (double)r->loop_start / PCM_RATE,
        .loop_end = (double)r->loop_end / PCM_RATE,
        .rate = 1, .latency_ms = r->on_clock ? 0 : (double)h.latency_ns / 1e6,
        .serial = r->serial, .jumps = r->jumps + p.wraps,
    };
}

/* --- the one way a run begins --- */

static void publish(struct player *pl, const struct view *w)
{
    pl->view = *w;
    shared_write(&pl->shared, w, sizeof(*w));
    pthread_mutex_lock(&pl->tick_lock);
    pl->interval_ms = w->run.playing ? TICK_MS : pl->callback_ns ? IDLE_MS : 0;
    pthread_mutex_unlock(&pl->tick_lock);
    player_wake_ticker(pl, true);
}

static void on_clock(struct player *pl, struct run r)
{
    r.generation = pl->view.run.generation + 1;
    r.on_clock = true;
    r.base_ns = clock_mono_ns();
    pthread_mutex_lock(&pl->feed_lock);
    pl->feed_run.playing = false;
    pthread_mutex_unlock(&pl->feed_lock);
    publish(pl, &(struct view){ .run = r, .join = -1 });
}

static bool wait_taken_over(struct player *pl, uint64_t generation)
{
    for (int i = 0; i < ACK_MS * 2; i++) {
        if (stream_generation(pl->stream) == generation)
            return true;
        nanosleep(&(struct timespec){ .tv_nsec = 500000 }, NULL);
    }
    return false;
}

void player_leave_device(struct player *pl, bool is_lost, bool retry)
{
    struct run r = player_here(pl);

    pl->on_device = false;
    pl->is_lost = is_lost;
    pl->callback_ns = 0;
    on_clock(pl, r);
    output_lose(pl->output, retry);
}

void player_change(struct player *pl, struct run r, int64_t join, bool keep_place)
{
    struct view w = { .run = r, .before = pl->view.run, .join = join };
    struct heard h;

    if (!pl->on_device) {
        on_clock(pl, r);
        return;
    }
    w.run.generation = w.before.generation + 1;
    w.run.on_clock = false;
    pthread_mutex_lock(&pl->feed_lock);
    pl->feed_run = w.run;
    pl->feed_v = 0;
    if (w.run.playing)
        stream_feed(pl->stream, &w.run, &pl->pcm, &pl->feed_v, PREFILL);
    pthread_cond_signal(&pl->feed_wake);
    pthread_mutex_unlock(&pl->feed_lock);
    stream_want(pl->stream, &w.run, join);
    if (!keep_place)
        publish(pl, &w);
    bool taken = wait_taken_over(pl, w.run.generation);
    if (keep_place) {
        stream_heard(pl->stream, &h);
        if (taken && w.before.playing && !w.before.on_clock) {
            struct place p = run_place(&w.before, (double)h.left_at);
            w.run.anchor = llround(p.frame);
            w.run.jumps = w.before.jumps + p.wraps;
        }
        publish(pl, &w);
    }
    if (!taken) {
        log_warn("audio", "the sound card does not answer; the show goes on on the clock");
        player_leave_device(pl, true, true);
    }
}

/* --- life --- */

static void locks_init(struct player *pl)
{
    pthread_mutex_init(&pl->control, NULL);
    pthread_mutex_init(&pl->feed_lock, NULL);
    pthread_mutex_init(&pl->tick_lock, NULL);
    thread_cond_init(&pl->feed_wake);
    thread_cond_init(&pl->tick_wake);
}

static void locks_clear(struct player *pl)
{
    pthread_mutex_destroy(&pl->control);
    pthread_mutex_destroy(&pl->feed_lock);
    pthread_mutex_destroy(&pl->tick_lock);
    pthread_cond_destroy(&pl->feed_wake);
    pthread_cond_destroy(&pl->tick_wake);
}

enum lm_err player_new(const struct player_options *o, struct player **result)
{
    struct player *pl = aligned_alloc(64, (sizeof(*pl) + 63) / 64 * 64);
    enum lm_err err;

    if (!pl)
        return LM_NOMEM;
    memset(pl, 0, sizeof(*pl));
    pl->options = *o;
    pl->view.join = -1;
    pl->view.run.on_clock = true;
    str_copy(pl->device, sizeof(pl->device), o->device && *o->device ? o->device : "auto");
    locks_init(pl);
    shared_write(&pl->shared, &pl->view, sizeof(pl->view));
    if ((err = output_new(output_news, pl, &pl->output)))
        goto out;
    pl->stream = output_stream(pl->output);
    if ((err = player_start_threads(pl)))
        goto out;
    if ((err = output_switch(pl->output, pl->device))) {
        player_stop_threads(pl);
        goto out;
    }
    *result = pl;
    return LM_OK;
out:
    output_free(pl->output);
    locks_clear(pl);
    free(pl);
    return err;
}

void player_free(struct player *pl)
{
    if (!pl)
        return;
    player_stop_threads(pl);
    output_free(pl->output);
    pcm_close(&pl->pcm);
    locks_clear(pl);
    free(pl);
}

/* --- transport --- */

static void stop_and_swap(struct player *pl, struct pcm *pcm, struct run r)
{
    struct pcm old;

    r.generation = pl->view.run.generation;
    r.jumps = player_here(pl).jumps + 1;
    player_change(pl, r, -1, false);           /* not playing: from here on nobody reads the old samples */
    pthread_mutex_lock(&pl->feed_lock);
    old = pl->pcm;
    pl->pcm = *pcm;
    pthread_mutex_unlock(&pl->feed_lock);
    pcm_close(&old);
}

enum lm_err player_load(struct player *pl, const struct player_track *track, struct problem *p)
{
    double start = track->start, end = track->end;
    struct pcm pcm;
    enum lm_err err = pcm_open(track->pcm_path, &pcm, p);

    if (err)
        return err;
    double duration = (double)pcm.frames / PCM_RATE;
    struct run r = { .serial = track->serial, .frames = (int64_t)pcm.frames, .segment_end = (int64_t)pcm.frames };
    bool is_part = start >= 0 && start < duration && isfinite(end);
    if (is_part) {
        r.segment_start = llround(start * PCM_RATE);
        if (end > 0 && end < duration)
            r.segment_end = llround(end * PCM_RATE);
    }
    if (!is_part || (end > 0 && end <= start) || r.segment_end <= r.segment_start) { /* at least one sample */
        pcm_close(&pcm);
        return problem_set(p, LM_INVALID, "%.3f to %.3f s is no part of a track of %.3f s", start,
                           end, duration);
    }
    r.anchor = r.segment_start;
    pthread_mutex_lock(&pl->control);
    stop_and_swap(pl, &pcm, r);
    pthread_mutex_unlock(&pl->control);
    return LM_OK;
}

enum lm_err player_unload(struct player *pl)
{
    struct pcm nothing = { 0 };

    pthread_mutex_lock(&pl->control);
    if (pl->view.run.serial)
        stop_and_swap(pl, &nothing, (struct run){ 0 });
    pthread_mutex_unlock(&pl->control);
    return LM_OK;
}

static enum lm_err must_be_loaded(struct player *pl, struct problem *p)
{
    return pl->view.run.serial ? LM_OK : problem_set(p, LM_CONFLICT, "No track is loaded");
}

enum lm_err player_play(struct player *pl, struct problem *p)
{
    pthread_mutex_lock(&pl->control);
    enum lm_err err = must_be_loaded(pl, p);
    struct run r = player_here(pl);

    if (!err && !r.playing) {
        if (!run_loops(&r) && (r.anchor == r.segment_end || r.anchor >= r.frames)) {
            r.anchor = r.segment_start;
            r.jumps++;
        }
        r.playing = true;
        player_change(pl, r, -1, false);
    }
    pthread_mutex_unlock(&pl->control);
    return err;
}

enum lm_err player_pause(struct player *pl)
{
    pthread_mutex_lock(&pl->control);
    if (pl->view.run.playing) {
        struct run r = player_here(pl);
        r.playing = false;
        player_change(pl, r, -1, true);
    }
    pthread_mutex_unlock(&pl->control);
    return LM_OK;
}

enum lm_err player_seek(struct player *pl, double seconds, double at, struct problem *p)
{
    if (!isnan(at))
        return problem_set(p, LM_INVALID, "Jumps at a place are not made yet");
    pthread_mutex_lock(&pl->control);
    enum lm_err err = must_be_loaded(pl, p);
    struct run r = player_here(pl);

    if (!err && !(seconds >= 0 && seconds <= (double)r.frames / PCM_RATE))
        err = problem_set(p, LM_INVALID, "%g s is outside the track (0 to %.3f s)", seconds,
                          (double)r.frames / PCM_RATE);
    if (!err) {
        r.anchor = llround(seconds * PCM_RATE);
        r.jumps++;
        r.playing = pl->view.run.playing;       /* also when it has just ended */
        player_change(pl, r, -1, false);
    }
    pthread_mutex_unlock(&pl->control);
    return err;
}

/* While a device plays, the samples of the next moments are already on their way: change behind them, so that nothing is heard of it. */
static void change_loop(struct player *pl, bool loop, int64_t start, int64_t end)
{
    struct run r = player_here(pl);
    int64_t join = -1;

    if (pl->on_device && r.playing) {
        struct heard h;
        stream_heard(pl->stream, &h);
        pthread_mutex_lock(&pl->feed_lock);
        join = h.generation == r.generation ? h.v + JOIN : 0;
        join = join < pl->feed_v ? join : pl->feed_v;
        pthread_mutex_unlock(&pl->feed_lock);
        struct place p = run_place(&pl->view.run, (double)join);
        if (p.ended) {
            join = -1;
        } else {
            r.anchor = llround(p.frame);
            r.jumps = pl->view.run.jumps + p.wraps;
        }
    }
    r.loop = loop;
    r.loop_start = start;
    r.loop_end = end;
    player_change(pl, r, join, false);
}

enum lm_err player_loop(struct player *pl, bool enabled, double start, double end, struct problem *p)
{
    pthread_mutex_lock(&pl->control);
    enum lm_err err = must_be_loaded(pl, p);
    int64_t frames = pl->view.run.frames, a = 0, b = 0;

    if (!err && enabled) {
        bool is_inside = start >= 0 && end <= (double)frames / PCM_RATE + 1e-9 && start < end;
        if (is_inside) {
            a = llround(start * PCM_RATE);
            b = llround(end * PCM_RATE);
            b = b < frames ? b : frames;
        }
        if (a >= b)
            err = problem_set(p, LM_INVALID, "%g to %g s is no loop inside the track (0 to %.3f s)",
                              start, end, (double)frames / PCM_RATE);
    }
    if (!err)
        change_loop(pl, enabled, a, b);
    pthread_mutex_unlock(&pl->control);
    return err;
}

enum lm_err player_volume(struct player *pl, double db, struct problem *p)
{
    if (!(db >= VOLUME_MIN && db <= 0))
        return problem_set(p, LM_INVALID, "The volume is %d to 0 dB", VOLUME_MIN);
    pthread_mutex_lock(&pl->control);
    pl->volume_db = db;
    stream_set_gain(pl->stream, db <= VOLUME_MIN ? 0 : (float)pow(10, db / 20));
    pthread_mutex_unlock(&pl->control);
    player_wake_ticker(pl, true);
    return LM_OK;
}

double player_get_volume(const struct player *pl)
{
    struct player *p = (struct player *)(uintptr_t)pl;     /* the lock is not part of what a caller sees change */

    pthread_mutex_lock(&p->control);
    double db = p->volume_db;
    pthread_mutex_unlock(&p->control);
    return db;
}
