/* How a change of the transport begins: plans are put together, written ahead, and commanded. */
#include <math.h>
#include <string.h>
#include <time.h>

#include "audio/player_private.h"
#include "core/clock.h"
#include "core/log.h"

enum {
    ACK_MS = 400,                       /* a running device takes a change over within a block */
    PREFILL = 16,                       /* blocks that control writes itself, so that a change sounds at once */
    LEAD = PCM_RATE / 100,              /* and two periods: a change that must not be heard happens so far ahead */
};

static const double NS = 1e9 / PCM_RATE;

void player_tell(struct player *pl, enum transport_event e)
{
    pl->view.state = transport_next(pl->view.state, e);
}

struct stream_command player_command(bool ramp, int64_t asked_ns)
{
    return (struct stream_command){ .when = WHEN_DUE, .ramp = ramp, .at_ns = asked_ns };
}

bool player_plays(const struct player *pl)
{
    return pl->view.course.legs[pl->view.course.at].run.playing;
}

/* --- where we are --- */

struct leg player_here(struct player *pl, struct track_sound **sound)
{
    int64_t now_ns = clock_mono_ns();
    struct spot s = player_spot_at(pl, now_ns);
    struct leg l = pl->view.course.legs[s.leg];

    l.run.base_ns = now_ns;
    if (l.run.playing) {
        l.run.anchor = llround(s.place.frame);
        l.run.base_ns -= llround((s.place.frame - (double)l.run.anchor) / run_rate(&l.run) * NS);
        l.run.jumps += s.place.wraps;
        l.run.playing = !s.place.ended;
    }
    l.fade = l.faded = l.join = 0;
    *sound = pl->sounds[s.leg];
    return l;
}

static void come_true(struct player *pl, const struct leg *l)
{
    if (l->kind == LEG_JUMP) {
        pl->view.has_pending = false;
    } else if (l->kind == LEG_NEXT && l->run.serial == pl->next.run.serial) {
        track_sound_unref(pl->next.sound);
        pl->next = (struct following){ 0 };
    }
}

static void advance(struct player *pl, int leg)
{
    struct course *c = &pl->view.course;
    struct leg *l = &c->legs[leg];

    for (int i = c->at + 1; i <= leg; i++) {
        struct run *before = &c->legs[i - 1].run;
        if (before->on_clock)
            c->legs[i].run.base_ns = before->base_ns + llround(c->legs[i].join / run_rate(before) * NS);
        come_true(pl, &c->legs[i]);
    }
    if (l->run.serial != c->legs[c->at].run.serial)
        pl->view.has_pending = false;
    int drop = course_advance(c, leg);
    for (int i = 0; i < COURSE_LEGS; i++) {
        if (i < drop)
            track_sound_unref(pl->sounds[i]);
        pl->sounds[i] = i + drop < COURSE_LEGS ? pl->sounds[i + drop] : NULL;
    }
    pl->view.next_serial = pl->next.sound ? pl->next.run.serial : 0;
}

void player_promote(struct player *pl, bool *news)
{
    struct course *c = &pl->view.course;
    struct heard h;
    int leg = c->at;

    if (!player_plays(pl))
        return;
    if (c->legs[c->at].run.on_clock)
        leg = player_spot_at(pl, clock_mono_ns()).leg;
    else if (stream_heard(pl->card, &h))
        leg = course_find(c, h.generation);
    if (leg <= c->at)
        return;
    advance(pl, leg);
    *news = true;
    player_publish(pl);
}

/* --- what follows --- */

static struct leg *append(struct plan *p, struct track_sound *sound)
{
    struct leg *l = &p->course.legs[p->course.n];

    *l = (struct leg){ .run = l[-1].run, .gain = sound->gain };
    l->run.base_ns = 0;
    p->sounds[p->course.n++] = sound;
    return l;
}

/* The next track begins so that the fade is over with this one; a fade under which this one began must be over first. */
static void add_next(struct player *pl, struct plan *p, double from)
{
    const struct leg *l = &p->course.legs[p->course.n - 1];
    const struct following *next = &pl->next;
    double rate = run_rate(&l->run), end = (double)(run_end(&l->run) - l->run.anchor);
    double most = (double)(next->run.segment_end - next->run.segment_start) / rate;
    double fade = fmin(next->crossfade, most), earliest = fmax(from, (l->fade - l->faded) * rate);
    double join = fmin(end, fmax(end - floor(fade * rate), ceil(earliest)));

    struct leg *n = append(p, next->sound);
    n->kind = LEG_NEXT;
    n->join = join;
    n->fade = floor((end - join) / rate);
    n->equal_power = true;
    n->run.serial = next->run.serial;
    n->run.frames = next->run.frames;
    n->run.anchor = n->run.segment_start = next->run.segment_start;
    n->run.segment_end = next->run.segment_end;
    n->run.loop = false;
    n->run.jumps = l->run.jumps + run_place(&l->run, join).wraps + 1;
}

