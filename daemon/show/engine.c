#include "show/engine.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/clock.h"
#include "core/latest.h"
#include "core/ring.h"
#include "core/thread.h"
#include "show/av.h"
#include "show/histogram.h"
#include "show/live.h"

enum command { CMD_SCENE, CMD_SERIAL, CMD_BLACKOUT, CMD_FREEZE, CMD_MASTER, CMD_GROUP, CMD_IDENTIFY, CMD_RATE, CMD_HOLD, CMD_FLASH, CMD_TEST };
enum { RING_SLOTS = 256, NAP_NS = 100000000, LEAD_SPARE_NS = 100000 };

struct message {
    enum command command;
    uint64_t ticket;
    union {
        struct scene *scene;
        struct { uint64_t now, coming; } serial;
        bool on;
        float level;
        int hz;
        struct { char group[UUID_SIZE]; size_t first, n; int64_t until_ns; } identify;      /* of a group, else a range of heads */
        struct { char id[UUID_SIZE]; float level; } group;
        struct flash flash;
    };
};

struct engine {
    struct engine_options o;
    struct ring *ring;
    pthread_mutex_t post_lock;          /* control side only: makes many writers one */
    uint64_t tickets;
    struct scene *posted;               /* newest first, not yet collected. Under post_lock */
    pthread_t thread;
    bool started;
    atomic_bool stop;

    /* published */
    atomic_ullong frames, applied, scene_in_use, late, missed_ticks, tile_misses;
    atomic_bool is_real_time;
    atomic_int rate_hz;
    atomic_llong guard_ns;
    struct histogram work_us, wake_us;
    struct live *live;
    struct latest tests;                /* of struct dmx_test */

    /* the engine thread's own */
    struct scene *scene;
    uint64_t serial, coming, last_ticket;
    bool blackout, frozen, has_held, hold;
    float master;
    int64_t identify_until, period_ns, lead_ns;         /* the last head that is shown ends then */
    struct flasher flasher;
    const struct dmx_test *test;        /* NULL: there was none yet */
    uint32_t seq;
    double time;
    struct av av;
};

/* ---- the control side ---- */

static uint64_t post(struct engine *e, struct message m)
{
    pthread_mutex_lock(&e->post_lock);
    m.ticket = ++e->tickets;
    if (m.command == CMD_SCENE) {
        m.scene->next = e->posted;
        e->posted = m.scene;
    }
    while (!ring_push(e->ring, &m) && !atomic_load(&e->stop)) {     /* full: the engine drains it within a frame */
        struct timespec ms = { 0, 1000000 };
        nanosleep(&ms, NULL);
    }
    pthread_mutex_unlock(&e->post_lock);
    return m.ticket;
}

uint64_t engine_post_scene(struct engine *e, struct scene *s)
{
    return post(e, (struct message){ .command = CMD_SCENE, .scene = s });
}

uint64_t engine_post_serial(struct engine *e, uint64_t serial, uint64_t coming)
{
    return post(e, (struct message){ .command = CMD_SERIAL, .serial = { serial, coming } });
}

uint64_t engine_post_blackout(struct engine *e, bool on)
{
    return post(e, (struct message){ .command = CMD_BLACKOUT, .on = on });
}

uint64_t engine_post_freeze(struct engine *e, bool on)
{
    return post(e, (struct message){ .command = CMD_FREEZE, .on = on });
}

uint64_t engine_post_master(struct engine *e, float level)
{
    return post(e, (struct message){ .command = CMD_MASTER, .level = level });
}

uint64_t engine_post_group(struct engine *e, const char *group_id, float level)
{
    struct message m = { .command = CMD_GROUP, .group.level = level };

    snprintf(m.group.id, sizeof(m.group.id), "%s", group_id);
    return post(e, m);
}

uint64_t engine_post_identify(struct engine *e, size_t first, size_t n, int64_t until_ns)
{
    return post(e, (struct message){ .command = CMD_IDENTIFY, .identify = { .first = first, .n = n, .until_ns = until_ns } });
}

uint64_t engine_post_identify_group(struct engine *e, const char *group_id, int64_t until_ns)
{
    struct message m = { .command = CMD_IDENTIFY, .identify.until_ns = until_ns };

    snprintf(m.identify.group, sizeof(m.identify.group), "%s", group_id);
    return post(e, m);
}

uint64_t engine_post_flash(struct engine *e, const struct flash *flash)
{
    struct message m = { .command = CMD_FLASH };

    if (flash)
        m.flash = *flash;
    return post(e, m);
}

