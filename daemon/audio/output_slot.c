/* One process of the supervisor, from its start to its end: what it says, how long it may take, and what the world is told of it. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "audio/output_private.h"
#include "core/json.h"
#include "core/log.h"
#include "core/str.h"

enum {
    START_MS = 8000,                    /* opening takes 0.2 s; a card that answers late has so long */
    STUCK_MS = 3000,
    LOOK_MS = 5000,                     /* a look around */
    SILENT_MS = 3500,                   /* a process says every second that it is there */
    RETRY_MS = 250, RETRY_MAX_MS = 5000, RETRY_RARE_MS = 15000, RETRY_RARE = 30,
    STEADY_MS = 2000,                   /* after so long a device counts as good: the next loss begins at RETRY_MS */
    STALL_PERIODS = 8,
};

static const char *const modes[] = { [SLOT_PLAY] = "--play", [SLOT_LISTEN] = "--listen", [SLOT_LOOK] = "--list" };
static const char *const aims[] = { [SLOT_PLAY] = "sound", [SLOT_LISTEN] = "sound input", [SLOT_LOOK] = "looking for sound devices" };

static void enter(struct slot *s, enum phase phase)
{
    s->phase = phase;
    s->since_ns = output_ns();
}

/* --- what the world sees; under the lock while `news` is called: output_free() then knows that none is under way --- */

static void tell_locked(struct output *o)
{
    if (!o->is_closing && o->news)
        o->news(o->ctx);
}

/* Nobody is told where nothing changed. A wish that came meanwhile has set the state for itself. */
void slot_show(struct output *o, struct slot *s, enum sound_state state, const char *why)
{
    pthread_mutex_lock(&o->lock);
    struct output_status *t = &s->status;
    if (!s->has_wish && (t->state != state || strcmp(t->why, why))) {
        t->state = state;
        t->is_moving &= state == OUTPUT_LOST || state == OUTPUT_OPENING;
        str_copy(t->why, sizeof(t->why), why);
        t->is_stuck = false;
        tell_locked(o);
    }
    pthread_mutex_unlock(&o->lock);
}

static void plan_retry(struct slot *s)
{
    int64_t ms = s->tries >= RETRY_RARE ? RETRY_RARE_MS : s->tries >= 5 ? RETRY_MAX_MS : (int64_t)RETRY_MS << s->tries;

    s->tries++;
    s->retry_ns = *s->wanted ? output_ns() + ms * 1000000 : 0;
}

/* --- the list --- */

static void take_list(struct output *o, struct slot *s, const json_t *array)
{
    if (!output_take_list(o, s, array))
        return;
    if (s->kind == SLOT_LOOK)
        o->is_new = true;
    pthread_mutex_lock(&o->lock);
    tell_locked(o);
    pthread_mutex_unlock(&o->lock);
}

/* --- starting and ending --- */

static void set_broken(struct output *o, struct slot *s, bool is_broken)
{
    pthread_mutex_lock(&o->lock);
    s->status.is_broken = is_broken;
    pthread_mutex_unlock(&o->lock);
}

void slot_begin(struct output *o, struct slot *s)
{
    struct problem p = { 0 };
    bool is_look = s->kind == SLOT_LOOK;

    s->retry_ns = 0;
    s->has_failed = s->is_mad = false;
    s->heard_ns = output_ns();
    if (s->kind == SLOT_PLAY)           /* its last process is gone, and the owner has let go */
        stream_reset(o->stream);
    enum lm_err err = card_start(&s->card, modes[s->kind], is_look ? NULL : s->wanted, is_look ? -1 : o->memory, &p);
    if (!err) {
        enter(s, PHASE_STARTING);
        return;
    }
    if (!s->tries)
        log_warn("audio", "%s: %s", aims[s->kind], p.detail);
    plan_retry(s);
    if (is_look) {
        s->retry_ns = 0;
        return;
    }
    set_broken(o, s, true);
    slot_show(o, s, OUTPUT_NONE, p.detail);
}

