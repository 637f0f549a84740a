#include "audio/player.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "audio/chain.h"
#include "audio/meters.h"
#include "audio/player_private.h"
#include "core/clock.h"
#include "core/str.h"
#include "core/thread.h"

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

static struct spot on_leg(const struct course *c, int leg, double v)
{
    return (struct spot){ .leg = leg, .v = v, .place = run_place(&c->legs[leg].run, v) };
}

static double clock_v(const struct run *r, int64_t mono_ns)
{
    return (double)(mono_ns - r->base_ns) / NS * run_rate(r);
}

/* While a device is silent for a moment the position goes on by itself, until it counts as lost. */
static double device_v(const struct heard *h, int64_t mono_ns)
{
    static const double AHEAD = (LOST_MAX_MS + 3 * TICK_MS) * 1e6;

    return h->v + fmin((double)(mono_ns - h->at_ns), AHEAD) / NS * h->step;
}

static struct spot spot_at(const struct view *w, const struct heard *h, int64_t mono_ns)
{
    const struct course *c = &w->course;
    const struct leg *l = &c->legs[c->at], *before = c->at ? l - 1 : NULL;

    if (!l->run.playing)
        return (struct spot){ .leg = c->at, .place.frame = (double)l->run.anchor };
    if (l->run.on_clock)
        return course_spot(c, c->at, clock_v(&l->run, mono_ns));
    int leg = h ? course_find(c, h->generation) : -1;
    if (leg >= 0 && !c->legs[leg].run.on_clock)
        return course_spot(c, leg, device_v(h, mono_ns));
    if (before && before->run.on_clock)         /* the device is about to take over */
        return on_leg(c, c->at - 1, clock_v(&before->run, mono_ns));
    return on_leg(c, c->at, 0);                 /* not heard yet */
}

struct spot player_spot_at(struct player *pl, int64_t mono_ns)
{
    struct heard h;

    return spot_at(&pl->view, stream_heard(pl->card, &h) ? &h : NULL, mono_ns);
}

void player_now(const struct player *pl, int64_t mono_ns, struct player_now *now)
{
    struct stream_counts counts;
    struct view w;
    struct heard h;

    shared_read(&pl->shared, &w, sizeof(w));
    struct spot s = spot_at(&w, stream_heard(pl->card, &h) ? &h : NULL, mono_ns);
    const struct run *r = &w.course.legs[s.leg].run, *said = &w.course.legs[w.course.at].run;
    if (s.leg > w.course.at || said->serial != r->serial)
        said = r;                       /* what was asked for counts, though its first sample may still be on its way */
    stream_counts(pl->card, &counts);

    *now = (struct player_now){
        .loaded = r->serial != 0, .playing = r->playing && !s.place.ended, .loop = said->loop,
        .position = s.place.frame / PCM_RATE, .duration = (double)r->frames / PCM_RATE,
        .segment_start = (double)r->segment_start / PCM_RATE,
        .segment_end = (double)r->segment_end / PCM_RATE,
        .loop_start = (double)said->loop_start / PCM_RATE,
        .loop_end = (double)said->loop_end / PCM_RATE,
        .rate = run_rate(said), .keep_pitch = said->keep_pitch, .state = w.state,
        .latency_ms = r->on_clock ? 0 : (double)counts.latency_ns / 1e6,
        .serial = r->serial, .jumps = r->jumps + s.place.wraps,
    };
    if (w.next_serial && w.next_serial != r->serial) {
        now->next_serial = w.next_serial;
        now->crossfade = w.crossfade;
    }
    bool is_behind = s.leg > w.course.at && w.course.legs[w.course.at + 1].kind == LEG_JUMP;
    if (w.has_pending && !is_behind && r->serial == w.course.legs[w.course.at].run.serial) {
        now->has_pending = true;
        now->pending_at = w.pending_at / PCM_RATE;
        now->pending_to = w.pending_to / PCM_RATE;
    }
}