void player_add_following(struct player *pl, struct plan *p, double from)
{
    struct view *w = &pl->view;
    const struct leg *l = &p->course.legs[p->course.n - 1];
    double v = w->has_pending ? run_when(&l->run, w->pending_at, from) : -1;

    if (w->has_pending && v < 0)
        w->has_pending = false;         /* it does not come by there any more */
    if (w->has_pending) {
        struct leg *j = append(p, p->sounds[p->course.n - 1]);
        j->kind = LEG_JUMP;
        j->join = v;
        j->fade = STREAM_RAMP;
        j->run.anchor = llround(w->pending_to);
        j->run.jumps += run_place(&l->run, v).wraps + 1;
        from = 0;
        l = j;
    }
    if (pl->next.sound && !run_loops(&l->run) && p->course.n < COURSE_LEGS)
        add_next(pl, p, from);
}

/* --- begin --- */

/* A leg that follows at once may have taken over as well. */
static bool wait_taken_over(struct player *pl, uint64_t generation, int ms)
{
    for (int i = 0; i < ms * 4; i++) {
        if (stream_generation(pl->card) - generation < COURSE_LEGS)
            return true;
        nanosleep(&(struct timespec){ .tv_nsec = 250000 }, NULL);
    }
    return false;
}

static void put_first(struct course *c, struct track_sound **sounds, const struct plan *p, const struct leg *before, struct track_sound *before_sound)
{
    int shift = before ? 1 : 0, n = p->course.n < COURSE_LEGS - shift ? p->course.n : COURSE_LEGS - shift;

    if (before) {
        c->legs[0] = *before;
        sounds[0] = before_sound;
    }
    memcpy(c->legs + shift, p->course.legs, (size_t)n * sizeof(c->legs[0]));
    memcpy(sounds + shift, p->sounds, (size_t)n * sizeof(sounds[0]));
    c->n = n + shift;
    c->at = shift;
}

static void set_view(struct player *pl, const struct plan *p)
{
    struct track_sound *old[COURSE_LEGS], *sounds[COURSE_LEGS] = { NULL };

    memcpy(old, pl->sounds, sizeof(old));
    put_first(&pl->view.course, sounds, p, p->has_before ? &p->before : NULL, p->before_sound);
    for (int i = 0; i < COURSE_LEGS; i++)
        pl->sounds[i] = track_sound_ref(sounds[i]);
    for (int i = 0; i < COURSE_LEGS; i++)
        track_sound_unref(old[i]);
    pl->view.next_serial = pl->next.sound ? pl->next.run.serial : 0;
    player_publish(pl);
}

/* Metronome and gains are the player's wishes; tracks come and go. */
static void set_sounds(struct player *pl, const struct plan *p)
{
    for (int i = 0; i < p->course.n; i++)
        if (p->sounds[i]) {
            p->sounds[i]->sound.click.on = pl->click_on && p->sounds[i]->sound.click.n;
            p->sounds[i]->sound.click.gain = pl->click_gain;
        }
}

/* Feed lock held. */
static void write_plan(struct player *pl, const struct plan *p)
{
    struct track_sound *sounds[COURSE_LEGS] = { NULL };
    struct course c = { 0 };

    set_sounds(pl, p);
    put_first(&c, sounds, p, p->has_fading ? &p->fading : NULL, p->fading_sound);
    c.legs[c.at].join = p->fading_at;
    feed_begin(&pl->feed, &c, sounds);
    feed_run(&pl->feed, PREFILL);
    pl->is_feeding = true;
    pthread_cond_signal(&pl->feed_wake);
}

static void begin_on_clock(struct player *pl, struct plan *p)
{
    struct leg *l = &p->course.legs[0];

    set_view(pl, p);
    pthread_mutex_lock(&pl->feed_lock);
    clock_device_hold(pl->clock);
    stream_writer_init(&pl->feed.w, clock_device_stream(pl->clock));
    pl->is_feeding = false;
    if (l->run.playing) {
        write_plan(pl, p);
        p->command = (struct stream_command){ .generation = l->run.generation };
        stream_command(&pl->feed.w, &p->command);
    } else {
        feed_stop(&pl->feed);
    }
    clock_device_go(pl->clock, l->run.playing);
    pthread_mutex_unlock(&pl->feed_lock);
}