void slot_end(struct slot *s)
{
    if (s->phase == PHASE_STARTING || s->phase == PHASE_RUNNING) {
        card_end(&s->card);
        enter(s, PHASE_ENDING);
    }
}

/* It is dead or has to be. One that says so itself may end by itself. */
void slot_strike(struct output *o, struct slot *s, const char *why)
{
    bool was_running = s->phase == PHASE_RUNNING;
    char text[sizeof(s->status.why)];

    if (s->phase == PHASE_ENDING)
        return;
    if (was_running || !s->has_failed)
        card_kill(&s->card);
    else
        slot_end(s);
    if (was_running && output_ms_since(s->since_ns) > STEADY_MS)
        s->tries = 0;
    enter(s, PHASE_ENDING);
    plan_retry(s);
    if (s->kind == SLOT_LOOK) {
        s->retry_ns = 0;
        log_debug("audio", "%s: %s", aims[s->kind], why);
        return;
    }
    if (was_running || !s->has_failed)
        snprintf(text, sizeof(text), "%.120s: %s", was_running ? s->status.name : "audio_worker", why);
    else
        str_copy(text, sizeof(text), why);
    utf8_mend(text);
    if (was_running || s->tries == 1)
        log_info("audio", "%s: %s", aims[s->kind], text);
    if (s->kind == SLOT_PLAY && was_running)
        stream_silence(o->stream);
    if (was_running) {
        pthread_mutex_lock(&o->lock);
        str_copy(s->status.lost, sizeof(s->status.lost), why);
        utf8_mend(s->status.lost);
        pthread_mutex_unlock(&o->lock);
    }
    set_broken(o, s, s->is_mad || (!was_running && !s->has_failed));
    slot_show(o, s, was_running && s->kind == SLOT_PLAY ? OUTPUT_LOST : OUTPUT_NONE, text);
}

/* --- what it says --- */

struct hearing { struct output *o; struct slot *s; };

static void opened(struct output *o, struct slot *s, const json_t *v)
{
    struct output_status t = { .state = OUTPUT_RUNNING, .rate = json_get_real(v, "rate", 0), .latency_ms = json_get_real(v, "latency_ms", 0) };
    double period = json_get_real(v, "period", 0), channels = json_get_real(v, "channels", 0);

    str_copy(t.name, sizeof(t.name), json_get_text(v, "name", ""));
    str_copy(t.api, sizeof(t.api), json_get_text(v, "api", ""));
    if (!(t.rate >= 1000 && t.rate <= 1e6 && period >= 1 && period <= 1e6 && channels >= 1 && channels <= 2 && t.latency_ms >= 0 && t.latency_ms <= 2000)) {
        s->is_mad = true;
        slot_strike(o, s, "its process says what cannot be");
        return;
    }
    t.period = (int)period, t.channels = (int)channels;
    enter(s, PHASE_RUNNING);
    s->callback_ns = output_ns();
    log_info("audio", "%s %s (%s), %.0f Hz, periods of %d", s->kind == SLOT_PLAY ? "sound goes to" : "sound comes from", t.name, t.api, t.rate, t.period);
    pthread_mutex_lock(&o->lock);
    str_copy(t.wanted, sizeof(t.wanted), s->status.wanted);
    if (!s->has_wish) {
        s->status = t;
        if (s->kind == SLOT_PLAY)
            o->is_used = true;
        tell_locked(o);
    }
    pthread_mutex_unlock(&o->lock);
}

static void take_line(void *ctx, const json_t *line)
{
    struct hearing *h = ctx;
    const json_t *v;

    h->s->heard_ns = output_ns();
    if ((v = json_object_get(line, "devices")))
        take_list(h->o, h->s, v);
    else if ((v = json_object_get(line, "opened")) && h->s->phase == PHASE_STARTING && h->s->kind != SLOT_LOOK)
        opened(h->o, h->s, v);
    else if ((v = json_object_get(line, "error")) || (v = json_object_get(line, "lost"))) {
        h->s->has_failed = true;
        slot_strike(h->o, h->s, json_get_text(v, "message", "its process failed without saying why"));
    }
}

