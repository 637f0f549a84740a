/* The supervisor: one thread that starts, hears and ends the processes of output.h (output_slot.c), as the owner wants them. It waits for nothing but its next event. */
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "audio/output_private.h"
#include "core/log.h"
#include "core/str.h"

enum {
    OWNER_MS = 1000,                    /* the owner lets go of a lost device */
    SETTLE_MS = 400,                    /* after the last news of devices: udev has finished */
    TICK_MS = 50, IDLE_MS = 3600000,
};

/* The real clock: the one of the project may stand still in a test. */
int64_t output_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t output_ms_since(int64_t then) { return (output_ns() - then) / 1000000; }

/* --- what the owner wants --- */

static void take_wish(struct output *o, struct slot *s)
{
    pthread_mutex_lock(&o->lock);
    bool has_wish = s->has_wish, is_let_go = s->kind == SLOT_PLAY && o->is_let_go;
    s->has_wish = false;
    if (s->kind == SLOT_PLAY)
        o->is_let_go = false;
    if (has_wish)
        str_copy(s->wanted, sizeof(s->wanted), s->wish);
    bool retry = o->wants_retry;
    pthread_mutex_unlock(&o->lock);
    if (has_wish) {
        slot_end(s);
        s->tries = 0;
        s->retry_ns = *s->wanted ? output_ns() : 0;
    } else if (is_let_go) {
        if (s->phase == PHASE_RUNNING)
            slot_strike(o, s, retry ? "it does not answer" : "it takes sound faster than it can be played");
        if (!retry)
            s->retry_ns = 0;
        slot_show(o, s, OUTPUT_NONE, s->status.why);
    }
}

/* The owner gets a moment to stop writing to the memory that the next process will read. */
static bool may_begin(struct output *o, struct slot *s)
{
    pthread_mutex_lock(&o->lock);
    bool waits = s->kind == SLOT_PLAY && o->is_used && output_ms_since(s->since_ns) < OWNER_MS;
    bool is_closing = o->is_closing;
    pthread_mutex_unlock(&o->lock);
    return !waits && !is_closing;
}

static void set_moving(struct output *o, struct slot *s)
{
    pthread_mutex_lock(&o->lock);
    s->status.is_moving = !s->has_wish;
    pthread_mutex_unlock(&o->lock);
}

/* Somebody plugged something in, or asked. */
static void after_look(struct output *o)
{
    struct slot *play = &o->slots[SLOT_PLAY];
    char name[DEVICE_NAME];

    if (!o->is_new)
        return;
    o->is_new = false;
    for (int i = 0; i < SLOT_LOOK; i++)
        if (o->slots[i].phase == PHASE_IDLE && o->slots[i].retry_ns) {
            o->slots[i].tries = 0;
            o->slots[i].retry_ns = output_ns();
        }
    if (play->phase != PHASE_RUNNING || strcmp(play->wanted, "auto"))
        return;
    if (!output_has_other_default(play, name))
        return;
    log_info("audio", "the system's default is %s now", name);
    set_moving(o, play);
    slot_show(o, play, OUTPUT_LOST, "another device is the default now");
    slot_end(play);
    play->tries = 0;
    play->retry_ns = output_ns();
}

static void look_if_due(struct output *o)
{
    struct slot *s = &o->slots[SLOT_LOOK];

    if (hotplug_read(&o->hotplug))
        o->look_ns = output_ns() + SETTLE_MS * 1000000LL;
    pthread_mutex_lock(&o->lock);
    bool must = o->must_look || (o->look_ns && output_ns() >= o->look_ns);
    bool begins = must && s->phase == PHASE_IDLE && !o->is_closing;
    if (begins) {
        o->must_look = false;
        o->is_looking = true;
        o->look_ns = 0;
    }
    pthread_mutex_unlock(&o->lock);
    if (!begins)
        return;
    s->tries = 0;
    slot_begin(o, s);
    if (s->phase == PHASE_IDLE)         /* it cannot be started: whoever waits should not */
        output_look_is_over(o);
}