struct dmx_test *engine_test_back(struct engine *e)
{
    return latest_back(&e->tests);
}

uint64_t engine_post_test(struct engine *e)
{
    latest_publish(&e->tests);
    return post(e, (struct message){ .command = CMD_TEST });
}

uint64_t engine_post_rate(struct engine *e, int hz)
{
    return post(e, (struct message){ .command = CMD_RATE, .hz = hz });
}

uint64_t engine_post_hold(struct engine *e, bool on)
{
    return post(e, (struct message){ .command = CMD_HOLD, .on = on });
}

bool engine_wait(struct engine *e, uint64_t ticket, int timeout_ms)
{
    int64_t until = clock_mono_ns() + (int64_t)timeout_ms * 1000000;

    while (atomic_load(&e->applied) < ticket) {
        if (!e->started || atomic_load(&e->stop) || clock_mono_ns() > until)
            return false;
        struct timespec ms = { 0, 1000000 };
        nanosleep(&ms, NULL);
    }
    return true;
}

struct scene *engine_collect(struct engine *e)
{
    struct scene *done = NULL;

    pthread_mutex_lock(&e->post_lock);
    uint64_t in_use = atomic_load(&e->scene_in_use);
    bool gone = atomic_load(&e->stop) && !e->started;           /* nobody uses any of them any more */
    for (struct scene **s = &e->posted; *s;) {
        struct scene *x = *s;
        if (x->id >= in_use && !gone) {
            s = &x->next;
            continue;
        }
        *s = x->next;
        x->next = done, done = x;
    }
    pthread_mutex_unlock(&e->post_lock);
    return done;
}

const atomic_ullong *engine_frames(const struct engine *e)
{
    return &e->frames;
}

const struct show_live *engine_live(struct engine *e)
{
    return live_front(e->live);
}

enum lm_err engine_reserve(struct engine *e, size_t heads, size_t universes)
{
    return live_reserve(e->live, heads, universes);
}

bool engine_copy_universe(struct engine *e, int number, uint8_t slots[512], uint8_t own[512])
{
    return live_copy_universe(e->live, number, slots, own);
}

size_t engine_copy_universe_numbers(struct engine *e, int *numbers, size_t max)
{
    return live_copy_numbers(e->live, numbers, max);
}

void engine_get_stats(struct engine *e, struct engine_stats *s)
{
    *s = (struct engine_stats){
        .frames = atomic_load(&e->frames), .late = atomic_load(&e->late), .missed_ticks = atomic_load(&e->missed_ticks),
        .tile_misses = atomic_load(&e->tile_misses), .is_real_time = atomic_load(&e->is_real_time), .rate_hz = atomic_load(&e->rate_hz),
    };
    histogram_read(&e->work_us, &s->us_p50, &s->us_p99, &s->us_max);
    histogram_read(&e->wake_us, &s->wake_us_p50, &s->wake_us_p99, &s->wake_us_max);
    av_read(&e->av, &s->av);
}

int64_t engine_guard_ns(const struct engine *e)
{
    return atomic_load(&e->guard_ns);
}

/* ---- the engine thread (real time) ---- */

static void apply(struct engine *e, const struct message *m)
{
    switch (m->command) {
    case CMD_SCENE:
        if (!e->scene || m->scene->space != e->scene->space)
            e->has_held &= ((const struct space *)m->scene->space->obj)->has_kin;       /* a frozen look of heads that are gone is none */
        e->scene = m->scene;
        e->serial = m->scene->serial;
        e->coming = m->scene->coming;
        e->hold = false;
        scene_limit_heads(e->scene);
        break;
    case CMD_SERIAL:
        e->serial = m->serial.now;
        e->coming = m->serial.coming;
        break;
    case CMD_BLACKOUT:
        e->blackout = m->on;
        break;
    case CMD_FREEZE:
        e->frozen = m->on;
        e->has_held = e->has_held && m->on;
        break;
    case CMD_MASTER:
        e->master = m->level;
        break;
    case CMD_GROUP:
        if (e->scene)
            scene_set_group(e->scene, m->group.id, m->group.level);
        break;
    case CMD_IDENTIFY:
        if (e->scene)
            scene_identify(e->scene, m->identify.group, m->identify.first, m->identify.n, m->identify.until_ns);
        e->identify_until = m->identify.until_ns;
        break;
    case CMD_RATE:
        e->period_ns = 1000000000 / m->hz;
        atomic_store(&e->rate_hz, m->hz);
        break;
    case CMD_HOLD:
        e->hold = m->on;
        break;
    case CMD_FLASH:
        flasher_set(&e->flasher, &m->flash);
        break;
    case CMD_TEST:
        e->test = latest_front(&e->tests);
        break;
    }
    e->last_ticket = m->ticket;
}