void output_look_is_over(struct output *o)
{
    pthread_mutex_lock(&o->lock);
    o->looks++;
    o->is_looking = false;
    pthread_cond_broadcast(&o->looked);
    pthread_mutex_unlock(&o->lock);
}

/* Nothing of it is left. */
static void gone(struct output *o, struct slot *s, const char *why)
{
    bool is_own_end = s->kind == SLOT_LOOK || s->has_failed || !*s->wanted || s->phase == PHASE_ENDING;

    if (s->phase != PHASE_ENDING)
        slot_strike(o, s, why);
    else if (!is_own_end)
        log_debug("audio", "%s: %s", aims[s->kind], why);
    enter(s, PHASE_IDLE);
    if (s->kind == SLOT_LOOK)
        output_look_is_over(o);
}

void slot_hear(struct output *o, struct slot *s)
{
    struct hearing h = { o, s };
    char why[256] = "";
    bool is_mad;

    if (!s->card.pid)
        return;
    if (!card_read(&s->card, take_line, &h, &is_mad)) {
        if (is_mad && s->phase != PHASE_ENDING) {
            s->is_mad = true;
            slot_strike(o, s, "its process says what makes no sense");
        }
        if (s->phase != PHASE_ENDING) { /* it closed its output: it is ending, or acts as if */
            for (int i = 0; i < 20 && !card_is_gone(&s->card, why, sizeof(why)); i++)
                usleep(1000);
            slot_strike(o, s, *why ? why : "its process fell silent");
        }
    }
    if (card_is_gone(&s->card, why, sizeof(why)))
        gone(o, s, why);
}

/* --- time --- */

static void look_at_callbacks(struct output *o, struct slot *s)
{
    struct stream_counts c;

    stream_counts(o->stream, &c);
    if (c.callbacks != s->callbacks) {
        s->callbacks = c.callbacks;
        s->callback_ns = output_ns();
    }
    double ms = STALL_PERIODS * 1000.0 * s->status.period / s->status.rate;
    ms = ms < OUTPUT_STALL_MS ? OUTPUT_STALL_MS : ms > OUTPUT_STALL_MAX_MS ? OUTPUT_STALL_MAX_MS : ms;
    if (output_ms_since(s->callback_ns) > (int64_t)ms)
        slot_strike(o, s, "it takes no sound any more");
}

void slot_check_time(struct output *o, struct slot *s)
{
    int64_t ms = output_ms_since(s->since_ns);

    switch (s->phase) {
    case PHASE_IDLE:
        break;
    case PHASE_STARTING:
        if (ms > (s->kind == SLOT_LOOK ? LOOK_MS : START_MS)) {
            s->has_failed = true;       /* the device has, not audio_worker */
            slot_strike(o, s, "The sound device does not answer when it is opened");
        }
        if (ms > STUCK_MS && s->phase == PHASE_STARTING && s->kind != SLOT_LOOK) {
            pthread_mutex_lock(&o->lock);
            s->status.is_stuck = true;
            pthread_mutex_unlock(&o->lock);
        }
        break;
    case PHASE_RUNNING:
        if (s->kind == SLOT_PLAY)
            look_at_callbacks(o, s);
        if (s->phase == PHASE_RUNNING && output_ms_since(s->heard_ns) > SILENT_MS)
            slot_strike(o, s, "its process does not answer");
        break;
    case PHASE_ENDING:
        if (ms > END_MS && s->card.in >= 0)
            card_kill(&s->card);
        else if (ms > END_MS + GONE_MS && s->card.in < 0)
            card_kill(&s->card);        /* asleep in the kernel: it can do nothing any more, and no other is started before it is gone */
        break;
    }
}