/* --- the loop --- */

static void turn(struct output *o)
{
    for (int i = 0; i < SLOTS; i++) {
        struct slot *s = &o->slots[i];
        slot_hear(o, s);
        if (i != SLOT_LOOK)
            take_wish(o, s);
        slot_check_time(o, s);
        slot_hear(o, s);
        if (i != SLOT_LOOK && s->phase == PHASE_IDLE && s->retry_ns && output_ns() >= s->retry_ns && may_begin(o, s))
            slot_begin(o, s);
    }
    if (o->slots[SLOT_LOOK].phase == PHASE_IDLE)
        after_look(o);
    look_if_due(o);
}

/* How long nothing need be looked at. An ending process is gone in a moment, or hangs in the kernel for as long as it likes; a look that is due waits for one that runs. */
static int64_t wait_ms(struct output *o)
{
    int64_t ms = IDLE_MS, now = output_ns();

    for (int i = 0; i < SLOTS; i++) {
        const struct slot *s = &o->slots[i];
        int64_t left = s->phase == PHASE_ENDING && output_ms_since(s->since_ns) < END_MS + GONE_MS ? 2 : s->phase != PHASE_IDLE ? TICK_MS : s->retry_ns ? (s->retry_ns - now) / 1000000 + 1 : IDLE_MS;
        left = left < 2 ? 2 : left;
        ms = left < ms ? left : ms;
    }
    int64_t look = o->look_ns && o->slots[SLOT_LOOK].phase == PHASE_IDLE ? (o->look_ns - now) / 1000000 + 1 : ms;
    look = look < 2 ? 2 : look;
    return look < ms ? look : ms;
}

static bool wait_event(struct output *o)
{
    struct pollfd fds[2 + 2 * SLOTS] = { { .fd = o->wake, .events = POLLIN }, { .fd = o->hotplug.fd, .events = POLLIN } };
    eventfd_t ignored;

    for (int i = 0; i < SLOTS; i++) {
        fds[2 + 2 * i] = (struct pollfd){ .fd = o->slots[i].phase == PHASE_ENDING ? -1 : o->slots[i].card.out, .events = POLLIN };
        fds[3 + 2 * i] = (struct pollfd){ .fd = o->slots[i].phase == PHASE_ENDING ? -1 : o->slots[i].card.err, .events = POLLIN };
    }
    poll(fds, sizeof(fds) / sizeof(fds[0]), (int)wait_ms(o));
    if (fds[0].revents)
        eventfd_read(o->wake, &ignored);
    pthread_mutex_lock(&o->lock);
    bool goes_on = !o->is_closing;
    pthread_mutex_unlock(&o->lock);
    return goes_on;
}

static void end_all(struct output *o)
{
    char why[256];
    bool is_left = true;

    for (int i = 0; i < SLOTS; i++)
        i == SLOT_LOOK ? card_kill(&o->slots[i].card) : card_end(&o->slots[i].card);
    for (int64_t start = output_ns(); is_left && output_ms_since(start) < END_MS + GONE_MS;) {
        is_left = false;
        for (int i = 0; i < SLOTS; i++) {
            bool is_gone = card_is_gone(&o->slots[i].card, why, sizeof(why));
            is_left |= !is_gone;
            if (!is_gone && output_ms_since(start) > END_MS)
                card_kill(&o->slots[i].card);
        }
        if (is_left)
            usleep(1000);
    }
}

void *output_run(void *output)
{
    struct output *o = output;

    hotplug_open(&o->hotplug);
    do
        turn(o);
    while (wait_event(o));
    hotplug_close(&o->hotplug);
    end_all(o);
    pthread_mutex_lock(&o->lock);
    o->has_parted = true;
    pthread_cond_signal(&o->parted);
    pthread_mutex_unlock(&o->lock);
    output_put(o);
    return NULL;
}