/* Where the device was when it fell silent is where a pause is. */
static void stop_where_it_was(struct player *pl, struct plan *p)
{
    struct leg *l = &p->course.legs[0];
    struct heard h;
    int leg = stream_heard(pl->card, &h) && h.generation == l->run.generation ? course_find(&pl->view.course, h.left) : -1;

    if (leg < 0)
        return;
    if (leg > pl->view.course.at) {             /* another leg began on the way there */
        advance(pl, leg);
        leg = pl->view.course.at;
    }
    uint64_t generation = l->run.generation;
    struct place place = run_place(&pl->view.course.legs[leg].run, h.left_at);
    *l = pl->view.course.legs[leg];
    l->run.generation = generation;
    l->run.playing = false;
    l->run.anchor = llround(place.frame);
    l->run.jumps += place.wraps;
    l->join = l->fade = l->faded = 0;
    p->sounds[0] = pl->sounds[leg];
}

/* False: it does not answer. */
static bool begin_on_device(struct player *pl, struct plan *p, bool keep_place)
{
    const struct run *r = &p->course.legs[0].run;
    int wait_ms = ACK_MS;

    pthread_mutex_lock(&pl->feed_lock);
    pl->is_feeding = false;
    if (r->playing)
        write_plan(pl, p);
    else
        feed_stop(&pl->feed);
    p->command.type = r->playing ? COMMAND_CUT : COMMAND_STOP;
    p->command.generation = r->generation;
    bool is_sent = stream_command(&pl->feed.w, &p->command);
    pthread_mutex_unlock(&pl->feed_lock);
    if (p->command.when == WHEN_HEARD)
        wait_ms += (int)((p->command.at_ns - clock_mono_ns()) / 1000000);
    if (!keep_place)
        set_view(pl, p);
    bool is_taken = is_sent && wait_taken_over(pl, r->generation, wait_ms);
    if (keep_place) {
        if (is_taken)
            stop_where_it_was(pl, p);
        set_view(pl, p);
    }
    return is_taken;
}

void player_begin(struct player *pl, struct plan *p, bool keep_place)
{
    for (int i = 0; i < p->course.n; i++) {
        struct run *r = &p->course.legs[i].run;
        r->generation = ++pl->generations;
        r->on_clock = !pl->on_device;
    }
    bool is_taken = true;
    if (pl->on_device)
        is_taken = begin_on_device(pl, p, keep_place);
    else
        begin_on_clock(pl, p);
    player_tell(pl, TRANSPORT_TAKEN);
    if (!is_taken) {
        log_warn("audio", "the sound card does not answer; the show goes on on the clock");
        player_leave_device(pl, true, true);
    } else if (pl->is_lost && player_plays(pl)) {
        player_tell(pl, TRANSPORT_LOSE);
    }
    player_publish(pl);
}

/* --- changes on the way --- */

double player_lead(struct player *pl, int *leg)
{
    struct course *c = &pl->view.course;
    struct stream_counts counts;
    struct heard h;
    int at = stream_heard(pl->card, &h) ? course_find(c, h.generation) : -1;

    if (at < 0)
        return -1;
    stream_counts(pl->card, &counts);
    double v = ceil(h.v + h.step * (2.0 * fmin(counts.period, 8192) + LEAD));
    struct spot s = course_spot(c, at, v);

    pthread_mutex_lock(&pl->feed_lock);
    int fed = course_find(c, pl->feed.course.legs[pl->feed.course.at].run.generation);
    if (fed >= 0 && (fed < s.leg || (fed == s.leg && pl->feed.v < s.v))) {
        s.leg = fed;                    /* no farther than what is written: behind it would be a hole */
        s.v = pl->feed.v;
        s.place = run_place(&c->legs[fed].run, s.v);
    }
    pthread_mutex_unlock(&pl->feed_lock);
    *leg = s.leg;
    return s.place.ended ? -1 : ceil(s.v - 1e-6);
}

void player_continue(struct player *pl, int leg, double v, struct plan *p)
{
    struct course c = pl->view.course;

    c.at = leg;
    course_rebase(&c, (int64_t)v);
    p->course.legs[0] = c.legs[leg];
    p->course.legs[0].kind = LEG_SAME;
    p->course.n = 1;
    p->sounds[0] = pl->sounds[leg];
    struct leg *l = &p->course.legs[0];
    if (leg > 0 && l->faded < l->fade) {
        p->has_fading = true;
        p->fading = c.legs[leg - 1];
        p->fading_sound = pl->sounds[leg - 1];
        p->fading_at = l->join;
    } else {
        l->fade = l->faded = 0;
    }
}