static void identify(struct engine *e, struct frame *f, int64_t now)
{
    const struct space *space = e->scene->space->obj;

    if (now >= e->identify_until)
        return;
    for (size_t i = 0; i < f->heads; i++) {
        if (now >= space->identify_until[i])
            continue;
        f->r[i] = f->g[i] = f->b[i] = f->intensity[i] = 1;
        f->strobe[i] = 0;
    }
}

/* What is there before the masters: the frozen look, the score's, the last one or none. */
static void make_look(struct engine *e, const struct player_now *now, struct frame *f)
{
    struct scene *scene = e->scene;
    struct space *space = scene->space->obj;
    bool lit = scene->plays_score && now->serial && (now->serial == e->serial || now->serial == e->coming);

    if (lit) {
        double t = now->position + scene->offset_s * now->rate;         /* the offset is of the room, not of the track */
        frame_reset(f);
        size_t missing = render_score(f, scene->items, scene->n, t);
        if (missing)
            atomic_fetch_add(&e->tile_misses, missing);
        render_preposition(f, scene->items, scene->n, t);
        if (scene->keeps_last_look)
            frame_copy(space->look, f);
        space->has_look = scene->keeps_last_look;
    } else if (scene->keeps_last_look && space->has_look) {
        frame_copy(f, space->look);
    } else {
        frame_reset(f);
        space->has_look = false;
    }
}

/* Score -> freeze -> masters -> flash -> blackout -> guard -> identify (light-model 5, "Order after the score") -> what is received -> parks -> tests. */
static void make_frame(struct engine *e, const struct player_now *now, int64_t mono_ns)
{
    struct scene *scene = e->scene;
    struct space *space = scene->space->obj;
    struct frame *f = space->frame;

    if (e->frozen && e->has_held) {
        frame_copy(f, space->held);
    } else {
        make_look(e, now, f);
        if (e->frozen) {
            frame_copy(space->held, f);
            e->has_held = true;
        }
    }
    render_masters(f, space->limit, space->is_fog, e->master * scene->max_brightness);
    flasher_run(&e->flasher, space, f, now, scene->offset_s, e->period_ns, mono_ns);
    if (e->blackout) {
        render_blackout(f);
        space_darken_lasers(space, f);
    }
    if (guard_run(space->guard, f, mono_ns, scene->flash_limit))
        atomic_store(&e->guard_ns, mono_ns);
    identify(e, f, mono_ns);
    program_run(space->program, space->state, f, mono_ns, space->own);
    input_set_merge(scene->input->obj, space->own, e->blackout ? space->steady : NULL, space->universes, mono_ns);
    scene_park(scene, space->universes);
    if (e->test && !e->blackout)
        dmx_test_run(e->test, space, mono_ns);
}

static void publish(struct engine *e)
{
    struct space *space = e->scene->space->obj;
    struct show_live *l = live_back(e->live);
    const struct frame *f = space->frame;

    l->seq = ++e->seq;
    l->patch = space->serial;
    l->time = e->time;
    program_last_position(space->state, space->last_pan, space->last_tilt);
    live_fill(l, f, space->last_pan, space->last_tilt, space->universes);
    live_fill_own(l, space->own);
    live_publish(e->live);
}

/* All of a frame but its sending; `now` is the instant it is for. */
static void prepare(struct engine *e, int64_t now)
{
    struct message m;
    struct player_now view;

    while (ring_pop(e->ring, &m))
        apply(e, &m);
    if (!e->scene)
        return;
    atomic_store(&e->scene_in_use, e->scene->id);
    live_adopt(e->live);
    if (e->hold)
        return;
    player_now(e->o.player, now, &view);
    av_look(&e->av, e->o.player, &view);
    e->time = view.position;
    make_frame(e, &view, now);
}

static void send_frame(struct engine *e, int64_t now)
{
    if (e->scene) {
        output_set_send(e->scene->outputs->obj, ((const struct space *)e->scene->space->obj)->universes, now);
        if (!e->hold) {
            av_sent(&e->av, now);
            publish(e);
        }
    }
    atomic_fetch_add(&e->frames, 1);
    atomic_store(&e->applied, e->last_ticket);
}