void player_publish(struct player *pl)
{
    shared_write(&pl->shared, &pl->view, sizeof(pl->view));
    pthread_mutex_lock(&pl->tick_lock);
    pl->interval_ms = pl->view.course.legs[pl->view.course.at].run.playing ? TICK_MS : pl->callback_ns ? IDLE_MS : 0;
    pthread_mutex_unlock(&pl->tick_lock);
    player_wake_ticker(pl, true);
}

/* --- life --- */

_Static_assert(sizeof(struct view) <= SHARED_WORDS * 8, "a view travels in a struct shared");

static void locks_init(struct player *pl)
{
    pthread_mutex_init(&pl->control, NULL);
    pthread_mutex_init(&pl->feed_lock, NULL);
    pthread_mutex_init(&pl->tick_lock, NULL);
    thread_cond_init(&pl->feed_wake);
    thread_cond_init(&pl->tick_wake);
}

static void clear(struct player *pl)
{
    output_free(pl->output);
    clock_device_free(pl->clock);
    feed_clear(&pl->feed);
    for (int i = 0; i < COURSE_LEGS; i++)
        track_sound_unref(pl->sounds[i]);
    track_sound_unref(pl->next.sound);
    pthread_mutex_destroy(&pl->control);
    pthread_mutex_destroy(&pl->feed_lock);
    pthread_mutex_destroy(&pl->tick_lock);
    pthread_cond_destroy(&pl->feed_wake);
    pthread_cond_destroy(&pl->tick_wake);
    free(pl);
}

enum lm_err player_new(const struct player_options *o, struct player **result)
{
    struct player *pl = aligned_alloc(64, (sizeof(*pl) + 63) / 64 * 64);
    enum lm_err err;

    if (!pl)
        return LM_NOMEM;
    memset(pl, 0, sizeof(*pl));
    pl->options = *o;
    pl->rate = 1;
    pl->keep_pitch = true;
    pl->view.course.n = 1;
    pl->view.course.legs[0].run = (struct run){ .on_clock = true, .rate = 1, .keep_pitch = true };
    str_copy(pl->device, sizeof(pl->device), o->device && *o->device ? o->device : "auto");
    locks_init(pl);
    shared_write(&pl->shared, &pl->view, sizeof(pl->view));
    if ((err = feed_init(&pl->feed)) || (err = clock_device_new(&pl->clock)) || (err = output_new(output_news, pl, &pl->output)))
        goto out;
    pl->card = output_stream(pl->output);
    if ((err = player_start_threads(pl)))
        goto out;
    if ((err = output_switch(pl->output, pl->device))) {
        player_stop_threads(pl);
        goto out;
    }
    *result = pl;
    return LM_OK;
out:
    clear(pl);
    return err;
}

void player_free(struct player *pl)
{
    if (!pl)
        return;
    player_stop_threads(pl);
    clear(pl);
}

/* --- volume, effects, meters --- */

enum { VOLUME_MIN = -60 };

enum lm_err player_volume(struct player *pl, double db, struct problem *p)
{
    if (!(db >= VOLUME_MIN && db <= 0))
        return problem_set(p, LM_INVALID, "The volume is %d to 0 dB", VOLUME_MIN);
    float gain = db <= VOLUME_MIN ? 0 : (float)pow(10, db / 20);
    pthread_mutex_lock(&pl->control);
    pl->volume_db = db;
    stream_set_gain(pl->card, gain);
    stream_set_gain(clock_device_stream(pl->clock), gain);
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

void player_set_chain(struct player *pl, const struct chain_settings *settings)
{
    pthread_mutex_lock(&pl->control);
    stream_set_chain(pl->card, settings);
    stream_set_chain(clock_device_stream(pl->clock), settings);
    pthread_mutex_unlock(&pl->control);
}

bool player_meters(struct player *pl, struct meters_now *out, struct meters_now *in)
{
    struct view w;

    shared_read(&pl->shared, &w, sizeof(w));            /* who asks twenty times a second waits for no change of the transport */
    struct stream *played = w.course.legs[w.course.at].run.on_clock ? clock_device_stream(pl->clock) : pl->card;
    bool is_measured = out && stream_meters(played, out, NULL);

    return (in && stream_meters(pl->card, NULL, in)) || is_measured;
}
