/* What may be asked of the transport. */
#include <math.h>

#include "audio/player_private.h"
#include "core/clock.h"

enum { MISSED = PCM_RATE / 4 };         /* frames by which a place may be missed that was meant to be jumped at */
#define RATE_MIN 0.5
#define RATE_MAX 2.0

static struct run *present(struct player *pl)
{
    return &pl->view.course.legs[pl->view.course.at].run;
}

static enum lm_err must_be_loaded(struct player *pl, struct problem *p)
{
    bool news = false;

    player_promote(pl, &news);
    return present(pl)->serial ? LM_OK : problem_set(p, LM_CONFLICT, "No track is loaded");
}

enum lm_err player_play(struct player *pl, struct problem *p)
{
    struct plan plan = { .course.n = 1, .command = player_command(true, clock_mono_ns()) };
    struct leg *l = &plan.course.legs[0];

    pthread_mutex_lock(&pl->control);
    enum lm_err err = must_be_loaded(pl, p);
    if (!err) {
        *l = player_here(pl, &plan.sounds[0]);
        if (!l->run.playing) {
            if (!run_loops(&l->run) && (l->run.anchor == l->run.segment_end || l->run.anchor >= l->run.frames)) {
                l->run.anchor = l->run.segment_start;
                l->run.jumps++;
            }
            l->run.playing = true;
            player_tell(pl, TRANSPORT_PLAY);
            player_add_following(pl, &plan, 0);
            player_begin(pl, &plan, false);
        }
    }
    pthread_mutex_unlock(&pl->control);
    return err;
}

enum lm_err player_pause(struct player *pl)
{
    struct plan plan = { .course.n = 1, .command = player_command(true, clock_mono_ns()) };
    bool news = false;

    pthread_mutex_lock(&pl->control);
    player_promote(pl, &news);
    if (present(pl)->playing) {
        plan.course.legs[0] = player_here(pl, &plan.sounds[0]);
        plan.course.legs[0].run.playing = false;
        player_tell(pl, TRANSPORT_PAUSE);
        player_publish(pl);
        player_begin(pl, &plan, true);
    }
    pthread_mutex_unlock(&pl->control);
    return LM_OK;
}

/* --- seek --- */

static void seek_now(struct player *pl, double frame, int64_t asked_ns)
{
    struct plan plan = { .course.n = 1, .command = player_command(true, asked_ns) };
    struct leg *l = &plan.course.legs[0];
    bool plays = present(pl)->playing;

    pl->view.has_pending = false;
    *l = player_here(pl, &plan.sounds[0]);
    l->kind = LEG_JUMP;
    l->run.anchor = llround(frame);
    l->run.base_ns = clock_mono_ns();
    l->run.jumps++;
    l->run.playing = plays;             /* also when it has just ended */
    player_tell(pl, TRANSPORT_SEEK);
    if (plays)
        player_add_following(pl, &plan, 0);
    player_begin(pl, &plan, false);
}

/* The samples up to there are on their way already: the callback makes the jump. */
static void seek_soon(struct player *pl, double frame, double v)
{
    struct plan plan = { .course.n = 1 };
    struct course *c = &pl->view.course;
    struct leg *l = &plan.course.legs[0];

    pl->view.has_pending = false;
    plan.has_before = true;
    plan.before = *l = c->legs[c->at];
    plan.before_sound = plan.sounds[0] = pl->sounds[c->at];
    l->run.jumps += run_place(&l->run, v).wraps + 1;
    l->run.anchor = llround(frame);
    l->kind = LEG_JUMP;
    l->fade = l->faded = 0;
    l->join = v;
    plan.command = (struct stream_command){ .when = WHEN_FRAME, .v = v, .of = plan.before.run.generation, .ramp = true };
    player_tell(pl, TRANSPORT_SEEK);
    player_add_following(pl, &plan, 0);
    player_begin(pl, &plan, false);
}

static enum lm_err seek_at(struct player *pl, double frame, double at, int64_t asked_ns, struct problem *p)
{
    struct spot s = player_spot_at(pl, clock_mono_ns());
    int present_leg = pl->view.course.at, leg = present_leg;
    double from = s.leg == present_leg ? fmax(s.v, 0) : 0;      /* its first frame may still be on its way */
    double lead = -1, v = run_when(present(pl), at, from);

