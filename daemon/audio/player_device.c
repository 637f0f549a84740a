/* Devices: which there is, whether it lives, and going over from one clock to the other. */
#include <math.h>
#include <string.h>

#include "audio/player_private.h"
#include "core/clock.h"
#include "core/log.h"
#include "core/str.h"

enum {
    SETTLE_MS = 200,                    /* a new device shows for so long that it has a clock */
    RETURN_MS = 60,                     /* a device that comes back begins so far ahead */
    WILD = 2,                           /* a device this much faster than its rate has no clock */
};

static const double NS = 1e9 / PCM_RATE;

/* --- from one clock to the other --- */

void player_leave_device(struct player *pl, bool is_lost, bool retry)
{
    struct plan p = { .course.n = 1 };
    bool news = false;

    player_promote(pl, &news);
    p.course.legs[0] = player_here(pl, &p.sounds[0]);
    if (p.course.legs[0].run.playing)
        player_add_following(pl, &p, 0);
    else if (player_plays(pl))
        player_tell(pl, TRANSPORT_END);
    pl->on_device = false;
    pl->is_lost = is_lost;
    pl->callback_ns = 0;
    player_begin(pl, &p, false);
    output_lose(pl->output, retry);
}

/* The clock's run goes on on the device, which begins at an instant that both know. False: another run begins just then; ask again. */
static bool plan_return(struct player *pl, struct plan *p)
{
    struct course *c = &pl->view.course;
    const struct run *r = &c->legs[c->at].run;
    struct stream_counts counts;

    stream_counts(pl->card, &counts);
    int64_t at_ns = clock_mono_ns() + RETURN_MS * 1000000LL + (int64_t)(2 * counts.period * NS) + counts.latency_ns;
    double v = ceil((double)(at_ns - r->base_ns) / NS * run_rate(r));
    struct spot s = course_spot(c, c->at, v);
    if (s.leg != c->at || s.place.ended)
        return false;
    player_continue(pl, c->at, v, p);
    p->has_before = true;
    p->before = c->legs[c->at];
    p->before_sound = pl->sounds[c->at];
    p->course.legs[0].join = v;
    p->command = (struct stream_command){ .when = WHEN_HEARD, .ramp = true, .at_ns = r->base_ns + llround(v / run_rate(r) * NS) };
    player_add_following(pl, p, 0);
    return true;
}

static void enter_device(struct player *pl)
{
    struct plan p = { .course.n = 1 };
    bool news = false;

    player_promote(pl, &news);
    if (player_plays(pl)) {
        if (!plan_return(pl, &p))
            return;
    } else {
        p.course.legs[0] = player_here(pl, &p.sounds[0]);
        p.command = player_command(true, clock_mono_ns());
    }
    pthread_mutex_lock(&pl->feed_lock);
    clock_device_hold(pl->clock);
    clock_device_go(pl->clock, false);
    stream_writer_init(&pl->feed.w, pl->card);
    pthread_mutex_unlock(&pl->feed_lock);
    pl->on_device = true;
    pl->is_lost = false;
    player_tell(pl, TRANSPORT_FIND);
    player_begin(pl, &p, false);
}

/* --- watching --- */

/* Does the device run, at about its own speed? Opens the rate window on the first call for a device. */
static bool is_wild(struct player *pl, int64_t now_ns)
{
    if (pl->seen.frames < pl->window.frames) {          /* it was started anew */
        pl->window_ns = now_ns;
        pl->window = pl->seen;
    }
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
    stream_counts(pl->card, &pl->seen);
    if (!pl->callback_ns) {
        pl->callback_ns = pl->window_ns = now_ns;
        pl->window = pl->seen;
        pl->first_callbacks = pl->seen.callbacks;
    }
    if (is_wild(pl, now_ns))
        refuse(pl, s->name);
    else if (now_ns - pl->callback_ns > SETTLE_MS * 1000000LL && pl->seen.callbacks > pl->first_callbacks + 1) {
        int64_t first_ns = pl->callback_ns;
        pl->callback_ns = now_ns;
        enter_device(pl);
        if (!pl->on_device)             /* another run begins just now: at the next look */
            pl->callback_ns = first_ns;
    }
}

static int64_t lost_ns(const struct stream_counts *c)
{
    double periods_ms = 8.0 * c->period * 1000 / PCM_RATE;

    return (int64_t)(fmin(fmax(LOST_MS, periods_ms), LOST_MAX_MS) * 1e6);
}

void player_watch_device(struct player *pl, int64_t now_ns)
{
    struct output_status s;
    struct stream_counts c;

    output_get(pl->output, &s);
    if (!pl->on_device) {
        if (s.state == OUTPUT_RUNNING && !pl->is_refused)
            watch_new(pl, &s, now_ns);
        else if (s.state == OUTPUT_LOST)        /* nobody uses it: the next may be opened */
            output_lose(pl->output, true);
        return;
    }
    stream_counts(pl->card, &c);
    if (c.callbacks != pl->seen.callbacks)
        pl->callback_ns = now_ns;
    pl->seen = c;
    if (is_wild(pl, now_ns)) {
        refuse(pl, s.name);
    } else if (s.state != OUTPUT_RUNNING || !output_is_alive(pl->output)
               || now_ns - pl->callback_ns > lost_ns(&c)) {
        log_warn("audio", "%s is gone; the show goes on on the clock", s.name);
        player_leave_device(pl, !s.is_moving, true);
    }
}

void player_get_device(struct player *pl, struct player_device *d)
{
    struct output_status s;
    struct stream_counts c;

    output_get(pl->output, &s);
    stream_counts(pl->card, &c);
    pthread_mutex_lock(&pl->control);
    *d = (struct player_device){ .active = true, .lost = pl->is_lost, .clock = !pl->on_device,
                                 .rate = PCM_RATE };
    bool has_name = s.name[0] && (pl->on_device || pl->is_lost || pl->is_refused);
    str_copy(d->name, sizeof(d->name), has_name ? s.name : "clock");
    if (has_name)
        str_copy(d->api, sizeof(d->api), s.api);
    if (pl->on_device) {
        d->rate = s.rate;
        d->latency_ms = (double)c.latency_ns / 1e6;
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

enum lm_err player_set_device(struct player *pl, const char *device, struct problem *p)
{
    enum lm_err err = LM_OK;

    if (!*device)
        return LM_OK;
    if (strlen(device) >= sizeof(pl->device) || !output_knows(pl->output, device, DEVICE_OUT))
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
