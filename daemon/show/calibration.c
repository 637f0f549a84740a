/*
 * The room's offset: a click that is heard through the device as any track is, and one group that flashes at the instant it should be heard, as the venue's
 * offset and the setting latency_offset_ms have it, which an operator turns until both come together.
 *
 * The click is a sound of one interval that the player loops in the place of the track; the track comes back when it is over. Nothing is
 * taken from an audience: while something plays it is refused.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "audio/click.h"
#include "audio/pcm.h"
#include "core/clock.h"
#include "core/json.h"
#include "core/log.h"
#include "core/str.h"
#include "show/preview.h"
#include "show/state.h"

enum { ENGINE_MS = 1500 };              /* a frame is at most 1 s away, at 1 Hz */

#define CLICK_AT 0.1                    /* seconds into the sound */
#define CLICK_LEVEL 0.5f                /* 6 dB below full */
#define LAST_NS (300 * INT64_C(1000000000))
#define GONE_NS (3 * INT64_C(1000000000))       /* a socket that breaks off comes again */

/* ---- the sound ---- */

static bool write_all(int fd, const void *data, size_t n)
{
    const char *at = data;
    ssize_t got = 0;

    for (; n && (got = write(fd, at, n)) > 0; at += got)
        n -= (size_t)got;
    return !n;
}

/* A file in memory: its descriptor, < 0: none. */
static int make_sound(double interval)
{
    struct pcm_header h = { .magic = PCM_MAGIC, .rate = PCM_RATE, .channels = 1, .frames = (uint64_t)llround(interval * PCM_RATE) };
    float *x = calloc(h.frames, sizeof(*x));
    int fd = x ? memfd_create("lumad-click", MFD_CLOEXEC) : -1;
    int64_t first = llround(CLICK_AT * PCM_RATE);

    for (int64_t i = 0; x && i < CLICK_FRAMES; i++)
        x[first + i] = CLICK_LEVEL * click_sample(i, true);
    if (fd >= 0 && !(write_all(fd, &h, sizeof(h)) && write_all(fd, x, h.frames * sizeof(*x)))) {
        close(fd);
        fd = -1;
    }
    free(x);
    return fd;
}

/* ---- whose it is ---- */

static bool is_there(struct show *s, const struct calibration *c)
{
    struct previews *v = s->previews;
    bool is_there = false;

    pthread_mutex_lock(&v->lock);
    for (size_t i = 0; i < v->n_clients && !is_there; i++)
        is_there = c->client[0] ? !strcmp(v->clients[i].id, c->client) : !strcmp(v->clients[i].caller, c->caller);
    pthread_mutex_unlock(&v->lock);
    return is_there;
}

static bool is_gone(struct show *s, struct calibration *c, int64_t now)
{
    if (!c->caller[0])
        return false;
    if (is_there(s, c))
        c->gone_ns = 0;
    else if (!c->gone_ns)
        c->gone_ns = now;
    return c->gone_ns && now - c->gone_ns > GONE_NS;
}

/* ---- begin and end ---- */

static void remember(struct show *s, const struct player_now *now, struct calibration *c)
{
    pthread_mutex_lock(&s->view);
    memcpy(c->before.track, s->loaded_track, sizeof(c->before.track));
    memcpy(c->before.next, s->next.track, sizeof(c->before.next));
    c->before.next_start = s->next.start;
    c->before.next_end = s->next.end;
    c->before.crossfade = s->next.crossfade;
    pthread_mutex_unlock(&s->view);
    c->before.position = now->position;
    c->before.start = now->segment_start;
    c->before.end = now->segment_end < now->duration ? now->segment_end : 0;
    c->before.loop = now->loop;
    c->before.loop_start = now->loop_start;
    c->before.loop_end = now->loop_end;
    c->before.rate = now->rate;
    c->before.keep_pitch = now->keep_pitch;
}

static void set(struct listening *l, const struct calibration *c)
{
    pthread_mutex_lock(&l->lock);
    l->calibration = *c;
    pthread_mutex_unlock(&l->lock);
}

static uint64_t post_flash(struct show *s, const struct calibration *c)
{
    struct flash flash = { .serial = c->serial, .at = CLICK_AT, .interval = c->interval };

    str_copy(flash.group, sizeof(flash.group), c->group);
    return engine_post_flash(s->engine, &flash);
}

/* What was on before, where it was. A track that is gone meanwhile leaves the player empty. */
static enum lm_err restore(struct show *s, const struct calibration *c, struct problem *p)
{
    enum lm_err err;

    if (!c->before.track[0])
        return show_unload(s, p);
    if (!(err = show_load_track(s, c->before.track, c->before.start, c->before.end, p)) && c->before.loop)
        err = show_loop(s, true, c->before.loop_start, c->before.loop_end, QUANTIZE_NONE, p);
    if (!err)
        err = show_seek(s, c->before.position, QUANTIZE_NONE, p);
    if (!err && c->before.next[0])
        err = show_set_next(s, c->before.next, c->before.crossfade, c->before.next_start, c->before.next_end, p);
    return err;
}