/* How long before its instant the next frame is begun: as long as the slowest of the last ones took and a little more. */
static void plan(struct engine *e, int64_t took)
{
    int64_t need = took + LEAD_SPARE_NS, most = e->period_ns / 4;

    need = need < most ? need : most;
    e->lead_ns = need > e->lead_ns ? need : e->lead_ns - (e->lead_ns - need) / 64;
}

/* In naps when it is long, so that one frame a second does not make the end of lumad late. False: stopped. */
static bool sleep_until(struct engine *e, int64_t deadline)
{
    int64_t now = clock_mono_ns();

    for (; deadline - now > NAP_NS && !atomic_load(&e->stop); now += NAP_NS)
        thread_sleep_until(now + NAP_NS);
    if (!atomic_load(&e->stop))
        thread_sleep_until(deadline);
    return !atomic_load(&e->stop);
}

static void *run(void *arg)
{
    struct engine *e = arg;
    int64_t deadline = clock_mono_ns();

    /* Where real time is refused this is what there is; before the thread is one that may not log. */
    thread_ask_short_slices();
    atomic_store(&e->is_real_time, e->o.real_time && thread_enter_real_time(e->o.rt_priority));
    while (!atomic_load(&e->stop)) {
        if (!sleep_until(e, deadline - e->lead_ns))
            break;
        /* Light is a function of the clock, not of the tick: it is what is heard when it is sent, and a late tick shows what is heard now. Computed
         * beforehand, packets leave on the instant however long that takes. */
        int64_t woke = clock_mono_ns();
        prepare(e, woke > deadline ? woke : deadline);
        int64_t ready = clock_mono_ns();
        plan(e, ready - woke);
        thread_sleep_until(deadline);
        int64_t now = clock_mono_ns();
        histogram_add(&e->wake_us, (uint32_t)((now - deadline) / 1000));
        send_frame(e, now);
        int64_t done = clock_mono_ns();
        histogram_add(&e->work_us, (uint32_t)((ready - woke + done - now) / 1000));
        deadline += e->period_ns;
        if (done > deadline) {
            atomic_fetch_add(&e->late, 1);
            int64_t missed = (done - deadline) / e->period_ns + 1;      /* never burst to catch up */
            atomic_fetch_add(&e->missed_ticks, (unsigned long long)missed);
            deadline += missed * e->period_ns;
        }
    }
    thread_leave_real_time();
    return NULL;
}

/* ---- life ---- */

enum lm_err engine_new(const struct engine_options *o, struct engine **result)
{
    struct engine *e = calloc(1, sizeof(*e));

    if (!e)
        return LM_NOMEM;
    e->o = *o;
    e->master = 1;
    e->period_ns = 1000000000 / o->rate_hz;
    atomic_store(&e->rate_hz, o->rate_hz);
    pthread_mutex_init(&e->post_lock, NULL);
    e->ring = ring_new(RING_SLOTS, sizeof(struct message));
    e->live = live_new();
    struct dmx_test *tests[3] = { calloc(1, sizeof(struct dmx_test)), calloc(1, sizeof(struct dmx_test)), calloc(1, sizeof(struct dmx_test)) };
    latest_init(&e->tests, tests[0], tests[1], tests[2]);
    if (!e->ring || !e->live || !tests[0] || !tests[1] || !tests[2]) {
        engine_free(e);
        return LM_NOMEM;
    }
    *result = e;
    return LM_OK;
}

enum lm_err engine_start(struct engine *e)
{
    struct thread_options t = { .name = "engine", .stack = 256 << 10, .nice = -10 };    /* counts where real time is refused and this is not */
    enum lm_err err = thread_start(&e->thread, &t, run, e);

    e->started = !err;
    return err;
}

void engine_stop(struct engine *e)
{
    if (!e || !e->started)
        return;
    atomic_store(&e->stop, true);
    pthread_join(e->thread, NULL);
    e->started = false;
}

void engine_free(struct engine *e)
{
    if (!e)
        return;
    engine_stop(e);
    for (struct scene *s = e->posted, *next; s; s = next) {
        next = s->next;
        scene_free(s);
    }
    ring_free(e->ring);
    live_free(e->live);
    for (int i = 0; i < 3; i++)
        free(e->tests.buf[i]);
    pthread_mutex_destroy(&e->post_lock);
    free(e);
}