static void replan_device(struct player *pl, void (*edit)(struct leg *leg, const void *arg), const void *arg, bool ramp)
{
    struct plan p = { 0 };
    int leg = 0;
    double v = player_lead(pl, &leg);

    for (int i = 0; v >= 0 && leg > pl->view.course.at && i < ACK_MS; i++) {   /* the next leg begins in a moment: with this one it is simpler */
        bool news;
        nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
        player_promote(pl, &news);
        v = player_lead(pl, &leg);
    }
    if (leg != pl->view.course.at)
        v = -1;
    if (v < 0) {                        /* about to end, or just lost: at once */
        p.course.legs[0] = player_here(pl, &p.sounds[0]);
        p.course.n = 1;
        p.command = player_command(true, 0);
    } else {
        player_continue(pl, leg, v, &p);
        p.has_before = true;
        p.before = pl->view.course.legs[leg];
        p.before_sound = pl->sounds[leg];
        p.course.legs[0].join = v;
        p.command = (struct stream_command){ .when = WHEN_FRAME, .v = v, .of = p.before.run.generation, .ramp = ramp };
    }
    if (edit)
        edit(&p.course.legs[0], arg);
    if (!p.course.legs[0].run.playing)
        player_tell(pl, TRANSPORT_END);
    else
        player_add_following(pl, &p, 0);
    player_begin(pl, &p, false);
}

void player_replan(struct player *pl, void (*edit)(struct leg *leg, const void *arg), const void *arg, bool ramp)
{
    struct plan p = { .course.n = 1 };
    bool news = false;

    player_promote(pl, &news);
    if (!player_plays(pl)) {
        struct leg *l = &pl->view.course.legs[pl->view.course.at];
        if (edit)
            edit(l, arg);
        player_publish(pl);
    } else if (pl->on_device) {
        replan_device(pl, edit, arg, ramp);
    } else {
        p.course.legs[0] = player_here(pl, &p.sounds[0]);
        if (edit)
            edit(&p.course.legs[0], arg);
        if (!p.course.legs[0].run.playing)
            player_tell(pl, TRANSPORT_END);
        else
            player_add_following(pl, &p, 0);
        player_begin(pl, &p, false);
    }
}

/* The feeder has not come to where a difference would be heard: it is simply told. */
static bool tell_feeder(struct player *pl)
{
    struct course *c = &pl->view.course;
    struct plan p = { .course.n = 1, .course.legs[0] = c->legs[c->at], .sounds[0] = pl->sounds[c->at] };
    struct track_sound *old[COURSE_LEGS] = { NULL };
    struct heard h;
    double from = stream_heard(pl->card, &h) && h.generation == c->legs[c->at].run.generation ? h.v : 0;

    pthread_mutex_lock(&pl->feed_lock);
    int fed = course_find(&pl->feed.course, c->legs[c->at].run.generation);
    bool is_free = fed >= 0 && fed == pl->feed.course.at;
    bool had_pending = pl->view.has_pending;
    if (is_free) {
        player_add_following(pl, &p, from);
        is_free = p.course.n == 1 || p.course.legs[1].join >= pl->feed.v;
    }
    if (is_free) {
        for (int i = 1; i < p.course.n; i++)
            p.course.legs[i].run.generation = ++pl->generations;
        set_sounds(pl, &p);
        feed_follow(&pl->feed, fed, &p.course, p.sounds);
        pthread_cond_signal(&pl->feed_wake);
        memcpy(old, pl->sounds, sizeof(old));
        for (int i = c->at + 1; i < COURSE_LEGS; i++)
            pl->sounds[i] = NULL;
        c->n = c->at + 1;
        for (int i = 1; i < p.course.n && c->n < COURSE_LEGS; i++) {
            pl->sounds[c->n] = track_sound_ref(p.sounds[i]);
            c->legs[c->n++] = p.course.legs[i];
        }
    } else {
        pl->view.has_pending = had_pending;
    }
    pthread_mutex_unlock(&pl->feed_lock);
    for (int i = c->at + 1; is_free && i < COURSE_LEGS; i++)
        track_sound_unref(old[i]);
    return is_free;
}

void player_refollow(struct player *pl)
{
    bool news = false;

    player_promote(pl, &news);
    pl->view.next_serial = pl->next.sound ? pl->next.run.serial : 0;
    if (!player_plays(pl) || (pl->on_device && tell_feeder(pl)))
        player_publish(pl);
    else
        player_replan(pl, NULL, NULL, false);
}