    if (v < 0 && run_when(present(pl), at, fmax(from - MISSED, 0)) < 0 && !(at < (double)present(pl)->anchor && at + MISSED > (double)present(pl)->anchor))
        return problem_set(p, LM_INVALID, "The track does not come by %.3f s any more", at / PCM_RATE);
    if (pl->on_device)
        lead = player_lead(pl, &leg);
    if (v < 0 || s.leg > present_leg || leg != present_leg) {
        seek_now(pl, frame, asked_ns);
    } else if (pl->on_device && v <= lead) {
        seek_soon(pl, frame, ceil(v));
    } else {
        pl->view.has_pending = true;
        pl->view.pending_at = at;
        pl->view.pending_to = frame;
        player_refollow(pl);
    }
    return LM_OK;
}

enum lm_err player_seek(struct player *pl, double seconds, double at, struct problem *p)
{
    int64_t asked_ns = clock_mono_ns();

    pthread_mutex_lock(&pl->control);
    enum lm_err err = must_be_loaded(pl, p);
    double duration = (double)present(pl)->frames / PCM_RATE;

    if (!err && !(seconds >= 0 && seconds <= duration))
        err = problem_set(p, LM_INVALID, "%g s is outside the track (0 to %.3f s)", seconds, duration);
    if (!err && !isnan(at) && !(at >= 0 && at <= duration))
        err = problem_set(p, LM_INVALID, "%g s is no place to jump at (0 to %.3f s)", at, duration);
    if (!err && (isnan(at) || !present(pl)->playing))
        seek_now(pl, seconds * PCM_RATE, asked_ns);
    else if (!err)
        err = seek_at(pl, round(seconds * PCM_RATE), round(at * PCM_RATE), asked_ns, p);
    pthread_mutex_unlock(&pl->control);
    return err;
}

/* --- loop, rate --- */

static void set_loop(struct leg *l, const void *arg)
{
    const struct run *wanted = arg;

    l->run.loop = wanted->loop;
    l->run.loop_start = wanted->loop_start;
    l->run.loop_end = wanted->loop_end;
}

enum lm_err player_loop(struct player *pl, bool enabled, double start, double end, struct problem *p)
{
    struct run wanted = { .loop = enabled };

    pthread_mutex_lock(&pl->control);
    enum lm_err err = must_be_loaded(pl, p);
    int64_t frames = present(pl)->frames;

    if (!err && enabled) {
        bool is_inside = start >= 0 && end <= (double)frames / PCM_RATE + 1e-9 && start < end;
        if (is_inside) {
            wanted.loop_start = llround(start * PCM_RATE);
            wanted.loop_end = llround(end * PCM_RATE);
            wanted.loop_end = wanted.loop_end < frames ? wanted.loop_end : frames;
        }
        if (wanted.loop_start >= wanted.loop_end)
            err = problem_set(p, LM_INVALID, "%g to %g s is no loop inside the track (0 to %.3f s)",
                              start, end, (double)frames / PCM_RATE);
    }
    if (!err) {
        pl->view.has_pending = false;
        player_replan(pl, set_loop, &wanted, false);
    }
    pthread_mutex_unlock(&pl->control);
    return err;
}

static void set_rate(struct leg *l, const void *arg)
{
    const struct player *pl = arg;

    l->run.rate = pl->rate;
    l->run.keep_pitch = pl->keep_pitch;
}

enum lm_err player_rate(struct player *pl, double rate, bool keep_pitch, struct problem *p)
{
    bool news = false;

    if (!(rate >= RATE_MIN && rate <= RATE_MAX))
        return problem_set(p, LM_INVALID, "The rate is %g to %g", RATE_MIN, RATE_MAX);
    pthread_mutex_lock(&pl->control);
    bool differs = rate != pl->rate || keep_pitch != pl->keep_pitch, is_heard = rate != pl->rate || rate != 1;
    pl->rate = rate;
    pl->keep_pitch = keep_pitch;
    player_promote(pl, &news);
    if (differs && is_heard) {
        player_replan(pl, set_rate, pl, true);
    } else if (differs) {
        for (int i = 0; i < pl->view.course.n; i++)
            pl->view.course.legs[i].run.keep_pitch = keep_pitch;
        player_publish(pl);
    }
    pthread_mutex_unlock(&pl->control);
    return LM_OK;
}