/* `change` held. */
static void end(struct show *s)
{
    struct listening *l = &s->listening;
    struct calibration c = l->calibration;
    struct player_now now;
    struct problem p;

    problem_clear(&p);
    engine_post_flash(s->engine, NULL);
    player_now(s->player, clock_mono_ns(), &now);
    player_rate(s->player, c.before.rate, c.before.keep_pitch, &p);        /* it is the operator's, whatever is loaded */
    if (now.serial == c.serial && restore(s, &c, &p)) {
        log_warn("show", "after the calibration the track is not on again: %s", p.detail[0] ? p.detail : "its audio cannot be loaded");
        show_unload(s, &p);
    }
    set(l, &(struct calibration){ .fd = -1 });          /* over when all is as it was */
    close(c.fd);
    event_publish(s->o.bus, &(struct event){ .table = "show", .op = 'u' }, 1);
    show_audio_changed(s);
}

/* `change` held. */
static enum lm_err begin(struct show *s, struct calibration *c, struct problem *p)
{
    struct listening *l = &s->listening;
    struct player_now now;
    char path[64];
    enum lm_err err;

    player_now(s->player, clock_mono_ns(), &now);
    if (now.playing)
        return problem_set(p, LM_CONFLICT, "A track is playing. Pause it first: the test click takes its place, and it is where it was afterwards.");
    remember(s, &now, c);
    if ((c->fd = make_sound(c->interval)) < 0)
        return problem_set(p, LM_NOMEM, "There is no memory for a click.");
    snprintf(path, sizeof(path), "/proc/self/fd/%d", c->fd);
    if ((err = show_load_sound(s, path, &c->serial, p))) {
        close(c->fd);
        return err;
    }
    c->is_on = true;
    set(l, c);
    uint64_t ticket = post_flash(s, c);
    if ((err = player_rate(s->player, 1, true, p)) || (err = player_loop(s->player, true, 0, c->interval, p)) || (err = player_play(s->player, p)))
        end(s);
    else
        engine_wait(s->engine, ticket, ENGINE_MS);
    return err;
}

static bool has_group(struct show *s, const char *group_id)
{
    bool has = false;

    pthread_mutex_lock(&s->view);
    const struct space *space = shared_get(s->viewed_space);
    const struct patch *patch = space ? shared_get(space->patch) : NULL;
    for (size_t i = 0; patch && i < patch->n_groups; i++)
        has |= !strcmp(patch->groups[i].id, group_id);
    pthread_mutex_unlock(&s->view);
    return has;
}

enum lm_err show_put_calibration(struct show *s, const struct show_calibration *wish, struct problem *p)
{
    struct listening *l = &s->listening;
    enum lm_err err = LM_OK;

    if (wish->enabled && !has_group(s, wish->group_id))
        return problem_set(p, LM_CONFLICT, "Only a group of the active venue can flash. Make its venue active first.");
    pthread_mutex_lock(&l->change);
    bool was_on = l->calibration.is_on;
    if (was_on && (!wish->enabled || wish->interval != l->calibration.interval)) {
        end(s);
    } else if (was_on) {                /* another group, or for longer */
        struct calibration c = l->calibration;
        str_copy(c.group, sizeof(c.group), wish->group_id);
        c.until_ns = clock_mono_ns() + LAST_NS;
        set(l, &c);
        post_flash(s, &c);
    }
    if (wish->enabled && !l->calibration.is_on) {
        struct calibration c = { .interval = wish->interval, .until_ns = clock_mono_ns() + LAST_NS, .fd = -1 };
        str_copy(c.group, sizeof(c.group), wish->group_id);
        str_copy(c.client, sizeof(c.client), wish->client);
        str_copy(c.caller, sizeof(c.caller), wish->caller);
        if (!is_there(s, &c))           /* asked for without a socket: nobody can be seen to leave */
            c.caller[0] = '\0';
        err = begin(s, &c, p);
    }
    pthread_mutex_unlock(&l->change);
    show_audio_changed(s);
    return err;
}

/* ---- for listening.c ---- */

void calibration_check(struct show *s)
{
    struct calibration *c = &s->listening.calibration;
    struct player_now now;

    if (!c->is_on)
        return;
    int64_t mono = clock_mono_ns();
    player_now(s->player, mono, &now);
    /* Somebody loaded something else, or pressed pause: their hand is stronger. */
    if (now.serial != c->serial || !now.playing || mono > c->until_ns || !has_group(s, c->group) || is_gone(s, c, mono))
        end(s);
}

json_t *calibration_json(const struct calibration *c)
{
    return json_pack("{s:b, s:o, s:f}", "enabled", (int)c->is_on, "group_id", c->is_on ? json_string(c->group) : json_null(), "interval",
                     c->is_on ? c->interval : CALIBRATION_INTERVAL);
}

void calibration_clear(struct calibration *c)
{
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
}

bool show_is_put_aside(struct show *s, const char *track_id)
{
    pthread_mutex_lock(&s->listening.lock);
    const struct calibration *c = &s->listening.calibration;
    bool is_aside = c->is_on && (!strcmp(c->before.track, track_id) || !strcmp(c->before.next, track_id));
    pthread_mutex_unlock(&s->listening.lock);
    return is_aside;
}

bool show_is_calibrating(struct show *s)
{
    pthread_mutex_lock(&s->listening.lock);
    bool is_on = s->listening.calibration.is_on;
    pthread_mutex_unlock(&s->listening.lock);
    return is_on;
}
